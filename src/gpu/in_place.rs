//! Batches over registered memory: kernels access host memory across the bus, and the host copies nothing.

mod found;
mod place;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc;

use super::Gpu;
use super::correct::{Correcting, Download, Patterns, Room};
use super::device::Mapped;
use super::import::visible_to_host;
use super::launch::{Buffers, Found, Mode, part};
use super::work::Work;
use crate::backend::{BLOCK_BYTES, Batch, Erasures, Mismatch, Report, Task};
use crate::crc::Unpad;
use crate::plan::Matrices;
use crate::{Error, Grs, Plan};
use found::FoundBuffers;
pub(super) use found::FoundPool;
use place::Place;
pub(super) use place::place;

/// Alignment of the parts of a buffer for findings, so that any device can bind them.
const FOUND_ALIGNMENT: usize = 256;

/// One batch of a call.
pub(super) struct Job<'b, 'a> {
    /// The batch's index in the call.
    pub(super) index: usize,
    pub(super) batch: &'b mut Batch<'a>,
    pub(super) place: Place,
}

impl Job<'_, '_> {
    /// Bytes of the findings of a check: one entry for each block of each target.
    fn found_bytes(&self) -> usize {
        let entries = |plan: &Plan| plan.targets().len() * self.place.span.blocks() * size_of::<Found>();
        match self.batch.task() {
            Task::Check(plan) => entries(plan),
            Task::Correct { grs, .. } => entries(grs.check_plan()),
            Task::Write(_) => 0,
        }
    }

    /// Bytes of its checksums.
    fn crc_bytes(&self) -> usize {
        self.batch.crc().map_or(0, size_of_val)
    }

    /// Bytes of its results: findings, then checksums.
    fn left_bytes(&self) -> usize {
        self.found_bytes().next_multiple_of(FOUND_ALIGNMENT) + self.crc_bytes().next_multiple_of(FOUND_ALIGNMENT)
    }

    /// Takes the checksums that the device computed.
    fn take_checksums(&mut self, checksums: &[u32]) {
        let (bytes, padded) = (self.batch.view().bytes(), self.place.span.stripe_bytes);
        let Some(crc) = self.batch.crc_mut() else { return };
        crc.copy_from_slice(checksums);
        if bytes < padded {
            let last = bytes - bytes.div_ceil(BLOCK_BYTES).saturating_sub(1) * BLOCK_BYTES;
            Unpad::new(last, last + padded - bytes).apply_to_last(crc, bytes.div_ceil(BLOCK_BYTES));
        }
    }

    /// The mode of the first kernel. A correction begins with a check.
    fn mode(&self) -> Mode {
        if matches!(self.batch.task(), Task::Write(_)) { Mode::Write } else { Mode::Check }
    }

    /// The roles of the slots, if they are to be corrected.
    fn corrects(&self) -> Option<(&Grs, &Erasures)> {
        match self.batch.task() {
            Task::Correct { grs, erased } => Some((grs, erased)),
            Task::Write(_) | Task::Check(_) => None,
        }
    }
}

/// The most bytes that one submission moves, so that it ends long before the system considers it hung.
const SUBMISSION_BYTES: usize = 4 << 30;

/// Runs all jobs and returns their findings. Uses one submission unless the jobs move gigabytes. The host runs `meanwhile` at
/// the same time. When this returns, with a result or an error, the device no longer works on the jobs' memory.
pub(super) fn run(
    gpu: &Gpu,
    jobs: &mut [Job<'_, '_>],
    meanwhile: impl FnOnce() -> Result<(), Error>,
) -> Result<Report, Error> {
    let mut parts = parts(jobs, |job| job.batch.traffic_bytes(), SUBMISSION_BYTES);
    let mut found = run_part(gpu, parts.next().unwrap_or(&mut []), meanwhile)?;
    for part in parts {
        found.join(run_part(gpu, part, || Ok(()))?);
    }
    Ok(found)
}

/// Splits items into runs of at most this many bytes. A larger item is a run of its own.
fn parts<T>(items: &mut [T], bytes: impl Fn(&T) -> usize, most: usize) -> impl Iterator<Item = &mut [T]> {
    let mut sum = items.first().map_or(0, &bytes);
    items.chunk_by_mut(move |_, next| {
        let with_next = sum.saturating_add(bytes(next));
        let fits = with_next <= most;
        sum = if fits { with_next } else { bytes(next) };
        fits
    })
}

