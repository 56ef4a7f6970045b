//! One device with a backend for each kernel, and other operations on device memory that the suites need.
//!
//! `shards` are the shards of a setup in that memory, `passes` times passes over them, and `trial` verifies results.

pub(crate) mod passes;
pub(crate) mod shards;
pub(crate) mod trial;

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use clap::ValueEnum;
use evariste::gpu::unstable::{Method, Variant};
use evariste::gpu::{Kernel, Options, Resident, wgpu};
use evariste::{Backend, Gpu, Report, Task};
use wgpu::util::DeviceExt;

use crate::record::Device;

const FILL: &str = include_str!("lab/fill.wgsl");
/// Invocations of a workgroup of `fill.wgsl`, each for 16 bytes.
const FILL_GROUP_BYTES: u64 = 256 * 16;
/// Words of an invocation's column in the kernels that only move bytes. Which width is the fastest depends on the
/// device.
const CEILING_WIDTHS: [usize; 3] = [1, 2, 4];
/// The longest wait for a submission.
const HANG: Duration = Duration::from_secs(120);

/// A buffer that the device has no room for.
#[derive(Debug, thiserror::Error)]
#[error("{bytes} bytes do not fit the device: {reason}")]
pub(crate) struct NoRoom {
    pub(crate) bytes: usize,
    pub(crate) reason: String,
}

/// A kernel of the GPU backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KernelName {
    /// The matrix is data
    Table,
    /// The matrix is part of the kernel's text
    Compiled,
}

/// One device and its backends. Each backend has its own profile, so that their times can be distinguished.
pub(crate) struct Lab {
    table: Gpu,
    compiled: Gpu,
    /// Backends for the jobs that only move bytes.
    pub(crate) ceilings: Vec<Gpu>,
    name: String,
    driver: String,
    /// Whether it is a software adapter, which computes on the CPU.
    pub(crate) software: bool,
    fill: wgpu::ComputePipeline,
}

impl Lab {
    pub(crate) fn open() -> Result<Self> {
        let options = |kernel, variant| {
            let mut options = Options::default();
            options.kernel = Some(kernel);
            options.tuning().variant = variant;
            options.tuning().profile = true;
            options
        };
        let table = Gpu::open(&options(Kernel::Table, None)).context("cannot open a GPU")?;
        let (device, queue) = (table.device(), table.queue());
        let compiled = |variant| Gpu::with_device(device.clone(), queue.clone(), &options(Kernel::Compiled, variant));
        let moving = |width| Variant { width, method: Method::Rows { group: 1 }, rows: 256, workgroup: 256 };
        let ceiling = |width| compiled(Some(moving(width)));
        let ceilings = CEILING_WIDTHS.map(ceiling).into_iter().collect::<Result<_, _>>()?;
        let compiled = compiled(None)?;
        let (name, driver) = names(device);
        let fill = pipeline(device, "fill", FILL)?;
        Ok(Self { compiled, ceilings, software: table.info().software, name, driver, fill, table })
    }

    pub(crate) fn gpu(&self, kernel: KernelName) -> &Gpu {
        match kernel {
            KernelName::Table => &self.table,
            KernelName::Compiled => &self.compiled,
        }
    }

    /// The other kernel, which checks the results of this one.
    pub(crate) fn witness(&self, kernel: KernelName) -> &Gpu {
        match kernel {
            KernelName::Table => &self.compiled,
            KernelName::Compiled => &self.table,
        }
    }

    pub(crate) fn device(&self) -> &wgpu::Device {
        self.table.device()
    }

    pub(crate) fn queue(&self) -> &wgpu::Queue {
        self.table.queue()
    }

    /// A buffer that kernels can bind as a whole.
    pub(crate) fn buffer(&self, bytes: usize) -> Result<wgpu::Buffer> {
        let limits = self.device().limits();
        let most = limits.max_buffer_size.min(limits.max_storage_buffer_binding_size);
        if bytes as u64 > most {
            return Err(NoRoom { bytes, reason: format!("it binds at most {most} bytes") }.into());
        }
        use wgpu::BufferUsages as Usage;
        let descriptor = wgpu::BufferDescriptor {
            label: Some("shards"),
            size: bytes as u64,
            usage: Usage::STORAGE | Usage::COPY_SRC | Usage::COPY_DST,
            mapped_at_creation: false,
        };
        scoped(self.device(), || self.device().create_buffer(&descriptor)).map_err(|error| match error {
            wgpu::Error::OutOfMemory { .. } => NoRoom { bytes, reason: "its memory is full".to_owned() }.into(),
            error => anyhow::Error::new(error).context("cannot make a buffer"),
        })
    }

