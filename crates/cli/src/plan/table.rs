//! Prints rows as aligned columns, and below them the shares of losses beyond the guarantee that are survived. A table
//! is at most 80 characters wide, or wider for hundreds of disks.

use std::io::Write;

use anyhow::Result;

use super::advice::percent;
use super::capacity::{self, Capacity};
use super::row::Row;

/// A column: its heading in two lines, and whether it holds words. Words are aligned left, numbers right.
struct Column {
    head: [&'static str; 2],
    words: bool,
}

const fn words(head: [&'static str; 2]) -> Column {
    Column { head, words: true }
}

const fn numbers(head: [&'static str; 2]) -> Column {
    Column { head, words: false }
}

const COLUMNS: [Column; 8] = [
    words(["layout", ""]),
    numbers(["shards", ""]),
    words(["parity", ""]),
    numbers(["holds", "data"]),
    numbers(["survives", "any (best)"]),
    numbers(["repair", "reads"]),
    numbers(["update", "I/Os"]),
    numbers(["usable", ""]),
];
/// This column is left out if all layouts have the same number.
const SHARDS: usize = 1;
/// This column is shown only if the size of the disks is known.
const USABLE: usize = 7;

pub(super) fn write(rows: &[Row], capacity: Option<&Capacity>, out: &mut dyn Write) -> Result<()> {
    let alike = rows.len() > 1 && rows.iter().all(|row| row.shards == rows[0].shards);
    let is_shown = |column: usize| match column {
        SHARDS => !alike,
        USABLE => capacity.is_some(),
        _ => true,
    };
    let head = [0, 1].map(|line| COLUMNS.map(|column| column.head[line].to_owned()));
    let lines: Vec<[String; COLUMNS.len()]> =
        head.into_iter().chain(rows.iter().map(|row| cells(row, capacity))).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    for line in &lines {
        let aligned = (0..COLUMNS.len()).filter(|&column| is_shown(column)).map(|column| {
            let (cell, width) = (&line[column], width(column));
            if COLUMNS[column].words { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        writeln!(out, "{}", aligned.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    if rows.iter().any(|row| row.most_repair_reads > row.repair_reads) {
        writeln!(out, "repair reads: for a data disk, and in parentheses for a global parity")?;
    }
    write_shares(rows, out)
}

fn cells(row: &Row, capacity: Option<&Capacity>) -> [String; COLUMNS.len()] {
    let beside = |number: usize, other: usize| match number == other {
        true => number.to_string(),
        false => format!("{number} ({other})"),
    };
    [
        row.layout.clone(),
        row.shards.to_string(),
        row.parity.clone(),
        percent(row.efficiency),
        beside(row.guaranteed, row.best_case),
        beside(row.repair_reads, row.most_repair_reads),
        row.update_ios.to_string(),
        capacity.map(|capacity| capacity::show(capacity.usable(row.data_shards))).unwrap_or_default(),
    ]
}

/// Writes the shares of the layouts that survive more than the guarantee, in a second table.
fn write_shares(rows: &[Row], out: &mut dyn Write) -> Result<()> {
    let with_more = || rows.iter().filter(|row| row.best_case > row.guaranteed);
    let Some(width) = with_more().map(|row| row.layout.chars().count()).max() else { return Ok(()) };
    writeln!(out, "\nShare survived of 1, 2, 3 losses beyond \"any\", by all checks (level by level):")?;
    for row in with_more() {
        writeln!(out, "{}", format!("{:<width$}  {}", row.layout, shares(row)).trim_end())?;
    }
    let error = rows.iter().filter_map(|row| row.survived_error.as_ref()).flat_map(|errors| errors.values());
    if let Some(error) = error.copied().reduce(f64::max) {
        writeln!(out, "~ is estimated from a sample: with 95 % confidence it is at most {} away", digits(error))?;
    }
    Ok(())
}

/// `.9802 (.8813)  .9011 (.5385)`.
fn shares(row: &Row) -> String {
    let share = |(losses, &joint): (&usize, &f64)| {
        let sampled = row.survived_error.as_ref().is_some_and(|errors| errors.contains_key(losses));
        let joint = format!("{}{}", if sampled { "~" } else { "" }, digits(joint));
        match row.survived_nested.as_ref().and_then(|shares| shares.get(losses)) {
            Some(&nested) => format!("{:<16}", format!("{joint} ({})", digits(nested))),
            None => format!("{joint:<16}"),
        }
    };
    row.survived.iter().map(share).collect::<Vec<_>>().join("  ")
}

/// Four digits after the point; never rounded to 1, nor to 0 unless it is 0.
fn digits(share: f64) -> String {
    let rounded = format!("{share:.4}");
    match &*rounded {
        // Some losses beyond the guarantee are always fatal, even if a sample misses them or a float cannot show them.
        "1.0000" => ">.9999".to_owned(),
        "0.0000" if share > 0.0 => "<.0001".to_owned(),
        "0.0000" => "0".to_owned(),
        _ => rounded.trim_start_matches('0').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_never_rounded_to_one_or_to_zero() {
        for (share, shown) in [
            (0.980_219_8, ".9802"),
            (0.999_999_9, ">.9999"),
            (1.0, ">.9999"),
            (0.0, "0"),
            (0.000_001, "<.0001"),
            (0.5, ".5000"),
        ] {
            assert_eq!(digits(share), shown);
        }
    }
}
