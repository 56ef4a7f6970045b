//! The shards of a setup in host memory, and the verification of a backend's results on them.
//!
//! A set is the batches of one call. There are several sets, so that consecutive calls do not find their shards in the caches.

use std::collections::BTreeSet;
use std::ops::Range;

use anyhow::{Context, Result, ensure};
use evariste::backend::Report;
use evariste::memory::{PAGE_BYTES, Slot};
use evariste::{Backend, Batch, Cpu, Geometry, Mismatch, Region, Task, View};

use crate::args::Case;
use crate::job::Job;
use crate::random::Random;
use crate::sample::{self, Window};
use crate::setup::Setup;

/// Sets that are verified besides the first and the last, and batches that are verified likewise in each set.
const RANDOM_CHOICES: usize = 4;

/// How the shards of a batch are allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allocation {
    /// In one block that the backend allocates.
    Region,
    /// Each shard in a vector.
    Slices,
}

/// The shards of some sets.
pub(crate) struct HostShards<'a> {
    setup: &'a Setup,
    /// Batches of one set.
    batches: usize,
    sets: usize,
    memory: Memory,
}

enum Memory {
    /// Batch after batch, each from a page boundary on.
    Region(Region),
    /// The shards of each batch.
    Slices(Vec<Vec<Vec<u8>>>),
}

impl<'a> HostShards<'a> {
    pub(crate) fn new(
        setup: &'a Setup,
        backend: &dyn Backend,
        allocation: Allocation,
        batches: usize,
        sets: usize,
    ) -> Result<Self> {
        let all = batches.saturating_mul(sets);
        let memory = match allocation {
            Allocation::Region => Memory::Region(backend.allocate(batch_bytes(setup)?.saturating_mul(all))?),
            Allocation::Slices => {
                let batch = |_| (0..setup.code.total_shards()).map(|_| zeroed(setup.shard_bytes())).collect();
                Memory::Slices((0..all).map(batch).collect::<Result<_>>()?)
            }
        };
        Ok(Self { setup, batches, sets, memory })
    }

    pub(crate) fn sets(&self) -> usize {
        self.sets
    }

