//! Correcting by checksums, which find wrong blocks before a correction and confirm it afterwards.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use crate::backend::{BLOCK_BYTES, Correction, Erasures, Task, Uncorrectable};
use crate::codec::stripe::check_count;
use crate::codec::{Checksums, Codec, Corrections, Stripe};
use crate::crc::crc32c;
use crate::memory::{Slot, View};
use crate::{Error, Grs, Plan};

impl Codec {
    /// As [`Codec::correct`], with checksums that were computed while the shards were right.
    ///
    /// A block that disagrees with its checksum is known to be wrong. Twice as many such blocks can be corrected as wrong blocks
    /// at unknown places, and with any code that can rebuild them. Afterwards checksums confirm the corrections, and
    /// [`Corrections::contradicted`] lists every block that still disagrees with its checksum.
    ///
    /// Checksums may be wrong themselves. If they accuse more shards of a block than there are parity shards, or if the
    /// correction that follows from them fails, the search for errors is repeated without them, and only bytes that agree with
    /// their checksum are written.
    ///
    /// # Errors
    /// As [`Codec::encode`]; [`Error::ShardCount`] and [`Error::ChecksumBlocks`] if the checksums are for another number of
    /// shards or blocks.
    pub fn correct_with_checksums<S: Stripe + ?Sized>(
        &self,
        shards: &mut S,
        checksums: &Checksums,
    ) -> Result<Corrections, Error> {
        let bytes = shards.view(self.code())?.bytes();
        check_count(checksums.total_shards(), self.code().total_shards())?;
        let (given, expected) = (checksums.blocks(), bytes.div_ceil(BLOCK_BYTES));
        if given != expected && checksums.iter().next().is_some() {
            return Err(Error::ChecksumBlocks { given, expected });
        }
        let (report, found) = self.verify_with_checksums(shards)?;
        let accused = accused(checksums, &found);
        if report.is_consistent() && accused.is_empty() {
            return Ok(Corrections::default());
        }
        let inconsistent: BTreeSet<usize> = report.mismatches.iter().map(|mismatch| mismatch.block).collect();
        let (grs, corrected, beyond) = (self.grs().map(Arc::as_ref), Vec::new(), Vec::new());
        let unlisted = BTreeSet::new();
        let mut correction = ByChecksum { codec: self, grs, checksums, accused, corrected, beyond, unlisted };
        let left = correction.correct(&inconsistent, shards.view_mut(self.code())?)?;
        let mut view = shards.view_mut(self.code())?;
        correction.retry(&left, &mut view)?;
        Ok(correction.confirm(&view))
    }
}

/// For each block the shards that disagree with their checksums, in order.
type Accused = BTreeMap<usize, Vec<usize>>;

fn accused(expected: &Checksums, found: &Checksums) -> Accused {
    let mut accused = Accused::new();
    for (shard, expected) in expected.iter() {
        let found = found.shard(shard).unwrap_or_default();
        for (block, _) in expected.iter().zip(found).enumerate().filter(|(_, (expected, found))| expected != found) {
            accused.entry(block).or_default().push(shard);
        }
    }
    accused
}

/// A correction by checksums in progress.
struct ByChecksum<'a> {
    codec: &'a Codec,
    /// `None` if only accused shards can be corrected.
    grs: Option<&'a Grs>,
    checksums: &'a Checksums,
    accused: Accused,
    corrected: Vec<Correction>,
    beyond: Vec<Uncorrectable>,
    /// Blocks in which a failed device may have corrected bytes without reporting them.
    unlisted: BTreeSet<usize>,
}

