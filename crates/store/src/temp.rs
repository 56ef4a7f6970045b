//! Files that get their name only when they are complete and on disk.

use std::fs::File;
use std::path::Path;

use tempfile::NamedTempFile;

use crate::error::{Action, Error};

/// Makes a file in `dir` under a temporary name, which scans skip. It is removed when dropped.
pub(crate) fn create(dir: &Path, name: &str) -> Result<NamedTempFile, Error> {
    let prefix = format!(".{name}.");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The umask removes some of these permissions, as for any new file.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(dir).map_err(Error::io(Action::CreateIn, dir))
}

/// Puts everything that was written on disk.
pub(crate) fn sync(temp: &NamedTempFile) -> Result<(), Error> {
    temp.as_file().sync_all().map_err(Error::io(Action::Write, temp.path()))
}

/// Gives a synced file its name, and replaces a file of that name.
pub(crate) fn place(temp: NamedTempFile, path: &Path) -> Result<(), Error> {
    let from = temp.path().to_owned();
    let placed = temp.persist(path);
    placed.map_err(|error| Error::Rename { from, to: path.to_owned(), source: error.error })?;
    Ok(())
}

/// Gives a synced file its name unless something has that name already. Returns whether the file got the name.
pub(crate) fn place_new(temp: NamedTempFile, path: &Path) -> Result<bool, Error> {
    match temp.persist_noclobber(path) {
        Ok(_) => Ok(true),
        Err(_) if path.symlink_metadata().is_ok() => Ok(false),
        // Some file systems have neither a rename that refuses to replace nor hard links. There the file is renamed
        // without that protection.
        Err(error) => place(error.file, path).map(|()| true),
    }
}

/// Puts names on disk.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), Error> {
    // On other systems a directory cannot be opened as a file, and a rename is durable without this.
    if cfg!(unix) {
        let synced = File::open(dir).and_then(|dir| dir.sync_all());
        synced.map_err(Error::io(Action::SyncDirectory, dir))?;
    }
    Ok(())
}
