//! The suite on a GPU: runs `field.wgsl`, timed by the device.

use anyhow::{Context, Result};
use evariste::gf256;
use evariste::gpu::wgpu;
use wgpu::util::DeviceExt;

use super::model::{self, Operation};
use super::{Form, Measured, samples, scaled};
use crate::lab::{Lab, bind_group, pipeline, scoped};
use crate::random::Random;
use crate::timing::{ROUNDS, WARM_UP, median};

const SHADER: &str = include_str!("field.wgsl");
const WORKGROUP_SIZE: usize = 256;
/// More than a large device can run at the same time.
const WORKGROUPS: u32 = 4096;
const SOFTWARE_WORKGROUPS: u32 = 4;
/// Iterations of the first pass, before the time of an iteration is known.
const FIRST_ITERATIONS: u32 = 8;
const STATE_BYTES: usize = 64;
/// The most passes of a warm-up.
const MOST_PASSES: f64 = 1000.0;
/// Stands for `log(0)`. Its sum with any logarithm is the index of a zero in the exponentials.
const LOG_OF_ZERO: usize = 512;

/// One entry point of the shader.
struct Kernel {
    operation: Operation,
    form: Form,
    pipeline: wgpu::ComputePipeline,
}

pub(super) struct Registers<'a> {
    lab: &'a Lab,
    tables: wgpu::Buffer,
    results: wgpu::Buffer,
    workgroups: u32,
}

impl<'a> Registers<'a> {
    pub(super) fn new(lab: &'a Lab) -> Result<Self> {
        let tables = scoped(lab.device(), || {
            lab.device().create_buffer_init(&wgpu::util::BufferInitDescriptor {
                label: Some("tables"),
                contents: &tables(),
                usage: wgpu::BufferUsages::STORAGE,
            })
        })
        .context("cannot load the tables")?;
        let workgroups = if lab.software { SOFTWARE_WORKGROUPS } else { WORKGROUPS };
        let results = lab.buffer(workgroups as usize * WORKGROUP_SIZE * STATE_BYTES)?;
        Ok(Self { lab, tables, results, workgroups })
    }

    pub(super) fn measure(
        &self,
        operation: Operation,
        form: Form,
        inject_fault: bool,
        random: &mut Random,
    ) -> Result<Measured> {
        let name = format!("{}_{}", operation.as_str(), form.as_str().replace('-', "_"));
        let kernel = Kernel { operation, form, pipeline: pipeline(self.lab.device(), &name, SHADER)? };
        let mut iterations = FIRST_ITERATIONS;
        if !self.lab.software {
            // The device may be idle before the first pass.
            for _ in 0..3 {
                let seconds = median(&self.time(&kernel, iterations, 3, 0)?);
                iterations = scaled(iterations, seconds);
            }
        }
        let pass = median(&self.time(&kernel, iterations, 1, 0)?);
        let warm_up = if self.lab.software { 0.0 } else { (WARM_UP.as_secs_f64() / pass).ceil().min(MOST_PASSES) };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number, clamped")]
        let samples = self.time(&kernel, iterations, ROUNDS, warm_up as usize)?;
        Ok(Measured {
            iterations,
            invocations: self.workgroups as usize * WORKGROUP_SIZE,
            samples,
            verified: self.verify(&kernel, iterations, inject_fault, random)?,
        })
    }

