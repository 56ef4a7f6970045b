//! Correcting errors at unknown or suspected places.

mod by_checksum;

use std::collections::BTreeSet;

use super::{Codec, Corrections, Stripe};
use crate::Error;
use crate::backend::{BLOCK_BYTES, Batch, Erasures, Task, Uncorrectable};

impl Codec {
    /// Finds wrong bytes at unknown places and corrects them.
    ///
    /// A byte column is corrected if at most `m / 2` of its bytes are wrong, m being the number of parity shards. A column
    /// with more wrong bytes is left unchanged and reported, or it decodes to another codeword and is changed to that. No code
    /// can exclude the latter; checksums detect it: see [`Corrections`] and [`Codec::correct_with_checksums`]. If nothing is
    /// wrong, this costs little more than [`Codec::verify`].
    ///
    /// # Errors
    /// [`Error::CannotLocate`] unless the code is a generalised Reed-Solomon code of at most 255 shards; as [`Codec::encode`].
    pub fn correct<S: Stripe + ?Sized>(&self, shards: &mut S) -> Result<Corrections, Error> {
        self.correct_with_erasures(shards, &Erasures::none())
    }

    /// As [`Codec::correct`], with shards or single blocks that are known to be wrong.
    ///
    /// A byte column with s bytes in such blocks and e wrong bytes elsewhere is corrected if 2e + s is at most the number of
    /// parity shards. The bytes in blocks that are known to be wrong are ignored. A codec's shards are stripe 0 of the erasures.
    ///
    /// A block in which more shards are known to be wrong than there are parity shards is always reported as uncorrectable.
    ///
    /// # Errors
    /// As [`Codec::correct`]; [`Error::SlotIndex`] and [`Error::BlockIndex`] for a shard or block that does not exist;
    /// [`Error::Unrecoverable`] if more shards are wrong everywhere than there are parity shards.
    pub fn correct_with_erasures<S: Stripe + ?Sized>(
        &self,
        shards: &mut S,
        erased: &Erasures,
    ) -> Result<Corrections, Error> {
        let grs = self.grs().ok_or_else(|| self.code().cannot_locate())?;
        let batch = Batch::new(Task::Correct { grs, erased }, shards.view_mut(self.code())?)?;
        let (bytes, parity_shards) = (batch.view().bytes(), self.code().parity_shards());
        if erased.elsewhere().len() > parity_shards {
            let lost = erased.elsewhere().to_vec();
            return Err(Error::Unrecoverable { beyond: lost.clone(), lost, recoverable: Vec::new() });
        }
        let mut report = self.backend().run(&mut [batch])?;
        let overfull = erased.blocks().filter(|(_, _, slots)| slots.len() > parity_shards);
        let overfull: BTreeSet<usize> = overfull.map(|(_, block, _)| block).collect();
        report.uncorrectable.retain(|uncorrectable| !overfull.contains(&uncorrectable.block));
        report.uncorrectable.extend(overfull.into_iter().map(|block| whole_block(block, bytes)));
        report.uncorrectable.sort_unstable();
        let mut corrections = Corrections { is_second_run: report.is_second_run, ..Corrections::default() };
        report.corrections.iter().for_each(|correction| corrections.note_corrected(correction, false));
        report.uncorrectable.iter().for_each(|uncorrectable| corrections.note_beyond(uncorrectable));
        Ok(corrections)
    }
}

/// All columns of a block.
fn whole_block(block: usize, shard_bytes: usize) -> Uncorrectable {
    let first = block * BLOCK_BYTES;
    let end = shard_bytes.min(first + BLOCK_BYTES);
    let count = u32::try_from(end - first).expect("a block has 4096 bytes at most");
    Uncorrectable { batch: 0, stripe: 0, block, first, last: end - 1, count }
}
