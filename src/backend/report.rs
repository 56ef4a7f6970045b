//! What a run found: the blocks that are wrong, were corrected, or are beyond the code.

use std::ops::RangeInclusive;

use super::BLOCK_BYTES;

/// What a run found.
#[must_use = "only the report says which blocks are wrong or were corrected"]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Blocks that disagree with the plan of their check, ordered by batch, slot, stripe and block.
    pub mismatches: Vec<Mismatch>,
    /// Blocks in which something was corrected, ordered by batch, slot, stripe and block.
    pub corrections: Vec<Correction>,
    /// Blocks with columns that the code cannot correct, ordered by batch, stripe and block.
    pub uncorrectable: Vec<Uncorrectable>,
    /// Whether another device ran a correction before and failed. The corrections that it had made already are not listed.
    pub is_second_run: bool,
}

impl Report {
    /// Whether all checks found every block equal to what they computed.
    #[must_use]
    pub fn is_consistent(&self) -> bool {
        self.mismatches.is_empty()
    }

    /// Adds what another part of the same call found.
    pub(crate) fn join(&mut self, other: Self) {
        let Self { mismatches, corrections, uncorrectable, is_second_run } = other;
        self.mismatches.extend(mismatches);
        self.corrections.extend(corrections);
        self.uncorrectable.extend(uncorrectable);
        self.is_second_run |= is_second_run;
    }

    /// Sorts the lists as their fields state.
    pub(crate) fn sort(&mut self) {
        self.mismatches.sort_unstable();
        self.corrections.sort_unstable();
        self.uncorrectable.sort_unstable();
    }
}

/// A block of a target that differs from what its plan computes from the sources.
///
/// A mismatch says only that the target or one of its sources is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Mismatch {
    /// Which batch of the call.
    pub batch: usize,
    /// Which slot (in a codec's reports: which shard).
    pub slot: usize,
    /// Which stripe.
    pub stripe: usize,
    /// Which block of [`BLOCK_BYTES`] within the slot's bytes in that stripe.
    pub block: usize,
    /// Offset of the first byte that differs, within the slot's bytes in that stripe.
    pub first: usize,
    /// Bytes of the block that differ.
    pub count: u32,
}

impl Mismatch {
    /// A mismatch whose first wrong byte has the offset `first`, with `count` wrong bytes in the block that holds it.
    #[must_use]
    pub fn new(batch: usize, slot: usize, stripe: usize, first: usize, count: u32) -> Self {
        Self { batch, slot, stripe, block: first / BLOCK_BYTES, first, count }
    }
}

/// A block of a slot in which bytes were corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Correction {
    /// Which batch of the call.
    pub batch: usize,
    /// Which slot (in a codec's reports: which shard).
    pub slot: usize,
    /// Which stripe.
    pub stripe: usize,
    /// Which block of [`BLOCK_BYTES`] within the slot's bytes in that stripe.
    pub block: usize,
    /// Offset of the first byte that was wrong, within the slot's bytes in that stripe.
    pub first: usize,
    /// Offset of the last byte that was wrong.
    pub last: usize,
    /// Bytes of the block that were wrong.
    pub count: u32,
}

impl Correction {
    /// A correction of `count` bytes. `bytes` begins with the first of them and ends with the last, which must be in the same
    /// block.
    #[must_use]
    pub fn new(batch: usize, slot: usize, stripe: usize, bytes: RangeInclusive<usize>, count: u32) -> Self {
        let (first, last) = bytes.into_inner();
        Self { batch, slot, stripe, block: first / BLOCK_BYTES, first, last, count }
    }
}

/// A block, across all slots, with columns that hold more errors than the code can correct. They were not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Uncorrectable {
    /// Which batch of the call.
    pub batch: usize,
    /// Which stripe.
    pub stripe: usize,
    /// Which block of [`BLOCK_BYTES`] within the slots' bytes in that stripe.
    pub block: usize,
    /// The first such column, within the slots' bytes in that stripe.
    pub first: usize,
    /// The last such column.
    pub last: usize,
    /// The number of such columns in the block.
    pub count: u32,
}

impl Uncorrectable {
    /// `count` columns that were not changed. `columns` begins with the first of them and ends with the last, which must be in
    /// the same block.
    #[must_use]
    pub fn new(batch: usize, stripe: usize, columns: RangeInclusive<usize>, count: u32) -> Self {
        let (first, last) = columns.into_inner();
        Self { batch, stripe, block: first / BLOCK_BYTES, first, last, count }
    }
}
