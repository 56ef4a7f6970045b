//! Copies the file for comparison, with the system's `cp`. The copy has every byte, and is synced to disk as the verbs
//! do.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::place::{self, Place};

/// The ways to copy, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Copier {
    /// `cp --reflink=never`, which neither clones extents nor leaves the copy to the file system.
    CpWithoutClones,
    /// `cp`, if it does not know that option.
    Cp,
    /// `std::fs::copy`, if there is no `cp`.
    Library,
}

impl Copier {
    /// Chooses the first way that can copy the file.
    pub(super) fn choose(place: &Place) -> Result<Self> {
        let works = |copier: &Self| copier.attempt(&place.file(), &place.copy()).is_ok();
        let chosen = [Self::CpWithoutClones, Self::Cp].into_iter().find(works).unwrap_or(Self::Library);
        place.clear()?;
        Ok(chosen)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::CpWithoutClones => "cp --reflink=never",
            Self::Cp => "cp",
            Self::Library => "std::fs::copy",
        }
    }

    /// Copies the file, syncs the copy, and removes it. Returns the time of copying and syncing.
    pub(super) fn copy(self, place: &Place) -> Result<Duration> {
        let (file, copy) = (place.file(), place.copy());
        let started = Instant::now();
        self.attempt(&file, &copy)?;
        let synced = File::open(&copy).and_then(|copy| copy.sync_all());
        synced.with_context(|| format!("cannot sync {}", copy.display()))?;
        let time = started.elapsed();
        let bytes = copy.metadata().with_context(|| format!("cannot read {}", copy.display()))?.len();
        ensure!(bytes == place.file_bytes, "{} wrote {bytes} bytes of {}", self.name(), place.file_bytes);
        place::remove(&copy)?;
        Ok(time)
    }

    fn attempt(self, file: &Path, copy: &Path) -> Result<()> {
        let option = match self {
            Self::CpWithoutClones => Some("--reflink=never"),
            Self::Cp => None,
            Self::Library => {
                fs::copy(file, copy).with_context(|| format!("cannot write {}", copy.display()))?;
                return Ok(());
            }
        };
        let mut command = Command::new("cp");
        command.args(option).arg(file).arg(copy).stdout(Stdio::null()).stderr(Stdio::null());
        let status = command.status().context("cannot run cp")?;
        ensure!(status.success(), "cp of {} to {} failed: {status}", file.display(), copy.display());
        Ok(())
    }
}
