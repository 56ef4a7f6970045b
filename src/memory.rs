//! Memory: regions, and the layout of shards and stripes in them.
//!
//! Backends work on a [`View`]: numbered *slots*, each with one byte string for each stripe. A view covers one block of memory
//! with regular strides ([`View::arena`]), or one slice of the caller for each slot ([`View::slices`]). Its constructors check
//! that no two slots overlap, and everything above relies on that. Views, regions and tiles make slices of their addresses here.
//! Elsewhere only the vector kernels of the CPU go back to addresses, of slices that a tile gave them.
//!
//! Every task works byte column by byte column, so a view can be cut anywhere: `cut` makes views of parts, and [`View::tiles`]
//! makes pieces that threads work on at the same time.

mod cut;
mod geometry;
mod region;
#[cfg(test)]
mod tests;
mod tiles;

use std::fmt;
use std::marker::PhantomData;
use std::ptr::NonNull;

pub use geometry::Geometry;
pub use region::{PAGE_BYTES, Region};
pub use tiles::{Tile, Tiles};

use crate::{Error, Plan};

/// A caller's memory for one slot of a [`View`].
pub enum Slot<'a> {
    /// No memory. A plan must not use the slot.
    Absent,
    /// Memory to be read.
    Read(&'a [u8]),
    /// Memory to be read or written.
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

/// Slots and stripes over borrowed memory.
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

// SAFETY: a view acts as the `&mut [u8]` and `&[u8]` it was made from, which are Send.
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

    /// As [`View::arena`], but each slot has `padded_bytes` bytes in each stripe. The bytes after its own are padding, and the
    /// caller must have set them to zero. If they are not zero, a device may report wrong counts and checksums.
    ///
    /// A device that works on memory in place stores words of 16 bytes. With padding to a multiple of 16 it needs no special
    /// case for the last word. It may write the padding, but only zeros: every plan maps zeros to zeros.
    ///
    /// # Errors
    /// As [`View::arena`], for slots of `padded_bytes`; [`Error::Overlap`] if `padded_bytes` is less than the geometry's bytes.
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
        // A view without slots needs no memory, but its sizes are checked too.
        let slot_bytes = padded_bytes.saturating_mul(geometry.stripes.max(1));
        let needed = if slot_bytes > isize::MAX.unsigned_abs() { slot_bytes } else { padded.extent() };
        if needed > available {
            return Err(Error::RegionTooSmall { needed, available });
        }
        // Slots without bytes need no memory, so `memory` does not bound their number.
        let mut slots = Vec::new();
        if u32::try_from(geometry.slots).is_err() || slots.try_reserve_exact(geometry.slots).is_err() {
            return Err(Error::HostMemory { bytes: geometry.slots.saturating_mul(size_of::<RawSlot>()) });
        }
        let slot = |index: usize| {
            // In a view without columns the strides are unused and may be of any size.
            let offset = if needed == 0 { 0 } else { index * geometry.slot_stride };
            // SAFETY: the slot begins within the block, whose extent was checked above.
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

    /// One slice of the caller for each slot. Each holds `stripes` stripes, one after another.
    ///
    /// # Errors
    /// [`Error::ShardLength`] if two slices differ in length, [`Error::UnevenStripes`] if the length is not a multiple of
    /// `stripes`.
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

    /// The number of slots, including absent ones.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.slots.len()
    }

    /// Bytes of each slot in one stripe.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The number of stripes.
    #[must_use]
    pub fn stripes(&self) -> usize {
        self.stripes
    }

    /// Bytes of each slot in all stripes together.
    #[must_use]
    pub fn total_bytes(&self) -> usize {
        self.bytes * self.stripes
    }

    /// Bytes from the start of one stripe of a slot to the start of the next.
    pub(crate) fn stripe_stride(&self) -> usize {
        self.stripe_stride
    }

    /// Bytes per slot and stripe that a device may write. Padding behind the slot's bytes is zero and stays zero.
    pub(crate) fn padded_bytes(&self) -> usize {
        self.padded_bytes
    }

    /// The address of a slot's first byte; `None` if the slot is absent.
    pub(crate) fn address(&self, slot: usize) -> Option<NonNull<u8>> {
        (self.access(slot) != Access::Absent).then(|| self.start(slot, 0))
    }

    /// The bytes of one slot in one stripe.
    ///
    /// # Panics
    /// If there is no such slot or stripe, or if the slot is absent.
    #[must_use]
    pub fn slot(&self, slot: usize, stripe: usize) -> &[u8] {
        assert!(self.access(slot) >= Access::Read, "slot {slot} is absent");
        let start = self.start(slot, stripe);
        // SAFETY: the constructors checked that `bytes` bytes from `start` on belong to this view. No slice that can write
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
        // SAFETY: as in `slot`, and the view is borrowed exclusively as long as the slice lives.
        unsafe { std::slice::from_raw_parts_mut(start.as_ptr(), self.bytes) }
    }

    /// Checks that every slot of the plan is present and, if `writes`, that its targets are writable.
    ///
    /// # Errors
    /// [`Error::SlotIndex`] for a slot that is absent or does not exist; [`Error::ReadOnlySlot`].
    pub fn check_plan(&self, plan: &Plan, writes: bool) -> Result<(), Error> {
        for &slot in plan.sources().iter().chain(plan.targets()) {
            if self.access(slot) == Access::Absent {
                return Err(Error::SlotIndex { slot, slots: self.slots() });
            }
        }
        plan.targets().iter().filter(|_| writes).try_for_each(|&slot| self.check_writable(slot))
    }

    /// Checks that a slot is present and writable.
    pub(crate) fn check_writable(&self, slot: usize) -> Result<(), Error> {
        match self.access(slot) {
            Access::Absent => Err(Error::SlotIndex { slot, slots: self.slots() }),
            Access::Read => Err(Error::ReadOnlySlot { slot }),
            Access::Write => Ok(()),
        }
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

/// Divides the bytes of a slot among its stripes. Only a slot of 0 bytes can have 0 stripes.
fn bytes_of_stripe(bytes: usize, stripes: usize) -> Result<usize, Error> {
    if bytes.is_multiple_of(stripes) {
        Ok(bytes / stripes.max(1))
    } else {
        Err(Error::UnevenStripes { bytes, stripes })
    }
}
