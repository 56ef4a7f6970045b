//! The suite `cpu`: plans over shards in host memory with each kernel of the CPU, on chosen numbers of threads.

use std::io::Write;

use anyhow::{Context, Result};
use evariste::Cpu;
use evariste::cpu::Kernel;
use rayon::ThreadPoolBuilder;

use super::kernels;
use crate::args::{Output, Work};
use crate::count;
use crate::interrupt;
use crate::outcome::Outcome;
use crate::random::Random;
use crate::record::Device;
use crate::rows::Rows;
use crate::setup::{self, Setup};
use crate::table::{self, Table};

/// Arguments of `bench cpu`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    work: Work,
    /// Number of threads; repeatable [default: 1, and as many as the machine has]
    #[arg(long, value_name = "N", value_parser = count::between(1, 1024))]
    threads: Vec<u32>,
    /// Kernel: portable, avx2, gfni, avx512 or neon; repeatable [default: each that this processor has]
    #[arg(long = "kernel", value_name = "KERNEL", value_parser = kernel)]
    kernels: Vec<Kernel>,
    #[command(flatten)]
    output: Output,
}

pub(crate) static TABLE: Table =
    Table { suite: "cpu", caption: kernels::caption, columns: kernels::COLUMNS, note: None };

/// A kernel of the CPU backend by its name.
fn kernel(text: &str) -> Result<Kernel, String> {
    let names = || Kernel::ALL.map(Kernel::name).join(", ");
    let kernel = Kernel::ALL.into_iter().find(|kernel| kernel.name() == text);
    kernel.ok_or_else(|| format!("possible values: {}", names()))
}

pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome> {
    let cases = args.work.cases()?;
    let kernels = if args.kernels.is_empty() { Kernel::available().collect() } else { args.kernels.clone() };
    let cpus = kernels.into_iter().map(Cpu::with_kernel).collect::<Result<Vec<_>, _>>()?;
    let mut threads: Vec<usize> = args.threads.iter().map(|&threads| threads as usize).collect();
    if threads.is_empty() {
        threads = vec![1, rayon::current_num_threads()];
        threads.dedup();
    }
    let pool = |threads| {
        let built = ThreadPoolBuilder::new().num_threads(threads).build();
        built.with_context(|| format!("cannot start {}", table::count(threads, "thread")))
    };
    let pools = threads.into_iter().map(pool).collect::<Result<Vec<_>>>()?;
    let setups = Setup::all(&args.work.sizes, args.work.unit, setup::CPU)?;
    let mut random = Random::fresh()?;
    let mut rows = Rows::new(&TABLE, &args.output, out);
    for pool in &pools {
        for setup in &setups {
            for &case in cases {
                interrupt::check()?;
                let (shape, bytes, threads) = (setup.shape(), setup.shard_bytes(), pool.current_num_threads());
                let threads = table::count(threads, "thread");
                rows.doing(format!("{} {shape} of {bytes} bytes, {threads}", case.as_str()));
                let (measured, device) = pool.install(|| {
                    let measured = kernels::measure(setup, case, &cpus, args.output.inject_fault, &mut random);
                    Ok::<_, anyhow::Error>((measured?, Device::cpu()))
                })?;
                let record = |measured: kernels::Measured| measured.record(("cpu", "cpu"), case, setup, &device);
                rows.extend(measured.into_iter().map(record))?;
            }
        }
    }
    rows.finish()
}
