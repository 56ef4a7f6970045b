//! Staging: plain host memory to the device and back, through a few slots that live as long as the backend.
//!
//! A batch is cut into chunks of columns. For each chunk a slot of the ring is drained (if it is in flight), filled and
//! submitted; so the host copies while the device computes, and order is kept. What lies in host memory at any address
//! and in any length is copied to whole words, padded with zeros: kernels never see a partial word.

mod layout;

use std::ops::Range;
use std::sync::mpsc;

use super::device::Device;
use super::table::{COLUMN_BYTES, Found, Launch, Mode, Program, Table};
use crate::backend::{BLOCK_BYTES, Batch, Mismatch, Task};
use crate::memory::View;
use crate::{Error, Plan};
use layout::Layout;

/// Slots of the ring: one computes while another is drained or filled.
const SLOTS: usize = 2;
/// Bytes of each buffer of a slot, unless a plan with thousands of shards needs more.
const SLOT_BYTES: usize = 8 << 20;

/// The slots of a device.
pub(super) struct Ring {
    slots: Vec<Slot>,
    bytes: usize,
}

/// The buffers of one chunk. `upload` is mapped while the slot is idle.
struct Slot {
    upload: wgpu::Buffer,
    sources: wgpu::Buffer,
    targets: wgpu::Buffer,
    found: wgpu::Buffer,
    download: wgpu::Buffer,
    params: wgpu::Buffer,
    in_flight: Option<InFlight>,
}

/// A submitted chunk: which bytes, and how to know that it is done.
struct InFlight {
    range: Range<usize>,
    submission: wgpu::SubmissionIndex,
    mapped: mpsc::Receiver<Result<(), wgpu::BufferAsyncError>>,
}

impl Ring {
    /// A ring whose buffers hold one block of every shard, at least.
    fn new(device: &Device, bytes: usize) -> Result<Self, Error> {
        let limits = device.device.limits();
        let needed = bytes as u64;
        for (limit, available) in [
            ("max_storage_buffer_binding_size", limits.max_storage_buffer_binding_size),
            ("max_buffer_size", limits.max_buffer_size),
        ] {
            if available < needed {
                return Err(Error::DeviceTooSmall { device: device.name.clone(), limit, available, needed });
            }
        }
        let slots = device.scoped(
            || format!("allocating {SLOTS} slots of 4 x {bytes} bytes"),
            || (0..SLOTS).map(|_| Slot::new(device, needed)).collect(),
        )?;
        Ok(Self { slots, bytes })
    }
}

impl Slot {
    fn new(device: &Device, size: u64) -> Self {
        use wgpu::BufferUsages as Usage;
        let buffer = |label, size, usage, mapped_at_creation| {
            let label = Some(label);
            device.device.create_buffer(&wgpu::BufferDescriptor { label, size, usage, mapped_at_creation })
        };
        // One entry a block of every target, and blocks are at least a column.
        let found_size = size / COLUMN_BYTES as u64 * size_of::<Found>() as u64;
        Self {
            upload: buffer("upload", size, Usage::MAP_WRITE | Usage::COPY_SRC, true),
            sources: buffer("sources", size, Usage::STORAGE | Usage::COPY_DST, false),
            targets: buffer("targets", size, Usage::STORAGE | Usage::COPY_DST | Usage::COPY_SRC, false),
            found: buffer("found", found_size, Usage::STORAGE | Usage::COPY_DST | Usage::COPY_SRC, false),
            download: buffer("download", size, Usage::MAP_READ | Usage::COPY_DST, false),
            params: Table::params(device),
            in_flight: None,
        }
    }
}

