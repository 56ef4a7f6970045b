//! One slot of a ring: the buffers of one submission, mapped by the host while the device does not work on them.

use super::PIECE_ALIGNMENT;
use super::cut::Chunk;
use crate::Error;
use crate::backend::HostMemory;
use crate::gpu::correct::Download;
use crate::gpu::device::{Device, Mapped};
use crate::gpu::kernels::Launches;

/// The buffers of one submission.
pub(super) struct Slot {
    /// Written by the host: sources and, in a check, the stored targets. Mapped while the slot is idle.
    pub(super) upload: wgpu::Buffer,
    /// Read by the host: targets, or the findings of a check.
    pub(super) download: wgpu::Buffer,
    /// The device's own copies, if kernels cannot work on mapped buffers.
    pub(super) staged: Option<Staged>,
    /// Findings of checks, counted by the device in its own memory.
    pub(super) found: wgpu::Buffer,
    /// Checksums. Made when they are first wanted.
    pub(super) checksums: Option<Checksums>,
    pub(super) launches: Launches,
    /// The corrections of the submission in flight.
    pub(super) corrections: Option<Download>,
    /// The pieces in it, in order, and the end of the last one.
    pub(super) pieces: Vec<Piece>,
    pub(super) used: usize,
    pub(super) in_flight: Option<InFlight>,
}

/// Device memory in addition to a slot's mapped buffers.
pub(super) struct Staged {
    pub(super) sources: wgpu::Buffer,
    pub(super) targets: wgpu::Buffer,
}

/// The buffer into which the device writes checksums, and the one from which the host reads them.
pub(super) struct Checksums {
    pub(super) computed: wgpu::Buffer,
    pub(super) download: wgpu::Buffer,
}

impl Checksums {
    /// For a slot with buffers of this many bytes. Half is enough, as for findings: there are at most twice as many checksums, of
    /// half the size.
    fn new(device: &Device, slot_bytes: usize) -> Self {
        use wgpu::BufferUsages as Usage;
        let buffer = |usage| device.empty_buffer("checksums", slot_bytes as u64 / 2, usage);
        Self { computed: buffer(Usage::STORAGE | Usage::COPY_SRC), download: buffer(Usage::MAP_READ | Usage::COPY_DST) }
    }
}

/// A chunk of a batch, and its offset in the slot's buffers.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// The job's index in the call.
    pub(super) job: usize,
    pub(super) chunk: Chunk,
    pub(super) base: usize,
}

/// A submission, and the channel that tells when its buffers are mapped again.
pub(super) struct InFlight {
    pub(super) submission: wgpu::SubmissionIndex,
    /// The number of buffers.
    pub(super) buffers: usize,
    pub(super) mapped: Mapped,
}

impl Slot {
    pub(super) fn new(device: &Device, bytes: usize) -> Self {
        use wgpu::BufferUsages as Usage;
        let buffer = |label, size: usize, usage| device.empty_buffer(label, size as u64, usage);
        let upload = |usage| {
            let (label, size, mapped_at_creation) = (Some("upload"), bytes as u64, true);
            device.device.create_buffer(&wgpu::BufferDescriptor { label, size, usage, mapped_at_creation })
        };
        let is_staged = device.memory == HostMemory::Staged || !device.is_mappable();
        // Only what is needed: a mapped buffer that kernels use may lie elsewhere than one that is copied.
        let (host_writes, host_reads) = if is_staged {
            (Usage::COPY_SRC, Usage::COPY_DST)
        } else {
            (Usage::STORAGE, Usage::STORAGE | Usage::COPY_DST)
        };
        let staged = is_staged.then(|| Staged {
            sources: buffer("sources", bytes, Usage::STORAGE | Usage::COPY_DST),
            targets: buffer("targets", bytes, Usage::STORAGE | Usage::COPY_SRC),
        });
        Self {
            upload: upload(Usage::MAP_WRITE | host_writes),
            download: buffer("download", bytes, Usage::MAP_READ | host_reads),
            staged,
            // Half: an entry of 8 bytes for each block, and a block is at least a column of 16.
            found: buffer("found", bytes / 2, Usage::STORAGE | Usage::COPY_DST | Usage::COPY_SRC),
            checksums: None,
            launches: Launches::default(),
            corrections: None,
            pieces: Vec::new(),
            used: 0,
            in_flight: None,
        }
    }

    /// The buffer kernels read sources from, and the one they write targets to.
    pub(super) fn kernel_buffers(&self) -> (&wgpu::Buffer, &wgpu::Buffer) {
        match &self.staged {
            Some(Staged { sources, targets }) => (sources, targets),
            None => (&self.upload, &self.download),
        }
    }

    /// Makes room for checksums, if there is none yet.
    pub(super) fn with_checksums(&mut self, device: &Device) -> Result<(), Error> {
        if self.checksums.is_none() {
            let bytes = usize::try_from(self.upload.size()).expect("its size was a usize");
            let doing = || format!("making room for the checksums of {bytes} bytes");
            self.checksums = Some(device.scoped(doing, || Checksums::new(device, bytes))?);
        }
        Ok(())
    }

    /// Adds a piece after the others and returns its offset.
    pub(super) fn push(&mut self, job: usize, chunk: Chunk, bytes: usize) -> usize {
        let base = self.used;
        self.pieces.push(Piece { job, chunk, base });
        self.used = base + bytes.next_multiple_of(PIECE_ALIGNMENT);
        base
    }

    /// Waits until the submission in flight is done and its buffers are mapped. Returns false if there is no submission.
    pub(super) fn wait(&mut self, device: &Device, doing: impl Fn() -> String) -> Result<bool, Error> {
        let Some(InFlight { submission, buffers, mapped }) = self.in_flight.take() else { return Ok(false) };
        device.wait(Some(submission), &doing)?;
        for _ in 0..buffers {
            device.wait_mapped(&mapped, &doing)?;
        }
        Ok(true)
    }
}
