//! One column of a table, how its values are shortened, and the columns that several suites share.

use super::shape;
use crate::record::Record;
use crate::size;

/// One column.
#[derive(Clone, Copy)]
pub(crate) struct Column {
    pub(super) heading: &'static str,
    /// Below the heading.
    pub(super) unit: &'static str,
    width: usize,
    value: Value,
}

/// Where a column's value comes from; `None` is shown as `-`.
#[derive(Clone, Copy)]
enum Value {
    /// Text, aligned left.
    Text(fn(&Record) -> Option<String>),
    /// A number with decimal places, aligned right.
    Number(fn(&Record) -> Option<f64>, usize),
    /// Bytes, aligned right.
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

    pub(super) fn is_left(&self) -> bool {
        matches!(self.value, Value::Text(_))
    }

    /// The value on a page: at most four significant digits, since a measurement gives no more.
    pub(super) fn on_page(&self, record: &Record) -> String {
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
    pub(super) fn fitted(&self, record: &Record) -> String {
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

    pub(super) fn pad(&self, text: &str) -> String {
        let width = self.width;
        if self.is_left() { format!("{text:<width$}") } else { format!("{text:>width$}") }
    }
}

/// A number with as many decimal places as fit, else as a power of ten.
fn fit(number: f64, places: usize, width: usize) -> String {
    let mut shown = (0..=places).rev().map(|places| format!("{number:.places$}"));
    shown.find(|text| text.len() <= width).unwrap_or_else(|| format!("{number:.0e}"))
}

/// A number with four significant digits, or with all digits before the point if these are more. It has at most
/// `places` digits after the point, and does not end in a zero there.
fn short(number: f64, places: usize) -> String {
    let shown = |places: usize| format!("{number:.places$}");
    let significant = |text: &str| text.trim_start_matches(['-', '0', '.']).bytes().filter(u8::is_ascii_digit).count();
    let text = (0..=places).rev().map(shown).find(|text| significant(text) <= 4).unwrap_or_else(|| shown(0));
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// Columns that several suites share.
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
}
