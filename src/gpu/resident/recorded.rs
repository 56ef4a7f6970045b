//! Recorded tasks, and their results once their commands have been submitted.

use std::fmt;
use std::sync::Arc;

use crate::backend::{BLOCK_BYTES, Report};
use crate::gpu::correct::Room;
use crate::gpu::device::Device;
use crate::gpu::import::visible_to_host;
use crate::gpu::launch::{Found, Span};
use crate::{Error, Plan};

/// A recorded task. After its commands have been submitted, its methods return the results of the check or correction.
/// It keeps the device it was recorded for, so its methods need no [`Gpu`](crate::Gpu).
#[must_use = "only the recorded task can return what its check or correction found"]
pub struct Recorded {
    pub(super) device: Arc<Device>,
    pub(super) pending: Option<Pending>,
    pub(super) checksums: Option<PendingChecksums>,
}

impl fmt::Debug for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorded").finish_non_exhaustive()
    }
}

/// The results of a check or correction, in buffers that the host can read.
pub(super) enum Pending {
    Check { download: wgpu::Buffer, plan: Plan, span: Span },
    Correction { room: Room, header: wgpu::Buffer, span: Span },
}

/// The checksums of a task, in a buffer that the host can read.
pub(super) struct PendingChecksums {
    download: wgpu::Buffer,
    /// The number of checksums. The word after them becomes zero only when the recorded copy runs.
    count: usize,
}

/// Records the copy of a buffer to one that the host can read. Every byte of it is 0xff until the recorded copy runs.
pub(super) fn record_download(
    device: &Device,
    encoder: &mut wgpu::CommandEncoder,
    label: &'static str,
    from: &wgpu::Buffer,
) -> Result<wgpu::Buffer, Error> {
    let bytes = usize::try_from(from.size()).expect("the size of a buffer that the host reads is a usize");
    let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
    let download = device.buffer(label, usage, &vec![0xff; bytes])?;
    encoder.copy_buffer_to_buffer(from, 0, &download, 0, None);
    visible_to_host(encoder, &download);
    Ok(download)
}

impl PendingChecksums {
    /// Records the copy of `count` checksums, and of the zero after them, to the host.
    pub(super) fn record(
        device: &Device,
        encoder: &mut wgpu::CommandEncoder,
        computed: &wgpu::Buffer,
        count: usize,
    ) -> Result<Self, Error> {
        Ok(Self { download: record_download(device, encoder, "checksums", computed)?, count })
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
