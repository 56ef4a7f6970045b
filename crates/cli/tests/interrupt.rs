//! A signal in the middle of any verb that writes: the verb removes what it wrote, says so and exits with 3.

#![cfg(unix)]

#[path = "support/support.rs"]
mod support;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use support::program::{command, evariste};

/// Names, lengths and times of the files in a directory.
fn listing(dir: &Path) -> Vec<(PathBuf, u64, SystemTime)> {
    let mut files: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let metadata = entry.metadata().unwrap();
            (entry.path(), metadata.len(), metadata.modified().unwrap())
        })
        .collect();
    files.sort();
    files
}

fn count(dir: &Path) -> usize {
    fs::read_dir(dir).map_or(0, Iterator::count)
}

/// Starts a verb and sends the signal once `watched` has more files than before.
fn interrupt(command: &mut Command, signal: &str, watched: &Path) {
    let before = count(watched);
    let mut child = command.args(["--backend", "cpu"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let start = Instant::now();
    while count(watched) == before {
        assert!(start.elapsed() < Duration::from_secs(60), "{command:?} writes nothing");
        assert!(child.try_wait().unwrap().is_none(), "{command:?} ended before the signal");
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{command:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("interrupted"), "{command:?}");
}

/// A sparse file: only its shards cost time.
fn sparse(dir: &Path, bytes: u64) -> PathBuf {
    let file = dir.join("file");
    File::create(&file).unwrap().set_len(bytes).unwrap();
    file
}

#[test]
fn demo_and_protect_leave_nothing() {
    let (dir, temp) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = sparse(dir.path(), 8 << 30);
    let shards = dir.path().join("shards");
    interrupt(command().arg("demo").arg(&file).env("TMPDIR", temp.path()), "-INT", temp.path());
    assert_eq!(count(temp.path()), 0);
    interrupt(command().arg("protect").arg(&file).arg("--out").arg(&shards), "-TERM", &shards);
    assert!(!shards.exists());
}

#[test]
fn repair_and_restore_leave_the_set_and_the_old_file() {
    let dir = tempfile::tempdir().unwrap();
    let (file, shards, target) = (sparse(dir.path(), 1 << 30), dir.path().join("shards"), dir.path().join("target"));
    evariste(["protect".as_ref(), file.as_os_str(), "--out".as_ref(), shards.as_os_str()]).expect(0);
    fs::remove_file(shards.join("003.shard")).unwrap();
    fs::create_dir(&target).unwrap();
    let old = target.join("file");
    fs::write(&old, "the old file").unwrap();

    let before = listing(&shards);
    interrupt(command().arg("repair").arg(&shards), "-INT", &shards);
    assert_eq!(listing(&shards), before);
    interrupt(command().arg("restore").arg(&shards).arg("--out").arg(&old), "-HUP", &target);
    assert_eq!(listing(&shards), before);
    assert_eq!(count(&target), 1);
    assert_eq!(fs::read_to_string(&old).unwrap(), "the old file");
}
