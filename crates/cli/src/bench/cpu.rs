//! The suite `cpu`, and the suite `device` where the device is the CPU: plans over shards in host memory, kernel by kernel,
//! beside what moving the same shards takes.
//!
//! The shards are the same in every call: those that fit the caches lie there.

mod ceiling;

use std::hint::black_box;
use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result};
use evariste::Cpu;
use evariste::cpu::Kernel;
use rayon::ThreadPoolBuilder;

use super::args::{self, Case};
use super::device::{self, CASES};
use super::job::Job;
use super::memory::{HostShards, Lie};
use super::random::Random;
use super::row::{DeviceRow, Rows};
use super::setup::{self, Setup};
use super::timing::median;
use super::wall;
use crate::exit::Exit;
use crate::interrupt;
use ceiling::Moving;

/// How long each candidate works in a round, and in the rounds that warm up.
const PART: Duration = Duration::from_millis(3);
const WARM_UP: Duration = Duration::from_millis(30);
/// What the rounds that count take, for each row.
const MOST: Duration = Duration::from_millis(800);

pub(super) fn run(args: &args::Cpu, out: &mut dyn Write) -> Result<Exit> {
    let cases = args.cases.chosen(&CASES, &args.stripes)?;
    let kernels = if args.kernels.is_empty() { Kernel::available().collect() } else { args.kernels.clone() };
    let cpus = kernels.into_iter().map(Cpu::with_kernel).collect::<Result<Vec<_>, _>>()?;
    let mut threads: Vec<usize> = args.threads.iter().map(|&threads| threads as usize).collect();
    if threads.is_empty() {
        threads = vec![1, rayon::current_num_threads()];
        threads.dedup();
    }
    let pool = |threads| {
        let built = ThreadPoolBuilder::new().num_threads(threads).build();
        built.with_context(|| format!("cannot start {threads} threads"))
    };
    let pools = threads.into_iter().map(pool).collect::<Result<Vec<_>>>()?;
    let setups = Setup::all(&args.sizes, args.stripes.unit, setup::CPU)?;
    let mut random = Random::fresh()?;
    let mut rows = Rows::new(&args.output, out);
    for pool in &pools {
        for setup in &setups {
            for &case in cases {
                interrupt::check()?;
                let (shape, bytes) = (setup.shape(), setup.shard_bytes());
                rows.doing(format!(
                    "{} {shape} of {bytes} bytes, {} threads",
                    case.as_str(),
                    pool.current_num_threads()
                ));
                let measured = pool.install(|| measure(setup, case, &cpus, args.output.inject_fault, &mut random))?;
                for row in measured {
                    rows.push(DeviceRow { suite: "cpu", path: "cpu", ..row })?;
                }
            }
        }
    }
    rows.finish()
}

/// Measures the kernels on one setup, on the threads of the pool this is called in.
pub(super) fn measure(
    setup: &Setup,
    case: Case,
    cpus: &[Cpu],
    inject_fault: bool,
    random: &mut Random,
) -> Result<Vec<DeviceRow>> {
    let job = Job::new(setup, case, random)?;
    let moved = job.ceiling(&setup.code)?;
    let moving = if case == Case::Check { Moving::Reads } else { Moving::Writes };
    let threads = rayon::current_num_threads();
    let ways = ceiling::ways(threads);
    let Some(first) = cpus.first() else { return Ok(Vec::new()) };
    let mut shards = HostShards::new(setup, first, Lie::Region, 1, 1)?;
    shards.fill(random);
    if case == Case::Check {
        // The fastest that there is. Afterwards all only reads.
        let fastest = Kernel::available().last().map(Cpu::with_kernel).transpose()?;
        shards.run_all(fastest.as_ref().unwrap_or(first), job.write())?;
    }

    let rounds = wall::rounds(WARM_UP, MOST * u32::try_from(cpus.len())?, || {
        let mut round = Vec::new();
        for &way in &ways {
            round.push(wall::mean(PART, || ceiling::run(&mut shards.view(0)?, moved.plan(0), moving, way))?);
        }
        for cpu in cpus {
            round.push(wall::mean(PART, || shards.run(0, cpu, job.task()).map(|report| drop(black_box(report))))?);
        }
        Ok(round)
    })?;
    let medians: Vec<f64> =
        (0..ways.len() + cpus.len()).map(|at| median(rounds.iter().map(|round| round[at]).collect())).collect();
    let (copies, own) = medians.split_at(ways.len());
    for (way, &seconds) in ways.iter().zip(copies) {
        log::debug!("{way:?}: {:.1} GB/s", moved.traffic_bytes(setup) as f64 / seconds / 1e9);
    }
    let copied = copies.iter().copied().fold(f64::INFINITY, f64::min);
    let ceiling_gbps = moved.traffic_bytes(setup) as f64 / copied / 1e9;

    let mut rows = Vec::new();
    for (cpu, &median_s) in cpus.iter().zip(own) {
        // Another kernel bears witness, where there is one.
        let witness = cpus.iter().find(|other| other.kernel() != cpu.kernel());
        let verified = shards.judge(cpu, witness, &job, inject_fault, random)?;
        let (kernel, traffic_bytes) = (cpu.kernel().name(), job.traffic_bytes(setup));
        rows.push(DeviceRow {
            device: processor(),
            threads,
            ..device::row(setup, case, kernel, traffic_bytes, median_s, ceiling_gbps, verified)
        });
    }
    Ok(rows)
}

/// The processor's name, as far as the system tells it.
pub(super) fn processor() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}
