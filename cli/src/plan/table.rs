//! Rows for people: aligned columns, and what they mean below.

use std::io::Write;

use anyhow::Result;

use super::capacity::{self, Capacity};
use super::row::Row;

/// What stands above each column, in two lines.
const HEAD: [[&str; 2]; 10] = [
    ["layout", ""],
    ["shards", ""],
    ["parity", ""],
    ["efficiency", ""],
    ["survives", "any"],
    ["survives", "at best"],
    ["repair", "reads"],
    ["update", "I/Os"],
    ["usable", ""],
    ["share survived of 1, 2, 3 losses more", "by all checks (level by level)"],
];
/// Columns of words; all others hold numbers and are aligned at their end.
const WORDS: [usize; 3] = [0, 2, 9];
/// Only there if the size of the disks is known.
const USABLE: usize = 8;

pub(super) fn write(rows: &[Row], capacity: Option<&Capacity>, out: &mut dyn Write) -> Result<()> {
    let head = [0, 1].map(|line| HEAD.map(|column| column[line].to_owned()));
    let lines: Vec<[String; 10]> = head.into_iter().chain(rows.iter().map(|row| cells(row, capacity))).collect();
    let shown: Vec<usize> = (0..HEAD.len()).filter(|&column| column != USABLE || capacity.is_some()).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    for line in &lines {
        let aligned = shown.iter().map(|&column| {
            let (cell, width) = (&line[column], width(column));
            if WORDS.contains(&column) { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
        });
        writeln!(out, "{}", aligned.collect::<Vec<_>>().join("  ").trim_end())?;
    }
    let error = rows.iter().filter_map(|row| row.survived_error.as_ref()).flat_map(|errors| errors.values());
    if let Some(error) = error.copied().reduce(f64::max) {
        writeln!(out, "~ is of a sample: the true share is at most {} away, with 95 % confidence", digits(error))?;
    }
    Ok(())
}

fn cells(row: &Row, capacity: Option<&Capacity>) -> [String; 10] {
    let reads = match row.most_repair_reads.cmp(&row.repair_reads) {
        std::cmp::Ordering::Greater => format!("{} (parity {})", row.repair_reads, row.most_repair_reads),
        _ => row.repair_reads.to_string(),
    };
    [
        row.layout.clone(),
        row.shards.to_string(),
        row.parity.clone(),
        format!("{:.1} %", 100.0 * row.efficiency),
        row.guaranteed.to_string(),
        row.best_case.to_string(),
        reads,
        row.update_ios.to_string(),
        capacity.map(|capacity| capacity::show(capacity.usable(row.data_shards))).unwrap_or_default(),
        shares(row),
    ]
}

/// `.9802 (.8813)  .9011 (.5385)`.
fn shares(row: &Row) -> String {
    if row.survived.values().all(|&share| share == 0.0) {
        return "none".to_owned();
    }
    let share = |(losses, &joint): (&usize, &f64)| {
        let sampled = row.survived_error.as_ref().is_some_and(|errors| errors.contains_key(losses));
        let joint = format!("{}{}", if sampled { "~" } else { "" }, digits(joint));
        match row.survived_nested.as_ref().and_then(|shares| shares.get(losses)) {
            Some(&nested) => format!("{:<15}", format!("{joint} ({})", digits(nested))),
            None => format!("{joint:<15}"),
        }
    };
    row.survived.iter().map(share).collect::<Vec<_>>().join(" ")
}

/// Four digits after the point, and never rounded to the whole or to nothing.
fn digits(share: f64) -> String {
    let rounded = format!("{share:.4}");
    match &*rounded {
        // Beyond the guarantee some set is always lost, be it too rare for a sample or for a float.
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
    fn shares_round_and_never_to_the_whole_or_to_nothing() {
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
