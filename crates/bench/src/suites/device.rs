//! The suite `device`: plans over shards in the memory of the device that computes.

use std::io::Write;

use anyhow::{Context, Result};
use clap::ValueEnum;
use evariste::Cpu;
use evariste::backend::BLOCK_BYTES;

use super::kernels::{self, Measured};
use crate::args::{Case, Output, Where, Work};
use crate::error::UsageError;
use crate::interrupt;
use crate::job::Job;
use crate::lab::passes::{self, Candidate, Timing};
use crate::lab::shards::Shards;
use crate::lab::trial::Trial;
use crate::lab::{KernelName, Lab, NoRoom};
use crate::outcome::Outcome;
use crate::random::Random;
use crate::record::Device;
use crate::rows::Rows;
use crate::setup::{self, Setup};
use crate::table::Table;

/// Arguments of `bench device`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    work: Work,
    /// Kernel of the GPU; repeatable [default: each]
    #[arg(long = "kernel", value_name = "KERNEL", value_enum)]
    kernels: Vec<KernelName>,
    /// Where to compute; gpu uses a software adapter if there is no hardware
    #[arg(long, value_name = "WHERE", value_enum, default_value_t = Where::Gpu)]
    backend: Where,
    #[command(flatten)]
    output: Output,
}

pub(crate) static TABLE: Table =
    Table { suite: "device", caption: kernels::caption, columns: kernels::COLUMNS, note: None };

/// The device that computes.
enum Opened {
    Gpu(Box<Lab>),
    Cpu(Cpu),
}

pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome> {
    let cases = args.work.cases()?;
    let kernels = if args.kernels.is_empty() { KernelName::value_variants() } else { &args.kernels };
    if cases.contains(&Case::Patterns) && !kernels.contains(&KernelName::Table) {
        return Err(UsageError("the case patterns needs the kernel table".to_owned()).into());
    }
    if args.backend == Where::Cpu && !args.kernels.is_empty() {
        return Err(UsageError("--kernel chooses a GPU's kernel, --backend says cpu".to_owned()).into());
    }
    let opened = match args.backend {
        Where::Gpu => Opened::Gpu(Box::new(Lab::open()?)),
        Where::Cpu => Opened::Cpu(Cpu::new().context("cannot open the CPU backend")?),
    };
    let (defaults, device) = match &opened {
        Opened::Cpu(_) => (setup::DEVICE_CPU, Device::cpu()),
        Opened::Gpu(lab) => (if lab.software { setup::DEVICE_SOFTWARE } else { setup::DEVICE }, lab.named()),
    };
    let mut random = Random::fresh()?;
    let mut rows = Rows::new(&TABLE, &args.output, out);
    for setup in Setup::all(&args.work.sizes, args.work.unit, defaults)? {
        for &case in cases {
            interrupt::check()?;
            let what = format!("{} {} of {} bytes", case.as_str(), setup.shape(), setup.shard_bytes());
            rows.doing(what.clone());
            let inject_fault = args.output.inject_fault;
            let measured = match &opened {
                Opened::Cpu(cpu) => {
                    kernels::measure(&setup, case, std::slice::from_ref(cpu), inject_fault, &mut random)
                }
                Opened::Gpu(lab) => measure(lab, &setup, case, kernels, inject_fault, &mut random),
            };
            match measured {
                Ok(measured) => {
                    let record = |measured: Measured| measured.record(("device", "resident"), case, &setup, &device);
                    rows.extend(measured.into_iter().map(record))?;
                }
                // A default size that does not fit is left out, with a warning.
                Err(error) if setup.by_default && error.is::<NoRoom>() => log::warn!("left out: {what}: {error}"),
                Err(error) => return Err(error),
            }
        }
    }
    rows.finish()
}

/// Measures the GPU's kernels on one setup, beside their ceiling.
fn measure(
    lab: &Lab,
    setup: &Setup,
    case: Case,
    kernels: &[KernelName],
    inject_fault: bool,
    random: &mut Random,
) -> Result<Vec<Measured>> {
    let job = Job::new(setup, case, random)?;
    let ceiling = job.ceiling(&setup.code)?;
    let shards = Shards::new(lab, setup, job.is_apart())?;
    shards.fill(lab, random)?;
    // A check of consistent shards only reads. So the ceiling's check needs the parity that its own matrix makes.
    let ceiling_shards = match case {
        Case::Check => Some(shards.with_other_parity(lab, setup)?),
        _ => None,
    };
    if let Some(ceiling_shards) = &ceiling_shards {
        let table = lab.gpu(KernelName::Table);
        let _ = lab.run(table, job.write(), shards.resident())?;
        let _ = lab.run(table, ceiling.write(), ceiling_shards.resident())?;
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
    let mut ceilings = passes::alternate(lab, &candidates, found_bytes)?;
    let own = ceilings.split_off(lab.ceilings.len());
    let ceiling_gbps = ceilings.iter().map(Timing::gbps).fold(0.0, f64::max);
    let trial = Trial { lab, setup, job: &job, shards: &shards, inject_fault };
    let mut measured = Vec::new();
    for (&chosen, Timing { kernel, traffic_bytes, samples }) in kernels.iter().zip(own) {
        let verified = trial.judge(chosen, random)?;
        measured.push(Measured { kernel, samples, traffic_bytes, ceiling_gbps, verified });
    }
    Ok(measured)
}
