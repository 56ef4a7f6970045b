//! `evariste`: protects files with erasure codes, verifies, repairs and restores them.
//!
//! ```text
//! args -> protect  file -> batch -> codec -> writer -> shards
//!         verify   scan -> set -> reader -> batch -> codec -> health
//!         repair   health, then writer and renaming
//!         restore  the same way without what is not needed, into one file
//! ```
//!
//! `plan` compares layouts and touches no file; `bench` measures backends, protect and restore, and touches no file of
//! anybody's.
//!
//! `format` and `shape` say what a shard file is, `walk` and `pipeline` how stripes pass through memory, and each verb has a
//! file of its own. docs/shard-format.md describes the files, docs/command.md the verbs.

mod args;
mod backend;
mod batch;
#[expect(unreachable_pub, reason = "the laboratory becomes a crate of its own, whose interface these items are")]
mod bench;
mod code;
mod demo;
mod exit;
mod format;
mod hash;
mod health;
mod interrupt;
mod names;
mod pipeline;
mod plan;
mod positioned;
mod progress;
mod protect;
mod ranges;
mod reader;
mod renaming;
mod repair;
mod report;
mod restore;
mod scan;
mod set;
mod shape;
mod size;
mod temp;
mod verify;
mod walk;
mod writer;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use args::{Arguments, Verb};
use exit::Exit;

fn main() -> ExitCode {
    // wgpu warns of mapped buffers that kernels use: for this library they are the fast way, and measured.
    let filter = env_logger::Env::default().default_filter_or("warn,wgpu_core::instance=error");
    env_logger::Builder::from_env(filter).init();
    interrupt::listen();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(answer) => {
            // Help and version are answers; all else is wrong usage.
            let exit = if answer.use_stderr() { Exit::Usage } else { Exit::Whole };
            return if answer.print().is_ok() { exit.into() } else { Exit::Failed.into() };
        }
    };
    let out = &mut std::io::stdout();
    let done = match &arguments.verb {
        Verb::Bench(args) => measured(bench::run(args, out)),
        Verb::Demo(args) => demo::run(args, out),
        Verb::Plan(args) => plan::run(args, out),
        Verb::Protect(args) => protect::run(args, out),
        Verb::Verify(args) => verify::run(args, out),
        Verb::Repair(args) => repair::run(args, out),
        Verb::Restore(args) => restore::run(args, out),
    };
    match done {
        Ok(exit) => exit.into(),
        Err(error) => {
            // `eprintln!` panics where nobody reads any more, and the exit code would say nothing.
            let _ = writeln!(std::io::stderr(), "evariste: {error:#}");
            exit::of_error(&error).into()
        }
    }
}

/// A laboratory's outcome as the command's.
fn measured(done: Result<bench::Outcome, bench::Error>) -> anyhow::Result<Exit> {
    match done {
        Ok(bench::Outcome::Right) => Ok(Exit::Whole),
        Ok(bench::Outcome::Wrong) => Ok(Exit::Damaged),
        Err(bench::Error::Usage(text)) => Err(exit::UsageError(text).into()),
        Err(bench::Error::Failed(error)) => Err(error),
    }
}
