//! The slots that are known to be wrong before a correction.

use std::collections::BTreeMap;

use super::BLOCK_BYTES;
use crate::Error;

/// Slots that are known to be wrong: everywhere, or in single blocks.
///
/// ```
/// use evariste::{Code, Codec, Erasures};
///
/// let codec = Codec::new(Code::reed_solomon(4, 2)?)?;
/// let mut shards = codec.shards(10_000)?;
/// codec.encode(&mut shards)?;
/// shards.shard_mut(3)[5000..5010].fill(1);
/// shards.shard_mut(4)[5000..5010].fill(2);
///
/// // Two parity shards correct one wrong byte in a column. They correct two if the places are known.
/// assert!(!codec.correct(&mut shards)?.is_complete());
/// let mut erased = Erasures::everywhere([4]);
/// erased.insert(0, 1, 3); // the second block of shard 3: bytes 4096 to 8191
/// assert!(codec.correct_with_erasures(&mut shards, &erased)?.is_complete());
/// assert!(shards.iter().all(|shard| shard.iter().all(|&byte| byte == 0)));
/// # Ok::<(), evariste::Error>(())
/// ```
#[must_use = "erasures do nothing until they are handed to a correction"]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erasures {
    everywhere: Vec<usize>,
    /// By stripe and block. Each list includes the slots that are wrong everywhere.
    blocks: BTreeMap<(usize, usize), Vec<usize>>,
}

impl Erasures {
    /// Nothing is known to be wrong.
    pub fn none() -> Self {
        Self::default()
    }

    /// These slots are wrong in every stripe and block.
    pub fn everywhere(slots: impl IntoIterator<Item = usize>) -> Self {
        let mut everywhere: Vec<usize> = slots.into_iter().collect();
        everywhere.sort_unstable();
        everywhere.dedup();
        Self { everywhere, blocks: BTreeMap::new() }
    }

    /// Adds a block of [`BLOCK_BYTES`] of a slot in a stripe.
    pub fn insert(&mut self, stripe: usize, block: usize, slot: usize) {
        let slots = self.blocks.entry((stripe, block)).or_insert_with(|| self.everywhere.clone());
        if let Err(at) = slots.binary_search(&slot) {
            slots.insert(at, slot);
        }
    }

    /// The slots that are wrong in this block of this stripe, in ascending order.
    #[must_use]
    pub fn of(&self, stripe: usize, block: usize) -> &[usize] {
        self.blocks.get(&(stripe, block)).unwrap_or(&self.everywhere)
    }

    /// The slots that are wrong everywhere, and so in every block that was not inserted.
    #[must_use]
    pub(crate) fn elsewhere(&self) -> &[usize] {
        &self.everywhere
    }

    /// The stripe, the number and the wrong slots of each block that was inserted.
    pub fn blocks(&self) -> impl Iterator<Item = (usize, usize, &[usize])> {
        self.blocks.iter().map(|(&(stripe, block), slots)| (stripe, block, &slots[..]))
    }

    /// Checks that every slot is below `slots`, and that every block exists in a view of `stripes` stripes of `bytes` bytes.
    pub(crate) fn check(&self, slots: usize, stripes: usize, bytes: usize) -> Result<(), Error> {
        let named = self.blocks.values().flatten().chain(&self.everywhere);
        if let Some(&slot) = named.max().filter(|&&slot| slot >= slots) {
            return Err(Error::SlotIndex { slot, slots });
        }
        let blocks = bytes.div_ceil(BLOCK_BYTES);
        match self.blocks.keys().find(|&&(stripe, block)| stripe >= stripes || block >= blocks) {
            Some(&(stripe, block)) => Err(Error::BlockIndex { stripe, block, stripes, blocks }),
            None => Ok(()),
        }
    }
}
