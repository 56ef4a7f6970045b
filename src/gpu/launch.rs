//! The parts that every kernel shares: the layout of its columns, its parameters, and the start of its text.
//!
//! A kernel works on columns: for each invocation one word of 4, 8 or 16 bytes at the same place of every source, and of
//! every target. Sources and targets may be in two buffers or in one. WebGPU forbids binding one buffer for reading and
//! for writing at once, so a kernel over one buffer binds it once ([`Addressing::Shared`]).

use std::num::NonZeroU64;

use super::device::Device;
use super::shader::{Binding, Holds, Shader, shared};
use super::words::index;
use crate::backend::{BLOCK_BYTES, Mismatch};
use crate::{Error, Plan};

/// Invocations of a workgroup.
pub(super) const WORKGROUP_SIZE: u32 = 256;

const PARAMS: &str = include_str!("../../shaders/shared/params.wgsl");
const FOUND: &str = include_str!("../../shaders/shared/found.wgsl");

/// Whether a kernel writes its targets or compares its results with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Mode {
    Write,
    Check,
}

/// Whether sources and targets are in two bindings or in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Addressing {
    Separate,
    Shared,
}

/// Mirrors `Params` in `shaders/shared/params.wgsl`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub(super) struct Params {
    columns: u32,
    stripe_columns: u32,
    source_stride: u32,
    target_stride: u32,
    block_words: u32,
    stripe_blocks: u32,
    blocks: u32,
    plans: u32,
}

shared!(Params as "Params" {
    columns, stripe_columns, source_stride, target_stride, block_words, stripe_blocks, blocks, plans,
});

/// Mirrors `Found` in `shaders/shared/found.wgsl`: the finding of a check for one block of one target.
#[derive(Clone, Copy, Debug, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub(super) struct Found {
    /// Bytes that differ.
    pub(super) count: u32,
    /// Bytes of a block minus the offset of the first byte that differs.
    pub(super) first: u32,
}

shared!(Found as "Found" { count, first });

impl Found {
    /// Turns the entries of a check over this span into mismatches of the plan's targets. Stripes and offsets count within the
    /// span.
    pub(super) fn mismatches(entries: &[Self], plan: &Plan, span: Span) -> impl Iterator<Item = Mismatch> {
        plan.targets().iter().zip(entries.chunks_exact(span.blocks())).flat_map(move |(&slot, entries)| {
            let differing = entries.iter().enumerate().filter(|(_, found)| found.count > 0);
            differing.map(move |(at, found)| {
                let (stripe, block) = span.locate(at);
                let first = (block + 1) * span.block_bytes - found.first as usize;
                Mismatch { batch: 0, slot, stripe, block: first / BLOCK_BYTES, first, count: found.count }
            })
        })
    }
}

/// The columns of a dispatch. All sizes are in bytes and multiples of [`COLUMN_BYTES`](super::words::COLUMN_BYTES).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) stripes: usize,
    pub(super) stripe_bytes: usize,
    /// Distances from one stripe to the next, for the sources and for the targets.
    pub(super) source_stride: usize,
    pub(super) target_stride: usize,
    /// Bytes of a block of a check.
    pub(super) block_bytes: usize,
}

impl Span {
    /// Bytes of one slot over all stripes.
    pub(super) fn bytes(&self) -> usize {
        self.stripes * self.stripe_bytes
    }

    /// Blocks of one target in a stripe.
    pub(super) fn stripe_blocks(&self) -> usize {
        self.stripe_bytes.div_ceil(self.block_bytes)
    }

    /// Blocks of one target over all stripes.
    pub(super) fn blocks(&self) -> usize {
        self.stripes * self.stripe_blocks()
    }

    /// The stripe of a block, and the block's number within the stripe.
    pub(super) fn locate(&self, block: usize) -> (usize, usize) {
        (block / self.stripe_blocks(), block % self.stripe_blocks())
    }

    /// The parameters of a kernel whose columns are `width` words of four bytes, with a plan for each stripe or one plan for all.
    pub(super) fn params(&self, width: usize, plans: u32) -> Params {
        let columns = |bytes: usize| index(bytes / (4 * width));
        let joined = self.source_stride == self.stripe_bytes && self.target_stride == self.stripe_bytes;
        let blocks_match = self.stripe_bytes.is_multiple_of(self.block_bytes);
        // Stripes without gaps form one long stripe, unless each has its own plan or its own shorter last block.
        let one = self.stripes == 1 || joined && blocks_match && plans <= 1;
        Params {
            columns: columns(self.bytes()),
            stripe_columns: columns(if one { self.bytes() } else { self.stripe_bytes }),
            source_stride: columns(self.source_stride),
            target_stride: columns(self.target_stride),
            block_words: index(self.block_bytes / 4),
            stripe_blocks: index(self.stripe_blocks()),
            blocks: index(self.blocks()),
            plans,
        }
    }
}

