//! Correcting: every tile is checked first; a tile that fails the check is corrected block by block.
//!
//! Damage is seldom scattered: usually one shard is wrong over a long run of columns. So one wrong column of a block is decoded,
//! and the shards it finds wrong are tried on all other columns of the block at once ([`hypothesis`]). Columns are decoded one by
//! one only if that explains too few of them.

mod block;
mod hypothesis;

use std::sync::LazyLock;

use rayon::prelude::*;

use super::gather;
use super::program::Program;
use super::programs::Programs;
use super::{is_beyond_caches, is_worth_threads};
use crate::backend::{BLOCK_BYTES, Correction, Erasures, Uncorrectable};
use crate::memory::{Tile, View};
use crate::{Error, Grs};
use block::{Block, Locator};

/// Blocks that are checked together before any is corrected.
const TILE_BLOCKS: usize = 8;

/// What was found in an inconsistent tile.
pub(super) type Found = (Vec<Correction>, Vec<Uncorrectable>);

/// Corrects every stripe of a view; slots are the code's shards.
pub(super) fn run(
    programs: &Programs,
    batch: usize,
    grs: &Grs,
    erased: &Erasures,
    view: &mut View<'_>,
    traffic_bytes: usize,
) -> Result<Vec<Found>, Error> {
    let shards = grs.total_shards();
    let check = programs.get(grs.check_plan().matrix());
    let corrector = Corrector {
        batch,
        erased,
        data_shards: shards - grs.parity_shards(),
        check: &*check,
        beyond_caches: is_beyond_caches(traffic_bytes),
        locator: LazyLock::new(|| Locator::new(programs, grs)),
    };
    let slots: Vec<usize> = (0..shards).collect();
    let tiles = view.tiles_of_slots(&slots, TILE_BLOCKS * BLOCK_BYTES)?;
    let run = |tile: Tile<'_>| corrector.correct_tile(tile);
    Ok(if is_worth_threads(traffic_bytes, check.passes()) {
        tiles.parallel().filter_map(run).collect()
    } else {
        tiles.sequential().filter_map(run).collect()
    })
}

/// What all tiles of a batch share.
struct Corrector<'a, F> {
    batch: usize,
    erased: &'a Erasures,
    data_shards: usize,
    check: &'a dyn Program,
    beyond_caches: bool,
    /// Made when the first inconsistent tile is found.
    locator: LazyLock<Locator<'a>, F>,
}

impl<'a, F: FnOnce() -> Locator<'a>> Corrector<'a, F> {
    /// Corrects a tile. If all is right, without an allocation for codes of usual width.
    fn correct_tile(&self, mut tile: Tile<'_>) -> Option<Found> {
        let (stripe, start) = tile.position();
        gather::with(tile.targets(), |shards| self.differs(shards).then(|| self.correct_blocks(shards, stripe, start)))
    }

    /// Whether parity is anywhere not what the data give.
    fn differs(&self, shards: &[&mut [u8]]) -> bool {
        gather::with(shards.iter().map(|shard| &**shard), |shards| {
            let (data, parity) = shards.split_at(self.data_shards);
            self.check.differs(data, parity, self.beyond_caches)
        })
    }

    /// Corrects the blocks of a tile that begins at column `tile_start`.
    fn correct_blocks(&self, shards: &mut [&mut [u8]], stripe: usize, tile_start: usize) -> Found {
        let batch = self.batch;
        let (mut corrections, mut uncorrectable) = (Vec::new(), Vec::new());
        let bytes = shards.first().map_or(0, |shard| shard.len());
        for offset in (0..bytes).step_by(BLOCK_BYTES) {
            let end = bytes.min(offset + BLOCK_BYTES);
            let columns = shards.iter_mut().map(|shard| &mut shard[offset..end]).collect();
            let start = tile_start + offset;
            let index = start / BLOCK_BYTES;
            let mut block = Block::new(&self.locator, columns, self.erased.of(stripe, index));
            block.correct();
            for (slot, span) in (0..).zip(block.corrected()) {
                if let Some((first, last)) = span.ends(start) {
                    let count = span.count();
                    corrections.push(Correction { batch, slot, stripe, block: index, first, last, count });
                }
            }
            if let Some((first, last)) = block.beyond().ends(start) {
                let count = block.beyond().count();
                uncorrectable.push(Uncorrectable { batch, stripe, block: index, first, last, count });
            }
        }
        (corrections, uncorrectable)
    }
}
