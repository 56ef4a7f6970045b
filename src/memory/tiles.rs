//! Tiles: the pieces of a view that may be worked on at the same time.

use std::ptr::NonNull;

use rayon::prelude::*;

use super::View;
use crate::plan::Matrices;

/// How a view falls into tiles.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grid {
    pub(super) stripes: usize,
    pub(super) bytes: usize,
    pub(super) tile_bytes: usize,
    pub(super) tiles_per_stripe: usize,
}

impl Grid {
    fn len(&self) -> usize {
        self.stripes * self.tiles_per_stripe
    }

    /// Stripe, first byte and byte count of a tile.
    fn tile(&self, index: usize) -> (usize, usize, usize) {
        let (stripe, tile) = (index / self.tiles_per_stripe, index % self.tiles_per_stripe);
        let offset = tile * self.tile_bytes;
        (stripe, offset, self.tile_bytes.min(self.bytes - offset))
    }
}

/// Which slots a tile reads and writes.
#[derive(Clone, Copy, Debug)]
pub(super) enum TileSlots<'v> {
    /// The sources and the targets of its stripe's plan.
    Plans(Matrices<'v>),
    /// It reads and writes these, which are distinct.
    These(&'v [usize]),
}

/// The tiles of a view.
#[derive(Debug)]
pub struct Tiles<'v> {
    pub(super) view: &'v View<'v>,
    pub(super) slots: TileSlots<'v>,
    pub(super) grid: Grid,
}

impl<'v> Tiles<'v> {
    /// Every tile once, one after another.
    pub fn sequential(self) -> impl Iterator<Item = Tile<'v>> {
        (0..self.grid.len()).map(move |index| self.tile(index))
    }

    /// Every tile once, over the threads of the current rayon pool.
    pub fn parallel(self) -> impl IndexedParallelIterator<Item = Tile<'v>> {
        (0..self.grid.len()).into_par_iter().map(move |index| self.tile(index))
    }

    /// Private, and called once for each index: two tiles of one index would alias.
    fn tile(&self, index: usize) -> Tile<'v> {
        let (stripe, offset, bytes) = self.grid.tile(index);
        let (plan_index, sources, targets) = match self.slots {
            TileSlots::Plans(matrices) => {
                let index = matrices.index_of(stripe);
                let plan = &matrices.plans()[index];
                (index, plan.sources(), plan.targets())
            }
            TileSlots::These(slots) => (0, &[][..], slots),
        };
        Tile { view: self.view, sources, targets, plan_index, stripe, offset, bytes }
    }
}

/// A run of columns of one stripe, with the sources of a plan to read and its targets to write.
#[derive(Debug)]
pub struct Tile<'v> {
    view: &'v View<'v>,
    sources: &'v [usize],
    targets: &'v [usize],
    plan_index: usize,
    stripe: usize,
    offset: usize,
    bytes: usize,
}

impl<'v> Tile<'v> {
    /// Which of the plans is this tile's.
    #[must_use]
    pub fn plan_index(&self) -> usize {
        self.plan_index
    }

    /// The tile's stripe, and the byte at which it begins within a slot's bytes of that stripe.
    pub(crate) fn position(&self) -> (usize, usize) {
        (self.stripe, self.offset)
    }

    /// The sources' bytes, in the plan's order.
    pub fn sources(&self) -> impl ExactSizeIterator<Item = &'v [u8]> + use<'v> {
        let (start, bytes) = (self.starts(), self.bytes);
        self.sources.iter().map(move |&slot| {
            // SAFETY: `tiles` checked that the slot is there, and the grid lies within it. Sources and targets of a plan
            // are disjoint, slots do not overlap, and no tile writes a source.
            unsafe { std::slice::from_raw_parts(start(slot).as_ptr(), bytes) }
        })
    }

    /// The targets' bytes, in the plan's order.
    pub fn targets(&mut self) -> impl ExactSizeIterator<Item = &mut [u8]> {
        let (start, bytes) = (self.starts(), self.bytes);
        self.targets.iter().map(move |&slot| {
            // SAFETY: `tiles` checked that the slot is writable and the grid lies within it. No target is named
            // twice, slots do not overlap, tiles do not either, and this tile is borrowed exclusively.
            unsafe { std::slice::from_raw_parts_mut(start(slot).as_ptr(), bytes) }
        })
    }

    /// Where a slot's bytes of this tile begin.
    fn starts(&self) -> impl Fn(usize) -> NonNull<u8> + use<'v> {
        let (view, stripe, offset) = (self.view, self.stripe, self.offset);
        // SAFETY: the grid lies within the slot's bytes.
        move |slot| unsafe { view.start(slot, stripe).add(offset) }
    }
}