/// Runs a batch and returns what its check found, if it is one. The ring is made at first use, and again after an error,
/// which leaves buffers in an unknown state.
pub(super) fn run(
    ring: &mut Option<Ring>,
    device: &Device,
    table: &Table,
    index: usize,
    batch: &mut Batch<'_>,
) -> Result<Vec<Mismatch>, Error> {
    let (plan, mode) = match batch.task() {
        Task::Write(plan) => (plan, Mode::Write),
        Task::Check(plan) => (plan, Mode::Check),
    };
    if batch.view().total_bytes() == 0 || plan.targets().is_empty() {
        return Ok(Vec::new());
    }
    let layout = Layout::new(batch.view(), mode);
    // A check uploads what stands in the targets behind the sources.
    let shards = if mode == Mode::Check { plan.sources().len() } else { 0 } + plan.targets().len();
    let shards = shards.max(plan.sources().len());
    let most = (SLOT_BYTES / shards / BLOCK_BYTES * BLOCK_BYTES).max(BLOCK_BYTES);
    let stride = most.min(layout.total().next_multiple_of(BLOCK_BYTES));
    let mut used = match ring.take() {
        Some(ring) if ring.bytes >= shards * stride => ring,
        _ => Ring::new(device, SLOT_BYTES.max(shards * stride))?,
    };
    let doing = || format!("loading a plan of {} x {}", plan.targets().len(), plan.sources().len());
    let program = device.scoped(doing, || Program::new(device, plan, columns(stride)))?;
    let mut job = Job { device, table, index, plan, program, mode, layout, stride, mismatches: Vec::new() };
    let starts = (0..layout.total()).step_by(stride);
    for (slot, start) in (0..SLOTS).cycle().zip(starts) {
        let slot = &mut used.slots[slot];
        job.drain(slot, batch.view_mut())?;
        job.fill(slot, batch.view(), start..layout.total().min(start + stride))?;
    }
    for slot in &mut used.slots {
        job.drain(slot, batch.view_mut())?;
    }
    *ring = Some(used);
    Ok(job.mismatches)
}

/// Columns of so many bytes, which are a multiple of a column's and fit a buffer.
fn columns(bytes: usize) -> u32 {
    u32::try_from(bytes / COLUMN_BYTES).expect("a buffer of 2^32 columns would hold 64 GiB")
}

/// One batch on its way through the ring.
struct Job<'a> {
    device: &'a Device,
    table: &'a Table,
    index: usize,
    plan: &'a Plan,
    program: Program,
    mode: Mode,
    layout: Layout,
    /// Bytes from one shard to the next in a slot's buffers.
    stride: usize,
    mismatches: Vec<Mismatch>,
}

