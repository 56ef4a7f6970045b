//! Recording a task: the kernel first, then the copy of its checksums, then a correction or the copy of a check's findings.

use std::sync::Arc;

use super::recorded::{Pending, PendingChecksums, Recorded, record_download};
use super::{Arena, Resident};
use crate::backend::{BLOCK_BYTES, Erasures, Task};
use crate::gpu::Gpu;
use crate::gpu::correct::{Correcting, Patterns, Room};
use crate::gpu::launch::{Addressing, Buffers, Found, Span, part};
use crate::gpu::words::check_binding;
use crate::gpu::work::Work;
use crate::memory::Geometry;
use crate::plan::Matrices;
use crate::{Error, Grs, Plan};

/// The arenas that kernels bind, for the slots that a task uses.
#[derive(Clone, Copy)]
pub(super) struct Arenas<'a> {
    sources: Arena<'a>,
    targets: Arena<'a>,
    /// The number of the first slot in `targets`.
    first_target: usize,
    addressing: Addressing,
}

impl<'a> Arenas<'a> {
    /// The arenas of the slots that plans use. An arena that no plan uses may have no bytes or a stride without bound, so it is
    /// replaced by the other.
    pub(super) fn used_by(matrices: Matrices<'_>, shards: &Resident<'a>) -> Self {
        let is_used = |slots: fn(&Plan) -> &[usize]| matrices.plans().iter().any(|plan| !slots(plan).is_empty());
        let one =
            |arena, first_target| Self { sources: arena, targets: arena, first_target, addressing: Addressing::Shared };
        match *shards {
            Resident::Together(arena) => one(arena, 0),
            Resident::Apart { sources, .. } if !is_used(Plan::targets) => one(sources, 0),
            Resident::Apart { sources, targets } => {
                let first_target = sources.geometry.slots;
                match is_used(Plan::sources) {
                    true => Self { sources, targets, first_target, addressing: Addressing::Separate },
                    false => one(targets, first_target),
                }
            }
        }
    }

    /// The layout of the columns for kernels.
    pub(super) fn span(&self) -> Span {
        let (sources, targets) = (self.sources.geometry, self.targets.geometry);
        // The stride of a single stripe is unused and unbounded, so it is ignored.
        let stride = |geometry: Geometry| if geometry.stripes > 1 { geometry.stripe_stride } else { geometry.bytes };
        Span {
            stripes: sources.stripes,
            stripe_bytes: sources.bytes,
            source_stride: stride(sources),
            target_stride: stride(targets),
            block_bytes: BLOCK_BYTES,
        }
    }

    /// The byte offset of a source in its binding.
    fn source(&self, slot: usize) -> usize {
        slot * self.sources.geometry.slot_stride
    }

    /// The byte offset of a target in its binding.
    fn target(&self, slot: usize) -> usize {
        (slot - self.first_target) * self.targets.geometry.slot_stride
    }
}

/// The part of an arena's buffer that kernels bind.
fn binding(arena: Arena<'_>) -> wgpu::BufferBinding<'_> {
    part(arena.buffer, arena.offset, arena.geometry.extent() as u64)
}

/// A task that fits its arenas.
pub(super) struct Recording<'a> {
    pub(super) gpu: &'a Gpu,
    pub(super) task: Task<'a>,
    pub(super) arenas: Arenas<'a>,
    pub(super) span: Span,
    pub(super) with_checksums: bool,
}

