//! Checksums of shards, which a codec returns with its results.

use crate::backend::BLOCK_BYTES;
use crate::{Error, Plan};

/// The CRC-32C of every block of 4096 bytes of shards; the last block of a shard may be shorter.
///
/// A call that uses only some of the shards, as a repair does, returns checksums only of the shards it read or wrote.
///
/// ```
/// use evariste::{Code, Codec, crc::crc32c};
///
/// let codec = Codec::new(Code::reed_solomon(4, 2)?)?;
/// let mut shards = codec.shards(10_000)?;
/// shards.iter_mut().take(4).for_each(|data| data.fill(7));
/// let checksums = codec.encode_with_checksums(&mut shards)?;
/// let parity = checksums.shard(5).unwrap();
/// assert_eq!(parity.len(), 3);
/// assert_eq!(parity[2], crc32c(&shards.shard(5)[8192..]));
/// # Ok::<(), evariste::Error>(())
/// ```
#[must_use = "the checksums that were asked for are in this value and nowhere else"]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checksums {
    blocks: usize,
    /// For each shard that has checksums, where they begin in `crcs`.
    starts: Box<[Option<usize>]>,
    crcs: Box<[u32]>,
}

impl Checksums {
    /// The checksums that a batch of this plan returned, in the order of its sources and targets.
    pub(super) fn of_plan(total_shards: usize, shard_bytes: usize, plan: &Plan, crcs: Vec<u32>) -> Self {
        let blocks = shard_bytes.div_ceil(BLOCK_BYTES);
        let mut starts = vec![None; total_shards];
        for (position, &shard) in plan.sources().iter().chain(plan.targets()).enumerate() {
            starts[shard] = Some(position * blocks);
        }
        Self { blocks, starts: starts.into(), crcs: crcs.into() }
    }

    /// Checksums from the caller's storage: for each shard the checksums of its blocks, or `None` if they are unknown.
    ///
    /// # Errors
    /// [`Error::ChecksumBlocks`] if two shards have different numbers of blocks.
    pub fn from_shards<C: AsRef<[u32]>>(shards: &[Option<C>]) -> Result<Self, Error> {
        let known = shards.iter().flatten().map(AsRef::as_ref);
        let blocks = known.clone().next().map_or(0, <[u32]>::len);
        if let Some(other) = known.clone().find(|crcs| crcs.len() != blocks) {
            return Err(Error::ChecksumBlocks { given: other.len(), expected: blocks });
        }
        let mut positions = 0..;
        let starts = shards.iter().map(|shard| Some(shard.as_ref().and_then(|_| positions.next())? * blocks)).collect();
        Ok(Self { blocks, starts, crcs: known.flatten().copied().collect() })
    }

    /// Shards of the code, those without checksums included.
    #[must_use]
    pub fn total_shards(&self) -> usize {
        self.starts.len()
    }

    /// Blocks of each shard.
    #[must_use]
    pub fn blocks(&self) -> usize {
        self.blocks
    }

    /// The checksums of a shard, block after block; `None` if the call did not use it, or if there is no such shard.
    #[must_use]
    pub fn shard(&self, index: usize) -> Option<&[u32]> {
        let start = (*self.starts.get(index)?)?;
        Some(&self.crcs[start..start + self.blocks])
    }

    /// Number and checksums of every shard that has any, in order.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &[u32])> {
        (0..self.total_shards()).filter_map(|index| Some((index, self.shard(index)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_that_were_kept_are_found_again() {
        let checksums = Checksums::from_shards(&[None, Some([1, 2]), None, Some([3, 4])]).unwrap();
        assert_eq!((checksums.total_shards(), checksums.blocks()), (4, 2));
        assert_eq!(checksums.iter().collect::<Vec<_>>(), [(1, &[1, 2][..]), (3, &[3, 4])]);
        let error = Checksums::from_shards(&[Some(vec![1, 2]), Some(vec![3])]).unwrap_err();
        assert!(matches!(error, Error::ChecksumBlocks { given: 1, expected: 2 }), "{error}");
        assert_eq!(Checksums::from_shards::<[u32; 0]>(&[None, None]).unwrap().blocks(), 0);
    }
}
