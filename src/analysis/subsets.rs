//! Numbers of sets: binomial coefficients, exact while they fit into 64 bits, otherwise by logarithms.

/// The number of sets of `size` out of `count` elements; `None` beyond 64 bits.
pub(super) fn count(count: usize, size: usize) -> Option<u64> {
    if size > count {
        return Some(0);
    }
    let mut product: u128 = 1;
    for step in 0..size.min(count - size) {
        // A product of so many neighbours is divisible by their number's factorial; 64 bits times a usize fit.
        product = product * (count - step) as u128 / (step + 1) as u128;
        if product > u128::from(u64::MAX) {
            return None;
        }
    }
    u64::try_from(product).ok()
}

/// ln n! for every n up to `most`.
#[expect(clippy::cast_precision_loss, reason = "counts of shards")]
pub(super) fn ln_factorials(most: usize) -> Vec<f64> {
    let mut sum = 0.0;
    std::iter::once(0.0)
        .chain((1..=most).map(|n| {
            sum += (n as f64).ln();
            sum
        }))
        .collect()
}

/// The share of all sets of `losses` out of `shards` that contain `size` given shards.
#[expect(clippy::cast_precision_loss, reason = "counts of shards")]
pub(super) fn share_with(shards: usize, losses: usize, size: usize) -> f64 {
    if size > losses {
        return 0.0;
    }
    (0..size).map(|i| (losses - i) as f64 / (shards - i) as f64).product()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_are_counted() {
        assert_eq!(count(36, 5), Some(376_992));
        assert_eq!(count(55, 5), Some(3_478_761));
        assert_eq!(count(55, 3), Some(26_235));
        assert_eq!(count(5, 0), Some(1));
        assert_eq!(count(5, 6), Some(0));
        assert_eq!(count(64, 32), Some(1_832_624_140_942_590_534));
        assert_eq!(count(4096, 11), None);
        assert_eq!(count(4096, 4095), Some(4096));
    }

    #[test]
    fn logarithms_and_shares_agree_with_counts() {
        let ln = ln_factorials(55);
        assert!(((ln[55] - ln[5] - ln[50]).exp() / 3_478_761.0 - 1.0).abs() < 1e-12);
        // Of 10 things taken 4 at a time, those with 3 given ones: 7 of 210.
        assert!((share_with(10, 4, 3) - 7.0 / 210.0).abs() < 1e-15);
        assert_eq!(share_with(10, 2, 3), 0.0);
    }
}
