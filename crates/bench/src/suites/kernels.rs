//! Kernels on one setup beside their ceiling: the common part of the suites `device` and `cpu`.
//!
//! [`measure`] runs kernels of the CPU in turn with the loop that only moves the same bytes. Every call works on the same shards,
//! so shards that fit the caches stay there.

mod ceiling;

use std::hint::black_box;
use std::time::Duration;

use anyhow::Result;
use evariste::Cpu;
use evariste::cpu::Kernel;

use crate::args::Case;
use crate::job::Job;
use crate::memory::{Allocation, HostShards};
use crate::random::Random;
use crate::record::{Ceiling, Device, Figures, Method, Record};
use crate::setup::Setup;
use crate::table::{self, CASE, Column, DATA, KERNEL, RIGHT, SHAPE, SHARD, SHARE, STRIPES, TIME, TRAFFIC};
use crate::timing::{by_candidate, median};
use crate::wall;
use ceiling::Moving;

/// How long each candidate works in a round.
const PART: Duration = Duration::from_millis(3);
const WARM_UP: Duration = Duration::from_millis(30);
/// The time limit of the rounds of each row.
const MOST: Duration = Duration::from_millis(800);

/// The columns of both suites.
pub(super) const COLUMNS: &[Column] = &[
    CASE,
    KERNEL,
    SHAPE,
    SHARD,
    STRIPES,
    TIME,
    TRAFFIC,
    DATA,
    Column::number(("ceiling", "GB/s"), 7, 1, |r| r.ceiling.ceiling_gbps),
    SHARE,
    RIGHT,
];

/// The common part of consecutive rows, in both suites.
pub(super) fn caption(record: &Record) -> Vec<String> {
    let code = record.setup.code.clone().unwrap_or_default();
    [table::device(record), vec![code, table::threads(record)]].concat()
}

/// The measurement of one kernel with one job, beside the ceiling.
pub(super) struct Measured {
    pub(super) kernel: &'static str,
    pub(super) samples: Vec<f64>,
    pub(super) traffic_bytes: u64,
    pub(super) ceiling_gbps: f64,
    pub(super) verified: bool,
}

impl Measured {
    /// The row.
    pub(super) fn record(self, (suite, path): (&str, &str), case: Case, setup: &Setup, device: &Device) -> Record {
        let record = Record::new((suite, case.as_str(), path), device, self.samples, self.verified);
        let traffic_gbps = record.rate(self.traffic_bytes as f64);
        let data_gbps = Some(record.rate(setup.data_bytes() as f64));
        let share = Some(Some(traffic_gbps / self.ceiling_gbps));
        Record {
            method: Method { kernel: Some(self.kernel.to_owned()), ..Method::default() },
            setup: setup.keys(),
            figures: Figures { traffic_gbps: Some(traffic_gbps), data_gbps, ..record.figures },
            ceiling: Ceiling { ceiling_gbps: Some(self.ceiling_gbps), share, ..Ceiling::default() },
            ..record
        }
    }
}

/// Measures kernels of the CPU on one setup, on the threads of the current pool.
pub(super) fn measure(
    setup: &Setup,
    case: Case,
    cpus: &[Cpu],
    inject_fault: bool,
    random: &mut Random,
) -> Result<Vec<Measured>> {
    let job = Job::new(setup, case, random)?;
    let moved = job.ceiling(&setup.code)?;
    let moving = if case == Case::Check { Moving::Reads } else { Moving::Writes };
    let ways = ceiling::ways(rayon::current_num_threads());
    let Some(first) = cpus.first() else { return Ok(Vec::new()) };
    let mut shards = HostShards::new(setup, first, Allocation::Region, 1, 1)?;
    shards.fill(random);
    if case == Case::Check {
        // A check of consistent shards only reads. The fastest kernel makes them consistent.
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
    let mut copies = by_candidate(&rounds);
    let own = copies.split_off(ways.len());
    let moved_gbps = |samples: &Vec<f64>| moved.traffic_bytes(setup) as f64 / median(samples) / 1e9;
    for (way, samples) in ways.iter().zip(&copies) {
        log::debug!("{way:?}: {:.1} GB/s", moved_gbps(samples));
    }
    let ceiling_gbps = copies.iter().map(moved_gbps).fold(0.0, f64::max);

    let mut measured = Vec::new();
    for (cpu, samples) in cpus.iter().zip(own) {
        // Another kernel checks the result, if there is one.
        let witness = cpus.iter().find(|other| other.kernel() != cpu.kernel());
        let verified = shards.judge(cpu, witness, &job, inject_fault, random)?;
        let (kernel, traffic_bytes) = (cpu.kernel().name(), job.traffic_bytes(setup));
        measured.push(Measured { kernel, samples, traffic_bytes, ceiling_gbps, verified });
    }
    Ok(measured)
}
