//! Mapped memory that several threads fill.

use wgpu::WriteOnly;

/// A part of a mapped buffer, to be written by one thread.
pub(super) struct Part<'a>(WriteOnly<'a, [u8]>);

// SAFETY: `WriteOnly` is an exclusive reference to bytes, which are Send; wgpu says so for sized types, and a slice of them
// differs in its length alone.
unsafe impl Send for Part<'_> {}

impl<'a> Part<'a> {
    pub(super) fn new(bytes: WriteOnly<'a, [u8]>) -> Self {
        Self(bytes)
    }

    /// Takes the first `bytes` bytes off.
    ///
    /// # Panics
    /// If there are fewer.
    pub(super) fn take(&mut self, bytes: usize) -> Self {
        let (taken, rest) = std::mem::take(&mut self.0).split_at(bytes);
        self.0 = rest;
        Self(taken)
    }

    pub(super) fn copy_from(&mut self, bytes: &[u8]) {
        self.0.copy_from_slice(bytes);
    }

    pub(super) fn zero(&mut self) {
        self.0.fill(0);
    }
}
