//! `evariste`: protects files with erasure codes, verifies, repairs and restores them.
//!
//! `protect`, `verify`, `repair`, `restore` and `demo` call `evariste-store`, which reads and writes shards. `plan`
//! compares layouts, `devices` lists what can compute, and `bench` measures backends and verbs. Each verb is a module
//! with its own arguments. `failure` turns errors into messages and exit codes, `health` and `ranges` describe a set's
//! state, and `watch` draws progress and stops on Ctrl-C.
//!
//! docs/shard-format.md describes the files, docs/command.md the verbs.

mod backend;
mod bench;
mod demo;
mod devices;
mod exit;
mod failure;
mod health;
mod interrupt;
mod paragraph;
mod plan;
mod protect;
mod ranges;
mod repair;
mod report;
mod restore;
mod shell;
mod verify;
mod watch;

use std::io::Write;
use std::process::ExitCode;

use clap::{Command, CommandFactory, FromArgMatches, Parser, Subcommand};
use evariste_bench::{code, count, size};

use exit::Exit;

/// Protects files with erasure codes: lost or damaged parts are rebuilt from the rest.
#[derive(Debug, Parser)]
#[command(name = "evariste", version, after_help = exit::HELP, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Protect a file, destroy some of its shards, and restore it
    #[command(after_help = exit::HELP)]
    Demo(demo::Demo),
    /// Write a file as data and parity shards
    #[command(after_help = exit::HELP)]
    Protect(protect::Protect),
    /// Check every block of every shard, and say whether the file can be restored
    #[command(after_help = exit::HELP)]
    Verify(verify::Verify),
    /// Rewrite missing and damaged shards; change nothing unless all of them can be rebuilt
    #[command(after_help = exit::HELP)]
    Repair(repair::Repair),
    /// Write the file from its shards, as long as enough of them are good
    #[command(after_help = exit::HELP)]
    Restore(restore::Restore),
    /// Compare layouts by what they survive, hold and cost, and recommend one for a number of disks
    #[command(after_help = exit::HELP)]
    Plan(plan::Plan),
    /// List the kernel of the CPU and the GPUs, with the numbers that EVARISTE_DEVICE takes
    #[command(after_help = exit::HELP)]
    Devices(devices::Devices),
    /// Measure backends and verbs on generated data, each beside the limit of the machine
    #[command(after_help = exit::HELP)]
    Bench(bench::Bench),
}

/// The command line.
fn command() -> Command {
    Arguments::command().mut_subcommand("bench", bench::with_exit_codes)
}

/// Begins to log what `RUST_LOG` selects. A filter that cannot be parsed is ignored with a warning. env_logger would print that
/// warning itself, and panic if stderr is full.
fn log_to_stderr() {
    // Hides wgpu's warning about mapped buffers that kernels use: in this library they were measured to be fast.
    const DEFAULT: &str = "warn,wgpu_core::instance=error";
    let given = std::env::var("RUST_LOG").ok();
    let filter = match &given {
        Some(given) => match env_filter::Builder::new().try_parse(given) {
            Ok(_) => given,
            Err(error) => {
                let _ = writeln!(std::io::stderr(), "evariste: RUST_LOG is ignored: {error}");
                DEFAULT
            }
        },
        None => DEFAULT,
    };
    let style = std::env::var("RUST_LOG_STYLE").unwrap_or_default();
    env_logger::Builder::new().parse_filters(filter).parse_write_style(&style).init();
}

fn main() -> ExitCode {
    log_to_stderr();
    let arguments = match command().try_get_matches().and_then(|matches| Arguments::from_arg_matches(&matches)) {
        Ok(arguments) => arguments,
        Err(answer) => {
            // Help and version are answers; everything else is wrong usage.
            let exit = if answer.use_stderr() { Exit::Usage } else { Exit::Whole };
            return if answer.print().is_ok() { exit.into() } else { Exit::Failed.into() };
        }
    };
    // These two have nothing to remove: a signal may end them at once.
    if !matches!(arguments.verb, Verb::Plan(_) | Verb::Devices(_)) {
        interrupt::listen();
    }
    let out = &mut std::io::stdout();
    let done = match &arguments.verb {
        Verb::Bench(args) => bench::run(args, out),
        Verb::Demo(args) => demo::run(args, out),
        Verb::Devices(args) => devices::run(args, out),
        Verb::Plan(args) => plan::run(args, out),
        Verb::Protect(args) => protect::run(args, out),
        Verb::Verify(args) => verify::run(args, out),
        Verb::Repair(args) => repair::run(args, out),
        Verb::Restore(args) => restore::run(args, out),
    };
    match done {
        Ok(exit) => exit.into(),
        Err(error) => {
            // `eprintln!` panics when the reader of stderr has gone, and the exit code would be lost.
            let _ = writeln!(std::io::stderr(), "evariste: {}", failure::message(&error));
            failure::exit(&error).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_valid() {
        command().debug_assert();
    }
}
