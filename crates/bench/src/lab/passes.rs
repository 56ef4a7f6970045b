//! Times passes on a device, the candidates and their ceiling in turn, by the device's own clock.
//!
//! A device that idles lowers its clocks and raises them late. So each measurement is one submission without a gap: first the
//! warm-up, which is the same passes, then the rounds that count. A round runs every candidate once.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use evariste::gpu::{Resident, wgpu};
use evariste::{Gpu, Task};

use super::Lab;
use crate::timing::{ROUNDS, WARM_UP, median};

/// Rounds of one submission: each pass keeps a query set and its buffers until it has run.
const MOST_ROUNDS: usize = 256;
/// Bytes that one submission's checks may take for their results. The library keeps 8 bytes for each block of a target, twice.
const MOST_FOUND_BYTES: usize = 512 << 20;

/// A task on one backend, each candidate on a backend of its own.
pub(crate) struct Candidate<'a> {
    pub(crate) gpu: &'a Gpu,
    pub(crate) task: Task<'a>,
    pub(crate) shards: Resident<'a>,
}

/// What a candidate took.
#[derive(Clone, Debug)]
pub(crate) struct Timing {
    /// The kernel that really ran.
    pub(crate) kernel: &'static str,
    pub(crate) traffic_bytes: u64,
    /// Seconds of each round that counts.
    pub(crate) samples: Vec<f64>,
}

impl Timing {
    /// Traffic in 10^9 bytes a second, at the median.
    pub(crate) fn gbps(&self) -> f64 {
        self.traffic_bytes as f64 / median(&self.samples) / 1e9
    }
}

/// What each candidate took, in their order. `found_bytes` is what one check leaves behind.
pub(crate) fn alternate(lab: &Lab, candidates: &[Candidate<'_>], found_bytes: usize) -> Result<Vec<Timing>> {
    let rounds = |count: usize| -> Result<wgpu::CommandBuffer> {
        let mut encoder = lab.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        for Candidate { gpu, task, shards } in std::iter::repeat_n(candidates, count).flatten() {
            drop(gpu.record(&mut encoder, *task, *shards)?);
        }
        Ok(encoder.finish())
    };
    let take = || candidates.iter().map(|candidate| candidate.gpu.take_profile()).collect::<Result<Vec<_>, _>>();
    // The first round compiles, the second says how long one takes.
    let mut round = Duration::ZERO;
    for _ in 0..2 {
        lab.queue().submit([rounds(1)?]);
        let nanoseconds: f64 = take()?.iter().flatten().map(|pass| pass.nanoseconds).sum();
        round = Duration::from_secs_f64(nanoseconds.max(1.0) / 1e9);
    }
    if lab.software {
        lab.queue().submit([rounds(ROUNDS)?]);
    } else {
        let wanted = (WARM_UP.as_secs_f64() / round.as_secs_f64()).ceil();
        let room = MOST_FOUND_BYTES / (2 * found_bytes * candidates.len()).max(1);
        let most = MOST_ROUNDS.min(room.max(1));
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number, clamped")]
        let chunk = (wanted as usize).clamp(1, most);
        let started = Instant::now();
        // Where one submission cannot hold the whole warm-up, others go before it.
        while wanted > chunk as f64 && started.elapsed() < WARM_UP {
            lab.queue().submit([rounds(chunk)?]);
            take()?;
        }
        let (warm_up, timed) = (rounds(chunk)?, rounds(ROUNDS)?);
        lab.queue().submit([warm_up, timed]);
    }
    take()?
        .into_iter()
        .map(|mut passes| {
            ensure!(passes.len() >= ROUNDS, "the device timed {} passes of {ROUNDS}", passes.len());
            let timed = passes.split_off(passes.len() - ROUNDS);
            let (kernel, traffic_bytes) = (timed[0].kernel, timed[0].traffic_bytes);
            Ok(Timing { kernel, traffic_bytes, samples: timed.iter().map(|pass| pass.nanoseconds / 1e9).collect() })
        })
        .collect()
}
