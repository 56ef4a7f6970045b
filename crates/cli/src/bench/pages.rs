//! The pages in benches/: their tables are generated from the records in benches/records/.
//!
//! A run is a directory with the records of one day and one device, in files of JSON. A page says between which lines a table
//! stands:
//!
//! ```text
//! <!-- records: fusion path=resident -->
//! <!-- end of records -->
//! ```
//!
//! All records of that suite with these values stand there, the newest run first. `<!-- records: runs -->` lists the runs.

use std::fs;
use std::path::{Path, PathBuf};

use super::record::{self, Record};
use super::suites::TABLES;
use super::table::Table;

const BEGIN: &str = "<!-- records: ";
const BEGIN_END: &str = " -->";
const END: &str = "<!-- end of records -->";
/// In place of a suite: the list of all runs.
const RUNS: &str = "runs";

/// The records of one directory.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The directory's name: a date and a device.
    pub name: String,
    /// The records of all its files.
    pub records: Vec<Record>,
}

/// What is wrong with a page or with records.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// A file or directory cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Its path.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file does not hold records.
    #[error("{} does not hold records", path.display())]
    Json {
        /// Its path.
        path: PathBuf,
        /// What the parser says.
        source: serde_json::Error,
    },
    /// A marker names a suite that does not exist, or a filter without a value.
    #[error("line {line}: \"{marker}\" is not a suite and filters such as path=resident")]
    Marker {
        /// The line, counted from 1.
        line: usize,
        /// What stands between `records:` and the end of the marker.
        marker: String,
    },
    /// A marker has no end.
    #[error("line {line}: the records that begin here have no end: {END}")]
    Open {
        /// The line of the marker, counted from 1.
        line: usize,
    },
}

/// Reads every run in a directory: each of its directories, and in these each file that ends in `.json`. The newest run comes
/// first, by its name.
///
/// # Errors
///
/// [`PageError::Read`] and [`PageError::Json`].
pub fn load(dir: &Path) -> Result<Vec<Run>, PageError> {
    let mut runs = Vec::new();
    for dir in entries(dir)?.into_iter().rev().filter(|path| path.is_dir()) {
        let mut records = Vec::new();
        let is_json = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "json");
        for path in entries(&dir)?.into_iter().filter(is_json) {
            let text = fs::read_to_string(&path).map_err(|source| PageError::Read { path: path.clone(), source })?;
            records.extend(record::from_json(&text).map_err(|source| PageError::Json { path, source })?);
        }
        let name = dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        runs.push(Run { name, records });
    }
    Ok(runs)
}

/// Paths of a directory's entries, by name.
fn entries(dir: &Path) -> Result<Vec<PathBuf>, PageError> {
    let cannot = |source| PageError::Read { path: dir.to_owned(), source };
    let entries = fs::read_dir(dir).map_err(cannot)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = entries.collect::<Result<Vec<_>, _>>().map_err(cannot)?;
    paths.sort();
    Ok(paths)
}

/// What stands between two markers.
struct Marker {
    /// `None` lists the runs.
    table: Option<&'static Table>,
    filters: Vec<(String, String)>,
}

impl Marker {
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let suite = words.next()?;
        let table = TABLES.into_iter().find(|table| table.suite == suite);
        let filter = |word: &str| word.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
        let filters = words.map(filter).collect::<Option<Vec<_>>>()?;
        (table.is_some() || suite == RUNS && filters.is_empty()).then_some(Self { table, filters })
    }

    fn takes(&self, record: &Record) -> bool {
        let Ok(keys) = serde_json::to_value(record) else { return false };
        let has = |(key, value): &(String, String)| match &keys[key.as_str()] {
            serde_json::Value::String(text) => text == value,
            other => other.to_string() == *value,
        };
        self.table.is_some_and(|table| table.suite == record.suite) && self.filters.iter().all(has)
    }

    fn render(&self, runs: &[Run]) -> String {
        let Some(table) = self.table else { return list(runs) };
        let mut text = String::new();
        for run in runs {
            let records: Vec<&Record> = run.records.iter().filter(|record| self.takes(record)).collect();
            // Records that follow one another with the same caption share a table.
            for records in records.chunk_by(|one, next| heading(table, one) == heading(table, next)) {
                text.push_str(&format!("{}\n\n{}\n", heading(table, records[0]), table.page(records)));
            }
        }
        if text.is_empty() { format!("No run has records of the suite `{}` yet.\n\n", table.suite) } else { text }
    }
}

/// What stands above a table.
fn heading(table: &Table, record: &Record) -> String {
    let caption = table.caption_of(record);
    format!("{} {}: {caption}. Commit {}, on {}.", record.suite, day(record), record.commit, machine(record))
}

fn day(record: &Record) -> &str {
    record.date.split('T').next().unwrap_or_default()
}

fn machine(record: &Record) -> String {
    let threads = super::table::count(record.machine.threads, "thread");
    format!("{} with {threads}", record.machine.cpu)
}

/// The runs, a line each.
fn list(runs: &[Run]) -> String {
    let mut text = "| run | suites | commit | machine |\n|---|---|---|---|\n".to_owned();
    for Run { name, records } in runs {
        let distinct = |of: fn(&Record) -> String| {
            let mut values: Vec<String> = Vec::new();
            for value in records.iter().map(of) {
                if !values.contains(&value) {
                    values.push(value);
                }
            }
            values.join(", ")
        };
        let (suites, commits) = (distinct(|record| record.suite.clone()), distinct(|record| record.commit.clone()));
        text.push_str(&format!("| [{name}](records/{name}) | {suites} | {commits} | {} |\n", distinct(machine)));
    }
    if runs.is_empty() { "There are no runs yet.\n\n".to_owned() } else { text + "\n" }
}

