//! The pages in benches/: their tables are generated from the records in benches/records/.
//!
//! A directory of records is named after a date and a device, and each of its files is the JSON of one run. A page
//! marks each table with two lines. The first names a file, then keys and the values that they must have:
//!
//! ```text
//! <!-- records: 2026-11-22-nvidia-h200/fusion.json path=resident way=plain -->
//! <!-- end of records -->
//! ```
//!
//! Consecutive records with the same caption share a table.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::record::{self, Record};
use super::suites::TABLES;
use super::table::{self, Table};

const BEGIN: &str = "<!-- records: ";
const BEGIN_END: &str = " -->";
const END: &str = "<!-- end of records -->";

/// An error in a page or in its records.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// A file or directory cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Its path.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file does not hold records.
    #[error("{} does not hold records", path.display())]
    Json {
        /// Its path.
        path: PathBuf,
        /// The parser's error.
        source: serde_json::Error,
    },
    /// A record is of a suite that does not exist.
    #[error("line {line}: \"{suite}\" is not a suite")]
    Suite {
        /// The line of the marker, counted from 1.
        line: usize,
        /// The suite that the record names.
        suite: String,
    },
    /// A marker names no file, or has a filter that is not a key and a value.
    #[error("line {line}: \"{marker}\" is not a file of records and filters such as path=resident")]
    Marker {
        /// The line, counted from 1.
        line: usize,
        /// The text between `records:` and the end of the marker.
        marker: String,
    },
    /// No record of the file passes the marker's filters.
    #[error("line {line}: no record is chosen by \"{marker}\"")]
    Nothing {
        /// The line, counted from 1.
        line: usize,
        /// The text between `records:` and the end of the marker.
        marker: String,
    },
    /// A marker has no end.
    #[error("line {line}: the records that begin here have no end: {END}")]
    Open {
        /// The line of the marker, counted from 1.
        line: usize,
    },
}

/// A file of records, and which of them are chosen.
#[derive(Debug)]
struct Marker<'a> {
    file: &'a str,
    filters: Vec<(&'a str, &'a str)>,
}

impl<'a> Marker<'a> {
    /// The text of a line's marker.
    fn text(line: &'a str) -> Option<&'a str> {
        line.strip_prefix(BEGIN)?.strip_suffix(BEGIN_END)
    }

    fn parse(text: &'a str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let file = words.next().filter(|file| file.ends_with(".json"))?;
        Some(Self { file, filters: words.map(|word| word.split_once('=')).collect::<Option<_>>()? })
    }

    fn chooses(&self, record: &Record) -> bool {
        let Ok(keys) = serde_json::to_value(record) else { return false };
        self.filters.iter().all(|(key, value)| match &keys[key] {
            serde_json::Value::String(text) => text == value,
            other => serde_json::to_string(other).is_ok_and(|text| text == *value),
        })
    }
}

/// Returns the page with the text between its markers replaced by tables of the records in the directory `records`.
///
/// # Errors
///
/// Any [`PageError`].
pub fn render(page: &str, records: &Path) -> Result<String, PageError> {
    let mut text = String::new();
    let mut lines = (1..).zip(page.lines());
    while let Some((line, here)) = lines.next() {
        text.push_str(here);
        text.push('\n');
        let Some(marker) = Marker::text(here) else { continue };
        lines.find(|(_, here)| *here == END).ok_or(PageError::Open { line })?;
        text.push_str(&format!("\n{}{END}\n", tables(line, marker, records)?));
    }
    Ok(text)
}

/// The tables of a marker.
fn tables(line: usize, text: &str, records: &Path) -> Result<String, PageError> {
    let marker = || text.to_owned();
    let chosen = Marker::parse(text).ok_or_else(|| PageError::Marker { line, marker: marker() })?;
    let records: Vec<Record> =
        load(&records.join(chosen.file))?.into_iter().filter(|record| chosen.chooses(record)).collect();
    let of = |record: &Record| {
        let table = TABLES.into_iter().find(|table| table.suite == record.suite);
        table.ok_or_else(|| PageError::Suite { line, suite: record.suite.clone() })
    };
    let mut rows = Vec::new();
    for record in &records {
        let table = of(record)?;
        rows.push((heading(table, record), table, record));
    }
    if rows.is_empty() {
        return Err(PageError::Nothing { line, marker: marker() });
    }
    let mut page = String::new();
    for rows in rows.chunk_by(|(one, ..), (next, ..)| one == next) {
        let (heading, table, _) = &rows[0];
        let records: Vec<&Record> = rows.iter().map(|(.., record)| *record).collect();
        page.push_str(&format!("{heading}\n\n{}\n", table.page(&records)));
    }
    Ok(page)
}

/// The text above a table.
fn heading(table: &Table, record: &Record) -> String {
    let Record { suite, date, machine, commit, .. } = record;
    let day = date.split('T').next().unwrap_or_default();
    let threads = table::count(machine.threads, "thread");
    let caption = table.caption_of(record);
    format!("`{suite}`, {day}, commit {commit}, on {} with {threads}: {caption}.", machine.cpu)
}

/// The records of a file.
///
/// # Errors
///
/// [`PageError::Read`] and [`PageError::Json`].
pub fn load(path: &Path) -> Result<Vec<Record>, PageError> {
    let text = fs::read_to_string(path).map_err(|source| PageError::Read { path: path.to_owned(), source })?;
    record::from_json(&text).map_err(|source| PageError::Json { path: path.to_owned(), source })
}

/// The files that a page's markers name.
#[must_use]
pub fn files(page: &str) -> Vec<&str> {
    page.lines().filter_map(|line| Some(Marker::parse(Marker::text(line)?)?.file)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Figures, Machine, Method, Setup};

    const PAGE: &str =
        "# Title\n\n<!-- records: run/cpu.json k=10 -->\nold text\n<!-- end of records -->\n\nProse stays.\n";

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

    /// The page rendered from these records.
    fn rendered(page: &str, records: &[Record]) -> Result<String, PageError> {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("run")).unwrap();
        fs::write(dir.path().join("run/cpu.json"), record::to_json(records).unwrap()).unwrap();
        render(page, dir.path())
    }

