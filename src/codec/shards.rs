//! Shards in memory of the backend's choosing.

use std::fmt;
use std::ops::Range;

use super::stripe::{Sealed, Stripe, StripeRef, check_lengths};
use crate::backend::Backend;
use crate::memory::{Geometry, Region, View};
use crate::{Code, Error};

/// What devices store.
const WORD_BYTES: usize = 16;

/// All n shards of a code in one page-aligned region, from [`Codec::shards`](crate::Codec::shards).
///
/// Everything works byte column by byte column, so the stripes of a file may simply follow one another in each shard:
/// stripe t of unit u in bytes `t * u..(t + 1) * u`.
pub struct Shards {
    /// Zero wherever no shard lies: what a device may write there is zero too.
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

    /// n: shards in all.
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
        self.shard(self.data_shards + index)
    }

    /// Parity shard `index`, counted from 0, to be written.
    ///
    /// # Panics
    /// If there is no such shard.
    pub fn parity_mut(&mut self, index: usize) -> &mut [u8] {
        self.shard_mut(self.data_shards + index)
    }

    /// Every shard in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        (0..self.total_shards()).map(|index| self.shard(index))
    }

    /// Every shard in order, all to be written.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut [u8]> {
        let bytes = self.geometry.bytes;
        self.region.chunks_exact_mut(self.geometry.slot_stride).map(move |slot| &mut slot[..bytes])
    }

    /// The same columns of every shard, to be encoded or rebuilt by themselves.
    ///
    /// # Errors
    /// [`Error::ColumnRange`] if they do not lie within the shards.
    pub fn columns(&mut self, range: Range<usize>) -> Result<Columns<'_>, Error> {
        let Range { start, end } = range;
        let bytes = self.shard_bytes();
        if start > end || end > bytes {
            return Err(Error::ColumnRange { start, end, bytes });
        }
        let geometry = Geometry { bytes: end - start, ..self.geometry };
        // The last columns have the padding behind them.
        let padded_bytes = if end == bytes { self.padded_bytes() - start } else { end - start };
        Ok(Columns { memory: &mut self.region[start..], geometry, padded_bytes })
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

/// A run of columns of [`Shards`].
pub struct Columns<'a> {
    memory: &'a mut [u8],
    geometry: Geometry,
    padded_bytes: usize,
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

impl fmt::Debug for Columns<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Geometry { slots, bytes, .. } = self.geometry;
        f.debug_struct("Columns").field("total_shards", &slots).field("bytes", &bytes).finish_non_exhaustive()
    }
}

impl Sealed for Shards {}
impl Sealed for Columns<'_> {}

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

impl StripeRef for Columns<'_> {
    fn view(&self, code: &Code) -> Result<View<'_>, Error> {
        check_lengths(code, View::arena_ref_padded(self.memory, self.geometry, self.padded_bytes)?)
    }
}

impl Stripe for Columns<'_> {
    fn view_mut(&mut self, code: &Code) -> Result<View<'_>, Error> {
        check_lengths(code, View::arena_padded(self.memory, self.geometry, self.padded_bytes)?)
    }
}
