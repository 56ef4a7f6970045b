//! Correcting: tiles are checked as by a check, and where that fails, looked at block by block.
//!
//! Damage is seldom scattered: a shard is wrong over a long run of columns, in all of them at the same place. So the errata
//! of one wrong column are sought, and the places they are at are tried on all others of the block at once
//! ([`hypothesis`]). Columns are decoded one by one only where that explains too few.

mod block;
mod hypothesis;

use std::sync::LazyLock;

use rayon::prelude::*;

use super::gather::{FEW, MANY, gather};
use super::program::Program;
use super::recent::RecentPrograms;
use super::{is_beyond_caches, is_worth_threads};
use crate::backend::{BLOCK_BYTES, Correction, Erasures, Uncorrectable};
use crate::memory::{Tile, View};
use crate::{Error, Grs, Matrix, Plan};
use block::{Block, Locator};

/// Blocks compared before any is looked at by itself.
const TILE_BLOCKS: usize = 8;

/// What was found in a tile that is not right.
pub(super) type Found = (Vec<Correction>, Vec<Uncorrectable>);

/// Corrects every stripe of a view; slots are the code's shards.
pub(super) fn run(
    programs: &RecentPrograms,
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
    // Nothing is computed from anything: each tile has all shards, to be read and written.
    let all = Plan::trusted(Vec::new(), (0..shards).collect(), Matrix::zero(shards, 0));
    let tiles = view.tiles_of_stripes(&all, TILE_BLOCKS * BLOCK_BYTES)?;
    let run = |tile: Tile<'_>| {
        if shards <= FEW { corrector.correct_tile::<FEW>(tile) } else { corrector.correct_tile::<MANY>(tile) }
    };
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
    /// Made when something is wrong.
    locator: LazyLock<Locator<'a>, F>,
}

impl<'a, F: FnOnce() -> Locator<'a>> Corrector<'a, F> {
    /// Corrects a tile; if all is right without an allocation, unless there are more than `N` shards.
    fn correct_tile<const N: usize>(&self, mut tile: Tile<'_>) -> Option<Found> {
        let (stripe, start) = tile.position();
        let mut few: [&mut [u8]; N] = std::array::from_fn(|_| &mut [][..]);
        let mut many = Vec::new();
        let shards = gather(tile.targets(), &mut few, &mut many);
        if !self.differs::<N>(shards) {
            return None;
        }
        let (mut corrections, mut uncorrectable) = (Vec::new(), Vec::new());
        let bytes = shards.first().map_or(0, |shard| shard.len());
        for offset in (0..bytes).step_by(BLOCK_BYTES) {
            let end = bytes.min(offset + BLOCK_BYTES);
            let columns = shards.iter_mut().map(|shard| &mut shard[offset..end]).collect();
            let (batch, start) = (self.batch, start + offset);
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
        Some((corrections, uncorrectable))
    }

    /// Whether parity is anywhere not what the data give.
    fn differs<const N: usize>(&self, shards: &[&mut [u8]]) -> bool {
        let (mut few, mut many) = ([&[][..]; N], Vec::new());
        let shards = gather(shards.iter().map(|shard| &**shard), &mut few, &mut many);
        let (data, parity) = shards.split_at(self.data_shards);
        self.check.differs(data, parity, self.beyond_caches)
    }
}
