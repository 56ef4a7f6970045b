//! Blocks of page-aligned host memory.

use std::alloc::{Layout, alloc, dealloc};
use std::any::Any;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::Arc;

use crate::Error;

/// Bytes in a page: the alignment of a [`Region`].
pub const PAGE_BYTES: usize = 4096;

/// The size of the pages that the system uses on request. Zeroing 1 GB of them took 0.2 s instead of 0.6 s, and registering them
/// 35 ms instead of 55 ms. Across the bus they are not faster.
const HUGE_PAGE_BYTES: usize = 2 << 20;

/// Zeroed memory of whole pages, freed with its last owner. Only its region gives access to its bytes.
///
/// A device that imported the block owns it too, so the block is never freed while the device may still reach it.
#[derive(Debug)]
pub(crate) struct Block {
    start: NonNull<u8>,
    layout: Layout,
}

// SAFETY: a block is an address and a size. Its owners decide who reads and writes the bytes.
unsafe impl Send for Block {}
// SAFETY: as above.
unsafe impl Sync for Block {}

impl Block {
    /// A block of at least `bytes` bytes and at least one page.
    fn new(bytes: usize) -> Result<Self, Error> {
        let out_of_memory = || Error::HostMemory { bytes };
        let whole = bytes.max(1).checked_next_multiple_of(PAGE_BYTES).ok_or_else(out_of_memory)?;
        let alignment = if whole < HUGE_PAGE_BYTES { PAGE_BYTES } else { HUGE_PAGE_BYTES };
        let layout = Layout::from_size_align(whole, alignment).map_err(|_| out_of_memory())?;
        // SAFETY: the layout has at least one page.
        let start = NonNull::new(unsafe { alloc(layout) }).ok_or_else(out_of_memory)?;
        let block = Self { start, layout };
        block.ask_for_huge_pages();
        // SAFETY: the block has this many bytes and no other owner yet.
        unsafe { block.start.write_bytes(0, whole) };
        Ok(block)
    }

    /// Asks the system for huge pages, before the pages are first touched. Only the speed depends on the answer.
    fn ask_for_huge_pages(&self) {
        // Miri interprets the tests of this module and does not know the call.
        #[cfg(all(target_os = "linux", not(miri)))]
        if self.layout.align() == HUGE_PAGE_BYTES {
            // SAFETY: the range is the block's own, and the advice does not change its contents.
            unsafe { libc::madvise(self.start.as_ptr().cast(), self.layout.size(), libc::MADV_HUGEPAGE) };
        }
    }

    /// The address of the first byte, a multiple of a page.
    pub(crate) fn start(&self) -> NonNull<u8> {
        self.start
    }

    /// The size, in whole pages.
    pub(crate) fn bytes(&self) -> usize {
        self.layout.size()
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        // SAFETY: `new` allocated it with this layout, and it has no owner any more.
        unsafe { dealloc(self.start.as_ptr(), self.layout) }
    }
}

/// A block of zeroed, page-aligned host memory. It reads and writes like a `[u8]`.
///
/// A region that a backend's [`allocate`](crate::Backend::allocate) returned is registered with the backend's device until it is
/// dropped, if the device allows that.
pub struct Region {
    /// Registrations with devices. They are dropped before the block loses this owner.
    registrations: Vec<Box<dyn Any + Send + Sync>>,
    block: Arc<Block>,
    bytes: usize,
}

impl Region {
    /// A region of `bytes` bytes, all zero, that is not registered with any device.
    ///
    /// # Errors
    /// [`Error::HostMemory`] if the host does not have enough memory.
    pub fn new(bytes: usize) -> Result<Self, Error> {
        Ok(Self { registrations: Vec::new(), block: Arc::new(Block::new(bytes)?), bytes })
    }

    /// The block, for a device to own as well.
    pub(crate) fn block(&self) -> &Arc<Block> {
        &self.block
    }

    /// Keeps a registration as long as the region lives.
    pub(crate) fn keep(&mut self, registration: impl Any + Send + Sync) {
        self.registrations.push(Box::new(registration));
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Region").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl Deref for Region {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: the block has at least `bytes` bytes, which were zeroed, and only this region makes slices of them. A
        // device writes there only during a call that borrows them exclusively.
        unsafe { std::slice::from_raw_parts(self.block.start.as_ptr(), self.bytes) }
    }
}

impl DerefMut for Region {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as in `deref`, and the region is borrowed exclusively.
        unsafe { std::slice::from_raw_parts_mut(self.block.start.as_ptr(), self.bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_page_aligned_and_zero() {
        let region = Region::new(5000).unwrap();
        assert_eq!(region.len(), 5000);
        assert_eq!(region.as_ptr() as usize % PAGE_BYTES, 0);
        assert!(region.iter().all(|&b| b == 0));
        let large = Region::new(3 << 20).unwrap();
        assert_eq!(large.as_ptr() as usize % HUGE_PAGE_BYTES, 0);
        // Miri would take minutes for all bytes.
        let step = if cfg!(miri) { PAGE_BYTES } else { 1 };
        assert!(large.iter().step_by(step).all(|&b| b == 0));
        assert!(Region::new(0).unwrap().is_empty());
        for bytes in [usize::MAX / 2, usize::MAX] {
            assert!(matches!(Region::new(bytes), Err(Error::HostMemory { .. })));
        }
    }

    #[test]
    fn a_device_outlives_the_region_but_not_the_block() {
        let region = Region::new(1).unwrap();
        let device = Arc::clone(region.block());
        assert_eq!(device.bytes(), PAGE_BYTES);
        drop(region);
        assert_eq!(Arc::strong_count(&device), 1);
        // SAFETY: the device still owns the block.
        assert_eq!(unsafe { device.start().read() }, 0);
    }
}
