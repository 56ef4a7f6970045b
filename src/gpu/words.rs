//! Words and columns of a binding, as kernels count them.

use super::device::Device;
use crate::Error;

/// The grain of device memory: a `vec4<u32>`.
pub(super) const COLUMN_BYTES: usize = 16;

/// A count as kernels use it. It is bounded by the words of a binding, which [`check_binding`] or a constant bounds.
pub(super) fn index(count: usize) -> u32 {
    u32::try_from(count).expect("bindings hold fewer than 2^32 words")
}

/// A number of bytes of a binding in columns, as kernels count them.
pub(super) fn column(bytes: usize) -> u32 {
    index(bytes / COLUMN_BYTES)
}

/// The most bytes of a binding. Kernels count words of 4 bytes in u32. A dispatch of two dimensions may have up to 2^16 more
/// invocations than words, whose numbers must not wrap around either.
const MOST_BYTES: u64 = 4 * ((1 << 32) - (1 << 17));

/// Checks that the device can bind a buffer of this many bytes, and that kernels can count its words.
pub(super) fn check_binding(device: &Device, bytes: u64) -> Result<(), Error> {
    device.check_size("max_storage_buffer_binding_size", |limits| limits.max_storage_buffer_binding_size, bytes)?;
    check_countable(&device.name, bytes)
}

/// Some devices bind more bytes than kernels can count.
fn check_countable(device: &str, needed: u64) -> Result<(), Error> {
    if needed <= MOST_BYTES {
        return Ok(());
    }
    let limit = "the largest binding whose words a kernel can count";
    Err(Error::DeviceTooSmall { device: device.to_owned(), limit, available: MOST_BYTES, needed })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gpu::launch::WORKGROUP_SIZE;

    /// A device may bind more than 16 GiB, as on Metal.
    #[test]
    fn a_binding_has_no_more_words_than_kernels_count() {
        for bytes in [0, 1 << 32, MOST_BYTES] {
            check_countable("a card", bytes).unwrap();
            assert_eq!(u64::from(index(usize::try_from(bytes / 4).unwrap())), bytes / 4);
        }
        for bytes in [MOST_BYTES + 1, 16 << 30, u64::MAX] {
            let error = check_countable("a card", bytes).unwrap_err();
            assert!(
                matches!(error, Error::DeviceTooSmall { available: MOST_BYTES, needed, .. } if needed == bytes),
                "{error}"
            );
        }
    }

    /// As `Launch::dispatch` divides the workgroups: the last row may be longer than what is left for it.
    #[test]
    fn the_invocations_of_a_dispatch_do_not_wrap_around() {
        let most = wgpu::Limits::default().max_compute_workgroups_per_dimension;
        let groups = u32::try_from(MOST_BYTES / 4).unwrap().div_ceil(WORKGROUP_SIZE);
        let rows = groups.div_ceil(most);
        let invocations = u64::from(groups.div_ceil(rows)) * u64::from(rows) * u64::from(WORKGROUP_SIZE);
        assert!(invocations <= 1 << 32, "{invocations}");
    }
}
