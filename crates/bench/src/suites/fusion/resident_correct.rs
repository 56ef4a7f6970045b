//! Correcting shards in device memory: a check and a correction in turn, by the device's clock.

use std::time::Instant;

use anyhow::{Result, ensure};
use evariste::gpu::unstable::PassTime;
use evariste::gpu::wgpu;
use evariste::{Erasures, Grs, Task};

use super::damage::Damage;
use super::ways::{self, Run, Way};
use crate::interrupt;
use crate::lab::shards::Shards;
use crate::lab::{KernelName, Lab, NoRoom};
use crate::random::Random;
use crate::record::Record;
use crate::setup::{self, Setup};
use crate::timing::{ROUNDS, WARM_UP};

/// Passes of a round: a check; then a correction, which is a check and a second pass.
const PASSES: usize = 3;
/// Rounds that count on a software adapter.
const SOFTWARE_ROUNDS: usize = 3;

pub(super) fn measure(run: &mut Run<'_>) -> Result<()> {
    let lab = Lab::open()?;
    let defaults = if lab.software { setup::FUSION_SOFTWARE } else { setup::CORRECT };
    for setup in Setup::all(run.sizes, None, defaults)? {
        for damage in Damage::ALL.into_iter().filter(|damage| damage.is_within(&setup)) {
            interrupt::check()?;
            let what = format!("{} {} of {} bytes", damage.case(), setup.shape(), setup.shard_bytes());
            run.rows.doing(what.clone());
            match measure_one(&lab, &setup, damage, run.inject_fault, &mut run.random) {
                Ok(measured) => run.rows.extend(measured)?,
                Err(error) if setup.by_default && error.is::<NoRoom>() => log::warn!("left out: {what}: {error}"),
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

fn measure_one(
    lab: &Lab,
    setup: &Setup,
    damage: Damage,
    inject_fault: bool,
    random: &mut Random,
) -> Result<Vec<Record>> {
    let grs = setup.code.grs()?;
    let shards = Shards::new(lab, setup, false)?;
    shards.fill(lab, random)?;
    let _ = lab.run(lab.gpu(KernelName::Table), Task::write(&setup.code.encode_plan()), shards.resident())?;
    let rubbish = lab.buffer(setup.unit_bytes)?;
    lab.fill(&rubbish, random.next())?;
    let bench = Bench { lab, setup, damage, grs: &grs, erased: Erasures::none(), shards: &shards, rubbish: &rubbish };
    let (checks, corrections) = bench.time()?;
    let all_bytes = setup.code.total_shards() * setup.shard_bytes();
    // Blocks that disagree are read again, from all shards, and wrong shards are written.
    let again_bytes = damage.extent(setup).0 * setup.code.total_shards() + damage.wrong_bytes(setup);
    let measured = [
        ("compiled", checks, all_bytes, bench.judge_check(inject_fault, random)?),
        ("compiled, correct", corrections, all_bytes + again_bytes, bench.judge(inject_fault, random)?),
    ];
    // One thread records the passes and waits for them.
    let way = |(kernel, samples, crossed_bytes, verified): (&str, _, _, _)| Way {
        kernel: kernel.to_owned(),
        threads: 1,
        samples,
        crossed_bytes,
        verified,
    };
    let ways = measured.into_iter().map(way).collect();
    Ok(ways::records(setup, damage.case(), "resident", &lab.named(), ways))
}

struct Bench<'a> {
    lab: &'a Lab,
    setup: &'a Setup,
    damage: Damage,
    grs: &'a Grs,
    erased: Erasures,
    shards: &'a Shards,
    rubbish: &'a wgpu::Buffer,
}

impl Bench<'_> {
    fn correct(&self) -> Task<'_> {
        Task::Correct { grs: self.grs, erased: &self.erased }
    }

    fn record_damage(&self, encoder: &mut wgpu::CommandEncoder) {
        let (bytes, wrong) = self.damage.extent(self.setup);
        for &shard in wrong {
            let (buffer, at) = self.shards.locate(shard, 0, 0);
            encoder.copy_buffer_to_buffer(self.rubbish, 0, buffer, at as u64, bytes as u64);
        }
    }

    /// Seconds of a check of consistent shards, and of a correction, in every round that counts.
    fn time(&self) -> Result<(Vec<f64>, Vec<f64>)> {
        let gpu = self.lab.gpu(KernelName::Compiled);
        let submit = |rounds: usize| -> Result<Vec<PassTime>> {
            let mut encoder = self.lab.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            for _ in 0..rounds {
                drop(gpu.record(&mut encoder, Task::Check(self.grs.check_plan()), self.shards.resident())?);
                self.record_damage(&mut encoder);
                drop(gpu.record(&mut encoder, self.correct(), self.shards.resident())?);
            }
            self.lab.queue().submit([encoder.finish()]);
            Ok(gpu.take_profile()?)
        };
        let started = Instant::now();
        submit(1)?;
        while !self.lab.software && started.elapsed() < WARM_UP {
            submit(ROUNDS)?;
        }
        // The first half follows the gap between two submissions.
        let (skipped, counted) = if self.lab.software { (0, SOFTWARE_ROUNDS) } else { (ROUNDS, ROUNDS) };
        let passes = submit(skipped + counted)?;
        ensure!(passes.len() == (skipped + counted) * PASSES, "the device timed {} passes", passes.len());
        let rounds = passes.chunks_exact(PASSES).skip(skipped);
        let seconds = |passes: &[PassTime]| passes.iter().map(|pass| pass.nanoseconds / 1e9).sum::<f64>();
        Ok(rounds.map(|round| (seconds(&round[..1]), seconds(&round[1..]))).unzip())
    }

    /// Whether a check finds nothing in consistent shards, and something after a bit is flipped.
    fn judge_check(&self, inject_fault: bool, random: &mut Random) -> Result<bool> {
        let check = || {
            self.lab.run(self.lab.gpu(KernelName::Compiled), Task::Check(self.grs.check_plan()), self.shards.resident())
        };
        let shard = random.below(self.setup.code.total_shards());
        let at = random.below(self.setup.unit_bytes);
        let flip = || self.shards.flip(self.lab, shard, 0, at, 3);
        if inject_fault {
            flip()?;
        }
        let is_clean = check()?.is_consistent();
        if !inject_fault {
            flip()?;
        }
        let is_found = !check()?.is_consistent();
        flip()?;
        Ok(is_clean && is_found)
    }

    /// Whether a correction names the damaged shards, and leaves all shards consistent.
    fn judge(&self, inject_fault: bool, random: &mut Random) -> Result<bool> {
        let mut encoder = self.lab.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        self.record_damage(&mut encoder);
        self.lab.queue().submit([encoder.finish()]);
        let report = self.lab.run(self.lab.gpu(KernelName::Compiled), self.correct(), self.shards.resident())?;
        if inject_fault {
            let shard = random.below(self.setup.code.total_shards());
            self.shards.flip(self.lab, shard, 0, random.below(self.setup.unit_bytes), 3)?;
        }
        let check = Task::Check(self.grs.check_plan());
        let left = self.lab.run(self.lab.gpu(KernelName::Table), check, self.shards.resident())?;
        Ok(self.damage.is_reported(self.setup, &report) && left.is_consistent())
    }
}
