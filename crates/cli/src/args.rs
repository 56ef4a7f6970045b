//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use evariste::Layout;

use crate::backend::Choice;
use crate::bench::Bench;
use crate::code::CodeName;
use crate::exit;
use crate::plan::Plan;
use crate::shape;
use crate::size;

/// Protects files with erasure codes: what is lost or damaged comes back from what is left.
#[derive(Debug, Parser)]
#[command(name = "evariste", version, after_help = exit::HELP)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Protect a file, destroy some of its shards, and bring it back
    #[command(after_help = exit::HELP)]
    Demo(Demo),
    /// Write a file as data and parity shards
    #[command(after_help = exit::HELP)]
    Protect(Protect),
    /// Check every block of every shard, and say whether the file can be had back
    #[command(after_help = exit::HELP)]
    Verify(Verify),
    /// Rewrite what is missing or damaged; changes nothing unless all of it can be mended
    #[command(after_help = exit::HELP)]
    Repair(Repair),
    /// Write the file from its shards, as many as are good
    #[command(after_help = exit::HELP)]
    Restore(Restore),
    /// Compare layouts: what they survive, hold and cost, and which to take for so many disks
    #[command(after_help = exit::HELP)]
    Plan(Plan),
    /// Measure backends and verbs on data of their own, each beside what limits it
    #[command(after_help = exit::HELP)]
    Bench(Bench),
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// The file to protect; it is only read [default: 256 MiB made for the purpose]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) compute: Compute,
}

#[derive(Debug, Args)]
pub(crate) struct Protect {
    /// The file to protect
    pub(crate) file: PathBuf,
    /// The directory for the shards, 000.shard and on; made if it is missing
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// k: how many shards hold the file
    #[arg(long, value_name = "K", default_value_t = 10, conflicts_with = "layout", value_parser = clap::value_parser!(u32).range(1..1024))]
    pub(crate) data: u32,
    /// m: how many shards may be lost [default: 4; raid5 has 1, raid6 has 2]
    #[arg(long, value_name = "M", conflicts_with = "layout", value_parser = clap::value_parser!(u32).range(1..1024))]
    pub(crate) parity: Option<u32>,
    /// How parity follows from data
    #[arg(long, value_name = "NAME", value_enum, default_value_t = CodeName::Vandermonde, conflicts_with = "layout")]
    pub(crate) code: CodeName,
    /// Shards in groups, instead of --data, --parity and --code: raid51:2x6, raid55:4x4, lrc:12,2,2, hier:4x6+1+1, ...; see
    /// `evariste plan`
    #[arg(long, value_name = "LAYOUT")]
    pub(crate) layout: Option<Layout>,
    /// How many bytes of the file go to one shard before the next has its turn; a multiple of 4096
    #[arg(long, value_name = "SIZE", default_value = "1MiB", value_parser = parse_unit)]
    pub(crate) unit: u64,
    #[command(flatten)]
    pub(crate) compute: Compute,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The directory of the shards
    pub(crate) dir: PathBuf,
    #[command(flatten)]
    pub(crate) compute: Compute,
}

#[derive(Debug, Args)]
pub(crate) struct Repair {
    /// The directory of the shards
    pub(crate) dir: PathBuf,
    /// Where checksums do not help, because their tables are damaged or they pass what is wrong: let the code find what is
    #[arg(long)]
    pub(crate) locate: bool,
    #[command(flatten)]
    pub(crate) compute: Compute,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The directory of the shards
    pub(crate) dir: PathBuf,
    /// The file to write; one that is there is replaced once the new one is complete
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) compute: Compute,
}

/// What every verb that computes can be told.
#[derive(Debug, Args)]
pub(crate) struct Compute {
    /// Where to compute: auto takes a hardware GPU for large work and the CPU otherwise
    #[arg(long, value_name = "WHERE", value_enum, default_value_t = Choice::Auto)]
    pub(crate) backend: Choice,
}

fn parse_unit(text: &str) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
    let bytes = size::parse(text)?;
    shape::check_unit(bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_unit_is_a_multiple_of_4096() {
        assert_eq!(parse_unit("8KiB").unwrap(), 8192);
        for (text, message) in [
            ("0", "the unit is 0 bytes, it must be a positive multiple of 4096"),
            ("5000", "the unit is 5000 bytes, it must be a positive multiple of 4096"),
            ("2GiB", "the unit is 2147483648 bytes, it may be at most 1073741824"),
        ] {
            assert_eq!(parse_unit(text).unwrap_err().to_string(), message);
        }
    }
}
