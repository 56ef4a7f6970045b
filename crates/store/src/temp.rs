//! Files that appear under their name complete and on disk, or not at all.

use std::fs::File;
use std::path::Path;

use tempfile::NamedTempFile;

use crate::error::{Action, Error};

/// A file in `dir` under a name that nobody looks at, removed when dropped.
pub(crate) fn create(dir: &Path, name: &str) -> Result<NamedTempFile, Error> {
    let prefix = format!(".{name}.");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The umask takes from these, as from those of any new file.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(dir).map_err(Error::io(Action::CreateIn, dir))
}

/// Puts all that was written on disk.
pub(crate) fn sync(temp: &NamedTempFile) -> Result<(), Error> {
    temp.as_file().sync_all().map_err(Error::io(Action::Write, temp.path()))
}

/// Gives a synced file its name, over whatever bears it.
pub(crate) fn place(temp: NamedTempFile, path: &Path) -> Result<(), Error> {
    let from = temp.path().to_owned();
    let placed = temp.persist(path);
    placed.map_err(|error| Error::Rename { from, to: path.to_owned(), source: error.error })?;
    Ok(())
}

/// Puts names on disk.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), Error> {
    // Elsewhere a directory cannot be opened as a file, and renaming is durable without.
    if cfg!(unix) {
        let synced = File::open(dir).and_then(|dir| dir.sync_all());
        synced.map_err(Error::io(Action::SyncDirectory, dir))?;
    }
    Ok(())
}
