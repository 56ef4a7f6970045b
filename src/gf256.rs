//! The field GF(2^8): 256 elements, polynomial x^8 + x^4 + x^3 + x^2 + 1 (0x11d), generator 2.
//!
//! An element is a byte; bit i is the coefficient of x^i. Sums are XORs. Products go through logarithms to base 2, the
//! usual choice of storage codes (H. P. Anvin, "The mathematics of RAID-6", section 1). These functions serve the
//! mathematics of codes and plans; bytes of shards go through the kernels of a backend.
//!
//! ```
//! use evariste::gf256;
//! assert_eq!(gf256::mul(0x80, 2), 0x1d); // x^7 * x = x^8 = x^4 + x^3 + x^2 + 1
//! assert_eq!(gf256::mul(7, gf256::inv(7).unwrap()), 1);
//! ```

/// The field's polynomial, with the bit for x^8.
pub const POLYNOMIAL: u16 = 0x11d;

/// `EXP[i]` is 2^i. Two periods of 255, so that a sum of two logarithms needs no reduction.
pub const EXP: [u8; 510] = exp_table();

/// `LOG[a]` is the logarithm of `a` to base 2, in 0..255. Zero has no logarithm: `LOG[0]` is 0 and must not be used.
pub const LOG: [u8; 256] = log_table();

/// Stands for the logarithm of zero. It exceeds the sum of any two logarithms, so a table of powers that has zeros from here
/// on gives the right product without a branch.
pub(crate) const LOG_OF_ZERO: u16 = 510;

/// The logarithm of `a` to base 2, [`LOG_OF_ZERO`] for zero.
pub(crate) fn log(a: u8) -> u16 {
    if a == 0 { LOG_OF_ZERO } else { u16::from(LOG[usize::from(a)]) }
}

#[expect(clippy::cast_possible_truncation, reason = "x is reduced below 256 in every round")]
const fn exp_table() -> [u8; 510] {
    let mut table = [0; 510];
    let mut x: u16 = 1;
    let mut i = 0;
    while i < 510 {
        table[i] = x as u8;
        x <<= 1;
        if x & 0x100 != 0 {
            x ^= POLYNOMIAL;
        }
        i += 1;
    }
    table
}

#[expect(clippy::cast_possible_truncation, reason = "i stays below 255")]
const fn log_table() -> [u8; 256] {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 255 {
        table[EXP[i] as usize] = i as u8;
        i += 1;
    }
    table
}

/// The sum, which is also the difference.
#[must_use]
pub const fn add(a: u8, b: u8) -> u8 {
    a ^ b
}

/// The product.
#[must_use]
pub const fn mul(a: u8, b: u8) -> u8 {
    if a == 0 || b == 0 { 0 } else { EXP[LOG[a as usize] as usize + LOG[b as usize] as usize] }
}

/// The multiplicative inverse; `None` for zero.
#[must_use]
pub const fn inv(a: u8) -> Option<u8> {
    if a == 0 { None } else { Some(EXP[255 - LOG[a as usize] as usize]) }
}

/// The quotient a / b; `None` if b is zero.
#[must_use]
pub const fn div(a: u8, b: u8) -> Option<u8> {
    match inv(b) {
        Some(b) => Some(mul(a, b)),
        None => None,
    }
}

/// The power a^exponent, with 0^0 = 1.
#[must_use]
pub const fn pow(a: u8, exponent: usize) -> u8 {
    if exponent == 0 {
        1
    } else if a == 0 {
        0
    } else {
        EXP[LOG[a as usize] as usize * (exponent % 255) % 255]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shift and add, bit by bit: shares no table with the field above.
    fn slow_mul(mut a: u8, mut b: u8) -> u8 {
        let mut product = 0;
        while b != 0 {
            if b & 1 != 0 {
                product ^= a;
            }
            a = (a << 1) ^ if a & 0x80 != 0 { 0x1d } else { 0 };
            b >>= 1;
        }
        product
    }

    #[test]
    fn product_is_shift_and_add() {
        for a in 0..=255 {
            for b in 0..=255 {
                assert_eq!(mul(a, b), slow_mul(a, b), "{a} * {b}");
            }
        }
    }

    #[test]
    fn field_laws_hold_for_all_triples() {
        for a in 0..=255 {
            for b in 0..=255 {
                assert_eq!(mul(a, b), mul(b, a));
                for c in 0..=255 {
                    assert_eq!(mul(a, mul(b, c)), mul(mul(a, b), c));
                    assert_eq!(mul(a, add(b, c)), add(mul(a, b), mul(a, c)));
                }
            }
        }
    }

    #[test]
    fn inverses_and_quotients() {
        assert_eq!(inv(0), None);
        assert_eq!(div(3, 0), None);
        for a in 1..=255 {
            assert_eq!(inv(a).map(|i| mul(a, i)), Some(1));
            for b in 0..=255 {
                assert_eq!(div(mul(a, b), a), Some(b));
            }
        }
    }

    #[test]
    fn two_generates_every_nonzero_element() {
        let mut seen = [false; 256];
        for i in 0..255 {
            seen[usize::from(pow(2, i))] = true;
        }
        assert!(!seen[0] && seen[1..].iter().all(|&s| s));
    }

    #[test]
    fn powers_are_repeated_products() {
        assert_eq!(pow(0, 0), 1);
        for a in 0..=255 {
            let mut expected = 1;
            for exponent in 0..600 {
                assert_eq!(pow(a, exponent), expected, "{a}^{exponent}");
                expected = mul(expected, a);
            }
        }
        assert_eq!(pow(3, usize::MAX), pow(3, usize::MAX % 255));
    }
}
