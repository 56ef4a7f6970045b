//! Slices of slices without an allocation.

/// Codes with at most this many shards are common. Their slices fit a short array on the stack.
const FEW: usize = 32;
/// An MDS code over the field has at most this many shards. Their slices fit a long array on the stack.
const MANY: usize = 256;

/// Calls `then` with the items as one slice, which is on the heap only if there are more than [`MANY`].
pub(super) fn with<T: Default, R>(items: impl ExactSizeIterator<Item = T>, then: impl FnOnce(&mut [T]) -> R) -> R {
    let count = items.len();
    // Only the array in use is filled, so that a call of few items does not pay for many.
    let (mut few, mut many, mut heap): ([T; FEW], [T; MANY], Vec<T>);
    let array: &mut [T] = if count <= FEW {
        few = std::array::from_fn(|_| T::default());
        &mut few
    } else if count <= MANY {
        many = std::array::from_fn(|_| T::default());
        &mut many
    } else {
        heap = items.collect();
        return then(&mut heap);
    };
    let slice = &mut array[..count];
    slice.iter_mut().zip(items).for_each(|(slot, item)| *slot = item);
    then(slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_count_keeps_its_items_in_order() {
        for count in [0, 1, FEW - 1, FEW, FEW + 1, MANY - 1, MANY, MANY + 1, 1000] {
            with(0..count, |items| assert!(items.iter().copied().eq(0..count), "{count}"));
        }
    }
}
