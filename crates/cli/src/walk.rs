//! One walk over all stripes of a set: read, rebuild what is wanted, hash the file, hand on.
//!
//! `verify`, `repair` and `restore` are this walk with different purposes. Reading and checking, rebuilding, hashing and
//! writing go on at the same time, see [`pipeline`].

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use anyhow::{Result, bail};
use evariste::{Codec, Cpu, Erasures};

use crate::batch::{Batch, Run};
use crate::exit::BeyondRepair;
use crate::format::BLOCK_BYTES;
use crate::hash::FileHasher;
use crate::pipeline::{self, Busy, Stage};
use crate::progress::Progress;
use crate::ranges::{self, Ranges};
use crate::reader::Reader;
use crate::set::Set;
use crate::shape::Shape;

/// What a walk is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Read everything, find out what can be rebuilt, and go on where something cannot.
    Verify,
    /// Read everything and make all of it right.
    Repair,
    /// As repair, where blocks may be wrong that nothing says of: the code finds them, if it is one that can.
    Locate,
    /// Read the data shards, and others only where data is missing; make the data right.
    Restore,
}

/// What a walk found.
pub(crate) struct Outcome {
    /// BLAKE3 of the file, if every byte of it was there or could be rebuilt.
    pub(crate) file_hash: Option<[u8; 32]>,
    pub(crate) losses: Losses,
    /// For each shard, where it passes its checksums and disagrees with the data.
    pub(crate) disagreeing: Vec<Ranges>,
    /// For each shard, where the code found it wrong, and nothing else had.
    pub(crate) located: Vec<Ranges>,
    pub(crate) busy: Vec<Busy>,
}

/// Rows that cannot be rebuilt, by the shards lost in them.
#[derive(Default)]
pub(crate) struct Losses {
    by_lost: BTreeMap<Vec<usize>, Ranges>,
    /// Where more is wrong than the code can locate.
    unlocated: Ranges,
    /// Rows that found no room: patterns are kept in bounded number.
    more: u64,
}

/// Walks over the set; `sink` receives every batch in order, made as right as the purpose asks for.
pub(crate) fn run(
    purpose: Purpose,
    set: &mut Set,
    codec: &Codec,
    mut sink: impl FnMut(&Batch) -> Result<()> + Send,
) -> Result<Outcome> {
    let shape = set.header.shape;
    let title = match purpose {
        Purpose::Verify => "verifying",
        Purpose::Repair => "repairing",
        Purpose::Locate => "locating",
        Purpose::Restore => "restoring",
    };
    let progress = Progress::new(title, shape.file_bytes());
    let first = match purpose {
        Purpose::Verify | Purpose::Repair | Purpose::Locate => shape.total_shards(),
        Purpose::Restore => shape.data_shards(),
    };
    // A restore from whole shards computes nothing: no device is opened for its memory, or told of it.
    let idle = purpose == Purpose::Restore && set.lost().is_empty();
    let buffers = if idle {
        Batch::buffers(&Codec::on(set.code.clone(), Arc::new(Cpu::new()?)), &shape)?
    } else {
        Batch::buffers(codec, &shape)?
    };
    let mut reader = Reader::new(&set.code, shape, &mut set.members, first);
    let mut outcome = Outcome::nothing(&shape);
    let mut hasher = FileHasher::new();
    let locates = purpose == Purpose::Locate && set.code.grs().is_ok();
    let rebuild = |batch: &mut Batch| {
        for run in batch.runs() {
            if locates {
                locate(codec, batch, &run, &mut outcome)?;
            } else {
                make_right(purpose, codec, batch, &run, &mut outcome)?;
            }
            if matches!(purpose, Purpose::Repair | Purpose::Restore) && !outcome.losses.is_empty() {
                return Err(BeyondRepair(outcome.losses.describe(&shape).join("; ")).into());
            }
        }
        Ok(())
    };
    let hash = |batch: &mut Batch| {
        hasher.update(batch.file_slices());
        Ok(())
    };
    let write = |batch: &mut Batch| {
        sink(batch)?;
        progress.advance(batch.file_bytes());
        Ok(())
    };
    let stages = vec![
        Stage::source("read", |batch: &mut Batch| reader.fill(batch)),
        Stage::new("rebuild", rebuild),
        Stage::new("hash", hash),
        Stage::new("write", write),
    ];
    let busy = pipeline::run(buffers, stages)?;
    outcome.busy = busy;
    outcome.file_hash = outcome.losses.is_empty().then(|| hasher.finalize());
    Ok(outcome)
}

