//! Files that appear under their name complete and on disk, or not at all.

use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result};
use tempfile::NamedTempFile;

/// A file in `dir` under a name that nobody looks at, removed when dropped.
pub(crate) fn create(dir: &Path, name: &str) -> Result<NamedTempFile> {
    let prefix = format!(".{name}.");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The umask takes from these, as from those of any new file.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(dir).with_context(|| format!("cannot create a file in {}", dir.display()))
}

/// Puts all that was written on disk.
pub(crate) fn sync(temp: &NamedTempFile) -> Result<()> {
    temp.as_file().sync_all().with_context(|| format!("cannot write {}", temp.path().display()))
}

/// Gives a synced file its name, over whatever bears it.
pub(crate) fn place(temp: NamedTempFile, path: &Path) -> Result<()> {
    let placed = temp.persist(path).map_err(|error| error.error);
    placed.with_context(|| format!("cannot rename to {}", path.display()))?;
    Ok(())
}

/// Puts names on disk.
pub(crate) fn sync_dir(dir: &Path) -> Result<()> {
    // Elsewhere a directory cannot be opened as a file, and renaming is durable without.
    if cfg!(unix) {
        let synced = File::open(dir).and_then(|dir| dir.sync_all());
        synced.with_context(|| format!("cannot sync the directory {}", dir.display()))?;
    }
    Ok(())
}