/// Submits the jobs together, waits for them, and returns their findings.
fn run_part(
    gpu: &Gpu,
    jobs: &mut [Job<'_, '_>],
    meanwhile: impl FnOnce() -> Result<(), Error>,
) -> Result<Report, Error> {
    if jobs.is_empty() {
        return meanwhile().map(|()| Report::default());
    }
    let bytes: usize = jobs.iter().map(|job| job.batch.traffic_bytes()).fold(0, usize::saturating_add);
    let doing = || format!("working on {bytes} bytes of registered memory");
    // A panic must not skip the wait: a submission may run callbacks of the program, and `meanwhile` may run any other work in
    // the thread pool.
    let mut submission = None;
    let done = catch_unwind(AssertUnwindSafe(|| {
        let (index, findings) = submit(gpu, jobs, doing)?;
        submission = Some(index);
        meanwhile()?;
        Ok(findings)
    }));
    let settled = gpu.device.settle(submission, doing);
    let findings = done.unwrap_or_else(|panic| resume_unwind(panic))?;
    settled?;
    match findings {
        Some(findings) => take_found(gpu, jobs, findings),
        None => Ok(Report::default()),
    }
}

/// The results of checks and corrections, readable once their buffer is mapped.
struct Findings {
    buffers: FoundBuffers,
    mapped: Mapped,
    corrections: Option<Download>,
}

fn submit(
    gpu: &Gpu,
    jobs: &[Job<'_, '_>],
    doing: impl Fn() -> String,
) -> Result<(wgpu::SubmissionIndex, Option<Findings>), Error> {
    let device = &*gpu.device;
    let found_bytes: usize = jobs.iter().map(Job::left_bytes).sum();
    let found = if found_bytes > 0 { Some(gpu.found.take(device, found_bytes)?) } else { None };
    let corrected: Vec<_> = jobs.iter().filter_map(|job| Some((job, job.corrects()?.0))).collect();
    let sizes = corrected.iter().map(|(job, grs)| (job.place.span.blocks(), grs.total_shards()));
    let room = if corrected.is_empty() { None } else { Some(gpu.correctors.rooms.take(device, sizes)?) };
    device.scoped(doing, || {
        let mut encoder = device.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        if let Some(found) = &found {
            encoder.clear_buffer(&found.found, 0, Some(found_bytes as u64));
        }
        let (mut offset, mut at) = (0, 0);
        for job in jobs {
            let mut take = |bytes: usize| {
                let taken = found.as_ref().filter(|_| bytes > 0).map(|all| part(&all.found, offset, bytes as u64));
                offset += bytes.next_multiple_of(FOUND_ALIGNMENT) as u64;
                taken
            };
            let (found, crc) = (take(job.found_bytes()), take(job.crc_bytes()));
            record(gpu, &mut encoder, job, found.clone(), crc)?;
            if let (Some(_), Some(found), Some(room)) = (job.corrects(), found, &room) {
                record_correction(gpu, &mut encoder, job, found, room.room(), at)?;
                at += 1;
            }
        }
        for job in jobs.iter().filter(|job| !matches!(job.batch.task(), Task::Check(_))) {
            visible_to_host(&mut encoder, &job.place.targets.range.buffer);
        }
        let findings = found.map(|buffers| {
            let (sender, mapped) = mpsc::channel();
            encoder.copy_buffer_to_buffer(&buffers.found, 0, &buffers.download, 0, found_bytes as u64);
            visible_to_host(&mut encoder, &buffers.download);
            // The receiver lives until the callback has run, or nobody waits for it.
            let note = move |result| drop(sender.send(result));
            encoder.map_buffer_on_submit(&buffers.download, wgpu::MapMode::Read, .., note);
            let corrections = room.map(|room| room.record_download(&mut encoder));
            Findings { buffers, mapped, corrections }
        });
        Ok((device.queue.submit([encoder.finish()]), findings))
    })?
}

