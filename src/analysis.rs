//! The cost of a layout, and the losses that it survives.
//! Everything here is computed from the structure of a [`Layout`] or from the generator of a [`Code`](crate::Code); no data is
//! read. A loss is the loss of a whole shard, and all sets of the same size are equally likely.
//!
//! | question | answer |
//! |---|---|
//! | how much of the disks holds data? | [`efficiency`] |
//! | how many losses are survived whichever they are, how many at best? | [`Tolerance`]; by brute force [`search_guarantee`] |
//! | and between, which share of all sets? | [`survived`] by all checks together, [`survived_nested`] level by level |
//! | what does rebuilding a shard, and what does a small write cost? | [`Cost`] |
//! | how much memory do the tables of a codec take? | [`Memory`] |
//! | how long until data is lost? | [`mttdl`], a chain and a simulation, and why neither should be believed |
//!
//! ```
//! use evariste::Layout;
//! use evariste::analysis::{Cost, Effort, Tolerance, efficiency, survived, survived_nested};
//! let layout: Layout = "raid55:4x4".parse()?;
//! assert_eq!(efficiency(&layout), 9.0 / 16.0);
//! let tolerance = Tolerance::of(&layout);
//! assert_eq!((tolerance.guaranteed, tolerance.best_case), (3, 7));
//! let cost = Cost::of(&layout)?;
//! assert_eq!((cost.repair_reads, cost.update_ios), (3, 8));
//! // Five disks lost: rows and columns together save nine sets in ten, one level after the other not six.
//! let joint = survived(&layout, 5, &Effort::default())?;
//! assert_eq!(format!("{:.4}", joint.survived), "0.9011");
//! assert_eq!(format!("{:.4}", survived_nested(&layout, 5).unwrap()), "0.5385");
//! # Ok::<(), evariste::Error>(())
//! ```

mod cost;
mod count;
mod memory;
pub mod mttdl;
mod nested;
mod random;
mod subsets;
mod survival;
mod tolerance;

pub use cost::Cost;
pub use count::Effort;
pub use memory::Memory;
pub use nested::survived_nested;
pub use survival::{Method, Share, survived, survived_of_code};
pub use tolerance::{Guarantee, Theorem, Tolerance, search_guarantee};

use crate::Layout;

/// The share of all shards that holds data: k / n. For m groups of n disks that bear the loss of `a` disks in a group
/// and of `b` groups this is (m - b)(n - a) / mn.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "counts of shards")]
pub fn efficiency(layout: &Layout) -> f64 {
    layout.data_shards() as f64 / layout.total_shards().max(1) as f64
}
