//! What was done in a listed block.

use crate::backend::{BLOCK_BYTES, Correction, Report, Uncorrectable};

/// As `Tally` in `shaders/shared/corrections.wgsl`.
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub(super) struct Tally {
    count: u32,
    first: u32,
    last: u32,
}

/// A block that was not right: its number in the span, and what was done in each slot.
pub(in crate::gpu) struct Outcome<'a> {
    pub(in crate::gpu) block: usize,
    pub(super) tallies: &'a [Tally],
}

impl Outcome<'_> {
    /// Adds what was done to a report of a batch: `stripe` and `offset` say where the block begins.
    pub(in crate::gpu) fn add_to(&self, report: &mut Report, batch: usize, stripe: usize, offset: usize) {
        let block = offset / BLOCK_BYTES;
        let ends = |tally: &Tally| (offset + tally.first as usize, offset + tally.last as usize);
        let Some((beyond, corrected)) = self.tallies.split_last() else { return };
        for (slot, tally) in (0..).zip(corrected).filter(|(_, tally)| tally.count > 0) {
            let (first, last) = ends(tally);
            report.corrections.push(Correction { batch, slot, stripe, block, first, last, count: tally.count });
        }
        if beyond.count > 0 {
            let (first, last) = ends(beyond);
            report.uncorrectable.push(Uncorrectable { batch, stripe, block, first, last, count: beyond.count });
        }
    }
}