/// Rebuilds in these rows what is lost, and puts parity to the test.
fn make_right(purpose: Purpose, codec: &Codec, batch: &mut Batch, run: &Run, outcome: &mut Outcome) -> Result<()> {
    let code = codec.code();
    // Parity is tested wherever more is there than the data needs. Once everything lost is rebuilt, what was rebuilt
    // agrees by itself, and anything else that disagrees was written so.
    let is_testable = purpose != Purpose::Restore && run.lost.len() < code.parity_shards();
    let mends = matches!(purpose, Purpose::Repair | Purpose::Locate);
    let wants_all = is_testable || mends;
    let wanted: Vec<usize> =
        run.lost.iter().copied().filter(|&shard| wants_all || shard < code.data_shards()).collect();
    if !wanted.is_empty() {
        match codec.reconstruct_some(&mut batch.columns(run.rows.clone())?, &run.lost, &wanted) {
            Err(evariste::Error::Unrecoverable { .. }) => {
                outcome.losses.add(batch, run);
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
        disagreeing.entry(run.rows.start + mismatch.block).or_default().push(usize::try_from(mismatch.slot)?);
    }
    for (row, shards) in disagreeing {
        for &shard in &shards {
            outcome.disagreeing[shard].add(batch.stripe_of(row));
        }
        if mends {
            codec.reconstruct(&mut batch.columns(row..row + 1)?, &shards)?;
        }
    }
    Ok(())
}

/// Finds in these rows what is wrong, beside what is lost, and makes both right.
fn locate(codec: &Codec, batch: &mut Batch, run: &Run, outcome: &mut Outcome) -> Result<()> {
    let lost = run.lost.iter().map(|&shard| u32::try_from(shard)).collect::<Result<Vec<_>, _>>()?;
    let corrected = codec.correct_with_erasures(&mut batch.columns(run.rows.clone())?, &Erasures::everywhere(lost));
    let corrections = match corrected {
        Err(evariste::Error::Unrecoverable { .. }) => {
            outcome.losses.add(batch, run);
            return Ok(());
        }
        corrected => corrected?,
    };
    if corrections.is_second_run {
        // What the device had made right before it failed is not listed, so the shard would not be written anew.
        bail!("a device failed while it corrected: try again, or with --backend cpu");
    }
    let stripes = |bytes: Range<usize>| {
        let rows = bytes.start / BLOCK_BYTES..bytes.end.div_ceil(BLOCK_BYTES);
        rows.map(|row| batch.stripe_of(run.rows.start + row)).collect::<Vec<_>>()
    };
    for corrected in corrections.corrected.into_iter().filter(|corrected| !run.lost.contains(&corrected.shard)) {
        stripes(corrected.bytes).into_iter().for_each(|stripe| outcome.located[corrected.shard].add(stripe));
    }
    for beyond in corrections.beyond {
        stripes(beyond.columns).into_iter().for_each(|stripe| outcome.losses.unlocated.add(stripe));
    }
    Ok(())
}

impl Outcome {
    /// What is found where nothing can be read.
    pub(crate) fn nothing(shape: &Shape) -> Self {
        let ranges = || vec![Ranges::default(); shape.total_shards()];
        let (disagreeing, located) = (ranges(), ranges());
        Self { file_hash: None, losses: Losses::default(), disagreeing, located, busy: Vec::new() }
    }
}

impl Losses {
    const KEPT: usize = 32;

    fn add(&mut self, batch: &Batch, run: &Run) {
        if self.by_lost.len() >= Self::KEPT && !self.by_lost.contains_key(&run.lost) {
            self.more += run.rows.len() as u64;
            return;
        }
        let stripes = self.by_lost.entry(run.lost.clone()).or_default();
        (batch.stripe_of(run.rows.start)..=batch.stripe_of(run.rows.end - 1)).for_each(|stripe| stripes.add(stripe));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_lost.is_empty() && self.unlocated.is_empty()
    }

    /// What is missing and what would be needed, a line for each pattern.
    pub(crate) fn describe(&self, shape: &Shape) -> Vec<String> {
        let mut lines: Vec<String> = self
            .by_lost
            .iter()
            .map(|(lost, stripes)| format!("{stripes}: {}", needed(lost, "blocks in a row", shape)))
            .collect();
        if !self.unlocated.is_empty() {
            let parity = ranges::counted(shape.parity_shards() as u64, "parity shard");
            lines.push(format!("{}: more is wrong than {parity} can locate", self.unlocated));
        }
        if self.more > 0 {
            lines.push(format!("and {} in other combinations", ranges::counted(self.more, "block")));
        }
        lines
    }
}

/// What would be needed to have these shards back; `what` is lost of each.
pub(crate) fn needed(lost: &[usize], what: &str, shape: &Shape) -> String {
    let total = shape.total_shards();
    let good = total - lost.len();
    let needed = shape.data_shards();
    let lost = ranges::shards(lost);
    match needed.checked_sub(good) {
        Some(more @ 1..) => {
            format!("{good} of {total} {what} are good and {needed} are needed: at least {more} more of {lost}")
        }
        // Groups can be hit so that what is left says the same thing twice.
        _ => format!(
            "{good} of {total} {what} are good and do not determine the rest: at least 1 more is needed of {lost}"
        ),
    }
}
