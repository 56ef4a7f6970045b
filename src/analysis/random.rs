//! Random numbers for samples and simulations: fast, seeded, the same on every machine.

/// SplitMix64 (G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).
pub(super) struct Random(u64);

impl Random {
    /// Sequence number `stream` of a seed. Samples that are drawn in parallel each use their own sequence.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        Self(Self(seed ^ Self(stream).next()).next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is positive and small: the remainder's bias does not matter here.
    #[expect(clippy::cast_possible_truncation, reason = "a remainder is below its usize divisor")]
    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// A number above 0 and up to 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub(super) fn unit(&mut self) -> f64 {
        ((self.next() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// A random time until an event that happens `rate` times per unit of time; infinite for rate 0.
    pub(super) fn exponential(&mut self, rate: f64) -> f64 {
        -self.unit().ln() / rate
    }

    /// Moves `count` numbers, chosen with equal probability, to the front.
    pub(super) fn choose(&mut self, numbers: &mut [usize], count: usize) {
        for at in 0..count {
            let other = at + self.below(numbers.len() - at);
            numbers.swap(at, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_the_published_one() {
        let mut random = Random(1_234_567);
        assert_eq!([random.next(), random.next()], [6_457_827_717_110_365_317, 3_203_168_211_198_807_973]);
    }

    #[test]
    fn streams_of_a_seed_differ() {
        assert_ne!(Random::new(0, 0).next(), Random::new(0, 1).next());
        assert_ne!(Random::new(0, 0).next(), Random::new(1, 0).next());
    }

    /// Every pair of five is chosen a tenth of the time: within six standard deviations.
    #[test]
    fn every_choice_is_as_likely_as_any_other() {
        let mut random = Random::new(1, 0);
        let mut numbers: Vec<usize> = (0..5).collect();
        let mut times = [[0_u32; 5]; 5];
        for _ in 0..100_000 {
            random.choose(&mut numbers, 2);
            times[numbers[0].min(numbers[1])][numbers[0].max(numbers[1])] += 1;
        }
        for (low, row) in times.iter().enumerate() {
            for (high, &times) in row.iter().enumerate() {
                let expected = if low < high { 9_431..10_570 } else { 0..1 };
                assert!(expected.contains(&times), "{low}, {high}: {times}");
            }
        }
    }

    #[test]
    fn waiting_times_have_the_mean_of_their_rate() {
        let mut random = Random::new(2, 0);
        let mean = (0..100_000).map(|_| random.exponential(4.0)).sum::<f64>() / 1e5;
        assert!((mean - 0.25).abs() < 6.0 * 0.25 / 1e5_f64.sqrt(), "{mean}");
    }
}
