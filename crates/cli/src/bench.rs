//! The laboratory: how fast a backend or a verb is, beside a ceiling measured in the same run.
//!
//! ```text
//! device     plans over shards in device memory              setup -> job -> lab (shards, passes, trial)
//! cpu        the same with each kernel of the CPU            setup -> job -> memory, wall
//! host       calls on shards in host memory                  setup -> job -> path, memory, wall
//! latency    one small call, thousands of times              setup -> path
//! layouts    calls in layouts of equal capacity              setup -> job -> path, memory, wall
//! patterns   stripes with different lost shards              wall
//! fusion     one call beside separate calls                  setup -> job -> lab or memory, wall
//! field      single operations of the field                  lab
//! files      protect and restore beside cp                   evariste-store
//! calibrate  what the automatic backend chooses by
//! ```
//!
//! A setup is a code and the sizes of its shards; a job is what one case does with them. Jobs and samples know no device. Every
//! suite makes records, its table prints them, and rows collects them as JSON. docs/benchmarks.md says what is measured and what
//! the rows mean.

mod args;
#[cfg(test)]
mod committed;
mod error;
mod job;
mod lab;
mod memory;
#[cfg(test)]
mod pages;
mod path;
mod random;
pub(crate) mod record;
mod rows;
mod sample;
mod setup;
mod suites;
mod table;
mod timing;
mod wall;

use std::io::Write;

use clap::{Args, Subcommand};

use crate::exit;
pub(crate) use error::Error;
use suites::{calibrate, cpu, device, field, files, fusion, host, latency, layouts, patterns};

/// Arguments of `bench`.
#[derive(Debug, Args)]
pub(crate) struct Bench {
    #[command(subcommand)]
    suite: Suite,
}

#[derive(Debug, Subcommand)]
enum Suite {
    /// Encode, reconstruct and check shards that are already in the memory of the device that computes
    #[command(after_help = exit::HELP)]
    Device(device::Args),
    /// Encode, reconstruct and check shards in host memory, beside copies across PCIe
    #[command(after_help = exit::HELP)]
    Host(host::Args),
    /// Encode, reconstruct and check with each kernel of the CPU, beside a loop that only moves the shards
    #[command(after_help = exit::HELP)]
    Cpu(cpu::Args),
    /// Time one encode of a few small shards: the median, and the slowest calls
    #[command(after_help = exit::HELP)]
    Latency(latency::Args),
    /// Protect and restore a file, beside cp
    #[command(after_help = exit::HELP)]
    Files(files::Args),
    /// Do several things in one call, such as encoding and checksums, beside separate calls
    #[command(after_help = exit::HELP)]
    Fusion(fusion::Args),
    /// Add, multiply and invert field elements that never leave the registers
    #[command(after_help = exit::HELP)]
    Field(field::Args),
    /// Encode, read while a disk is missing, and rebuild, in layouts of equal capacity
    #[command(after_help = exit::HELP)]
    Layouts(layouts::Args),
    /// Rebuild many stripes, each with different lost shards, in one call, from the lists of lost shards
    #[command(after_help = exit::HELP)]
    Patterns(patterns::Args),
    /// Measure the CPU and the GPU, and store the figures by which the automatic backend chooses
    #[command(after_help = exit::HELP)]
    Calibrate(calibrate::Args),
}

/// How a suite ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Outcome {
    /// Every result was right.
    Right,
    /// At least one result was wrong; its row says so.
    Wrong,
}

/// Runs a suite and writes its rows to `out`.
pub(crate) fn run(args: &Bench, out: &mut dyn Write) -> Result<Outcome, Error> {
    let done = match &args.suite {
        Suite::Device(args) => device::run(args, out),
        Suite::Host(args) => host::run(args, out),
        Suite::Cpu(args) => cpu::run(args, out),
        Suite::Latency(args) => latency::run(args, out),
        Suite::Files(args) => files::run(args, out),
        Suite::Layouts(args) => layouts::run(args, out),
        Suite::Field(args) => field::run(args, out),
        Suite::Patterns(args) => patterns::run(args, out),
        Suite::Fusion(args) => fusion::run(args, out),
        Suite::Calibrate(args) => calibrate::run(args, out),
    };
    Ok(done?)
}
