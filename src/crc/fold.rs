//! The fold reduces the words of a block to a few words that have the same remainder.
//!
//! Let y = x^32. Over GF(2) the square of a polynomial is S(x)^2 = S(x^2), so S(x) = 0 modulo P implies S(x^32) = 0. A sparse
//! multiple of P, read with one word of 32 bits for each power of y, is therefore a relation between whole words. A block is a
//! polynomial in y whose coefficients are its words. Dividing it by such a multiple takes only XORs of words, and leaves as many
//! words as the degree of the multiple. All bits of a word are treated alike, so the fold is also linear over GF(2^8), byte by
//! byte. It **commutes with an erasure code**: the folds of parity blocks are the parity of the folds of data blocks.
//!
//! A multiple with few terms has a high degree, so many words are left. This one contains a product of two sparse
//! polynomials, so a division is two short recurrences. With the quotient v and an auxiliary sequence u:
//! v(i) = w(i) + sum of u(i - a) + sum of v(i - b), u(i) = v(i) + sum of v(i - c). It was found by search, and a test compares it
//! with P. The division treats the words as followed by as many zeros as there are words left. These multiply the remainder by a
//! power of y, which is undone when the remaining words become a remainder.

/// A multiple of P, 1 + sum of y^b + (sum of y^a)(1 + sum of y^c). Lag n refers to the word n places before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Fold {
    /// The lags a, of u in v.
    pub(crate) u_in_v: &'static [usize],
    /// The lags b, of v in v.
    pub(crate) v_in_v: &'static [usize],
    /// The lags c, of v in u, without 0.
    pub(crate) v_in_u: &'static [usize],
}

impl Fold {
    /// Leaves 36 words and takes five three-input XORs for each word.
    pub(crate) const R36: Self = Self { u_in_v: &[9, 14, 17, 24, 26], v_in_v: &[2, 5], v_in_u: &[6, 10] };

    /// The number of words that are left.
    pub(crate) fn kept(&self) -> usize {
        self.u_lags() + self.v_in_u.iter().max().copied().unwrap_or(0)
    }

    /// The largest lag of u.
    pub(crate) fn u_lags(&self) -> usize {
        self.u_in_v.iter().max().copied().unwrap_or(0)
    }

    /// The largest lag of v.
    pub(crate) fn v_lags(&self) -> usize {
        self.v_in_v.iter().chain(self.v_in_u).max().copied().unwrap_or(0)
    }
}

/// The products of x^-32 with each nibble of a word: entry 16 t + n is the product with n << 4 t.
pub(crate) fn inverse_tables() -> [u32; 128] {
    let inverse = super::power_of_x_back(32);
    std::array::from_fn(|at| {
        let nibble = u32::try_from(at % 16).expect("below 16");
        super::multiply(nibble << (4 * (at / 16)), inverse)
    })
}

#[cfg(test)]
mod tests {
    use super::super::{crc32c, power_of_x};
    use super::*;

    /// Folds words: divides them, followed by zeros, and returns the words that are left.
    fn fold(fold: &Fold, words: &[u32]) -> Vec<u32> {
        let sum = |sequence: &[u32], at: usize, lags: &[usize]| {
            lags.iter().filter_map(|&lag| sequence.get(at.checked_sub(lag)?)).fold(0, |sum, word| sum ^ word)
        };
        let (mut u, mut v) = (Vec::new(), Vec::new());
        let mut kept = Vec::new();
        for at in 0..words.len() + fold.kept() {
            let word = words.get(at).copied().unwrap_or(0) ^ sum(&u, at, fold.u_in_v) ^ sum(&v, at, fold.v_in_v);
            // The quotient ends with the words.
            let quotient = if at < words.len() { word } else { 0 };
            v.push(quotient);
            u.push(quotient ^ sum(&v, at, fold.v_in_u));
            if at >= words.len() {
                kept.push(word);
            }
        }
        kept
    }

    /// The raw remainder of the block whose fold this is: the sum of word i times x^(-32 i).
    fn remainder(kept: &[u32]) -> u32 {
        let tables = inverse_tables();
        let back = |word: u32| (0..8).fold(0, |sum, at| sum ^ tables[16 * at + (word >> (4 * at) & 15) as usize]);
        kept.iter().rev().fold(0, |state, word| back(state) ^ word)
    }

    #[test]
    fn the_relation_is_a_multiple_of_the_polynomial() {
        let fold = Fold::R36;
        assert_eq!(fold.kept(), 36);
        // Lag n is the power 36 - n of y.
        let power = |lag: usize| power_of_x(32 * (36 - lag as u64));
        let products = fold.u_in_v.iter().flat_map(|&a| fold.v_in_u.iter().map(move |&c| a + c));
        let lags: Vec<usize> = fold.u_in_v.iter().chain(fold.v_in_v).copied().chain(products).chain([0]).collect();
        assert_eq!(lags.iter().fold(0, |sum, &lag| sum ^ power(lag)), 0);
        for (at, &without) in lags.iter().enumerate() {
            let rest = lags.iter().fold(0, |sum, &lag| sum ^ power(lag)) ^ power(without);
            assert_ne!(rest, 0, "all but term {at}");
        }
    }

    #[test]
    fn what_is_left_has_the_remainder_of_the_block() {
        for count in [1, 2, 35, 36, 37, 100, 1024] {
            let words: Vec<u32> = (0..count).map(|at: u32| at.wrapping_mul(0x9e37_79b9) ^ 0x55).collect();
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            let raw = crc32c(&bytes) ^ crc32c(&vec![0; bytes.len()]);
            assert_eq!(remainder(&fold(&Fold::R36, &words)), raw, "{count} words");
            // Zeros before do not change it.
            let padded = [vec![0; 7], words].concat();
            assert_eq!(remainder(&fold(&Fold::R36, &padded)), raw, "{count} words behind zeros");
        }
    }

    #[test]
    fn a_flipped_bit_changes_what_is_left() {
        let mut words = [0x1234_5678_u32; 64];
        let whole = fold(&Fold::R36, &words);
        for bit in 0..words.len() * 32 {
            words[bit / 32] ^= 1 << (bit % 32);
            assert_ne!(fold(&Fold::R36, &words), whole, "bit {bit}");
            words[bit / 32] ^= 1 << (bit % 32);
        }
    }
}
