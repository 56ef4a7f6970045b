//! `evariste restore`: writes the file from its shards.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use evariste_store::Set;

use crate::backend::Compute;
use crate::exit::Exit;
use crate::report::{self, Timed};
use crate::shell;
use crate::watch::Console;

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The directory of the shards
    dir: PathBuf,
    /// The file to write; a file of this name is replaced once the new one is complete
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    compute: Compute,
}

pub(crate) fn run(args: &Restore, out: &mut dyn Write) -> Result<Exit> {
    let backend = args.compute.open()?;
    let timed = Timed::run(|| Ok(Set::open(&args.dir)?.restore(&args.out, &backend, &Console::default())?))?;
    let restored = &timed.value;
    report::log_stages(restored.file_bytes, &restored.stages);
    writeln!(out, "restored {}: {}", args.out.display(), timed.rate(restored.file_bytes, backend.as_ref()))?;
    if restored.is_damaged {
        writeln!(
            out,
            "note: some shards are missing or damaged; `evariste repair {}` rewrites them",
            shell::quoted(&args.dir)
        )?;
    }
    Ok(Exit::Whole)
}
