//! Encoding and checksums of shards in device memory, by the device's clock.

use anyhow::{Context, Result, ensure};
use evariste::backend::BLOCK_BYTES;
use evariste::crc::crc32c;
use evariste::gpu::unstable::PassTime;
use evariste::gpu::{Resident, wgpu};
use evariste::{Gpu, Plan, Task};

use super::ways::{self, Run, Way};
use crate::args::Case;
use crate::interrupt;
use crate::job::Job;
use crate::lab::shards::Shards;
use crate::lab::{KernelName, Lab};
use crate::random::Random;
use crate::sample::Window;
use crate::setup::{self, Setup};
use crate::timing::{ROUNDS, WARM_UP};

/// Passes of a round: plain; both together; then separate passes for plain, the checksums of the data, and those of the
/// parity.
const PASSES: usize = 5;
/// The most rounds of the warm-up, which is in one submission: each pass keeps its buffers until it has run.
const MOST_ROUNDS: usize = 128;
/// Blocks whose checksums are compared with the CPU's, besides the first and the last.
const RANDOM_BLOCKS: usize = 30;

pub(super) fn measure(run: &mut Run<'_>) -> Result<()> {
    let lab = Lab::open()?;
    let defaults = if lab.software { setup::FUSION_SOFTWARE } else { setup::FUSION_RESIDENT };
    for setup in Setup::all(run.sizes, None, defaults)? {
        interrupt::check()?;
        run.rows.doing(format!("{} of {} bytes in device memory", setup.shape(), setup.shard_bytes()));
        let trial = Trial::new(&lab, &setup, &mut run.random)?;
        let (kernels, samples) = trial.time()?;
        let verified = trial.judge(run.inject_fault, &mut run.random)?;
        let bytes = setup.code.total_shards() * setup.shard_bytes();
        let [plain, both, separate] = samples;
        let measured = [
            (kernels[0].to_owned(), plain, bytes),
            (kernels[1].to_owned(), both, bytes),
            (format!("{}, crc", kernels[2]), separate, 2 * bytes),
        ];
        let way = |(kernel, samples, crossed_bytes)| Way { kernel, threads: 1, samples, crossed_bytes, verified };
        let ways = measured.into_iter().map(way).collect();
        run.rows.extend(ways::records(&setup, "encode+crc32c", "resident", &lab.named(), ways))?;
    }
    Ok(())
}

struct Trial<'a> {
    lab: &'a Lab,
    gpu: &'a Gpu,
    setup: &'a Setup,
    job: Job,
    shards: Shards,
    /// Plans that only read, for the checksums of data and of parity.
    sums: [Plan; 2],
}

impl<'a> Trial<'a> {
    fn new(lab: &'a Lab, setup: &'a Setup, random: &mut Random) -> Result<Self> {
        let job = Job::new(setup, Case::Encode, random)?;
        let shards = Shards::new(lab, setup, true)?;
        shards.fill(lab, random)?;
        let sum = |shards: usize| Plan::reading(&(0..shards).collect::<Vec<_>>());
        let sums = [sum(setup.code.data_shards())?, sum(setup.code.parity_shards())?];
        Ok(Self { lab, gpu: lab.gpu(KernelName::Compiled), setup, job, shards, sums })
    }

    fn record(&self, rounds: usize) -> Result<wgpu::CommandBuffer> {
        let mut encoder = self.lab.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let Resident::Apart { sources, targets } = self.shards.resident() else {
            anyhow::bail!("data and parity share a buffer");
        };
        for _ in 0..rounds {
            let (task, shards) = (self.job.task(), self.shards.resident());
            drop(self.gpu.record(&mut encoder, task, shards)?);
            drop(self.gpu.record_with_checksums(&mut encoder, task, shards)?);
            drop(self.gpu.record(&mut encoder, task, shards)?);
            for (plan, arena) in self.sums.iter().zip([sources, targets]) {
                let shards = Resident::Together(arena);
                drop(self.gpu.record_with_checksums(&mut encoder, Task::write(plan), shards)?);
            }
        }
        Ok(encoder.finish())
    }

