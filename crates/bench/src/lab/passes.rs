//! Times passes on a device by the device's own clock, the candidates and their ceiling in turn.
//!
//! An idle device lowers its clocks and raises them with a delay. So each measurement is one submission without a gap:
//! first a warm-up of the same passes, then the rounds that count. A round runs every candidate once.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use evariste::gpu::{Resident, wgpu};
use evariste::{Gpu, Task};

use super::Lab;
use crate::timing::{ROUNDS, WARM_UP, median};

/// The most rounds of one submission, because each pass keeps a query set and its buffers until it has run.
const MOST_ROUNDS: usize = 256;
/// The most bytes for the results of one submission's checks. The library keeps 8 bytes for each block of a target,
/// twice.
const MOST_FOUND_BYTES: usize = 512 << 20;

/// A task, its shards, and the backend that runs it. Each candidate needs its own backend.
pub(crate) struct Candidate<'a> {
    pub(crate) gpu: &'a Gpu,
    pub(crate) task: Task<'a>,
    pub(crate) shards: Resident<'a>,
}

/// The measured times of a candidate.
#[derive(Clone, Debug)]
pub(crate) struct Timing {
    /// The kernel that ran.
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

/// Times the candidates and returns their times in the same order. `found_bytes` is the size of the results of one
/// check.
pub(crate) fn alternate(lab: &Lab, candidates: &[Candidate<'_>], found_bytes: usize) -> Result<Vec<Timing>> {
    let rounds = |count: usize| -> Result<wgpu::CommandBuffer> {
        let mut encoder = lab.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        for Candidate { gpu, task, shards } in std::iter::repeat_n(candidates, count).flatten() {
            drop(gpu.record(&mut encoder, *task, *shards)?);
        }
        Ok(encoder.finish())
    };
    let take = || candidates.iter().map(|candidate| candidate.gpu.take_profile()).collect::<Result<Vec<_>, _>>();
    // The first round compiles the kernels. The second shows how long a round takes.
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
        // If one submission cannot hold the whole warm-up, other submissions come before it.
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
