//! The cases of the suite `device` on the CPU: shards in host memory, the ceiling a plain loop over the same tiles.

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Result, ensure};
use evariste::backend::Report;
use evariste::{Backend, Batch, Cpu, Plan, Region, Task, View};
use rayon::prelude::*;

use super::args::Case;
use super::device::row;
use super::job::Job;
use super::random::Random;
use super::row::DeviceRow;
use super::sample::{self, Window};
use super::setup::Setup;
use super::timing::{ROUNDS, median};

/// Columns of a tile of the ceiling: with all shards a share of a core's second-level cache.
const TILE_TOTAL_BYTES: usize = 256 << 10;
/// What one seed fills.
const FILL_BYTES: usize = 64 << 10;

struct Shards<'a> {
    setup: &'a Setup,
    memory: Region,
}

pub(super) fn measure(setup: &Setup, case: Case, inject_fault: bool, random: &mut Random) -> Result<DeviceRow> {
    let cpu = Cpu::new()?;
    let info = cpu.info();
    let job = Job::new(setup, case, random)?;
    let ceiling = job.ceiling(&setup.code)?;
    let memory = cpu.allocate(setup.buffer_bytes(setup.code.total_shards()))?;
    let mut shards = Shards { setup, memory };
    shards.fill(random);
    shards.run(&cpu, job.write())?;

    // The first round warms up.
    let (mut own, mut moving) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let started = Instant::now();
        shards.copy(ceiling.plan(0), case == Case::Check)?;
        let copied = started.elapsed();
        if case == Case::Check {
            shards.run(&cpu, job.write())?;
        }
        let started = Instant::now();
        black_box(shards.run(&cpu, job.task())?);
        if round > 0 {
            own.push(started.elapsed().as_secs_f64());
            moving.push(copied.as_secs_f64());
        }
    }
    let traffic = |job: &Job| {
        let slots = |stripe| job.plan(stripe).sources().len() + job.plan(stripe).targets().len();
        ((0..setup.stripes).map(slots).sum::<usize>() * setup.unit_bytes) as u64
    };
    let ceiling_gbps = traffic(&ceiling) as f64 / median(moving) / 1e9;
    let verified = shards.judge(&cpu, &job, inject_fault, random)?;
    let kernel = info.device.split([' ', ',']).next().unwrap_or_default();
    Ok(DeviceRow {
        device: format!("{} ({})", processor(), info.device),
        threads: rayon::current_num_threads(),
        ..row(setup, case, kernel, traffic(&job), median(own), ceiling_gbps, verified)
    })
}

impl Shards<'_> {
    fn view(&mut self) -> Result<View<'_>> {
        Ok(View::arena(&mut self.memory, self.setup.geometry(self.setup.code.total_shards()))?)
    }

    fn run(&mut self, cpu: &Cpu, task: Task<'_>) -> Result<Report> {
        let batch = Batch::new(task, self.view()?)?;
        Ok(cpu.run(&mut [batch])?)
    }

    fn fill(&mut self, random: &mut Random) {
        let seed = random.next();
        self.memory.par_chunks_mut(FILL_BYTES).enumerate().for_each(|(at, chunk)| {
            let mut random = Random::new(seed.wrapping_add((at as u64) << 32));
            for piece in chunk.chunks_mut(8) {
                piece.copy_from_slice(&random.next().to_le_bytes()[..piece.len()]);
            }
        });
    }

    /// Reads a plan's sources, XORs them, and writes as many targets; or reads both.
    fn copy(&mut self, plan: &Plan, reads_only: bool) -> Result<()> {
        let tile_bytes = (TILE_TOTAL_BYTES / self.setup.code.total_shards()).next_multiple_of(64);
        let mut view = self.view()?;
        let tiles = view.tiles(evariste::Matrices::One(plan), tile_bytes)?;
        tiles.parallel().for_each_init(Vec::new, |sum: &mut Vec<u8>, mut tile| {
            let xor = |sum: &mut [u8], bytes: &[u8]| sum.iter_mut().zip(bytes).for_each(|(sum, byte)| *sum ^= byte);
            for (at, source) in tile.sources().enumerate() {
                if at == 0 {
                    sum.clear();
                    sum.extend_from_slice(source);
                } else {
                    xor(sum, source);
                }
            }
            for target in tile.targets() {
                if reads_only { xor(sum, target) } else { target.copy_from_slice(sum) }
            }
            black_box(sum);
        });
        Ok(())
    }

    /// Whether the job's result is right on bytes it has not seen before.
    fn judge(&mut self, cpu: &Cpu, job: &Job, inject_fault: bool, random: &mut Random) -> Result<bool> {
        self.fill(random);
        self.run(cpu, job.write())?;
        let windows = sample::windows(self.setup, random);
        if inject_fault {
            let window = windows[random.below(windows.len())];
            let targets = job.plan(window.stripe).targets();
            let target = targets[random.below(targets.len())];
            self.view()?.slot_mut(target, window.stripe)[window.offset] ^= 1;
        }
        let shards = self.setup.code.total_shards();
        let columns = self.columns(&windows)?;
        let sampled = sample::is_right(job, &windows, shards, &columns);
        if job.case != Case::Check {
            return Ok(sampled);
        }
        let clean = self.run(cpu, job.task())?.is_consistent();
        let (slot, stripe) = (random.below(shards), random.below(self.setup.stripes));
        let offset = random.below(self.setup.unit_bytes);
        let slot = u32::try_from(slot)?;
        self.view()?.slot_mut(slot, stripe)[offset] ^= 1;
        let found = self.run(cpu, job.task())?.mismatches;
        let named = !found.is_empty() && found.iter().all(|found| (found.stripe, found.first) == (stripe, offset));
        Ok(sampled && clean && named)
    }

    fn columns(&mut self, windows: &[Window]) -> Result<Vec<u8>> {
        let shards = u32::try_from(self.setup.code.total_shards())?;
        let view = self.view()?;
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

/// The processor's name, as far as the system tells it.
pub(super) fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}