    /// The kernel of each pass of a round, and the seconds of each way in every round.
    fn time(&self) -> Result<([&'static str; PASSES], [Vec<f64>; 3])> {
        let mut round_s = 0.0;
        for _ in 0..2 {
            self.lab.queue().submit([self.record(1)?]);
            let passes = self.gpu.take_profile()?;
            round_s = passes.iter().map(|pass: &PassTime| pass.nanoseconds).sum::<f64>() / 1e9;
        }
        let wanted = (WARM_UP.as_secs_f64() / round_s.max(1e-9)).ceil();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number, clamped")]
        let warm_up = if self.lab.software { 1 } else { (wanted as usize).clamp(1, MOST_ROUNDS) };
        let (warm_up, timed) = (self.record(warm_up)?, self.record(ROUNDS)?);
        self.lab.queue().submit([warm_up, timed]);
        let passes = self.gpu.take_profile()?;
        let first = passes.len().checked_sub(PASSES * ROUNDS).context("the device timed too few passes")?;
        let timed = &passes[first..];
        let of = |at: usize| timed.iter().skip(at).step_by(PASSES);
        let kernels: [_; PASSES] = std::array::from_fn(|at| timed[at].kernel);
        let is_same = |(at, kernel): (usize, &&str)| of(at).all(|pass| pass.kernel == *kernel);
        ensure!(kernels.iter().enumerate().all(is_same), "another kernel ran in between");
        let rounds = timed.chunks_exact(PASSES).map(|round| round.iter().map(|pass| pass.nanoseconds / 1e9));
        let ways = rounds.map(|mut seconds| {
            let mut next = || seconds.next().unwrap_or_default();
            [next(), next(), next() + next() + next()]
        });
        let ways: Vec<[f64; 3]> = ways.collect();
        Ok((kernels, std::array::from_fn(|way| ways.iter().map(|round| round[way]).collect())))
    }

    /// Whether parity and checksums are right on fresh bytes. The other kernel checks the parity of the plain call and of the
    /// fused one. The checksums of some blocks are compared with the CPU's, and all of them with those of separate calls.
    fn judge(&self, inject_fault: bool, random: &mut Random) -> Result<bool> {
        let check = Task::Check(self.job.plan(0));
        let is_consistent = || -> Result<bool> {
            Ok(self.lab.run(self.lab.witness(KernelName::Compiled), check, self.shards.resident())?.is_consistent())
        };
        self.shards.fill(self.lab, random)?;
        let _ = self.lab.run(self.gpu, self.job.task(), self.shards.resident())?;
        self.gpu.take_profile()?;
        let is_plain_right = is_consistent()?;
        // Other bytes, so that no result of the plain call can pass for one of the fused call.
        self.shards.fill(self.lab, random)?;
        let run = |task: Task<'_>, shards: Resident<'_>| -> Result<Vec<u32>> {
            let mut encoder = self.lab.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            let recorded = self.gpu.record_with_checksums(&mut encoder, task, shards)?;
            self.lab.queue().submit([encoder.finish()]);
            self.gpu.take_profile()?;
            Ok(recorded.checksums()?)
        };
        let mut together = run(self.job.task(), self.shards.resident())?;
        if inject_fault {
            let at = random.below(together.len());
            together[at] ^= 1 << random.below(32);
        }
        let Resident::Apart { sources, targets } = self.shards.resident() else {
            anyhow::bail!("data and parity share a buffer");
        };
        let mut alone = run(Task::write(&self.sums[0]), Resident::Together(sources))?;
        alone.extend(run(Task::write(&self.sums[1]), Resident::Together(targets))?);
        let is_fused_right = is_consistent()?;

        let bytes = self.setup.unit_bytes;
        let blocks = bytes.div_ceil(BLOCK_BYTES);
        let chosen = (0..RANDOM_BLOCKS).map(|_| random.below(blocks)).chain([0, blocks - 1]);
        let mut sampled = true;
        for block in chosen {
            let offset = block * BLOCK_BYTES;
            let window = Window { stripe: 0, offset, bytes: BLOCK_BYTES.min(bytes - offset) };
            let columns = self.shards.columns(self.lab, &[window])?;
            let expected = columns.chunks_exact(window.bytes).map(crc32c);
            sampled &= expected.enumerate().all(|(shard, crc)| together[shard * blocks + block] == crc);
        }
        let is_right = sampled && together == alone && is_plain_right && is_fused_right;
        if !is_right {
            let all = together == alone;
            log::warn!(
                "a sample: {sampled}, all: {all}, parity: {is_fused_right}, of the plain call: {is_plain_right}"
            );
        }
        Ok(is_right)
    }
}
