//! Tables of records: one description prints a suite's rows on a terminal and on the pages in benches/.
//!
//! A line on a terminal has at most [`MOST_COLUMNS`] columns whatever the values are: text that is too long is cut, and numbers
//! lose decimal places, then digits. Pages show whole texts, and numbers with four digits.

use std::fmt::Write;

use crate::record::Record;
use crate::size;

/// Columns of a terminal that a table may use.
pub(crate) const MOST_COLUMNS: usize = 100;

/// How the records of one suite are shown.
pub(crate) struct Table {
    /// The suite.
    pub(crate) suite: &'static str,
    /// What consecutive rows have in common. It stands above them, in pieces.
    pub(crate) caption: fn(&Record) -> Vec<String>,
    pub(crate) columns: &'static [Column],
    /// What is shown below a row; on a page it is the last column, under this heading.
    pub(crate) note: Option<(&'static str, Note)>,
}

/// The text below a row.
pub(crate) type Note = fn(&Record) -> String;

/// One column.
#[derive(Clone, Copy)]
pub(crate) struct Column {
    heading: &'static str,
    /// Below the heading.
    unit: &'static str,
    width: usize,
    value: Value,
}

/// Where a column's value comes from; `None` is shown as `-`.
#[derive(Clone, Copy)]
enum Value {
    /// Stands at the left.
    Text(fn(&Record) -> Option<String>),
    /// A number with decimal places, at the right.
    Number(fn(&Record) -> Option<f64>, usize),
    /// Bytes, at the right.
    Size(fn(&Record) -> Option<u64>),
}

impl Column {
    pub(crate) const fn text(heading: &'static str, width: usize, value: fn(&Record) -> Option<String>) -> Self {
        Self { heading, unit: "", width, value: Value::Text(value) }
    }

    pub(crate) const fn number(
        (heading, unit): (&'static str, &'static str),
        width: usize,
        places: usize,
        value: fn(&Record) -> Option<f64>,
    ) -> Self {
        Self { heading, unit, width, value: Value::Number(value, places) }
    }

    pub(crate) const fn size(heading: &'static str, value: fn(&Record) -> Option<u64>) -> Self {
        Self { heading, unit: "", width: 9, value: Value::Size(value) }
    }

    pub(crate) const fn width(self, width: usize) -> Self {
        Self { width, ..self }
    }

    pub(crate) const fn places(self, places: usize) -> Self {
        let value = match self.value {
            Value::Number(value, _) => Value::Number(value, places),
            value => value,
        };
        Self { value, ..self }
    }

    pub(crate) const fn heading(self, heading: &'static str) -> Self {
        Self { heading, ..self }
    }

    fn is_left(&self) -> bool {
        matches!(self.value, Value::Text(_))
    }

    /// The value on a page: at most four digits that count, since that is what a measurement gives.
    fn on_page(&self, record: &Record) -> String {
        match self.value {
            Value::Number(value, places) => {
                value(record).map_or_else(|| "-".to_owned(), |number| short(number, places))
            }
            _ => self.whole(record),
        }
    }

    /// The value in full.
    pub(crate) fn whole(&self, record: &Record) -> String {
        let shown = match self.value {
            Value::Text(value) => value(record),
            Value::Number(value, places) => value(record).map(|number| format!("{number:.places$}")),
            Value::Size(value) => value(record).map(size::show),
        };
        shown.unwrap_or_else(|| "-".to_owned())
    }

    /// The value in at most as many characters as the column is wide.
    fn fitted(&self, record: &Record) -> String {
        let whole = self.whole(record);
        let length = whole.chars().count();
        match self.value {
            _ if length <= self.width => whole,
            Value::Text(_) => whole.chars().take(self.width - 1).chain(['~']).collect(),
            Value::Number(value, places) => fit(value(record).unwrap_or_default(), places, self.width),
            Value::Size(value) => {
                format!("{} B", fit(value(record).unwrap_or_default() as f64, 0, self.width - 2))
            }
        }
    }

