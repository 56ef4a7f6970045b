//! Correcting: errors at places that nobody knows, or that somebody suspects.

mod by_checksum;

use std::collections::BTreeSet;

use super::{Codec, Corrections, Stripe};
use crate::Error;
use crate::backend::{BLOCK_BYTES, Batch, Erasures, Task, Uncorrectable};

impl Codec {
    /// Finds wrong bytes at unknown places and makes them right.
    ///
    /// A byte column is made right if at most half as many of its bytes are wrong as there are parity shards. One with more
    /// is left as it is and reported, or is taken for another one, which no code can exclude and only checksums show: see
    /// [`Corrections`] and [`Codec::correct_with_checksums`]. Where nothing is wrong this costs little more than
    /// [`Codec::verify`].
    ///
    /// # Errors
    /// [`Error::CannotLocate`] if the code is no generalised Reed-Solomon code of at most 255 shards; as [`Codec::encode`].
    pub fn correct<S: Stripe + ?Sized>(&self, shards: &mut S) -> Result<Corrections, Error> {
        self.correct_with_erasures(shards, &Erasures::none())
    }

    /// As [`Codec::correct`], knowing of some shards, or of single blocks of them, that they are wrong.
    ///
    /// A byte column with e wrong bytes at unknown places and s at these is made right if 2e + s is at most the number of
    /// parity shards. What stands at these places does not matter. A codec's shards are stripe 0 of the erasures.
    ///
    /// A block of which more shards are known to be wrong than there are parity shards is reported as beyond the code,
    /// whatever stands there.
    ///
    /// # Errors
    /// As [`Codec::correct`]; [`Error::SlotIndex`] and [`Error::BlockIndex`] for a shard or block that is not there;
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
            let lost: Vec<usize> = erased.elsewhere().iter().map(|&slot| slot as usize).collect();
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
