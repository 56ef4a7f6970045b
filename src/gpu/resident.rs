//! Shards in device memory: tasks are recorded into the caller's command encoder, over the caller's buffers.

use std::fmt;
use std::sync::Arc;

use super::Gpu;
use super::correct::{Correcting, Patterns, Room};
use super::device::Device;
use super::import::visible_to_host;
use super::launch::{Addressing, Buffers, COLUMN_BYTES, Found, Mode, Span, part};
use super::work::Work;
use crate::backend::{BLOCK_BYTES, Report, Task};
use crate::memory::Geometry;
use crate::plan::Matrices;
use crate::{Error, Plan};

/// A part of a buffer, and the layout of slots and stripes in it.
/// Every size and stride of the geometry must be a multiple of 16 bytes, and `offset` a multiple of the device's
/// `min_storage_buffer_offset_alignment` (at most 256). The buffer needs the usage `STORAGE`.
#[derive(Clone, Copy, Debug)]
pub struct Arena<'a> {
    /// The buffer. It belongs to the device that this backend uses.
    pub buffer: &'a wgpu::Buffer,
    /// The offset of the first slot, in bytes.
    pub offset: u64,
    /// The layout of slots and stripes from there on.
    pub geometry: Geometry,
}

/// The places of a plan's slots on the device.
#[derive(Clone, Copy, Debug)]
pub enum Resident<'a> {
    /// All slots in one arena.
    Together(Arena<'a>),
    /// The first slots are in one arena, which is only read, and the others in a second arena. Every source of a plan must be in
    /// the first and every target in the second, like data and parity when a code is encoded or checked.
    Apart {
        /// Slots from 0 on.
        sources: Arena<'a>,
        /// The slots after those of `sources`, with the same size and number of stripes.
        targets: Arena<'a>,
    },
}

/// A recorded task. After its commands have been submitted, its methods return the results of the check or correction.
/// It keeps the device it was recorded for, so its methods need no [`Gpu`].
#[must_use = "only the recorded task can return what its check or correction found"]
pub struct Recorded {
    device: Arc<Device>,
    pending: Option<Pending>,
    checksums: Option<PendingChecksums>,
}

impl fmt::Debug for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorded").finish_non_exhaustive()
    }
}

struct PendingChecksums {
    download: wgpu::Buffer,
    /// The number of checksums. The word after them becomes zero only when the recorded copy runs.
    count: usize,
}

enum Pending {
    Check { download: wgpu::Buffer, plan: Plan, span: Span },
    Correction { room: Room, header: wgpu::Buffer, span: Span },
}

impl Gpu {
    /// Records a task over shards in device memory into the caller's encoder. Nothing runs until the caller submits the encoder
    /// to the queue of this device. A task sees the writes of commands recorded before it.
    /// WebGPU's default limits are sufficient. After an error the encoder may contain some of the commands: drop it.
    ///
    /// # Errors
    /// [`Error::Alignment`] for a misaligned size, stride or offset; [`Error::Overlap`] or [`Error::RegionTooSmall`] for a
    /// geometry that does not fit its buffer; [`Error::DeviceTooSmall`] if an arena exceeds the device's largest binding;
    /// [`Error::SlotIndex`] for a slot that does not exist; [`Error::ReadOnlySlot`] for a target among the sources of
    /// [`Resident::Apart`] (a correction writes all slots, so all must be in the second arena); [`Error::PlanCount`] or
    /// [`Error::PlanIndex`]; [`Error::BlockIndex`] for an erasure of a block that does not exist; a device error.
    pub fn record(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        task: Task<'_>,
        shards: Resident<'_>,
    ) -> Result<Recorded, Error> {
        self.record_either(encoder, task, shards, false)
    }

    /// Like [`Gpu::record`], and also computes the CRC-32C of every block of every source and target in the same pass. After the
    /// commands have been submitted, [`Recorded::checksums`] returns them.
    ///
    /// # Errors
    /// Those of [`Gpu::record`]; [`Error::ChecksumTask`] unless the task is a check or writes with one plan for all stripes.
    pub fn record_with_checksums(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        task: Task<'_>,
        shards: Resident<'_>,
    ) -> Result<Recorded, Error> {
        task.check_checksums()?;
        self.record_either(encoder, task, shards, true)
    }

