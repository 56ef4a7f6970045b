//! Slices of slices without an allocation.

/// Slices that lie on the stack for common codes.
pub(super) const FEW: usize = 32;
/// Slices that lie on the stack for any other: as many as an MDS code over the field has shards.
pub(super) const MANY: usize = 256;

/// The slices as a slice of slices: in `few`, or if they do not fit, in `many`.
pub(super) fn gather<'a, T>(
    slices: impl ExactSizeIterator<Item = T>,
    few: &'a mut [T],
    many: &'a mut Vec<T>,
) -> &'a mut [T] {
    if slices.len() > few.len() {
        many.extend(slices);
        return many;
    }
    let few = &mut few[..slices.len()];
    few.iter_mut().zip(slices).for_each(|(slot, slice)| *slot = slice);
    few
}
