//! What moving alone takes: the same tiles and as many shards read and written, without a product.

use std::hint::black_box;

use anyhow::Result;
use evariste::memory::Tile;
use evariste::{Matrices, Plan, View};
use rayon::prelude::*;

/// Columns of a tile: with all shards a share of a core's second-level cache.
const TILE_TOTAL_BYTES: usize = 256 << 10;
/// Columns summed at once: what fits the registers of any processor.
const PIECE_BYTES: usize = 128;

/// What is done with a plan's targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moving {
    /// They are written.
    Writes,
    /// They are read, as a check does.
    Reads,
}

/// Reads a plan's sources, XORs them, and writes as many targets, or reads them; on one thread or on all of the pool's.
pub(super) fn run(view: &mut View<'_>, plan: &Plan, moving: Moving, parallel: bool) -> Result<()> {
    let tile_bytes = (TILE_TOTAL_BYTES / view.slots()).next_multiple_of(PIECE_BYTES);
    let tiles = view.tiles(Matrices::One(plan), tile_bytes)?;
    if parallel {
        tiles.parallel().for_each(|tile| run_tile(tile, moving));
    } else {
        tiles.sequential().for_each(|tile| run_tile(tile, moving));
    }
    Ok(())
}

fn run_tile(mut tile: Tile<'_>, moving: Moving) {
    let mut sources: Vec<&[u8]> = tile.sources().collect();
    let mut targets: Vec<&mut [u8]> = tile.targets().collect();
    if moving == Moving::Reads {
        sources.extend(targets.drain(..).map(|target| &*target));
    }
    let bytes = sources.first().map_or(0, |source| source.len());
    for at in (0..bytes).step_by(PIECE_BYTES) {
        let mut sum = [0; PIECE_BYTES];
        if bytes - at >= PIECE_BYTES {
            add_piece(&mut sum, &sources, at);
            targets.iter_mut().for_each(|target| target[at..at + PIECE_BYTES].copy_from_slice(&sum));
        } else {
            let add = |source: &&[u8]| sum.iter_mut().zip(&source[at..]).for_each(|(sum, byte)| *sum ^= byte);
            sources.iter().for_each(add);
            targets.iter_mut().for_each(|target| target[at..].copy_from_slice(&sum[..bytes - at]));
        }
        black_box(&sum);
    }
}

/// A whole piece of each source: its length is known where this is compiled, so the sum stays in registers.
#[inline]
fn add_piece(sum: &mut [u8; PIECE_BYTES], sources: &[&[u8]], at: usize) {
    for source in sources {
        if let Some(piece) = source[at..].first_chunk::<PIECE_BYTES>() {
            sum.iter_mut().zip(piece).for_each(|(sum, byte)| *sum ^= byte);
        }
    }
}
