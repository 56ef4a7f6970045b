//! Programs: matrices made ready for a kernel.

use crate::Matrix;

/// A kernel, able to run on this processor.
pub(super) trait Engine: Send + Sync {
    /// Makes a matrix ready.
    fn prepare(&self, matrix: &Matrix) -> Box<dyn Program>;
}

/// A matrix, ready to be multiplied with sources. All slices of a call have the same length.
pub(super) trait Program: Send + Sync {
    /// Writes the product over `targets`, one for each row; with `past_caches`, around the caches where that can be done.
    ///
    /// # Panics
    /// If lengths differ, or if there are not as many sources and targets as the matrix has columns and rows.
    fn write(&self, sources: &[&[u8]], targets: &mut [&mut [u8]], past_caches: bool);

    /// How often a source may be read for one product.
    fn passes(&self) -> usize;

    /// Whether the product is anywhere different from what is `stored`.
    ///
    /// # Panics
    /// As [`Program::write`].
    fn differs(&self, sources: &[&[u8]], stored: &[&[u8]]) -> bool;
}
