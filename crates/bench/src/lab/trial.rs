//! Verifies a kernel's result on the device, on fresh bytes.
//!
//! A sample of the result is compared with the field's own arithmetic, and the other kernel checks the whole result. A
//! check is run on consistent shards, then with one wrong byte of parity, then with one of data. It must report exactly
//! the wrong byte.

use std::collections::BTreeSet;

use anyhow::Result;
use evariste::{Gpu, Mismatch, Task};

use super::shards::Shards;
use super::{KernelName, Lab};
use crate::args::Case;
use crate::job::Job;
use crate::random::Random;
use crate::sample;
use crate::setup::Setup;

/// A job on a setup, whose results are verified.
pub(crate) struct Trial<'a> {
    pub(crate) lab: &'a Lab,
    pub(crate) setup: &'a Setup,
    pub(crate) job: &'a Job,
    pub(crate) shards: &'a Shards,
    /// Whether one bit of the result is flipped before it is verified.
    pub(crate) inject_fault: bool,
}

impl Trial<'_> {
    /// Whether the kernel's results are right.
    pub(crate) fn judge(&self, kernel: KernelName, random: &mut Random) -> Result<bool> {
        let (gpu, witness) = (self.lab.gpu(kernel), self.lab.witness(kernel));
        self.shards.fill(self.lab, random)?;
        match self.job.case {
            Case::Check => self.check(gpu, witness, random),
            Case::Encode | Case::Reconstruct => self.write(gpu, witness, self.job.task(), random),
            Case::Patterns => self.patterns(gpu, witness, random),
        }
    }

    /// Runs the job. The witness then checks that the targets of `whole` are consistent.
    fn write(&self, gpu: &Gpu, witness: &Gpu, whole: Task<'_>, random: &mut Random) -> Result<bool> {
        let _ = self.lab.run(gpu, self.job.task(), self.shards.resident())?;
        let windows = sample::windows(self.setup, random);
        if self.inject_fault {
            let window = windows[random.below(windows.len())];
            let targets = self.job.plan(window.stripe).targets();
            let target = targets[random.below(targets.len())];
            self.flip(target, window.stripe, window.offset + random.below(window.bytes), random)?;
        }
        let columns = self.shards.columns(self.lab, &windows)?;
        let sampled = sample::is_right(self.job, &windows, self.setup.code.total_shards(), &columns);
        let plan = &whole.matrices().plans()[0];
        let report = self.lab.run(witness, Task::Check(plan), self.shards.resident())?;
        if !sampled {
            log::warn!("a sample of {} {} is wrong", self.job.case.as_str(), self.setup.shape());
        }
        if let Some(first) = report.mismatches.first() {
            log::warn!("{} blocks disagree with the other kernel, first {first:?}", report.mismatches.len());
        }
        Ok(sampled && report.is_consistent())
    }

    /// Encodes every stripe, overwrites the shards that its pattern loses, and checks that the repair makes it
    /// consistent again.
    fn patterns(&self, gpu: &Gpu, witness: &Gpu, random: &mut Random) -> Result<bool> {
        let encode = self.setup.code.encode_plan();
        let _ = self.lab.run(witness, Task::write(&encode), self.shards.resident())?;
        let _ = self.lab.run(gpu, self.job.scramble()?.task(), self.shards.resident())?;
        let lost = self.lab.run(witness, Task::Check(&encode), self.shards.resident())?;
        let lost: BTreeSet<usize> = lost.mismatches.iter().map(|mismatch| mismatch.stripe).collect();
        if lost.len() != self.setup.stripes {
            log::warn!("{} of {} stripes were damaged before the repair", lost.len(), self.setup.stripes);
            return Ok(false);
        }
        self.write(gpu, witness, Task::write(&encode), random)
    }

    fn check(&self, gpu: &Gpu, witness: &Gpu, random: &mut Random) -> Result<bool> {
        let _ = self.lab.run(witness, self.job.write(), self.shards.resident())?;
        let windows = sample::windows(self.setup, random);
        let columns = self.shards.columns(self.lab, &windows)?;
        let parity_is_right = sample::is_right(self.job, &windows, self.setup.code.total_shards(), &columns);
        let (stripe, offset) = (random.below(self.setup.stripes), random.below(self.setup.unit_bytes));
        let (data, parity) = (self.setup.code.data_shards(), self.setup.code.parity_shards());
        if self.inject_fault {
            self.flip(data + random.below(parity), stripe, offset, random)?;
        }
        let clean = self.lab.run(gpu, self.job.task(), self.shards.resident())?;
        let mut right = parity_is_right && clean.is_consistent();
        for shard in [data + random.below(parity), random.below(data)] {
            let (bit, flip) = (random.below(8), |bit| self.shards.flip(self.lab, shard, stripe, offset, bit));
            let bit = u32::try_from(bit)?;
            flip(bit)?;
            let found = self.lab.run(gpu, self.job.task(), self.shards.resident())?;
            flip(bit)?;
            right &= found.mismatches == self.mismatches(shard, stripe, offset);
        }
        if !right {
            log::warn!("a check of {} gave a wrong report", self.setup.shape());
        }
        Ok(right)
    }

    /// The mismatches that a check must report for one wrong byte.
    fn mismatches(&self, shard: usize, stripe: usize, offset: usize) -> Vec<Mismatch> {
        let plan = self.job.plan(stripe);
        let source = plan.sources().iter().position(|&slot| slot == shard);
        let differs = |row: usize, slot: usize| match source {
            Some(column) => plan.matrix().row(row)[column] != 0,
            None => slot == shard,
        };
        let mismatch = |slot| Mismatch::new(0, slot, stripe, offset, 1);
        let targets = plan.targets().iter().enumerate();
        targets.filter(|&(row, &slot)| differs(row, slot)).map(|(_, &slot)| mismatch(slot)).collect()
    }

    fn flip(&self, shard: usize, stripe: usize, offset: usize, random: &mut Random) -> Result<()> {
        self.shards.flip(self.lab, shard, stripe, offset, u32::try_from(random.below(8))?)
    }
}
