//! Joint decoding of products, where a theorem counts.

use crate::Layout;
use crate::analysis::subsets::{ln_factorials, share_with};

/// The share survived of all sets of so many losses of a product of two MDS codes, for the first min(a, b) + 1 numbers
/// of losses beyond the guarantee; `None` for other layouts and for more losses.
///
/// Let d = (a + 1)(b + 1). A set that is not survived holds all shards where some word is not zero. In a word that is
/// not zero each row with something in it has at least a + 1 elements, each column b + 1. If its columns are a + 1 in
/// number, each of its rows fills them, so it has d elements or at least a + 1 more; if they are more, it has at least
/// d + b + 1. So below d + min(a, b) + 1 the words are those of d elements, which stand in the crossings of any b + 1
/// rows and a + 1 columns; and no set so small holds two such grids, since a further row or column adds as many shards.
/// Of F losses therefore C(m, b + 1) * C(n, a + 1) * C(mn - d, F - d) sets are not survived.
pub(super) fn survived(layout: &Layout, losses: usize) -> Option<f64> {
    let outer = layout.outer_tolerance()?;
    let (groups, disks, inner) = (layout.groups(), layout.shards_per_group(), layout.inner_tolerance());
    let grid = (inner + 1) * (outer + 1);
    if !(grid..grid + inner.min(outer) + 1).contains(&losses) {
        return None;
    }
    let ln = ln_factorials(groups.max(disks));
    let ln_sets = |count: usize, size: usize| ln[count] - ln[size] - ln[count - size];
    let grids = (ln_sets(groups, outer + 1) + ln_sets(disks, inner + 1)).exp();
    Some(1.0 - grids * share_with(groups * disks, losses, grid))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Effort, Method, survived_of_code};

    #[test]
    fn the_theorem_agrees_with_counting() {
        for name in [
            "raid51:2x6",
            "raid51:3x4",
            "raid61:2x5",
            "raid55:4x4",
            "raid55:3x6",
            "raid66:4x4",
            "hier:3x5+1+2",
            "hier:4x5+2+1",
            "mirror:3x4",
        ] {
            let layout: Layout = name.parse().unwrap();
            let (inner, outer) = (layout.inner_tolerance(), layout.outer_tolerance().unwrap());
            let code = layout.code().unwrap();
            let grid = (inner + 1) * (outer + 1);
            for losses in grid..=grid + inner.min(outer) {
                let counted = survived_of_code(&code, losses, &Effort { steps: 1 << 32, seed: 0 });
                assert!(matches!(counted.method, Method::Counted(_)), "{name}: {counted:?}");
                let proven = survived(&layout, losses).unwrap();
                assert!((proven - counted.survived).abs() < 1e-12, "{name}, {losses}: {proven}, {counted:?}");
            }
            assert_eq!(survived(&layout, grid - 1), None);
            assert_eq!(survived(&layout, grid + inner.min(outer) + 1), None);
        }
        assert_eq!(survived(&"rs:4+4".parse().unwrap(), 4), None);
    }
}
