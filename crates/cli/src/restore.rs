//! `evariste restore`: the file from its shards. Parity is read only where data is missing.

use std::io::{self, ErrorKind, IoSlice, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use evariste::{Backend, Codec};

use crate::args;
use crate::exit::{BeyondRepair, Exit};
use crate::health::{self, LOCATE, WRONG_HASH};
use crate::pipeline::Busy;
use crate::report::{self, Timed};
use crate::set::Set;
use crate::temp;
use crate::walk::{self, Purpose};

pub(crate) fn run(args: &args::Restore, out: &mut dyn Write) -> Result<Exit> {
    let backend = args.compute.backend.open()?;
    let timed = Timed::run(|| restore(&args.dir, &args.out, &backend))?;
    let Restored { file_bytes, damaged, ref busy } = timed.value;
    report::log_stages(file_bytes, busy);
    writeln!(out, "restored {}: {}", args.out.display(), timed.rate(file_bytes, backend.as_ref()))?;
    if damaged {
        writeln!(out, "note: some shards are missing or damaged; `evariste repair {}` mends them", args.dir.display())?;
    }
    Ok(Exit::Whole)
}

/// What a restore met.
pub(crate) struct Restored {
    pub(crate) file_bytes: u64,
    /// Whether a shard was missing or gave wrong blocks; shards that were not read are not known.
    damaged: bool,
    pub(crate) busy: Vec<Busy>,
}

/// Writes the file the shards in `dir` hold to `path`. Unless all of it is right, `path` is left as it was.
pub(crate) fn restore(dir: &Path, path: &Path, backend: &Arc<dyn Backend>) -> Result<Restored> {
    let (parent, name) = destination(path)?;
    let mut set = Set::open(dir)?;
    let shape = set.header.shape;
    let lost = set.lost();
    if !set.code.is_recoverable(&lost)? {
        let why: Vec<String> =
            lost.iter().map(|&index| format!("\n  shard {index}: {}", set.why_lost(index))).collect();
        let needed = walk::needed(&lost, "shards", &shape);
        return Err(BeyondRepair(format!("{needed}{}{}", why.concat(), hint(&set, "\n  ", false))).into());
    }
    let codec = Codec::on(set.code.clone(), Arc::clone(backend));
    let temp = temp::create(&parent, &name)?;
    let mut file = temp.as_file();
    let mut outcome = walk::run(Purpose::Restore, &mut set, &codec, |batch| {
        let mut slices: Vec<IoSlice<'_>> = batch.file_slices().map(IoSlice::new).collect();
        write_all(&mut file, &mut slices).with_context(|| format!("cannot write {}", path.display()))
    })?;
    if outcome.file_hash != Some(set.header.file_hash) {
        return Err(BeyondRepair(format!("{WRONG_HASH}{}", hint(&set, "; ", true))).into());
    }
    let written = Instant::now();
    temp::sync(&temp)?;
    temp::place(temp, &parent.join(name))?;
    temp::sync_dir(&parent)?;
    outcome.busy.push(Busy { stage: "sync", time: written.elapsed() });
    let files = || set.members.iter().flat_map(|member| &member.files);
    let damaged = !lost.is_empty() || files().any(|file| file.wrong.blocks + file.unreadable.blocks > 0);
    Ok(Restored { file_bytes: shape.file_bytes(), damaged, busy: outcome.busy })
}

/// What else may help, behind a separator; nothing if nothing may.
fn hint(set: &Set, separator: &str, is_hash_alone: bool) -> String {
    if health::is_promising(set, is_hash_alone) { format!("{separator}{LOCATE}") } else { String::new() }
}

/// Writes all slices, as many with one call as the system takes. One thread does: a file's writers wait for each other
/// in the system.
fn write_all(file: &mut impl Write, mut slices: &mut [IoSlice<'_>]) -> io::Result<()> {
    while !slices.is_empty() {
        match file.write_vectored(slices) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut slices, written),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The directory and the name to write. Only a file is ever replaced, and a link's target rather than the link.
fn destination(path: &Path) -> Result<(PathBuf, String)> {
    let target = match path.metadata() {
        Ok(metadata) if !metadata.is_file() => bail!("{} is there and is no file", path.display()),
        Ok(_) => path.canonicalize().with_context(|| format!("cannot find {}", path.display()))?,
        Err(_) => path.to_owned(),
    };
    let Some(name) = target.file_name() else { bail!("{} is no name for a file", path.display()) };
    let parent = match target.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let Some(name) = name.to_str() else { bail!("{} is not UTF-8", path.display()) };
    Ok((parent, name.to_owned()))
}
