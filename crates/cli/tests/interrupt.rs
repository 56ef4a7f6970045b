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

/// The command with every signal as a terminal's user has it: what runs these tests in the background may ignore some.
fn attended() -> Command {
    let plain = command();
    if !cfg!(target_os = "linux") {
        return plain;
    }
    let mut env = Command::new("env");
    env.arg("--default-signal=INT,TERM,HUP").arg(plain.get_program());
    for (variable, _) in plain.get_envs() {
        env.env_remove(variable);
    }
    env
}

/// Starts a verb, sends the signal twice once `watched` has more files than before, as `timeout` does, and returns the exit code.
fn interrupt(command: &mut Command, signal: &str, watched: &Path) -> (Option<i32>, String) {
    let before = count(watched);
    let mut child = command.args(["--backend", "cpu"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let start = Instant::now();
    while count(watched) == before {
        assert!(start.elapsed() < Duration::from_secs(60), "{command:?} writes nothing");
        assert!(child.try_wait().unwrap().is_none(), "{command:?} ended before the signal");
        std::thread::sleep(Duration::from_millis(1));
    }
    let kill = || Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success();
    assert!(kill());
    // The verb may have ended by now.
    kill();
    let output = child.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[track_caller]
fn is_interrupted((code, stderr): (Option<i32>, String)) {
    assert_eq!(code, Some(3), "{stderr}");
    assert!(stderr.contains("interrupted"), "{stderr}");
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
    is_interrupted(interrupt(attended().arg("demo").arg(&file).env("TMPDIR", temp.path()), "-INT", temp.path()));
    assert_eq!(count(temp.path()), 0);
    is_interrupted(interrupt(attended().arg("protect").arg(&file).arg("--out").arg(&shards), "-TERM", &shards));
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
    is_interrupted(interrupt(attended().arg("repair").arg(&shards), "-INT", &shards));
    assert_eq!(listing(&shards), before);
    is_interrupted(interrupt(attended().arg("restore").arg(&shards).arg("--out").arg(&old), "-HUP", &target));
    assert_eq!(listing(&shards), before);
    assert_eq!(count(&target), 1);
    assert_eq!(fs::read_to_string(&old).unwrap(), "the old file");
}

/// What `nohup` set to be ignored stays ignored. Only Linux tells a process which signals those are.
#[cfg(target_os = "linux")]
#[test]
fn an_ignored_signal_stays_ignored() {
    let dir = tempfile::tempdir().unwrap();
    let (file, shards) = (sparse(dir.path(), 256 << 20), dir.path().join("shards"));
    let mut nohup = Command::new("nohup");
    nohup.arg(command().get_program()).arg("protect").arg(&file).arg("--out").arg(&shards);
    let (code, stderr) = interrupt(&mut nohup, "-HUP", &shards);
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(count(&shards), 14);
}

/// A file size limit makes a write fail; it does not end the process.
#[test]
fn beyond_a_file_size_limit_nothing_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let (file, shards) = (sparse(dir.path(), 64 << 20), dir.path().join("shards"));
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -f 500; exec \"$0\" \"$@\""]).arg(command().get_program());
    let output = limited.arg("protect").arg(&file).arg("--out").arg(&shards).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(!shards.exists());
}
