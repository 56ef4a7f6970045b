//! Shards in memory of the backend's choosing.

use std::fmt;
use std::ops::{Index, IndexMut, Range};
use std::slice::ChunksExactMut;

use super::stripe::{Sealed, Stripe, StripeRef, check_lengths};
use crate::backend::Backend;
use crate::memory::{Geometry, Region, View};
use crate::{Code, Error};

/// Bytes of the words that devices store.
const WORD_BYTES: usize = 16;

/// All n shards of a code in one page-aligned region, from [`Codec::shards`](crate::Codec::shards).
///
/// Codes work byte column by byte column, so the stripes of a file may follow one another in each shard: stripe t of unit u
/// in bytes `t * u..(t + 1) * u`.
///
/// `shards[i]` is shard i, as [`Shards::shard`] is; `for shard in &shards` and `for shard in &mut shards` visit all n.
///
/// ```
/// use evariste::{Code, Codec};
///
/// let codec = Codec::new(Code::reed_solomon(3, 2)?)?;
/// let mut shards = codec.shards(4)?;
/// shards[1].copy_from_slice(b"iste");
/// for shard in &mut shards {
///     shard[3] = b'!';
/// }
/// assert_eq!(shards[1], *b"ist!");
/// assert_eq!(shards.iter().map(<[u8]>::len).sum::<usize>(), 20);
/// # Ok::<(), evariste::Error>(())
/// ```
pub struct Shards {
    /// The bytes between the shards are zero. Devices that write there write zeros.
    region: Region,
    data_shards: usize,
    geometry: Geometry,
}

impl Shards {
    pub(super) fn allocate(backend: &dyn Backend, code: &Code, shard_bytes: usize) -> Result<Self, Error> {
        if shard_bytes == 0 {
            return Err(Error::EmptyShards);
        }
        let geometry = Geometry::one_stripe(code.total_shards(), shard_bytes)?;
        let region = backend.allocate(geometry.slots * geometry.slot_stride)?;
        Ok(Self { region, data_shards: code.data_shards(), geometry })
    }

    /// n: data and parity shards together.
    #[must_use]
    pub fn total_shards(&self) -> usize {
        self.geometry.slots
    }

    /// Bytes of each shard.
    #[must_use]
    pub fn shard_bytes(&self) -> usize {
        self.geometry.bytes
    }

    /// Shard `index`: data from 0, then parity.
    ///
    /// # Panics
    /// If there is no such shard.
    #[must_use]
    pub fn shard(&self, index: usize) -> &[u8] {
        &self.region[self.range(index)]
    }

    /// Shard `index`, to be written.
    ///
    /// # Panics
    /// If there is no such shard.
    pub fn shard_mut(&mut self, index: usize) -> &mut [u8] {
        let range = self.range(index);
        &mut self.region[range]
    }

    /// Data shard `index`.
    ///
    /// # Panics
    /// If there is no such shard.
    #[must_use]
    pub fn data(&self, index: usize) -> &[u8] {
        assert!(index < self.data_shards, "data shard {index} of {}", self.data_shards);
        self.shard(index)
    }

    /// Data shard `index`, to be written.
    ///
    /// # Panics
    /// If there is no such shard.
    pub fn data_mut(&mut self, index: usize) -> &mut [u8] {
        assert!(index < self.data_shards, "data shard {index} of {}", self.data_shards);
        self.shard_mut(index)
    }

    /// Parity shard `index`, counted from 0.
    ///
    /// # Panics
    /// If there is no such shard.
    #[must_use]
    pub fn parity(&self, index: usize) -> &[u8] {
        let parity_shards = self.total_shards() - self.data_shards;
        assert!(index < parity_shards, "parity shard {index} of {parity_shards}");
        self.shard(self.data_shards + index)
    }

