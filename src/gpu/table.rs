//! The table kernel: any plan, its matrix as data, from pipelines built when the device is opened.
//!
//! Host side of `shaders/table.wgsl`, which says what the bindings hold.

use wgpu::util::DeviceExt;

use super::device::Device;
use crate::{Error, Plan, gf256};

const NAME: &str = "table";
const SOURCE: &str = include_str!("../../shaders/table.wgsl");

/// Bytes a device's word of columns holds: a `vec4<u32>`.
pub(super) const COLUMN_BYTES: usize = 16;
/// As `WORKGROUP_SIZE` in the shader.
const WORKGROUP_SIZE: u32 = 256;
/// As `ROWS` in the shader.
const ROWS: usize = 4;
/// Workgroup memory: `sh_tables`.
const WORKGROUP_BYTES: u32 = 4096;

/// As `Params` in the shader.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
struct Params {
    columns: u32,
    sources: u32,
    targets: u32,
    block_columns: u32,
    blocks: u32,
}

/// As `Found` in the shader: what a check found in one block of one target.
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub(super) struct Found {
    /// Bytes that differ.
    pub(super) count: u32,
    /// Bytes of a block less the offset of the first that differs.
    pub(super) first: u32,
}

/// Which entry point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Write,
    Check,
}

/// Name and source of each shader file, as the device gets them.
pub(super) fn shader() -> (String, String) {
    (NAME.to_owned(), SOURCE.to_owned())
}

pub(super) struct Table {
    write: wgpu::ComputePipeline,
    check: wgpu::ComputePipeline,
}

/// A plan as the kernel reads it.
pub(super) struct Program {
    buffer: wgpu::Buffer,
    sources: u32,
    targets: u32,
}

/// Where a dispatch reads and writes, and how much.
pub(super) struct Launch<'a> {
    pub(super) params: &'a wgpu::Buffer,
    pub(super) sources: &'a wgpu::Buffer,
    /// Targets to write, or, in a check, what stands there.
    pub(super) targets: &'a wgpu::Buffer,
    /// In a check: one [`Found`] for each target and block, zero before.
    pub(super) found: Option<&'a wgpu::Buffer>,
    pub(super) columns: u32,
    pub(super) block_columns: u32,
}

impl Table {
    pub(super) fn new(device: &Device) -> Result<Self, Error> {
        let limits = device.device.limits();
        let needs = [
            ("max_compute_invocations_per_workgroup", limits.max_compute_invocations_per_workgroup, WORKGROUP_SIZE),
            ("max_compute_workgroup_size_x", limits.max_compute_workgroup_size_x, WORKGROUP_SIZE),
            ("max_compute_workgroup_storage_size", limits.max_compute_workgroup_storage_size, WORKGROUP_BYTES),
            ("max_storage_buffers_per_shader_stage", limits.max_storage_buffers_per_shader_stage, 4),
        ];
        for (limit, available, needed) in needs {
            if available < needed {
                let (available, needed) = (u64::from(available), u64::from(needed));
                return Err(Error::DeviceTooSmall { device: device.name.clone(), limit, available, needed });
            }
        }
        device.scoped(
            || "compiling the table kernel".to_owned(),
            || {
                let module = compile(device);
                let pipeline = |entry_point| {
                    device.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                        label: Some(entry_point),
                        layout: None,
                        module: &module,
                        entry_point: Some(entry_point),
                        compilation_options: wgpu::PipelineCompilationOptions {
                            constants: &[],
                            // The kernel writes before it reads.
                            zero_initialize_workgroup_memory: false,
                        },
                        cache: None,
                    })
                };
                Self { write: pipeline("table_write"), check: pipeline("table_check") }
            },
        )
    }

    /// A buffer for the parameters of one dispatch.
    pub(super) fn params(device: &Device) -> wgpu::Buffer {
        device.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("params"),
            size: 32, // a uniform binding ends at a multiple of 16
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        })
    }

    /// Adds one dispatch to the pass.
    pub(super) fn dispatch(
        &self,
        device: &Device,
        pass: &mut wgpu::ComputePass<'_>,
        program: &Program,
        launch: &Launch<'_>,
    ) {
        let params = Params {
            columns: launch.columns,
            sources: program.sources,
            targets: program.targets,
            block_columns: launch.block_columns,
            blocks: launch.columns.div_ceil(launch.block_columns),
        };
        device.queue.write_buffer(launch.params, 0, bytemuck::bytes_of(&params));
        let pipeline = if launch.found.is_some() { &self.check } else { &self.write };
        let buffers = [launch.params, &program.buffer, launch.sources, launch.targets].into_iter().chain(launch.found);
        let entries: Vec<_> = (0..)
            .zip(buffers)
            .map(|(binding, buffer)| wgpu::BindGroupEntry { binding, resource: buffer.as_entire_binding() })
            .collect();
        let bind_group = device.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(NAME),
            layout: &pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        let groups = launch.columns.div_ceil(WORKGROUP_SIZE);
        let most = device.device.limits().max_compute_workgroups_per_dimension;
        let (x, y) = (groups.min(most), groups.div_ceil(most));
        pass.set_pipeline(pipeline);
        pass.set_bind_group(0, &bind_group, &[]);
        pass.dispatch_workgroups(x, y, program.targets.div_ceil(4));
    }
}

impl Program {
    /// The plan over sources and targets that lie `stride` columns apart in their buffers, in the plan's order.
    pub(super) fn new(device: &Device, plan: &Plan, stride: u32) -> Self {
        let count = |slots: &[u32]| u32::try_from(slots.len()).expect("slots are numbered by u32");
        let (sources, targets) = (count(plan.sources()), count(plan.targets()));
        let offsets = |count: u32| (0..count).map(move |index| index * stride);
        let mut words: Vec<u32> = offsets(sources).chain(offsets(targets)).collect();
        for first_row in (0..plan.targets().len()).step_by(ROWS) {
            for source in 0..plan.sources().len() {
                words.extend(entries(plan, first_row, source));
            }
        }
        let buffer = device.device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
            label: Some("program"),
            contents: bytemuck::cast_slice(&words),
            usage: wgpu::BufferUsages::STORAGE,
        });
        Self { buffer, sources, targets }
    }
}

/// The 32 table entries of one source for four rows: products with 0..16, then with 0, 16, .. 240.
fn entries(plan: &Plan, first_row: usize, source: usize) -> impl Iterator<Item = u32> {
    let coefficient = |row: usize| if row < plan.targets().len() { plan.matrix().row(row)[source] } else { 0 };
    let coefficients: [u8; ROWS] = std::array::from_fn(|row| coefficient(first_row + row));
    let low = 0..16u8;
    let high = (0..16u8).map(|nibble| nibble << 4);
    low.chain(high).map(move |value| u32::from_le_bytes(coefficients.map(|c| gf256::mul(c, value))))
}

fn compile(device: &Device) -> wgpu::ShaderModule {
    let descriptor =
        wgpu::ShaderModuleDescriptor { label: Some(NAME), source: wgpu::ShaderSource::Wgsl(SOURCE.into()) };
    if device.checked_shaders {
        device.device.create_shader_module(descriptor)
    } else {
        // SAFETY: every index of the kernel stays within its binding: columns below params.columns, slots below the
        // counts, for which `Launch` is given buffers large enough; and its loops end.
        unsafe { device.device.create_shader_module_trusted(descriptor, wgpu::ShaderRuntimeChecks::unchecked()) }
    }
}
