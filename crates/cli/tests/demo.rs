//! `demo` runs every step, reports it, and removes its temporary files.

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
