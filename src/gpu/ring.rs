//! The ring moves ordinary host memory to the device and back, through a few slots that are reused.
//! Batches are cut into chunks, and chunks are packed into slots: small batches of a call share a submission, large ones take
//! several. While the device works on one slot, the host's threads fill another or take the results of a third, in order. Shards
//! may have any address and length. They are copied to whole words and padded with zeros, so kernels never see a partial word.
//! Kernels work on the mapped buffers themselves if the device allows it, otherwise on copies in device memory. `cut` divides
//! batches into chunks, `job` copies the bytes of a batch, and `slot` holds the buffers.

mod cut;
mod job;
mod mapped;
mod slot;

use std::sync::{Mutex, PoisonError, mpsc};

use super::Gpu;
use super::correct::{Correcting, Patterns, Room};
use super::device::Device;
use super::import::visible_to_host;
use super::launch::{Addressing, Buffers, Mode, part};
use super::work::Work;
use crate::Error;
use crate::backend::{BLOCK_BYTES, Batch, Report};
use job::Job;
use mapped::Part;
use slot::{InFlight, Piece, Slot};

/// Slots of a ring: one is filled or emptied while the device works on another, and a third waits for either.
const SLOTS: usize = 3;
/// Bytes of each buffer of a slot, unless a plan with thousands of shards needs more.
const SLOT_BYTES: usize = 16 << 20;
/// The smallest slot. A ring that is too small for a call is replaced, so it starts with room to spare.
const LEAST_SLOT_BYTES: usize = 64 << 10;
/// Pieces begin at multiples of this in a slot's buffers, and at multiples of half of it among the findings, so that any
/// device can bind them there.
const PIECE_ALIGNMENT: usize = 512;

/// Rings that no call uses at the moment. Each call takes one, so that calls do not wait for each other.
#[derive(Default)]
pub(super) struct Rings(Mutex<Vec<Ring>>);

impl Rings {
    /// The number of rings kept. When more calls run at the same time, the others make their own.
    const KEPT: usize = 2;

    fn take(&self, device: &Device, bytes: usize) -> Result<Ring, Error> {
        match self.lock().pop().filter(|ring| ring.bytes >= bytes) {
            Some(ring) => Ok(ring),
            None => Ring::new(device, bytes),
        }
    }