/// The buffers of a dispatch.
pub(super) struct Buffers<'a> {
    pub(super) sources: wgpu::BufferBinding<'a>,
    /// Targets to write or, in a check, to compare with.
    pub(super) targets: wgpu::BufferBinding<'a>,
    /// In a check: one [`Found`] for each target and block, initially zero.
    pub(super) found: Option<wgpu::BufferBinding<'a>>,
    /// If checksums are wanted: one u32 for each block of each source and target.
    pub(super) crc: Option<wgpu::BufferBinding<'a>>,
    pub(super) addressing: Addressing,
}

impl Buffers<'_> {
    pub(super) fn mode(&self) -> Mode {
        if self.found.is_some() { Mode::Check } else { Mode::Write }
    }

    /// All parts of buffers that are present.
    pub(super) fn all(&self) -> impl Iterator<Item = &wgpu::BufferBinding<'_>> {
        [&self.sources, &self.targets].into_iter().chain(&self.found).chain(&self.crc)
    }

    /// The bindings 2, 3 and 4, as [`prelude`] declares them.
    pub(super) fn entries(&self) -> impl Iterator<Item = (u32, wgpu::BufferBinding<'_>)> {
        let sources = match (self.mode(), self.addressing) {
            (Mode::Write, Addressing::Shared) => None,
            _ => Some((2, self.sources.clone())),
        };
        let found = self.found.clone().map(|found| (4, found));
        sources.into_iter().chain([(3, self.targets.clone())]).chain(found)
    }
}

/// One entry of a bind group.
pub(super) fn entry(binding: u32, buffer: wgpu::BufferBinding<'_>) -> wgpu::BindGroupEntry<'_> {
    wgpu::BindGroupEntry { binding, resource: wgpu::BindingResource::Buffer(buffer) }
}

/// A part of a buffer, as a binding.
pub(super) fn part(buffer: &wgpu::Buffer, offset: u64, bytes: u64) -> wgpu::BufferBinding<'_> {
    wgpu::BufferBinding { buffer, offset, size: NonZeroU64::new(bytes) }
}

/// A kernel's buffers, by the numbers of their bindings.
pub(super) fn bind_group<'a>(
    device: &Device,
    pipeline: &wgpu::ComputePipeline,
    buffers: impl IntoIterator<Item = (u32, wgpu::BufferBinding<'a>)>,
) -> wgpu::BindGroup {
    let entries: Vec<_> = buffers.into_iter().map(|(binding, buffer)| entry(binding, buffer)).collect();
    device.device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout: &pipeline.get_bind_group_layout(0),
        entries: &entries,
    })
}

/// The bindings that [`prelude`] declares: the parameters, then sources, targets, and findings of a check.
pub(super) fn bindings(width: usize, mode: Mode, addressing: Addressing) -> Vec<Binding> {
    let words = Holds::words(4 * width);
    let params = Binding::uniform(0, Holds::one::<Params>());
    let sources = Binding::read(2, words);
    match (mode, addressing) {
        (Mode::Write, Addressing::Separate) => vec![params, sources, Binding::read_write(3, words)],
        (Mode::Write, Addressing::Shared) => vec![params, Binding::read_write(3, words)],
        (Mode::Check, _) => {
            vec![params, sources, Binding::read(3, words), Binding::read_write(4, Holds::structures::<Found>())]
        }
    }
}

/// The start of a kernel's text: the parameters, `Word` (a column of `width` words of four bytes), the bindings of sources
/// and targets, `load_source`, and in a check `note`.
pub(super) fn prelude(width: usize, mode: Mode, addressing: Addressing) -> String {
    let word = match width {
        1 => "u32".to_owned(),
        _ => format!("vec{width}<u32>"),
    };
    let sources = "@group(0) @binding(2) var<storage, read> sources: array<Word>;\n";
    let (sources, bound) = match (mode, addressing) {
        (Mode::Write, Addressing::Shared) => ("", "targets"),
        _ => (sources, "sources"),
    };
    let (targets, found) = match mode {
        Mode::Write => ("read_write> targets", String::new()),
        Mode::Check => ("read> stored", FOUND.to_owned() + &note(width)),
    };
    format!(
        "{PARAMS}
alias Word = {word};

{sources}@group(0) @binding(3) var<storage, {targets}: array<Word>;

fn load_source(at: u32) -> Word {{
    return {bound}[at];
}}

{found}"
    )
}