impl Job<'_> {
    /// Copies a chunk into an idle slot and submits it.
    fn fill(&self, slot: &mut Slot, view: &View<'_>, range: Range<usize>) -> Result<(), Error> {
        let bytes = range.len().next_multiple_of(COLUMN_BYTES);
        let (device, doing) = (self.device, || self.describe(&range));
        let uploaded = device.scoped(doing, || self.upload(slot, view, range.clone(), bytes))?;
        uploaded.map_err(|error| device.failed(doing(), error))?;

        let (sender, mapped) = mpsc::channel();
        let submission = device.scoped(doing, || {
            let mut encoder = device.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            self.record(&mut encoder, slot, bytes);
            for (buffer, mode) in [(&slot.upload, wgpu::MapMode::Write), (&slot.download, wgpu::MapMode::Read)] {
                let sender = sender.clone();
                // The receiver lives until both have arrived, or the slot is dropped: then nobody waits.
                encoder.map_buffer_on_submit(buffer, mode, .., move |result| drop(sender.send(result)));
            }
            device.queue.submit([encoder.finish()])
        })?;
        slot.in_flight = Some(InFlight { range, submission, mapped });
        Ok(())
    }

    /// Copies the chunk's bytes of every source (and in a check, of every target) to the upload buffer.
    fn upload(
        &self,
        slot: &Slot,
        view: &View<'_>,
        range: Range<usize>,
        bytes: usize,
    ) -> Result<(), wgpu::MapRangeError> {
        {
            let mut mapped = slot.upload.get_mapped_range_mut(..)?;
            let stored = if self.mode == Mode::Check { self.plan.targets() } else { &[] };
            for (index, &shard) in self.plan.sources().iter().chain(stored).enumerate() {
                let origin = index * self.stride;
                let mut end = 0;
                for (stripe, piece, at) in self.layout.pieces(range.clone()) {
                    mapped.slice(origin + end..origin + at).fill(0);
                    end = at + piece.len();
                    mapped.slice(origin + at..origin + end).copy_from_slice(&view.slot(shard, stripe)[piece]);
                }
                mapped.slice(origin + end..origin + bytes).fill(0);
            }
        }
        slot.upload.unmap();
        Ok(())
    }

    /// Upload, kernel, download.
    fn record(&self, encoder: &mut wgpu::CommandEncoder, slot: &Slot, bytes: usize) {
        let extent = |shards: usize| (shards * self.stride) as u64;
        let (sources, targets) = (self.plan.sources().len(), self.plan.targets().len());
        if sources > 0 {
            encoder.copy_buffer_to_buffer(&slot.upload, 0, &slot.sources, 0, extent(sources));
        }
        let found = (self.mode == Mode::Check).then_some(&slot.found);
        if let Some(found) = found {
            encoder.copy_buffer_to_buffer(&slot.upload, extent(sources), &slot.targets, 0, extent(targets));
            encoder.clear_buffer(found, 0, Some(self.found_bytes(bytes)));
        }
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            let launch = Launch {
                params: &slot.params,
                sources: &slot.sources,
                targets: &slot.targets,
                found,
                columns: columns(bytes),
                block_columns: columns(self.layout.block),
            };
            self.table.dispatch(self.device, &mut pass, &self.program, &launch);
        }
        match found {
            Some(found) => encoder.copy_buffer_to_buffer(found, 0, &slot.download, 0, self.found_bytes(bytes)),
            None => encoder.copy_buffer_to_buffer(&slot.targets, 0, &slot.download, 0, extent(targets)),
        }
    }

    /// Bytes of what a check of so many bytes of each shard finds.
    fn found_bytes(&self, bytes: usize) -> u64 {
        (self.plan.targets().len() * bytes.div_ceil(self.layout.block) * size_of::<Found>()) as u64
    }

    /// Waits for a slot's chunk, if one is in flight, and takes its results.
    fn drain(&mut self, slot: &mut Slot, view: &mut View<'_>) -> Result<(), Error> {
        let Some(InFlight { range, submission, mapped }) = slot.in_flight.take() else { return Ok(()) };
        let doing = || self.describe(&range);
        self.device.wait(submission, doing)?;
        for _ in [&slot.upload, &slot.download] {
            // The wait has run both callbacks; a channel without a message means that the device dropped them.
            match mapped.try_recv() {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return Err(self.device.failed(doing(), error)),
                Err(error) => return Err(self.device.failed(doing(), error)),
            }
        }
        let device = self.device;
        let describe = self.describe(&range);
        let taken = device.scoped(
            || describe.clone(),
            || -> Result<(), wgpu::MapRangeError> {
                match self.mode {
                    Mode::Write => self.take_targets(&slot.download.get_mapped_range(..)?, view, &range),
                    Mode::Check => self.take_found(&slot.download.get_mapped_range(..)?, &range),
                }
                slot.download.unmap();
                Ok(())
            },
        )?;
        taken.map_err(|error| device.failed(describe, error))
    }

    fn take_targets(&self, download: &[u8], view: &mut View<'_>, range: &Range<usize>) {
        for (index, &shard) in self.plan.targets().iter().enumerate() {
            for (stripe, piece, at) in self.layout.pieces(range.clone()) {
                let bytes = &download[index * self.stride + at..][..piece.len()];
                view.slot_mut(shard, stripe)[piece].copy_from_slice(bytes);
            }
        }
    }

    fn take_found(&mut self, download: &[u8], range: &Range<usize>) {
        let bytes = range.len().next_multiple_of(COLUMN_BYTES);
        let blocks = bytes.div_ceil(self.layout.block);
        let entries = bytemuck::cast_slice(&download[..self.plan.targets().len() * blocks * size_of::<Found>()]);
        for (&shard, entries) in self.plan.targets().iter().zip(entries.chunks_exact(blocks)) {
            for (block, &found) in entries.iter().enumerate() {
                let found: Found = found;
                if found.count > 0 {
                    let at = range.start + block * self.layout.block;
                    self.mismatches.push(self.layout.mismatch(self.index, shard, at, found));
                }
            }
        }
    }

    fn describe(&self, range: &Range<usize>) -> String {
        let (targets, sources) = (self.plan.targets().len(), self.plan.sources().len());
        let verb = if self.mode == Mode::Check { "checking" } else { "writing" };
        format!("{verb} bytes {}..{} of {targets} shards from {sources}", range.start, range.end)
    }
}