    fn pad(&self, text: &str) -> String {
        let width = self.width;
        if self.is_left() { format!("{text:<width$}") } else { format!("{text:>width$}") }
    }
}

/// A number with as many decimal places as fit, else as a power of ten.
fn fit(number: f64, places: usize, width: usize) -> String {
    let mut shown = (0..=places).rev().map(|places| format!("{number:.places$}"));
    shown.find(|text| text.len() <= width).unwrap_or_else(|| format!("{number:.0e}"))
}

/// A number with four significant digits or all those before the point, at most `places` behind it, and no zeros at its end.
fn short(number: f64, places: usize) -> String {
    let shown = |places: usize| format!("{number:.places$}");
    let significant = |text: &str| text.trim_start_matches(['-', '0', '.']).bytes().filter(u8::is_ascii_digit).count();
    let text = (0..=places).rev().map(shown).find(|text| significant(text) <= 4).unwrap_or_else(|| shown(0));
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

impl Table {
    /// What stands above rows with this caption: the caption, headings, units.
    pub(crate) fn head(&self, record: &Record) -> String {
        let mut head = wrap(&self.caption_of(record));
        for text in [|column: &Column| column.heading, |column: &Column| column.unit] {
            head.push_str(&line(self.columns.iter().map(|column| column.pad(text(column)))));
        }
        head
    }

    /// What consecutive rows have in common, in one line.
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

    /// Records with one caption as a table of a page. A column without any value is left out.
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

/// Text in lines of at most [`MOST_COLUMNS`]: broken at spaces, and within a word only where the word itself is longer.
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

/// The device and its driver: how captions begin.
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

/// Columns that several suites have.
pub(crate) const CASE: Column = Column::text("case", 11, |r| Some(r.case.clone()));
pub(crate) const PATH: Column = Column::text("path", 11, |r| Some(r.path.clone()));
pub(crate) const KERNEL: Column = Column::text("kernel", 8, |r| r.method.kernel.clone());
pub(crate) const SHAPE: Column = Column::text("shape", 7, shape);
pub(crate) const SHARD: Column = Column::size("shard", |r| r.setup.shard_bytes);
pub(crate) const UNIT: Column = Column::size("unit", |r| r.setup.unit_bytes);
pub(crate) const STRIPES: Column = Column::number(("stripes", ""), 7, 0, |r| r.setup.stripes.map(|count| count as f64));
pub(crate) const TIME: Column =
    Column::number(("time", "ms"), 9, 4, |r| r.figures.median_s.map(|seconds| seconds * 1e3));
pub(crate) const TRAFFIC: Column = Column::number(("traffic", "GB/s"), 7, 1, |r| r.figures.traffic_gbps);
pub(crate) const DATA: Column = Column::number(("data", "GB/s"), 7, 1, |r| r.figures.data_gbps);
pub(crate) const SHARE: Column =
    Column::number(("share", "%"), 6, 1, |r| r.ceiling.share.flatten().map(|share| share * 100.0));
pub(crate) const RIGHT: Column = Column::text("right", 5, |r| Some(if r.verified { "yes" } else { "NO" }.to_owned()));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_lose_places_and_then_digits() {
        for (number, shown) in [(1.25, "1.25"), (123.4, "123.40"), (12_345.6, "12345.6"), (1_234_567.0, "1234567")] {
            assert_eq!(fit(number, 2, 7), shown);
        }
        assert_eq!(fit(123_456_789.0, 2, 7), "1e8");
        assert_eq!(fit(f64::MAX, 4, 5), "2e308");
    }

    #[test]
    fn pages_show_four_digits() {
        for (number, places, shown) in [
            (0.0, 4, "0"),
            (3121.0, 1, "3121"),
            (3121.46, 1, "3121"),
            (31_295.4, 2, "31295"),
            (47.66, 1, "47.7"),
            (71.0, 1, "71"),
            (0.427_54, 4, "0.4275"),
            (10.967_7, 4, "10.97"),
            (0.000_01, 4, "0"),
            (100.0, 0, "100"),
            (999.96, 1, "1000"),
        ] {
            assert_eq!(short(number, places), shown);
        }
    }

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
