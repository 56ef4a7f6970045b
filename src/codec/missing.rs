//! Shards of which some are missing: `Option`s of any owner of bytes, where a rebuilt shard takes the place of a `None`.

use super::Codec;
use super::stripe::check_count;
use crate::memory::{Slot, View};
use crate::{Code, Error};

impl Codec {
    /// Rebuilds every shard that is `None`.
    ///
    /// A shard may be any owner of bytes that a `Vec<u8>` turns into: `Vec<u8>`, `Box<[u8]>`, `Arc<[u8]>`, `bytes::Bytes`.
    ///
    /// # Errors
    /// As [`Codec::reconstruct`], and [`Error::AllMissing`]. After any error the missing shards are still `None`.
    ///
    /// # Examples
    /// ```
    /// use std::sync::Arc;
    /// use evariste::{Code, Codec};
    ///
    /// let codec = Codec::new(Code::reed_solomon(2, 2)?)?;
    /// let mut shards = codec.split(b"evariste");
    /// codec.encode(&mut shards)?;
    ///
    /// let mut cached: Vec<Option<Arc<[u8]>>> = shards.into_iter().map(|shard| Some(shard.into())).collect();
    /// (cached[0], cached[3]) = (None, None);
    /// codec.reconstruct_missing(&mut cached)?;
    /// assert_eq!(cached[0].as_deref(), Some(&b"evar"[..]));
    /// # Ok::<(), evariste::Error>(())
    /// ```
    pub fn reconstruct_missing<T>(&self, shards: &mut [Option<T>]) -> Result<(), Error>
    where
        T: AsRef<[u8]> + From<Vec<u8>>,
    {
        let every: Vec<usize> = (0..shards.len()).collect();
        self.reconstruct_wanted(shards, &every)
    }

    /// Rebuilds the `wanted` shards that are `None`. The other missing shards stay `None` and take no memory.
    ///
    /// A wanted shard that is present stays as it is. So the shards a reader needs can be named without asking first which
    /// of them arrived: after the call every one of them is there. Only the shards that the repair needs are read.
    ///
    /// # Errors
    /// As [`Codec::reconstruct_missing`]; [`Error::ShardIndex`] for a wanted shard the code does not have. Missing shards that
    /// are beyond repair are an error only if one of them is wanted.
    ///
    /// # Examples
    /// A read of an object while two devices are away, of which one holds data:
    /// ```
    /// use evariste::{Code, Codec};
    ///
    /// let codec = Codec::new(Code::reed_solomon(4, 2)?)?;
    /// let mut shards = codec.split(b"Evariste Galois");
    /// codec.encode(&mut shards)?;
    ///
    /// let mut arrived: Vec<Option<Vec<u8>>> = shards.into_iter().map(Some).collect();
    /// (arrived[1], arrived[4]) = (None, None);
    /// codec.reconstruct_wanted(&mut arrived, &[0, 1, 2, 3])?;
    /// assert_eq!(codec.join_present(&arrived, 15)?, b"Evariste Galois");
    /// assert!(arrived[4].is_none());
    /// # Ok::<(), evariste::Error>(())
    /// ```
    pub fn reconstruct_wanted<T>(&self, shards: &mut [Option<T>], wanted: &[usize]) -> Result<(), Error>
    where
        T: AsRef<[u8]> + From<Vec<u8>>,
    {
        let bytes = check_present(self.code(), shards)?;
        let count = shards.len();
        if let Some(&index) = wanted.iter().find(|&&index| index >= count) {
            return Err(Error::ShardIndex { index, count });
        }
        let lost: Vec<usize> = (0..count).filter(|&index| shards[index].is_none()).collect();
        let wanted: Vec<usize> = wanted.iter().copied().filter(|&index| shards[index].is_none()).collect();
        let plan = self.repair_plan(&lost, &wanted)?;
        let mut rebuilt: Vec<Vec<u8>> = wanted.iter().map(|_| vec![0; bytes]).collect();
        let mut slots: Vec<Slot<'_>> = shards.iter().map(present_slot).collect();
        for (&index, bytes) in wanted.iter().zip(&mut rebuilt) {
            slots[index] = Slot::Write(bytes);
        }
        self.write(&plan, View::slices(slots, 1)?)?;
        for (index, bytes) in wanted.into_iter().zip(rebuilt) {
            shards[index] = Some(bytes.into());
        }
        Ok(())
    }
}

/// Bytes of each shard that is present: there is one, they are equally long, and not empty.
pub(super) fn check_present<T: AsRef<[u8]>>(code: &Code, shards: &[Option<T>]) -> Result<usize, Error> {
    let count = shards.len();
    check_count(count, code.total_shards())?;
    let lengths = shards.iter().enumerate().filter_map(|(index, shard)| Some((index, shard.as_ref()?.as_ref().len())));
    let Some((reference, expected)) = lengths.clone().next() else { return Err(Error::AllMissing { count }) };
    if let Some((index, given)) = lengths.clone().find(|&(_, given)| given != expected) {
        return Err(Error::ShardLength { index, given, reference, expected });
    }
    if expected == 0 { Err(Error::EmptyShards) } else { Ok(expected) }
}

fn present_slot<T: AsRef<[u8]>>(shard: &Option<T>) -> Slot<'_> {
    shard.as_ref().map_or(Slot::Absent, |shard| Slot::Read(shard.as_ref()))
}
