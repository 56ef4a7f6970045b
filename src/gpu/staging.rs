//! Staging: plain host memory to the device and back, through a few slots that live as long as the backend.
//!
//! A batch is cut into chunks of columns. For each chunk a slot of the ring is drained (if it is in flight), filled and
//! submitted; so the host copies while the device computes, and order is kept. What lies in host memory at any address
//! and in any length is copied to whole words, padded with zeros: kernels never see a partial word.

mod layout;

use std::ops::Range;
use std::sync::{Arc, mpsc};

use super::device::{Device, HANG};
use super::kernels::{Kernels, Work};
use super::launch::{Addressing, Buffers, COLUMN_BYTES, Found, Mode};
use super::profile::Profile;
use super::table::Tables;
use crate::Error;
use crate::backend::{BLOCK_BYTES, Batch, Mismatch, Task};
use crate::memory::View;
use crate::plan::Matrices;
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
    in_flight: Option<InFlight>,
}

/// A submitted chunk: which bytes, and how to know that it is done.
struct InFlight {
    range: Range<usize>,
    submission: wgpu::SubmissionIndex,
    mapped: mpsc::Receiver<Result<(), wgpu::BufferAsyncError>>,
}

impl Ring {
    fn new(device: &Device, bytes: usize) -> Result<Self, Error> {
        let size = bytes as u64;
        device.check_size("max_storage_buffer_binding_size", |l| l.max_storage_buffer_binding_size, size)?;
        device.check_size("max_buffer_size", |l| l.max_buffer_size, size)?;
        let slots = device.scoped(
            || format!("allocating {SLOTS} slots of 4 x {bytes} bytes"),
            || (0..SLOTS).map(|_| Slot::new(device, size)).collect(),
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
            in_flight: None,
        }
    }
}

/// Runs a batch and returns what its check found, if it is one. The ring is made at first use, and again after an error,
/// which leaves buffers in an unknown state.
pub(super) fn run(
    ring: &mut Option<Ring>,
    device: &Device,
    kernels: &Kernels,
    profile: &Profile,
    index: usize,
    batch: &mut Batch<'_>,
) -> Result<Vec<Mismatch>, Error> {
    let matrices = batch.task().matrices();
    let mode = if matches!(batch.task(), Task::Check(_)) { Mode::Check } else { Mode::Write };
    let most = |count: fn(&crate::Plan) -> usize| matrices.plans().iter().map(count).max().unwrap_or(0);
    let (sources, targets) = (most(|plan| plan.sources().len()), most(|plan| plan.targets().len()));
    if batch.view().total_bytes() == 0 || targets == 0 {
        return Ok(Vec::new());
    }
    let layout = Layout::new(batch.view(), mode, matches!(matrices, Matrices::PerStripe { .. }));
    // A check uploads what stands in the targets behind the sources.
    let shards = if mode == Mode::Check { sources + targets } else { sources.max(targets) };
    let grain = layout.grain();
    let stride = (SLOT_BYTES / shards / grain * grain).max(grain).min(layout.total().next_multiple_of(grain));
    let mut used = match ring.take() {
        Some(ring) if ring.bytes >= shards * stride => ring,
        _ => Ring::new(device, ring_bytes(device, shards * stride))?,
    };
    let tables = kernels.tables_per_stripe(matrices)?;
    let mut job = Job {
        device,
        kernels,
        profile,
        index,
        matrices,
        tables,
        mode,
        layout,
        stride,
        sources,
        targets,
        found: Vec::new(),
    };
    for (slot, range) in (0..SLOTS).cycle().zip(layout.chunks(stride)) {
        let slot = &mut used.slots[slot];
        job.drain(slot, batch.view_mut())?;
        job.fill(slot, batch.view(), range)?;
    }
    for slot in &mut used.slots {
        job.drain(slot, batch.view_mut())?;
    }
    *ring = Some(used);
    Ok(job.found)
}

/// The size of a ring's buffers: more than asked for, so that the next batch fits too, where the device allows it.
fn ring_bytes(device: &Device, needed: usize) -> usize {
    let rounded = needed.next_power_of_two().max(BLOCK_BYTES);
    let most = device.device.limits().max_storage_buffer_binding_size;
    if rounded as u64 <= most { rounded } else { needed }
}

/// One batch on its way through the ring.
struct Job<'a> {
    device: &'a Device,
    kernels: &'a Kernels,
    profile: &'a Profile,
    index: usize,
    matrices: Matrices<'a>,
    tables: Option<Arc<Tables>>,
    mode: Mode,
    layout: Layout,
    /// Bytes from one shard to the next in a slot's buffers.
    stride: usize,
    /// Sources and targets of the largest plan.
    sources: usize,
    targets: usize,
    found: Vec<Mismatch>,
}

