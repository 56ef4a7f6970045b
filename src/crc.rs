//! CRC-32C: the checksum of blocks, and its mathematics.
//!
//! A message is a polynomial over GF(2). Its first bit is the coefficient of the highest power, and each byte begins with its
//! lowest bit. The *raw remainder* of a message A is A(x) * x^32 modulo P(x) = 0x11edc6f41 (Castagnoli, Bräuer, Herrmann,
//! "Optimization of cyclic redundancy-check codes with 24 and 32 parity bits", 1993). It is linear: the remainder of a sum is the
//! sum of the remainders. Zeros before a message do not change it. The CRC-32C of iSCSI, ext4, Btrfs and NVMe (RFC 3720, section 12.1)
//! adds the effect of an initial value and of a final complement. That effect depends only on the length: the checksum of
//! a message is its raw remainder plus the checksum of the same number of zeros.
//!
//! A remainder is stored in a u32 in the same bit order as the checksum: the coefficient of x^i is bit 31 - i.

pub(crate) mod fold;

/// Bytes of a block. Each block has one checksum, and reports give places as block numbers.
pub const BLOCK_BYTES: usize = 4096;

/// P without x^32.
const POLYNOMIAL: u32 = 0x82f6_3b78;
/// x^0.
const ONE: u32 = 1 << 31;

/// The CRC-32C of a message.
///
/// ```
/// assert_eq!(evariste::crc::crc32c(b"123456789"), 0xe306_9283);
/// ```
#[must_use]
pub fn crc32c(bytes: &[u8]) -> u32 {
    crc_fast::crc32_iscsi(bytes)
}

/// The CRC-32C of each block of [`BLOCK_BYTES`] bytes; the last block may be shorter.
pub fn of_blocks(bytes: &[u8]) -> impl ExactSizeIterator<Item = u32> {
    bytes.chunks(BLOCK_BYTES).map(crc32c)
}

/// a * b modulo P.
fn multiply(a: u32, b: u32) -> u32 {
    let mut product = 0;
    let mut shifted = b;
    for power in 0..32 {
        if a << power & ONE != 0 {
            product ^= shifted;
        }
        shifted = (shifted >> 1) ^ if shifted & 1 == 1 { POLYNOMIAL } else { 0 };
    }
    product
}

/// x^exponent modulo P.
fn power_of_x(mut exponent: u64) -> u32 {
    let mut power = ONE;
    let mut square = ONE >> 1;
    while exponent > 0 {
        if exponent & 1 == 1 {
            power = multiply(power, square);
        }
        square = multiply(square, square);
        exponent >>= 1;
    }
    power
}

/// x^-exponent modulo P. P is x + 1 times a primitive polynomial of degree 31, so x has the order 2^31 - 1.
fn power_of_x_back(exponent: u64) -> u32 {
    const ORDER: u64 = (1 << 31) - 1;
    power_of_x(ORDER - exponent % ORDER)
}

/// The checksum of this number of zeros: the initial value and the final complement add it to a raw remainder.
pub(crate) fn of_zeros(bytes: usize) -> u32 {
    !multiply(u32::MAX, power_of_x(8 * bytes as u64))
}

/// Turns the checksum of a message padded with zeros into the checksum of the message alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unpad {
    padded_zeros: u32,
    back: u32,
    zeros: u32,
}

impl Unpad {
    /// For messages of `bytes` bytes that were padded to `padded`.
    pub(crate) fn new(bytes: usize, padded: usize) -> Self {
        let back = power_of_x_back(8 * (padded - bytes) as u64);
        Self { padded_zeros: of_zeros(padded), back, zeros: of_zeros(bytes) }
    }

    pub(crate) fn apply(&self, padded: u32) -> u32 {
        multiply(padded ^ self.padded_zeros, self.back) ^ self.zeros
    }

    /// Applies it to the last checksum of every group of this many.
    pub(crate) fn apply_to_last(&self, checksums: &mut [u32], of_each: usize) {
        for last in checksums.chunks_mut(of_each.max(1)).filter_map(<[u32]>::last_mut) {
            *last = self.apply(*last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bit by bit, as in the definition.
    fn by_definition(bytes: &[u8]) -> u32 {
        let mut register = u32::MAX;
        for &byte in bytes {
            register ^= u32::from(byte);
            for _ in 0..8 {
                register = (register >> 1) ^ if register & 1 == 1 { POLYNOMIAL } else { 0 };
            }
        }
        !register
    }

    fn message(bytes: usize) -> Vec<u8> {
        (0..bytes).map(|at| (at * at % 251).to_le_bytes()[0]).collect()
    }

    #[test]
    fn checksums_are_those_of_the_definition() {
        // RFC 3720, section B.4: 32 bytes of zeros, of ones, rising and falling.
        assert_eq!(crc32c(&[0; 32]), 0x8a91_36aa);
        assert_eq!(crc32c(&[0xff; 32]), 0x62a8_ab43);
        assert_eq!(crc32c(&std::array::from_fn::<u8, 32, _>(|at| at.to_le_bytes()[0])), 0x46dd_794e);
        assert_eq!(crc32c(&std::array::from_fn::<u8, 32, _>(|at| (31 - at).to_le_bytes()[0])), 0x113f_db5c);
        let message = message(5000);
        for bytes in (0..300).chain([1023, 1024, 4095, 4096, 4097, 5000]) {
            assert_eq!(crc32c(&message[..bytes]), by_definition(&message[..bytes]), "{bytes} bytes");
        }
    }

    #[test]
    fn products_are_those_of_polynomials() {
        assert_eq!(multiply(ONE, 0x1234_5678), 0x1234_5678);
        assert_eq!(multiply(ONE >> 1, 1), POLYNOMIAL, "x * x^31");
        assert_eq!(power_of_x((1 << 31) - 1), ONE);
        assert_eq!(multiply(power_of_x_back(4096), power_of_x(4096)), ONE);
    }

    #[test]
    fn padding_is_undone() {
        let message = message(5000);
        for (bytes, padded) in [(0, 16), (1, 16), (4095, 4096), (4096, 4096), (17, 4096), (4097, 8192)] {
            assert_eq!(of_zeros(bytes), crc32c(&vec![0; bytes]));
            let mut with_zeros = message[..bytes].to_vec();
            with_zeros.resize(padded, 0);
            assert_eq!(
                Unpad::new(bytes, padded).apply(crc32c(&with_zeros)),
                crc32c(&message[..bytes]),
                "{bytes} of {padded}"
            );
        }
    }
}
