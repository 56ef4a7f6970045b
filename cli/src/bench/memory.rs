//! The shards of a setup in host memory, as many batches as one call is given, and whether what a backend makes of them
//! is right.

use anyhow::{Result, ensure};
use evariste::backend::Report;
use evariste::memory::Slot;
use evariste::{Backend, Batch, Cpu, Mismatch, Region, Task, View};

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
    /// In one block of the backend's choosing, stripe after stripe and in each slot after slot.
    Region,
    /// Each in memory of its own.
    Slices,
}

enum Memory {
    Region(Region),
    Slices(Vec<Vec<u8>>),
}

/// The shards of some batches.
pub(super) struct HostShards<'a> {
    setup: &'a Setup,
    batches: Vec<Memory>,
}

impl<'a> HostShards<'a> {
    pub(super) fn new(setup: &'a Setup, backend: &dyn Backend, lie: Lie, batches: usize) -> Result<Self> {
        let shards = setup.code.total_shards();
        let memory = |_| match lie {
            Lie::Region => Ok(Memory::Region(backend.allocate(setup.buffer_bytes(shards))?)),
            Lie::Slices => {
                let shard = |_| {
                    let mut shard = Vec::new();
                    shard.try_reserve_exact(setup.shard_bytes())?;
                    shard.resize(setup.shard_bytes(), 0);
                    Ok(shard)
                };
                Ok(Memory::Slices((0..shards).map(shard).collect::<Result<_>>()?))
            }
        };
        Ok(Self { setup, batches: (0..batches).map(memory).collect::<Result<_>>()? })
    }

    /// The shards of a batch.
    pub(super) fn view(&mut self, batch: usize) -> Result<View<'_>> {
        self.batches[batch].view(self.setup)
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
        let setup = self.setup;
        self.batches.iter_mut().map(|memory| Ok(Batch::new(task, memory.view(setup)?)?)).collect()
    }

    /// Fills every shard with random bytes.
    pub(super) fn fill(&mut self, random: &mut Random) {
        for memory in &mut self.batches {
            match memory {
                Memory::Region(region) => random.fill(region),
                Memory::Slices(shards) => shards.iter_mut().for_each(|shard| random.fill(shard)),
            }
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
        let (first, last) = (0, self.batches.len() - 1);
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
        let (batch, stripe) = (random.below(self.batches.len()), random.below(self.setup.stripes));
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

impl Memory {
    fn view(&mut self, setup: &Setup) -> Result<View<'_>> {
        Ok(match self {
            Self::Region(region) => View::arena(region, setup.geometry(setup.code.total_shards()))?,
            Self::Slices(shards) => View::slices(shards.iter_mut().map(|shard| Slot::Write(shard)), setup.stripes)?,
        })
    }
}
