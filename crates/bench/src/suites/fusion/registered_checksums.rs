//! A job, and the checksums of everything that it reads and writes, on shards in host memory that is registered with the GPU, by
//! the wall clock.

use anyhow::{Result, ensure};
use evariste::backend::BLOCK_BYTES;
use evariste::crc;
use evariste::gpu::Kernel;
use evariste::{Backend, Batch, Cpu, Gpu, Plan, Task};
use rayon::prelude::*;

use super::registered::Registered;
use super::ways::{self, Run, WAYS, Way};
use crate::args::Case;
use crate::interrupt;
use crate::job::Job;
use crate::memory::{Allocation, HostShards};
use crate::random::Random;
use crate::setup::{self, Setup};
use crate::wall;

pub(super) fn measure(run: &mut Run<'_>, case: Case) -> Result<()> {
    let name = if case == Case::Encode { "encode+crc32c" } else { "rebuild+crc32c" };
    let place = Registered::open(Some(Kernel::Compiled))?;
    for setup in Setup::all(run.sizes, None, place.defaults(setup::FUSION_REGISTERED))? {
        interrupt::check()?;
        run.rows.doing(format!("{name} {} of {} bytes in registered memory", setup.shape(), setup.shard_bytes()));
        let mut shards = HostShards::new(&setup, &*place.gpu, Allocation::Region, 1, place.sets(&setup))?;
        shards.fill(&mut run.random);
        let mut calls = Calls::new(&setup, case, &place.gpu, &mut run.random)?;
        for plan in [calls.job.plan(0), &calls.sum] {
            ensure!(shards.are_in_place(&*place.gpu, Task::write(plan))?, "the GPU copies shards in registered memory");
        }
        let samples = place.samples(|least| {
            let plain = wall::mean(least, || calls.plain(&mut shards))?;
            let one = wall::mean(least, || calls.both(&mut shards))?;
            let separate = wall::mean(least, || {
                calls.plain(&mut shards)?;
                calls.sums(&mut shards)
            })?;
            Ok([plain, one, separate])
        })?;
        let bytes = calls.sum.sources().len() * setup.shard_bytes();
        let kernels = ["compiled", "with checksums", "compiled, crc"];
        let crossed = [bytes, bytes, 2 * bytes];
        let mut ways = Vec::new();
        for (at, samples) in samples.into_iter().enumerate() {
            let verified = calls.judge(WAYS[at], &mut shards, run.inject_fault, &mut run.random)?;
            let (kernel, crossed_bytes) = (kernels[at].to_owned(), crossed[at]);
            ways.push(Way { kernel, threads: 1, samples, crossed_bytes, verified });
        }
        run.rows.extend(ways::records(&setup, name, "registered", &place.device, ways))?;
    }
    Ok(())
}

/// The calls, each on the next set of shards.
struct Calls<'a> {
    setup: &'a Setup,
    gpu: &'a Gpu,
    job: Job,
    /// A plan that only reads what the job reads and writes, in its order.
    sum: Plan,
    checksums: Vec<u32>,
    set: usize,
}

impl<'a> Calls<'a> {
    fn new(setup: &'a Setup, case: Case, gpu: &'a Gpu, random: &mut Random) -> Result<Self> {
        let job = Job::new(setup, case, random)?;
        let involved = [job.plan(0).sources(), job.plan(0).targets()].concat();
        let sum = Plan::reading(&involved)?;
        let checksums = vec![0; involved.len() * setup.unit_bytes.div_ceil(BLOCK_BYTES)];
        Ok(Self { setup, gpu, job, sum, checksums, set: 0 })
    }

    fn run(&mut self, shards: &mut HostShards<'_>, of: fn(&Self) -> &Plan, with_checksums: bool) -> Result<()> {
        self.set = (self.set + 1) % shards.sets();
        self.run_on(self.set, shards, of, with_checksums)
    }

    fn run_on(
        &mut self,
        set: usize,
        shards: &mut HostShards<'_>,
        of: fn(&Self) -> &Plan,
        with_checksums: bool,
    ) -> Result<()> {
        let mut checksums = std::mem::take(&mut self.checksums);
        let mut batch = Batch::new(Task::write(of(self)), shards.view(set)?)?;
        if with_checksums {
            batch = batch.with_crc(&mut checksums)?;
        }
        let _ = self.gpu.run(&mut [batch])?;
        self.checksums = checksums;
        Ok(())
    }

    fn plain(&mut self, shards: &mut HostShards<'_>) -> Result<()> {
        self.run(shards, |calls| calls.job.plan(0), false)
    }

    fn both(&mut self, shards: &mut HostShards<'_>) -> Result<()> {
        self.run(shards, |calls| calls.job.plan(0), true)
    }

    fn sums(&mut self, shards: &mut HostShards<'_>) -> Result<()> {
        self.run(shards, |calls| &calls.sum, true)
    }

    /// Whether one way is right on fresh bytes: it must restore the overwritten targets of an encoded stripe, and
    /// compute the same checksums as the CPU.
    fn judge(
        &mut self,
        way: &'static str,
        shards: &mut HostShards<'_>,
        inject_fault: bool,
        random: &mut Random,
    ) -> Result<bool> {
        let (cpu, encode) = (Cpu::new()?, self.setup.code.encode_plan());
        let (set, with_checksums) = (random.below(shards.sets()), way != WAYS[0]);
        shards.fill(random);
        let _ = shards.run(set, &cpu, Task::write(&encode))?;
        let mut view = shards.view(set)?;
        self.job.plan(0).targets().iter().for_each(|&target| random.fill(view.slot_mut(target, 0)));
        self.checksums.fill(0);
        self.run_on(set, shards, |calls| calls.job.plan(0), way == WAYS[1])?;
        if way == WAYS[2] {
            self.run_on(set, shards, |calls| &calls.sum, true)?;
        }
        if inject_fault && with_checksums {
            let at = random.below(self.checksums.len());
            self.checksums[at] ^= 1 << random.below(32);
        } else if inject_fault {
            let targets = self.job.plan(0).targets();
            let target = targets[random.below(targets.len())];
            shards.view(set)?.slot_mut(target, 0)[random.below(self.setup.unit_bytes)] ^= 1 << random.below(8);
        }
        let is_consistent = shards.run(set, &cpu, Task::Check(&encode))?.is_consistent();
        let view = shards.view(set)?;
        let of_slot = |&slot: &usize| crc::of_blocks(view.slot(slot, 0)).collect::<Vec<_>>();
        let expected: Vec<u32> = self.sum.sources().par_iter().flat_map_iter(of_slot).collect();
        let summed = !with_checksums || expected == self.checksums;
        if !(is_consistent && summed) {
            log::warn!("{way}: shards agree: {is_consistent}, checksums: {summed}");
        }
        Ok(is_consistent && summed)
    }
}
