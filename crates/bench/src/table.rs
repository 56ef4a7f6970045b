//! Tables of records: one description prints a suite's rows on a terminal and on the pages in benches/.
//!
//! No value makes a line on a terminal longer than [`MOST_COLUMNS`]: a text that is too long is cut, and a number loses decimal
//! places, then digits. Pages show whole texts, and numbers with four digits.

mod column;

use std::fmt::Write;

use crate::record::Record;
pub(crate) use column::{CASE, Column, DATA, KERNEL, PATH, RIGHT, SHAPE, SHARD, SHARE, STRIPES, TIME, TRAFFIC, UNIT};

/// Columns of a terminal that a table may use.
pub(crate) const MOST_COLUMNS: usize = 100;

/// How the records of one suite are shown.
pub(crate) struct Table {
    /// The suite.
    pub(crate) suite: &'static str,
    /// The pieces of the text above consecutive rows: what these rows have in common.
    pub(crate) caption: fn(&Record) -> Vec<String>,
    pub(crate) columns: &'static [Column],
    /// The heading and the text of a note. A terminal shows it below each row, a page in the last column.
    pub(crate) note: Option<(&'static str, Note)>,
}

/// The text below a row.
pub(crate) type Note = fn(&Record) -> String;

impl Table {
    /// The lines above the rows of one caption: the caption, the headings and the units.
    pub(crate) fn head(&self, record: &Record) -> String {
        let mut head = wrap(&self.caption_of(record));
        for text in [|column: &Column| column.heading, |column: &Column| column.unit] {
            head.push_str(&line(self.columns.iter().map(|column| column.pad(text(column)))));
        }
        head
    }

    /// The caption in one line.
    pub(crate) fn caption_of(&self, record: &Record) -> String {
        let pieces: Vec<String> = (self.caption)(record).into_iter().filter(|piece| !piece.is_empty()).collect();
        pieces.join(", ")
    }

    /// A row, with its note below.
    pub(crate) fn row(&self, record: &Record) -> String {
        let mut row = line(self.columns.iter().map(|column| column.pad(&column.fitted(record))));
        if let Some((_, note)) = self.note {
            let _ = writeln!(row, "    {}", note(record));
        }
        row
    }

    /// A page's table of the records with one caption. Columns without any value are left out.
    pub(crate) fn page(&self, records: &[&Record]) -> String {
        let heading = |column: &Column| match column.unit {
            "" => column.heading.to_owned(),
            unit => format!("{} {unit}", column.heading),
        };
        let is_shown = |column: &&Column| records.iter().any(|record| column.whole(record) != "-");
        let columns: Vec<&Column> = self.columns.iter().filter(is_shown).collect();
        let note = self.note.map(|(heading, _)| heading.to_owned());
        let headings = columns.iter().map(|column| heading(column)).chain(note);
        let rule = columns.iter().map(|column| if column.is_left() { "---" } else { "---:" }.to_owned());
        let rule = rule.chain(self.note.map(|_| "---".to_owned()));
        let mut page = cells(headings) + &cells(rule);
        for record in records {
            let note = self.note.map(|(_, note)| note(record));
            page.push_str(&cells(columns.iter().map(|column| column.on_page(record)).chain(note)));
        }
        page
    }
}

/// A line of a page's table.
fn cells(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = cells.map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}

/// A line of a terminal's table.
fn line(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = cells.collect();
    format!("{}\n", cells.join(" ").trim_end())
}

/// Breaks text into lines of at most [`MOST_COLUMNS`], at spaces. A word is broken only if it is longer than a line.
fn wrap(text: &str) -> String {
    let mut lines = vec![String::new()];
    let mut width = 0;
    for word in text.split(' ') {
        let letters: Vec<char> = word.chars().collect();
        for (at, piece) in letters.chunks(MOST_COLUMNS).enumerate() {
            if width > 0 && (at > 0 || width + 1 + piece.len() > MOST_COLUMNS) {
                lines.push(String::new());
                width = 0;
            }
            if let Some(line) = lines.last_mut() {
                line.extend((width > 0).then_some(' ').into_iter().chain(piece.iter().copied()));
            }
            width += usize::from(width > 0) + piece.len();
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

/// The device and its driver, which begin a caption.
pub(crate) fn device(record: &Record) -> Vec<String> {
    vec![record.device.clone(), record.driver.clone().unwrap_or_default()]
}

/// `1 thread`, `16 threads`.
pub(crate) fn threads(record: &Record) -> String {
    count(record.threads, "thread")
}

/// A number and a word that takes an s in the plural.
pub(crate) fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// `vandermonde 10+4`.
pub(crate) fn code_and_shape(record: &Record) -> String {
    let code = record.setup.code.clone().unwrap_or_default();
    shape(record).map_or(code.clone(), |shape| format!("{code} {shape}"))
}

/// `10+4`.
fn shape(record: &Record) -> Option<String> {
    Some(format!("{}+{}", record.setup.k?, record.setup.m?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_broken_at_spaces() {
        let words = vec!["word"; 30].join(" ");
        let wrapped = wrap(&words);
        assert_eq!(wrapped.lines().map(str::len).collect::<Vec<_>>(), [99, 49]);
        assert_eq!(wrapped.replace('\n', " ").trim_end(), words);
        let long = "x".repeat(250);
        let wrapped = wrap(&format!("a {long} b"));
        assert_eq!(wrapped.lines().map(str::len).collect::<Vec<_>>(), [1, 100, 100, 52]);
    }
}
