//! Repair: checks everything, rewrites missing and damaged shards, and corrects names.
//!
//! No name changes before all new shards are complete and on disk, and the rebuilt file has the recorded hash.

mod naming;
mod options;

use std::sync::Arc;

use evariste::{Backend, Codec, crc};
use rayon::prelude::*;

use crate::error::Error;
use crate::health::{self, Health, Verdict};
use crate::loss::Reason;
use crate::pool;
use crate::renaming::Renaming;
use crate::set::Set;
use crate::temp;
use crate::walk::{self, Purpose};
use crate::watch::Watch;
use crate::writer::ShardWriter;
pub use options::RepairOptions;

/// The changes that a repair made.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[must_use = "only this value says which shards were written and which files have another name now"]
pub struct Repaired {
    /// The shards that were rewritten, in ascending order.
    pub rewritten: Vec<usize>,
    /// The files that have another name now, in the order in which they were renamed.
    pub renamed: Vec<Renaming>,
}

/// A repair after the set was checked completely. Nothing has been changed yet.
#[derive(Debug)]
#[must_use = "nothing is repaired until the plan is run"]
pub struct RepairPlan {
    set: Set,
    codec: Codec,
    health: Health,
    purpose: Purpose,
    cannot_locate: Option<evariste::Error>,
}

impl Set {
    /// Makes the set whole, or changes nothing: [`Set::plan_repair`], then [`RepairPlan::run`].
    ///
    /// # Errors
    /// The errors of those two.
    pub fn repair(
        self,
        options: &RepairOptions,
        backend: &Arc<dyn Backend>,
        watch: &dyn Watch,
    ) -> Result<Repaired, Error> {
        self.plan_repair(options, backend, watch)?.run(watch)
    }

    /// Finds the shards that a repair would write, by a [`Set::verify`]. With [`RepairOptions::locate`] a set that is beyond
    /// repair by its checksums is checked once more.
    ///
    /// # Errors
    /// The errors of [`Set::verify`].
    pub fn plan_repair(
        mut self,
        options: &RepairOptions,
        backend: &Arc<dyn Backend>,
        watch: &dyn Watch,
    ) -> Result<RepairPlan, Error> {
        let codec = Codec::on(self.code.clone(), Arc::clone(backend));
        let mut purpose = Purpose::Repair;
        let mut health = health::check(Purpose::Verify, &self, &codec, watch)?;
        let mut cannot_locate = None;
        if options.locate && matches!(health.verdict, Verdict::BeyondRepair(_)) {
            cannot_locate = self.code.grs().err();
            if cannot_locate.is_none() || self.has_unchecked() {
                self.admit_unchecked()?;
                purpose = Purpose::Locate;
                health = health::check(purpose, &self, &codec, watch)?;
            }
        }
        Ok(RepairPlan { set: self, codec, health, purpose, cannot_locate })
    }
}

impl RepairPlan {
    /// The set as it is now.
    pub fn set(&self) -> &Set {
        &self.set
    }

    /// Its state. [`RepairPlan::run`] rewrites the shards that are damaged there.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// Why the code cannot locate errors, if that was requested and is impossible.
    pub fn cannot_locate(&self) -> Option<&evariste::Error> {
        self.cannot_locate.as_ref()
    }

    /// Rewrites missing and damaged shards, and corrects names.
    ///
    /// The new shards are written under temporary names and put on disk. Names change only after that, and only if the
    /// file that the shards give has its hash. Names are on disk when this returns. A file in the way that may be
    /// useful is renamed `NAME.aside`.
    ///
    /// # Errors
    /// [`Error::BeyondRepair`] if too little of the set is left; [`Error::PartlyRepaired`] if a renaming failed after others were
    /// done; [`Error::Io`], [`Error::WriteShard`], [`Error::Memory`], [`Error::Thread`], [`Error::Backend`] and
    /// [`Error::Cancelled`]. After every error but `PartlyRepaired` nothing has changed.
    pub fn run(mut self, watch: &dyn Watch) -> Result<Repaired, Error> {
        if let Verdict::BeyondRepair(reasons) = self.health.verdict {
            return Err(self.set.beyond_repair(reasons, self.health.may_be_located));
        }
        let rewritten: Vec<usize> = self.health.damaged.keys().copied().collect();
        let writers = rewrite(self.purpose, &self.set, &self.codec, &rewritten, watch)?;
        let (mut renamed, mut placed) = (Vec::new(), Vec::new());
        match put_in_place(&mut self.set, &rewritten, writers, &mut renamed, &mut placed) {
            Ok(()) => Ok(Repaired { rewritten, renamed }),
            Err(error) if renamed.is_empty() && placed.is_empty() => Err(error),
            Err(error) => {
                Err(Error::PartlyRepaired { renamed, placed, wanted: rewritten.len(), source: Box::new(error) })
            }
        }
    }
}

/// Rewrites these shards under temporary names, and puts them on disk.
fn rewrite(
    purpose: Purpose,
    set: &Set,
    codec: &Codec,
    indices: &[usize],
    watch: &dyn Watch,
) -> Result<Vec<ShardWriter>, Error> {
    if indices.is_empty() {
        return Ok(Vec::new());
    }
    let create = |&index: &usize| ShardWriter::create(&set.dir, index, set.header.shape);
    let mut writers = indices.iter().map(create).collect::<Result<Vec<_>, _>>()?;
    let outcome = walk::run(purpose, set, codec, watch, |batch| {
        let append = |writer: &mut ShardWriter| {
            let payload = batch.payload(writer.index());
            writer.append(batch.first_stripe(), payload, crc::of_blocks(payload))
        };
        pool::run(|| writers.par_iter_mut().try_for_each(append))
    })?;
    if outcome.file_hash != Some(set.header.file_hash) {
        return Err(set.beyond_repair(vec![Reason::WrongHash], false));
    }
    pool::run(|| writers.par_iter_mut().try_for_each(|writer| writer.finish(&set.header)))?;
    Ok(writers)
}

/// Gives the files their names, and records each renaming and each new shard.
fn put_in_place(
    set: &mut Set,
    rewritten: &[usize],
    writers: Vec<ShardWriter>,
    renamed: &mut Vec<Renaming>,
    placed: &mut Vec<usize>,
) -> Result<(), Error> {
    naming::free_names(set, rewritten, renamed)?;
    for writer in writers {
        let index = writer.index();
        writer.place(&set.dir)?;
        placed.push(index);
    }
    temp::sync_dir(&set.dir)
}