    /// Fills a buffer with random words.
    pub(crate) fn fill(&self, buffer: &wgpu::Buffer, seed: u64) -> Result<()> {
        let device = self.device();
        let groups = u32::try_from(buffer.size().div_ceil(FILL_GROUP_BYTES))?;
        let rows = groups.div_ceil(device.limits().max_compute_workgroups_per_dimension);
        let seed = seed.to_le_bytes();
        let [a, b, c, d, ..] = seed;
        scoped(device, || {
            let params = device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
                label: Some("seed"),
                contents: &[a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
                usage: wgpu::BufferUsages::UNIFORM,
            });
            let bind_group = bind_group(device, &self.fill, &[&params, buffer]);
            let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            pass.set_pipeline(&self.fill);
            pass.set_bind_group(0, &bind_group, &[]);
            pass.dispatch_workgroups(groups.div_ceil(rows), rows, 1);
            drop(pass);
            self.queue().submit([encoder.finish()]);
        })
        .context("cannot fill a buffer")
    }

    /// The device, with the one thread that records passes and waits for them.
    pub(crate) fn named(&self) -> Device {
        Device { name: self.name.clone(), driver: self.driver.clone(), threads: 1 }
    }

    /// Runs a task and returns its report.
    pub(crate) fn run(&self, gpu: &Gpu, task: Task<'_>, shards: Resident<'_>) -> Result<Report> {
        let mut encoder = self.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let recorded = gpu.record(&mut encoder, task, shards)?;
        self.queue().submit([encoder.finish()]);
        // These runs are not timed.
        gpu.take_profile()?;
        Ok(recorded.report()?)
    }

    /// Downloads pieces of buffers, one after another. Offsets and lengths are multiples of 4.
    pub(crate) fn download(&self, pieces: &[(&wgpu::Buffer, usize, usize)]) -> Result<Vec<u8>> {
        let device = self.device();
        let bytes: usize = pieces.iter().map(|(_, _, bytes)| bytes).sum();
        let (sender, mapped) = std::sync::mpsc::channel();
        let staging = scoped(device, || {
            let staging = device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("download"),
                size: bytes as u64,
                usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
                mapped_at_creation: false,
            });
            let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            let mut at = 0;
            for &(buffer, offset, bytes) in pieces {
                encoder.copy_buffer_to_buffer(buffer, offset as u64, &staging, at, bytes as u64);
                at += bytes as u64;
            }
            self.queue().submit([encoder.finish()]);
            // The receiver lives until the callback has run.
            staging.map_async(wgpu::MapMode::Read, .., move |result| drop(sender.send(result)));
            staging
        })
        .context("cannot download from the device")?;
        wait(device)?;
        mapped.try_recv().context("the device dropped a download")??;
        let bytes = staging.get_mapped_range(..).map_err(|error| anyhow!("cannot read a download: {error}"))?.to_vec();
        Ok(bytes)
    }

    /// Flips one bit of a byte of device memory.
    pub(crate) fn flip(&self, buffer: &wgpu::Buffer, at: usize, bit: u32) -> Result<()> {
        let word = at / 4 * 4;
        let mut bytes = self.download(&[(buffer, word, 4)])?;
        bytes[at - word] ^= 1 << bit;
        scoped(self.device(), || {
            self.queue().write_buffer(buffer, word as u64, &bytes);
            self.queue().submit([]);
        })
        .context("cannot flip a bit")
    }
}

/// The names of the device and of its driver, as the driver gives them.
pub(crate) fn names(device: &wgpu::Device) -> (String, String) {
    let info = device.adapter_info();
    (info.name, format!("{} {}", info.driver, info.driver_info).trim().to_owned())
}

/// A compute pipeline of one of the laboratory's shaders, `fill.wgsl` or `field.wgsl`.
pub(crate) fn pipeline(device: &wgpu::Device, name: &str, text: &str) -> Result<wgpu::ComputePipeline> {
    scoped(device, || {
        let source = wgpu::ShaderSource::Wgsl(text.into());
        let descriptor = wgpu::ShaderModuleDescriptor { label: Some(name), source };
        // Unchecked: checks of every lookup and of every loop would be timed with the arithmetic.
        // SAFETY: both shaders compare indices into buffers of any size with arrayLength. They index the tables and the
        // workgroup's arrays by bytes, and by sums and differences of logarithms, for which the tables have room
        // (suites/field/registers.rs). Every loop counts to a bound.
        let module = unsafe { device.create_shader_module_trusted(descriptor, wgpu::ShaderRuntimeChecks::unchecked()) };
        device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(name),
            layout: None,
            module: &module,
            entry_point: Some(name),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            cache: None,
        })
    })
    .with_context(|| format!("cannot compile {name}"))
}

/// A bind group of whole buffers at the bindings 0, 1, ...
pub(crate) fn bind_group(
    device: &wgpu::Device,
    pipeline: &wgpu::ComputePipeline,
    buffers: &[&wgpu::Buffer],
) -> wgpu::BindGroup {
    let entries: Vec<_> = (0..)
        .zip(buffers)
        .map(|(binding, buffer)| wgpu::BindGroupEntry { binding, resource: buffer.as_entire_binding() })
        .collect();
    let layout = pipeline.get_bind_group_layout(0);
    device.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout: &layout, entries: &entries })
}

/// Runs calls to the device and returns their result, or the error that they caused.
pub(crate) fn scoped<T>(device: &wgpu::Device, calls: impl FnOnce() -> T) -> Result<T, wgpu::Error> {
    use wgpu::ErrorFilter::{Internal, OutOfMemory, Validation};
    let scopes = [Validation, Internal, OutOfMemory].map(|filter| device.push_error_scope(filter));
    let result = calls();
    // Scopes form a stack.
    let found = scopes.into_iter().rev().fold(None, |found, scope| pollster::block_on(scope.pop()).or(found));
    found.map_or(Ok(result), Err)
}

/// Waits for everything submitted so far.
pub(crate) fn wait(device: &wgpu::Device) -> Result<()> {
    let poll = wgpu::PollType::Wait { submission_index: None, timeout: Some(HANG) };
    device.poll(poll).context("the device does not answer")?;
    Ok(())
}