fn record(
    gpu: &Gpu,
    encoder: &mut wgpu::CommandEncoder,
    job: &Job<'_, '_>,
    found: Option<wgpu::BufferBinding<'_>>,
    crc: Option<wgpu::BufferBinding<'_>>,
) -> Result<(), Error> {
    let Job { batch, place, .. } = job;
    let matrices = batch.task().matrices();
    let source = |_: usize, slot: usize| place.sources.place(batch.view(), slot);
    let target = |_: usize, slot: usize| place.targets.place(batch.view(), slot);
    let work = Work {
        matrices,
        plan_of: match matrices {
            Matrices::One(_) => &[],
            Matrices::PerStripe { of, .. } => of,
        },
        by_position: false,
        source: &source,
        target: &target,
        span: place.span,
        buffers: Buffers {
            sources: place.sources.binding(),
            targets: place.targets.binding(),
            found,
            crc,
            addressing: place.addressing,
        },
    };
    let tables = gpu.kernels.tables_per_stripe(matrices, place.span.stripes)?;
    let launch = place.targets.range.launches.launch(&gpu.kernels, &work, tables.as_ref())?;
    let label =
        || format!("{:?} in place, {} stripes of {} bytes", job.mode(), place.span.stripes, place.span.stripe_bytes);
    gpu.profile.pass(&gpu.device, encoder, label, &work, &launch);
    Ok(())
}

/// Records correction number `at` of the room, which follows the check of its job.
fn record_correction(
    gpu: &Gpu,
    encoder: &mut wgpu::CommandEncoder,
    job: &Job<'_, '_>,
    found: wgpu::BufferBinding<'_>,
    room: &Room,
    at: usize,
) -> Result<(), Error> {
    let Some((grs, erased)) = job.corrects() else { return Ok(()) };
    let Job { batch, place, .. } = job;
    let correcting = Correcting {
        grs,
        span: place.span,
        bytes: batch.view().bytes(),
        place: &|slot| place.targets.place(batch.view(), slot),
        patterns: Patterns::new(grs, erased, place.span.blocks(), |block| place.span.locate(block)),
        shards: place.targets.binding(),
        found,
        corrected: None,
    };
    gpu.correctors.record(&gpu.device, &gpu.profile, encoder, &correcting, (room, at))
}

/// Reads the findings and the checksums, and returns the buffers.
fn take_found(gpu: &Gpu, jobs: &mut [Job<'_, '_>], findings: Findings) -> Result<Report, Error> {
    let doing = || "reading findings and checksums".to_owned();
    let Findings { buffers, mapped, corrections } = findings;
    gpu.device.wait_mapped(&mapped, doing)?;
    let mut report = Report::default();
    {
        let download = buffers.download.get_mapped_range(..);
        let download = download.map_err(|error| gpu.device.failed(doing(), error))?;
        let mut offset = 0;
        for job in &mut *jobs {
            let bytes = job.found_bytes();
            let entries: &[Found] = bytemuck::cast_slice(&download[offset..offset + bytes]);
            if let Task::Check(plan) = job.batch.task() {
                // Padding is zero (`View::arena_padded`) and never differs. If a caller did not keep it zero, at least no mismatch
                // outside of the slot's bytes is reported; the counts and checksums of its last blocks are wrong.
                let bytes = job.batch.view().bytes();
                let found = Found::mismatches(entries, plan, job.place.span).filter(|found| found.first < bytes);
                report.mismatches.extend(found.map(|found| Mismatch { batch: job.index, ..found }));
            }
            let at = offset + job.found_bytes().next_multiple_of(FOUND_ALIGNMENT);
            offset += job.left_bytes();
            job.take_checksums(bytemuck::cast_slice(&download[at..at + job.crc_bytes()]));
        }
    }
    buffers.download.unmap();
    gpu.found.put_back(buffers);
    if let Some(corrections) = corrections {
        let corrected: Vec<_> = jobs.iter().filter(|job| job.corrects().is_some()).collect();
        let room = corrections.read(&gpu.device, |at, outcome| {
            let (stripe, block) = corrected[at].place.span.locate(outcome.block);
            outcome.add_to(&mut report, corrected[at].index, stripe, block * BLOCK_BYTES);
        })?;
        gpu.correctors.rooms.put_back(room);
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_as_large_as_they_may_be() {
        let cut = |sizes: &[usize]| {
            parts(&mut sizes.to_vec(), |&size| size, 10).map(|part| part.to_vec()).collect::<Vec<_>>()
        };
        assert_eq!(cut(&[]), Vec::<Vec<usize>>::new());
        assert_eq!(cut(&[4, 6, 1]), [vec![4, 6], vec![1]]);
        assert_eq!(cut(&[11, 1, 9, 10, usize::MAX, 2]), [vec![11], vec![1, 9], vec![10], vec![usize::MAX], vec![2]]);
    }
}