    /// The shards of one batch, counted over all sets.
    pub(crate) fn view(&mut self, batch: usize) -> Result<View<'_>> {
        let mut views = self.views(batch..batch + 1)?;
        views.pop().with_context(|| format!("there is no batch {batch}"))
    }

    fn views(&mut self, range: Range<usize>) -> Result<Vec<View<'_>>> {
        let setup = self.setup;
        match &mut self.memory {
            Memory::Region(region) => {
                let bytes = batch_bytes(setup)?;
                let batches = region[range.start * bytes..range.end * bytes].chunks_exact_mut(bytes);
                batches.map(|batch| arena(batch, setup)).collect()
            }
            Memory::Slices(batches) => batches[range].iter_mut().map(|batch| slices(batch, setup)).collect(),
        }
    }

    /// Runs the task on every batch of a set, with one call.
    pub(crate) fn run(&mut self, set: usize, backend: &dyn Backend, task: Task<'_>) -> Result<Report> {
        Ok(backend.run(&mut self.batches(set, task)?)?)
    }

    /// Runs the task on every set, call by call.
    pub(crate) fn run_all(&mut self, backend: &dyn Backend, task: Task<'_>) -> Result<()> {
        (0..self.sets).try_for_each(|set| self.run(set, backend, task).map(drop))
    }

    /// Whether the backend works on every batch of the first set in place.
    pub(crate) fn are_in_place(&mut self, backend: &dyn Backend, task: Task<'_>) -> Result<bool> {
        Ok(self.batches(0, task)?.iter().all(|batch| backend.is_in_place(batch)))
    }

    fn batches<'b>(&'b mut self, set: usize, task: Task<'b>) -> Result<Vec<Batch<'b>>> {
        let range = set * self.batches..(set + 1) * self.batches;
        self.views(range)?.into_iter().map(|view| Ok(Batch::new(task, view)?)).collect()
    }

    /// Fills every shard with random bytes.
    pub(crate) fn fill(&mut self, random: &mut Random) {
        match &mut self.memory {
            Memory::Region(region) => random.fill(region),
            Memory::Slices(batches) => batches.iter_mut().flatten().for_each(|shard| random.fill(shard)),
        }
    }

    /// Whether the job's result is right on fresh bytes: in the first set, the last, and some between.
    pub(crate) fn judge(
        &mut self,
        backend: &dyn Backend,
        witness: Option<&Cpu>,
        job: &Job,
        inject_fault: bool,
        random: &mut Random,
    ) -> Result<bool> {
        self.fill(random);
        let sets: Vec<usize> = chosen(self.sets, random).into_iter().collect();
        let faulty = inject_fault.then(|| sets[random.below(sets.len())]);
        let mut right = true;
        for set in sets {
            right &= self.judge_set(set, backend, witness, job, faulty == Some(set), random)?;
        }
        Ok(right)
    }

    /// Compares a sample with the field's own arithmetic. If one plan serves all stripes, the witness checks the whole
    /// set.
    fn judge_set(
        &mut self,
        set: usize,
        backend: &dyn Backend,
        witness: Option<&Cpu>,
        job: &Job,
        inject_fault: bool,
        random: &mut Random,
    ) -> Result<bool> {
        let _ = self.run(set, backend, job.write())?;
        let first = set * self.batches;
        let batches: Vec<usize> = chosen(self.batches, random).into_iter().collect();
        let windows = sample::windows(self.setup, random);
        if inject_fault {
            let window = windows[random.below(windows.len())];
            let targets = job.plan(window.stripe).targets();
            let target = targets[random.below(targets.len())];
            let batch = batches[random.below(batches.len())];
            self.view(first + batch)?.slot_mut(target, window.stripe)[window.offset] ^= 1;
        }
        let shards = self.setup.code.total_shards();
        let mut right = true;
        for batch in batches {
            right &= sample::is_right(job, &windows, shards, &self.columns(first + batch, &windows)?);
        }
        if let (Some(witness), Case::Encode | Case::Reconstruct | Case::Check) = (witness, job.case) {
            right &= self.run(set, witness, Task::Check(job.plan(0)))?.is_consistent();
        }
        if job.case != Case::Check {
            return Ok(right);
        }
        right &= self.run(set, backend, job.task())?.is_consistent();
        let (batch, stripe) = (random.below(self.batches), random.below(self.setup.stripes));
        let (slot, offset) = (random.below(shards), random.below(self.setup.unit_bytes));
        self.view(first + batch)?.slot_mut(slot, stripe)[offset] ^= 1;
        let found = self.run(set, backend, job.task())?.mismatches;
        let is_there = |found: &Mismatch| (found.batch, found.stripe, found.first) == (batch, stripe, offset);
        Ok(right && !found.is_empty() && found.iter().all(is_there))
    }

    fn columns(&mut self, batch: usize, windows: &[Window]) -> Result<Vec<u8>> {
        let shards = self.setup.code.total_shards();
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

/// The first, the last, and some between.
fn chosen(count: usize, random: &mut Random) -> BTreeSet<usize> {
    (0..RANDOM_CHOICES).map(|_| random.below(count)).chain([0, count - 1]).collect()
}

/// Bytes of a set's memory, in a region.
pub(crate) fn set_bytes(setup: &Setup, batches: usize) -> Result<usize> {
    Ok(batch_bytes(setup)?.saturating_mul(batches))
}

/// The layout of a batch in a region: a single stripe as a codec lays it out, several stripes one after another.
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

/// A vector of zeros, or an error if memory is short.
pub(crate) fn zeroed(bytes: usize) -> Result<Vec<u8>> {
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
