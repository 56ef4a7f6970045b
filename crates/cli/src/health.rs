//! What state a set is in: every block read, the file rebuilt and hashed as far as that goes.

use std::collections::BTreeMap;
use std::io::{self, Write};

use anyhow::Result;
use evariste::Codec;

use crate::format::{BLOCK_BYTES, FormatError};
use crate::names;
use crate::ranges::{self, counted};
use crate::set::{self, Set};
use crate::walk::{self, Outcome, Purpose};

/// The state of a set.
pub(crate) struct Health {
    pub(crate) verdict: Verdict,
    /// What is wrong with each shard that is not as it should be: what `repair` would rewrite.
    pub(crate) damaged: BTreeMap<usize, Vec<String>>,
    /// What is no damage and worth knowing.
    notes: Vec<String>,
}

/// Whether the file can be had back, and whether anything is left to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Whole,
    Repairable,
    /// With what is missing and what would be needed, a line each.
    BeyondRepair(Vec<String>),
}

/// Reads every block of every shard and finds out, to verify or to locate.
pub(crate) fn check(purpose: Purpose, set: &mut Set, codec: &Codec) -> Result<Health> {
    let shape = set.header.shape;
    let lost = set.lost();
    // Without a single shard there is nothing to read, and a header may claim any length.
    let outcome = if lost.len() < shape.total_shards() {
        walk::run(purpose, set, codec, |_| Ok(()))?
    } else {
        Outcome::nothing(&shape)
    };
    let damaged = damage(set, &outcome);
    let verdict = if !set.code.is_recoverable(&lost)? {
        Verdict::BeyondRepair(vec![walk::needed(&lost, "shards", &shape)])
    } else if !outcome.losses.is_empty() {
        Verdict::BeyondRepair(outcome.losses.describe(&shape))
    } else if outcome.file_hash != Some(set.header.file_hash) {
        Verdict::BeyondRepair(vec![WRONG_HASH.to_owned()])
    } else if damaged.is_empty() {
        Verdict::Whole
    } else {
        Verdict::Repairable
    };
    let mut notes = notes(set);
    if let Verdict::BeyondRepair(reasons) = &verdict
        && purpose == Purpose::Verify
        && is_promising(set, reasons == &[WRONG_HASH])
    {
        notes.push(LOCATE.to_owned());
    }
    Ok(Health { verdict, damaged, notes })
}

/// What is said where [`is_promising`].
pub(crate) const LOCATE: &str = "`evariste repair --locate` may find what checksums do not show";

/// Whether a set that is beyond repair by checksums may not be without them: tables are damaged, so that what they spoke of may
/// be right; or the file's hash is all that is wrong, which a code that locates, with two parity shards, may know more of.
pub(crate) fn is_promising(set: &Set, is_hash_alone: bool) -> bool {
    set.has_unchecked() || is_hash_alone && set.code.parity_shards() > 1 && set.code.grs().is_ok()
}

/// What is said where checksums and the file's hash contradict each other.
pub(crate) const WRONG_HASH: &str =
    "every block passes its checksum or was rebuilt, and yet the file's BLAKE3 is not the one in the headers";

/// What is wrong with each shard.
fn damage(set: &Set, outcome: &Outcome) -> BTreeMap<usize, Vec<String>> {
    let mut damaged: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for (index, member) in set.members.iter().enumerate() {
        let mut say = |what: String| damaged.entry(index).or_default().push(what);
        let Some(file) = member.files.first() else {
            say(set.why_lost(index));
            continue;
        };
        if !file.has_table {
            say(FormatError::TableChecksum.to_string());
        }
        for (tally, kind) in [(&file.wrong, "wrong block"), (&file.unreadable, "unreadable block")] {
            if tally.blocks > 0 {
                say(format!("{} in {}", counted(tally.blocks, kind), tally.stripes));
            }
        }
        if let Some(error) = &file.trailing {
            say(error.to_string());
        }
        let stripes = &outcome.disagreeing[index];
        if !stripes.is_empty() {
            let passes = if file.has_table { "passes its checksums and " } else { "" };
            say(format!("{passes}disagrees with the data in {stripes}"));
        }
        let stripes = &outcome.located[index];
        if !stripes.is_empty() {
            say(format!("wrong bytes found in {stripes}"));
        }
    }
    damaged
}

/// Wrong names, spare copies, files of other sets.
fn notes(set: &Set) -> Vec<String> {
    let mut notes = Vec::new();
    for (index, member) in set.members.iter().enumerate() {
        for (position, file) in member.files.iter().enumerate() {
            let name = file.name.display();
            if position > 0 {
                notes.push(format!("{name} is another copy of shard {index}"));
            } else if !set::is_canonical(&file.name, index) {
                notes.push(format!("{name} holds shard {index}; repair renames it {}", names::canonical(index)));
            }
        }
        if !member.files.is_empty() {
            let rejected = member.rejected.iter();
            notes.extend(rejected.map(|(name, flaw)| {
                format!("{} is another copy of shard {index} and not used: {flaw}", name.display())
            }));
        }
    }
    // A stray under a lost shard's name was named with that shard.
    let told = |name: &std::ffi::OsStr| set.lost().iter().any(|&index| set::is_canonical(name, index));
    let strays = set.strays.iter().filter(|stray| !told(&stray.name));
    notes.extend(strays.map(|stray| format!("{}: {}", stray.name.display(), stray.kind)));
    notes
}

impl Health {
    /// Says all of it, the verdict last.
    pub(crate) fn write(&self, set: &Set, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "{}", set.describe())?;
        for (&index, reasons) in &self.damaged {
            writeln!(out, "{}: {}", names::canonical(index), reasons.join("; "))?;
        }
        for note in &self.notes {
            writeln!(out, "note: {note}")?;
        }
        let shape = &set.header.shape;
        let total = shape.total_shards();
        match &self.verdict {
            Verdict::Whole => {
                let blocks = shape.payload_bytes() / BLOCK_BYTES as u64 * total as u64;
                writeln!(out, "whole: {total} shards, {} and the file's BLAKE3 are right", counted(blocks, "block"))
            }
            Verdict::Repairable => {
                let damaged: Vec<usize> = self.damaged.keys().copied().collect();
                writeln!(out, "repairable: {} of {total} damaged, {}", damaged.len(), ranges::shards(&damaged))
            }
            Verdict::BeyondRepair(reasons) => {
                reasons.iter().try_for_each(|reason| writeln!(out, "{reason}"))?;
                writeln!(out, "beyond repair: {} of {total} shards damaged", self.damaged.len())
            }
        }
    }
}
