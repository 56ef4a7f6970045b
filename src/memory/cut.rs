//! Cutting a view: views of some of its columns and stripes, or of the same bytes in more or fewer stripes.

use std::marker::PhantomData;
use std::ops::Range;

use super::{Access, RawSlot, View, bytes_of_stripe};
use crate::Error;

impl View<'_> {
    /// A view of these columns of these stripes.
    ///
    /// # Panics
    /// If they are not within the view.
    pub(crate) fn part(&mut self, stripes: Range<usize>, columns: Range<usize>) -> View<'_> {
        assert!(stripes.start <= stripes.end && stripes.end <= self.stripes, "stripes {stripes:?} of {}", self.stripes);
        assert!(columns.start <= columns.end && columns.end <= self.bytes, "columns {columns:?} of {}", self.bytes);
        let offset = stripes.start * self.stripe_stride + columns.start;
        let is_empty = stripes.is_empty() || columns.is_empty();
        let moved = |slot: &RawSlot| match slot.access {
            Access::Absent => *slot,
            // SAFETY: the part's first byte is within this slot, and the constructors checked every byte of it.
            _ if !is_empty => RawSlot { start: unsafe { slot.start.add(offset) }, ..*slot },
            _ => *slot,
        };
        View {
            slots: self.slots.iter().map(moved).collect(),
            bytes: columns.len(),
            padded_bytes: columns.len(),
            stripes: stripes.len(),
            stripe_stride: self.stripe_stride,
            memory: PhantomData,
        }
    }

    /// Divides the only stripe of a view into `stripes` stripes that follow one another in every slot.
    ///
    /// # Errors
    /// [`Error::UnevenStripes`] if the bytes of a slot are not a multiple of `stripes`.
    ///
    /// # Panics
    /// If the view already has several stripes.
    pub(crate) fn in_stripes(self, stripes: usize) -> Result<Self, Error> {
        assert!(self.stripes == 1, "a view of {} stripes is cut already", self.stripes);
        let bytes = bytes_of_stripe(self.bytes, stripes)?;
        // Only the last stripe has the padding behind it; the others are followed by the next stripe.
        let padded_bytes = if stripes == 1 { self.padded_bytes } else { bytes };
        Ok(Self { bytes, padded_bytes, stripes, stripe_stride: bytes, ..self })
    }

    /// Borrows the view again. If `joined` and the stripes follow one another without a gap, they become one stripe.
    pub(crate) fn reborrow(&mut self, joined: bool) -> View<'_> {
        let joined = joined && self.stripes > 1 && self.stripe_stride == self.bytes;
        let (bytes, stripes) = if joined { (self.total_bytes(), 1) } else { (self.bytes, self.stripes) };
        View {
            slots: self.slots.clone(),
            bytes,
            padded_bytes: bytes,
            stripes,
            stripe_stride: self.stripe_stride,
            memory: PhantomData,
        }
    }
}
