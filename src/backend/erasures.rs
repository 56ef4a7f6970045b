//! What is known to be wrong before anything is corrected.

use std::collections::BTreeMap;

use super::BLOCK_BYTES;
use crate::Error;

/// Slots that are known to be wrong: everywhere, or in single blocks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erasures {
    everywhere: Vec<u32>,
    /// By stripe and block; the slots that are wrong everywhere are among them.
    blocks: BTreeMap<(usize, usize), Vec<u32>>,
}

impl Erasures {
    /// Nothing is known to be wrong.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// These slots are wrong in every stripe and block.
    #[must_use]
    pub fn everywhere(slots: impl IntoIterator<Item = u32>) -> Self {
        let mut everywhere: Vec<u32> = slots.into_iter().collect();
        everywhere.sort_unstable();
        everywhere.dedup();
        Self { everywhere, blocks: BTreeMap::new() }
    }

    /// Adds a block of [`BLOCK_BYTES`] of a slot in a stripe.
    pub fn insert(&mut self, stripe: usize, block: usize, slot: u32) {
        let slots = self.blocks.entry((stripe, block)).or_insert_with(|| self.everywhere.clone());
        if let Err(at) = slots.binary_search(&slot) {
            slots.insert(at, slot);
        }
    }

    /// The slots that are wrong in this block of this stripe, in rising order.
    #[must_use]
    pub fn of(&self, stripe: usize, block: usize) -> &[u32] {
        self.blocks.get(&(stripe, block)).unwrap_or(&self.everywhere)
    }

    /// The slots that are wrong wherever nothing else is said.
    #[must_use]
    pub fn elsewhere(&self) -> &[u32] {
        &self.everywhere
    }

    /// Stripe, block and slots of the blocks that were inserted.
    pub fn blocks(&self) -> impl Iterator<Item = (usize, usize, &[u32])> {
        self.blocks.iter().map(|(&(stripe, block), slots)| (stripe, block, &slots[..]))
    }

    /// That every slot is one of `slots`, and every block within so many stripes of so many bytes.
    pub(crate) fn check(&self, slots: usize, stripes: usize, bytes: usize) -> Result<(), Error> {
        let named = self.blocks.values().flatten().chain(&self.everywhere);
        if let Some(&slot) = named.max().filter(|&&slot| slot as usize >= slots) {
            return Err(Error::SlotIndex { slot: slot as usize, slots });
        }
        let blocks = bytes.div_ceil(BLOCK_BYTES);
        match self.blocks.keys().find(|&&(stripe, block)| stripe >= stripes || block >= blocks) {
            Some(&(stripe, block)) => Err(Error::BlockIndex { stripe, block, stripes, blocks }),
            None => Ok(()),
        }
    }
}
