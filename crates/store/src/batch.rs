//! Some stripes in memory, with every block marked good or lost.
//!
//! Shard i of the batch holds unit i of the first stripe, then unit i of the second, and so on, as in its file. A code
//! works byte column by byte column, so it can treat the batch as one large stripe. A *row* is the blocks at the same
//! place of all shards; rows with different damage are rebuilt separately.

use std::ops::Range;

use evariste::{Checksums, Codec, Columns, ErrorKind, Shards};

use crate::error::Error;
use crate::shape::{BLOCK_BYTES, Shape};

/// The size of a batch: the smallest number of stripes that have this many bytes, or the whole file if it has fewer.
/// Twice as much was no faster on a GPU or on 16 cores (10+4, 3 GiB in memory). For comparison, a GPU's driver takes
/// 150 MB.
pub const BATCH_BYTES: u64 = 32 << 20;
/// The most bytes that the buffers of a pipeline take together. If one batch is larger, there is one buffer.
const BUFFERS_BYTES: u64 = 128 << 20;
/// The most buffers of a pipeline: one for each stage.
const MOST_BUFFERS: u64 = 4;

pub(crate) struct Batch {
    shards: Shards,
    shape: Shape,
    first_stripe: u64,
    stripes: usize,
    /// For each shard, whether each of its blocks is good.
    good: Vec<Vec<bool>>,
    checksums: Option<Checksums>,
}

/// Rows that follow one another and miss the same shards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) rows: Range<usize>,
    pub(crate) lost: Vec<usize>,
}

/// One shard of a batch, for the reader to fill.
pub(crate) struct Lane<'a> {
    pub(crate) index: usize,
    pub(crate) payload: &'a mut [u8],
    pub(crate) good: &'a mut [bool],
}

impl Batch {
    /// Makes the buffers of a pipeline: at least one, or none if the file is empty.
    pub(crate) fn buffers(codec: &Codec, shape: &Shape) -> Result<Vec<Self>, Error> {
        let stripes = BATCH_BYTES.div_ceil(shape.stripe_bytes()).clamp(1, shape.stripes().max(1));
        let batches = shape.stripes().div_ceil(stripes);
        let affordable = (BUFFERS_BYTES / (stripes * shape.stripe_bytes())).clamp(1, MOST_BUFFERS);
        // At most BATCH_BYTES / 8192, since a stripe has at least two blocks.
        let stripes = usize::try_from(stripes).unwrap_or(usize::MAX);
        (0..batches.min(affordable)).map(|_| Self::new(codec, *shape, stripes)).collect()
    }

    fn new(codec: &Codec, shape: Shape, stripes: usize) -> Result<Self, Error> {
        let shard_bytes = stripes.saturating_mul(shape.unit_bytes());
        let stripe_bytes = shape.stripe_bytes();
        // The first allocation may open a device, which fails for reasons other than memory.
        let shards = codec.shards(shard_bytes).map_err(|source| match source.kind() {
            ErrorKind::OutOfMemory | ErrorKind::DeviceCapacity => Error::Memory { stripes, stripe_bytes, source },
            _ => Error::Backend(source),
        })?;
        let good = vec![vec![false; shard_bytes / BLOCK_BYTES]; shape.total_shards()];
        Ok(Self { shards, shape, first_stripe: 0, stripes: 0, good, checksums: None })
    }

    /// Starts a batch of the stripes from `first_stripe` on, as many as fit, with every block marked lost. Returns
    /// false if no stripe is left.
    pub(crate) fn begin(&mut self, first_stripe: u64) -> bool {
        let room = self.shards.shard_bytes() / self.shape.unit_bytes();
        let left = self.shape.stripes().saturating_sub(first_stripe);
        self.first_stripe = first_stripe;
        self.stripes = usize::try_from(left).map_or(room, |left| left.min(room));
        self.good.iter_mut().for_each(|good| good.fill(false));
        self.stripes > 0
    }

    pub(crate) fn first_stripe(&self) -> u64 {
        self.first_stripe
    }

    /// The stripe after the last.
    pub(crate) fn next_stripe(&self) -> u64 {
        self.first_stripe + self.stripes as u64
    }

    /// Bytes of each shard in this batch.
    fn bytes(&self) -> usize {
        self.stripes * self.shape.unit_bytes()
    }

    fn rows(&self) -> usize {
        self.bytes() / BLOCK_BYTES
    }

    /// The stripe a row belongs to.
    pub(crate) fn stripe_of(&self, row: usize) -> u64 {
        self.first_stripe + (row / self.shape.unit_blocks()) as u64
    }

    /// The payload of a shard in this batch, including blocks that are not good.
    pub(crate) fn payload(&self, shard: usize) -> &[u8] {
        &self.shards.shard(shard)[..self.bytes()]
    }

    /// Bytes of the file in this batch.
    pub(crate) fn file_bytes(&self) -> u64 {
        let end = |stripe: u64| (stripe * self.shape.stripe_data_bytes()).min(self.shape.file_bytes());
        end(self.next_stripe()) - end(self.first_stripe)
    }

    /// The file's bytes in order, without the padding.
    pub(crate) fn file_slices(&self) -> impl Iterator<Item = &[u8]> {
        units(self.shape, self.first_stripe, self.stripes)
            .map(|(shard, range)| &self.shards.shard(shard)[range])
            .filter(|slice| !slice.is_empty())
    }

