//! The directory of a run: the file, and the files that are written beside it.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

use crate::random::Random;

/// Bytes of the file that are made, or read back, at a time.
const PIECE_BYTES: usize = 16 << 20;

/// A directory that is removed when dropped, with everything in it.
pub(super) struct Place {
    temp: TempDir,
    /// Its parent, as the caller wrote it.
    pub(super) dir: PathBuf,
    /// The file system: `tmpfs`, `ext4` ...
    pub(super) filesystem: String,
    pub(super) file_bytes: u64,
    hash: blake3::Hash,
}

/// The default directories: `/dev/shm` if it exists, and the current directory.
pub(super) fn defaults() -> Vec<PathBuf> {
    let memory = PathBuf::from("/dev/shm");
    let here = PathBuf::from(".");
    if memory.is_dir() { vec![memory, here] } else { vec![here] }
}

impl Place {
    /// Makes a directory in `dir` and in it a file of random bytes, on disk.
    pub(super) fn new(dir: &Path, file_bytes: u64, random: &mut Random) -> Result<Self> {
        let temp = tempfile::Builder::new()
            .prefix("evariste-bench-")
            .tempdir_in(dir)
            .with_context(|| format!("cannot make a directory in {}", dir.display()))?;
        let filesystem = filesystem(dir);
        let hash = blake3::hash(&[]);
        let mut place = Self { temp, dir: dir.to_owned(), filesystem, file_bytes, hash };
        place.hash = make(&place.file(), file_bytes, random)?;
        Ok(place)
    }

    pub(super) fn file(&self) -> PathBuf {
        self.temp.path().join("file")
    }

    pub(super) fn copy(&self) -> PathBuf {
        self.temp.path().join("copy")
    }

    pub(super) fn shards(&self) -> PathBuf {
        self.temp.path().join("shards")
    }

    pub(super) fn restored(&self) -> PathBuf {
        self.temp.path().join("restored")
    }

    /// Removes everything but the file.
    pub(super) fn clear(&self) -> Result<()> {
        for path in [self.copy(), self.restored()].iter().filter(|path| path.exists()) {
            remove(path)?;
        }
        if self.shards().exists() {
            fs::remove_dir_all(self.shards()).context("cannot remove the shards")?;
        }
        Ok(())
    }

    /// Writes and removes as many bytes as will be written next. The host of a virtual machine provides memory that was
    /// not used recently, and does so several times more slowly. Without this call the first writer would pay for it.
    pub(super) fn warm(&self, bytes: u64) -> Result<()> {
        let path = self.temp.path().join("warm");
        let cannot = || format!("cannot write {}", path.display());
        let mut file = File::create(&path).with_context(cannot)?;
        let piece = vec![0; PIECE_BYTES];
        let mut left = bytes;
        while left > 0 {
            crate::interrupt::check()?;
            let bytes = usize::try_from(left).map_or(PIECE_BYTES, |left| left.min(PIECE_BYTES));
            file.write_all(&piece[..bytes]).with_context(cannot)?;
            left -= bytes as u64;
        }
        remove(&path)
    }

    /// Whether the restored file is the original.
    pub(super) fn is_the_file(&self) -> Result<bool> {
        let path = self.restored();
        let cannot = || format!("cannot read {}", path.display());
        let mut file = File::open(&path).with_context(cannot)?;
        let mut hasher = blake3::Hasher::new();
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            match file.read(&mut piece).with_context(cannot)? {
                0 => return Ok(hasher.finalize() == self.hash),
                read => drop(hasher.update_rayon(&piece[..read])),
            }
        }
    }
}

/// Writes random bytes to disk and returns their hash.
fn make(path: &Path, file_bytes: u64, random: &mut Random) -> Result<blake3::Hash> {
    let cannot = || format!("cannot write {}", path.display());
    let mut file = File::create(path).with_context(cannot)?;
    let mut hasher = blake3::Hasher::new();
    let mut piece = vec![0; PIECE_BYTES];
    let mut left = file_bytes;
    while left > 0 {
        crate::interrupt::check()?;
        let bytes = usize::try_from(left).map_or(PIECE_BYTES, |left| left.min(PIECE_BYTES));
        random.fill(&mut piece[..bytes]);
        hasher.update_rayon(&piece[..bytes]);
        file.write_all(&piece[..bytes]).with_context(cannot)?;
        left -= bytes as u64;
    }
    file.sync_all().with_context(cannot)?;
    Ok(hasher.finalize())
}

/// Removes a file.
pub(super) fn remove(path: &Path) -> Result<()> {
    fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))
}

/// Flips one bit in the middle of a file.
pub(super) fn flip(path: &Path, random: &mut Random) -> Result<()> {
    let mut flip = || {
        let mut file = OpenOptions::new().read(true).write(true).open(path)?;
        let middle = file.metadata()?.len() / 2;
        let mut byte = [0];
        file.seek(SeekFrom::Start(middle))?;
        file.read_exact(&mut byte)?;
        file.seek(SeekFrom::Start(middle))?;
        file.write_all(&[byte[0] ^ (1 << random.below(8))])
    };
    flip().with_context(|| format!("cannot change {}", path.display()))
}

/// The name of a directory's file system; `unknown` if the system does not say.
fn filesystem(dir: &Path) -> String {
    let unknown = || "unknown".to_owned();
    let Ok(dir) = dir.canonicalize() else { return unknown() };
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    kind_of(&mounts, &dir).unwrap_or_else(unknown)
}

/// The kind of the last mount at the longest path above `dir`.
fn kind_of(mounts: &str, dir: &Path) -> Option<String> {
    let mounted = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        Some((fields.next()?, fields.next()?))
    });
    let above = mounted.filter(|(at, _)| dir.starts_with(at));
    above.max_by_key(|(at, _)| at.len()).map(|(_, kind)| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_mount_counts() {
        let mounts = "/dev/a / ext4 rw 0 0\ntmpfs /dev/shm tmpfs rw 0 0\n/dev/b /dev xfs rw 0 0\n";
        for (dir, kind) in [("/", "ext4"), ("/home/me", "ext4"), ("/dev/shm/x", "tmpfs"), ("/dev/shmx", "xfs")] {
            assert_eq!(kind_of(mounts, Path::new(dir)).as_deref(), Some(kind), "{dir}");
        }
        assert_eq!(kind_of("", Path::new("/")), None);
    }
}
