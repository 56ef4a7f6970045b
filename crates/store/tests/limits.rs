//! What the system refuses is a typed error, and the files stay as they were.
//!
//! Each test runs once more in a process of its own, whose limits a shell sets.
#![cfg(unix)]

#[path = "support/fixture.rs"]
mod fixture;

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use evariste::{Backend, Cpu};
use evariste_store::{Action, Error, RepairOptions, Scheme, Set, protect};
use fixture::Fixture;

/// In a limited process, the directory of the test.
const DIRECTORY: &str = "EVARISTE_TEST_DIRECTORY";

/// Runs the test that calls this in a process with limits, which calls this again and then runs `refused`. `limit` is a
/// command of the shell.
fn limited(test: &str, limit: &str, refused: fn(&Path)) {
    if let Some(dir) = env::var_os(DIRECTORY) {
        return refused(&PathBuf::from(dir));
    }
    let fixture = Fixture::new("rs:3+2", 4096, 1 << 20);
    fixture.lose(2);
    let before = fixture.snapshot();
    let process = Command::new("sh")
        .args(["-c", &format!(r#"{limit}; exec "$@""#), "sh"])
        .arg(env::current_exe().unwrap())
        .args(["--exact", test, "--test-threads=1"])
        .env(DIRECTORY, fixture.path(""))
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&process.stdout);
    assert!(process.status.success() && printed.contains("1 passed"), "{printed}");
    assert!(fixture.snapshot() == before, "a file changed");
}

/// Protects the file, and repairs and restores the set that lacks shard 2. Returns the three errors.
fn errors(dir: &Path) -> [Error; 3] {
    let backend: Arc<dyn Backend> = Arc::new(Cpu::new().unwrap());
    let scheme = Scheme::new("rs:3+2".parse().unwrap(), 4096).unwrap();
    let set = || Set::open(dir.join("shards")).unwrap();
    [
        protect(dir.join("file"), dir.join("new"), &scheme, &backend, &()).map(drop),
        set().repair(&RepairOptions::new(), &backend, &()).map(drop),
        set().restore(dir.join("restored"), &backend, &()).map(drop),
    ]
    .map(Result::unwrap_err)
}

/// As on a full disk.
#[test]
fn a_write_that_is_refused() {
    // The signal of the limit is ignored, so that a write returns an error. 64 blocks of 512 or 1024 bytes are less than a
    // shard of 350 KB.
    limited("a_write_that_is_refused", r#"trap "" XFSZ; ulimit -f 64"#, |dir| {
        let [protected, repaired, restored] = errors(dir);
        assert!(matches!(protected, Error::WriteShard { shard: 0..5, .. }), "{protected}");
        assert!(matches!(repaired, Error::WriteShard { shard: 2, .. }), "{repaired}");
        assert!(matches!(restored, Error::Io { action: Action::Write, .. }), "{restored}");
    });
}

/// Threads get a stack of a size for which no machine has addresses.
#[cfg(target_pointer_width = "64")]
#[test]
fn a_thread_that_is_refused() {
    limited("a_thread_that_is_refused", "export RUST_MIN_STACK=1152921504606846976", |dir| {
        for error in errors(dir) {
            assert!(matches!(error, Error::Thread { .. }), "{error}");
        }
        let backend: Arc<dyn Backend> = Arc::new(Cpu::new().unwrap());
        let error = Set::open(dir.join("shards")).unwrap().verify(&backend, &()).unwrap_err();
        assert!(matches!(error, Error::Thread { .. }), "{error}");
    });
}
