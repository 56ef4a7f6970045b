//! The shards of a setup in host memory, as many batches as one call is given, and whether what a backend makes of them
//! is right.

use anyhow::{Result, ensure};
use evariste::backend::Report;
use evariste::memory::{PAGE_BYTES, Slot};
use evariste::{Backend, Batch, Cpu, Geometry, Mismatch, Region, Task, View};

use super::args::Case;
use super::job::Job;
use super::random::Random;
use super::sample::{self, Window};
use super::setup::Setup;

/// Of many batches, this many are verified beside the first and the last.
const RANDOM_BATCHES: usize = 4;

/// How the shards of a batch lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lie {
    /// In one block of the backend's choosing.
    Region,
    /// Each in memory of its own.
    Slices,
}

/// The shards of some batches.
pub(super) struct HostShards<'a> {
    setup: &'a Setup,
    batches: usize,
    memory: Memory,
}

enum Memory {
    /// Batch after batch, each at a page.
    Region(Region),
    /// Of each batch, each shard.
    Slices(Vec<Vec<Vec<u8>>>),
}

impl<'a> HostShards<'a> {
    pub(super) fn new(setup: &'a Setup, backend: &dyn Backend, lie: Lie, batches: usize) -> Result<Self> {
        let memory = match lie {
            Lie::Region => Memory::Region(backend.allocate(batch_bytes(setup)?.saturating_mul(batches))?),
            Lie::Slices => {
                let batch = |_| (0..setup.code.total_shards()).map(|_| zeroed(setup.shard_bytes())).collect();
                Memory::Slices((0..batches).map(batch).collect::<Result<_>>()?)
            }
        };
        Ok(Self { setup, batches, memory })
    }

    /// The shards of a batch.
    pub(super) fn view(&mut self, batch: usize) -> Result<View<'_>> {
        let setup = self.setup;
        Ok(match &mut self.memory {
            Memory::Region(region) => {
                let bytes = batch_bytes(setup)?;
                arena(&mut region[batch * bytes..][..bytes], setup)?
            }
            Memory::Slices(batches) => slices(&mut batches[batch], setup)?,
        })
    }

    /// The shards of every batch.
    fn views(&mut self) -> Result<Vec<View<'_>>> {
        let setup = self.setup;
        match &mut self.memory {
            Memory::Region(region) => {
                region.chunks_exact_mut(batch_bytes(setup)?).map(|batch| arena(batch, setup)).collect()
            }
            Memory::Slices(batches) => batches.iter_mut().map(|batch| slices(batch, setup)).collect(),
        }
    }

    /// Runs the task on every batch, with one call.
    pub(super) fn run(&mut self, backend: &dyn Backend, task: Task<'_>) -> Result<Report> {
        Ok(backend.run(&mut self.batches(task)?)?)
    }

    /// Whether the backend works on every batch where it lies.
    pub(super) fn are_in_place(&mut self, backend: &dyn Backend, task: Task<'_>) -> Result<bool> {
        Ok(self.batches(task)?.iter().all(|batch| backend.is_in_place(batch)))
    }

    fn batches<'b>(&'b mut self, task: Task<'b>) -> Result<Vec<Batch<'b>>> {
        self.views()?.into_iter().map(|view| Ok(Batch::new(task, view)?)).collect()
    }

    /// Fills every shard with random bytes.
    pub(super) fn fill(&mut self, random: &mut Random) {
        match &mut self.memory {
            Memory::Region(region) => random.fill(region),
            Memory::Slices(batches) => batches.iter_mut().flatten().for_each(|shard| random.fill(shard)),
        }
    }

    /// Whether the job's result is right on bytes it has not seen before: a sample by the field's own arithmetic, and all
    /// of it by the witness, where one plan says what all of it should be.
    pub(super) fn judge(
        &mut self,
        backend: &dyn Backend,
        witness: Option<&Cpu>,
        job: &Job,
        inject_fault: bool,
        random: &mut Random,
    ) -> Result<bool> {
        self.fill(random);
        self.run(backend, job.write())?;
        let (first, last) = (0, self.batches - 1);
        let between = (0..RANDOM_BATCHES.min(last)).map(|_| random.below(last)).collect::<Vec<_>>();
        let chosen: Vec<usize> = [first, last].into_iter().chain(between).collect();
        let windows = sample::windows(self.setup, random);
        if inject_fault {
            let window = windows[random.below(windows.len())];
            let targets = job.plan(window.stripe).targets();
            let target = targets[random.below(targets.len())];
            let batch = chosen[random.below(chosen.len())];
            self.view(batch)?.slot_mut(target, window.stripe)[window.offset] ^= 1;
        }
        let shards = self.setup.code.total_shards();
        let mut right = true;
        for batch in chosen {
            right &= sample::is_right(job, &windows, shards, &self.columns(batch, &windows)?);
        }
        if let (Some(witness), Case::Encode | Case::Reconstruct | Case::Check) = (witness, job.case) {
            right &= self.run(witness, Task::Check(job.plan(0)))?.is_consistent();
        }
        if job.case != Case::Check {
            return Ok(right);
        }
        right &= self.run(backend, job.task())?.is_consistent();
        let (batch, stripe) = (random.below(self.batches), random.below(self.setup.stripes));
        let (slot, offset) = (u32::try_from(random.below(shards))?, random.below(self.setup.unit_bytes));
        self.view(batch)?.slot_mut(slot, stripe)[offset] ^= 1;
        let found = self.run(backend, job.task())?.mismatches;
        let is_there = |found: &Mismatch| (found.batch, found.stripe, found.first) == (batch, stripe, offset);
        Ok(right && !found.is_empty() && found.iter().all(is_there))
    }

    fn columns(&mut self, batch: usize, windows: &[Window]) -> Result<Vec<u8>> {
        let shards = u32::try_from(self.setup.code.total_shards())?;
        let view = self.view(batch)?;
        let mut columns = Vec::new();
        for window in windows {
            for shard in 0..shards {
                columns.extend_from_slice(&view.slot(shard, window.stripe)[window.offset..][..window.bytes]);
            }
        }
        ensure!(!columns.is_empty(), "nothing to verify");
        Ok(columns)
    }
}

/// How the shards of a batch lie in a region: one stripe as a codec lays it out, several one after another.
fn geometry(setup: &Setup) -> Result<Geometry> {
    let shards = setup.code.total_shards();
    if setup.stripes == 1 { Ok(Geometry::one_stripe(shards, setup.unit_bytes)?) } else { Ok(setup.geometry(shards)) }
}

/// Whole pages of a region for one batch.
fn batch_bytes(setup: &Setup) -> Result<usize> {
    let Geometry { slots, slot_stride, stripes, stripe_stride, .. } = geometry(setup)?;
    let bytes = slots.saturating_mul(slot_stride).max(stripes.saturating_mul(stripe_stride));
    Ok(bytes.checked_next_multiple_of(PAGE_BYTES).unwrap_or(usize::MAX))
}

fn zeroed(bytes: usize) -> Result<Vec<u8>> {
    let mut memory = Vec::new();
    memory.try_reserve_exact(bytes)?;
    memory.resize(bytes, 0);
    Ok(memory)
}

fn arena<'m>(memory: &'m mut [u8], setup: &Setup) -> Result<View<'m>> {
    Ok(View::arena(memory, geometry(setup)?)?)
}

fn slices<'m>(shards: &'m mut [Vec<u8>], setup: &Setup) -> Result<View<'m>> {
    Ok(View::slices(shards.iter_mut().map(|shard| Slot::Write(shard)), setup.stripes)?)
}
