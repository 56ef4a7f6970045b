//! Programs: matrices made ready for a kernel.

use crate::Matrix;

/// A kernel, able to run on this processor.
pub(super) trait Engine: Send + Sync {
    /// Makes a matrix ready.
    fn prepare(&self, matrix: &Matrix) -> Box<dyn Program>;
}

/// A matrix, ready to be multiplied with sources. All slices of a call have the same length.
pub(super) trait Program: Send + Sync {
    /// Writes the product over `targets`, one for each row. With `beyond_caches` the slices are part of more than caches
    /// hold: then targets are written past them where that can be done.
    ///
    /// # Panics
    /// If lengths differ, or if there are not as many sources and targets as the matrix has columns and rows.
    fn write(&self, sources: &[&[u8]], targets: &mut [&mut [u8]], beyond_caches: bool);

    /// How often a source may be read for one product.
    fn passes(&self) -> usize;

    /// Whether the product is anywhere different from what is `stored`.
    ///
    /// # Panics
    /// As [`Program::write`].
    fn differs(&self, sources: &[&[u8]], stored: &[&[u8]], beyond_caches: bool) -> bool;
}

/// The length of all sources and targets of a matrix of `shape`.
///
/// # Panics
/// If there is none, or if there are more or fewer.
pub(super) fn common_length<T: AsRef<[u8]>>(shape: (usize, usize), sources: &[&[u8]], targets: &[T]) -> usize {
    assert_eq!((targets.len(), sources.len()), shape, "targets and sources, rows and columns");
    let first = targets.first().map(AsRef::as_ref).or(sources.first().copied());
    let bytes = first.map_or(0, <[u8]>::len);
    assert!(sources.iter().all(|source| source.len() == bytes), "sources are as long as targets");
    assert!(targets.iter().all(|target| target.as_ref().len() == bytes), "targets are of one length");
    bytes
}
