//! Memory: regions, and how shards and stripes lie in them.
//!
//! A [`View`] is what a backend works on: numbered *slots*, each holding one byte string a stripe. It lies over one block
//! of memory with regular strides ([`View::arena`]) or over one slice of the caller's for each slot ([`View::slices`]).
//! Its constructors check that no two slots overlap; everything above relies on that, and this module is the
//! only one that turns addresses into slices.
//!
//! Every task works byte column by byte column, so a view can be cut anywhere: [`View::tiles`] cuts it into pieces that
//! may be worked on at the same time.

mod geometry;
mod region;
#[cfg(test)]
mod tests;
mod tiles;

use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;
use std::ptr::NonNull;

pub use geometry::Geometry;
pub use region::{PAGE_BYTES, Region};
pub use tiles::{Tile, Tiles};

use crate::plan::Matrices;
use crate::{Error, Plan};
use tiles::Grid;

/// A caller's memory for one slot of a [`View`].
pub enum Slot<'a> {
    /// Not there; a plan must not use it.
    Absent,
    /// There to be read.
    Read(&'a [u8]),
    /// There to be read or written.
    Write(&'a mut [u8]),
}

impl Slot<'_> {
    fn len(&self) -> Option<usize> {
        match self {
            Self::Absent => None,
            Self::Read(slice) => Some(slice.len()),
            Self::Write(slice) => Some(slice.len()),
        }
    }
}

impl fmt::Debug for Slot<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("Absent"),
            Self::Read(slice) => write!(f, "Read({} bytes)", slice.len()),
            Self::Write(slice) => write!(f, "Write({} bytes)", slice.len()),
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Access {
    Absent,
    Read,
    Write,
}

#[derive(Clone, Copy)]
struct RawSlot {
    start: NonNull<u8>,
    access: Access,
}

/// Slots and stripes over somebody's memory.
pub struct View<'a> {
    slots: Box<[RawSlot]>,
    bytes: usize,
    padded_bytes: usize,
    stripes: usize,
    stripe_stride: usize,
    memory: PhantomData<&'a mut [u8]>,
}

impl fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { slots, bytes, stripes, .. } = self;
        f.debug_struct("View")
            .field("slots", &slots.len())
            .field("bytes", bytes)
            .field("stripes", stripes)
            .finish_non_exhaustive()
    }
}

// SAFETY: a view stands for the `&mut [u8]` and `&[u8]` it was made from, which are Send.
unsafe impl Send for View<'_> {}
// SAFETY: through a shared view memory can only be read.
unsafe impl Sync for View<'_> {}

impl<'a> View<'a> {
    /// Slots and stripes in one block of memory, all writable.
    ///
    /// # Errors
    /// [`Error::Overlap`] if slots or stripes overlap; [`Error::RegionTooSmall`] if they do not fit `memory`.
    pub fn arena(memory: &'a mut [u8], geometry: Geometry) -> Result<Self, Error> {
        Self::arena_padded(memory, geometry, geometry.bytes)
    }

    /// As [`View::arena`], where each slot owns `padded_bytes` bytes in each stripe, of which those behind its own are zero.
    ///
    /// A device that works on memory in place stores words of 16 bytes; with padding up to a multiple of 16 it need not
    /// treat the last one apart. It may write the padding, and then writes zeros: every plan maps zeros to zeros.
    ///
    /// # Errors
    /// As [`View::arena`], for slots of `padded_bytes`; [`Error::Overlap`] if those are fewer than the geometry's.
    pub fn arena_padded(memory: &'a mut [u8], geometry: Geometry, padded_bytes: usize) -> Result<Self, Error> {
        Self::strided(NonNull::from(&mut *memory).cast(), memory.len(), geometry, padded_bytes, Access::Write)
    }

    /// As [`View::arena`], for reading only.
    ///
    /// # Errors
    /// As [`View::arena`].
    pub fn arena_ref(memory: &'a [u8], geometry: Geometry) -> Result<Self, Error> {
        Self::arena_ref_padded(memory, geometry, geometry.bytes)
    }