impl ByChecksum<'_> {
    /// Corrects the shards in place, with accused blocks as erasures, and returns the blocks that remain inconsistent.
    fn correct(&mut self, inconsistent: &BTreeSet<usize>, view: View<'_>) -> Result<BTreeSet<usize>, Error> {
        let Some(grs) = self.grs else { return Ok(inconsistent.clone()) };
        let all_have_checksums = self.checksums.iter().count() == self.checksums.total_shards();
        let mut erased = Erasures::none();
        // With more erased shards than parity shards the backend changes nothing in a block; `retry` corrects a copy of it. One more
        // is enough, and the list is short: every block of the shards may have one.
        let too_many: Vec<usize> = (0..=grs.parity_shards()).collect();
        for &block in inconsistent {
            let accused = self.accused.get(&block).map_or(&[][..], |accused| accused);
            let is_trusted = accused.len() <= grs.parity_shards() && !(accused.is_empty() && all_have_checksums);
            for &shard in if is_trusted { accused } else { &too_many } {
                erased.insert(0, block, shard);
            }
        }
        let report = self.codec.run(Task::Correct { grs, erased: &erased }, view)?;
        self.corrected = report.corrections;
        if report.is_second_run {
            self.unlisted.clone_from(inconsistent);
        }
        Ok(report.uncorrectable.iter().map(|uncorrectable| uncorrectable.block).collect())
    }

    /// Corrects a copy of each remaining block, and takes over the shards that then agree with their checksums.
    fn retry(&mut self, left: &BTreeSet<usize>, view: &mut View<'_>) -> Result<(), Error> {
        for &block in left {
            let columns = columns_of(block, view.bytes());
            let mut copy: Vec<Vec<u8>> =
                (0..view.slots()).map(|slot| view.slot(slot, 0)[columns.clone()].to_vec()).collect();
            self.correct_copy(block, &mut copy)?;
            for (shard, bytes) in (0..).zip(&copy) {
                self.take(block, shard, &mut view.slot_mut(shard, 0)[columns.clone()], bytes);
            }
            self.beyond.extend(self.inconsistent_columns(block, view)?);
        }
        Ok(())
    }

    /// The columns of a block that are still inconsistent. They are counted again because some shards may have been taken over.
    fn inconsistent_columns(&self, block: usize, view: &View<'_>) -> Result<Option<Uncorrectable>, Error> {
        let columns = columns_of(block, view.bytes());
        let shards: Vec<&[u8]> = (0..view.slots()).map(|slot| &view.slot(slot, 0)[columns.clone()]).collect();
        let (data, parity) = shards.split_at(self.codec.code().data_shards());
        let mut expected = vec![vec![0; columns.len()]; parity.len()];
        self.codec.encode_into(data, &mut expected)?;
        let differs = |at: &usize| parity.iter().zip(&expected).any(|(parity, expected)| parity[*at] != expected[*at]);
        Ok(span(columns.len(), differs).map(|(first, last, count)| {
            let (first, last) = (columns.start + first, columns.start + last);
            Uncorrectable { batch: 0, stripe: 0, block, first, last, count }
        }))
    }

    /// Corrects a block without regard to checksums; if the code cannot locate errors, rebuilds the accused shards.
    fn correct_copy(&self, block: usize, copy: &mut [Vec<u8>]) -> Result<(), Error> {
        let view = View::slices(copy.iter_mut().map(|bytes| Slot::Write(bytes)), 1)?;
        if let Some(grs) = self.grs {
            let _ = self.codec.run(Task::Correct { grs, erased: &Erasures::none() }, view)?;
            return Ok(());
        }
        let Some(accused) = self.accused.get(&block) else { return Ok(()) };
        self.codec.write(&*self.repair_plan(accused)?, view)
    }

    /// The plan that rebuilds all of these shards that can be rebuilt.
    fn repair_plan(&self, accused: &[usize]) -> Result<Arc<Plan>, Error> {
        match self.codec.repair_plan(accused, accused) {
            Err(Error::Unrecoverable { recoverable, .. }) => self.codec.repair_plan(accused, &recoverable),
            planned => planned,
        }
    }

    /// Copies corrected bytes into a shard if they agree with their checksum.
    fn take(&mut self, block: usize, slot: usize, stands: &mut [u8], corrected: &[u8]) {
        let Some((first, last, count)) = span(stands.len(), |&at| stands[at] != corrected[at]) else { return };
        if self.agrees(slot, block, corrected) != Some(true) {
            return;
        }
        let start = block * BLOCK_BYTES;
        let (first, last) = (start + first, start + last);
        self.corrected.push(Correction { batch: 0, slot, stripe: 0, block, first, last, count });
        stands.copy_from_slice(corrected);
    }

    /// Compares every block in question with its checksum and makes the report.
    fn confirm(mut self, view: &View<'_>) -> Corrections {
        self.corrected.sort_unstable();
        let changed = self.corrected.iter().map(|correction| (correction.slot, correction.block));
        let accused = self.accused.iter().flat_map(|(&block, shards)| shards.iter().map(move |&shard| (shard, block)));
        let unlisted = self.unlisted.iter().flat_map(|&block| (0..view.slots()).map(move |slot| (slot, block)));
        let in_question: BTreeSet<(usize, usize)> = changed.chain(accused).chain(unlisted).collect();
        let agree: BTreeMap<(usize, usize), bool> = in_question
            .into_iter()
            .filter_map(|(slot, block)| {
                let bytes = &view.slot(slot, 0)[columns_of(block, view.bytes())];
                Some(((slot, block), self.agrees(slot, block, bytes)?))
            })
            .collect();
        let mut corrections = Corrections { is_second_run: !self.unlisted.is_empty(), ..Corrections::default() };
        for correction in &self.corrected {
            let confirmed = agree.get(&(correction.slot, correction.block)).is_some_and(|&agrees| agrees);
            corrections.note_corrected(correction, confirmed);
        }
        self.beyond.iter().for_each(|uncorrectable| corrections.note_beyond(uncorrectable));
        for (&(slot, block), _) in agree.iter().filter(|&(_, &agrees)| !agrees) {
            corrections.note_contradicted(slot, columns_of(block, view.bytes()));
        }
        corrections
    }

    /// Whether a block agrees with its checksum; `None` if it has none.
    fn agrees(&self, shard: usize, block: usize, bytes: &[u8]) -> Option<bool> {
        Some(crc32c(bytes) == self.checksums.shard(shard)?[block])
    }
}

/// The columns of a block.
fn columns_of(block: usize, shard_bytes: usize) -> Range<usize> {
    let start = block * BLOCK_BYTES;
    start..shard_bytes.min(start + BLOCK_BYTES)
}

/// The first and the last of a block's columns for which `is_true`, and their number; `None` if there are none.
fn span(columns: usize, is_true: impl Fn(&usize) -> bool) -> Option<(usize, usize, u32)> {
    let (first, last) = ((0..columns).find(&is_true)?, (0..columns).rfind(&is_true)?);
    let count = (first..=last).filter(&is_true).count();
    Some((first, last, u32::try_from(count).expect("a block has 4096 bytes at most")))
}
