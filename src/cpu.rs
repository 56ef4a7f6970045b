//! The CPU backend: threads over tiles of columns, a kernel in each.

mod portable;

use rayon::prelude::*;

use crate::backend::{BLOCK_BYTES, Backend, Batch, Info, Mismatch, Report, Task};
use crate::memory::{Region, Tile, View};
use crate::plan::Matrices;
use crate::{Error, Plan, env};
use portable::XorProgram;

/// Sources and targets of one tile together: a share of a core's second-level cache.
const TILE_TOTAL_BYTES: usize = 256 << 10;
/// Below this much traffic another thread costs more than it saves.
const PARALLEL_BYTES: usize = 256 << 10;

/// Runs plans on the processor's cores, in the rayon pool the caller is in.
#[derive(Debug)]
pub struct Cpu(());

impl Cpu {
    /// The backend with the best kernel this processor has, or the one that `EVARISTE_CPU` names.
    ///
    /// # Errors
    /// [`Error::Environment`] if `EVARISTE_CPU` names a kernel that is not there.
    pub fn new() -> Result<Self, Error> {
        env::choice("EVARISTE_CPU", &["portable"])?;
        Ok(Self(()))
    }
}

impl Backend for Cpu {
    fn info(&self) -> Info {
        let device = format!("portable kernel, {} threads", rayon::current_num_threads());
        Info { backend: "cpu", device, software: false, memory: None }
    }

    fn allocate(&self, bytes: usize) -> Result<Region, Error> {
        Region::new(bytes)
    }

    fn run(&self, batches: &mut [Batch<'_>]) -> Result<Report, Error> {
        batches.iter().try_for_each(Batch::check)?;
        let mut report = Report::default();
        for (index, batch) in batches.iter_mut().enumerate() {
            let parallel = batch.traffic_bytes() >= PARALLEL_BYTES;
            match batch.task() {
                Task::Write(matrices) => write(matrices, batch.view_mut(), parallel)?,
                Task::Check(plan) => report.mismatches.extend(check(index, plan, batch.view(), parallel)),
            }
        }
        report.mismatches.sort_unstable();
        Ok(report)
    }
}

fn write(matrices: Matrices<'_>, view: &mut View<'_>, parallel: bool) -> Result<(), Error> {
    let programs: Vec<XorProgram> = matrices.plans().iter().map(|plan| XorProgram::new(plan.matrix())).collect();
    let slots = matrices.plans().iter().map(|plan| plan.sources().len() + plan.targets().len()).max().unwrap_or(0);
    let tile_bytes = (TILE_TOTAL_BYTES / slots.max(1)).next_multiple_of(portable::CHUNK_BYTES);
    let tiles = view.tiles(matrices, tile_bytes)?;
    let run = |mut tile: Tile<'_>| {
        let program = &programs[tile.plan_index()];
        let sources: Vec<&[u8]> = tile.sources().collect();
        for (row, target) in tile.targets().enumerate() {
            program.run(row, &sources, target);
        }
    };
    if parallel {
        tiles.parallel().for_each(run);
    } else {
        tiles.sequential().for_each(run);
    }
    Ok(())
}

/// Computes each block of each target beside what stands there.
fn check(batch: usize, plan: &Plan, view: &View<'_>, parallel: bool) -> Vec<Mismatch> {
    let program = XorProgram::new(plan.matrix());
    let blocks = view.bytes().div_ceil(BLOCK_BYTES);
    let run = |index: usize| {
        let (stripe, block) = (index / blocks, index % blocks);
        let start = block * BLOCK_BYTES;
        let range = start..view.bytes().min(start + BLOCK_BYTES);
        let sources: Vec<&[u8]> = plan.sources().iter().map(|&s| &view.slot(s, stripe)[range.clone()]).collect();
        let mut computed = [0; BLOCK_BYTES];
        let computed = &mut computed[..range.len()];
        let mut found = Vec::new();
        for (row, &slot) in plan.targets().iter().enumerate() {
            program.run(row, &sources, computed);
            let stored = &view.slot(slot, stripe)[range.clone()];
            if let Some((first, count)) = compare(computed, stored) {
                found.push(Mismatch { batch, slot, stripe, block, first: start + first, count });
            }
        }
        found
    };
    let indices = 0..view.stripes() * blocks;
    if parallel { indices.into_par_iter().flat_map_iter(run).collect() } else { indices.flat_map(run).collect() }
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
