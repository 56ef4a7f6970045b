//! Quantiles by nearest rank: each is a call that was made.

/// Of the seconds of some calls.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Quantiles {
    pub(super) calls: usize,
    pub(super) p50: f64,
    pub(super) p99: f64,
    pub(super) p999: f64,
    pub(super) max: f64,
}

impl Quantiles {
    pub(super) fn of(mut seconds: Vec<f64>) -> Self {
        seconds.sort_by(f64::total_cmp);
        let calls = seconds.len();
        // The smallest that is not exceeded by more than the rest. At least a nanosecond, so that rates stay finite.
        let at = |per_mille: usize| {
            let rank = (calls * per_mille).div_ceil(1000).max(1);
            seconds.get(rank - 1).copied().unwrap_or(0.0).max(1e-9)
        };
        Self { calls, p50: at(500), p99: at(990), p999: at(999), max: at(1000) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_calls_that_were_made() {
        let of = |calls: u32| Quantiles::of((1..=calls).rev().map(f64::from).collect());
        assert_eq!(of(1000), Quantiles { calls: 1000, p50: 500.0, p99: 990.0, p999: 999.0, max: 1000.0 });
        assert_eq!(of(100), Quantiles { calls: 100, p50: 50.0, p99: 99.0, p999: 100.0, max: 100.0 });
        assert_eq!(of(1), Quantiles { calls: 1, p50: 1.0, p99: 1.0, p999: 1.0, max: 1.0 });
    }
}
