//! The layout of slots and stripes in one block of memory.

use super::PAGE_BYTES;
use crate::Error;

/// The layout of slots and stripes in one block of memory: stripe t of slot s begins at
/// `s * slot_stride + t * stripe_stride`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// The number of slots in each stripe.
    pub slots: usize,
    /// Bytes of each slot in one stripe.
    pub bytes: usize,
    /// Bytes from the start of one slot to the start of the next.
    pub slot_stride: usize,
    /// The number of stripes.
    pub stripes: usize,
    /// Bytes from the start of one stripe to the start of the next.
    pub stripe_stride: usize,
}

/// Slots begin at multiples of this, so that any GPU can bind a single slot.
const SLOT_ALIGNMENT: usize = 256;
/// Slots that are a multiple of this apart use the same entries of a GPU's address translation. That costs: 84 % of the bus's
/// rate instead of 96 %. A distance of half a megabyte from such a multiple is enough.
const TRANSLATION_BYTES: usize = 64 << 20;
const TRANSLATION_SKEW: usize = 512 << 10;

impl Geometry {
    /// One stripe, with slots at distances that suit devices and caches: each slot begins at a multiple of 256 bytes, and the
    /// distance to the next is not a multiple of a page. The slots take `slots * slot_stride` bytes.
    ///
    /// # Errors
    /// [`Error::HostMemory`] if that product overflows.
    pub fn one_stripe(slots: usize, bytes: usize) -> Result<Self, Error> {
        let too_large = || Error::HostMemory { bytes: bytes.saturating_mul(slots) };
        let mut slot_stride = bytes.checked_next_multiple_of(SLOT_ALIGNMENT).ok_or_else(too_large)?;
        let beside = slot_stride.saturating_add(TRANSLATION_SKEW) % TRANSLATION_BYTES;
        if slot_stride >= TRANSLATION_BYTES - TRANSLATION_SKEW && beside < 2 * TRANSLATION_SKEW {
            slot_stride = slot_stride.saturating_add(2 * TRANSLATION_SKEW);
        }
        if slot_stride.is_multiple_of(PAGE_BYTES) {
            // Otherwise all slots would share a few sets of a processor's first-level cache.
            slot_stride = slot_stride.saturating_add(SLOT_ALIGNMENT);
        }
        slot_stride.checked_mul(slots).ok_or_else(too_large)?;
        Ok(Self { slots, bytes, slot_stride, stripes: 1, stripe_stride: 0 })
    }

    /// Bytes from the start of the first slot to the end of the last slot of the last stripe; `usize::MAX` if that overflows.
    pub(crate) fn extent(&self) -> usize {
        if self.slots == 0 || self.stripes == 0 || self.bytes == 0 {
            return 0;
        }
        span(self.slots, self.slot_stride, span(self.stripes, self.stripe_stride, self.bytes))
    }

    /// Checks that nothing overlaps: either the stripes of each slot fit in the slot stride, or the slots of each stripe fit in the
    /// stripe stride.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let overlap = |what, stride, extent| Err(Error::Overlap { what, stride, extent });
        let stripes_of_a_slot = span(self.stripes, self.stripe_stride, self.bytes);
        let slots_of_a_stripe = span(self.slots, self.slot_stride, self.bytes);
        if self.stripes > 1 && self.stripe_stride < self.bytes {
            return overlap("stripes", self.stripe_stride, self.bytes);
        }
        if self.slots > 1 && self.slot_stride < self.bytes {
            return overlap("slots", self.slot_stride, self.bytes);
        }
        let slots_apart = self.slots <= 1 || self.slot_stride >= stripes_of_a_slot;
        let stripes_apart = self.stripes <= 1 || self.stripe_stride >= slots_of_a_stripe;
        if !slots_apart && !stripes_apart {
            return overlap("slots", self.slot_stride, stripes_of_a_slot);
        }
        Ok(())
    }
}

/// The extent of `count` pieces of `bytes` bytes, `stride` apart.
fn span(count: usize, stride: usize, bytes: usize) -> usize {
    count.saturating_sub(1).saturating_mul(stride).saturating_add(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_of_one_stripe_are_far_enough_apart() {
        for bytes in [1, 256, 4096, 4097, 1 << 20, 50 << 20, (64 << 20) - 4096, 64 << 20, (128 << 20) + 1, 1 << 30] {
            let g = Geometry::one_stripe(14, bytes).unwrap();
            assert!(g.slot_stride >= bytes && g.slot_stride < bytes + (1 << 20) + 2 * SLOT_ALIGNMENT, "{g:?}");
            assert!(g.slot_stride.is_multiple_of(SLOT_ALIGNMENT) && !g.slot_stride.is_multiple_of(PAGE_BYTES), "{g:?}");
            let beside = g.slot_stride % TRANSLATION_BYTES;
            let is_apart = (TRANSLATION_SKEW..=TRANSLATION_BYTES - TRANSLATION_SKEW).contains(&beside);
            assert!(bytes < 32 << 20 || is_apart, "{g:?}");
        }
        for (slots, bytes) in [(1, usize::MAX), (2, usize::MAX / 2), (usize::MAX, 1)] {
            assert!(matches!(Geometry::one_stripe(slots, bytes), Err(Error::HostMemory { .. })));
        }
    }
}