    fn record_either(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        task: Task<'_>,
        shards: Resident<'_>,
        with_checksums: bool,
    ) -> Result<Recorded, Error> {
        // A correction begins with a check.
        let mode = if matches!(task, Task::Write(_)) { Mode::Write } else { Mode::Check };
        let (sources, targets) = match shards {
            Resident::Together(arena) => (arena, arena),
            Resident::Apart { sources, targets } => (sources, targets),
        };
        let span = self.span(sources, targets)?;
        let matrices = task.matrices();
        matrices.check(span.stripes)?;
        for plan in matrices.plans() {
            check_slots(plan, &shards)?;
        }
        if let Task::Correct { grs, erased } = task {
            if matches!(shards, Resident::Apart { .. }) {
                return Err(Error::ReadOnlySlot { slot: 0 });
            }
            erased.check(grs.total_shards(), span.stripes, span.stripe_bytes)?;
        }
        let targets_most = matrices.plans().iter().map(|plan| plan.targets().len()).max().unwrap_or(0);
        let slots = matrices.plans().iter().map(|plan| plan.sources().len() + plan.targets().len()).max().unwrap_or(0);
        let has_work = targets_most > 0 || with_checksums && slots > 0;
        if targets.geometry.extent() == 0 || !has_work {
            return Ok(Recorded { device: Arc::clone(&self.device), pending: None, checksums: None });
        }

        let first_target = if matches!(shards, Resident::Apart { .. }) { sources.geometry.slots } else { 0 };
        let source = |_: usize, slot: usize| slot * sources.geometry.slot_stride;
        let target = |_: usize, slot: usize| (slot - first_target) * targets.geometry.slot_stride;
        let plan_of = match matrices {
            Matrices::One(_) => &[][..],
            Matrices::PerStripe { of, .. } => of,
        };
        let found_length = targets_most * span.blocks() * size_of::<Found>();
        let doing = || format!("recording a task over {} stripes of {} bytes", span.stripes, span.stripe_bytes);
        let device = &self.device;
        let most = |limits: &wgpu::Limits| limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
        if mode == Mode::Check {
            device.check_size("max_storage_buffer_binding_size", most, found_length as u64)?;
        }
        let crc_count = if with_checksums { slots * span.blocks() } else { 0 };
        let crc_length = (crc_count + 1) * size_of::<u32>();
        if with_checksums {
            device.check_size("max_storage_buffer_binding_size", most, crc_length as u64)?;
        }
        device.scoped(doing, || {
            use wgpu::BufferUsages as Usage;
            // An empty check has no findings.
            let computed = Usage::STORAGE | Usage::COPY_DST | Usage::COPY_SRC;
            let found = (mode == Mode::Check && targets_most > 0)
                .then(|| device.empty_buffer("found", found_length as u64, computed));
            if let Some(found) = &found {
                encoder.clear_buffer(found, 0, None);
            }
            let crc = with_checksums.then(|| device.empty_buffer("checksums", crc_length as u64, computed));
            if let Some(crc) = &crc {
                encoder.clear_buffer(crc, crc_length as u64 - 4, None);
            }
            let work = Work {
                matrices,
                plan_of,
                by_position: false,
                source: &source,
                target: &target,
                span,
                buffers: Buffers {
                    sources: binding(sources),
                    targets: binding(targets),
                    found: found.as_ref().map(wgpu::Buffer::as_entire_buffer_binding),
                    crc: crc.as_ref().map(wgpu::Buffer::as_entire_buffer_binding),
                    addressing: match shards {
                        Resident::Together(_) => Addressing::Shared,
                        Resident::Apart { .. } => Addressing::Separate,
                    },
                },
            };
            let tables = self.kernels.tables_per_stripe(matrices, span.stripes)?;
            let launch = self.kernels.launch(&work, tables.as_ref())?;
            self.profile.pass(device, encoder, doing, &work, &launch);
            let checksums = match crc {
                None => None,
                Some(crc) => {
                    let usage = Usage::MAP_READ | Usage::COPY_DST;
                    let download = device.buffer("checksums", usage, &vec![0xff; crc_length])?;
                    encoder.copy_buffer_to_buffer(&crc, 0, &download, 0, None);
                    visible_to_host(encoder, &download);
                    Some(PendingChecksums { download, count: crc_count })
                }
            };
            let Some(found) = found else {
                return Ok(Recorded { device: Arc::clone(device), pending: None, checksums });
            };
            if let Task::Correct { grs, erased } = task {
                let room = Room::to_be_fetched(device, span.blocks(), grs.total_shards())?;
                let correcting = Correcting {
                    grs,
                    span,
                    bytes: span.stripe_bytes,
                    place: &|slot| target(0, slot),
                    patterns: Patterns::new(grs, erased, span.blocks(), |block| span.locate(block)),
                    shards: binding(targets),
                    found: found.as_entire_buffer_binding(),
                    corrected: None,
                };
                self.correctors.record(device, &self.profile, encoder, &correcting, (&room, 0))?;
                let header = room.record_header(device, encoder)?;
                return Ok(Recorded {
                    device: Arc::clone(device),
                    pending: Some(Pending::Correction { room, header, span }),
                    checksums,
                });
            }
            // Filled with a mark that only the recorded copy overwrites.
            let download = device.buffer("found", Usage::MAP_READ | Usage::COPY_DST, &vec![0xff; found_length])?;
            encoder.copy_buffer_to_buffer(&found, 0, &download, 0, None);
            visible_to_host(encoder, &download);
            let plan = matrices.plans()[0].clone();
            Ok(Recorded {
                device: Arc::clone(device),
                pending: Some(Pending::Check { download, plan, span }),
                checksums,
            })
        })?
    }

