//! `evariste bench`: how fast a backend or a verb is, beside the ceiling measured in the same run.
//!
//! ```text
//! args -> device   setup -> job -> lab, shards -> timing -> verify -> row     plans over shards in device memory
//!         cpu      setup -> job -> memory, wall                    -> row     the same with the kernels of the CPU
//!         host     setup -> job -> path, memory, wall, copies      -> row     calls on shards in host memory
//!         latency  setup -> path, quantiles                        -> row     one small call, thousands of times
//!         files    protect, restore, cp                            -> row     files
//!         layouts  setup -> path, memory, wall                     -> row     the same in layouts that hold as much
//!         patterns lost, place                                     -> row     stripes with losses of their own
//!         fusion   setup -> a file for each section                -> row     one call that does it all, beside as many calls
//!         field    registers (GPU), words (CPU)                    -> row     single operations of the field
//! ```
//!
//! A setup is a code and the sizes of its shards; a job is what one case does with it. Jobs and samples know no device.
//! docs/benchmarks.md says what is measured and what the rows mean.

mod args;
mod calibrate;
mod cpu;
mod device;
mod field;
mod files;
mod fusion;
mod host;
mod job;
mod lab;
mod latency;
mod layouts;
mod memory;
mod path;
mod patterns;
mod random;
mod row;
mod sample;
mod setup;
mod shards;
mod timing;
mod verify;
mod wall;

use std::io::Write;

use anyhow::Result;

pub(crate) use args::Bench;
use args::Suite;

use crate::exit::Exit;

pub(crate) fn run(args: &Bench, out: &mut dyn Write) -> Result<Exit> {
    match &args.suite {
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
    }
}
