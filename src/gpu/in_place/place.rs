//! The place of a batch's slots in registered memory, and whether a kernel can work on them there.

use std::sync::Arc;

use crate::Plan;
use crate::backend::{BLOCK_BYTES, Batch, Task};
use crate::gpu::device::Device;
use crate::gpu::launch::{Addressing, Span, part};
use crate::gpu::registered::{Range, Registry};
use crate::gpu::words::COLUMN_BYTES;
use crate::memory::View;
use crate::plan::Matrices;

/// The place of a batch's slots in registered memory.
pub(in crate::gpu) struct Place {
    pub(super) sources: Window,
    pub(super) targets: Window,
    pub(super) addressing: Addressing,
    pub(super) span: Span,
}

/// A part of a registered range that is bound.
#[derive(Clone)]
pub(super) struct Window {
    pub(super) range: Arc<Range>,
    start: usize,
    end: usize,
}

impl Window {
    /// The smallest window that contains these slots of the view; `None` if they are not in one range.
    fn around(
        registry: &Registry,
        view: &View<'_>,
        span: &Span,
        mut slots: impl Iterator<Item = usize>,
    ) -> Option<Self> {
        let bytes = (span.stripes - 1) * span.source_stride + span.stripe_bytes;
        let address = |slot| view.address(slot).map(|start| start.addr().get());
        let first = address(slots.next()?)?;
        let range = registry.find(first)?;
        let mut window = Self { start: range.offset(first), end: range.offset(first) + bytes, range };
        for slot in slots {
            let at = window.range.offset_of(address(slot)?)?;
            window = Self { start: window.start.min(at), end: window.end.max(at + bytes), ..window };
        }
        (window.end as u64 <= window.range.buffer.size()).then_some(window)
    }

    /// Both windows as one, if they are in the same range.
    fn joined(&self, other: &Self) -> Option<Self> {
        let joined = || Self {
            range: Arc::clone(&self.range),
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        };
        Arc::ptr_eq(&self.range, &other.range).then(joined)
    }

    /// The same window, beginning at the last place before it where a binding may begin.
    fn aligned(self, device: &Device) -> Option<Self> {
        let limits = device.device.limits();
        let alignment = limits.min_storage_buffer_offset_alignment as usize;
        let start = self.start / alignment * alignment;
        ((self.end - start) as u64 <= limits.max_storage_buffer_binding_size).then_some(Self { start, ..self })
    }

    pub(super) fn binding(&self) -> wgpu::BufferBinding<'_> {
        part(&self.range.buffer, self.start as u64, (self.end - self.start) as u64)
    }

    /// The offset of a slot in the binding.
    pub(super) fn place(&self, view: &View<'_>, slot: usize) -> usize {
        let address = view.address(slot).expect("a batch names no absent slot").addr().get();
        self.range.offset(address) - self.start
    }
}

/// The place of a batch, if a kernel can work on it there: all slots in one registered range, or sources in one and targets in
/// another, in whole words.
pub(in crate::gpu) fn place(registry: &Registry, device: &Device, batch: &Batch<'_>) -> Option<Place> {
    let view = batch.view();
    let matrices = batch.task().matrices();
    if registry.is_empty() || view.total_bytes() == 0 {
        return None;
    }
    let stripe_bytes = view.bytes().next_multiple_of(COLUMN_BYTES);
    // The stride of a single stripe is unused and unbounded, so it is ignored.
    let stride = if view.stripes() > 1 { view.stripe_stride() } else { stripe_bytes };
    let is_whole = |slot| view.address(slot).is_some_and(|start| start.addr().get().is_multiple_of(COLUMN_BYTES));
    if stripe_bytes > view.padded_bytes() || !stride.is_multiple_of(COLUMN_BYTES) || !slots(matrices).all(is_whole) {
        return None;
    }
    let span = Span {
        stripes: view.stripes(),
        stripe_bytes,
        source_stride: stride,
        target_stride: stride,
        block_bytes: BLOCK_BYTES,
    };
    let named = |slots: fn(&Plan) -> &[usize]| matrices.plans().iter().flat_map(slots).copied();
    let window = |slots: fn(&Plan) -> &[usize]| match named(slots).next() {
        Some(_) => Window::around(registry, view, &span, named(slots)).map(Some),
        None => Some(None),
    };
    // A plan that writes zeros has no sources, and a plan that only sums checksums of its sources has no targets.
    let (sources, targets) = match (window(Plan::sources)?, window(Plan::targets)?) {
        (Some(sources), Some(targets)) => (sources, targets),
        (Some(one), None) | (None, Some(one)) => (one.clone(), one),
        (None, None) => return None,
    };
    match (batch.task(), sources.joined(&targets)) {
        // One buffer cannot be bound for reading and for writing at once.
        (Task::Write(_), Some(both)) => {
            let both = both.aligned(device)?;
            Some(Place { sources: both.clone(), targets: both, addressing: Addressing::Shared, span })
        }
        // A check, and then a kernel that reads and writes all slots.
        (Task::Correct { .. }, both) => {
            let both = both?.aligned(device)?;
            Some(Place { sources: both.clone(), targets: both, addressing: Addressing::Separate, span })
        }
        _ => {
            let (sources, targets) = (sources.aligned(device)?, targets.aligned(device)?);
            Some(Place { sources, targets, addressing: Addressing::Separate, span })
        }
    }
}

fn slots(matrices: Matrices<'_>) -> impl Iterator<Item = usize> {
    let all = |plan: &Plan| [plan.sources(), plan.targets()].concat();
    matrices.plans().iter().flat_map(all)
}
