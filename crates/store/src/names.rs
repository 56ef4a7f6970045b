//! File names of shards, and how a name is freed for the shard that should have it.

use std::ffi::OsStr;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// The extension of a shard file.
pub(crate) const EXTENSION: &str = "shard";

/// The canonical file name of the shard with this index, such as `007.shard`.
pub fn shard_name(index: usize) -> String {
    format!("{index:03}.{EXTENSION}")
}

/// Whether a file with this name counts as a shard, whatever its contents.
pub(crate) fn is_shard_name(name: &OsStr) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == EXTENSION)
}

/// Whether this name belongs to a directory, a pipe or the like. A file cannot replace it.
pub(crate) fn is_no_file(dir: &Path, name: &OsStr) -> bool {
    // A link is replaced, whatever its target is.
    let is_file_or_link = |metadata: Metadata| metadata.is_file() || metadata.is_symlink();
    dir.join(name).symlink_metadata().is_ok_and(|metadata| !is_file_or_link(metadata))
}

/// Renames a file to the first free name of `NAME.aside`, `NAME.aside-2` and so on. Returns the new name.
pub(crate) fn move_aside(dir: &Path, name: &OsStr) -> Result<PathBuf, Error> {
    let taken = |path: &Path| path.symlink_metadata().is_ok();
    let mut aside = name.to_owned();
    aside.push(".aside");
    let mut number = 1;
    while taken(&dir.join(&aside)) {
        number += 1;
        aside = name.to_owned();
        aside.push(format!(".aside-{number}"));
    }
    rename(&dir.join(name), &dir.join(&aside))?;
    Ok(PathBuf::from(aside))
}

pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    std::fs::rename(from, to).map_err(|source| Error::Rename { from: from.to_owned(), to: to.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!([0, 13, 999, 1000].map(shard_name), ["000.shard", "013.shard", "999.shard", "1000.shard"]);
        assert!(is_shard_name(OsStr::new("old copy.shard")));
        assert!(!is_shard_name(OsStr::new("000.shard.aside")));
        assert!(!is_shard_name(OsStr::new(".shard")));
    }

    #[test]
    fn moving_aside_never_overwrites() {
        let dir = tempfile::tempdir().unwrap();
        for (content, aside) in [("a", "x.aside"), ("b", "x.aside-2"), ("c", "x.aside-3")] {
            std::fs::write(dir.path().join("x"), content).unwrap();
            assert_eq!(move_aside(dir.path(), OsStr::new("x")).unwrap(), PathBuf::from(aside));
            assert_eq!(std::fs::read_to_string(dir.path().join(aside)).unwrap(), content);
        }
        assert_eq!(std::fs::read_to_string(dir.path().join("x.aside")).unwrap(), "a");
    }
}
