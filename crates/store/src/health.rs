//! The state of a set, found by reading every block, and rebuilding and hashing the file as far as possible.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use evariste::{Backend, Codec};

use crate::error::Error;
use crate::flaw::{Flaw, Lost, StrayKind};
use crate::format::FormatError;
use crate::loss::{Reason, Shortage};
use crate::ranges::Stripes;
use crate::set::{self, Set};
use crate::walk::{self, Outcome, Purpose};
use crate::watch::Watch;

/// The state of a set.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[must_use = "damage is not an error: only this value says whether the set is whole"]
pub struct Health {
    /// Whether the file can be restored.
    pub verdict: Verdict,
    /// The damage, by the index of the shard. A repair rewrites these shards.
    pub damaged: BTreeMap<usize, Vec<Damage>>,
    /// Findings that are not damage.
    pub notes: Vec<Note>,
    /// Whether the set is beyond repair by checksums, and a repair that locates errors may do better.
    pub may_be_located: bool,
}

/// Whether the file can be restored, and whether a repair is needed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Verdict {
    /// Every shard is present and correct, and so is the file's hash.
    Whole,
    /// Shards are missing or damaged, but the others are enough to restore the file.
    Repairable,
    /// The file cannot be restored.
    BeyondRepair(Vec<Reason>),
}

/// Damage to one shard.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Damage {
    /// No file can be used for it.
    Lost(Lost),
    /// Its checksum table is damaged.
    Table,
    /// Blocks that fail their checksum.
    WrongBlocks {
        /// The number of blocks.
        blocks: u64,
        /// The stripes.
        stripes: Stripes,
    },
    /// Blocks that the system cannot read.
    UnreadableBlocks {
        /// The number of blocks.
        blocks: u64,
        /// The stripes.
        stripes: Stripes,
    },
    /// The file is longer than it should be.
    Trailing(FormatError),
    /// Parity that disagrees with the data.
    Disagrees {
        /// The stripes.
        stripes: Stripes,
        /// Whether it passes its checksums; without a table there are none.
        passes_checksums: bool,
    },
    /// Errors that the code has found.
    Located {
        /// The stripes.
        stripes: Stripes,
    },
}

/// A finding that is not damage.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Note {
    /// Another file holds the same shard.
    Copy {
        /// Its name.
        name: OsString,
        /// The shard's index.
        shard: usize,
    },
    /// A shard has another name than its own; a repair renames it.
    Misnamed {
        /// Its name.
        name: OsString,
        /// The shard's index.
        shard: usize,
    },
    /// Another file claims to hold the same shard, but cannot be used.
    UnusedCopy {
        /// Its name.
        name: OsString,
        /// The shard's index.
        shard: usize,
        /// What is wrong with it.
        flaw: Flaw,
    },
    /// A file that does not belong to the set.
    Stray {
        /// Its name.
        name: OsString,
        /// Why not.
        kind: StrayKind,
    },
}

impl Set {
    /// Reads every block of every shard, rebuilds lost blocks in memory, compares parity with data, and hashes the file.
    /// Changes no file.
    ///
    /// # Errors
    /// [`Error::Backend`], [`Error::BackendReport`], [`Error::Memory`], [`Error::Thread`], and [`Error::Cancelled`] if `watch`
    /// cancels. Damage is not an error, and neither is
    /// a block that cannot be read: both are in the [`Health`].
    pub fn verify(&self, backend: &Arc<dyn Backend>, watch: &dyn Watch) -> Result<Health, Error> {
        check(Purpose::Verify, self, &Codec::on(self.code.clone(), Arc::clone(backend)), watch)
    }
}