    /// Seconds of each of `rounds` passes, after `warm_up` more in the same submission.
    fn time(&self, kernel: &Kernel, iterations: u32, rounds: usize, warm_up: usize) -> Result<Vec<f64>> {
        let device = self.lab.device();
        let count = u32::try_from(2 * rounds)?;
        let resolved = scoped(device, || {
            let queries = device.create_query_set(&wgpu::QuerySetDescriptor {
                label: None,
                ty: wgpu::QueryType::Timestamp,
                count,
            });
            let resolved = device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("stamps"),
                size: u64::from(count) * 8,
                usage: wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: false,
            });
            let bind_group = self.bind_group(kernel, iterations, 0);
            let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            for _ in 0..warm_up {
                self.pass(&mut encoder, kernel, &bind_group, None);
            }
            for first in (0..count).step_by(2) {
                let stamps = wgpu::ComputePassTimestampWrites {
                    query_set: &queries,
                    beginning_of_pass_write_index: Some(first),
                    end_of_pass_write_index: Some(first + 1),
                };
                self.pass(&mut encoder, kernel, &bind_group, Some(stamps));
            }
            encoder.resolve_query_set(&queries, 0..count, &resolved, 0);
            self.lab.queue().submit([encoder.finish()]);
            resolved
        })
        .context("cannot time passes over registers")?;
        let stamps = self.lab.download(&[(&resolved, 0, 16 * rounds)])?;
        let (stamps, _) = stamps.as_chunks::<8>();
        let stamps: Vec<u64> = stamps.iter().map(|&stamp| u64::from_le_bytes(stamp)).collect();
        let period = f64::from(self.lab.queue().get_timestamp_period()) / 1e9;
        Ok(stamps.chunks_exact(2).map(|pair| pair[1].wrapping_sub(pair[0]) as f64 * period).collect())
    }

    /// Whether a sample of invocations ends in the state that the model computes, from fresh elements.
    fn verify(&self, kernel: &Kernel, iterations: u32, inject_fault: bool, random: &mut Random) -> Result<bool> {
        let device = self.lab.device();
        let [a, b, c, d, ..] = random.next().to_le_bytes();
        let seed = u32::from_le_bytes([a, b, c, d]);
        scoped(device, || {
            let bind_group = self.bind_group(kernel, iterations, seed);
            let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            self.pass(&mut encoder, kernel, &bind_group, None);
            self.lab.queue().submit([encoder.finish()]);
        })
        .context("cannot run a pass over registers")?;
        let samples = samples(self.workgroups as usize * WORKGROUP_SIZE, random);
        if inject_fault {
            let at = samples[random.below(samples.len())] * STATE_BYTES + random.below(STATE_BYTES);
            self.lab.flip(&self.results, at, u32::try_from(random.below(8))?)?;
        }
        let pieces: Vec<_> = samples.iter().map(|at| (&self.results, at * STATE_BYTES, STATE_BYTES)).collect();
        let found = self.lab.download(&pieces)?;
        let expected: Vec<u8> = samples
            .iter()
            .flat_map(|&invocation| model::run(kernel.operation, iterations, model::start(invocation, seed)))
            .flatten()
            .collect();
        Ok(found == expected)
    }

    /// The bindings that the form uses.
    fn bind_group(&self, Kernel { form, pipeline, .. }: &Kernel, iterations: u32, seed: u32) -> wgpu::BindGroup {
        let contents: Vec<u8> = [iterations, seed, 0, 0].iter().flat_map(|word| word.to_le_bytes()).collect();
        let params = self.lab.device().create_buffer_init(&wgpu::util::BufferInitDescriptor {
            label: Some("params"),
            contents: &contents,
            usage: wgpu::BufferUsages::UNIFORM,
        });
        let buffers = [&params, &self.results, &self.tables];
        let used = if *form == Form::Packed { &buffers[..2] } else { &buffers };
        bind_group(self.lab.device(), pipeline, used)
    }

    fn pass(
        &self,
        encoder: &mut wgpu::CommandEncoder,
        kernel: &Kernel,
        bind_group: &wgpu::BindGroup,
        timestamp_writes: Option<wgpu::ComputePassTimestampWrites<'_>>,
    ) {
        let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor { label: None, timestamp_writes });
        pass.set_pipeline(&kernel.pipeline);
        pass.set_bind_group(0, bind_group, &[]);
        pass.dispatch_workgroups(self.workgroups, 1, 1);
    }
}

/// Logarithms, exponentials and inverses, one word each. The exponentials are two periods of 2^i, then zeros, which
/// include the sum of two logarithms of zero; after them, 1/a is at 1535 minus the logarithm of a. So zero needs no
/// branch.
fn tables() -> Vec<u8> {
    let log = |a: usize| if a == 0 { LOG_OF_ZERO } else { gf256::LOG[a].into() };
    let exp = |i: usize| match i {
        0..510 => gf256::EXP[i],
        1281..1536 => gf256::EXP[i - 1280],
        _ => 0,
    };
    let inverse = |a: u8| gf256::inv(a).unwrap_or(0);
    let words = (0..256).map(|a| u32::try_from(log(a)).unwrap_or(0));
    let words = words.chain((0..1536).map(|i| exp(i).into())).chain((0..=255).map(|a| inverse(a).into()));
    words.flat_map(u32::to_le_bytes).collect()
}
