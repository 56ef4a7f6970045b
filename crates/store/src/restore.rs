//! Restore: writes the file from its shards. Parity is read only where data is missing.

use std::io::{self, ErrorKind, IoSlice, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use evariste::{Backend, Codec};

use crate::error::{Action, Error, PathProblem};
use crate::health;
use crate::loss::{Reason, Shortage};
use crate::pipeline::StageTime;
use crate::set::Set;
use crate::temp;
use crate::walk::{self, Purpose};
use crate::watch::Watch;

/// The result of a restore.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[must_use = "only this value says whether the set is damaged although the file was restored"]
pub struct Restored {
    /// Length of the file.
    pub file_bytes: u64,
    /// Whether a shard was missing or had wrong blocks. Parity that was not needed was not read, so its state is unknown.
    pub is_damaged: bool,
    /// How long each stage was at work.
    pub stages: Vec<StageTime>,
}

impl Set {
    /// Writes the protected file to `path`, and replaces a file that is there.
    ///
    /// The file is written under a temporary name in the same directory, and gets its own once it is complete, has its
    /// hash, and is on disk. The name is on disk when this returns. A killed process leaves `path` as it was, and possibly
    /// the temporary file, whose name begins with a dot.
    ///
    /// # Errors
    /// [`Error::BeyondRepair`] if too little is left or the hash is wrong; [`Error::NotAFile`] if `path` is not a file's;
    /// [`Error::Io`], [`Error::Memory`], [`Error::Thread`], [`Error::Backend`] and [`Error::Cancelled`]. After an error `path` is as it was. The one exception is [`Action::SyncDirectory`]: the new file has its
    /// name then, but the name may not be on disk.
    pub fn restore(
        &self,
        path: impl AsRef<Path>,
        backend: &Arc<dyn Backend>,
        watch: &dyn Watch,
    ) -> Result<Restored, Error> {
        let path = path.as_ref();
        let (parent, name) = destination(path)?;
        let shape = self.header.shape;
        let lost = self.lost();
        if !self.code.is_recoverable(&lost)? {
            let reason = Reason::Shards(Shortage::new(&lost, &shape));
            return Err(self.beyond_repair(vec![reason], health::is_promising(self, false)));
        }
        let codec = Codec::on(self.code.clone(), Arc::clone(backend));
        let temp = temp::create(&parent, &name)?;
        let mut file = temp.as_file();
        let outcome = walk::run(Purpose::Restore, self, &codec, watch, |batch| {
            let mut slices: Vec<IoSlice<'_>> = batch.file_slices().map(IoSlice::new).collect();
            write_all(&mut file, &mut slices).map_err(Error::io(Action::Write, path))
        })?;
        if outcome.file_hash != Some(self.header.file_hash) {
            let is_promising = health::is_promising(self, true);
            return Err(self.beyond_repair(vec![Reason::WrongHash], is_promising));
        }
        let written = Instant::now();
        temp::sync(&temp)?;
        temp::place(temp, &parent.join(name))?;
        temp::sync_dir(&parent)?;
        let mut stages = outcome.stages;
        stages.push(StageTime { stage: "sync", time: written.elapsed() });
        let mut faults = outcome.faults.iter().flatten();
        let is_damaged = !lost.is_empty() || faults.any(|faults| faults.wrong.blocks + faults.unreadable.blocks > 0);
        Ok(Restored { file_bytes: shape.file_bytes(), is_damaged, stages })
    }
}

/// Writes all slices, as many with one call as the system takes. It uses one thread, because the system makes the writers of
/// a file wait for each other.
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

/// The directory and the name to write. Only a file is ever replaced; of a link, the target is replaced.
fn destination(path: &Path) -> Result<(PathBuf, String), Error> {
    let problem = |problem| Error::NotAFile { path: path.to_owned(), problem };
    let target = match path.metadata() {
        Ok(metadata) if !metadata.is_file() => return Err(problem(PathProblem::Occupied)),
        Ok(_) => path.canonicalize().map_err(Error::io(Action::Resolve, path))?,
        Err(_) => path.to_owned(),
    };
    let Some(name) = target.file_name() else { return Err(problem(PathProblem::NoName)) };
    let parent = match target.parent() {
        Some(parent) if parent != Path::new("") => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let Some(name) = name.to_str() else { return Err(problem(PathProblem::NotUtf8)) };
    Ok((parent, name.to_owned()))
}
