//! A file and its shards in a temporary directory. Each test binary includes this file and uses a part of it.

#![allow(dead_code, reason = "no test binary uses all of it")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use evariste::{Backend, Cpu, Layout};
use evariste_store::{Error, Protected, RepairOptions, Repaired, Scheme, Set, Verdict, protect, shard_name};

/// Removed when dropped.
pub(crate) struct Fixture {
    dir: tempfile::TempDir,
    pub(crate) bytes: Vec<u8>,
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) scheme: Scheme,
}

impl Fixture {
    /// A file that is not protected yet.
    pub(crate) fn unprotected(layout: &str, unit_bytes: u64, file_bytes: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        // The period is a prime, so no two units are equal.
        let bytes: Vec<u8> = (0..file_bytes).map(|at| (at % 251).to_le_bytes()[0]).collect();
        fs::write(dir.path().join("file"), &bytes).unwrap();
        let layout: Layout = layout.parse().unwrap();
        let scheme = Scheme::new(layout, unit_bytes).unwrap();
        Self { dir, bytes, backend: Arc::new(Cpu::new().unwrap()), scheme }
    }

    pub(crate) fn new(layout: &str, unit_bytes: u64, file_bytes: usize) -> Self {
        let fixture = Self::unprotected(layout, unit_bytes, file_bytes);
        let protected = fixture.protect(&fixture.shards()).unwrap();
        assert_eq!(protected.set.shape.file_bytes(), file_bytes as u64);
        fixture
    }

    /// 3 data and 2 parity shards, four stripes and a part of one. A test of it takes milliseconds.
    pub(crate) fn small() -> Self {
        Self::new("rs:3+2", 4096, 4 * 3 * 4096 + 5000)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.path("file")
    }

    pub(crate) fn shards(&self) -> PathBuf {
        self.path("shards")
    }

    pub(crate) fn restored(&self) -> PathBuf {
        self.path("restored")
    }

    pub(crate) fn shard(&self, index: usize) -> PathBuf {
        self.shards().join(shard_name(index))
    }

    pub(crate) fn lose(&self, index: usize) {
        fs::remove_file(self.shard(index)).unwrap();
    }

    /// Changes a byte of a shard; a negative offset counts from the end.
    pub(crate) fn damage(&self, index: usize, offset: isize) {
        let mut bytes = fs::read(self.shard(index)).unwrap();
        let at = if offset < 0 { bytes.len() - offset.unsigned_abs() } else { offset.unsigned_abs() };
        bytes[at] ^= 1;
        fs::write(self.shard(index), bytes).unwrap();
    }

    pub(crate) fn open(&self) -> Set {
        Set::open(self.shards()).unwrap()
    }

    pub(crate) fn protect(&self, dir: &Path) -> Result<Protected, Error> {
        protect(self.file(), dir, &self.scheme, &self.backend, &())
    }

    pub(crate) fn repair(&self) -> Result<Repaired, Error> {
        self.open().repair(&RepairOptions::new(), &self.backend, &())
    }

    /// Every file and directory below the fixture, hidden ones too, with the contents of files.
    pub(crate) fn snapshot(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let (mut found, mut folders) = (BTreeMap::new(), vec![self.dir.path().to_owned()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    found.insert(path.clone(), Vec::new());
                    folders.push(path);
                } else {
                    found.insert(path.clone(), fs::read(path).unwrap());
                }
            }
        }
        found
    }

    pub(crate) fn assert_whole(&self) {
        let health = self.open().verify(&self.backend, &()).unwrap();
        assert!(matches!(health.verdict, Verdict::Whole), "{health:?}");
    }

    pub(crate) fn assert_restores(&self, is_damaged: bool) {
        let restored = self.open().restore(self.restored(), &self.backend, &()).unwrap();
        assert_eq!(restored.file_bytes, self.bytes.len() as u64);
        assert_eq!(restored.is_damaged, is_damaged);
        assert!(fs::read(self.restored()).unwrap() == self.bytes, "the restored file differs");
    }
}
