//! One walk over all stripes of a set: read, rebuild, hash the file, and pass each batch on.
//!
//! `verify`, `repair` and `restore` are this walk with different purposes. The stages run at the same time: see
//! [`pipeline`].

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use evariste::{Code, Codec, Cpu, Erasures};

use crate::batch::{Batch, Run};
use crate::error::Error;
use crate::hash::FileHasher;
use crate::losses::Losses;
use crate::pipeline::{self, Stage, StageTime};
use crate::pool;
use crate::ranges::Stripes;
use crate::reader::{self, Faults, Reader};
use crate::set::Set;
use crate::shape::BLOCK_BYTES;
use crate::watch::{Phase, Watch};

/// The purpose of a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Read everything and rebuild lost blocks. Go on after rows that cannot be rebuilt.
    Verify,
    /// Read everything and rebuild every lost block. Stop at a row that cannot be rebuilt.
    Repair,
    /// As verify, but blocks may be wrong although no checksum fails. If the code can locate errors, it corrects those
    /// blocks.
    Locate,
    /// Read the data shards, and others only where data is missing. Rebuild the data.
    Restore,
}

impl From<Purpose> for Phase {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Verify => Self::Verify,
            Purpose::Repair => Self::Repair,
            Purpose::Locate => Self::Locate,
            Purpose::Restore => Self::Restore,
        }
    }
}

/// The result of a walk.
pub(crate) struct Outcome {
    /// BLAKE3 of the file, if every byte of it was read or rebuilt.
    pub(crate) file_hash: Option<[u8; 32]>,
    pub(crate) losses: Losses,
    /// For each file of each shard, the blocks that could not be read from it.
    pub(crate) faults: Vec<Vec<Faults>>,
    /// For each shard, the stripes in which its blocks were accepted as good but disagree with the data.
    pub(crate) disagreeing: Vec<Stripes>,
    /// For each shard, the stripes with errors that only the code found.
    pub(crate) located: Vec<Stripes>,
    pub(crate) stages: Vec<StageTime>,
}

/// Walks over the set. `sink` receives every batch in order, rebuilt as far as the purpose asks for.
pub(crate) fn run(
    purpose: Purpose,
    set: &Set,
    codec: &Codec,
    watch: &dyn Watch,
    mut sink: impl FnMut(&Batch) -> Result<(), Error> + Send,
) -> Result<Outcome, Error> {
    let shape = set.header.shape;
    watch.begin(purpose.into(), shape.file_bytes());
    let first = match purpose {
        Purpose::Verify | Purpose::Repair | Purpose::Locate => shape.total_shards(),
        Purpose::Restore => shape.data_shards(),
    };
    // If no shard is lost, a restore usually computes nothing: its buffers come from the CPU backend, so that no GPU is
    // opened for them.
    let idle = purpose == Purpose::Restore && set.lost().is_empty();
    let buffers = if idle {
        Batch::buffers(&Codec::on(set.code.clone(), Arc::new(Cpu::new()?)), &shape)?
    } else {
        pool::run(|| Batch::buffers(codec, &shape))?
    };
    let mut reader = Reader::new(&set.code, shape, &set.members, first);
    let mut outcome = Outcome::nothing(set);
    let mut hasher = FileHasher::new();
    let locates = purpose == Purpose::Locate && set.code.grs().is_ok();
    let mut rebuild = |batch: &mut Batch| {
        for run in batch.runs() {
            if locates {
                locate(codec, batch, &run, &mut outcome)?;
            } else {
                make_right(purpose, codec, batch, &run, &mut outcome)?;
            }
            if matches!(purpose, Purpose::Repair | Purpose::Restore) && !outcome.losses.is_empty() {
                return Err(set.beyond_repair(outcome.losses.reasons(&shape), false));
            }
        }
        Ok(())
    };
    let hash = |batch: &mut Batch| {
        pool::run(|| {
            hasher.update(batch.file_slices());
            Ok(())
        })
    };
    let write = |batch: &mut Batch| {
        sink(batch)?;
        watch.advance(batch.file_bytes());
        Ok(())
    };
    let stages = vec![
        Stage::source("read", |batch: &mut Batch| pool::run(|| reader.fill(batch))),
        Stage::new("rebuild", |batch: &mut Batch| pool::run(|| rebuild(batch))),
        Stage::new("hash", hash),
        Stage::new("write", write),
    ];
    outcome.stages = pipeline::run(buffers, stages, watch)?;
    outcome.faults = reader.into_faults();
    outcome.file_hash = outcome.losses.is_empty().then(|| hasher.finalize());
    Ok(outcome)
}

