//! Encoding and checksums of shards in host memory that is registered with the GPU, by the wall clock.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use evariste::backend::BLOCK_BYTES;
use evariste::crc;
use evariste::gpu::{HostMemory, Kernel, Options};
use evariste::{Backend, Batch, Cpu, Gpu, Matrix, Plan, Task};
use rayon::prelude::*;

use super::row::FusionRow;
use crate::bench::args::Fusion;
use crate::bench::lab;
use crate::bench::memory::{HostShards, Lie};
use crate::bench::random::Random;
use crate::bench::row::Rows;
use crate::bench::setup::{self, Setup};
use crate::bench::timing::{WARM_UP, median};
use crate::bench::wall;
use crate::interrupt;

/// What calls one after another go through, so that the processor's caches do not serve the device.
const MEMORY_BYTES: usize = 512 << 20;
/// How long a measurement goes on.
const MOST: Duration = Duration::from_secs(3);
/// Calls of one kind, back to back, take at least this.
const LEAST: Duration = Duration::from_millis(10);

pub(super) fn measure(args: &Fusion, rows: &mut Rows<'_, FusionRow>, random: &mut Random) -> Result<()> {
    let mut options = Options::default();
    options.memory = Some(HostMemory::Registered);
    options.kernel = Some(Kernel::Compiled);
    let gpu = Gpu::open(&options).context("cannot open a GPU that works on registered memory")?;
    let software = gpu.info().software;
    let (name, driver) = lab::names(gpu.device());
    let defaults = if software { setup::FUSION_SOFTWARE } else { setup::FUSION_REGISTERED };
    for setup in Setup::all(&args.sizes, None, defaults)? {
        interrupt::check()?;
        rows.doing(format!("{} of {} bytes in registered memory", setup.shape(), setup.shard_bytes()));
        let sets = if software { 1 } else { (MEMORY_BYTES / (setup.code.data_shards() * setup.shard_bytes())).max(1) };
        let mut shards = HostShards::new(&setup, &gpu, Lie::Region, 1, sets)?;
        shards.fill(random);
        let mut calls = Calls::new(&setup, &gpu)?;
        for plan in [&calls.encode, &calls.sum] {
            ensure!(shards.are_in_place(&gpu, Task::write(plan))?, "the GPU copies what lies in registered memory");
        }
        let most = if software { Duration::ZERO } else { MOST };
        let (warm_up, least) = if software { (Duration::ZERO, Duration::ZERO) } else { (WARM_UP, LEAST) };
        let seconds = wall::rounds(warm_up, most, || {
            let plain = wall::mean(least, || calls.plain(&mut shards))?;
            let one = wall::mean(least, || calls.both(&mut shards))?;
            let separate = wall::mean(least, || {
                calls.plain(&mut shards)?;
                calls.sums(&mut shards)
            })?;
            Ok([plain, one, separate])
        })?;
        let of = |way: usize| median(seconds.iter().map(|round| round[way]).collect());
        let verified = calls.judge(&mut shards, args.output.inject_fault, random)?;
        let slots = setup.code.total_shards();
        let ways = [
            ("plain", "compiled".to_owned(), of(0), slots),
            ("one call", "with checksums".to_owned(), of(1), slots),
            ("separate calls", "compiled, crc".to_owned(), of(2), 2 * slots),
        ];
        let rows_of = FusionRow::all(&setup, "registered", (&name, &driver), ways, verified);
        rows_of.into_iter().try_for_each(|row| rows.push(row))?;
    }
    Ok(())
}

/// The calls, each on the next set of shards.
struct Calls<'a> {
    gpu: &'a Gpu,
    encode: Plan,
    /// A plan that only reads every shard.
    sum: Plan,
    checksums: Vec<u32>,
    set: usize,
}

impl<'a> Calls<'a> {
    fn new(setup: &Setup, gpu: &'a Gpu) -> Result<Self> {
        let all: Vec<u32> = (0..u32::try_from(setup.code.total_shards())?).collect();
        let sum = Plan::new(&all, &[], Matrix::zero(0, all.len()))?;
        let checksums = vec![0; all.len() * setup.unit_bytes.div_ceil(BLOCK_BYTES)];
        Ok(Self { gpu, encode: setup.code.encode_plan(), sum, checksums, set: 0 })
    }

    fn run(&mut self, shards: &mut HostShards<'_>, of: fn(&Self) -> &Plan, with_checksums: bool) -> Result<()> {
        self.set = (self.set + 1) % shards.sets();
        let mut checksums = std::mem::take(&mut self.checksums);
        let mut batch = Batch::new(Task::write(of(self)), shards.view(self.set)?)?;
        if with_checksums {
            batch = batch.with_crc(&mut checksums)?;
        }
        self.gpu.run(&mut [batch])?;
        self.checksums = checksums;
        Ok(())
    }

    fn plain(&mut self, shards: &mut HostShards<'_>) -> Result<()> {
        self.run(shards, |calls| &calls.encode, false)
    }

    fn both(&mut self, shards: &mut HostShards<'_>) -> Result<()> {
        self.run(shards, |calls| &calls.encode, true)
    }

    fn sums(&mut self, shards: &mut HostShards<'_>) -> Result<()> {
        self.run(shards, |calls| &calls.sum, true)
    }

    /// Whether parity and every checksum are right, on bytes not seen before, by the CPU's reckoning.
    fn judge(&mut self, shards: &mut HostShards<'_>, inject_fault: bool, random: &mut Random) -> Result<bool> {
        shards.fill(random);
        self.both(shards)?;
        if inject_fault {
            let at = random.below(self.checksums.len());
            self.checksums[at] ^= 1 << random.below(32);
        }
        let set = self.set;
        let view = shards.view(set)?;
        let slots: Vec<u32> = (0..u32::try_from(view.slots())?).collect();
        let expected: Vec<u32> =
            slots.par_iter().flat_map_iter(|&slot| crc::of_blocks(view.slot(slot, 0)).collect::<Vec<_>>()).collect();
        let report = shards.run(set, &Cpu::new()?, Task::Check(&self.encode))?;
        if expected != self.checksums {
            log::warn!("checksums are wrong");
        }
        Ok(expected == self.checksums && report.is_consistent())
    }
}
