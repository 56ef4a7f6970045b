//! Encodes shards in GPU memory that a compute pass has just written: one submission, no copy.
//!
//! Device and buffers are the caller's, and evariste records its passes into the caller's encoder. Run it with
//! `cargo run --release --example resident`.

use std::error::Error;

use evariste::gpu::{Arena, Options, Resident, wgpu};
use evariste::{Code, Geometry, Gpu, Task};

const SHARD_BYTES: usize = 1 << 20;

/// The caller's work: the state of a simulation, here a scrambled counter.
const SIMULATION: &str = "
@group(0) @binding(0) var<storage, read_write> state: array<u32>;
@compute @workgroup_size(256)
fn step(@builtin(global_invocation_id) id: vec3<u32>) {
    for (var i = id.x; i < 8u * 262144u; i += 65536u) { state[i] = i * 2654435761u; }
}";

fn main() -> Result<(), Box<dyn Error>> {
    // Any device will do, with WebGPU's default limits.
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let adapter = pollster::block_on(instance.request_adapter(&wgpu::RequestAdapterOptions::default()))?;
    let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor::default()))?;
    let gpu = Gpu::with_device(device.clone(), queue.clone(), &Options::default())?;

    let code = Code::reed_solomon(8, 3)?;
    let shards = device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("8 data shards, then 3 parity shards"),
        size: (11 * SHARD_BYTES) as u64,
        usage: wgpu::BufferUsages::STORAGE,
        mapped_at_creation: false,
    });
    let geometry = Geometry { slots: 11, bytes: SHARD_BYTES, slot_stride: SHARD_BYTES, stripes: 1, stripe_stride: 0 };
    let resident = Resident::Together(Arena { buffer: &shards, offset: 0, geometry });

    let source = wgpu::ShaderSource::Wgsl(SIMULATION.into());
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor { label: None, source });
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some("simulation"),
        layout: None,
        module: &module,
        entry_point: None,
        compilation_options: Default::default(),
        cache: None,
    });
    let bind_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout: &pipeline.get_bind_group_layout(0),
        entries: &[wgpu::BindGroupEntry { binding: 0, resource: shards.as_entire_binding() }],
    });

    let mut encoder = device.create_command_encoder(&Default::default());
    {
        let mut pass = encoder.begin_compute_pass(&Default::default());
        pass.set_pipeline(&pipeline);
        pass.set_bind_group(0, &bind_group, &[]);
        pass.dispatch_workgroups(256, 1, 1);
    }
    let (encode, check) = (code.encode_plan(), code.check_plan());
    let _ = gpu.record(&mut encoder, Task::write(&encode), resident)?;
    let checked = gpu.record(&mut encoder, Task::Check(&check), resident)?;
    queue.submit([encoder.finish()]);

    let report = checked.report()?;
    println!(
        "8 + 3 shards of {SHARD_BYTES} bytes on {}: consistent: {}",
        adapter.get_info().name,
        report.is_consistent()
    );
    if report.is_consistent() { Ok(()) } else { Err("parity does not follow from data".into()) }
}
