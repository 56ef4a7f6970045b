//! Blocks of page-aligned host memory.

use std::ops::{Deref, DerefMut};

use crate::Error;

/// Bytes in a page: the alignment of a [`Region`].
pub const PAGE_BYTES: usize = 4096;

#[derive(Clone, Copy, bytemuck::Zeroable, bytemuck::Pod)]
#[repr(C, align(4096))]
struct Page([u8; PAGE_BYTES]);

/// A block of zeroed, page-aligned host memory. It reads and writes like a `[u8]`.
pub struct Region {
    pages: Box<[Page]>,
    bytes: usize,
}

impl Region {
    /// A region of `bytes` bytes, all zero.
    ///
    /// # Errors
    /// [`Error::HostMemory`] if there is not enough.
    pub fn new(bytes: usize) -> Result<Self, Error> {
        let pages = bytemuck::allocation::try_zeroed_slice_box(bytes.div_ceil(PAGE_BYTES))
            .map_err(|()| Error::HostMemory { bytes })?;
        Ok(Self { pages, bytes })
    }
}

impl Deref for Region {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.pages)[..self.bytes]
    }
}

impl DerefMut for Region {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut bytemuck::cast_slice_mut(&mut self.pages)[..self.bytes]
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
        assert!(Region::new(0).unwrap().is_empty());
        assert!(matches!(Region::new(usize::MAX / 2), Err(Error::HostMemory { .. })));
    }
}
