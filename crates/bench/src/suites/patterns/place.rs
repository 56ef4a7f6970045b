//! The memory that holds the stripes, and how a task is run on it.

use std::time::Duration;

use anyhow::{Context, Result};
use evariste::gpu::{Arena, Resident, wgpu};
use evariste::memory::Region;
use evariste::{Backend, Batch, Geometry, Gpu, Task, View};

/// The longest wait for a submission.
const HANG: Duration = Duration::from_secs(120);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Memory {
    /// The device's own memory.
    Resident,
    /// Host memory that is registered with the device.
    Registered,
    /// Host memory that is copied to the device and back.
    Slices,
    /// Host memory on which the CPU works.
    Plain,
}

impl Memory {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Resident => "resident",
            Self::Registered => "registered",
            Self::Slices => "slices",
            Self::Plain => "cpu",
        }
    }
}

/// Stripes in one kind of memory, with the backend that reaches them there.
pub(super) struct Place<'a> {
    geometry: Geometry,
    held: Held<'a>,
}

enum Held<'a> {
    Resident(&'a Gpu, wgpu::Buffer),
    Region(&'a Gpu, Region),
    Plain(&'a dyn Backend, Vec<u8>),
}

impl<'a> Place<'a> {
    pub(super) fn new(gpu: &'a Gpu, memory: Memory, geometry: Geometry, contents: &[u8]) -> Result<Self> {
        let held = match memory {
            Memory::Resident => {
                use wgpu::BufferUsages as Usage;
                let buffer = gpu.device().create_buffer(&wgpu::BufferDescriptor {
                    label: Some("stripes"),
                    size: contents.len() as u64,
                    usage: Usage::STORAGE | Usage::COPY_DST | Usage::COPY_SRC,
                    mapped_at_creation: false,
                });
                Held::Resident(gpu, buffer)
            }
            Memory::Registered => Held::Region(gpu, gpu.allocate(contents.len())?),
            Memory::Slices | Memory::Plain => return Ok(Self::plain(gpu, geometry, contents)),
        };
        let mut place = Self { geometry, held };
        place.put(contents)?;
        Ok(place)
    }

    pub(super) fn plain(backend: &'a dyn Backend, geometry: Geometry, contents: &[u8]) -> Self {
        Self { geometry, held: Held::Plain(backend, contents.to_vec()) }
    }

    /// Runs the task and waits for its end.
    pub(super) fn run(&mut self, task: Task<'_>) -> Result<()> {
        let geometry = self.geometry;
        match &mut self.held {
            Held::Resident(gpu, buffer) => {
                let mut encoder = gpu.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
                let arena = Arena { buffer, offset: 0, geometry };
                drop(gpu.record(&mut encoder, task, Resident::Together(arena))?);
                let submission_index = Some(gpu.queue().submit([encoder.finish()]));
                wait(gpu, submission_index)?;
            }
            Held::Region(gpu, region) => {
                let _ = gpu.run(&mut [Batch::new(task, View::arena(region, geometry)?)?])?;
            }
            Held::Plain(backend, memory) => {
                let _ = backend.run(&mut [Batch::new(task, View::arena(memory, geometry)?)?])?;
            }
        }
        Ok(())
    }

    /// Overwrites all stripes.
    pub(super) fn put(&mut self, contents: &[u8]) -> Result<()> {
        match &mut self.held {
            Held::Resident(gpu, buffer) => {
                gpu.queue().write_buffer(buffer, 0, contents);
                let submission_index = Some(gpu.queue().submit([]));
                wait(gpu, submission_index)?;
            }
            Held::Region(_, region) => region[..contents.len()].copy_from_slice(contents),
            Held::Plain(_, memory) => memory.copy_from_slice(contents),
        }
        Ok(())
    }

    /// Reads all stripes.
    pub(super) fn take(&self) -> Result<Vec<u8>> {
        match &self.held {
            Held::Resident(gpu, buffer) => {
                let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
                let (size, mapped_at_creation) = (buffer.size(), false);
                let descriptor = wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation };
                let copy = gpu.device().create_buffer(&descriptor);
                let mut encoder = gpu.device().create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
                encoder.copy_buffer_to_buffer(buffer, 0, &copy, 0, None);
                encoder.map_buffer_on_submit(&copy, wgpu::MapMode::Read, .., |_| ());
                let submission_index = Some(gpu.queue().submit([encoder.finish()]));
                wait(gpu, submission_index)?;
                let mapped = copy.get_mapped_range(..).context("the stripes cannot be read back")?;
                Ok(mapped.to_vec())
            }
            Held::Region(_, region) => Ok(region[..self.geometry.stripes * self.geometry.stripe_stride].to_vec()),
            Held::Plain(_, memory) => Ok(memory.clone()),
        }
    }
}

fn wait(gpu: &Gpu, submission_index: Option<wgpu::SubmissionIndex>) -> Result<()> {
    let poll = wgpu::PollType::Wait { submission_index, timeout: Some(HANG) };
    gpu.device().poll(poll).context("the device does not answer")?;
    Ok(())
}
