//! The suite `device`: plans over shards that lie where they are computed on.

use std::io::Write;

use anyhow::{Context, Result};

use super::args::{Case, Device, KernelName, Where};
use super::cpu;
use super::job::Job;
use super::lab::{Lab, NoRoom};
use super::random::Random;
use super::row::{DeviceRow, Rows};
use super::setup::{self, Setup};
use super::shards::Shards;
use super::timing::{self, Candidate, Timing};
use super::verify::Trial;
use crate::exit::{Exit, UsageError};
use crate::interrupt;
use evariste::Cpu;
use evariste::backend::BLOCK_BYTES;

/// What is measured where no case is asked for.
pub(super) const CASES: [Case; 3] = [Case::Encode, Case::Reconstruct, Case::Check];
const KERNELS: [KernelName; 2] = [KernelName::Table, KernelName::Compiled];

pub(super) fn run(args: &Device, out: &mut dyn Write) -> Result<Exit> {
    let cases = args.cases.chosen(&CASES, &args.stripes)?;
    let kernels = if args.kernels.is_empty() { &KERNELS[..] } else { &args.kernels };
    if cases.contains(&Case::Patterns) && !kernels.contains(&KernelName::Table) {
        return Err(UsageError("the case patterns needs the kernel table".to_owned()).into());
    }
    if args.backend == Where::Cpu && !args.kernels.is_empty() {
        return Err(UsageError("--kernel chooses a GPU's kernel, --backend says cpu".to_owned()).into());
    }
    let lab = match args.backend {
        Where::Gpu => Some(Lab::open()?),
        Where::Cpu => None,
    };
    let cpu = match &lab {
        None => vec![Cpu::new().context("cannot open the CPU backend")?],
        Some(_) => Vec::new(),
    };
    let defaults = match &lab {
        None => setup::DEVICE_CPU,
        Some(lab) if lab.software => setup::DEVICE_SOFTWARE,
        Some(_) => setup::DEVICE,
    };
    let mut random = Random::fresh()?;
    let mut rows = Rows::new(&args.output, out);
    for setup in Setup::all(&args.sizes, args.stripes.unit, defaults)? {
        for &case in cases {
            interrupt::check()?;
            rows.doing(format!("{} {} of {} bytes", case.as_str(), setup.shape(), setup.shard_bytes()));
            let inject_fault = args.output.inject_fault;
            let measured = match &lab {
                None => cpu::measure(&setup, case, &cpu, inject_fault, &mut random),
                Some(lab) => measure(lab, &setup, case, kernels, inject_fault, &mut random),
            };
            match measured {
                Ok(measured) => measured.into_iter().try_for_each(|row| rows.push(row))?,
                // A size that nobody asked for is left out, and that is said.
                Err(error) if setup.by_default && error.is::<NoRoom>() => {
                    log::warn!(
                        "left out: {} {} of {} bytes: {error}",
                        case.as_str(),
                        setup.shape(),
                        setup.shard_bytes()
                    );
                }
                Err(error) => return Err(error),
            }
        }
    }
    rows.finish()
}

/// Measures the kernels on one setup, beside their ceiling.
fn measure(
    lab: &Lab,
    setup: &Setup,
    case: Case,
    kernels: &[KernelName],
    inject_fault: bool,
    random: &mut Random,
) -> Result<Vec<DeviceRow>> {
    let job = Job::new(setup, case, random)?;
    let ceiling = job.ceiling(&setup.code)?;
    let shards = Shards::new(lab, setup, job.is_apart())?;
    shards.fill(lab, random)?;
    // A check that finds nothing only reads. So each needs the parity that its own matrix makes.
    let ceiling_shards = match case {
        Case::Check => Some(shards.with_other_parity(lab, setup)?),
        _ => None,
    };
    if let Some(ceiling_shards) = &ceiling_shards {
        let table = lab.gpu(KernelName::Table);
        lab.run(table, job.write(), &shards)?;
        lab.run(table, ceiling.write(), ceiling_shards)?;
    }
    // Only the table kernel takes a plan for each stripe.
    let runs = |kernel: &&KernelName| case != Case::Patterns || **kernel == KernelName::Table;
    let kernels: Vec<KernelName> = kernels.iter().filter(runs).copied().collect();
    let moving = ceiling_shards.as_ref().unwrap_or(&shards).resident();
    let ceilings = lab.ceilings.iter().map(|gpu| Candidate { gpu, task: ceiling.task(), shards: moving });
    let own =
        kernels.iter().map(|&kernel| Candidate { gpu: lab.gpu(kernel), task: job.task(), shards: shards.resident() });
    let candidates: Vec<Candidate<'_>> = ceilings.chain(own).collect();
    let found_bytes = match case {
        Case::Check => 8 * setup.code.parity_shards() * setup.stripes * setup.unit_bytes.div_ceil(BLOCK_BYTES),
        _ => 0,
    };
    let timings = timing::alternate(lab, &candidates, found_bytes)?;
    let (ceilings, own) = timings.split_at(lab.ceilings.len());
    let ceiling_gbps = ceilings.iter().map(Timing::gbps).fold(0.0, f64::max);
    let trial = Trial { lab, setup, job: &job, shards: &shards, inject_fault };
    let mut rows = Vec::new();
    for (&kernel, timing) in kernels.iter().zip(own) {
        let verified = trial.judge(kernel, random)?;
        rows.push(DeviceRow {
            device: lab.name.clone(),
            driver: lab.driver.clone(),
            // The passes are recorded by the thread that waits for them.
            threads: 1,
            ..row(setup, case, timing.kernel, timing.traffic_bytes, timing.median_s, ceiling_gbps, verified)
        });
    }
    Ok(rows)
}

/// A row without its device.
pub(super) fn row(
    setup: &Setup,
    case: Case,
    kernel: &str,
    traffic_bytes: u64,
    median_s: f64,
    ceiling_gbps: f64,
    verified: bool,
) -> DeviceRow {
    let data_bytes = setup.code.data_shards() * setup.shard_bytes();
    let traffic_gbps = traffic_bytes as f64 / median_s / 1e9;
    DeviceRow {
        suite: "device",
        case: case.as_str(),
        path: "resident",
        kernel: kernel.to_owned(),
        device: String::new(),
        driver: String::new(),
        code: setup.code.name(),
        k: setup.code.data_shards(),
        m: setup.code.parity_shards(),
        shard_bytes: setup.shard_bytes(),
        stripes: setup.stripes,
        threads: 0,
        median_s,
        traffic_gbps,
        data_gbps: data_bytes as f64 / median_s / 1e9,
        ceiling_gbps,
        share: traffic_gbps / ceiling_gbps,
        verified,
    }
}
