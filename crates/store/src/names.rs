//! File names of shards, and how a name is freed for the shard that should have it.

use std::ffi::OsStr;
use std::fs::Metadata;
use std::path::{Path, PathBuf};

use tempfile::TempPath;

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
    let mut aside = name.to_owned();
    aside.push(".aside");
    let mut number = 1;
    while !rename_new(&dir.join(name), &dir.join(&aside))? {
        number += 1;
        aside = name.to_owned();
        aside.push(format!(".aside-{number}"));
    }
    Ok(PathBuf::from(aside))
}

/// Renames a file or a directory unless something has the new name already. Returns whether it was renamed.
fn rename_new(from: &Path, to: &Path) -> Result<bool, Error> {
    let cannot = |source| Error::Rename { from: from.to_owned(), to: to.to_owned(), source };
    // The standard library has no call that renames and refuses to replace; `tempfile` has one for its own files.
    let mut file = TempPath::try_from_path(from).map_err(cannot)?;
    // A file that keeps its name must not be removed as a temporary file.
    file.disable_cleanup(true);
    match file.persist_noclobber(to) {
        Ok(()) => Ok(true),
        Err(_) if to.symlink_metadata().is_ok() => Ok(false),
        // Some file systems have neither a rename that refuses to replace nor hard links, and a directory has no hard links.
        Err(_) => rename(from, to).map(|()| true),
    }
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
    fn a_new_name_that_is_taken_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let [file, folder, free] = ["file", "folder", "free"].map(|name| dir.path().join(name));
        std::fs::write(&file, "a").unwrap();
        std::fs::create_dir(&folder).unwrap();
        assert!(!rename_new(&file, &folder).unwrap());
        assert!(!rename_new(&folder, &file).unwrap());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "a");
        assert!(folder.is_dir());

        assert!(rename_new(&folder, &free).unwrap());
        assert!(free.is_dir() && !folder.exists());
        let error = rename_new(&folder, &dir.path().join("new")).unwrap_err();
        assert!(matches!(&error, Error::Rename { from, .. } if *from == folder), "{error}");
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
