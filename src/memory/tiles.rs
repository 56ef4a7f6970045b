//! Tiles: pieces of a view that threads work on at the same time.

use std::ptr::NonNull;

use rayon::prelude::*;

use super::View;
use crate::plan::Matrices;
use crate::{Error, Plan};

/// The division of a view into tiles.
#[derive(Clone, Copy, Debug)]
struct Grid {
    stripes: usize,
    /// Bytes of a slot in one stripe.
    bytes: usize,
    tile_bytes: usize,
    tiles_per_stripe: usize,
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

impl View<'_> {
    /// Cuts the view into tiles of at most `tile_bytes` columns within one stripe. Threads may run plans on them in any order and
    /// at the same time.
    ///
    /// # Errors
    /// As [`View::check_plan`]; [`Error::PlanCount`] and [`Error::PlanIndex`] unless each stripe has a plan.
    pub fn tiles<'v>(&'v mut self, matrices: Matrices<'v>, tile_bytes: usize) -> Result<Tiles<'v>, Error> {
        // Stripes that follow one another without a gap form one long stripe, unless each has its own plan.
        let joined = self.stripe_stride == self.bytes && matches!(matrices, Matrices::One(_));
        self.cut(matrices, tile_bytes, joined)
    }

    /// As [`View::tiles`], but stripes are never joined: the first tile of each stripe begins with its first column.
    pub(crate) fn tiles_of_stripes<'v>(&'v mut self, plan: &'v Plan, tile_bytes: usize) -> Result<Tiles<'v>, Error> {
        self.cut(Matrices::One(plan), tile_bytes, false)
    }

    /// Tiles that read and write the given slots, which are the targets of every tile. The first tile of each stripe begins with
    /// its first column.
    ///
    /// # Errors
    /// [`Error::SlotIndex`] and [`Error::ReadOnlySlot`] unless every slot may be written.
    ///
    /// # Panics
    /// If the slots do not ascend.
    pub(crate) fn tiles_of_slots<'v>(&'v mut self, slots: &'v [usize], tile_bytes: usize) -> Result<Tiles<'v>, Error> {
        // Slots that ascend are distinct, so two slices of a tile never overlap.
        assert!(slots.is_sorted_by(|slot, next| slot < next), "slots {slots:?} do not ascend");
        slots.iter().try_for_each(|&slot| self.check_writable(slot))?;
        Ok(Tiles { grid: self.grid(tile_bytes, false), view: self, slots: TileSlots::These(slots) })
    }

    fn cut<'v>(&'v mut self, matrices: Matrices<'v>, tile_bytes: usize, joined: bool) -> Result<Tiles<'v>, Error> {
        matrices.check(self.stripes)?;
        for plan in matrices.plans() {
            self.check_plan(plan, true)?;
        }
        Ok(Tiles { grid: self.grid(tile_bytes, joined), view: self, slots: TileSlots::Plans(matrices) })
    }

    fn grid(&self, tile_bytes: usize, joined: bool) -> Grid {
        let (stripes, bytes) = if joined { (1, self.total_bytes()) } else { (self.stripes, self.bytes) };
        let tile_bytes = tile_bytes.max(1);
        Grid { stripes, bytes, tile_bytes, tiles_per_stripe: bytes.div_ceil(tile_bytes) }
    }
}

/// Which slots a tile reads and writes.
#[derive(Clone, Copy, Debug)]
enum TileSlots<'v> {
    /// A tile reads the sources of its stripe's plan and writes the targets.
    Plans(Matrices<'v>),
    /// A tile reads and writes these slots, which are distinct.
    These(&'v [usize]),
}

/// The tiles of a view.
#[derive(Debug)]
pub struct Tiles<'v> {
    view: &'v View<'v>,
    slots: TileSlots<'v>,
    grid: Grid,
}

impl<'v> Tiles<'v> {
    /// Every tile once, in order.
    pub fn sequential(self) -> impl Iterator<Item = Tile<'v>> {
        (0..self.grid.len()).map(move |index| self.tile(index))
    }

    /// Every tile once, on the threads of the current rayon pool.
    pub fn parallel(self) -> impl IndexedParallelIterator<Item = Tile<'v>> {
        (0..self.grid.len()).into_par_iter().map(move |index| self.tile(index))
    }

    /// The tile of an index. It is private and called once for each index, because two tiles of one index would alias.
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

/// Consecutive columns of one stripe, with the sources of a plan to read and its targets to write.
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
    /// The index of this tile's plan in [`Matrices::plans`]. A backend finds the matrix of the tile by it.
    #[must_use]
    pub fn plan_index(&self) -> usize {
        self.plan_index
    }

    /// The tile's stripe, and the offset of its first column in that stripe.
    pub(crate) fn position(&self) -> (usize, usize) {
        (self.stripe, self.offset)
    }

    /// The sources' bytes, in the plan's order.
    pub fn sources(&self) -> impl ExactSizeIterator<Item = &'v [u8]> + use<'v> {
        let (start, bytes) = (self.starts(), self.bytes);
        self.sources.iter().map(move |&slot| {
            // SAFETY: the slot is present, as `View::tiles` checked, and the grid is within it. Sources and targets of a plan
            // are disjoint, slots do not overlap, and no tile writes a source.
            unsafe { std::slice::from_raw_parts(start(slot).as_ptr(), bytes) }
        })
    }

    /// The targets' bytes, in the plan's order.
    pub fn targets(&mut self) -> impl ExactSizeIterator<Item = &mut [u8]> {
        let (start, bytes) = (self.starts(), self.bytes);
        self.targets.iter().map(move |&slot| {
            // SAFETY: the slot is writable, as `View::tiles` and `View::tiles_of_slots` checked, and the grid is within it.
            // Targets are distinct, neither slots nor tiles overlap, and this tile is borrowed exclusively.
            unsafe { std::slice::from_raw_parts_mut(start(slot).as_ptr(), bytes) }
        })
    }

    /// The address of the tile's first byte in each slot.
    fn starts(&self) -> impl Fn(usize) -> NonNull<u8> + use<'v> {
        let (view, stripe, offset) = (self.view, self.stripe, self.offset);
        // SAFETY: the grid is within the slot's bytes.
        move |slot| unsafe { view.start(slot, stripe).add(offset) }
    }
}
