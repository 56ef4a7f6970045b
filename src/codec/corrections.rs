//! The report of a correction.

use std::ops::Range;

use crate::backend::{BLOCK_BYTES, Correction, Uncorrectable};

/// What a correction found and did.
///
/// A correction is the only codeword within the code's radius. That does not prove it is the original: a column with too many
/// errors may decode to another codeword, as about one column of 700 does with 10 + 4 shards, and one of 7000 with 6 + 3. Only
/// a checksum can tell, so a correction without one is unconfirmed.
#[must_use = "only the returned corrections say what was wrong and what could not be corrected"]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Corrections {
    /// Bytes that were wrong and have been corrected, ordered by shard and place.
    pub corrected: Vec<Corrected>,
    /// Columns with more wrong bytes than the code can correct, in order. They are unchanged, except for bytes whose correction
    /// a checksum confirmed.
    pub beyond: Vec<Beyond>,
    /// Blocks that disagree with their checksums after the correction, ordered by shard and place. If a block is only in this
    /// list, the shards agree with each other there, and the checksum may be the wrong one.
    pub contradicted: Vec<Contradicted>,
    /// Whether a device failed during the correction and another one repeated it. Bytes that the first had corrected by then
    /// are correct but not listed.
    pub is_second_run: bool,
}

/// Wrong bytes of a shard, in adjacent blocks of [`BLOCK_BYTES`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Corrected {
    /// The shard.
    pub shard: usize,
    /// From the first wrong byte to the last.
    pub bytes: Range<usize>,
    /// Bytes among them that were wrong.
    pub count: usize,
    /// Whether these blocks agree with their checksums now.
    pub confirmed: bool,
}

/// Columns that could not be corrected, in adjacent blocks of [`BLOCK_BYTES`] of every shard.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Beyond {
    /// From the first such column to the last.
    pub columns: Range<usize>,
    /// Such columns among them.
    pub count: usize,
}

/// Adjacent blocks of [`BLOCK_BYTES`] of a shard that do not agree with their checksums.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Contradicted {
    /// The shard.
    pub shard: usize,
    /// The bytes of these blocks.
    pub bytes: Range<usize>,
}

impl Corrections {
    /// Whether nothing was wrong. False after a second run, whose list may be incomplete.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.corrected.is_empty() && self.is_complete() && !self.is_second_run
    }

    /// Whether no errors are known to remain.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.beyond.is_empty() && self.contradicted.is_empty()
    }

    /// Whether no errors are known to remain and checksums confirm every correction. False after a second run, whose list may be
    /// incomplete.
    #[must_use]
    pub fn is_confirmed(&self) -> bool {
        self.is_complete() && !self.is_second_run && self.corrected.iter().all(|corrected| corrected.confirmed)
    }

    /// Adds the correction of a block; blocks come in order.
    pub(super) fn note_corrected(&mut self, correction: &Correction, confirmed: bool) {
        let (shard, count) = (correction.slot, correction.count as usize);
        let end = correction.last + 1;
        match self.corrected.last_mut() {
            Some(run) if (run.shard, run.confirmed) == (shard, confirmed) && reaches(&run.bytes, correction.block) => {
                run.bytes.end = end.max(run.bytes.end);
                run.count += count;
            }
            _ => self.corrected.push(Corrected { shard, bytes: correction.first..end, count, confirmed }),
        }
    }

    /// Adds the uncorrectable columns of a block; blocks come in order.
    pub(super) fn note_beyond(&mut self, uncorrectable: &Uncorrectable) {
        let (end, count) = (uncorrectable.last + 1, uncorrectable.count as usize);
        match self.beyond.last_mut() {
            Some(run) if reaches(&run.columns, uncorrectable.block) => {
                run.columns.end = end;
                run.count += count;
            }
            _ => self.beyond.push(Beyond { columns: uncorrectable.first..end, count }),
        }
    }

    /// Adds a block of a shard that disagrees with its checksum; blocks come in order.
    pub(super) fn note_contradicted(&mut self, shard: usize, bytes: Range<usize>) {
        match self.contradicted.last_mut() {
            Some(run) if run.shard == shard && run.bytes.end == bytes.start => run.bytes.end = bytes.end,
            _ => self.contradicted.push(Contradicted { shard, bytes }),
        }
    }
}

/// Whether a range ends in this block or in the one before.
fn reaches(range: &Range<usize>, block: usize) -> bool {
    (range.end - 1) / BLOCK_BYTES + 1 >= block
}

#[cfg(test)]
mod tests {
    use super::*;

    fn correction(slot: usize, block: usize, first: usize, last: usize) -> Correction {
        let (first, last) = (block * BLOCK_BYTES + first, block * BLOCK_BYTES + last);
        Correction { batch: 0, slot, stripe: 0, block, first, last, count: 2 }
    }

    #[test]
    fn adjacent_blocks_of_a_shard_are_one_run() {
        let mut corrections = Corrections::default();
        for (correction, confirmed) in [
            (correction(1, 0, 7, 4095), false),
            (correction(1, 1, 5, 9), false),
            (correction(1, 1, 6, 7), false),
            (correction(1, 2, 0, 1), true),
            (correction(1, 4, 0, 1), true),
            (correction(2, 5, 0, 1), true),
        ] {
            corrections.note_corrected(&correction, confirmed);
        }
        let run = |shard, bytes, count, confirmed| Corrected { shard, bytes, count, confirmed };
        let expected = [
            run(1, 7..4106, 6, false),
            run(1, 8192..8194, 2, true),
            run(1, 16384..16386, 2, true),
            run(2, 20480..20482, 2, true),
        ];
        assert_eq!(corrections.corrected, expected);
        assert!(corrections.is_complete() && !corrections.is_confirmed() && !corrections.is_clean());
        corrections.note_contradicted(3, 0..4096);
        corrections.note_contradicted(3, 4096..5000);
        assert_eq!(corrections.contradicted, [Contradicted { shard: 3, bytes: 0..5000 }]);
        assert!(!corrections.is_complete());
    }
}
