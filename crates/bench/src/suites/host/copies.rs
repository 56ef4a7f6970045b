//! The ceiling: the speed of copies to the device, from it, and both ways at once.
//!
//! A buffer that the host maps to read is in the host's memory, so a copy out of it or into it crosses PCIe. (A buffer mapped
//! to write may be in the device's memory.) Each piece has its own buffers, so that no copy waits for another.

use std::time::Instant;

use anyhow::{Context, Result};
use evariste::Gpu;
use evariste::gpu::wgpu;
use wgpu::BufferUsages as Usage;

use crate::lab::{scoped, wait};
use crate::timing::median;

/// Buffers in each direction.
const PIECES: usize = 8;
/// Bytes of each: 256 MiB a direction.
const PIECE_BYTES: u64 = 32 << 20;
const SOFTWARE_PIECE_BYTES: u64 = 128 << 10;

pub(super) struct Copies {
    device: wgpu::Device,
    queue: wgpu::Queue,
    piece_bytes: u64,
    to_device: Vec<Pair>,
    from_device: Vec<Pair>,
}

/// A copy's two ends.
struct Pair {
    source: wgpu::Buffer,
    target: wgpu::Buffer,
}

/// Seconds for the copies of all pieces.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seconds {
    to_device: f64,
    from_device: f64,
    both: f64,
}

/// 10^9 bytes a second; `both` is the sum of the two directions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gbps {
    pub(super) to_device: f64,
    pub(super) from_device: f64,
    pub(super) both: f64,
}

impl Copies {
    /// Makes the buffers; `None`, with a warning, if the device cannot copy from memory that the host maps.
    pub(super) fn new(gpu: &Gpu, software: bool) -> Result<Option<Self>> {
        let (device, queue) = (gpu.device().clone(), gpu.queue().clone());
        if !device.features().contains(wgpu::Features::MAPPABLE_PRIMARY_BUFFERS) {
            log::warn!(
                "no ceiling: the device cannot copy from a buffer that the host maps (it lacks MAPPABLE_PRIMARY_BUFFERS)"
            );
            return Ok(None);
        }
        let piece_bytes = if software { SOFTWARE_PIECE_BYTES } else { PIECE_BYTES };
        let buffer = |usage| {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("copies"),
                size: piece_bytes,
                usage: usage | Usage::COPY_SRC | Usage::COPY_DST,
                mapped_at_creation: false,
            })
        };
        let (host, resident) = (|| buffer(Usage::MAP_READ), || buffer(Usage::empty()));
        let (to_device, from_device) = scoped(&device, || {
            let to_device = (0..PIECES).map(|_| Pair { source: host(), target: resident() }).collect();
            let from_device = (0..PIECES).map(|_| Pair { source: resident(), target: host() }).collect();
            (to_device, from_device)
        })
        .context("cannot make the buffers of the ceiling")?;
        Ok(Some(Self { device, queue, piece_bytes, to_device, from_device }))
    }

    /// Copies every piece to the device, then from it, then both ways at once.
    pub(super) fn time(&self) -> Result<Seconds> {
        let both = self.to_device.iter().zip(&self.from_device).flat_map(|(to, from)| [to, from]);
        Ok(Seconds {
            to_device: self.copy(self.to_device.iter())?,
            from_device: self.copy(self.from_device.iter())?,
            both: self.copy(both)?,
        })
    }

    pub(super) fn gbps(&self, seconds: &Seconds) -> Gbps {
        let rate = |pieces: usize, seconds: f64| pieces as f64 * self.piece_bytes as f64 / seconds / 1e9;
        Gbps {
            to_device: rate(PIECES, seconds.to_device),
            from_device: rate(PIECES, seconds.from_device),
            both: rate(2 * PIECES, seconds.both),
        }
    }

    /// Seconds from submitting these copies to their end.
    fn copy<'a>(&'a self, pairs: impl Iterator<Item = &'a Pair>) -> Result<f64> {
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut started = Instant::now();
        scoped(&self.device, || {
            pairs.for_each(|pair| {
                encoder.copy_buffer_to_buffer(&pair.source, 0, &pair.target, 0, self.piece_bytes);
            });
            let commands = encoder.finish();
            started = Instant::now();
            self.queue.submit([commands]);
        })
        .context("cannot copy between host and device")?;
        wait(&self.device)?;
        Ok(started.elapsed().as_secs_f64())
    }
}

/// The median of each.
pub(super) fn medians(rounds: &[Seconds]) -> Seconds {
    let of = |seconds: fn(&Seconds) -> f64| median(&rounds.iter().map(seconds).collect::<Vec<_>>());
    Seconds { to_device: of(|s| s.to_device), from_device: of(|s| s.from_device), both: of(|s| s.both) }
}
