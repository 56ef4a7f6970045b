//! New parity after a small write, from the bytes that changed.

use super::Codec;
use super::stripe::{check_count, read_slots, write_slots};
use crate::Error;
use crate::memory::{Slot, View};

impl Codec {
    /// New parity after one data shard changed, without reading the other data shards.
    ///
    /// Takes the shard's old and new bytes and the old parity, and writes the new parity beside it. Every byte column is
    /// computed by itself, so a write of a few bytes passes those columns of each and no more.
    ///
    /// The old data and the old parity stay consistent until the caller replaces both. A program whose shards outlive it, on
    /// disks or in mapped files, can log the new bytes first and so survive a crash at any moment.
    ///
    /// # Errors
    /// [`Error::NotData`] if there is no such data shard. [`Error::ShardCount`] unless there are as many old and new
    /// parity slices as the code has parity shards. [`Error::ShardLength`] numbers the shards as they are passed: 0 is the
    /// old data, 1 the new data, then old parity, then new parity. [`Error::EmptyShards`]; a device error.
    pub fn update<O: AsRef<[u8]>, P: AsMut<[u8]>>(
        &self,
        data_shard: usize,
        old_data: &[u8],
        new_data: &[u8],
        old_parity: &[O],
        new_parity: &mut [P],
    ) -> Result<(), Error> {
        let plan = self.code().update_plan(data_shard)?;
        let parity_shards = self.code().parity_shards();
        check_count(old_parity.len(), parity_shards)?;
        check_count(new_parity.len(), parity_shards)?;
        let data = [Slot::Read(old_data), Slot::Read(new_data)];
        let view = View::slices(data.into_iter().chain(read_slots(old_parity)).chain(write_slots(new_parity)), 1)?;
        if view.total_bytes() == 0 {
            return Err(Error::EmptyShards);
        }
        self.write(&plan, view)
    }

    /// As [`Codec::update`], and puts the new parity in the place of the old.
    ///
    /// The new parity is computed beside the old and then copied over it, so this takes memory for as many bytes as it
    /// changes in parity. After any error parity is as it was.
    ///
    /// The copy is not atomic. If the process dies during it and parity outlives the process, as in a mapped file, some
    /// parity bytes are new and others old: they match neither the old data nor the new, and whoever opens the stripe next
    /// must encode it again. Where that matters use [`Codec::update`].
    ///
    /// # Errors
    /// As [`Codec::update`]; the parity that is passed counts as the old.
    ///
    /// # Examples
    /// Ten bytes of data shard 1 change:
    /// ```
    /// use evariste::{Code, Codec};
    ///
    /// let codec = Codec::new(Code::reed_solomon(3, 2)?)?;
    /// let mut shards = codec.split(&[7; 300]); // 5 shards of 100 bytes
    /// codec.encode(&mut shards)?;
    ///
    /// let (columns, new) = (40..50, [9; 10]);
    /// let (data, parity) = shards.split_at_mut(3);
    /// let mut parity: Vec<&mut [u8]> = parity.iter_mut().map(|shard| &mut shard[columns.clone()]).collect();
    /// codec.update_in_place(1, &data[1][columns.clone()], &new, &mut parity)?;
    /// data[1][columns].copy_from_slice(&new);
    /// assert!(codec.verify(&shards)?.is_consistent());
    /// # Ok::<(), evariste::Error>(())
    /// ```
    pub fn update_in_place<P: AsMut<[u8]>>(
        &self,
        data_shard: usize,
        old_data: &[u8],
        new_data: &[u8],
        parity: &mut [P],
    ) -> Result<(), Error> {
        let mut parity: Vec<&mut [u8]> = parity.iter_mut().map(AsMut::as_mut).collect();
        let mut beside: Vec<Vec<u8>> = parity.iter().map(|parity| vec![0; parity.len()]).collect();
        self.update(data_shard, old_data, new_data, &parity, &mut beside)?;
        for (parity, new) in parity.iter_mut().zip(&beside) {
            parity.copy_from_slice(new);
        }
        Ok(())
    }
}
