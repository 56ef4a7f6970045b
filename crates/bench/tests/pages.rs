//! The committed pages show the committed records.
//!
//! `EVARISTE_WRITE_PAGES=1 cargo test -p evariste-bench --test pages` writes the tables of the pages again.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use evariste_bench::pages::{files, load, render};
use evariste_bench::record;

fn benches() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../benches")
}

/// The files with this extension in a directory and its directories.
fn found(dir: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let (dirs, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let mut all: Vec<PathBuf> =
        files.into_iter().filter(|path| path.extension().is_some_and(|e| e == extension)).collect();
    all.extend(dirs.iter().flat_map(|dir| found(dir, extension)));
    all.sort();
    all
}

#[test]
fn the_pages_of_benches_show_the_records() {
    let (benches, records) = (benches(), benches().join("records"));
    let mut shown = BTreeSet::new();
    for path in found(&benches, "md") {
        let page = fs::read_to_string(&path).unwrap();
        let rendered = render(&page, &records).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        if std::env::var_os("EVARISTE_WRITE_PAGES").is_some() {
            fs::write(&path, rendered).unwrap();
        } else {
            assert!(
                page == rendered,
                "{} differs from the records: EVARISTE_WRITE_PAGES=1 writes its tables again",
                path.display()
            );
        }
        shown.extend(files(&page).into_iter().map(|file| records.join(file)));
    }
    let kept: BTreeSet<PathBuf> = found(&records, "json").into_iter().collect();
    assert!(!kept.is_empty());
    assert_eq!(kept, shown, "every file of records must be on a page");
}

#[test]
fn records_are_kept_as_suites_write_them() {
    for path in found(&benches().join("records"), "json") {
        let records = load(&path).unwrap();
        assert!(
            records.iter().all(|record| record.verified),
            "{}: a wrong result is not worth keeping",
            path.display()
        );
        let run = path.parent().and_then(Path::file_name).unwrap().to_string_lossy().into_owned();
        let day = |date: &str| date.split('T').next().map(str::to_owned);
        assert!(
            records.iter().all(|record| run.starts_with(&day(&record.date).unwrap())),
            "{}: another day",
            path.display()
        );
        let text = fs::read_to_string(&path).unwrap();
        assert!(record::to_json(&records).unwrap() == text, "{}: another form", path.display());
    }
}
