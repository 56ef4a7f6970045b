//! Rebuilding lost shards in the memory the caller has for them.

use super::{Checksums, Codec, Stripe};
use crate::backend::Task;
use crate::{Error, Losses};

impl Codec {
    /// Rebuilds the lost shards, data or parity, in place from the others.
    ///
    /// The bytes in a lost shard are ignored. Shards that the repair does not need are not read.
    ///
    /// # Errors
    /// [`Error::Unrecoverable`] if the others do not determine them; [`Error::ShardIndex`], [`Error::Duplicate`]; as
    /// [`Codec::encode`].
    pub fn reconstruct<S: Stripe + ?Sized>(&self, shards: &mut S, lost: &[usize]) -> Result<(), Error> {
        self.reconstruct_some(shards, lost, lost)
    }

    /// As [`Codec::reconstruct`], and returns the checksums of the rebuilt shards and of those they were rebuilt from,
    /// computed in the same pass over memory.
    ///
    /// # Errors
    /// As [`Codec::reconstruct`].
    pub fn reconstruct_with_checksums<S: Stripe + ?Sized>(
        &self,
        shards: &mut S,
        lost: &[usize],
    ) -> Result<Checksums, Error> {
        let view = shards.view_mut(self.code())?;
        let plan = self.repair_plan(lost, lost)?;
        let (_, checksums) = self.run_with_checksums(Task::write(&plan), view)?;
        Ok(checksums)
    }

    /// Rebuilds only the `wanted` ones of the lost shards. The other lost shards are neither read nor written.
    ///
    /// # Errors
    /// As [`Codec::reconstruct`], and [`Error::NotLost`] for a wanted shard that is not lost.
    pub fn reconstruct_some<S: Stripe + ?Sized>(
        &self,
        shards: &mut S,
        lost: &[usize],
        wanted: &[usize],
    ) -> Result<(), Error> {
        let view = shards.view_mut(self.code())?;
        self.write(&*self.repair_plan(lost, wanted)?, view)
    }

    /// Rebuilds the losses of many stripes: `lost[t]` names the lost shards of stripe t.
    ///
    /// Stripes have equal length and follow one another in every shard: stripe t of u bytes in bytes `t * u..(t + 1) * u`.
    /// All stripes are one call of the backend, however many patterns of loss there are. For stripes in another layout,
    /// give [`Losses::matrices`] to a [`Batch`](crate::Batch).
    ///
    /// # Errors
    /// [`Error::Stripe`] with the first stripe that cannot be rebuilt, and in it [`Error::Unrecoverable`],
    /// [`Error::ShardIndex`] or [`Error::Duplicate`]; [`Error::UnevenStripes`] if the shards do not divide into that many
    /// stripes; as [`Codec::encode`].
    ///
    /// # Examples
    /// ```
    /// use evariste::{Code, Codec};
    ///
    /// let codec = Codec::new(Code::reed_solomon(4, 2)?)?;
    /// let mut shards = codec.shards(3 * 64)?; // three stripes of 64 bytes
    /// shards.data_mut(1).fill(7);
    /// codec.encode(&mut shards)?;
    /// let whole: Vec<Vec<u8>> = shards.iter().map(<[u8]>::to_vec).collect();
    ///
    /// shards[1][..64].fill(0); // lost in stripe 0
    /// shards[5][..64].fill(0);
    /// shards[0][128..].fill(0xff); // lost in stripe 2
    /// codec.reconstruct_stripes(&mut shards, &[vec![1, 5], vec![], vec![0]])?;
    /// assert!(shards.iter().eq(&whole));
    /// # Ok::<(), evariste::Error>(())
    /// ```
    pub fn reconstruct_stripes<S, L>(&self, shards: &mut S, lost: &[L]) -> Result<(), Error>
    where
        S: Stripe + ?Sized,
        L: AsRef<[usize]>,
    {
        let view = shards.view_mut(self.code())?.in_stripes(lost.len())?;
        let losses = Losses::by(self.code(), self.grs(), lost)?;
        self.run(Task::Write(losses.matrices()), view).map(|_| ())
    }
}