/// `note`, for the words of a column.
fn note(width: usize) -> String {
    let components: &[&str] = if width == 1 { &[""] } else { &[".x", ".y", ".z", ".w"][..width] };
    let notes: String = (0..)
        .zip(components)
        .map(|(at, c)| format!("    note_word(row, place.stripe, place.column * {width}u + {at}u, difference{c});\n"))
        .collect();
    format!("\nfn note(row: u32, place: Place, difference: Word) {{\n{notes}}}\n")
}

/// A compute pipeline of one of our shaders.
///
/// All kernels are created here, so the unsafe call and the argument for it are in one place.
pub(super) fn pipeline(device: &Device, shader: &Shader) -> Result<wgpu::ComputePipeline, Error> {
    shader.check(device)?;
    let name = &*shader.name;
    let descriptor =
        wgpu::ShaderModuleDescriptor { label: Some(name), source: wgpu::ShaderSource::Wgsl(shader.text().into()) };
    device.scoped(
        || format!("compiling {name}"),
        || {
            let module = if device.checked_shaders {
                device.device.create_shader_module(descriptor)
            } else {
                // SAFETY: loops count to a bound, and every index stays within its binding or array:
                // - `table`, compiled kernels: invocations beyond params.columns return, and a column below it is within
                //   every slot. The slots are within the buffers: `Span` and `Buffers` come from `ring`, which sizes the
                //   buffers by them, from `in_place`, whose windows hold the slots of a checked view, and from `resident`,
                //   which checks them. The values of `plan_of` are below the number of plans (`Batch::check`), for which
                //   tables and slots were made.
                // - `crc`, compiled kernels with checksums: a column is taken only below its block's length, and a checksum
                //   written only for an existing block. Indices into workgroup memory are bounded by its size as they are
                //   generated.
                // - `correct`: indexes the same slots by words below the span's bytes, lists that have room for every block
                //   of the span, and arrays of its own by bytes, by logarithms, and by counts compared with their lengths.
                // - `invert`: workgroups beyond shape.repairs return. A `Grs` has at most 255 shards, of which
                //   `Invert::serves` admits at most MOST_LOST parity shards, and a repair loses no more: so many entries
                //   have `sh_sources` and `sh_lost`. `places` has an entry for each shard, or for each position; tables
                //   and slots were made for shape.repairs repairs with shape.targets targets.
                unsafe {
                    device.device.create_shader_module_trusted(descriptor, wgpu::ShaderRuntimeChecks::unchecked())
                }
            };
            device.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(name),
                layout: Some(&shader.layout(&device.device)),
                module: &module,
                entry_point: Some(shader.entry_point),
                compilation_options: wgpu::PipelineCompilationOptions {
                    constants: &[],
                    // Kernels write workgroup memory before they read it.
                    zero_initialize_workgroup_memory: false,
                },
                cache: None,
            })
        },
    )
}

/// Kernels bound to their buffers, ready to be recorded.
pub(super) struct Launch {
    /// The kernel's name; both names if one kernel computes and another makes checksums.
    pub(super) kernel: &'static str,
    /// They run in order, and each sees the writes of those before it.
    pub(super) passes: Vec<Pass>,
}

/// One dispatch.
pub(super) struct Pass {
    pipeline: wgpu::ComputePipeline,
    bind_group: wgpu::BindGroup,
    /// Workgroups, over columns or blocks.
    groups: u32,
    /// Layers of workgroups, over the rows of a plan.
    layers: u32,
}

impl Pass {
    pub(super) fn bind<'a>(
        device: &Device,
        pipeline: &wgpu::ComputePipeline,
        buffers: impl IntoIterator<Item = (u32, wgpu::BufferBinding<'a>)>,
        groups: u32,
        layers: u32,
    ) -> Self {
        Self { pipeline: pipeline.clone(), bind_group: bind_group(device, pipeline, buffers), groups, layers }
    }
}

impl Launch {
    /// Records the dispatches.
    pub(super) fn dispatch(&self, device: &Device, pass: &mut wgpu::ComputePass<'_>) {
        let most = device.device.limits().max_compute_workgroups_per_dimension;
        for Pass { pipeline, bind_group, groups, layers } in &self.passes {
            let rows = groups.div_ceil(most);
            pass.set_pipeline(pipeline);
            pass.set_bind_group(0, bind_group, &[]);
            pass.dispatch_workgroups(groups.div_ceil(rows.max(1)), rows, *layers);
        }
    }
}
