//! `evariste bench`: how fast a backend is, beside the ceiling that the same memory sets in the same run.
//!
//! ```text
//! args -> device  setup -> job -> lab, shards -> timing -> verify -> row      plans over shards in device memory
//!                               \-> host                          -> row      the same on the CPU
//!         field   registers (GPU), words (CPU)                    -> row      single operations of the field
//! ```
//!
//! A setup is a code and the sizes of its shards; a job is what one case does with it. Jobs and samples know no device.
//! docs/benchmarks.md says what is measured and what the rows mean.

mod args;
mod device;
mod field;
mod host;
mod job;
mod lab;
mod random;
mod row;
mod sample;
mod setup;
mod shards;
mod timing;
mod verify;

use std::io::Write;

use anyhow::Result;

pub(crate) use args::Bench;
use args::Suite;

use crate::exit::Exit;

pub(crate) fn run(args: &Bench, out: &mut dyn Write) -> Result<Exit> {
    match &args.suite {
        Suite::Device(args) => device::run(args, out),
        Suite::Field(args) => field::run(args, out),
    }
}