/// Reads every block of every shard, to verify or to locate errors.
pub(crate) fn check(purpose: Purpose, set: &Set, codec: &Codec, watch: &dyn Watch) -> Result<Health, Error> {
    let shape = set.header.shape;
    let lost = set.lost();
    // Without any usable shard there is nothing to read, and the header may claim any length.
    let outcome = if lost.len() < shape.total_shards() {
        walk::run(purpose, set, codec, watch, |_| Ok(()))?
    } else {
        Outcome::nothing(set)
    };
    let damaged = damage(set, &outcome);
    let verdict = if !set.code.is_recoverable(&lost)? {
        Verdict::BeyondRepair(vec![Reason::Shards(Shortage::new(&lost, &shape))])
    } else if !outcome.losses.is_empty() {
        Verdict::BeyondRepair(outcome.losses.reasons(&shape))
    } else if outcome.file_hash != Some(set.header.file_hash) {
        Verdict::BeyondRepair(vec![Reason::WrongHash])
    } else if damaged.is_empty() {
        Verdict::Whole
    } else {
        Verdict::Repairable
    };
    let may_be_located = match &verdict {
        Verdict::BeyondRepair(reasons) => {
            purpose == Purpose::Verify && is_promising(set, matches!(reasons[..], [Reason::WrongHash]))
        }
        _ => false,
    };
    Ok(Health { verdict, damaged, notes: notes(set), may_be_located })
}

/// Whether a set that is beyond repair by checksums may be repaired without them: some tables are damaged, so that their
/// blocks may be right; or only the file's hash is wrong, and the code can locate errors, which takes two parity shards.
pub(crate) fn is_promising(set: &Set, is_hash_alone: bool) -> bool {
    set.has_unchecked() || is_hash_alone && set.code.parity_shards() > 1 && set.code.grs().is_ok()
}

/// What is wrong with each shard.
fn damage(set: &Set, outcome: &Outcome) -> BTreeMap<usize, Vec<Damage>> {
    let mut damaged: BTreeMap<usize, Vec<Damage>> = BTreeMap::new();
    for (index, member) in set.members.iter().enumerate() {
        let mut found = |damage: Damage| damaged.entry(index).or_default().push(damage);
        let (Some(file), Some(faults)) = (member.files.first(), outcome.faults[index].first()) else {
            found(Damage::Lost(set.why_lost(index)));
            continue;
        };
        if !file.has_table {
            found(Damage::Table);
        }
        if faults.wrong.blocks > 0 {
            found(Damage::WrongBlocks { blocks: faults.wrong.blocks, stripes: faults.wrong.stripes.clone() });
        }
        if faults.unreadable.blocks > 0 {
            let (blocks, stripes) = (faults.unreadable.blocks, faults.unreadable.stripes.clone());
            found(Damage::UnreadableBlocks { blocks, stripes });
        }
        if let Some(error) = &file.trailing {
            found(Damage::Trailing(error.clone()));
        }
        let stripes = outcome.disagreeing[index].clone();
        if !stripes.is_empty() {
            found(Damage::Disagrees { stripes, passes_checksums: file.has_table });
        }
        let stripes = outcome.located[index].clone();
        if !stripes.is_empty() {
            found(Damage::Located { stripes });
        }
    }
    damaged
}

/// Wrong names, spare copies, files of other sets.
fn notes(set: &Set) -> Vec<Note> {
    let mut notes = Vec::new();
    for (shard, member) in set.members.iter().enumerate() {
        for (position, file) in member.files.iter().enumerate() {
            let name = file.name.clone();
            if position > 0 {
                notes.push(Note::Copy { name, shard });
            } else if !set::is_canonical(&name, shard) {
                notes.push(Note::Misnamed { name, shard });
            }
        }
        if !member.files.is_empty() {
            let rejected = member.rejected.iter().cloned();
            notes.extend(rejected.map(|(name, flaw)| Note::UnusedCopy { name, shard, flaw }));
        }
    }
    // A stray with the name of a lost shard is reported as the damage of that shard.
    let lost = set.lost();
    let is_told = |name: &OsStr| lost.iter().any(|&index| set::is_canonical(name, index));
    let strays = set.strays.iter().filter(|stray| !is_told(&stray.name));
    notes.extend(strays.map(|stray| Note::Stray { name: stray.name.clone(), kind: stray.kind.clone() }));
    notes
}