    #[test]
    fn tables_follow_the_records_and_prose_stays() {
        let records = |seconds| [record(10, seconds), record(8, 1.0)];
        let page = rendered(PAGE, &records(0.001)).unwrap();
        let expected = "# Title\n\n<!-- records: run/cpu.json k=10 -->\n
`cpu`, 2026-11-27, commit abc, on a processor with 2 threads: a processor, cauchy, 1 thread.\n
| case | kernel | shape | time ms | right |
| --- | --- | --- | ---: | --- |
| encode | avx2 | 10+4 | 1 | yes |\n
<!-- end of records -->\n\nProse stays.\n";
        assert_eq!(page, expected);
        assert_eq!(rendered(&page, &records(0.001)).unwrap(), page, "a second time");
        assert_ne!(rendered(&page, &records(0.002)).unwrap(), page, "another figure");
        let edited = page.replace("| 1 |", "| 2 |");
        assert_ne!(rendered(&edited, &records(0.001)).unwrap(), edited, "an edited table");
        assert_eq!(files(PAGE), ["run/cpu.json"]);
    }

    #[test]
    fn records_with_different_captions_are_in_different_tables() {
        let other = Record { threads: 2, ..record(10, 2.0) };
        let page = rendered(PAGE, &[record(10, 1.0), other, record(10, 3.0)]).unwrap();
        assert_eq!(page.matches("| case |").count(), 3);
        assert!(page.contains("2 threads: a processor, cauchy, 2 threads."), "{page}");
    }

    #[test]
    fn each_error_names_its_cause() {
        let error = |marker: &str, records: &[Record]| {
            let page = format!("x\n<!-- records: {marker} -->\n<!-- end of records -->\n");
            rendered(&page, records).unwrap_err().to_string()
        };
        let good = [record(10, 1.0)];
        assert!(error("cpu", &good).starts_with("line 2: \"cpu\" is not a file of records"));
        assert!(error("run/cpu.json 10", &good).starts_with("line 2: \"run/cpu.json 10\" is not a file of records"));
        assert!(error("run/gpu.json", &good).starts_with("cannot read "));
        assert_eq!(error("run/cpu.json k=9", &good), "line 2: no record is chosen by \"run/cpu.json k=9\"");
        let unknown = Record { suite: "gpus".to_owned(), ..record(10, 1.0) };
        assert_eq!(error("run/cpu.json", &[unknown]), "line 2: \"gpus\" is not a suite");
        let open = rendered("<!-- records: run/cpu.json -->\ntext\n", &good).unwrap_err().to_string();
        assert!(open.starts_with("line 1: the records that begin here have no end"), "{open}");
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("x.json"), "{}").unwrap();
        assert!(load(&dir.path().join("x.json")).unwrap_err().to_string().ends_with("x.json does not hold records"));
    }
}
