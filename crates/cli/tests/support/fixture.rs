//! A protected file in its own directory.

use std::fs;
use std::path::{Path, PathBuf};

use super::compare::{assert_same_bytes, snapshot};
use super::program::{Ran, evariste};

/// How a file is protected.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scheme {
    pub(crate) code: &'static str,
    pub(crate) data: usize,
    pub(crate) parity: usize,
    pub(crate) unit: usize,
}

/// Small enough that a test runs in milliseconds.
pub(crate) const PLAIN: Scheme = Scheme { code: "vandermonde", data: 3, parity: 2, unit: 4096 };

impl Scheme {
    pub(crate) fn total(&self) -> usize {
        self.data + self.parity
    }

    /// Bytes of the file in one stripe.
    pub(crate) fn stripe(&self) -> usize {
        self.data * self.unit
    }
}

/// A file, its shards, and a path for the restored file. Removed when dropped.
pub(crate) struct Fixture {
    dir: tempfile::TempDir,
    pub(crate) scheme: Scheme,
    pub(crate) bytes: Vec<u8>,
}

impl Fixture {
    pub(crate) fn new(scheme: Scheme, file_bytes: usize) -> Self {
        Self::with_bytes(scheme, paint(file_bytes))
    }

    pub(crate) fn with_bytes(scheme: Scheme, bytes: Vec<u8>) -> Self {
        let fixture = Self { dir: tempfile::tempdir().unwrap(), scheme, bytes };
        fs::write(fixture.file(), &fixture.bytes).unwrap();
        fixture.protect_into(&fixture.shards());
        fixture
    }

    /// Protects the file again, as another set.
    pub(crate) fn protect_into(&self, dir: &Path) {
        let Scheme { code, data, parity, unit } = self.scheme;
        let numbers = [data, parity, unit].map(|number| number.to_string());
        let [data, parity, unit] = &numbers;
        let mut command = super::program::command();
        command.arg("protect").arg(self.file()).arg("--out").arg(dir).args(["--backend", "cpu", "--code", code]);
        command.args(["--data", data, "--parity", parity, "--unit", unit]);
        super::program::run(&mut command).expect(0);
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
        self.shards().join(format!("{index:03}.shard"))
    }

    pub(crate) fn delete(&self, index: usize) {
        fs::remove_file(self.shard(index)).unwrap();
    }

    pub(crate) fn rename(&self, from: &str, to: &str) {
        fs::rename(self.shards().join(from), self.shards().join(to)).unwrap();
    }

    pub(crate) fn copy(&self, from: &str, to: &str) {
        fs::copy(self.shards().join(from), self.shards().join(to)).unwrap();
    }

    /// Changes the bytes of a shard's file.
    pub(crate) fn change(&self, index: usize, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = fs::read(self.shard(index)).unwrap();
        change(&mut bytes);
        fs::write(self.shard(index), bytes).unwrap();
    }

    /// Flips one bit of a shard's file.
    pub(crate) fn flip(&self, index: usize, offset: usize) {
        self.change(index, |bytes| bytes[offset] ^= 0x04);
    }

    pub(crate) fn verify(&self) -> Ran {
        self.run("verify")
    }

    pub(crate) fn repair(&self) -> Ran {
        self.run("repair")
    }

    fn run(&self, verb: &str) -> Ran {
        evariste([verb.as_ref(), self.shards().as_os_str(), "--backend=cpu".as_ref()])
    }

    pub(crate) fn restore(&self) -> Ran {
        let (shards, restored) = (self.shards(), self.restored());
        evariste([
            "restore".as_ref(),
            shards.as_os_str(),
            "--out".as_ref(),
            restored.as_os_str(),
            "--backend=cpu".as_ref(),
        ])
    }

    /// Restores, and checks that the file is as it was.
    #[track_caller]
    pub(crate) fn assert_restores(&self, context: &str) {
        let ran = self.restore();
        assert_eq!(ran.code, 0, "{context}: restore\nstdout: {}\nstderr: {}", ran.out, ran.err);
        assert_same_bytes(&self.bytes, &fs::read(self.restored()).unwrap(), context);
        fs::remove_file(self.restored()).unwrap();
    }

    /// Restores, and checks that it fails with this exit code and leaves no file.
    #[track_caller]
    pub(crate) fn assert_restores_nothing(&self, code: i32, context: &str) -> Ran {
        let before: Vec<String> = snapshot_names(self.dir.path());
        let ran = self.restore();
        assert_eq!(ran.code, code, "{context}: restore\nstdout: {}\nstderr: {}", ran.out, ran.err);
        assert_eq!(snapshot_names(self.dir.path()), before, "{context}: restore left a file");
        ran
    }

    /// Repairs, and checks that every shard is as it was when it was written.
    #[track_caller]
    pub(crate) fn assert_repairs(&self, original: &std::collections::BTreeMap<String, Vec<u8>>, context: &str) -> Ran {
        let ran = self.repair();
        assert_eq!(ran.code, 0, "{context}: repair\nstdout: {}\nstderr: {}", ran.out, ran.err);
        let now = snapshot(&self.shards());
        assert_eq!(now.keys().collect::<Vec<_>>(), original.keys().collect::<Vec<_>>(), "{context}: names");
        for (name, bytes) in original {
            assert_same_bytes(bytes, &now[name], &format!("{context}: {name} after repair"));
        }
        let verified = self.verify();
        assert_eq!(verified.code, 0, "{context}: verify after repair\n{}", verified.out);
        ran
    }

    /// Repairs, and checks that it fails with this exit code and changes nothing.
    #[track_caller]
    pub(crate) fn assert_repairs_nothing(&self, code: i32, context: &str) -> Ran {
        let before = snapshot(&self.shards());
        let ran = self.repair();
        assert_eq!(ran.code, code, "{context}: repair\nstdout: {}\nstderr: {}", ran.out, ran.err);
        assert!(snapshot(&self.shards()) == before, "{context}: repair changed something");
        ran
    }
}

fn snapshot_names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Bytes whose period does not divide a block, so that swapped blocks and shifted bytes are seen.
pub(crate) fn paint(bytes: usize) -> Vec<u8> {
    (0..=250u8).cycle().zip(0..bytes).map(|(byte, at)| byte ^ (at / 251 % 256).to_le_bytes()[0]).collect()
}
