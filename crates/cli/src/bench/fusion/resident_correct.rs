//! Correcting shards in device memory: a check and a correction in turn, by the device's clock.

use std::time::Instant;

use anyhow::{Result, ensure};
use evariste::gpu::{PassTime, wgpu};
use evariste::{Erasures, Grs, Task};

use super::damage::Damage;
use super::row::{FusionRow, WAYS, Way};
use crate::bench::args::{Fusion, KernelName};
use crate::bench::lab::{Lab, NoRoom};
use crate::bench::random::Random;
use crate::bench::row::Rows;
use crate::bench::setup::{self, Setup};
use crate::bench::shards::Shards;
use crate::bench::timing::{ROUNDS, WARM_UP, median};
use crate::interrupt;

/// Passes of a round: a check, and a correction, which is a check and what follows it.
const PASSES: usize = 3;
/// Rounds that count where the CPU imitates the device, which takes a thousand times as long.
const SOFTWARE_ROUNDS: usize = 3;

pub(super) fn measure(args: &Fusion, rows: &mut Rows<'_, FusionRow>, random: &mut Random) -> Result<()> {
    let lab = Lab::open()?;
    let defaults = if lab.software { setup::FUSION_SOFTWARE } else { setup::CORRECT };
    for setup in Setup::all(&args.sizes, None, defaults)? {
        for damage in Damage::ALL.into_iter().filter(|damage| damage.is_within(&setup)) {
            interrupt::check()?;
            let what = format!("{} {} of {} bytes", damage.case(), setup.shape(), setup.shard_bytes());
            rows.doing(what.clone());
            match measure_one(&lab, &setup, damage, args.output.inject_fault, random) {
                Ok(measured) => measured.into_iter().try_for_each(|row| rows.push(row))?,
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
) -> Result<Vec<FusionRow>> {
    let grs = setup.code.grs()?;
    let shards = Shards::new(lab, setup, false)?;
    shards.fill(lab, random)?;
    lab.run(lab.gpu(KernelName::Table), Task::write(&setup.code.encode_plan()), &shards)?;
    let rubbish = lab.buffer(setup.unit_bytes)?;
    lab.fill(&rubbish, random.next())?;
    let bench = Bench { lab, setup, damage, grs: &grs, erased: Erasures::none(), shards: &shards, rubbish: &rubbish };
    let (check_s, correct_s) = bench.time()?;
    let all_bytes = setup.code.total_shards() * setup.shard_bytes();
    // The blocks that disagree are read again, of all shards, and written where they are wrong.
    let again_bytes = damage.extent(setup).0 * setup.code.total_shards() + damage.wrong_bytes(setup);
    let measured = [
        ("compiled", check_s, all_bytes, bench.judge_check(inject_fault, random)?),
        ("compiled, correct", correct_s, all_bytes + again_bytes, bench.judge(inject_fault, random)?),
    ];
    // The passes are recorded by the thread that waits for them.
    let way = |(way, (kernel, median_s, crossed_bytes, verified)): (_, (&str, _, _, _))| Way {
        way,
        kernel: kernel.to_owned(),
        threads: 1,
        median_s,
        crossed_bytes,
        verified,
    };
    let ways = WAYS.into_iter().zip(measured).map(way).collect();
    Ok(FusionRow::all(setup, damage.case(), "resident", (&lab.name, &lab.driver), ways))
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

    /// Seconds of a check of what is right, and of a correction.
    fn time(&self) -> Result<(f64, f64)> {
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
        let (checks, corrections) = rounds.map(|round| (seconds(&round[..1]), seconds(&round[1..]))).unzip();
        Ok((median(checks), median(corrections)))
    }

    /// Whether a check finds nothing in what is right, and something in what is not.
    fn judge_check(&self, inject_fault: bool, random: &mut Random) -> Result<bool> {
        let check =
            || self.lab.run(self.lab.gpu(KernelName::Compiled), Task::Check(self.grs.check_plan()), self.shards);
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

    /// Whether a correction names what was damaged, and leaves shards behind that agree.
    fn judge(&self, inject_fault: bool, random: &mut Random) -> Result<bool> {
        let mut encoder = self.lab.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        self.record_damage(&mut encoder);
        self.lab.queue().submit([encoder.finish()]);
        let report = self.lab.run(self.lab.gpu(KernelName::Compiled), self.correct(), self.shards)?;
        if inject_fault {
            let shard = random.below(self.setup.code.total_shards());
            self.shards.flip(self.lab, shard, 0, random.below(self.setup.unit_bytes), 3)?;
        }
        let check = Task::Check(self.grs.check_plan());
        let left = self.lab.run(self.lab.gpu(KernelName::Table), check, self.shards)?;
        Ok(self.damage.is_reported(self.setup, &report) && left.is_consistent())
    }
}