    /// Every shard in order.
    #[must_use]
    pub fn iter(&self) -> Iter<'_> {
        Iter { shards: self, rest: 0..self.total_shards() }
    }

    /// Every shard in order, all to be written.
    #[must_use]
    pub fn iter_mut(&mut self) -> IterMut<'_> {
        let Geometry { bytes, slot_stride, .. } = self.geometry;
        IterMut { slots: self.region.chunks_exact_mut(slot_stride), bytes }
    }

    /// The whole memory, the places of the shards in it, and the bytes of each that a device may write.
    pub(super) fn parts_mut(&mut self) -> (&mut [u8], Geometry, usize) {
        let padded_bytes = self.padded_bytes();
        (&mut self.region, self.geometry, padded_bytes)
    }

    /// Bytes of a shard up to the next whole word of a device.
    fn padded_bytes(&self) -> usize {
        self.geometry.bytes.next_multiple_of(WORD_BYTES)
    }

    fn range(&self, index: usize) -> Range<usize> {
        assert!(index < self.total_shards(), "shard {index} of {}", self.total_shards());
        let start = index * self.geometry.slot_stride;
        start..start + self.geometry.bytes
    }
}

impl fmt::Debug for Shards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (data_shards, Geometry { slots, bytes, .. }) = (self.data_shards, self.geometry);
        f.debug_struct("Shards")
            .field("data_shards", &data_shards)
            .field("total_shards", &slots)
            .field("shard_bytes", &bytes)
            .finish_non_exhaustive()
    }
}

impl Sealed for Shards {}

impl StripeRef for Shards {
    fn view(&self, code: &Code) -> Result<View<'_>, Error> {
        check_lengths(code, View::arena_ref_padded(&self.region, self.geometry, self.padded_bytes())?)
    }
}

impl Stripe for Shards {
    fn view_mut(&mut self, code: &Code) -> Result<View<'_>, Error> {
        let padded_bytes = self.padded_bytes();
        check_lengths(code, View::arena_padded(&mut self.region, self.geometry, padded_bytes)?)
    }
}

impl Index<usize> for Shards {
    type Output = [u8];

    /// [`Shards::shard`].
    ///
    /// # Panics
    /// If there is no such shard.
    fn index(&self, index: usize) -> &[u8] {
        self.shard(index)
    }
}

impl IndexMut<usize> for Shards {
    /// [`Shards::shard_mut`].
    ///
    /// # Panics
    /// If there is no such shard.
    fn index_mut(&mut self, index: usize) -> &mut [u8] {
        self.shard_mut(index)
    }
}

/// Every shard of [`Shards`] in order, from [`Shards::iter`].
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    shards: &'a Shards,
    rest: Range<usize>,
}

impl<'a> Iterator for Iter<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        Some(self.shards.shard(self.rest.next()?))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rest.size_hint()
    }
}

impl DoubleEndedIterator for Iter<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        Some(self.shards.shard(self.rest.next_back()?))
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl<'a> IntoIterator for &'a Shards {
    type Item = &'a [u8];
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// Every shard of [`Shards`] in order, to be written, from [`Shards::iter_mut`].
pub struct IterMut<'a> {
    slots: ChunksExactMut<'a, u8>,
    bytes: usize,
}

impl fmt::Debug for IterMut<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IterMut").field("shards", &self.slots.len()).field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl<'a> Iterator for IterMut<'a> {
    type Item = &'a mut [u8];

    fn next(&mut self) -> Option<&'a mut [u8]> {
        Some(&mut self.slots.next()?[..self.bytes])
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.slots.size_hint()
    }
}

impl DoubleEndedIterator for IterMut<'_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        Some(&mut self.slots.next_back()?[..self.bytes])
    }
}

impl ExactSizeIterator for IterMut<'_> {}

impl<'a> IntoIterator for &'a mut Shards {
    type Item = &'a mut [u8];
    type IntoIter = IterMut<'a>;

    fn into_iter(self) -> IterMut<'a> {
        self.iter_mut()
    }
}
