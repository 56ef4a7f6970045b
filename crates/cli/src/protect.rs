//! `evariste protect`: writes a file as shards.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use evariste::{Error, Layout};
use evariste_store::{Scheme, check_unit};

use crate::backend::Compute;
use crate::code;
use crate::count;
use crate::exit::{Exit, UsageError};
use crate::health;
use crate::ranges::counted;
use crate::report::{self, Timed};
use crate::size;
use crate::watch::Console;

#[derive(Debug, Args)]
pub(crate) struct Protect {
    /// The file to protect
    file: PathBuf,
    /// The directory for the shards 000.shard, 001.shard, ...; created if it is missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// k: how many shards hold the file
    #[arg(long, value_name = "K", default_value_t = 10, conflicts_with = "layout", value_parser = count::between(1, 1023))]
    data: u32,
    /// m: how many shards may be lost [default: 4; raid5 has 1, raid6 has 2]
    #[arg(long, value_name = "M", conflicts_with = "layout", value_parser = count::between(1, 1023))]
    parity: Option<u32>,
    /// How parity follows from data
    #[arg(long, value_name = "NAME", value_parser = code::parser(), default_value = code::DEFAULT, conflicts_with = "layout")]
    code: String,
    /// Put the shards into groups, instead of --data, --parity and --code: raid51:2x6, raid55:4x4, lrc:12,2,2,
    /// hier:4x6+1+1, ...; see `evariste plan`
    #[arg(long, value_name = "LAYOUT")]
    layout: Option<Layout>,
    /// How many bytes of the file go to one shard before the next shard; a multiple of 4096
    #[arg(long, value_name = "SIZE", default_value = "1MiB", value_parser = parse_unit)]
    unit: u64,
    #[command(flatten)]
    compute: Compute,
}

pub(crate) fn run(args: &Protect, out: &mut dyn Write) -> Result<Exit> {
    let layout = match args.layout {
        Some(layout) => layout,
        None => flat(&args.code, args.data as usize, args.parity.map(|parity| parity as usize))?,
    };
    let scheme = scheme(layout, args.unit)?;
    let backend = args.compute.open()?;
    let protect = || evariste_store::protect(&args.file, &args.out, &scheme, &backend, &Console::default());
    let timed = Timed::run(|| Ok(protect()?))?;
    let (set, stages) = (&timed.value.set, &timed.value.stages);
    report::log_stages(set.shape.file_bytes(), stages);
    writeln!(
        out,
        "protected {}: {} in {}, set {}",
        args.file.display(),
        health::layout(set),
        args.out.display(),
        set.id,
    )?;
    writeln!(out, "{}", timed.rate(set.shape.file_bytes(), backend.as_ref()))?;
    Ok(Exit::Whole)
}

/// The layout of a flat code. Without `parity` it has the code's own number of parity shards, or 4 if the code has
/// none.
fn flat(code: &str, data: usize, parity: Option<usize>) -> Result<Layout, UsageError> {
    const DEFAULT_PARITY: usize = 4;
    let parity = parity.or(Layout::own_parity(code)).unwrap_or(DEFAULT_PARITY);
    Layout::flat(code, data, parity).map_err(|error| match error {
        Error::OwnParity { code, own, given } => {
            UsageError(format!("{code} has {}, --parity says {given}", counted(own as u64, "parity shard")))
        }
        error => UsageError(error.to_string()),
    })
}

/// The scheme of a layout. A layout beyond the format's limits is wrong usage.
fn scheme(layout: Layout, unit_bytes: u64) -> Result<Scheme, UsageError> {
    Scheme::new(layout, unit_bytes).map_err(|error| UsageError(error.to_string()))
}

fn parse_unit(text: &str) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
    let bytes = size::parse(text)?;
    check_unit(bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn impossible_schemes_are_wrong_usage() {
        for (code, data, parity, message) in [
            ("raid5", 10, Some(4), "raid5 has 1 parity shard, --parity says 4"),
            ("raid6", 10, Some(1), "raid6 has 2 parity shards, --parity says 1"),
            (
                "vandermonde",
                250,
                Some(7),
                "vandermonde has room for at most 256 data and parity shards over GF(2^8), got 257",
            ),
            ("raid5", 5000, None, "5001 shards, a set may have at most 1024"),
        ] {
            assert_eq!(
                flat(code, data, parity).and_then(|layout| scheme(layout, 4096)).err().unwrap().to_string(),
                message
            );
        }
    }

    #[test]
    fn raid_codes_have_their_own_number_of_parity_shards() {
        for (code, parity) in [("raid5", 1), ("raid6", 2), ("cauchy", 4)] {
            assert_eq!(flat(code, 10, None).unwrap().parity_shards(), parity);
        }
    }
}
