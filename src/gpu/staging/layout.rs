//! How the stripes of a view follow one another in a slot's buffers.

use std::ops::Range;

use crate::backend::{BLOCK_BYTES, Mismatch};
use crate::gpu::launch::{COLUMN_BYTES, Found, Mode, Span};
use crate::memory::View;

/// Stripes one after another; in a check each begins with a block of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    mode: Mode,
    stripes: usize,
    /// Bytes of a slot in one stripe, without and with padding.
    bytes: usize,
    padded: usize,
    /// Bytes of a block of a check, as the device counts them.
    block: usize,
    /// Whether chunks must not mix a part of a stripe with others, because each stripe has its own plan.
    per_stripe: bool,
}

impl Layout {
    pub(super) fn new(view: &View<'_>, mode: Mode, per_stripe: bool) -> Self {
        let (stripes, bytes) = (view.stripes(), view.bytes());
        // Blocks of short stripes shrink with them, so that padding at most doubles what is moved.
        let block = bytes.next_power_of_two().clamp(COLUMN_BYTES, BLOCK_BYTES);
        let grain = match mode {
            Mode::Check => block,
            Mode::Write if per_stripe => COLUMN_BYTES,
            Mode::Write => 1,
        };
        Self { mode, stripes, bytes, padded: bytes.next_multiple_of(grain), block, per_stripe }
    }

    /// Bytes of a slot in all stripes, padding included.
    pub(super) fn total(&self) -> usize {
        self.stripes * self.padded
    }

    /// What a chunk's bytes must be a multiple of, except for the last chunk's.
    pub(super) fn grain(self) -> usize {
        // A block of a check lies within one chunk.
        if self.mode == Mode::Check { self.block } else { COLUMN_BYTES }
    }

    /// Chunks of at most `most` bytes, which is a multiple of the grain.
    pub(super) fn chunks(self, most: usize) -> impl Iterator<Item = Range<usize>> {
        // With a plan for each stripe: whole stripes, or parts of one.
        let (outer, step) = match self.per_stripe {
            true if self.padded > most => (self.padded, most),
            true => (self.total(), most / self.padded * self.padded),
            false => (self.total(), most),
        };
        (0..self.total()).step_by(outer.max(1)).flat_map(move |origin| {
            let end = origin + outer;
            (origin..end).step_by(step).map(move |start| start..end.min(start + step))
        })
    }

    /// How the device sees a chunk.
    pub(super) fn span(self, range: &Range<usize>) -> Span {
        let bytes = range.len().next_multiple_of(COLUMN_BYTES);
        let stripe_bytes = if self.per_stripe { bytes.min(self.padded) } else { bytes };
        Span {
            stripes: bytes / stripe_bytes,
            stripe_bytes,
            source_stride: stripe_bytes,
            target_stride: stripe_bytes,
            block_bytes: self.block,
        }
    }

    /// The stripes of which a chunk holds some bytes.
    pub(super) fn stripes_of(self, range: &Range<usize>) -> Range<usize> {
        range.start / self.padded..range.end.div_ceil(self.padded)
    }

    /// What lies in a range of those bytes: stripe, bytes of the slot in it, and where in the range they begin.
    pub(super) fn pieces(self, range: Range<usize>) -> impl Iterator<Item = (usize, Range<usize>, usize)> {
        self.stripes_of(&range).filter_map(move |stripe| {
            let origin = stripe * self.padded;
            let start = range.start.max(origin) - origin;
            let end = (range.end.min(origin + self.padded) - origin).min(self.bytes);
            (start < end).then(|| (stripe, start..end, origin + start - range.start))
        })
    }

    /// What the device found in the block that begins at byte `at`.
    pub(super) fn mismatch(&self, batch: usize, slot: u32, at: usize, found: Found) -> Mismatch {
        let (stripe, start) = (at / self.padded, at % self.padded);
        let first = start + self.block - found.first as usize;
        Mismatch { batch, slot, stripe, block: start / BLOCK_BYTES, first, count: found.count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Slot;

    fn layout(stripes: usize, bytes: usize, mode: Mode, per_stripe: bool) -> Layout {
        Layout::new(&View::slices([Slot::Read(&vec![0; stripes * bytes])], stripes).unwrap(), mode, per_stripe)
    }

    #[test]
    fn pieces_cover_every_byte_once() {
        for (stripes, bytes) in [(1, 1), (1, 10_000), (5, 3), (3, 4096), (4, 4097), (7, 100), (2, 9000)] {
            for (mode, per_stripe) in [(Mode::Write, false), (Mode::Write, true), (Mode::Check, false)] {
                let layout = layout(stripes, bytes, mode, per_stripe);
                for most in [4096, 8192, 1 << 20].into_iter().chain((mode == Mode::Write).then_some(48)) {
                    let mut seen = vec![0; stripes * bytes];
                    for range in layout.chunks(most) {
                        assert!(range.len() <= most);
                        if per_stripe {
                            assert_eq!(layout.stripes_of(&range).len(), layout.span(&range).stripes);
                        }
                        let mut end_of_last = 0;
                        for (stripe, piece, at) in layout.pieces(range.clone()) {
                            assert!(at >= end_of_last, "pieces follow one another");
                            end_of_last = at + piece.len();
                            seen[stripe * bytes..][piece].iter_mut().for_each(|count| *count += 1);
                        }
                        assert!(end_of_last <= range.len());
                    }
                    assert!(seen.iter().all(|&count| count == 1), "{layout:?} by {most}");
                }
            }
        }
    }

    #[test]
    fn checks_begin_each_stripe_with_a_block() {
        let layout = layout(3, 5000, Mode::Check, false);
        assert_eq!((layout.block, layout.total()), (4096, 3 * 8192));
        let found = Found { count: 2, first: 4096 - 7 };
        let mismatch = layout.mismatch(0, 9, 8192 + 4096, found);
        assert_eq!((mismatch.stripe, mismatch.block, mismatch.first), (1, 1, 4103));
        let tiny = self::layout(3, 3, Mode::Check, false);
        assert_eq!((tiny.block, tiny.total()), (16, 48));
        let mismatch = tiny.mismatch(0, 9, 32, Found { count: 1, first: 14 });
        assert_eq!((mismatch.stripe, mismatch.block, mismatch.first), (2, 0, 2));
    }
}
