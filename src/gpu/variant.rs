//! The ways in which a compiled kernel can be generated.

use crate::Error;

/// How a kernel is generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Variant {
    /// Words of four bytes in an invocation's column: 1, 2 or 4.
    pub width: usize,
    /// How the sums of sources are computed.
    pub method: Method,
    /// Rows that one dispatch computes. A larger matrix takes several dispatches, and each reads the sources again.
    pub rows: usize,
    /// Invocations of a workgroup. Fewer if each needs many registers.
    pub workgroup: u32,
}

impl Variant {
    /// The variant that measured fastest for this shape.
    #[must_use]
    pub fn choose(sources: usize, targets: usize) -> Self {
        let (width, method, rows, workgroup) = match (sources, targets) {
            // Few rows: every way runs at the speed of memory if it needs few registers.
            (..=10 | 21.., ..=4) => (2, Method::Sums { group: 4, step: 2 }, 4, 128),
            (_, ..=4) => (2, Method::Rows { group: 4 }, 4, 128),
            // Many rows: arithmetic dominates, so every sum is computed once, as long as all sums fit in registers.
            (..=16, ..=8) => (2, Method::Rows { group: 4 }, 8, 256),
            (..=35, _) => (1, Method::Rows { group: 5 }, 16, 64),
            (..=52, _) => (1, Method::Rows { group: 4 }, 16, 64),
            _ => (1, Method::Sums { group: 2, step: 2 }, 12, 64),
        };
        Self { width, method, rows, workgroup }
    }

    /// Checks that a kernel can be generated with these numbers.
    pub(super) fn check(&self) -> Result<(), Error> {
        let (group, step) = match self.method {
            Method::Rows { group } => (group, 1),
            Method::Sums { group, step } => (group, step),
        };
        let checks = [
            ("width", self.width, matches!(self.width, 1 | 2 | 4), "1, 2 or 4"),
            ("rows", self.rows, self.rows > 0, "at least 1"),
            ("workgroup", self.workgroup as usize, (1..=256).contains(&self.workgroup), "1 to 256"),
            ("group", group, (1..=8).contains(&group), "1 to 8"),
            ("step", step, step > 0, "at least 1"),
        ];
        match checks.into_iter().find(|&(_, _, holds, _)| !holds) {
            Some((what, given, _, allowed)) => Err(Error::Variant { what, given, allowed }),
            None => Ok(()),
        }
    }
}

/// How the sums of sources are computed. `group` sources share the sums of their subsets; with 1, nothing is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// Row after row, every source and every shared sum in registers.
    Rows {
        /// Sources of a group.
        group: usize,
    },
    /// All rows together, `step` groups after another.
    Sums {
        /// Sources of a group.
        group: usize,
        /// Groups whose sums are added at a time. Two need one three-input operation, but more registers.
        step: usize,
    },
}
