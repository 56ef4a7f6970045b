//! Shards in device memory: a check and a correction in turn, by the device's clock.

use std::time::Instant;

use anyhow::{Result, ensure};
use evariste::gpu::{PassTime, wgpu};
use evariste::{Erasures, Grs, Task};

use super::Damage;
use super::row::{CorrectRow, Measured};
use crate::bench::args::KernelName;
use crate::bench::lab::Lab;
use crate::bench::random::Random;
use crate::bench::setup::Setup;
use crate::bench::shards::Shards;
use crate::bench::timing::{ROUNDS, WARM_UP, median};

/// Passes of a round: a check, and a correction, which is a check and what follows it.
const PASSES: usize = 3;

pub(super) fn measure(
    lab: &Lab,
    setup: &Setup,
    damage: Damage,
    inject_fault: bool,
    random: &mut Random,
) -> Result<Vec<CorrectRow>> {
    let grs = setup.code.grs()?;
    let shards = Shards::new(lab, setup, false)?;
    shards.fill(lab, random)?;
    lab.run(lab.gpu(KernelName::Table), Task::write(&setup.code.encode_plan()), &shards)?;
    let rubbish = lab.buffer(setup.unit_bytes)?;
    lab.fill(&rubbish, random.next())?;
    let bench = Bench { lab, setup, damage, grs: &grs, erased: Erasures::none(), shards: &shards, rubbish: &rubbish };
    let (check_s, median_s) = bench.time()?;
    let verified = bench.judge(inject_fault, random)?;
    // The passes are recorded by the thread that waits for them.
    let measured = Measured { case: damage.as_str(), calls: "correct", threads: 1, median_s, check_s, verified };
    Ok(vec![CorrectRow::new(setup, "resident", (&lab.name, &lab.driver), &measured)])
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
        let passes = submit(2 * ROUNDS)?;
        ensure!(passes.len() == 2 * ROUNDS * PASSES, "the device timed {} passes", passes.len());
        // The first half follows the gap between two submissions.
        let rounds = passes.chunks_exact(PASSES).skip(ROUNDS);
        let seconds = |passes: &[PassTime]| passes.iter().map(|pass| pass.nanoseconds / 1e9).sum::<f64>();
        let (checks, corrections) = rounds.map(|round| (seconds(&round[..1]), seconds(&round[1..]))).unzip();
        Ok((median(checks), median(corrections)))
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
