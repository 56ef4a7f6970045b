//! The remainder of a polynomial by the generator polynomial, which is the parity of systematic encoding.
//!
//! Long division, highest power first: the coefficient that is to go, f, is cancelled by f times the divisor. The 256
//! multiples of the divisor are laid out once, so that a step is a lookup, a shift and an XOR. The remainder is a fixed
//! number of words, its highest power in the uppermost byte of the first, because a few words stay in registers: as bytes
//! in memory, where a step waits for the stores of the one before, RS(255, 223) took four times as long to encode.

use crate::gf256;

/// Division by one polynomial.
#[derive(Clone, Debug)]
pub(super) struct Division {
    remainder_bytes: usize,
    /// Words of a remainder: 1, 2, 4, 8, 16 or 32.
    words: usize,
    /// Row f: f times the divisor, without its leading coefficient, laid out as a remainder is.
    multiples: Box<[u64]>,
}

impl Division {
    /// Division by a polynomial of degree 1 to 255, whose coefficients begin with 1 for the highest power.
    pub(super) fn new(divisor: &[u8]) -> Self {
        let words = divisor[1..].len().div_ceil(8).next_power_of_two();
        let mut multiples = Vec::with_capacity(256 * words);
        for f in 0..=255 {
            let mut row = [0; 32 * 8];
            for (byte, &coefficient) in row.iter_mut().zip(&divisor[1..]) {
                *byte = gf256::mul(f, coefficient);
            }
            multiples.extend(row.as_chunks().0[..words].iter().map(|&bytes| u64::from_be_bytes(bytes)));
        }
        Self { remainder_bytes: divisor.len() - 1, words, multiples: multiples.into() }
    }

    /// Bytes of a remainder.
    pub(super) fn remainder_bytes(&self) -> usize {
        self.remainder_bytes
    }

    /// The remainder of `dividend` * x^(remainder bytes), highest power first.
    pub(super) fn remainder(&self, dividend: &[u8], remainder: &mut [u8]) {
        match self.words {
            1 => self.divide::<1>(dividend, remainder),
            2 => self.divide::<2>(dividend, remainder),
            4 => self.divide::<4>(dividend, remainder),
            8 => self.divide::<8>(dividend, remainder),
            16 => self.divide::<16>(dividend, remainder),
            _ => self.divide::<32>(dividend, remainder),
        }
    }

    fn divide<const WORDS: usize>(&self, dividend: &[u8], remainder: &mut [u8]) {
        let (multiples, _) = self.multiples.as_chunks::<WORDS>();
        let mut words = [0u64; WORDS];
        for &byte in dividend {
            let [highest, ..] = words[0].to_be_bytes();
            let multiple = &multiples[usize::from(byte ^ highest)];
            for i in 0..WORDS {
                let next = if i + 1 < WORDS { words[i + 1] >> 56 } else { 0 };
                words[i] = (words[i] << 8 | next) ^ multiple[i];
            }
        }
        for (bytes, word) in remainder.chunks_mut(8).zip(words) {
            bytes.copy_from_slice(&word.to_be_bytes()[..bytes.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_remainder_by_hand() {
        // x^3 + 5x^2 = (x + 6)(x^2 + 3x + 2) + (2 + 6 * 3)x + 6 * 2, and 6 * 3 = 10, 6 * 2 = 12.
        let mut remainder = [0xee; 2];
        Division::new(&[1, 3, 2]).remainder(&[1, 5], &mut remainder);
        assert_eq!(remainder, [2 ^ 10, 12]);
    }

    /// Every width of the remainder gives what division in place, coefficient by coefficient, gives.
    #[test]
    fn every_width_divides() {
        for degree in 1..=255 {
            let divisor: Vec<u8> =
                (0..=degree).map(|i| if i == 0 { 1 } else { gf256::pow(2, i * i + degree) }).collect();
            let dividend: Vec<u8> = (0..300).map(|i| gf256::pow(3, i * degree)).collect();
            let mut rest = dividend.clone();
            rest.resize(dividend.len() + degree, 0);
            for i in 0..dividend.len() {
                let f = rest[i];
                for (to, &coefficient) in rest[i..].iter_mut().zip(&divisor) {
                    *to ^= gf256::mul(f, coefficient);
                }
            }
            let mut remainder = vec![0xee; degree];
            Division::new(&divisor).remainder(&dividend, &mut remainder);
            assert_eq!(remainder, rest[dividend.len()..], "degree {degree}");
        }
    }
}
