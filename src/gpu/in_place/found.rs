//! Buffers for what checks find.

use std::sync::{Mutex, PoisonError};

use crate::Error;
use crate::backend::BLOCK_BYTES;
use crate::gpu::device::Device;

/// The buffer into which checks write their findings, and the one from which the host reads them.
pub(super) struct FoundBuffers {
    pub(super) found: wgpu::Buffer,
    pub(super) download: wgpu::Buffer,
}

/// Such buffers, kept for the next call.
#[derive(Default)]
pub(in crate::gpu) struct FoundPool(Mutex<Vec<FoundBuffers>>);

impl FoundPool {
    /// The number of pairs kept. When more calls run at the same time, the others make their own.
    const KEPT: usize = 2;

    pub(super) fn take(&self, device: &Device, bytes: usize) -> Result<FoundBuffers, Error> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(kept) = kept.filter(|kept| kept.found.size() >= bytes as u64) {
            return Ok(kept);
        }
        use wgpu::BufferUsages as Usage;
        // More than asked for, so that the next call fits too, where the device allows it. Only parts are bound, one for
        // each job, which are smaller than the targets they tell of.
        let rounded = bytes.next_power_of_two().max(BLOCK_BYTES) as u64;
        let size = if rounded <= device.device.limits().max_buffer_size { rounded } else { bytes as u64 };
        device.check_size("max_buffer_size", |limits| limits.max_buffer_size, size)?;
        let buffer = |usage| device.empty_buffer("found", size, usage);
        device.scoped(
            || format!("making room for {bytes} bytes of findings"),
            || FoundBuffers {
                found: buffer(Usage::STORAGE | Usage::COPY_SRC | Usage::COPY_DST),
                download: buffer(Usage::MAP_READ | Usage::COPY_DST),
            },
        )
    }

    pub(super) fn put_back(&self, buffers: FoundBuffers) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < Self::KEPT {
            kept.push(buffers);
        }
    }
}