    /// Takes back a ring. Nothing may be in flight in it.
    fn put_back(&self, ring: Ring) {
        let mut kept = self.lock();
        if kept.len() < Self::KEPT {
            kept.push(ring);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Ring>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The slots of one call.
struct Ring {
    slots: Vec<Slot>,
    /// Bytes of each slot's buffers.
    bytes: usize,
    /// The slot that is being filled.
    current: usize,
}

impl Ring {
    fn new(device: &Device, needed: usize) -> Result<Self, Error> {
        // More than requested if the device allows it, so that the next call fits too.
        let rounded = needed.next_power_of_two().max(LEAST_SLOT_BYTES);
        let most = device.device.limits().max_storage_buffer_binding_size;
        let bytes = if rounded as u64 <= most { rounded } else { needed };
        device.check_size("max_storage_buffer_binding_size", |l| l.max_storage_buffer_binding_size, bytes as u64)?;
        device.check_size("max_buffer_size", |l| l.max_buffer_size, bytes as u64)?;
        let slots = device.scoped(
            || format!("allocating {SLOTS} slots with buffers of {bytes} bytes"),
            || (0..SLOTS).map(|_| Slot::new(device, bytes)).collect(),
        )?;
        Ok(Self { slots, bytes, current: 0 })
    }
}

/// Runs batches, each with its number in the call, and returns the findings. After an error the ring is dropped, because its
/// buffers are in an unknown state; the next call makes a new one.
pub(super) fn run(gpu: &Gpu, batches: &mut [(usize, &mut Batch<'_>)]) -> Result<Report, Error> {
    let jobs = batches.iter_mut().map(|(index, batch)| Job::new(&gpu.kernels, *index, batch));
    let jobs: Vec<Job<'_>> = jobs.filter(|job| !job.as_ref().is_ok_and(Job::is_empty)).collect::<Result<_, _>>()?;
    if jobs.is_empty() {
        return Ok(Report::default());
    }
    let needs = jobs.iter().map(Job::needs);
    let (least, all) = needs.fold((0, 0_usize), |(least, all), (l, a)| (least.max(l), all.saturating_add(a)));
    let ring = gpu.rings.take(&gpu.device, all.min(SLOT_BYTES).max(least))?;
    let mut call = Call { gpu, jobs, ring, found: Report::default() };
    call.run()?;
    let Call { mut ring, found, .. } = call;
    // So that the next similar call finds the launches that this call left in its slots.
    ring.current = 0;
    gpu.rings.put_back(ring);
    Ok(found)
}

/// A call on its way through its ring.
struct Call<'g, 'a> {
    gpu: &'g Gpu,
    jobs: Vec<Job<'a>>,
    ring: Ring,
    found: Report,
}

impl Call<'_, '_> {
    fn run(&mut self) -> Result<(), Error> {
        for job in 0..self.jobs.len() {
            for chunk in self.jobs[job].chunks(self.ring.bytes) {
                let bytes = self.jobs[job].piece_bytes(&chunk);
                if self.ring.slots[self.ring.current].used + bytes > self.ring.bytes {
                    self.advance()?;
                }
                let slot = &mut self.ring.slots[self.ring.current];
                let base = slot.push(job, chunk.clone(), bytes);
                let device = &self.gpu.device;
                let doing = || self.jobs[job].describe();
                let mapped =
                    device.scoped(doing, || slot.upload.get_mapped_range_mut(base as u64..(base + bytes) as u64))?;
                let mut mapped = mapped.map_err(|error| device.failed(doing(), error))?;
                self.jobs[job].fill(&chunk, Part::new(mapped.slice(..)));
            }
        }
        // The slot that is being filled, then the others, oldest first.
        for _ in 0..SLOTS {
            self.advance()?;
        }
        Ok(())
    }

    /// Submits the slot that is being filled and empties the next one.
    fn advance(&mut self) -> Result<(), Error> {
        if self.ring.slots[self.ring.current].used > 0 {
            self.submit(self.ring.current)?;
        }
        self.ring.current = (self.ring.current + 1) % SLOTS;
        self.take_results(self.ring.current)
    }

    fn submit(&mut self, index: usize) -> Result<(), Error> {
        if self.ring.slots[index].pieces.iter().any(|piece| self.jobs[piece.job].has_checksums()) {
            self.ring.slots[index].with_checksums(&self.gpu.device)?;
        }
        let (device, slot) = (&self.gpu.device, &self.ring.slots[index]);
        let doing = || self.jobs[slot.pieces[0].job].describe();
        let (sender, mapped) = mpsc::channel();
        let corrected: Vec<&Piece> =
            slot.pieces.iter().filter(|piece| self.jobs[piece.job].corrects.is_some()).collect();
        let sizes = corrected.iter().map(|piece| self.jobs[piece.job].correction_size(&piece.chunk));
        let rooms = &self.gpu.correctors.rooms;
        let room = if corrected.is_empty() { None } else { Some(rooms.take(device, sizes)?) };
        let checksums = slot.checksums.as_ref().map(|checksums| &checksums.download);
        let buffers = [(&slot.upload, wgpu::MapMode::Write), (&slot.download, wgpu::MapMode::Read)];
        let buffers = || buffers.into_iter().chain(checksums.map(|buffer| (buffer, wgpu::MapMode::Read)));
        let (submission, corrections) = device.scoped(doing, || {
            slot.upload.unmap();
            let mut encoder = device.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            if let Some(staged) = &slot.staged {
                encoder.copy_buffer_to_buffer(&slot.upload, 0, &staged.sources, 0, slot.used as u64);
            }
            if slot.pieces.iter().any(|piece| self.jobs[piece.job].mode == Mode::Check) {
                encoder.clear_buffer(&slot.found, 0, Some(slot.used as u64 / 2));
            }
            for piece in &slot.pieces {
                self.record(&mut encoder, slot, piece)?;
            }
            for (at, piece) in corrected.iter().enumerate() {
                if let Some(room) = &room {
                    self.record_correction(&mut encoder, slot, piece, room.room(), at)?;
                }
            }
            let corrections = room.map(|room| room.record_download(&mut encoder));
            for piece in &slot.pieces {
                self.record_download(&mut encoder, slot, piece);
            }
            visible_to_host(&mut encoder, &slot.download);
            checksums.iter().for_each(|buffer| visible_to_host(&mut encoder, buffer));
            for (buffer, mode) in buffers() {
                let sender = sender.clone();
                // The receiver lives until both messages have arrived. If the slot was dropped before, no thread waits for them.
                encoder.map_buffer_on_submit(buffer, mode, .., move |result| drop(sender.send(result)));
            }
            Ok((device.queue.submit([encoder.finish()]), corrections))
        })??;
        let buffers = buffers().count();
        self.ring.slots[index].in_flight = Some(InFlight { submission, buffers, mapped });
        self.ring.slots[index].corrections = corrections;
        Ok(())
    }

    /// The kernel over one piece.
    fn record(&self, encoder: &mut wgpu::CommandEncoder, slot: &Slot, piece: &Piece) -> Result<(), Error> {
        let Piece { job, chunk, base } = piece;
        let job = &self.jobs[*job];
        let (stride, base) = (job.stride(chunk), *base as u64);
        let bytes = |shards: usize| (shards.max(1) * stride) as u64;
        let (sources, targets) = slot.kernel_buffers();
        // A check reads both bindings from the same buffer, in which the stored targets follow the sources.
        let (first_target, targets) = match job.mode {
            Mode::Write => (0, part(targets, base, bytes(job.targets))),
            Mode::Check => (job.sources, part(sources, base, bytes(job.uploads()))),
        };
        let found = (job.mode == Mode::Check).then(|| part(&slot.found, base / 2, job.found_bytes(chunk) as u64));
        let crc = slot.checksums.as_ref().filter(|_| job.has_checksums());
        let crc = crc.map(|crc| part(&crc.computed, base / 2, job.crc_bytes(chunk) as u64));
        let work = Work {
            matrices: job.matrices,
            plan_of: job.plan_of(chunk),
            by_position: true,
            source: &|at, _| at * stride,
            target: &|at, _| (first_target + at) * stride,
            span: job.span(chunk),
            buffers: Buffers {
                sources: part(sources, base, bytes(job.uploads())),
                targets,
                found,
                crc,
                addressing: Addressing::Separate,
            },
        };
        let launch = slot.launches.launch(&self.gpu.kernels, &work, job.tables.as_ref())?;
        self.gpu.profile.pass(&self.gpu.device, encoder, || job.describe(), &work, &launch);
        Ok(())
    }

    /// Records correction number `at` of the room, which follows the check of its piece.
    fn record_correction(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        slot: &Slot,
        piece: &Piece,
        room: &Room,
        at: usize,
    ) -> Result<(), Error> {
        let Piece { job, chunk, base } = piece;
        let job = &self.jobs[*job];
        let Some((grs, erased)) = job.corrects else { return Ok(()) };
        let (stride, base) = (job.stride(chunk), *base as u64);
        let (sources, targets) = slot.kernel_buffers();
        let bytes = job.piece_bytes(chunk) as u64;
        let blocks = job.span(chunk).blocks();
        let correcting = Correcting {
            grs,
            span: job.span(chunk),
            bytes: chunk.columns.len(),
            place: &|slot| slot * stride,
            patterns: Patterns::new(grs, erased, blocks, |block| {
                let (stripe, offset) = job.locate(chunk, block);
                (stripe, offset / BLOCK_BYTES)
            }),
            shards: part(sources, base, bytes),
            found: part(&slot.found, base / 2, job.found_bytes(chunk) as u64),
            corrected: Some(part(targets, base, bytes)),
        };
        self.gpu.correctors.record(&self.gpu.device, &self.gpu.profile, encoder, &correcting, (room, at))
    }

    /// Copies a piece's results to where the host reads them, unless the kernel wrote them there.
    fn record_download(&self, encoder: &mut wgpu::CommandEncoder, slot: &Slot, piece: &Piece) {
        let job = &self.jobs[piece.job];
        let base = piece.base as u64;
        if let Some(crc) = slot.checksums.as_ref().filter(|_| job.has_checksums()) {
            let bytes = job.crc_bytes(&piece.chunk) as u64;
            encoder.copy_buffer_to_buffer(&crc.computed, base / 2, &crc.download, base / 2, bytes);
        }
        match (job.mode, &slot.staged) {
            (Mode::Check, _) if job.corrects.is_none() => {
                let bytes = job.found_bytes(&piece.chunk) as u64;
                encoder.copy_buffer_to_buffer(&slot.found, base / 2, &slot.download, base, bytes);
            }
            // Only the device knows which blocks were corrected, so all are copied.
            (mode, Some(staged)) => {
                let shards = if mode == Mode::Check { job.uploads() } else { job.targets };
                let bytes = (shards * job.stride(&piece.chunk)) as u64;
                encoder.copy_buffer_to_buffer(&staged.targets, base, &slot.download, base, bytes);
            }
            (_, None) => {}
        }
    }

    /// Waits for a slot, if it is in flight, takes its results and leaves it empty.
    fn take_results(&mut self, index: usize) -> Result<(), Error> {
        let Self { gpu, jobs, ring, found } = self;
        let (device, slot) = (&gpu.device, &mut ring.slots[index]);
        let describe = |jobs: &[Job<'_>], slot: &[Piece]| jobs[slot[0].job].describe();
        let pieces = std::mem::take(&mut slot.pieces);
        if !slot.wait(device, || describe(jobs, &pieces))? {
            return Ok(());
        }
        let download = slot.download.get_mapped_range(..);
        let download = download.map_err(|error| device.failed(describe(jobs, &pieces), error))?;
        let checksums = slot.checksums.as_ref().map(|checksums| checksums.download.get_mapped_range(..));
        let checksums = checksums.transpose().map_err(|error| device.failed(describe(jobs, &pieces), error))?;
        for Piece { job, chunk, base } in &pieces {
            let job = &mut jobs[*job];
            let bytes = &download[*base..];
            if let Some(checksums) = checksums.as_ref().filter(|_| job.has_checksums()) {
                job.take_checksums(chunk, bytemuck::cast_slice(&checksums[base / 2..][..job.crc_bytes(chunk)]));
            }
            match job.mode {
                Mode::Write => job.take_targets(chunk, bytes)?,
                // The room says which parts to take.
                Mode::Check if job.corrects.is_some() => {}
                Mode::Check => {
                    let entries = bytemuck::cast_slice(&bytes[..job.found_bytes(chunk)]);
                    found.mismatches.extend(job.mismatches(chunk, entries));
                }
            }
        }
        if let Some(corrections) = slot.corrections.take() {
            let corrected: Vec<&Piece> = pieces.iter().filter(|piece| jobs[piece.job].corrects.is_some()).collect();
            let room = corrections.read(device, |at, outcome| {
                let Piece { job, chunk, base } = corrected[at];
                jobs[*job].take_corrected(chunk, &outcome, &download[*base..], found);
            })?;
            gpu.correctors.rooms.put_back(room);
        }
        drop((download, checksums));
        slot.download.unmap();
        if let Some(checksums) = &slot.checksums {
            checksums.download.unmap();
        }
        slot.used = 0;
        // Kept so that its memory is reused.
        slot.pieces = pieces;
        slot.pieces.clear();
        Ok(())
    }
}