impl Job<'_> {
    /// Copies a chunk into an idle slot and submits it.
    fn fill(&self, slot: &mut Slot, view: &View<'_>, range: Range<usize>) -> Result<(), Error> {
        let (device, doing) = (self.device, || self.describe(&range));
        let uploaded = device.scoped(doing, || self.upload(slot, view, &range))?;
        uploaded.map_err(|error| device.failed(doing(), error))?;

        let (sender, mapped) = mpsc::channel();
        let submission = device.scoped(doing, || {
            let mut encoder = device.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            self.record(&mut encoder, slot, &range)?;
            for (buffer, mode) in [(&slot.upload, wgpu::MapMode::Write), (&slot.download, wgpu::MapMode::Read)] {
                let sender = sender.clone();
                // The receiver lives until both have arrived, or the slot is dropped: then nobody waits.
                encoder.map_buffer_on_submit(buffer, mode, .., move |result| drop(sender.send(result)));
            }
            Ok(device.queue.submit([encoder.finish()]))
        })??;
        slot.in_flight = Some(InFlight { range, submission, mapped });
        Ok(())
    }

    /// Copies the chunk's bytes of every source (and in a check, of every target) to the upload buffer.
    fn upload(&self, slot: &Slot, view: &View<'_>, range: &Range<usize>) -> Result<(), wgpu::MapRangeError> {
        let bytes = range.len().next_multiple_of(COLUMN_BYTES);
        {
            let mut mapped = slot.upload.get_mapped_range_mut(..)?;
            let shards = if self.mode == Mode::Check { self.sources + self.targets } else { self.sources };
            for index in 0..shards {
                let origin = index * self.stride;
                let mut end = 0;
                for (stripe, piece, at) in self.layout.pieces(range.clone()) {
                    let plan = &self.matrices.plans()[self.matrices.index_of(stripe)];
                    let shard = match index.checked_sub(self.sources) {
                        Some(target) => Some(plan.targets()[target]),
                        None => plan.sources().get(index).copied(),
                    };
                    // What stands beyond a smaller plan's sources does not matter: its tables are zero.
                    let Some(shard) = shard else { continue };
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
    fn record(&self, encoder: &mut wgpu::CommandEncoder, slot: &Slot, range: &Range<usize>) -> Result<(), Error> {
        let extent = |shards: usize| (shards * self.stride) as u64;
        let span = self.layout.span(range);
        let found = (self.mode == Mode::Check).then_some(&slot.found);
        let found_bytes = (self.targets * span.blocks() * size_of::<Found>()) as u64;
        if self.sources > 0 {
            encoder.copy_buffer_to_buffer(&slot.upload, 0, &slot.sources, 0, extent(self.sources));
        }
        if let Some(found) = found {
            encoder.copy_buffer_to_buffer(&slot.upload, extent(self.sources), &slot.targets, 0, extent(self.targets));
            encoder.clear_buffer(found, 0, Some(found_bytes));
        }
        let position = |at: usize, _slot: u32| at * self.stride;
        let plan_of: Vec<u32> = match self.matrices {
            Matrices::One(_) => Vec::new(),
            Matrices::PerStripe { of, .. } => of[self.layout.stripes_of(range)].to_vec(),
        };
        let work = Work {
            matrices: self.matrices,
            plan_of: &plan_of,
            tables: self.tables.clone(),
            source: &position,
            target: &position,
            span,
            buffers: Buffers {
                sources: slot.sources.as_entire_buffer_binding(),
                targets: slot.targets.as_entire_buffer_binding(),
                found,
                addressing: Addressing::Separate,
            },
        };
        self.profile.pass(
            self.device,
            encoder,
            || self.describe(range),
            &work,
            |pass| self.kernels.dispatch(pass, &work),
        )?;
        match found {
            Some(found) => encoder.copy_buffer_to_buffer(found, 0, &slot.download, 0, found_bytes),
            None => encoder.copy_buffer_to_buffer(&slot.targets, 0, &slot.download, 0, extent(self.targets)),
        }
        Ok(())
    }

    /// Waits for a slot's chunk, if one is in flight, and takes its results.
    fn drain(&mut self, slot: &mut Slot, view: &mut View<'_>) -> Result<(), Error> {
        let Some(InFlight { range, submission, mapped }) = slot.in_flight.take() else { return Ok(()) };
        let device = self.device;
        device.wait(Some(submission), || self.describe(&range))?;
        for _ in [&slot.upload, &slot.download] {
            // Whoever polls the device runs our callbacks, so they may still be on their way.
            match mapped.recv_timeout(HANG) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return Err(device.failed(self.describe(&range), error)),
                Err(error) => return Err(device.failed(self.describe(&range), error)),
            }
        }
        let download = slot.download.get_mapped_range(..);
        let download = download.map_err(|error| device.failed(self.describe(&range), error))?;
        match self.mode {
            Mode::Write => self.take_targets(&download, view, &range),
            Mode::Check => self.take_found(&download, &range),
        }
        drop(download);
        slot.download.unmap();
        Ok(())
    }

    fn take_targets(&self, download: &[u8], view: &mut View<'_>, range: &Range<usize>) {
        for index in 0..self.targets {
            for (stripe, piece, at) in self.layout.pieces(range.clone()) {
                let plan = &self.matrices.plans()[self.matrices.index_of(stripe)];
                if let Some(&shard) = plan.targets().get(index) {
                    let bytes = &download[index * self.stride + at..][..piece.len()];
                    view.slot_mut(shard, stripe)[piece].copy_from_slice(bytes);
                }
            }
        }
    }

    fn take_found(&mut self, download: &[u8], range: &Range<usize>) {
        let span = self.layout.span(range);
        let plan = &self.matrices.plans()[0];
        let bytes = &download[..self.targets * span.blocks() * size_of::<Found>()];
        let entries: &[Found] = bytemuck::cast_slice(bytes);
        for (&shard, entries) in plan.targets().iter().zip(entries.chunks_exact(span.blocks())) {
            for (block, &found) in entries.iter().enumerate().filter(|(_, found)| found.count > 0) {
                let at = range.start + block * span.block_bytes;
                self.found.push(self.layout.mismatch(self.index, shard, at, found));
            }
        }
    }

    fn describe(&self, range: &Range<usize>) -> String {
        let verb = if self.mode == Mode::Check { "checking" } else { "writing" };
        let (targets, sources) = (self.targets, self.sources);
        format!("{verb} bytes {}..{} of {targets} shards from {sources}", range.start, range.end)
    }
}
