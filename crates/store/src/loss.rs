//! Why a set cannot be restored: the missing shards or blocks, and how many more would be needed.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use crate::flaw::{Flaw, Lost};
use crate::ranges::Stripes;
use crate::shape::Shape;

/// Why the file of a set cannot be restored.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Reason {
    /// Too few shards are left.
    Shards(Shortage),
    /// In these stripes too few blocks of a row are left.
    Blocks {
        /// The stripes.
        stripes: Stripes,
        /// Which shards have lost their block there.
        shortage: Shortage,
    },
    /// These stripes have more errors than the code can locate.
    Unlocated {
        /// The stripes.
        stripes: Stripes,
        /// The set's parity shards.
        parity_shards: usize,
    },
    /// Further rows that cannot be rebuilt, with other combinations of lost shards.
    MoreRows(u64),
    /// Every block passes its checksum or was rebuilt, but the file's BLAKE3 differs from the one in the headers.
    WrongHash,
}

/// The shards or blocks that are left, and the number needed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shortage {
    /// The lost shards, in ascending order.
    pub lost: Vec<usize>,
    /// All shards of the set.
    pub total: usize,
    /// The data shards. In a set of groups even as many good shards may not be enough.
    pub needed: usize,
}

impl Shortage {
    pub(crate) fn new(lost: &[usize], shape: &Shape) -> Self {
        Self { lost: lost.to_vec(), total: shape.total_shards(), needed: shape.data_shards() }
    }

    /// Shards, or blocks of a row, that are good.
    pub fn good(&self) -> usize {
        self.total - self.lost.len()
    }

    /// How many more are needed at least.
    pub fn at_least(&self) -> usize {
        self.needed.saturating_sub(self.good()).max(1)
    }
}

/// A set whose file cannot be restored.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BeyondRepair {
    /// The directory of the set.
    pub dir: PathBuf,
    /// Why, at least one reason.
    pub reasons: Vec<Reason>,
    /// The shards without a usable file, each with the cause.
    pub lost: Vec<(usize, Lost)>,
    /// Whether a repair that locates errors ([`RepairPlan`](crate::RepairPlan)) may do better.
    pub may_be_located: bool,
}

impl fmt::Display for BeyondRepair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the set in {} is beyond repair: ", self.dir.display())?;
        match self.reasons.first() {
            Some(Reason::Shards(shortage)) => {
                write!(f, "{} of {} shards are good, {} are needed", shortage.good(), shortage.total, shortage.needed)
            }
            Some(Reason::Blocks { stripes, shortage }) => write!(
                f,
                "in {} stripes {} of {} blocks in a row are good, {} are needed",
                stripes.count(),
                shortage.good(),
                shortage.total,
                shortage.needed
            ),
            Some(Reason::Unlocated { stripes, parity_shards }) => {
                write!(f, "{} stripes have more errors than {parity_shards} parity shards can locate", stripes.count())
            }
            Some(Reason::MoreRows(rows)) => write!(f, "{rows} rows cannot be rebuilt"),
            Some(Reason::WrongHash) | None => {
                f.write_str("every block passes its checksum or was rebuilt, but the file's BLAKE3 is wrong")
            }
        }
    }
}

/// A directory of files that look like shards, none with a header that can be used.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Headerless {
    /// The directory.
    pub dir: PathBuf,
    /// The files by name, each with what is wrong with it.
    pub flaws: Vec<(OsString, Flaw)>,
}

impl Headerless {
    /// Whether some file has an intact header with a version, code or layout that this program does not know. If not, the set is
    /// beyond repair.
    pub fn has_unknown(&self) -> bool {
        self.flaws.iter().any(|(_, flaw)| matches!(flaw, Flaw::Format(error) if error.is_unknown()))
    }
}

impl fmt::Display for Headerless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "none of {} files in {} has a header that can be used", self.flaws.len(), self.dir.display())
    }
}
