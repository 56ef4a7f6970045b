//! The cases of the suite `device` on the CPU: shards in host memory, the ceiling a plain loop over the same tiles.

use std::hint::black_box;
use std::time::Instant;

use anyhow::Result;
use evariste::{Backend, Cpu, Plan, View};
use rayon::prelude::*;

use super::args::Case;
use super::device::row;
use super::job::Job;
use super::memory::{HostShards, Lie};
use super::random::Random;
use super::row::DeviceRow;
use super::setup::Setup;
use super::timing::{ROUNDS, median};

/// Columns of a tile of the ceiling: with all shards a share of a core's second-level cache.
const TILE_TOTAL_BYTES: usize = 256 << 10;
pub(super) fn measure(setup: &Setup, case: Case, inject_fault: bool, random: &mut Random) -> Result<DeviceRow> {
    let cpu = Cpu::new()?;
    let info = cpu.info();
    let job = Job::new(setup, case, random)?;
    let ceiling = job.ceiling(&setup.code)?;
    let mut shards = HostShards::new(setup, &cpu, Lie::Region, 1)?;
    shards.fill(random);
    shards.run(&cpu, job.write())?;

    // The first round warms up.
    let (mut own, mut moving) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let started = Instant::now();
        copy(&mut shards.view(0)?, ceiling.plan(0), case == Case::Check)?;
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
    let ceiling_gbps = ceiling.traffic_bytes(setup) as f64 / median(moving) / 1e9;
    let verified = shards.judge(&cpu, None, &job, inject_fault, random)?;
    let kernel = info.device.split([' ', ',']).next().unwrap_or_default();
    Ok(DeviceRow {
        device: format!("{} ({})", processor(), info.device),
        threads: rayon::current_num_threads(),
        ..row(setup, case, kernel, job.traffic_bytes(setup), median(own), ceiling_gbps, verified)
    })
}

/// Reads a plan's sources, XORs them, and writes as many targets; or reads both.
fn copy(view: &mut View<'_>, plan: &Plan, reads_only: bool) -> Result<()> {
    let tile_bytes = (TILE_TOTAL_BYTES / view.slots()).next_multiple_of(64);
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

/// The processor's name, as far as the system tells it.
pub(super) fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}
