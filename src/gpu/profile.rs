//! Profiles: the time that each pass took on the device, and the bytes that it moved.

use std::sync::{Mutex, PoisonError};

use super::device::Device;
use super::import::visible_to_host;
use super::launch::Launch;
use super::work::Work;
use crate::Error;

/// The number of passes whose times are kept until they are read. Older ones are dropped.
const REMEMBERED: usize = 4096;

/// One pass over the device's memory, by the device's own clock.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PassTime {
    /// The kernel: `table` or `compiled`, followed by `, crc` if a pass for the checksums follows, or preceded by `invert, ` if
    /// the device computes the tables; `fused` if one kernel computes both; `crc` for checksums alone; `correct` for the part of
    /// a correction after its check.
    pub kernel: &'static str,
    /// Sources and targets of the plan.
    pub sources: usize,
    /// Targets of the plan.
    pub targets: usize,
    /// Bytes read and written: every source and every target once. A correction really reads only the blocks with differences.
    pub traffic_bytes: u64,
    /// Time from the start of the pass to its end, in nanoseconds.
    pub nanoseconds: f64,
}

/// The passes whose times have not been read yet. Empty unless the device was opened with `profile`.
pub(super) struct Profile {
    pending: Option<Mutex<Vec<Pending>>>,
}

struct Pending {
    time: PassTime,
    stamps: wgpu::Buffer,
}

impl Profile {
    pub(super) fn new(enabled: bool) -> Self {
        Self { pending: enabled.then(Mutex::default) }
    }

    /// Records the compute pass of a launch, and its times if they are wanted.
    pub(super) fn pass(
        &self,
        device: &Device,
        encoder: &mut wgpu::CommandEncoder,
        label: impl Fn() -> String,
        work: &Work<'_>,
        launch: &Launch,
    ) {
        let plans = work.matrices.plans();
        let most = |count: fn(&crate::Plan) -> usize| plans.iter().map(count).max().unwrap_or(0);
        let time = PassTime {
            kernel: launch.kernel,
            sources: most(|plan| plan.sources().len()),
            targets: most(|plan| plan.targets().len()),
            traffic_bytes: work.traffic_bytes(),
            nanoseconds: 0.0,
        };
        self.timed(device, encoder, label, time, |pass| launch.dispatch(device, pass));
    }

    /// Records one compute pass, whose values except the time are already known.
    pub(super) fn timed(
        &self,
        device: &Device,
        encoder: &mut wgpu::CommandEncoder,
        label: impl Fn() -> String,
        time: PassTime,
        dispatch: impl FnOnce(&mut wgpu::ComputePass<'_>),
    ) {
        let label = if cfg!(debug_assertions) { label() } else { String::new() };
        let descriptor = wgpu::ComputePassDescriptor { label: Some(&label), timestamp_writes: None };
        let Some(pending) = &self.pending else {
            return dispatch(&mut encoder.begin_compute_pass(&descriptor));
        };
        let queries = device.device.create_query_set(&wgpu::QuerySetDescriptor {
            label: None,
            ty: wgpu::QueryType::Timestamp,
            count: 2,
        });
        let timestamp_writes = wgpu::ComputePassTimestampWrites {
            query_set: &queries,
            beginning_of_pass_write_index: Some(0),
            end_of_pass_write_index: Some(1),
        };
        let timed = wgpu::ComputePassDescriptor { timestamp_writes: Some(timestamp_writes), ..descriptor };
        dispatch(&mut encoder.begin_compute_pass(&timed));
        let buffer = |usage| device.empty_buffer("stamps", 16, usage);
        let resolved = buffer(wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC);
        let stamps = buffer(wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST);
        encoder.resolve_query_set(&queries, 0..2, &resolved, 0);
        encoder.copy_buffer_to_buffer(&resolved, 0, &stamps, 0, 16);
        visible_to_host(encoder, &stamps);
        let mut pending = pending.lock().unwrap_or_else(PoisonError::into_inner);
        if pending.len() == REMEMBERED {
            pending.remove(0);
        }
        pending.push(Pending { time, stamps });
    }

    /// Waits for the passes submitted so far and returns their times, oldest first.
    ///
    /// # Errors
    /// A device error, also if a recorded pass was never submitted.
    pub(super) fn take(&self, device: &Device) -> Result<Vec<PassTime>, Error> {
        let Some(pending) = &self.pending else { return Ok(Vec::new()) };
        let pending = std::mem::take(&mut *pending.lock().unwrap_or_else(PoisonError::into_inner));
        let period = f64::from(device.queue.get_timestamp_period());
        let read = |Pending { mut time, stamps }: Pending| {
            let bytes = device.read(&stamps, || "reading time stamps".to_owned())?;
            let stamp = |at: usize| u64::from_le_bytes(*bytes[at..].first_chunk().expect("two stamps of 8 bytes"));
            #[expect(clippy::cast_precision_loss, reason = "a pass takes fewer than 2^53 ticks")]
            let ticks = stamp(8).wrapping_sub(stamp(0)) as f64;
            if stamp(8) == 0 {
                return Err(device.unsubmitted("reading time stamps".to_owned()));
            }
            time.nanoseconds = ticks * period;
            Ok(time)
        };
        pending.into_iter().map(read).collect()
    }
}
