//! The known erasures of each block, as the kernel reads them.

use std::collections::HashMap;

use super::index;
use crate::gf256;
use crate::{Erasures, Grs};

/// Words of a pattern before its locator: the number of slots, and a bit for each.
pub(super) const HEAD_WORDS: usize = 9;

/// Patterns of erasures, and the pattern of each block.
pub(in crate::gpu) struct Patterns {
    words: Vec<u32>,
    pattern_words: usize,
    pattern_of: usize,
}

impl Patterns {
    /// The patterns of this many blocks. `locate` gives a block's stripe and its number within the stripe.
    pub(in crate::gpu) fn new(
        grs: &Grs,
        erased: &Erasures,
        blocks: usize,
        locate: impl Fn(usize) -> (usize, usize),
    ) -> Self {
        let pattern_words = HEAD_WORDS + grs.parity_shards() + 1;
        let mut words = pattern(grs, erased.elsewhere());
        if erased.blocks().next().is_none() {
            return Self { words, pattern_words, pattern_of: 0 };
        }
        let mut known = HashMap::from([(erased.elsewhere(), 0)]);
        let mut of = Vec::with_capacity(blocks);
        for block in 0..blocks {
            let (stripe, block) = locate(block);
            let slots = erased.of(stripe, block);
            let next = index(known.len());
            of.push(*known.entry(slots).or_insert_with(|| {
                words.extend(pattern(grs, slots));
                next
            }));
        }
        let pattern_of = words.len();
        words.extend(of);
        Self { words, pattern_words, pattern_of }
    }

    pub(super) fn words(&self) -> &[u32] {
        &self.words
    }

    pub(super) fn pattern_words(&self) -> usize {
        self.pattern_words
    }

    /// The offset of the blocks' pattern numbers; 0 if there is only one pattern.
    pub(super) fn pattern_of(&self) -> usize {
        self.pattern_of
    }
}

/// One pattern: the number of slots, a bit for each, and the logarithms of the coefficients of their locator, the product of (1 +
/// point z). With more slots than parity shards there is no locator, because such a block cannot be corrected.
fn pattern(grs: &Grs, slots: &[usize]) -> Vec<u32> {
    let mut words = vec![0; HEAD_WORDS];
    words[0] = index(slots.len());
    let mut locator = vec![0; grs.parity_shards() + 1];
    locator[0] = 1;
    for &slot in slots {
        words[1 + slot / 32] |= 1 << (slot % 32);
        for exponent in (1..locator.len()).rev() {
            locator[exponent] ^= gf256::mul(grs.points()[slot], locator[exponent - 1]);
        }
    }
    words.extend(locator.into_iter().map(|coefficient| u32::from(gf256::log(coefficient))));
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Code;

    #[test]
    fn blocks_with_the_same_erasures_share_a_pattern() {
        let grs = Code::cauchy(4, 3).unwrap().grs().unwrap();
        let one = Patterns::new(&grs, &Erasures::everywhere([2]), 5, |block| (0, block));
        assert_eq!((one.words().len(), one.pattern_of()), (HEAD_WORDS + 4, 0));
        assert_eq!(one.words()[..3], [1, 1 << 2, 0]);
        let point = u32::from(gf256::log(grs.points()[2]));
        let zero = u32::from(gf256::LOG_OF_ZERO);
        assert_eq!(one.words()[HEAD_WORDS..], [0, point, zero, zero], "1 + point z");

        let mut erased = Erasures::none();
        erased.insert(0, 1, 6);
        erased.insert(0, 3, 6);
        erased.insert(1, 0, 0);
        let several = Patterns::new(&grs, &erased, 8, |block| (block / 4, block % 4));
        assert_eq!(several.pattern_of(), 3 * several.pattern_words());
        assert_eq!(several.words()[several.pattern_of()..], [0, 1, 0, 1, 2, 0, 0, 0]);
    }
}
