//! Checking: targets are compared with the stored bytes as they are computed. If a tile differs, its targets are computed
//! into memory of their own and compared byte by byte.

use std::ops::Range;

use rayon::prelude::*;

use super::gather;
use super::program::Program;
use super::{is_beyond_caches, is_worth_threads};
use crate::Plan;
use crate::backend::{BLOCK_BYTES, Mismatch};
use crate::memory::View;

/// Blocks compared before anything is reported.
const TILE_BLOCKS: usize = 8;

/// A plan that checks, over a view.
#[derive(Clone, Copy)]
pub(super) struct Check<'a> {
    pub(super) program: &'a dyn Program,
    /// Index of the batch in its call.
    pub(super) batch: usize,
    pub(super) plan: &'a Plan,
    pub(super) view: &'a View<'a>,
    pub(super) traffic_bytes: usize,
}

impl Check<'_> {
    /// Checks every stripe.
    pub(super) fn run(self) -> Vec<Mismatch> {
        let bytes = self.view.bytes();
        let tile_bytes = TILE_BLOCKS * BLOCK_BYTES;
        let tiles = bytes.div_ceil(tile_bytes);
        let beyond_caches = is_beyond_caches(self.traffic_bytes);
        let run = |index: usize| {
            let start = index % tiles * tile_bytes;
            self.tile(index / tiles, start..bytes.min(start + tile_bytes), beyond_caches)
        };
        let indices = 0..self.view.stripes() * tiles;
        if is_worth_threads(self.traffic_bytes, self.program.passes()) {
            indices.into_par_iter().flat_map_iter(run).collect()
        } else {
            indices.flat_map(run).collect()
        }
    }

    /// Checks a tile, which is some columns of a stripe. If all is right, without an allocation for codes of usual width.
    pub(super) fn tile(self, stripe: usize, range: Range<usize>, beyond_caches: bool) -> Vec<Mismatch> {
        let cut = |&slot: &usize| &self.view.slot(slot, stripe)[range.clone()];
        gather::with(self.plan.sources().iter().map(cut), |sources| {
            gather::with(self.plan.targets().iter().map(cut), |stored| {
                if self.program.differs(sources, stored, beyond_caches) {
                    self.differences(sources, stored, stripe, range.start)
                } else {
                    Vec::new()
                }
            })
        })
    }

    /// Every block of a tile whose stored bytes are not the product.
    fn differences(self, sources: &[&[u8]], stored: &[&[u8]], stripe: usize, tile_start: usize) -> Vec<Mismatch> {
        let bytes = stored.first().map_or(0, |stored| stored.len());
        let mut computed = vec![0; bytes * stored.len()];
        let mut targets: Vec<&mut [u8]> = computed.chunks_mut(bytes).collect();
        self.program.write(sources, &mut targets, false);
        let mut found = Vec::new();
        for ((&slot, computed), stored) in self.plan.targets().iter().zip(computed.chunks(bytes)).zip(stored) {
            let blocks = computed.chunks(BLOCK_BYTES).zip(stored.chunks(BLOCK_BYTES));
            for (start, (computed, stored)) in (tile_start..).step_by(BLOCK_BYTES).zip(blocks) {
                if let Some((first, count)) = compare(computed, stored) {
                    let (batch, block) = (self.batch, start / BLOCK_BYTES);
                    found.push(Mismatch { batch, slot, stripe, block, first: start + first, count });
                }
            }
        }
        found
    }
}

/// Where two blocks first differ and in how many bytes; `None` if they are equal.
fn compare(computed: &[u8], stored: &[u8]) -> Option<(usize, u32)> {
    if computed == stored {
        return None;
    }
    let mut differing = computed.iter().zip(stored).enumerate().filter(|(_, (c, s))| c != s).map(|(at, _)| at);
    let first = differing.next()?;
    Some((first, differing.fold(1, |count, _| count + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compare_sees_every_flipped_bit() {
        let block = [0x5a; 100];
        assert_eq!(compare(&block, &block), None);
        for bit in 0..800 {
            let mut other = block;
            other[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(compare(&block, &other), Some((bit / 8, 1)));
            other[99] = !other[99];
            let expected = if bit / 8 == 99 { (99, 1) } else { (bit / 8, 2) };
            assert_eq!(compare(&block, &other), Some(expected));
        }
    }
}
