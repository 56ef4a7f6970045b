//! `evariste plan`: compares what layouts cost and survive, and recommends one.
//!
//! ```text
//! args -> candidates -> advice -> row -> table      which layouts fit the disks, and the recommended one
//!         layouts                 -> row -> table   the named layouts, compared
//!         sets, measured, capacity                  k, m and unit for protect; what the disks hold
//! ```
//!
//! It reads no file except a stored calibration, and writes none. All figures come from `evariste::analysis`;
//! docs/layouts.md explains them.

mod advice;
mod args;
mod candidates;
mod capacity;
mod measured;
mod row;
mod sets;
mod table;

use std::io::Write;

use anyhow::Result;
use evariste::Layout;
use evariste::analysis::Effort;
use evariste_store::MAX_SHARDS;
use rayon::prelude::*;

use crate::exit::{Exit, UsageError};
use crate::paragraph;
pub(crate) use args::Plan;
use row::Row;

/// Steps that all shares of a run may take together: about a second on two cores. A run takes longer only if its
/// samples need more steps even at their minimum size.
const STEPS: u64 = 1 << 30;
/// Steps that one share may take.
const STEPS_OF_ONE: u64 = 1 << 28;

pub(crate) fn run(args: &Plan, out: &mut dyn Write) -> Result<Exit> {
    args.check()?;
    match args.disks {
        Some(disks) => recommend(args, disks as usize, out)?,
        None => compare(args, out)?,
    }
    Ok(Exit::Whole)
}

/// Writes the named layouts, in the order given.
fn compare(args: &Plan, out: &mut dyn Write) -> Result<()> {
    let rows = rows(&args.compare)?;
    if args.json {
        return write_json(&rows, out);
    }
    table::write(&rows, None, out)
}

/// Writes the layouts that fit, the recommended one first, and how to use it.
fn recommend(args: &Plan, disks: usize, out: &mut dyn Write) -> Result<()> {
    let disk_bytes = capacity::of_disks(&args.disk_size, disks)?;
    let wishes = args.wishes(disks);
    let advice = advice::of(&wishes).map_err(|UsageError(refusal)| {
        let ways = ways_out(args, &wishes).map(|way| format!("; {way}"));
        UsageError(ways.fold(refusal, |refusal, way| refusal + &way))
    })?;
    let rows = rows(&advice.layouts)?;
    if args.json {
        return write_json(&rows, out);
    }
    let capacity = capacity::Capacity::new(disk_bytes);
    table::write(&rows, capacity.as_ref(), out)?;
    if advice.more > 0 {
        writeln!(out, "and {} more, which hold no more data than the last", advice.more)?;
    }
    writeln!(out)?;
    let mut say = |text: &str| write!(out, "{}", paragraph::lines("", "", text));
    say(&format!("Take {}: {}.", rows[0].layout, advice.reason))?;
    if let Some(nodes) = wishes.nodes {
        say(&advice::place(&advice.layouts[0], nodes))?;
    }
    if let Some(capacity) = &capacity {
        say(&capacity.describe(&advice.layouts[0]))?;
    }
    let layout = advice.layouts[0];
    if layout.flat_construction().is_none() && layout.total_shards() as u64 <= MAX_SHARDS {
        let unit = sets::unit_option(layout.data_shards() as u64, args.file_size);
        writeln!(out, "\nFiles in this layout:\n  {}", sets::protect(&format!("--layout {layout} --unit {unit}")))?;
    }
    writeln!(out)?;
    match sets::of(&wishes, args.file_size) {
        Some(sets) => sets.write(out),
        None => Ok(writeln!(out, "Files in a flat code: no set of k + m shards meets the request")?),
    }
}

/// Other requests that can be met, if no layout meets this one.
fn ways_out(args: &Plan, wishes: &advice::Wishes) -> impl Iterator<Item = String> {
    let sets = sets::of(wishes, args.file_size);
    let sets = sets.map(|sets| format!("try {}: {}", sets.name(), sets::protect(&sets.options())));
    // `--survive 2` is a default, so a user who did not ask for it is told about `--survive 1`.
    let fewer = (args.survive.is_none() && advice::of(&advice::Wishes { survive: 1, ..*wishes }).is_ok())
        .then(|| "try --survive 1".to_owned());
    sets.into_iter().chain(fewer)
}

fn rows(layouts: &[Layout]) -> Result<Vec<Row>> {
    let shares = (layouts.len() * row::SHARES) as u64;
    let effort = Effort::new((STEPS / shares.max(1)).min(STEPS_OF_ONE), Effort::default().seed);
    layouts.par_iter().map(|layout| Row::new(layout, &effort)).collect()
}

fn write_json(rows: &[Row], out: &mut dyn Write) -> Result<()> {
    serde_json::to_writer_pretty(&mut *out, rows)?;
    Ok(writeln!(out)?)
}
