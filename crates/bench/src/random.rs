//! Random numbers for test data and for choosing places: fast and seeded. They must not be used for secrets.

use anyhow::{Result, anyhow};
use rayon::prelude::*;

/// Bytes that one seed fills.
const FILL_BYTES: usize = 64 << 10;

/// SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A different sequence each time.
    pub(crate) fn fresh() -> Result<Self> {
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).map_err(|error| anyhow!("no random numbers: {error}"))?;
        Ok(Self(u64::from_le_bytes(seed)))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is positive. The remainder's bias is negligible for small bounds.
    #[expect(clippy::cast_possible_truncation, reason = "a remainder is below its usize divisor")]
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// Fills memory with random bytes, on all cores.
    pub(crate) fn fill(&mut self, memory: &mut [u8]) {
        let seed = self.next();
        memory.par_chunks_mut(FILL_BYTES).enumerate().for_each(|(at, chunk)| {
            let mut random = Self::new(seed.wrapping_add((at as u64) << 32));
            for piece in chunk.chunks_mut(8) {
                piece.copy_from_slice(&random.next().to_le_bytes()[..piece.len()]);
            }
        });
    }

    /// `count` distinct numbers below `bound`, ascending.
    pub(crate) fn choose(&mut self, count: usize, bound: usize) -> Vec<usize> {
        let mut all: Vec<usize> = (0..bound).collect();
        for at in 0..count {
            let other = at + self.below(bound - at);
            all.swap(at, other);
        }
        all.truncate(count);
        all.sort_unstable();
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_the_published_one() {
        let mut random = Random::new(1_234_567);
        assert_eq!([random.next(), random.next()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    #[test]
    fn a_choice_is_of_distinct_numbers_in_order() {
        let mut random = Random::new(0);
        for count in 0..=14 {
            let chosen = random.choose(count, 14);
            assert!(chosen.len() == count && chosen.windows(2).all(|pair| pair[0] < pair[1]));
            assert!(chosen.iter().all(|&number| number < 14));
        }
    }
}
