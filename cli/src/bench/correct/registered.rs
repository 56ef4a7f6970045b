//! Shards in host memory that is registered with the device: one call that corrects, beside the calls that come to the same
//! without it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use evariste::backend::BLOCK_BYTES;
use evariste::gpu::Options;
use evariste::{Backend, Codec, Cpu, Gpu, Shards};

use super::Damage;
use super::row::{CorrectRow, Measured};
use crate::bench::random::Random;
use crate::bench::setup::Setup;
use crate::bench::timing::{WARM_UP, median};
use crate::bench::wall;

/// What the rounds that count take.
const MOST: Duration = Duration::from_secs(2);

pub(super) fn measure(setup: &Setup, inject_fault: bool, random: &mut Random) -> Result<Vec<CorrectRow>> {
    let gpu = Arc::new(Gpu::open(&Options::default()).context("cannot open a GPU")?);
    let (info, gpu_info) = (gpu.device().adapter_info(), gpu.info());
    let driver = format!("{} {}", info.driver, info.driver_info).trim().to_owned();
    let codec = Codec::on(setup.code.clone(), gpu);
    let mut shards = codec.shards(setup.shard_bytes())?;
    (0..setup.code.data_shards()).for_each(|shard| random.fill(shards.data_mut(shard)));
    codec.encode(&mut shards)?;
    let warm_up = if gpu_info.software { Duration::ZERO } else { WARM_UP };
    let witness = Codec::on(setup.code.clone(), Arc::new(Cpu::new()?));
    let mut bench = Bench { setup, codec, locator: Codec::on(setup.code.clone(), Arc::new(Cpu::new()?)), shards };

    let check_s = median(wall::rounds(warm_up, MOST, || bench.timed(Damage::Nothing, random, Bench::verify))?);
    let mut rows = Vec::new();
    type Call<'a> = fn(&mut Bench<'a>) -> Result<bool>;
    let calls: [(&'static str, Call<'_>); 2] = [("correct", Bench::correct), ("separate", Bench::separate)];
    for damage in [Damage::Nothing, Damage::Block, Damage::Shard] {
        for (name, call) in calls {
            let seconds = wall::rounds(warm_up, MOST, || bench.timed(damage, random, call))?;
            let worked = !seconds.iter().any(|seconds| seconds.is_nan());
            if inject_fault {
                let at = random.below(setup.shard_bytes());
                bench.shards.shard_mut(random.below(setup.code.total_shards()))[at] ^= 1;
            }
            let verified = worked && witness.verify(&bench.shards)?.is_consistent();
            let (case, threads, median_s) = (damage.as_str(), rayon::current_num_threads(), median(seconds));
            let measured = Measured { case, calls: name, threads, median_s, check_s, verified };
            rows.push(CorrectRow::new(setup, "registered", (&info.name, &driver), &measured));
        }
    }
    Ok(rows)
}

struct Bench<'a> {
    setup: &'a Setup,
    codec: Codec,
    /// Says in which shard a block is wrong.
    locator: Codec,
    shards: Shards,
}

impl Bench<'_> {
    /// Does damage, and returns the seconds that a call then takes; not a number if it did not do what it should.
    fn timed(
        &mut self,
        damage: Damage,
        random: &mut Random,
        call: impl FnOnce(&mut Self) -> Result<bool>,
    ) -> Result<f64> {
        let (bytes, wrong) = damage.extent(self.setup);
        wrong.iter().for_each(|&shard| random.fill(&mut self.shards.shard_mut(shard)[..bytes]));
        let started = Instant::now();
        let worked = call(self)?;
        Ok(if worked { started.elapsed().as_secs_f64() } else { f64::NAN })
    }

    fn verify(&mut self) -> Result<bool> {
        Ok(self.codec.verify(&self.shards)?.is_consistent())
    }

    fn correct(&mut self) -> Result<bool> {
        Ok(self.codec.correct(&mut self.shards)?.is_complete())
    }

    /// Verify; if there is anything, let the CPU say which shard is wrong in the first block that disagrees, rebuild that
    /// shard, and verify that this was all.
    fn separate(&mut self) -> Result<bool> {
        let report = self.codec.verify(&self.shards)?;
        let Some(found) = report.mismatches.first() else { return Ok(true) };
        let block = found.block * BLOCK_BYTES..self.setup.shard_bytes().min((found.block + 1) * BLOCK_BYTES);
        let mut blocks: Vec<Vec<u8>> = self.shards.iter().map(|shard| shard[block.clone()].to_vec()).collect();
        let corrections = self.locator.correct(&mut blocks)?;
        let mut wrong: Vec<usize> = corrections.corrected.iter().map(|found| found.shard).collect();
        wrong.dedup();
        self.codec.reconstruct(&mut self.shards, &wrong)?;
        self.verify()
    }
}
