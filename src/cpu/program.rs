//! Programs: matrices prepared for a kernel.

use crate::Matrix;

/// A kernel that this processor can run.
pub(super) trait Engine: Send + Sync {
    /// Prepares a matrix.
    fn prepare(&self, matrix: &Matrix) -> Box<dyn Program>;
}

/// A prepared matrix, to be multiplied with sources. All slices of a call have the same length.
pub(super) trait Program: Send + Sync {
    /// Writes the product over `targets`, one for each row. `beyond_caches` says that the slices are part of a batch larger than
    /// the caches. A kernel may then store past the caches.
    ///
    /// # Panics
    /// If lengths differ, or if the numbers of sources and targets are not the matrix's numbers of columns and rows.
    fn write(&self, sources: &[&[u8]], targets: &mut [&mut [u8]], beyond_caches: bool);

    /// How many times a source may be read for one product.
    fn passes(&self) -> usize;

    /// Whether the product differs anywhere from the bytes in `stored`.
    ///
    /// # Panics
    /// As [`Program::write`].
    fn differs(&self, sources: &[&[u8]], stored: &[&[u8]], beyond_caches: bool) -> bool;
}

/// The common length of all sources and targets of a matrix of `shape`, rows and columns.
///
/// # Panics
/// If their lengths differ, or if their numbers do not fit the shape.
pub(super) fn common_length<T: AsRef<[u8]>>(shape: (usize, usize), sources: &[&[u8]], targets: &[T]) -> usize {
    assert_eq!((targets.len(), sources.len()), shape, "targets and sources, rows and columns");
    let first = targets.first().map(AsRef::as_ref).or(sources.first().copied());
    let bytes = first.map_or(0, <[u8]>::len);
    assert!(sources.iter().all(|source| source.len() == bytes), "sources are as long as targets");
    assert!(targets.iter().all(|target| target.as_ref().len() == bytes), "targets are of one length");
    bytes
}
