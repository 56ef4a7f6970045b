//! Nested decoding: first inside each group alone, then across the groups.

use super::Tolerance;
use super::subsets::ln_factorials;
use crate::Layout;

/// The share of all sets of so many losses that two layers survive that know nothing of each other, as RAID over RAID
/// in software does: a group with more losses than it bears is lost as a whole, and data is lost with more groups than
/// the outer layer bears. `None` for layouts of one level and for [impossible](Layout::check) ones.
///
/// Counted, not sampled. For m groups of n disks, inner tolerance a, outer tolerance b, the number of survived sets of
/// F losses is the coefficient of x^F in the sum over j <= b of C(m, j) * bad(x)^j * good(x)^(m - j), where good is the
/// sum of C(n, i) x^i for i <= a, and bad that for i > a. It is computed with x^i weighted by (F / mn)^i (1 - F /
/// mn)^(n - i): numbers then stay between 0 and 1, and the result is exact but for rounding, about 1e-12.
#[must_use]
pub fn survived_nested(layout: &Layout, losses: usize) -> Option<f64> {
    layout.check().ok()?;
    let outer = layout.outer_tolerance()?;
    let (groups, disks, inner) = (layout.groups(), layout.shards_per_group(), layout.inner_tolerance());
    let tolerance = Tolerance::of(layout);
    // Both ends are those of the whole code: it takes b + 1 groups of a + 1 losses to be lost, and n - k losses may be
    // borne.
    if losses <= tolerance.guaranteed || losses > tolerance.best_case {
        return Some(if losses <= tolerance.guaranteed { 1.0 } else { 0.0 });
    }
    let of_group = weights(disks, rate(losses, groups * disks));
    let (good, bad) = of_group.split_at(inner + 1);
    // For each number of lost groups, the weight of each number of losses.
    let mut now = vec![vec![0.0; losses + 1]; outer + 1];
    now[0][0] = 1.0;
    for _ in 0..groups {
        let mut next = vec![vec![0.0; losses + 1]; outer + 1];
        for lost_groups in 0..=outer {
            convolve(&now[lost_groups], good, 0, &mut next[lost_groups]);
            if lost_groups < outer {
                convolve(&now[lost_groups], bad, good.len(), &mut next[lost_groups + 1]);
            }
        }
        now = next;
    }
    let survived: f64 = now.iter().map(|weights| weights[losses]).sum();
    let all = weights(groups * disks, rate(losses, groups * disks))[losses];
    Some((survived / all).clamp(0.0, 1.0))
}

#[expect(clippy::cast_precision_loss, reason = "counts of shards")]
fn rate(losses: usize, shards: usize) -> f64 {
    losses as f64 / shards as f64
}

/// For each i, C(count, i) * rate^i * (1 - rate)^(count - i).
#[expect(clippy::cast_precision_loss, reason = "counts of shards")]
fn weights(count: usize, rate: f64) -> Vec<f64> {
    let ln = ln_factorials(count);
    let weight = |i: usize| {
        let sets = ln[count] - ln[i] - ln[count - i];
        (sets + i as f64 * rate.ln() + (count - i) as f64 * (-rate).ln_1p()).exp()
    };
    (0..=count).map(weight).collect()
}

/// Adds the product of two polynomials to a third, the second one times x^shift; what is beyond the third's end is left
/// out.
fn convolve(left: &[f64], right: &[f64], shift: usize, sum: &mut [f64]) {
    for (power, &factor) in left.iter().enumerate().filter(|(_, factor)| **factor > 0.0) {
        for (sum, &right) in sum.iter_mut().skip(power + shift).zip(right) {
            *sum += factor * right;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every set of losses as the bits of a number, group by group.
    fn by_brute_force(layout: &Layout, losses: usize) -> f64 {
        let (groups, disks) = (layout.groups(), layout.shards_per_group());
        let lost_groups = |set: u32| {
            let of_group = |group: usize| (set >> (group * disks) & ((1 << disks) - 1)).count_ones() as usize;
            (0..groups).filter(|&group| of_group(group) > layout.inner_tolerance()).count()
        };
        let sets = || (0..1_u32 << (groups * disks)).filter(|set| set.count_ones() as usize == losses);
        let survived = sets().filter(|&set| lost_groups(set) <= layout.outer_tolerance().unwrap()).count();
        survived as f64 / sets().count() as f64
    }

    #[test]
    fn counting_agrees_with_going_through_all_sets() {
        for name in [
            "mirror:3x4",
            "raid51:2x6",
            "raid51:3x4",
            "raid61:2x6",
            "raid55:4x4",
            "raid66:4x4",
            "hier:4x3+1+2",
            "hier:5x3+2+1",
        ] {
            let layout: Layout = name.parse().unwrap();
            for losses in 0..=layout.total_shards() {
                let (counted, expected) = (survived_nested(&layout, losses).unwrap(), by_brute_force(&layout, losses));
                assert!((counted - expected).abs() < 1e-12, "{name}, {losses}: {counted}, expected {expected}");
            }
        }
    }

    #[test]
    fn wide_layouts_neither_overflow_nor_vanish() {
        let layout: Layout = "hier:64x64+8+8".parse().unwrap();
        let share = survived_nested(&layout, 81).unwrap();
        assert!(share > 0.999_999 && share <= 1.0, "{share}");
        assert_eq!(survived_nested(&layout, 64 * 64), Some(0.0));
        assert_eq!(survived_nested(&"rs:10+4".parse().unwrap(), 3), None);
        assert_eq!(survived_nested(&"lrc:12,2,2".parse().unwrap(), 3), None);
        assert_eq!(survived_nested(&Layout::Raid55 { groups: usize::MAX, disks: 4 }, 4), None);
    }
}
