//! Quantiles by nearest rank: each is the time of a real call.

use crate::record::MOST_SAMPLES;

/// Quantiles of the seconds of some calls.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Quantiles {
    pub(super) calls: usize,
    pub(super) p50: f64,
    pub(super) p99: f64,
    pub(super) p999: f64,
    pub(super) max: f64,
    /// All calls in ascending order. If there are more than `MOST_SAMPLES`, only the calls at evenly spaced ranks,
    /// including the slowest.
    pub(super) samples: Vec<f64>,
}

impl Quantiles {
    pub(super) fn of(mut seconds: Vec<f64>) -> Self {
        seconds.sort_by(f64::total_cmp);
        let calls = seconds.len();
        // The smallest time that this share of the calls did not exceed. At least a nanosecond, so that rates stay
        // finite.
        let at = |per_mille: usize| {
            let rank = (calls * per_mille).div_ceil(1000).max(1);
            seconds.get(rank - 1).copied().unwrap_or(0.0).max(1e-9)
        };
        let kept = calls.min(MOST_SAMPLES);
        let samples = (1..=kept).map(|rank| seconds[rank * calls / kept - 1]).collect();
        Self { calls, p50: at(500), p99: at(990), p999: at(999), max: at(1000), samples }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(calls: u32) -> Quantiles {
        Quantiles::of((1..=calls).rev().map(f64::from).collect())
    }

    #[test]
    fn quantiles_are_times_of_real_calls() {
        for (calls, expected) in
            [(1000, [500.0, 990.0, 999.0, 1000.0]), (100, [50.0, 99.0, 100.0, 100.0]), (1, [1.0, 1.0, 1.0, 1.0])]
        {
            let Quantiles { calls: found, p50, p99, p999, max, samples } = of(calls);
            assert_eq!((found, [p50, p99, p999, max]), (calls as usize, expected));
            assert!(samples.iter().copied().eq((1..=calls).map(f64::from)));
        }
    }

    #[test]
    fn many_calls_are_thinned_evenly() {
        let samples = of(2500).samples;
        assert_eq!((samples.len(), samples[0], samples[1], samples[999]), (MOST_SAMPLES, 2.0, 5.0, 2500.0));
        assert!(samples.windows(2).all(|pair| (2.0..=3.0).contains(&(pair[1] - pair[0]))));
    }
}
