//! Describes the state of a set in words.

use std::io::{self, Write};
use std::path::Path;

use evariste_store::{
    BLOCK_BYTES, Damage, Health, Lost, Note, Reason, Set, SetHeader, Shortage, StrayKind, Verdict, shard_name,
};

use crate::ranges::{self, counted};
use crate::shell;
use crate::size;

/// The advice to try a repair that locates errors in the set of this directory.
pub(crate) fn locate(dir: &Path) -> String {
    format!("`evariste repair {} --locate` may find errors that checksums do not show", shell::quoted(dir))
}

/// Writes the state of the set in a directory, the verdict last.
pub(crate) fn write(health: &Health, set: &Set, dir: &Path, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", describe(set))?;
    for (&index, damages) in &health.damaged {
        writeln!(out, "{}: {}", shard_name(index), damage(damages))?;
    }
    for note in &health.notes {
        writeln!(out, "note: {}", self::note(note))?;
    }
    if health.may_be_located {
        writeln!(out, "note: {}", locate(dir))?;
    }
    let shape = &set.header().shape;
    let total = shape.total_shards();
    match &health.verdict {
        Verdict::Whole => {
            let blocks = shape.payload_bytes() / BLOCK_BYTES as u64 * total as u64;
            writeln!(out, "whole: {total} shards, {} and the file's BLAKE3 are right", counted(blocks, "block"))
        }
        Verdict::Repairable => {
            let damaged: Vec<usize> = health.damaged.keys().copied().collect();
            writeln!(out, "repairable: {} of {total} damaged, {}", damaged.len(), ranges::shards(&damaged))
        }
        Verdict::BeyondRepair(reasons) => {
            reasons.iter().try_for_each(|why| writeln!(out, "{}", reason(why)))?;
            writeln!(out, "beyond repair: {} of {total} shards damaged", health.damaged.len())
        }
        other => writeln!(out, "verdict: {other:?}"),
    }
}

/// One line about the set: id, layout, unit, stripes and size of the file.
fn describe(set: &Set) -> String {
    let header = set.header();
    let shape = &header.shape;
    format!(
        "set {}: {}, unit {}, {}, a file of {}",
        header.id,
        layout(header),
        size::show(shape.unit_bytes() as u64),
        counted(shape.stripes(), "stripe"),
        size::show(shape.file_bytes()),
    )
}

/// The layout as `--layout` reads it, and its data and parity shards if they are not in the name: `rs:10+4`,
/// `raid55:4x4 (9+7)`.
pub(crate) fn layout(header: &SetHeader) -> String {
    let (name, shape) = (header.layout.to_string(), header.shape);
    let counts = format!("{}+{}", shape.data_shards(), shape.parity_shards());
    if name.ends_with(&format!(":{counts}")) { name } else { format!("{name} ({counts})") }
}

/// What is wrong with one shard.
pub(crate) fn damage(damages: &[Damage]) -> String {
    let words: Vec<String> = damages.iter().map(one_damage).collect();
    words.join("; ")
}

fn one_damage(damage: &Damage) -> String {
    match damage {
        Damage::Lost(lost) => self::lost(lost),
        Damage::Table => "checksum table damaged".to_owned(),
        Damage::WrongBlocks { blocks, stripes } => {
            format!("{} in {}", counted(*blocks, "wrong block"), ranges::stripes(stripes))
        }
        Damage::UnreadableBlocks { blocks, stripes } => {
            format!("{} in {}", counted(*blocks, "unreadable block"), ranges::stripes(stripes))
        }
        Damage::Trailing(error) => error.to_string(),
        Damage::Disagrees { stripes, passes_checksums } => {
            let passes = if *passes_checksums { "passes its checksums and " } else { "" };
            format!("{passes}disagrees with the data in {}", ranges::stripes(stripes))
        }
        Damage::Located { stripes } => format!("wrong bytes found in {}", ranges::stripes(stripes)),
        other => format!("{other:?}"),
    }
}

/// Why no file can be used for a shard.
pub(crate) fn lost(lost: &Lost) -> String {
    match lost {
        Lost::Missing => "missing".to_owned(),
        Lost::NotAFile => "missing; its name belongs to something that is not a file".to_owned(),
        Lost::Flawed { found_as: None, flaw } => flaw.to_string(),
        Lost::Flawed { found_as: Some(name), flaw } => format!("{flaw} (found as {})", name.display()),
        Lost::Stray(kind) => format!("missing; the file of that name {}", stray(kind)),
        other => format!("{other:?}"),
    }
}

fn stray(kind: &StrayKind) -> String {
    match kind {
        StrayKind::Foreign(id) => format!("belongs to another set, {id}"),
        StrayKind::Contradicting => "has this set's id but a different header".to_owned(),
        StrayKind::Flawed(flaw) => flaw.to_string(),
        other => format!("{other:?}"),
    }
}

fn note(note: &Note) -> String {
    match note {
        Note::Copy { name, shard } => format!("{} is another copy of shard {shard}", name.display()),
        Note::Misnamed { name, shard } => {
            format!("{} holds shard {shard}; repair renames it {}", name.display(), shard_name(*shard))
        }
        Note::UnusedCopy { name, shard, flaw } => {
            format!("{} is another copy of shard {shard}, which is not used: {flaw}", name.display())
        }
        Note::Stray { name, kind } => format!("{}: {}", name.display(), stray(kind)),
        other => format!("{other:?}"),
    }
}

/// Why the file of a set cannot be restored.
pub(crate) fn reason(reason: &Reason) -> String {
    match reason {
        Reason::Shards(shortage) => needed(shortage, "shards"),
        Reason::Blocks { stripes, shortage } => {
            format!("{}: {}", ranges::stripes(stripes), needed(shortage, "blocks in a row"))
        }
        Reason::Unlocated { stripes, parity_shards } => {
            let parity = counted(*parity_shards as u64, "parity shard");
            format!("{}: more errors than {parity} can locate", ranges::stripes(stripes))
        }
        Reason::MoreRows(rows) => format!("and {} with other combinations of lost shards", counted(*rows, "row")),
        Reason::WrongHash => {
            "every block passes its checksum or was rebuilt, but the file's BLAKE3 differs from the one in the headers"
                .to_owned()
        }
        other => format!("{other:?}"),
    }
}

/// What is needed to rebuild the lost shards. `what` is `shards` or `blocks in a row`.
fn needed(shortage: &Shortage, what: &str) -> String {
    let (good, total, needed, more) = (shortage.good(), shortage.total, shortage.needed, shortage.at_least());
    let lost = ranges::shards(&shortage.lost);
    if needed > good {
        return format!("{good} of {total} {what} are good and {needed} are needed: at least {more} more of {lost}");
    }
    // In a set of groups the good shards may repeat each other.
    format!("{good} of {total} {what} are good, but they do not determine the rest: at least {more} more of {lost}")
}
