//! `demo` runs every step, reports it, and removes its temporary files, also after an interrupt.

#[path = "support/support.rs"]
mod support;

use std::fs;
use std::path::Path;

use support::paint;
use support::program::{command, run};

fn entries(dir: &Path) -> usize {
    fs::read_dir(dir).unwrap().count()
}

#[test]
fn a_demo_of_a_given_file() {
    let (dir, temp) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = dir.path().join("file");
    for length in [0, 1, 12_345_678] {
        fs::write(&file, paint(length)).unwrap();
        let ran = run(command().arg("demo").arg(&file).args(["--backend", "cpu"]).env("TMPDIR", temp.path())).expect(0);
        assert_eq!(ran.last_line(), "restored: identical");
        let steps: Vec<&str> = ran.out.lines().filter_map(|line| line.split_whitespace().next()).collect();
        let expected = "protect delete restore compare repair flip verify repair restore compare restored:";
        assert_eq!(steps, expected.split(' ').collect::<Vec<_>>(), "{}", ran.out);
        for line in ran.out.lines().filter(|line| line.starts_with("re") && !line.starts_with("restored:")) {
            assert!(line.contains(" s, ") && line.contains("B/s") && line.contains("cpu: "), "{line}");
        }
        assert_eq!(entries(temp.path()), 0, "temporary files are left");
        assert!(fs::read(&file).unwrap() == paint(length), "the file was changed");
    }
}

#[test]
fn a_demo_of_a_generated_file() {
    let temp = tempfile::tempdir().unwrap();
    let ran = run(command().arg("demo").env("TMPDIR", temp.path())).expect(0);
    assert!(ran.out.starts_with("make     256 MiB"), "{}", ran.out);
    assert_eq!(ran.last_line(), "restored: identical");
    assert_eq!(entries(temp.path()), 0);
}

/// An interrupt in the middle of `demo` or `protect` leaves no file that they wrote.
#[cfg(unix)]
#[test]
fn an_interrupt_leaves_no_files() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    let (dir, temp) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = dir.path().join("file");
    // Sparse, so that only the shards cost time.
    fs::File::create(&file).unwrap().set_len(8 << 30).unwrap();
    let shards = dir.path().join("shards");
    let mut demo = command();
    demo.arg("demo").arg(&file);
    let mut protect = command();
    protect.arg("protect").arg(&file).arg("--out").arg(&shards);
    for (mut command, watched) in [(demo, temp.path()), (protect, &*shards)] {
        let child = command.args(["--backend", "cpu"]).env("TMPDIR", temp.path());
        let mut child = child.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let start = Instant::now();
        while !watched.exists() || entries(watched) == 0 {
            assert!(start.elapsed() < Duration::from_secs(60) && child.try_wait().unwrap().is_none());
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(3), "{command:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("interrupted"), "{command:?}");
        assert_eq!(entries(temp.path()), 0, "{command:?}");
        assert!(!shards.exists(), "{command:?}");
    }
}
