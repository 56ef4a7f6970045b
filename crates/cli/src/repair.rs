//! `evariste repair`: check everything, rewrite what is missing or damaged, put names right.
//!
//! Nothing is changed before all new shards are complete and on disk, and the file they give has the hash it should have.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use evariste::{Backend, Codec, crc};
use rayon::prelude::*;

use crate::args;
use crate::exit::{BeyondRepair, Exit};
use crate::health::{self, Verdict, WRONG_HASH};
use crate::ranges;
use crate::renaming;
use crate::report::Timed;
use crate::set::Set;
use crate::temp;
use crate::walk::{self, Purpose};
use crate::writer::ShardWriter;

pub(crate) fn run(args: &args::Repair, out: &mut dyn Write) -> Result<Exit> {
    let backend = args.compute.backend.open()?;
    let timed = Timed::run(|| repair(&args.dir, args.locate, &backend, out))?;
    let Repaired { file_bytes, rewritten, renamed } = &timed.value;
    for line in renamed {
        writeln!(out, "{line}")?;
    }
    if rewritten.is_empty() && renamed.is_empty() {
        writeln!(out, "nothing to repair")?;
    } else if rewritten.is_empty() {
        writeln!(out, "repaired: names put right")?;
    } else {
        let rate = timed.rate(*file_bytes, backend.as_ref());
        writeln!(out, "repaired: {} rewritten, {rate}", ranges::shards(rewritten))?;
    }
    Ok(Exit::Whole)
}

/// What a repair did.
pub(crate) struct Repaired {
    pub(crate) file_bytes: u64,
    pub(crate) rewritten: Vec<usize>,
    renamed: Vec<String>,
}

/// Makes the set in `dir` whole, or changes nothing. Says on `out` what state it found. With `locate`, what checksums do not
/// help with is left to the code: shards whose tables are damaged are used all the same, and blocks that pass are suspected. A
/// code that locates nothing takes the blocks as they are, and the file's hash says whether that was right.
pub(crate) fn repair(dir: &Path, locate: bool, backend: &Arc<dyn Backend>, out: &mut dyn Write) -> Result<Repaired> {
    let mut set = Set::open(dir)?;
    let codec = Codec::on(set.code.clone(), Arc::clone(backend));
    let mut purpose = Purpose::Repair;
    let mut health = health::check(Purpose::Verify, &mut set, &codec)?;
    let mut cannot_locate = None;
    if locate && matches!(health.verdict, Verdict::BeyondRepair(_)) {
        cannot_locate = set.code.grs().err();
        if cannot_locate.is_none() || set.has_unchecked() {
            // Anew, so that nothing is counted twice.
            set = Set::open(dir)?;
            set.admit_unchecked()?;
            purpose = Purpose::Locate;
            health = health::check(purpose, &mut set, &codec)?;
        }
    }
    health.write(&set, out)?;
    if let Verdict::BeyondRepair(_) = health.verdict {
        let why = cannot_locate.map(|error| format!("; {error}")).unwrap_or_default();
        return Err(BeyondRepair(format!("nothing was changed{why}")).into());
    }
    let rewritten: Vec<usize> = health.damaged.keys().copied().collect();
    let writers = rewrite(purpose, &mut set, &codec, &rewritten)?;
    let renamed = renaming::free_names(&mut set, &rewritten)?;
    for writer in writers {
        writer.place(dir)?;
    }
    temp::sync_dir(dir)?;
    Ok(Repaired { file_bytes: set.header.shape.file_bytes(), rewritten, renamed })
}

/// Writes these shards anew under temporary names, finished and on disk.
fn rewrite(purpose: Purpose, set: &mut Set, codec: &Codec, indices: &[usize]) -> Result<Vec<ShardWriter>> {
    if indices.is_empty() {
        return Ok(Vec::new());
    }
    let shape = set.header.shape;
    let dir = set.dir.clone();
    let mut writers =
        indices.iter().map(|&index| ShardWriter::create(&dir, index, shape)).collect::<Result<Vec<_>>>()?;
    let outcome = walk::run(purpose, set, codec, |batch| {
        let append = |writer: &mut ShardWriter| {
            let payload = batch.payload(writer.index());
            writer.append(batch.first_stripe(), payload, crc::of_blocks(payload))
        };
        writers.par_iter_mut().try_for_each(append)
    })
    .context("nothing was changed")?;
    if outcome.file_hash != Some(set.header.file_hash) {
        return Err(BeyondRepair(format!("{WRONG_HASH}; nothing was changed")).into());
    }
    writers.par_iter_mut().try_for_each(|writer| writer.finish(&set.header))?;
    Ok(writers)
}