    /// Checks both arenas and returns the layout of their columns for kernels.
    fn span(&self, sources: Arena<'_>, targets: Arena<'_>) -> Result<Span, Error> {
        let limits = self.device.device.limits();
        for Arena { buffer, offset, geometry } in [sources, targets] {
            let multiple = u64::from(limits.min_storage_buffer_offset_alignment);
            let grain = COLUMN_BYTES as u64;
            for (what, given, multiple) in [
                ("the offset", offset, multiple),
                ("bytes of a slot", geometry.bytes as u64, grain),
                ("the slot stride", geometry.slot_stride as u64, grain),
                ("the stripe stride", geometry.stripe_stride as u64, grain),
            ] {
                if !given.is_multiple_of(multiple) {
                    return Err(Error::Alignment { what, given, multiple });
                }
            }
            geometry.check()?;
            let needed = geometry.extent();
            let available = usize::try_from(buffer.size().saturating_sub(offset)).unwrap_or(usize::MAX);
            if needed > available {
                return Err(Error::RegionTooSmall { needed, available });
            }
            self.device.check_size(
                "max_storage_buffer_binding_size",
                |limits| limits.max_storage_buffer_binding_size,
                needed as u64,
            )?;
        }
        let (geometry, other) = (sources.geometry, targets.geometry);
        if (geometry.bytes, geometry.stripes) != (other.bytes, other.stripes) {
            let (given, expected) = (other.bytes * other.stripes, geometry.bytes * geometry.stripes);
            return Err(Error::ShardLength { index: geometry.slots, given, reference: 0, expected });
        }
        // The stride of a single stripe is unused and unbounded, so it is ignored.
        let stride = |geometry: Geometry| if geometry.stripes > 1 { geometry.stripe_stride } else { geometry.bytes };
        Ok(Span {
            stripes: geometry.stripes,
            stripe_bytes: geometry.bytes,
            source_stride: stride(geometry),
            target_stride: stride(other),
            block_bytes: BLOCK_BYTES,
        })
    }
}

impl Recorded {
    /// Waits for the submitted commands and reads the results of a check or correction. Other tasks give an empty report.
    ///
    /// # Errors
    /// A device error, also if the commands were never submitted.
    pub fn report(&self) -> Result<Report, Error> {
        let mut report = Report::default();
        match &self.pending {
            None => {}
            Some(Pending::Check { download, plan, span }) => {
                let bytes = self.device.read(download, || "reading what a check found".to_owned())?;
                let entries: Vec<Found> = bytemuck::pod_collect_to_vec(&bytes);
                if entries.iter().any(|found| found.count == u32::MAX) {
                    return Err(self.device.unsubmitted("reading what a check found".to_owned()));
                }
                report.mismatches.extend(Found::mismatches(&entries, plan, *span));
            }
            Some(Pending::Correction { room, header, span }) => {
                let was_submitted = room.fetch(&self.device, header, |outcome| {
                    let (stripe, block) = span.locate(outcome.block);
                    outcome.add_to(&mut report, 0, stripe, block * BLOCK_BYTES);
                })?;
                if !was_submitted {
                    return Err(self.device.unsubmitted("reading what was corrected".to_owned()));
                }
            }
        }
        report.sort();
        Ok(report)
    }
}

impl Recorded {
    /// Waits for the submitted commands and returns their checksums, ordered by position in the plan (sources, then targets),
    /// stripe and block. Empty unless they were recorded with checksums.
    ///
    /// # Errors
    /// As [`Recorded::report`].
    pub fn checksums(&self) -> Result<Vec<u32>, Error> {
        let Some(PendingChecksums { download, count }) = &self.checksums else { return Ok(Vec::new()) };
        let doing = || "reading checksums".to_owned();
        let bytes = self.device.read(download, doing)?;
        let mut words = bytemuck::pod_collect_to_vec::<u8, u32>(&bytes);
        match words.split_off(*count)[..] {
            [0] => Ok(words),
            _ => Err(self.device.unsubmitted(doing())),
        }
    }
}

/// The part of an arena's buffer that kernels bind.
fn binding(arena: Arena<'_>) -> wgpu::BufferBinding<'_> {
    part(arena.buffer, arena.offset, arena.geometry.extent() as u64)
}

/// Checks that every slot of the plan is in the arena it must be in.
fn check_slots(plan: &Plan, shards: &Resident<'_>) -> Result<(), Error> {
    let (source_slots, first_target, slots) = match shards {
        Resident::Together(arena) => (arena.geometry.slots, 0, arena.geometry.slots),
        Resident::Apart { sources, targets } => {
            let first_target = sources.geometry.slots;
            (first_target, first_target, first_target.saturating_add(targets.geometry.slots))
        }
    };
    if let Some(&slot) = plan.sources().iter().find(|&&slot| slot >= source_slots) {
        return Err(Error::SlotIndex { slot, slots: source_slots });
    }
    if let Some(&slot) = plan.targets().iter().find(|&&slot| slot >= slots) {
        return Err(Error::SlotIndex { slot, slots });
    }
    match plan.targets().iter().find(|&&slot| slot < first_target) {
        Some(&slot) => Err(Error::ReadOnlySlot { slot }),
        None => Ok(()),
    }
}
