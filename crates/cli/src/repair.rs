//! `evariste repair`: rewrites missing and damaged shards, and corrects names.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use evariste_store::{Error, Renaming, RepairOptions, Set, Verdict};

use crate::backend::Compute;
use crate::exit::Exit;
use crate::failure::NotRepaired;
use crate::health;
use crate::ranges;
use crate::report::Timed;
use crate::watch::Console;

#[derive(Debug, Args)]
pub(crate) struct Repair {
    /// The directory of the shards
    dir: PathBuf,
    /// Let the code locate errors that checksums do not show: if checksum tables are damaged, or wrong blocks pass
    /// their checksums
    #[arg(long)]
    locate: bool,
    #[command(flatten)]
    compute: Compute,
}

pub(crate) fn run(args: &Repair, out: &mut dyn Write) -> Result<Exit> {
    let backend = args.compute.open()?;
    let mut file_bytes = 0;
    let timed = Timed::run(|| {
        let set = Set::open(&args.dir)?;
        file_bytes = set.header().shape.file_bytes();
        let plan = set.plan_repair(&RepairOptions::new().locate(args.locate), &backend, &Console::default())?;
        health::write(plan.health(), plan.set(), &args.dir, out)?;
        if let Verdict::BeyondRepair(_) = plan.health().verdict {
            return Err(NotRepaired { why: plan.cannot_locate().map(ToString::to_string) }.into());
        }
        match plan.run(&Console::default()) {
            Err(Error::PartlyRepaired { renamed, placed, wanted, source }) => {
                write_renamings(&renamed, out)?;
                Err(Error::PartlyRepaired { renamed, placed, wanted, source }.into())
            }
            repaired => repaired.context("nothing was changed"),
        }
    })?;
    let repaired = &timed.value;
    write_renamings(&repaired.renamed, out)?;
    if repaired.rewritten.is_empty() && repaired.renamed.is_empty() {
        writeln!(out, "nothing to repair")?;
    } else if repaired.rewritten.is_empty() {
        writeln!(out, "repaired: names corrected")?;
    } else {
        let rate = timed.rate(file_bytes, backend.as_ref());
        writeln!(out, "repaired: {} rewritten; {rate}", ranges::shards(&repaired.rewritten))?;
    }
    Ok(Exit::Whole)
}

fn write_renamings(renamed: &[Renaming], out: &mut dyn Write) -> std::io::Result<()> {
    for Renaming { from, to, is_aside, .. } in renamed {
        let (from, to) = (from.display(), to.display());
        if *is_aside {
            writeln!(out, "moved {from} aside to {to}")?;
        } else {
            writeln!(out, "renamed {from} to {to}")?;
        }
    }
    Ok(())
}
