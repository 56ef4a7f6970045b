//! The rules of every measurement: how long to warm up, how many rounds count, and their median.

use std::time::Duration;

/// Rounds that count.
pub(crate) const ROUNDS: usize = 15;
/// How long a device works before the rounds that count.
pub(crate) const WARM_UP: Duration = Duration::from_millis(250);

/// The median, or the upper of the two middle values. At least a nanosecond, so that rates stay finite.
pub(crate) fn median(seconds: &[f64]) -> f64 {
    let mut sorted = seconds.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(0.0).max(1e-9)
}

/// Transposes the seconds of each candidate in every round into the seconds of every round for each candidate.
pub(crate) fn by_candidate(rounds: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let candidates = rounds.first().map_or(0, Vec::len);
    (0..candidates).map(|at| rounds.iter().map(|round| round[at]).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 3.0, 1.0, 2.0]), 3.0);
        assert_eq!(median(&[0.0]), 1e-9);
    }

    #[test]
    fn rounds_are_turned_into_samples() {
        assert_eq!(by_candidate(&[vec![1.0, 2.0], vec![3.0, 4.0]]), [[1.0, 3.0], [2.0, 4.0]]);
        assert!(by_candidate(&[]).is_empty());
    }
}
