//! `evariste verify`: reads everything, changes nothing, and reports the state.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use evariste_store::{Set, Verdict};

use crate::backend::Compute;
use crate::exit::Exit;
use crate::health;
use crate::watch::Console;

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// The directory of the shards
    dir: PathBuf,
    #[command(flatten)]
    compute: Compute,
}

pub(crate) fn run(args: &Verify, out: &mut dyn Write) -> Result<Exit> {
    let backend = args.compute.open()?;
    let set = Set::open(&args.dir)?;
    let health = set.verify(&backend, &Console::default())?;
    health::write(&health, &set, &args.dir, out)?;
    Ok(match health.verdict {
        Verdict::Whole => Exit::Whole,
        Verdict::Repairable => Exit::Damaged,
        Verdict::BeyondRepair(_) => Exit::BeyondRepair,
        _ => Exit::Failed,
    })
}