    /// The places for the file's bytes, in the order of the file: pieces of at most `most` bytes, each with its offset
    /// in the file. Fills the padding with zeros.
    pub(crate) fn file_pieces_mut(&mut self, most: usize) -> Vec<(u64, &mut [u8])> {
        let (shape, bytes, first_stripe) = (self.shape, self.bytes(), self.first_stripe);
        let mut pieces = Vec::new();
        for (shard, payload) in self.shards.iter_mut().take(shape.data_shards()).enumerate() {
            for (stripe, unit) in (first_stripe..).zip(payload[..bytes].chunks_exact_mut(shape.unit_bytes())) {
                let (file, padding) = unit.split_at_mut(shape.file_bytes_in_unit(stripe, shard));
                padding.fill(0);
                let offsets = (shape.unit_start(stripe, shard)..).step_by(most);
                pieces.extend(offsets.zip(file.chunks_mut(most)));
            }
        }
        pieces.sort_unstable_by_key(|&(offset, _)| offset);
        pieces
    }

    /// Every shard, for the reader to fill and to mark its blocks.
    pub(crate) fn lanes(&mut self) -> impl Iterator<Item = Lane<'_>> {
        let (bytes, rows) = (self.bytes(), self.rows());
        self.shards.iter_mut().zip(&mut self.good).enumerate().map(move |(index, (payload, good))| Lane {
            index,
            payload: &mut payload[..bytes],
            good: &mut good[..rows],
        })
    }

    /// The columns of these rows, for a codec.
    pub(crate) fn columns(&mut self, rows: Range<usize>) -> Result<Columns<'_>, Error> {
        Ok(self.shards.columns(rows.start * BLOCK_BYTES..rows.end * BLOCK_BYTES)?)
    }

    /// Computes parity, and the checksums of all shards.
    pub(crate) fn encode(&mut self, codec: &Codec) -> Result<(), Error> {
        self.checksums = Some(codec.encode_with_checksums(&mut self.columns(0..self.rows())?)?);
        Ok(())
    }

    /// The checksums of a shard's blocks; empty before [`Batch::encode`].
    pub(crate) fn checksums(&self, shard: usize) -> &[u32] {
        self.checksums.as_ref().and_then(|checksums| checksums.shard(shard)).unwrap_or_default()
    }

    /// The rows of the batch, in as few runs as possible.
    pub(crate) fn runs(&self) -> Vec<Run> {
        runs(&self.good, self.rows())
    }
}

/// The data units in the order of the file: for each, its shard and the range of that shard's bytes that belong to the
/// file.
fn units(shape: Shape, first_stripe: u64, stripes: usize) -> impl Iterator<Item = (usize, Range<usize>)> {
    (0..stripes).flat_map(move |stripe| {
        (0..shape.data_shards()).map(move |shard| {
            let start = stripe * shape.unit_bytes();
            (shard, start..start + shape.file_bytes_in_unit(first_stripe + stripe as u64, shard))
        })
    })
}

fn runs(good: &[Vec<bool>], rows: usize) -> Vec<Run> {
    let lost = |row: usize| (0..good.len()).filter(|&shard| !good[shard][row]).collect();
    let mut runs: Vec<Run> = Vec::new();
    for row in 0..rows {
        match runs.last_mut() {
            Some(run) if good.iter().all(|good| good[row] == good[row - 1]) => run.rows.end += 1,
            _ => runs.push(Run { rows: row..row + 1, lost: lost(row) }),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use evariste::{Backend, Code, Info, Region};
    use std::sync::Arc;

    #[test]
    fn rows_that_miss_the_same_shards_are_one_run() {
        let good = vec![vec![true, true, false, false, true], vec![true, true, true, false, true]];
        let run = |rows, lost: &[usize]| Run { rows, lost: lost.to_vec() };
        assert_eq!(runs(&good, 5), [run(0..2, &[]), run(2..3, &[0]), run(3..4, &[0, 1]), run(4..5, &[])]);
        assert_eq!(runs(&good, 1), [run(0..1, &[])]);
        assert_eq!(runs(&good, 0), []);
    }

    /// A backend that fails to allocate, in the way of a host without memory or of a device with a wrong name.
    struct Failing {
        has_device: bool,
    }

    impl Backend for Failing {
        fn info(&self) -> Info {
            Info::new("failing", "nothing")
        }

        fn allocate(&self, bytes: usize) -> Result<Region, evariste::Error> {
            let (variable, value, reason) = ("EVARISTE_DEVICE", "foo".to_owned(), "no such device".to_owned());
            Err(match self.has_device {
                true => evariste::Error::HostMemory { bytes },
                false => evariste::Error::Environment { variable, value, reason },
            })
        }

        fn run(&self, _: &mut [evariste::Batch<'_>]) -> Result<evariste::Report, evariste::Error> {
            unreachable!("there is no memory to work on")
        }
    }

    #[test]
    fn only_a_lack_of_memory_is_reported_as_one() {
        let error = |has_device| {
            let codec = Codec::on(Code::raid5(2).unwrap(), Arc::new(Failing { has_device }));
            Batch::buffers(&codec, &Shape::new(2, 1, 4096, 1).unwrap()).err().unwrap()
        };
        assert!(matches!(error(true), Error::Memory { stripes: 1, stripe_bytes: 12288, .. }));
        assert_eq!(error(false).to_string(), "EVARISTE_DEVICE=foo cannot be used: no such device");
    }

    #[test]
    fn units_cover_the_file_in_order() {
        let shape = Shape::new(3, 1, 4096, 2 * 3 * 4096 + 4096 + 10).unwrap();
        let all: Vec<_> = units(shape, 1, 2).collect();
        assert_eq!(all, [(0, 0..4096), (1, 0..4096), (2, 0..4096), (0, 4096..8192), (1, 4096..4106), (2, 4096..4096)]);
    }
}
