//! Checksums that come with a write or a check, tile by tile, so that every byte is read from memory once.
//!
//! A tile's sources and targets fit the second-level cache together. They are summed there right after the tile was
//! computed, so targets are never written past the caches.

use rayon::prelude::*;

use super::check::Check;
use super::is_worth_threads;
use super::program::Program;
use super::write::run_tile;
use crate::backend::{BLOCK_BYTES, Mismatch};
use crate::crc;
use crate::memory::{Tile, View};
use crate::{Error, Plan};

/// Sources and targets together of a tile: half of the second-level cache of a core.
const TILE_TOTAL_BYTES: usize = 512 << 10;

/// Blocks of a tile of a plan with `slots` sources and targets.
fn tile_blocks(slots: usize) -> usize {
    (TILE_TOTAL_BYTES / slots.max(1) / BLOCK_BYTES).max(1)
}

/// Writes a plan's targets in every stripe of a view, and the checksums of sources and targets.
pub(super) fn write(
    program: &dyn Program,
    plan: &Plan,
    view: &mut View<'_>,
    crc: &mut [u32],
    traffic_bytes: usize,
) -> Result<(), Error> {
    let slots = plan.sources().len() + plan.targets().len();
    let order = Order::new(view, slots);
    let mut by_tile = vec![0; crc.len()];
    let run = |(crc, mut tile): (&mut [u32], Tile<'_>)| {
        run_tile(program, &mut tile, false);
        let mut crc = crc.iter_mut();
        let mut note = |bytes: &[u8]| crc.by_ref().zip(crc::of_blocks(bytes)).for_each(|(at, crc)| *at = crc);
        tile.sources().for_each(&mut note);
        tile.targets().for_each(|target| note(target));
    };
    let tiles = view.tiles_of_stripes(plan, order.tile_blocks * BLOCK_BYTES)?;
    let parts = order.parts(&mut by_tile);
    if is_worth_threads(traffic_bytes, program.passes()) {
        parts.into_par_iter().zip(tiles.parallel()).for_each(run);
    } else {
        parts.into_iter().zip(tiles.sequential()).for_each(run);
    }
    order.by_position(&by_tile, crc);
    Ok(())
}

/// Checks a plan in every stripe of a view and writes the checksums of sources and targets as they stand.
pub(super) fn check(check: Check<'_>, crc: &mut [u32]) -> Vec<Mismatch> {
    let Check { plan, view, .. } = check;
    let order = Order::new(view, plan.sources().len() + plan.targets().len());
    let mut by_tile = vec![0; crc.len()];
    let run = |(index, crc): (usize, &mut [u32])| {
        let (stripe, blocks) = order.tile(index);
        let range = blocks.start * BLOCK_BYTES..view.bytes().min(blocks.end * BLOCK_BYTES);
        let found = check.tile(stripe, range.clone(), false);
        let slots = plan.sources().iter().chain(plan.targets());
        let crcs = slots.flat_map(|&slot| crc::of_blocks(&view.slot(slot, stripe)[range.clone()]));
        crc.iter_mut().zip(crcs).for_each(|(at, crc)| *at = crc);
        found
    };
    let parts = order.parts(&mut by_tile);
    let found = if is_worth_threads(check.traffic_bytes, check.program.passes()) {
        parts.into_par_iter().enumerate().flat_map_iter(run).collect()
    } else {
        parts.into_iter().enumerate().flat_map(run).collect()
    };
    order.by_position(&by_tile, crc);
    found
}

/// The two orders of checksums: threads leave them tile after tile, callers want them position by position.
#[derive(Clone, Copy)]
struct Order {
    slots: usize,
    stripes: usize,
    /// Blocks of a slot in one stripe.
    blocks: usize,
    tile_blocks: usize,
}

impl Order {
    fn new(view: &View<'_>, slots: usize) -> Self {
        Self {
            slots,
            stripes: view.stripes(),
            blocks: view.bytes().div_ceil(BLOCK_BYTES),
            tile_blocks: tile_blocks(slots),
        }
    }

    /// Stripe and blocks of a tile, in the order of [`View::tiles_of_stripes`].
    fn tile(self, index: usize) -> (usize, std::ops::Range<usize>) {
        let tiles = self.blocks.div_ceil(self.tile_blocks);
        let first = index % tiles * self.tile_blocks;
        (index / tiles, first..self.blocks.min(first + self.tile_blocks))
    }

    fn tiles(self) -> usize {
        self.stripes * self.blocks.div_ceil(self.tile_blocks)
    }

    /// The part of each tile.
    fn parts(self, mut by_tile: &mut [u32]) -> Vec<&mut [u32]> {
        let take = |index| {
            let (part, rest) = std::mem::take(&mut by_tile).split_at_mut(self.slots * self.tile(index).1.len());
            by_tile = rest;
            part
        };
        (0..self.tiles()).map(take).collect()
    }

    /// Puts the checksums in the order of [`Batch::with_crc`](crate::Batch::with_crc).
    fn by_position(self, mut by_tile: &[u32], crc: &mut [u32]) {
        for index in 0..self.tiles() {
            let (stripe, blocks) = self.tile(index);
            for slot in 0..self.slots {
                let (from, rest) = by_tile.split_at(blocks.len());
                by_tile = rest;
                crc[(slot * self.stripes + stripe) * self.blocks + blocks.start..][..blocks.len()]
                    .copy_from_slice(from);
            }
        }
    }
}