    /// As [`View::arena_padded`], for reading only.
    ///
    /// # Errors
    /// As [`View::arena_padded`].
    pub fn arena_ref_padded(memory: &'a [u8], geometry: Geometry, padded_bytes: usize) -> Result<Self, Error> {
        Self::strided(NonNull::from(memory).cast(), memory.len(), geometry, padded_bytes, Access::Read)
    }

    fn strided(
        start: NonNull<u8>,
        available: usize,
        geometry: Geometry,
        padded_bytes: usize,
        access: Access,
    ) -> Result<Self, Error> {
        if padded_bytes < geometry.bytes {
            return Err(Error::Overlap { what: "padded slots", stride: padded_bytes, extent: geometry.bytes });
        }
        let padded = Geometry { bytes: padded_bytes, ..geometry };
        padded.check()?;
        // A view without slots takes no memory, and still its sizes are reckoned with.
        let slot_bytes = padded_bytes.saturating_mul(geometry.stripes.max(1));
        let needed = if slot_bytes > isize::MAX.unsigned_abs() { slot_bytes } else { padded.extent() };
        if needed > available {
            return Err(Error::RegionTooSmall { needed, available });
        }
        // Slots without bytes take no room in `memory`, which then does not bound their number.
        let mut slots = Vec::new();
        if u32::try_from(geometry.slots).is_err() || slots.try_reserve_exact(geometry.slots).is_err() {
            return Err(Error::HostMemory { bytes: geometry.slots.saturating_mul(size_of::<RawSlot>()) });
        }
        let slot = |index: usize| {
            // A view without columns has an extent of 0, and then its strides say nothing.
            let offset = if needed == 0 { 0 } else { index * geometry.slot_stride };
            // SAFETY: the slot begins within the block, whose extent was checked just above.
            RawSlot { start: unsafe { start.add(offset) }, access }
        };
        slots.extend((0..geometry.slots).map(slot));
        Ok(Self {
            slots: slots.into(),
            bytes: geometry.bytes,
            padded_bytes,
            stripes: geometry.stripes,
            stripe_stride: geometry.stripe_stride,
            memory: PhantomData,
        })
    }

    /// One slice of the caller's for each slot, each holding `stripes` stripes one after another.
    ///
    /// # Errors
    /// [`Error::ShardLength`] if two slices differ in length, [`Error::UnevenStripes`] if it is no multiple of `stripes`.
    pub fn slices(slots: impl IntoIterator<Item = Slot<'a>>, stripes: usize) -> Result<Self, Error> {
        let mut reference: Option<(usize, usize)> = None;
        let slots = slots.into_iter();
        let mut raw = Vec::with_capacity(slots.size_hint().0);
        for (index, slot) in slots.enumerate() {
            if let Some(given) = slot.len() {
                let (first, expected) = *reference.get_or_insert((index, given));
                if given != expected {
                    return Err(Error::ShardLength { index, given, reference: first, expected });
                }
            }
            raw.push(match slot {
                Slot::Absent => RawSlot { start: NonNull::dangling(), access: Access::Absent },
                Slot::Read(slice) => RawSlot { start: NonNull::from(slice).cast(), access: Access::Read },
                Slot::Write(slice) => RawSlot { start: NonNull::from(slice).cast(), access: Access::Write },
            });
        }
        let bytes = bytes_of_stripe(reference.map_or(0, |(_, total)| total), stripes)?;
        Ok(Self { slots: raw.into(), bytes, padded_bytes: bytes, stripes, stripe_stride: bytes, memory: PhantomData })
    }