/// A page with the text between all its markers written anew.
///
/// # Errors
///
/// [`PageError::Marker`] and [`PageError::Open`].
pub fn render(page: &str, runs: &[Run]) -> Result<String, PageError> {
    let mut text = String::new();
    let mut lines = page.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        text.push_str(line);
        text.push('\n');
        let Some(marker) = line.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(BEGIN_END)) else { continue };
        let parsed = Marker::parse(marker);
        let parsed = parsed.ok_or_else(|| PageError::Marker { line: at + 1, marker: marker.to_owned() })?;
        lines.find(|(_, line)| *line == END).ok_or(PageError::Open { line: at + 1 })?;
        text.push_str(&format!("\n{}{END}\n", parsed.render(runs)));
    }
    Ok(text)
}

/// Whether a page has a place for a record.
#[must_use]
pub fn shows(page: &str, record: &Record) -> bool {
    let markers = page.lines().filter_map(|line| line.strip_prefix(BEGIN)?.strip_suffix(BEGIN_END));
    markers.filter_map(Marker::parse).any(|marker| marker.takes(record))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::record::{Figures, Machine, Method, Setup};

    const PAGE: &str = "# Title\n\n<!-- records: cpu k=10 -->\nold text\n<!-- end of records -->\n\nProse stays.\n\n<!-- records: runs -->\n<!-- end of records -->\n";

    fn record(k: usize, seconds: f64) -> Record {
        Record {
            suite: "cpu".to_owned(),
            case: "encode".to_owned(),
            path: "cpu".to_owned(),
            method: Method { kernel: Some("avx2".to_owned()), ..Method::default() },
            device: "a processor".to_owned(),
            threads: 1,
            setup: Setup { code: Some("cauchy".to_owned()), k: Some(k), m: Some(4), ..Setup::default() },
            figures: Figures { median_s: Some(seconds), ..Figures::default() },
            verified: true,
            machine: Machine { cpu: "a processor".to_owned(), threads: 2 },
            commit: "abc".to_owned(),
            date: "2026-11-27T01:02:03Z".to_owned(),
            ..Record::default()
        }
    }

    #[test]
    fn tables_follow_the_records_and_prose_stays() {
        let run = |seconds| Run { name: "2026-11-27-x".to_owned(), records: vec![record(10, seconds), record(8, 1.0)] };
        let page = render(PAGE, &[run(0.001)]).unwrap();
        let expected = "# Title\n\n<!-- records: cpu k=10 -->\n
cpu 2026-11-27: a processor, cauchy, 1 thread. Commit abc, on a processor with 2 threads.\n
| case | kernel | shape | shard | stripes | time ms | traffic GB/s | data GB/s | ceiling GB/s | share % | right |
| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |
| encode | avx2 | 10+4 | - | - | 1.0000 | - | - | - | - | yes |\n
<!-- end of records -->\n\nProse stays.\n\n<!-- records: runs -->\n
| run | suites | commit | machine |\n|---|---|---|---|
| [2026-11-27-x](records/2026-11-27-x) | cpu | abc | a processor with 2 threads |\n
<!-- end of records -->\n";
        assert_eq!(page, expected);
        assert_eq!(render(&page, &[run(0.001)]).unwrap(), page, "a second time");
        assert_ne!(render(&page, &[run(0.002)]).unwrap(), page, "another figure");
        assert_ne!(render(&page, &[]).unwrap(), page, "no run");
        assert_ne!(render(&page.replace("1.0000", "1.0001"), &[run(0.001)]).unwrap(), page.replace("1.0000", "1.0001"));
        assert!(shows(PAGE, &record(10, 1.0)) && !shows(PAGE, &record(8, 1.0)));
    }

    #[test]
    fn a_wrong_marker_is_named() {
        let error = |page: &str| render(page, &[]).unwrap_err().to_string();
        assert!(error("x\n<!-- records: gpus -->\n").starts_with("line 2: \"gpus\" is not a suite"));
        assert!(error("<!-- records: cpu 10 -->\n").starts_with("line 1: \"cpu 10\" is not a suite"));
        assert!(error("<!-- records: cpu -->\ntext\n").starts_with("line 1: the records that begin here have no end"));
    }

    #[test]
    fn runs_are_read_newest_first() {
        let dir = tempfile::tempdir().unwrap();
        for (run, files) in [("2026-01-01-a", &["one.json", "two.json", "notes.md"][..]), ("2026-02-01-b", &["x.json"])]
        {
            fs::create_dir(dir.path().join(run)).unwrap();
            for file in files {
                fs::write(dir.path().join(run).join(file), record::to_json(&[record(1, 1.0)]).unwrap()).unwrap();
            }
        }
        let runs = load(dir.path()).unwrap();
        let found: Vec<_> = runs.iter().map(|run| (run.name.as_str(), run.records.len())).collect();
        assert_eq!(found, [("2026-02-01-b", 1), ("2026-01-01-a", 2)]);
        fs::write(dir.path().join("2026-02-01-b/x.json"), "{}").unwrap();
        assert!(load(dir.path()).unwrap_err().to_string().ends_with("x.json does not hold records"));
    }
}
