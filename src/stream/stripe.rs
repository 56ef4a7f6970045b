//! A stripe of a stream on its way through the stages.

use crate::{Codec, Columns, Error, Shards};

/// Memory for one stripe, and what it holds now.
pub(super) struct StripeBuffer {
    shards: Shards,
    /// Bytes of each shard in this stripe: the first ones of `shards`.
    pub(super) unit_bytes: usize,
    /// Bytes of the object in this stripe.
    pub(super) object_bytes: usize,
    /// Where the stripe begins in each shard of the stream.
    pub(super) at: u64,
}

impl StripeBuffer {
    pub(super) fn new(codec: &Codec, unit_bytes: usize) -> Result<Self, Error> {
        Ok(Self { shards: codec.shards(unit_bytes)?, unit_bytes, object_bytes: 0, at: 0 })
    }

    /// Makes this the stripe of `object_bytes` bytes of the object that begins at byte `at` of each shard.
    pub(super) fn begin(&mut self, data_shards: usize, at: u64, object_bytes: usize) {
        (self.at, self.object_bytes) = (at, object_bytes);
        self.unit_bytes = object_bytes.div_ceil(data_shards);
    }

    /// Shortens the units to those of `object_bytes` bytes, which the first data shards hold one behind another.
    pub(super) fn shorten(&mut self, codec: &Codec, object_bytes: usize) -> Result<(), Error> {
        let mut data = Vec::with_capacity(object_bytes);
        for unit in self.units() {
            data.extend_from_slice(&unit[..unit.len().min(object_bytes - data.len())]);
        }
        self.begin(codec.code().data_shards(), self.at, object_bytes);
        if object_bytes > 0 { codec.split_into(&data, &mut self.columns()?) } else { Ok(()) }
    }

    /// The stripe for a codec. It has at least one column.
    pub(super) fn columns(&mut self) -> Result<Columns<'_>, Error> {
        self.shards.columns(0..self.unit_bytes)
    }

    pub(super) fn units(&self) -> impl Iterator<Item = &[u8]> {
        self.shards.iter().map(|shard| &shard[..self.unit_bytes])
    }

    pub(super) fn units_mut(&mut self) -> impl Iterator<Item = &mut [u8]> {
        let unit_bytes = self.unit_bytes;
        self.shards.iter_mut().map(move |shard| &mut shard[..unit_bytes])
    }
}
