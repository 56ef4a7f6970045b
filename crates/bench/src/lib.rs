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
//! calibrate  measures and stores the speeds that the automatic backend compares
//! ```
//!
//! A *setup* is a code and the sizes of its shards; a *job* is what one case does with them. Setups and jobs know no
//! device. Every suite makes [records](record), writes them as a table to the caller's writer, and saves them as JSON
//! if `--json` names a file. [`pages`] renders the tables of benches/*.md from committed records. docs/benchmarks.md
//! describes the measurements and the keys.
//!
//! The suites are a verb of the command, `evariste bench`, and each suite owns its arguments: [`Bench`] is an argument
//! set of clap, so that a flag, its help and the code that reads it are in one file. The command adds its exit codes
//! and prints errors; this crate returns an [`Outcome`] or an [`Error`]. It writes to no stream of the process, except
//! for a progress spinner on a terminal and the `log` crate. [`backend`], [`code`], [`count`] and [`size`] read the
//! names, numbers and sizes of its flags. Other verbs of the command use them too.

mod args;
pub mod backend;
pub mod code;
pub mod count;
mod error;
pub mod interrupt;
mod job;
mod lab;
mod memory;
mod outcome;
pub mod pages;
mod path;
mod random;
pub mod record;
mod rows;
mod sample;
mod setup;
pub mod size;
mod suites;
mod table;
mod timing;
mod wall;

use std::io::Write;

use clap::{Args, Subcommand};

pub use error::Error;
pub use outcome::Outcome;
use suites::{calibrate, cpu, device, field, files, fusion, host, latency, layouts, patterns};

/// Arguments of `bench`.
#[derive(Debug, Args)]
pub struct Bench {
    #[command(subcommand)]
    suite: Suite,
}

#[derive(Debug, Subcommand)]
enum Suite {
    /// Encode, reconstruct and check shards that are already in the memory of the device that computes
    Device(device::Args),
    /// Encode, reconstruct and check shards in host memory, beside copies across PCIe
    Host(host::Args),
    /// Encode, reconstruct and check with each kernel of the CPU, beside a loop that only moves the shards
    Cpu(cpu::Args),
    /// Time one encode of a few small shards: the median, and the slowest calls
    Latency(latency::Args),
    /// Protect and restore a file, beside cp
    Files(files::Args),
    /// Do several things in one call, such as encoding and checksums, beside separate calls
    Fusion(fusion::Args),
    /// Add, multiply and invert field elements that never leave the registers
    Field(field::Args),
    /// Encode, read while a disk is missing, and rebuild, in layouts of equal capacity
    Layouts(layouts::Args),
    /// Rebuild many stripes, each with different lost shards, in one call, from the lists of lost shards
    Patterns(patterns::Args),
    /// Measure the CPU and the GPU, and store the figures by which the automatic backend chooses
    Calibrate(calibrate::Args),
}

/// Runs a suite and writes its table, or its JSON, to `out`.
///
/// # Errors
///
/// [`Error::Usage`] if the arguments contradict each other, [`Error::Failed`] if a measurement could not be made or `out` could
/// not be written.
pub fn run(args: &Bench, out: &mut dyn Write) -> Result<Outcome, Error> {
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
