//! Shards in device memory: a caller's device, its buffers, and tasks recorded over them.

use evariste::backend::HostMemory;
use evariste::gpu::{Kernel, Options, Resident, wgpu};
use evariste::{Gpu, Report, Task};

/// A device with WebGPU's default limits and no feature, as any caller may hold.
pub(crate) fn plain_device() -> (wgpu::Device, wgpu::Queue) {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let adapter = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::all())).remove(0);
    pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor::default())).unwrap()
}

/// A backend with a kernel on such a device.
pub(crate) fn gpu_with(kernel: Kernel) -> Gpu {
    let mut options = Options::default();
    options.kernel = Some(kernel);
    on_plain_device(options)
}

/// A backend on such a device, which has no feature for mapped or registered memory, whatever `EVARISTE_MEMORY` asks for.
pub(crate) fn on_plain_device(mut options: Options) -> Gpu {
    let (device, queue) = plain_device();
    options.memory = Some(HostMemory::Staged);
    Gpu::with_device(device, queue, &options).unwrap()
}

pub(crate) const STORAGE: wgpu::BufferUsages =
    wgpu::BufferUsages::STORAGE.union(wgpu::BufferUsages::COPY_DST).union(wgpu::BufferUsages::COPY_SRC);

/// A buffer that holds these bytes.
pub(crate) fn buffer(gpu: &Gpu, bytes: &[u8]) -> wgpu::Buffer {
    let size = bytes.len() as u64;
    let descriptor = wgpu::BufferDescriptor { label: None, size, usage: STORAGE, mapped_at_creation: false };
    let buffer = gpu.device().create_buffer(&descriptor);
    gpu.queue().write_buffer(&buffer, 0, bytes);
    buffer
}

pub(crate) fn read(gpu: &Gpu, buffer: &wgpu::Buffer) -> Vec<u8> {
    let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
    let descriptor = wgpu::BufferDescriptor { label: None, size: buffer.size(), usage, mapped_at_creation: false };
    let copy = gpu.device().create_buffer(&descriptor);
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    encoder.copy_buffer_to_buffer(buffer, 0, &copy, 0, buffer.size());
    gpu.queue().submit([encoder.finish()]);
    copy.map_async(wgpu::MapMode::Read, .., Result::unwrap);
    gpu.device().poll(wgpu::PollType::wait_indefinitely()).unwrap();
    copy.get_mapped_range(..).unwrap().to_vec()
}

/// Records a task, submits it, and returns its report.
pub(crate) fn run(gpu: &Gpu, task: Task<'_>, shards: Resident<'_>) -> Report {
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    let recorded = gpu.record(&mut encoder, task, shards).unwrap();
    gpu.queue().submit([encoder.finish()]);
    recorded.report().unwrap()
}
