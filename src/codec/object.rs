//! Objects: one string of bytes, cut into data shards and joined again.
//!
//! Data shard i of S bytes holds bytes `i * S..(i + 1) * S` of the object, and zeros behind the object's end. Parity covers
//! the zeros like any other byte. The object's length is stored nowhere: the caller keeps it.

use super::missing::check_present;
use super::{Codec, Stripe, StripeRef};
use crate::Error;

impl Codec {
    /// Bytes of each shard of an object of this length: the length divided by the number of data shards, rounded up, and at
    /// least 1, because a shard cannot be empty.
    ///
    /// ```
    /// use evariste::{Code, Codec};
    ///
    /// let codec = Codec::new(Code::reed_solomon(10, 4)?)?;
    /// assert_eq!([0, 1, 10, 11, 4096].map(|object_bytes| codec.shard_bytes(object_bytes)), [1, 1, 1, 2, 410]);
    /// # Ok::<(), evariste::Error>(())
    /// ```
    #[must_use]
    pub fn shard_bytes(&self, object_bytes: usize) -> usize {
        object_bytes.div_ceil(self.code().data_shards()).max(1)
    }

    /// Cuts an object of any length, 0 included, into n shards of [`Codec::shard_bytes`] each. The data shards hold the
    /// object and zeros behind it. The parity shards are zero until [`Codec::encode`].
    ///
    /// Each shard has memory of its own and can be sent or stored by itself. For large objects use [`Codec::split_into`]
    /// with memory from [`Codec::shards`], which a GPU reaches without a copy.
    ///
    /// # Examples
    /// ```
    /// use evariste::{Code, Codec};
    ///
    /// let codec = Codec::new(Code::reed_solomon(3, 2)?)?;
    /// let mut shards = codec.split(b"evariste");
    /// assert_eq!(shards, [b"eva", b"ris", b"te\0", b"\0\0\0", b"\0\0\0"]);
    /// codec.encode(&mut shards)?;
    /// assert_eq!(codec.join(&shards, 8)?, b"evariste");
    /// # Ok::<(), evariste::Error>(())
    /// ```
    #[must_use]
    pub fn split(&self, object: &[u8]) -> Vec<Vec<u8>> {
        let shard_bytes = self.shard_bytes(object.len());
        let mut parts = object.chunks(shard_bytes);
        let shard = |_| {
            let mut shard = vec![0; shard_bytes];
            let part = parts.next().unwrap_or_default();
            shard[..part.len()].copy_from_slice(part);
            shard
        };
        (0..self.code().total_shards()).map(shard).collect()
    }

    /// Copies an object into the data shards, and zeros behind it. Parity shards are left as they are.
    ///
    /// The shards may be longer than [`Codec::shard_bytes`]: data shard i still begins at byte `i * S` of the object, where
    /// S is their length.
    ///
    /// # Errors
    /// [`Error::ObjectLength`] if the object is longer than the data shards together; as [`Codec::encode`]. After an error
    /// nothing has changed.
    ///
    /// # Examples
    /// ```
    /// use evariste::{Code, Codec};
    ///
    /// let codec = Codec::new(Code::reed_solomon(3, 2)?)?;
    /// let object = vec![7; 100_000];
    /// let mut shards = codec.shards(codec.shard_bytes(object.len()))?;
    /// codec.split_into(&object, &mut shards)?;
    /// codec.encode(&mut shards)?;
    /// assert_eq!(codec.join(&shards, object.len())?, object);
    /// # Ok::<(), evariste::Error>(())
    /// ```
    pub fn split_into<S: Stripe + ?Sized>(&self, object: &[u8], shards: &mut S) -> Result<(), Error> {
        let mut view = shards.view_mut(self.code())?;
        let shard_bytes = view.bytes();
        self.check_object(object.len(), shard_bytes)?;
        let mut parts = object.chunks(shard_bytes);
        for slot in (0..).take(self.code().data_shards()) {
            let part = parts.next().unwrap_or_default();
            let (filled, padding) = view.slot_mut(slot, 0).split_at_mut(part.len());
            filled.copy_from_slice(part);
            padding.fill(0);
        }
        Ok(())
    }

    /// Returns the object of this length that the data shards hold. Parity shards are not read.
    ///
    /// # Errors
    /// [`Error::ObjectLength`] if the data shards together are shorter; as [`Codec::encode`].
    pub fn join<S: StripeRef + ?Sized>(&self, shards: &S, object_bytes: usize) -> Result<Vec<u8>, Error> {
        let view = shards.view(self.code())?;
        let data = (0..).take(self.code().data_shards()).map(|slot| Ok(view.slot(slot, 0)));
        self.concatenate(data, view.bytes(), object_bytes)
    }

    /// As [`Codec::join`], from shards of which some are missing. Only those that hold a part of the object must be present;
    /// [`Codec::reconstruct_wanted`] rebuilds them.
    ///
    /// # Errors
    /// [`Error::MissingShard`] with the first data shard that holds a part of the object and is missing;
    /// [`Error::ShardCount`], [`Error::ShardLength`], [`Error::EmptyShards`], [`Error::AllMissing`];
    /// [`Error::ObjectLength`] as [`Codec::join`].
    ///
    /// # Examples
    /// ```
    /// use evariste::{Code, Codec, Error};
    ///
    /// let codec = Codec::new(Code::raid5(3)?)?;
    /// let shards = [Some("eva"), Some("ris"), None, None];
    /// assert_eq!(codec.join_present(&shards, 6)?, b"evaris");
    /// assert!(matches!(codec.join_present(&shards, 7), Err(Error::MissingShard { index: 2 })));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn join_present<T: AsRef<[u8]>>(&self, shards: &[Option<T>], object_bytes: usize) -> Result<Vec<u8>, Error> {
        let shard_bytes = check_present(self.code(), shards)?;
        let data = shards.iter().enumerate().take(self.code().data_shards());
        let data = data.map(|(index, shard)| shard.as_ref().map(AsRef::as_ref).ok_or(Error::MissingShard { index }));
        self.concatenate(data, shard_bytes, object_bytes)
    }

    /// The first `object_bytes` bytes of the data shards.
    fn concatenate<'a>(
        &self,
        data: impl Iterator<Item = Result<&'a [u8], Error>>,
        shard_bytes: usize,
        object_bytes: usize,
    ) -> Result<Vec<u8>, Error> {
        self.check_object(object_bytes, shard_bytes)?;
        let mut object = Vec::with_capacity(object_bytes);
        for part in data.take(object_bytes.div_ceil(shard_bytes)) {
            let (part, left) = (part?, object_bytes - object.len());
            object.extend_from_slice(&part[..part.len().min(left)]);
        }
        Ok(object)
    }

    fn check_object(&self, object_bytes: usize, shard_bytes: usize) -> Result<(), Error> {
        let data_shards = self.code().data_shards();
        if object_bytes.div_ceil(shard_bytes) <= data_shards {
            return Ok(());
        }
        Err(Error::ObjectLength { object_bytes, data_shards, shard_bytes })
    }
}