impl Recording<'_> {
    /// Records the commands of the task; none if it has nothing to compute.
    pub(super) fn record(&self, encoder: &mut wgpu::CommandEncoder) -> Result<Recorded, Error> {
        let device = &self.gpu.device;
        if self.is_empty() {
            return Ok(Recorded { device: Arc::clone(device), pending: None, checksums: None });
        }
        let (found_bytes, crc_bytes) = (self.found_bytes(), self.crc_bytes());
        for bytes in [found_bytes, crc_bytes] {
            device.check_size("max_buffer_size", |limits| limits.max_buffer_size, bytes)?;
            check_binding(device, bytes)?;
        }
        device.scoped(
            || self.describe(),
            || {
                use wgpu::BufferUsages as Usage;
                let usage = Usage::STORAGE | Usage::COPY_DST | Usage::COPY_SRC;
                let found = (found_bytes > 0).then(|| device.empty_buffer("found", found_bytes, usage));
                if let Some(found) = &found {
                    encoder.clear_buffer(found, 0, None);
                }
                let crc = (crc_bytes > 0).then(|| device.empty_buffer("checksums", crc_bytes, usage));
                if let Some(crc) = &crc {
                    encoder.clear_buffer(crc, crc_bytes - size_of::<u32>() as u64, None);
                }
                self.record_kernel(encoder, found.as_ref(), crc.as_ref())?;
                let checksums = crc.map(|crc| PendingChecksums::record(device, encoder, &crc, self.checksums()));
                let checksums = checksums.transpose()?;
                let pending = found.map(|found| match self.task {
                    Task::Correct { grs, erased } => self.record_correction(encoder, grs, erased, &found),
                    Task::Check(_) | Task::Write(_) => self.record_findings(encoder, &found),
                });
                Ok(Recorded { device: Arc::clone(device), pending: pending.transpose()?, checksums })
            },
        )?
    }

    /// Records the kernels that write or check, and those that compute checksums.
    fn record_kernel(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        found: Option<&wgpu::Buffer>,
        crc: Option<&wgpu::Buffer>,
    ) -> Result<(), Error> {
        let Self { gpu, arenas, span, .. } = self;
        let matrices = self.task.matrices();
        let work = Work {
            matrices,
            plan_of: match matrices {
                Matrices::One(_) => &[],
                Matrices::PerStripe { of, .. } => of,
            },
            by_position: false,
            source: &|_, slot| arenas.source(slot),
            target: &|_, slot| arenas.target(slot),
            span: *span,
            buffers: Buffers {
                sources: binding(arenas.sources),
                targets: binding(arenas.targets),
                found: found.map(wgpu::Buffer::as_entire_buffer_binding),
                crc: crc.map(wgpu::Buffer::as_entire_buffer_binding),
                addressing: arenas.addressing,
            },
        };
        let tables = gpu.kernels.tables_per_stripe(matrices, span.stripes)?;
        let launch = gpu.kernels.launch(&work, tables.as_ref())?;
        gpu.profile.pass(&gpu.device, encoder, || self.describe(), &work, &launch);
        Ok(())
    }

    /// Records the correction of the blocks in which the check found differences.
    fn record_correction(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        grs: &Grs,
        erased: &Erasures,
        found: &wgpu::Buffer,
    ) -> Result<Pending, Error> {
        let Self { gpu, arenas, span, .. } = self;
        let room = Room::to_be_fetched(&gpu.device, span.blocks(), grs.total_shards())?;
        let correcting = Correcting {
            grs,
            span: *span,
            bytes: span.stripe_bytes,
            place: &|slot| arenas.target(slot),
            patterns: Patterns::new(grs, erased, span.blocks(), |block| span.locate(block)),
            shards: binding(arenas.targets),
            found: found.as_entire_buffer_binding(),
            corrected: None,
        };
        gpu.correctors.record(&gpu.device, &gpu.profile, encoder, &correcting, (&room, 0))?;
        let header = room.record_header(&gpu.device, encoder)?;
        Ok(Pending::Correction { room, header, span: *span })
    }

    /// Records the copy of a check's findings to the host.
    fn record_findings(&self, encoder: &mut wgpu::CommandEncoder, found: &wgpu::Buffer) -> Result<Pending, Error> {
        let download = record_download(&self.gpu.device, encoder, "found", found)?;
        let plan = self.task.matrices().plans()[0].clone();
        Ok(Pending::Check { download, plan, span: self.span })
    }

    /// Whether there is nothing to compute.
    fn is_empty(&self) -> bool {
        // The arenas of all slots that are used have bytes, unless their stripes have none.
        let has_bytes = self.span.stripes > 0 && self.span.stripe_bytes > 0;
        let has_results = self.most(Plan::targets) > 0 || self.with_checksums && self.slots() > 0;
        !has_bytes || !has_results
    }

    /// The slots of the largest plan.
    fn slots(&self) -> usize {
        let slots = |plan: &Plan| plan.sources().len() + plan.targets().len();
        self.task.matrices().plans().iter().map(slots).max().unwrap_or(0)
    }

    /// The sources of the plan that has most of them, or the targets.
    fn most(&self, slots: fn(&Plan) -> &[usize]) -> usize {
        self.task.matrices().plans().iter().map(|plan| slots(plan).len()).max().unwrap_or(0)
    }

    /// Bytes of the findings of a check, with which a correction begins too.
    fn found_bytes(&self) -> u64 {
        let entries = match self.task {
            Task::Write(_) => 0,
            Task::Check(_) | Task::Correct { .. } => self.most(Plan::targets).saturating_mul(self.span.blocks()),
        };
        (entries as u64).saturating_mul(size_of::<Found>() as u64)
    }

    /// The number of checksums, if they are wanted.
    fn checksums(&self) -> usize {
        self.slots().saturating_mul(self.span.blocks())
    }

    /// Bytes of the checksums and of one word after them; 0 if they are not wanted.
    fn crc_bytes(&self) -> u64 {
        let words = if self.with_checksums { self.checksums() as u64 + 1 } else { 0 };
        words.saturating_mul(size_of::<u32>() as u64)
    }

    fn describe(&self) -> String {
        format!("recording a task over {} stripes of {} bytes", self.span.stripes, self.span.stripe_bytes)
    }
}
