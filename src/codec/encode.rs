//! Parity from data: computing it and checking it.

use super::stripe::{check_count, check_lengths, read_slots, write_slots};
use super::{Checksums, Codec, Stripe, StripeRef};
use crate::Error;
use crate::backend::{Report, Task};
use crate::memory::View;

impl Codec {
    /// Computes the parity shards from the data shards.
    ///
    /// # Errors
    /// [`Error::ShardCount`], [`Error::ShardLength`], [`Error::EmptyShards`]; [`Error::UnevenBuffer`] for a
    /// [`Flat`](super::Flat) buffer; a device error.
    pub fn encode<S: Stripe + ?Sized>(&self, shards: &mut S) -> Result<(), Error> {
        self.write(self.encode_plan(), shards.view_mut(self.code())?)
    }

    /// As [`Codec::encode`], and returns the checksums of every shard, computed in the same pass over memory.
    ///
    /// # Errors
    /// As [`Codec::encode`].
    pub fn encode_with_checksums<S: Stripe + ?Sized>(&self, shards: &mut S) -> Result<Checksums, Error> {
        let view = shards.view_mut(self.code())?;
        let (_, checksums) = self.run_with_checksums(Task::write(self.encode_plan()), view)?;
        Ok(checksums)
    }

    /// As [`Codec::encode`], with data and parity in separate slices; data is only read.
    ///
    /// # Errors
    /// As [`Codec::encode`]. [`Error::ShardCount`] counts data and parity separately.
    ///
    /// # Examples
    /// ```
    /// use evariste::{Code, Codec};
    ///
    /// let codec = Codec::new(Code::raid5(2)?)?;
    /// let mut parity = [[0; 4]];
    /// codec.encode_into(&[b"evar", b"iste"], &mut parity)?;
    /// assert_eq!(parity[0], [b'e' ^ b'i', b'v' ^ b's', b'a' ^ b't', b'r' ^ b'e']);
    /// # Ok::<(), evariste::Error>(())
    /// ```
    pub fn encode_into<D: AsRef<[u8]>, P: AsMut<[u8]>>(&self, data: &[D], parity: &mut [P]) -> Result<(), Error> {
        check_count(data.len(), self.code().data_shards())?;
        check_count(parity.len(), self.code().parity_shards())?;
        let view = View::slices(read_slots(data).chain(write_slots(parity)), 1)?;
        self.write(self.encode_plan(), check_lengths(self.code(), view)?)
    }

    /// Compares the parity shards with what the data shards give, and writes nothing.
    ///
    /// The report names the parity shards and blocks that disagree. Either those or the data in the same columns are wrong.
    ///
    /// # Errors
    /// As [`Codec::encode`].
    pub fn verify<S: StripeRef + ?Sized>(&self, shards: &S) -> Result<Report, Error> {
        self.run(Task::Check(self.encode_plan()), shards.view(self.code())?)
    }

    /// As [`Codec::verify`], and returns the checksums of every shard as it is, computed in the same pass over memory.
    ///
    /// # Errors
    /// As [`Codec::encode`].
    pub fn verify_with_checksums<S: StripeRef + ?Sized>(&self, shards: &S) -> Result<(Report, Checksums), Error> {
        self.run_with_checksums(Task::Check(self.encode_plan()), shards.view(self.code())?)
    }
}