/// Rebuilds the lost blocks of these rows, and compares parity with data.
fn make_right(
    purpose: Purpose,
    codec: &Codec,
    batch: &mut Batch,
    run: &Run,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    let code = codec.code();
    // Parity can be tested in rows that have more than k good blocks. The lost blocks are rebuilt first. They agree by
    // construction, so a block that disagrees is one that was read.
    let is_testable = purpose != Purpose::Restore && run.lost.len() < code.parity_shards();
    let repairs = matches!(purpose, Purpose::Repair | Purpose::Locate);
    let wants_all = is_testable || repairs;
    let wanted: Vec<usize> =
        run.lost.iter().copied().filter(|&shard| wants_all || shard < code.data_shards()).collect();
    if !wanted.is_empty() {
        match codec.reconstruct_some(&mut batch.columns(run.rows.clone())?, &run.lost, &wanted) {
            Err(evariste::Error::Unrecoverable { .. }) => {
                outcome.losses.add(run, stripes_of(batch, run));
                return Ok(());
            }
            done => done?,
        }
    }
    if !is_testable {
        return Ok(());
    }
    let report = codec.verify(&batch.columns(run.rows.clone())?)?;
    let mut disagreeing: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for mismatch in report.mismatches {
        check_reported(code, run, mismatch.slot, mismatch.block.saturating_mul(BLOCK_BYTES))?;
        disagreeing.entry(run.rows.start + mismatch.block).or_default().push(mismatch.slot);
    }
    for (row, shards) in disagreeing {
        for &shard in &shards {
            outcome.disagreeing[shard].add(batch.stripe_of(row));
        }
        if repairs {
            codec.reconstruct(&mut batch.columns(row..row + 1)?, &shards)?;
        }
    }
    Ok(())
}

/// Rebuilds the lost blocks of these rows, and locates and corrects other errors.
fn locate(codec: &Codec, batch: &mut Batch, run: &Run, outcome: &mut Outcome) -> Result<(), Error> {
    let erased = Erasures::everywhere(run.lost.iter().copied());
    let corrected = codec.correct_with_erasures(&mut batch.columns(run.rows.clone())?, &erased);
    let corrections = match corrected {
        Err(evariste::Error::Unrecoverable { .. }) => {
            outcome.losses.add(run, stripes_of(batch, run));
            return Ok(());
        }
        corrected => corrected?,
    };
    if corrections.is_second_run {
        // The report does not list the corrections that the device made before it failed, so some shards would not be
        // rewritten.
        return Err(Error::CorrectionUnknown);
    }
    let stripes = |bytes: Range<usize>| {
        let rows = bytes.start / BLOCK_BYTES..bytes.end.div_ceil(BLOCK_BYTES);
        rows.map(|row| batch.stripe_of(run.rows.start + row)).collect::<Vec<_>>()
    };
    for corrected in corrections.corrected.into_iter().filter(|corrected| !run.lost.contains(&corrected.shard)) {
        check_reported(codec.code(), run, corrected.shard, corrected.bytes.end.saturating_sub(1))?;
        stripes(corrected.bytes).into_iter().for_each(|stripe| outcome.located[corrected.shard].add(stripe));
    }
    for beyond in corrections.beyond {
        check_reported(codec.code(), run, 0, beyond.columns.end.saturating_sub(1))?;
        stripes(beyond.columns).into_iter().for_each(|stripe| outcome.losses.unlocated.add(stripe));
    }
    Ok(())
}

/// Checks a place in the report of a backend, which may be another program's: the shard, and a byte of it in this run.
fn check_reported(code: &Code, run: &Run, shard: usize, byte: usize) -> Result<(), Error> {
    for (what, index, count) in [("shard", shard, code.total_shards()), ("byte", byte, run.rows.len() * BLOCK_BYTES)] {
        if index >= count {
            return Err(Error::BackendReport { what, index, count });
        }
    }
    Ok(())
}

/// The stripes that a run of rows touches.
fn stripes_of(batch: &Batch, run: &Run) -> Range<u64> {
    batch.stripe_of(run.rows.start)..batch.stripe_of(run.rows.end - 1) + 1
}

impl Outcome {
    /// The result for a set from which nothing can be read.
    pub(crate) fn nothing(set: &Set) -> Self {
        let stripes = || vec![Stripes::default(); set.header.shape.total_shards()];
        Self {
            file_hash: None,
            losses: Losses::default(),
            faults: reader::no_faults(&set.members),
            disagreeing: stripes(),
            located: stripes(),
            stages: Vec::new(),
        }
    }
}
