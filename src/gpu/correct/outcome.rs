//! The results of a correction for a listed block.

use super::PARTS;
use crate::backend::{BLOCK_BYTES, Correction, Report, Uncorrectable};
use crate::gpu::shader::shared;

/// Mirrors `Tally` in `shaders/shared/corrections.wgsl`.
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub(super) struct Tally {
    count: u32,
    first: u32,
    last: u32,
}

shared!(Tally as "Tally" { count, first, last });

impl Tally {
    /// The sum of the results of two parts of a block.
    fn joined(self, other: Self) -> Self {
        Self { count: self.count + other.count, first: self.first.min(other.first), last: self.last.max(other.last) }
    }
}

/// A block with differences: its number in the span, and the results for each slot of each of its parts.
pub(in crate::gpu) struct Outcome<'a> {
    pub(in crate::gpu) block: usize,
    pub(super) tallies: &'a [Tally],
}

impl Outcome<'_> {
    /// Adds the results to the report of a batch. `stripe` and `offset` give the start of the block.
    pub(in crate::gpu) fn add_to(&self, report: &mut Report, batch: usize, stripe: usize, offset: usize) {
        let block = offset / BLOCK_BYTES;
        let of_part = self.tallies.len() / PARTS;
        let none = Tally { count: 0, first: u32::MAX, last: 0 };
        let tally = |slot| self.tallies.iter().skip(slot).step_by(of_part).copied().fold(none, Tally::joined);
        for slot in 0..of_part {
            let Tally { count, first, last } = tally(slot);
            let (first, last) = (offset.saturating_add(first as usize), offset + last as usize);
            match count {
                0 => {}
                _ if slot + 1 == of_part => {
                    report.uncorrectable.push(Uncorrectable { batch, stripe, block, first, last, count });
                }
                _ => report.corrections.push(Correction { batch, slot, stripe, block, first, last, count }),
            }
        }
    }
}