    /// Slots, absent ones included.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.slots.len()
    }

    /// Bytes each slot has in one stripe.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Stripes.
    #[must_use]
    pub fn stripes(&self) -> usize {
        self.stripes
    }

    /// Bytes each slot has in all stripes together.
    #[must_use]
    pub fn total_bytes(&self) -> usize {
        self.bytes * self.stripes
    }

    /// Bytes from one stripe of a slot to the next.
    pub(crate) fn stripe_stride(&self) -> usize {
        self.stripe_stride
    }

    /// Bytes of each slot in one stripe that a device may write: those behind the slot's own are zero, and stay it.
    pub(crate) fn padded_bytes(&self) -> usize {
        self.padded_bytes
    }

    /// Where a slot begins; `None` if it is absent.
    pub(crate) fn address(&self, slot: usize) -> Option<NonNull<u8>> {
        (self.access(slot) != Access::Absent).then(|| self.start(slot, 0))
    }

    /// These columns of these stripes.
    ///
    /// # Panics
    /// If they do not lie within the view.
    pub(crate) fn part(&mut self, stripes: Range<usize>, columns: Range<usize>) -> View<'_> {
        assert!(stripes.start <= stripes.end && stripes.end <= self.stripes, "stripes {stripes:?} of {}", self.stripes);
        assert!(columns.start <= columns.end && columns.end <= self.bytes, "columns {columns:?} of {}", self.bytes);
        let offset = stripes.start * self.stripe_stride + columns.start;
        let is_empty = stripes.is_empty() || columns.is_empty();
        let moved = |slot: &RawSlot| match slot.access {
            Access::Absent => *slot,
            // SAFETY: the part's first byte lies within this slot, of which the constructors checked every byte.
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

    /// A view of one stripe as one of `stripes` stripes that follow one another in every slot.
    ///
    /// # Errors
    /// [`Error::UnevenStripes`] if the slots' bytes are no multiple of `stripes`.
    ///
    /// # Panics
    /// If the view already has several stripes.
    pub(crate) fn in_stripes(self, stripes: usize) -> Result<Self, Error> {
        assert!(self.stripes == 1, "a view of {} stripes is cut already", self.stripes);
        let bytes = bytes_of_stripe(self.bytes, stripes)?;
        // What is behind the last stripe is no padding of the others.
        let padded_bytes = if stripes == 1 { self.padded_bytes } else { bytes };
        Ok(Self { bytes, padded_bytes, stripes, stripe_stride: bytes, ..self })
    }

    /// The same view again; as one stripe, if `joined` and stripes follow one another without a gap.
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

    /// The bytes of one slot in one stripe.
    ///
    /// # Panics
    /// If there is no such slot or stripe.
    #[must_use]
    pub fn slot(&self, slot: usize, stripe: usize) -> &[u8] {
        assert!(self.access(slot) >= Access::Read, "slot {slot} is absent");
        let start = self.start(slot, stripe);
        // SAFETY: the constructors checked that `bytes` bytes from `start` on belong to this view; no slice to write
        // them exists while the view is borrowed for reading.
        unsafe { std::slice::from_raw_parts(start.as_ptr(), self.bytes) }
    }

    /// The bytes of one slot in one stripe, to be written.
    ///
    /// # Panics
    /// If there is no such slot or stripe, or if the slot is read-only.
    pub fn slot_mut(&mut self, slot: usize, stripe: usize) -> &mut [u8] {
        assert!(self.access(slot) == Access::Write, "slot {slot} is not writable");
        let start = self.start(slot, stripe);
        // SAFETY: as in `slot`; the view is borrowed exclusively for as long as the slice lives.
        unsafe { std::slice::from_raw_parts_mut(start.as_ptr(), self.bytes) }
    }

    /// Whether every slot the plan names is there, and its targets writable if they are to be written.
    ///
    /// # Errors
    /// [`Error::SlotIndex`] for a slot that is not there; [`Error::ReadOnlySlot`].
    pub fn check_plan(&self, plan: &Plan, writes: bool) -> Result<(), Error> {
        for &slot in plan.sources().iter().chain(plan.targets()) {
            if self.access(slot) == Access::Absent {
                return Err(Error::SlotIndex { slot, slots: self.slots() });
            }
        }
        plan.targets().iter().filter(|_| writes).try_for_each(|&slot| self.check_writable(slot))
    }

    /// Whether a slot is there and may be written.
    pub(crate) fn check_writable(&self, slot: usize) -> Result<(), Error> {
        match self.access(slot) {
            Access::Absent => Err(Error::SlotIndex { slot, slots: self.slots() }),
            Access::Read => Err(Error::ReadOnlySlot { slot }),
            Access::Write => Ok(()),
        }
    }

    /// Cuts the view into tiles of at most `tile_bytes` columns within one stripe, on which plans may be run in any order
    /// and at the same time.
    ///
    /// # Errors
    /// As [`View::check_plan`]; [`Error::PlanCount`] and [`Error::PlanIndex`] unless each stripe has a plan.
    pub fn tiles<'v>(&'v mut self, matrices: Matrices<'v>, tile_bytes: usize) -> Result<Tiles<'v>, Error> {
        // Stripes that follow one another without a gap are one long stripe, unless each has its own plan.
        let joined = self.stripe_stride == self.bytes && matches!(matrices, Matrices::One(_));
        self.cut(matrices, tile_bytes, joined)
    }

    /// As [`View::tiles`], where the tiles of each stripe begin with its first column, whatever lies behind the stripe.
    pub(crate) fn tiles_of_stripes<'v>(&'v mut self, plan: &'v Plan, tile_bytes: usize) -> Result<Tiles<'v>, Error> {
        self.cut(Matrices::One(plan), tile_bytes, false)
    }

    /// Tiles that read and write the given slots, in ascending order, and that begin with the first column of each stripe. The
    /// slots are the targets of every tile.
    ///
    /// # Errors
    /// [`Error::SlotIndex`] and [`Error::ReadOnlySlot`] unless every slot may be written.
    ///
    /// # Panics
    /// If the slots do not ascend.
    pub(crate) fn tiles_of_slots<'v>(&'v mut self, slots: &'v [usize], tile_bytes: usize) -> Result<Tiles<'v>, Error> {
        // So that none stands there twice, and two slices of a tile never overlap.
        assert!(slots.is_sorted_by(|slot, next| slot < next), "slots {slots:?} do not ascend");
        slots.iter().try_for_each(|&slot| self.check_writable(slot))?;
        Ok(Tiles { grid: self.grid(tile_bytes, false), view: self, slots: tiles::TileSlots::These(slots) })
    }

    fn cut<'v>(&'v mut self, matrices: Matrices<'v>, tile_bytes: usize, joined: bool) -> Result<Tiles<'v>, Error> {
        matrices.check(self.stripes)?;
        for plan in matrices.plans() {
            self.check_plan(plan, true)?;
        }
        Ok(Tiles { grid: self.grid(tile_bytes, joined), view: self, slots: tiles::TileSlots::Plans(matrices) })
    }

    fn grid(&self, tile_bytes: usize, joined: bool) -> Grid {
        let (stripes, bytes) = if joined { (1, self.total_bytes()) } else { (self.stripes, self.bytes) };
        let tile_bytes = tile_bytes.max(1);
        Grid { stripes, bytes, tile_bytes, tiles_per_stripe: bytes.div_ceil(tile_bytes) }
    }

    fn access(&self, slot: usize) -> Access {
        self.slots.get(slot).map_or(Access::Absent, |slot| slot.access)
    }

    fn start(&self, slot: usize, stripe: usize) -> NonNull<u8> {
        assert!(stripe < self.stripes, "stripe {stripe} of a view with {} stripes", self.stripes);
        // A view without columns may have any stride.
        let offset = if self.bytes == 0 { 0 } else { stripe * self.stripe_stride };
        // SAFETY: the constructors checked that every stripe of every slot lies within the memory of this view.
        unsafe { self.slots[slot].start.add(offset) }
    }
}

/// What a slot of so many bytes has in each of its stripes; only nothing goes into no stripes.
fn bytes_of_stripe(bytes: usize, stripes: usize) -> Result<usize, Error> {
    if bytes.is_multiple_of(stripes) {
        Ok(bytes / stripes.max(1))
    } else {
        Err(Error::UnevenStripes { bytes, stripes })
    }
}
