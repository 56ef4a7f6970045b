//! The types that a codec accepts as the shards of a stripe.

use crate::memory::{Slot, View};
use crate::{Code, Error};

mod sealed {
    pub trait Sealed {}
}
pub(super) use sealed::Sealed;

/// The n shards of a stripe, to be read: [`Shards`](crate::Shards), [`Columns`](crate::Columns), [`Flat`](super::Flat), or a
/// slice, array or vector of anything that is bytes. Sealed: no other crate can implement it.
pub trait StripeRef: Sealed {
    /// The shards as a view, one slot a shard.
    ///
    /// # Errors
    /// [`Error::ShardCount`], [`Error::ShardLength`], [`Error::EmptyShards`], [`Error::UnevenBuffer`].
    #[doc(hidden)]
    fn view(&self, code: &Code) -> Result<View<'_>, Error>;
}

/// The n shards of a stripe, to be read and written.
pub trait Stripe: StripeRef {
    /// The shards as a view, one slot a shard, all writable.
    ///
    /// # Errors
    /// As [`StripeRef::view`].
    #[doc(hidden)]
    fn view_mut(&mut self, code: &Code) -> Result<View<'_>, Error>;
}

impl<T: AsRef<[u8]>> Sealed for [T] {}
impl<T: AsRef<[u8]>> Sealed for Vec<T> {}
impl<T: AsRef<[u8]>, const N: usize> Sealed for [T; N] {}

impl<T: AsRef<[u8]>> StripeRef for [T] {
    fn view(&self, code: &Code) -> Result<View<'_>, Error> {
        check_lengths(code, View::slices(read_slots(self), 1)?)
    }
}

impl<T: AsRef<[u8]> + AsMut<[u8]>> Stripe for [T] {
    fn view_mut(&mut self, code: &Code) -> Result<View<'_>, Error> {
        check_lengths(code, View::slices(write_slots(self), 1)?)
    }
}

impl<T: AsRef<[u8]>> StripeRef for Vec<T> {
    fn view(&self, code: &Code) -> Result<View<'_>, Error> {
        self.as_slice().view(code)
    }
}

impl<T: AsRef<[u8]> + AsMut<[u8]>> Stripe for Vec<T> {
    fn view_mut(&mut self, code: &Code) -> Result<View<'_>, Error> {
        self.as_mut_slice().view_mut(code)
    }
}

impl<T: AsRef<[u8]>, const N: usize> StripeRef for [T; N] {
    fn view(&self, code: &Code) -> Result<View<'_>, Error> {
        self.as_slice().view(code)
    }
}

impl<T: AsRef<[u8]> + AsMut<[u8]>, const N: usize> Stripe for [T; N] {
    fn view_mut(&mut self, code: &Code) -> Result<View<'_>, Error> {
        self.as_mut_slice().view_mut(code)
    }
}

pub(super) fn read_slots<T: AsRef<[u8]>>(shards: &[T]) -> impl Iterator<Item = Slot<'_>> {
    shards.iter().map(|shard| Slot::Read(shard.as_ref()))
}

pub(super) fn write_slots<T: AsMut<[u8]>>(shards: &mut [T]) -> impl Iterator<Item = Slot<'_>> {
    shards.iter_mut().map(|shard| Slot::Write(shard.as_mut()))
}

/// A view with one slot for each shard of the code, and at least one column.
pub(super) fn check_lengths<'a>(code: &Code, view: View<'a>) -> Result<View<'a>, Error> {
    check_count(view.slots(), code.total_shards())?;
    if view.total_bytes() == 0 {
        return Err(Error::EmptyShards);
    }
    Ok(view)
}

pub(super) fn check_count(given: usize, expected: usize) -> Result<(), Error> {
    if given == expected { Ok(()) } else { Err(Error::ShardCount { given, expected }) }
}
