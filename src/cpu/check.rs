//! Checking: targets are compared with what stands there as they are computed, and where that fails, written beside and
//! looked at byte by byte.

use std::ops::Range;

use rayon::prelude::*;

use super::gather::{FEW, MANY, gather};
use super::program::Program;
use super::{is_beyond_caches, is_worth_threads};
use crate::Plan;
use crate::backend::{BLOCK_BYTES, Mismatch};
use crate::memory::View;

/// Blocks compared before anything is reported.
const TILE_BLOCKS: usize = 8;

/// Runs a plan that checks over every stripe of a view.
pub(super) fn run(
    program: &dyn Program,
    batch: usize,
    plan: &Plan,
    view: &View<'_>,
    traffic_bytes: usize,
) -> Vec<Mismatch> {
    let tile_bytes = TILE_BLOCKS * BLOCK_BYTES;
    let tiles = view.bytes().div_ceil(tile_bytes);
    let beyond_caches = is_beyond_caches(traffic_bytes);
    let run = |index: usize| {
        let (stripe, tile) = (index / tiles, index % tiles);
        let start = tile * tile_bytes;
        let range = start..view.bytes().min(start + tile_bytes);
        check_tile(program, batch, plan, view, stripe, range, beyond_caches)
    };
    let indices = 0..view.stripes() * tiles;
    if is_worth_threads(traffic_bytes, program.passes()) {
        indices.into_par_iter().flat_map_iter(run).collect()
    } else {
        indices.flat_map(run).collect()
    }
}

/// Checks a tile, which is some columns of a stripe.
pub(super) fn check_tile(
    program: &dyn Program,
    batch: usize,
    plan: &Plan,
    view: &View<'_>,
    stripe: usize,
    range: Range<usize>,
    beyond_caches: bool,
) -> Vec<Mismatch> {
    if plan.sources().len().max(plan.targets().len()) <= FEW {
        check_gathered::<FEW>(program, batch, plan, view, stripe, range, beyond_caches)
    } else {
        check_gathered::<MANY>(program, batch, plan, view, stripe, range, beyond_caches)
    }
}

/// Checks a tile; if all is right without an allocation, unless there are more than `N` sources or targets.
fn check_gathered<const N: usize>(
    program: &dyn Program,
    batch: usize,
    plan: &Plan,
    view: &View<'_>,
    stripe: usize,
    range: Range<usize>,
    beyond_caches: bool,
) -> Vec<Mismatch> {
    let cut = |&slot: &u32| &view.slot(slot, stripe)[range.clone()];
    let (mut few_sources, mut many_sources) = ([&[][..]; N], Vec::new());
    let sources = gather(plan.sources().iter().map(cut), &mut few_sources, &mut many_sources);
    let (mut few_stored, mut many_stored) = ([&[][..]; N], Vec::new());
    let stored = gather(plan.targets().iter().map(cut), &mut few_stored, &mut many_stored);
    let mut found = Vec::new();
    if !program.differs(sources, stored, beyond_caches) {
        return found;
    }
    let bytes = range.len();
    let mut computed = vec![0; bytes * stored.len()];
    let mut targets: Vec<&mut [u8]> = computed.chunks_mut(bytes).collect();
    program.write(sources, &mut targets, false);
    for ((&slot, computed), stored) in plan.targets().iter().zip(computed.chunks(bytes)).zip(stored) {
        for (index, (computed, stored)) in computed.chunks(BLOCK_BYTES).zip(stored.chunks(BLOCK_BYTES)).enumerate() {
            if let Some((first, count)) = compare(computed, stored) {
                let start = range.start + index * BLOCK_BYTES;
                found.push(Mismatch { batch, slot, stripe, block: start / BLOCK_BYTES, first: start + first, count });
            }
        }
    }
    found
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
