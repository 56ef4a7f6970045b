//! A run of byte columns of shards.

use std::fmt;
use std::ops::Range;

use super::Shards;
use super::stripe::{Sealed, Stripe, StripeRef, check_lengths};
use crate::memory::{Geometry, View};
use crate::{Code, Error};

/// A run of byte columns of [`Shards`], from [`Shards::columns`]: a stripe by itself.
pub struct Columns<'a> {
    memory: &'a mut [u8],
    geometry: Geometry,
    padded_bytes: usize,
}

impl Shards {
    /// The same columns of every shard, to be encoded or rebuilt by themselves.
    ///
    /// # Errors
    /// [`Error::ColumnRange`] if the range does not fit in the shards.
    ///
    /// # Examples
    /// ```
    /// use evariste::{Code, Codec};
    ///
    /// let codec = Codec::new(Code::raid5(2)?)?;
    /// let mut shards = codec.shards(8)?;
    /// shards.data_mut(0).fill(7);
    /// codec.encode(&mut shards.columns(2..5)?)?;
    /// assert_eq!(shards.parity(0), [0, 0, 7, 7, 7, 0, 0, 0]);
    /// # Ok::<(), evariste::Error>(())
    /// ```
    pub fn columns(&mut self, range: Range<usize>) -> Result<Columns<'_>, Error> {
        let Range { start, end } = range;
        let bytes = self.shard_bytes();
        if start > end || end > bytes {
            return Err(Error::ColumnRange { start, end, bytes });
        }
        let (memory, geometry, padded_bytes) = self.parts_mut();
        let geometry = Geometry { bytes: end - start, ..geometry };
        // The last columns have the padding behind them.
        let padded_bytes = if end == bytes { padded_bytes - start } else { end - start };
        Ok(Columns { memory: &mut memory[start..], geometry, padded_bytes })
    }
}

impl fmt::Debug for Columns<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Geometry { slots, bytes, .. } = self.geometry;
        f.debug_struct("Columns").field("total_shards", &slots).field("bytes", &bytes).finish_non_exhaustive()
    }
}

impl Sealed for Columns<'_> {}

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
