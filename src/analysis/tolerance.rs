//! How many losses are survived: in every case, and in the best case.

use std::fmt;

use super::count::{Checks, Effort};
use super::subsets;
use crate::{Code, Layout};

/// How many losses a layout survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tolerance {
    /// The largest number such that every set of this many losses is survived: the minimum distance minus one. For `lrcu` see
    /// [`Theorem::Uniform`].
    pub guaranteed: usize,
    /// The largest number of losses of which at least one set is survived: n - k, because k shards must remain to determine k
    /// shards of data, and all parity may be lost. For m groups of n disks, where a group survives `a` losses and the outer layer
    /// survives `b` lost groups, this is m * a + b * (n - a).
    pub best_case: usize,
    /// The theorem behind the guarantee.
    pub theorem: Theorem,
}

/// The reason for a guarantee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Theorem {
    /// The code is MDS, so its distance is the most there can be, m + 1. R. C. Singleton, "Maximum distance q-nary codes",
    /// IEEE Trans. IT-10, 1964.
    Singleton,
    /// The distance of a product is the product of the distances, (a + 1)(b + 1). P. Elias, "Error-free coding", 1954.
    Product,
    /// A code of locality r has at most the distance n - k - ceil(k / r) + 2, which is g + 2 here, and any g + 1 losses
    /// are survived by [construction](Code::local). P. Gopalan, C. Huang, H. Simitci and S. Yekhanin, "On the locality
    /// of codeword symbols", IEEE Transactions on Information Theory 58(11), 2012.
    Locality,
    /// Any g + 1 losses are survived by [construction](Code::local_uniform). A group whose parity covers more than g shards
    /// loses data when g + 1 of these and the parity are lost, so the guarantee is exact. With smaller groups it is a lower
    /// bound.
    Uniform,
}

impl fmt::Display for Theorem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Singleton => "MDS: Singleton's bound is met",
            Self::Product => "distance of a product code",
            Self::Locality => "bound of Gopalan et al. is met",
            Self::Uniform => "construction of a uniform local code",
        })
    }
}

impl Tolerance {
    /// The tolerance of a layout, by theory. The result is meaningless if the layout is [impossible](Layout::check).
    #[must_use]
    pub fn of(layout: &Layout) -> Self {
        let best_case = layout.parity_shards();
        let (guaranteed, theorem) = match (*layout, layout.outer_tolerance()) {
            (_, Some(outer)) => {
                // An unchecked layout may have any numbers.
                let grid = layout.inner_tolerance().saturating_add(1).saturating_mul(outer.saturating_add(1));
                (grid - 1, Theorem::Product)
            }
            (Layout::Local { globals, .. }, None) => (globals.saturating_add(1), Theorem::Locality),
            (Layout::LocalUniform { globals, .. }, None) => (globals.saturating_add(1), Theorem::Uniform),
            (_, None) => (layout.inner_tolerance(), Theorem::Singleton),
        };
        Self { guaranteed, best_case, theorem }
    }
}

/// The result of a search for the guarantee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guarantee {
    /// Exactly this many losses.
    Exactly(usize),
    /// At least this many losses. Searching further would have exceeded the effort.
    AtLeast(usize),
}

/// Tries every set of losses, in order of size, until one is not survived.
/// Use it for codes that no theorem here covers, and to check the theorems.
#[must_use]
pub fn search_guarantee(code: &Code, effort: &Effort) -> Guarantee {
    let checks = Checks::new(code);
    for losses in 1..=code.parity_shards() {
        if checks.steps(losses).is_none_or(|steps| steps > effort.steps) {
            return Guarantee::AtLeast(losses - 1);
        }
        if Some(checks.survived(losses)) != subsets::count(code.total_shards(), losses) {
            return Guarantee::Exactly(losses - 1);
        }
    }
    Guarantee::Exactly(code.parity_shards())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Matrix;

    #[test]
    fn best_case_is_that_of_the_levels() {
        for (name, m, n, a, b) in [
            ("raid51:2x6", 2, 6, 1, 1),
            ("raid61:3x8", 3, 8, 2, 2),
            ("raid55:4x4", 4, 4, 1, 1),
            ("raid66:8x8", 8, 8, 2, 2),
            ("hier:5x8+2+3", 5, 8, 2, 3),
            ("mirror:3x4", 3, 4, 0, 2),
        ] {
            let tolerance = Tolerance::of(&name.parse().unwrap());
            assert_eq!(tolerance.best_case, m * a + b * (n - a), "{name}");
            assert_eq!(tolerance.guaranteed, (a + 1) * (b + 1) - 1, "{name}");
        }
    }

    /// Exact where a group covers more than g shards, and a lower bound in every case.
    #[test]
    fn uniform_local_codes_survive_what_is_said() {
        for data in 1..9 {
            for (groups, globals) in (1..5).flat_map(|groups| (1..5).map(move |globals| (groups, globals))) {
                let layout = Layout::LocalUniform { data, groups, globals };
                let Ok(code) = layout.code() else { continue };
                let tolerance = Tolerance::of(&layout);
                let Guarantee::Exactly(found) = search_guarantee(&code, &Effort::default()) else { panic!("{layout}") };
                assert!(found >= tolerance.guaranteed, "{layout}: {found}");
                let is_exact = layout.shards_per_group() - 1 > globals;
                assert!(found == tolerance.guaranteed || !is_exact, "{layout}: {found}");
            }
        }
    }

    #[test]
    fn a_search_ends_where_its_effort_does() {
        let code = Code::cauchy(20, 6).unwrap();
        assert_eq!(search_guarantee(&code, &Effort::default()), Guarantee::Exactly(6));
        assert_eq!(search_guarantee(&code, &Effort { steps: 10_000, ..Effort::default() }), Guarantee::AtLeast(3));
    }

    #[test]
    fn a_shard_that_no_parity_covers_is_found() {
        let parity = Matrix::from_rows(&[[1, 0]]).unwrap();
        let code = Code::from_generator(&Matrix::identity(2).above(&parity)).unwrap();
        assert_eq!(search_guarantee(&code, &Effort::default()), Guarantee::Exactly(0));
    }
}
