//! Writing: tiles of columns, each through the program of its plan.

use std::sync::Arc;

use rayon::prelude::*;

use super::gather;
use super::program::Program;
use super::programs::Programs;
use super::{is_beyond_caches, is_worth_threads};
use crate::memory::{Tile, View};
use crate::plan::Matrices;
use crate::{Error, Plan};

/// Sources and targets together of a tile that is read in several passes: half of the second-level cache of a core.
const PASSES_TOTAL_BYTES: usize = 512 << 10;
/// Columns of a tile come in multiples of this, so that the tiles after the first are aligned as the first is.
const TILE_GRAIN_BYTES: usize = 4096;
/// Tiles for each thread. With several, a thread that was interrupted delays the others little.
const TILES_PER_THREAD: usize = 4;
/// Plans that one thread prepares at a time: fewer are not worth waking another thread for.
const PLANS_AT_ONCE: usize = 64;

/// Runs plans that write over every stripe of a view.
pub(super) fn run(
    programs: &Programs,
    matrices: Matrices<'_>,
    view: &mut View<'_>,
    traffic_bytes: usize,
) -> Result<(), Error> {
    let plans = matrices.plans();
    let slots = plans.iter().map(|plan| plan.sources().len() + plan.targets().len()).max().unwrap_or(0);
    let beyond_caches = is_beyond_caches(traffic_bytes);
    let one: [Arc<dyn Program>; 1];
    let many: Vec<Arc<dyn Program>>;
    let programs = match matrices {
        Matrices::One(plan) => {
            one = [programs.get(plan.matrix())];
            &one[..]
        }
        // There may be thousands, which would drive out the programs of other calls.
        Matrices::PerStripe { plans, .. } => {
            let prepare = |plan: &Plan| programs.engine().prepare(plan.matrix()).into();
            many = plans.par_iter().with_min_len(PLANS_AT_ONCE).map(prepare).collect();
            &many
        }
    };
    let passes = programs.iter().map(|program| program.passes()).max().unwrap_or(0);
    let parallel = is_worth_threads(traffic_bytes, passes);
    let mut tile_bytes = view.total_bytes();
    if parallel {
        tile_bytes /= TILES_PER_THREAD * rayon::current_num_threads();
    }
    if passes > 1 {
        tile_bytes = tile_bytes.min(PASSES_TOTAL_BYTES / slots);
    }
    let tile_bytes = tile_bytes.next_multiple_of(TILE_GRAIN_BYTES);
    let tiles = view.tiles(matrices, tile_bytes)?;
    let run = |mut tile: Tile<'_>| {
        run_tile(&*programs[tile.plan_index()], &mut tile, beyond_caches);
    };
    if parallel {
        tiles.parallel().for_each(run);
    } else {
        tiles.sequential().for_each(run);
    }
    Ok(())
}

/// Runs a tile, without an allocation for codes of usual width.
pub(super) fn run_tile(program: &dyn Program, tile: &mut Tile<'_>, beyond_caches: bool) {
    gather::with(tile.sources(), |sources| {
        gather::with(tile.targets(), |targets| program.write(sources, targets, beyond_caches));
    });
}
