//! The table kernel: any plan, its matrix as data, from pipelines built when the device is opened.
//! Host side of `shaders/table.wgsl`, which describes the bindings.

use rayon::prelude::*;

use super::device::Device;
use super::launch::{self, Addressing, Buffers, Launch, Mode, Pass, WORKGROUP_SIZE};
use super::shader::{Binding, Holds, Shader, shared};
use super::words::{COLUMN_BYTES, column, index};
use super::work::Work;
use crate::{Error, Plan};

const TEMPLATE: &str = include_str!("../../shaders/table.wgsl");

/// Rows whose products one table entry packs.
pub(super) const ROWS: usize = 4;
/// Entries of one source's tables.
pub(super) const TABLE_ENTRIES: usize = 32;
/// Sources that a step of the loop may take. Longer steps have more loads in flight, but leave more sources for the remainder.
const STEPS: [usize; 2] = [5, 10];
/// Plans for which one thread makes tables at a time. With fewer, another thread does not pay.
const PLANS_AT_ONCE: usize = 64;
/// Workgroup memory: `sh_tables` and `sh_slots`.
const WORKGROUP_BYTES: u32 = 4096 + 128;
/// Stands for the offset of a target that a plan does not have.
pub(super) const ABSENT: u32 = u32::MAX;

/// Mirrors `Shape` in the shader.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
struct TableShape {
    sources: u32,
    targets: u32,
    padding: [u32; 2],
}

shared!(TableShape as "Shape" { sources, targets, padding });

/// The kernel's pipelines, one for each way to begin its text.
pub(super) struct Table {
    pipelines: Vec<(Variant, wgpu::ComputePipeline)>,
}

/// Everything that determines the kernel's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Variant {
    mode: Mode,
    addressing: Addressing,
    step: usize,
}

/// Every form of the text. A check only reads, so its two bindings may be in one buffer.
fn variants() -> impl Iterator<Item = Variant> {
    let ways =
        [(Mode::Write, Addressing::Separate), (Mode::Write, Addressing::Shared), (Mode::Check, Addressing::Separate)];
    STEPS.into_iter().flat_map(move |step| ways.map(|(mode, addressing)| Variant { mode, addressing, step }))
}

/// The kernel.
fn shader(Variant { mode, addressing, step }: Variant) -> Shader {
    // All loads of a step come before its lookups, so that they are in flight together.
    let load = |i: usize| format!("let words{i} = load_source(sh_slots[source + {i}u] + place.source);");
    let add = |i: usize| format!("sums = add_products(sums, table + {}u, words{i});", i * TABLE_ENTRIES);
    let unrolled: Vec<String> = (0..step).map(load).chain((0..step).map(add)).collect();
    let finish = match mode {
        Mode::Write => "targets[offset + place.destination] = word;",
        Mode::Check => "note(index, place, word ^ stored[offset + place.destination]);",
    };
    let template = TEMPLATE.replace("{{UNROLLED}}", &unrolled.join("\n            ")).replace("{{FINISH}}", finish);
    let own = [
        Binding::read(1, Holds::words(4)),
        Binding::read(5, Holds::words(4)),
        Binding::read(6, Holds::words(4)),
        Binding::uniform(7, Holds::one::<TableShape>()),
    ];
    Shader {
        name: "the table kernel".to_owned(),
        entry_point: "table",
        workgroup: WORKGROUP_SIZE,
        workgroup_bytes: WORKGROUP_BYTES,
        bindings: launch::bindings(4, mode, addressing).into_iter().chain(own).collect(),
        constants: vec![
            ("WORKGROUP_SIZE", WORKGROUP_SIZE),
            ("UNROLL", index(step)),
            ("TABLE_ENTRIES", index(TABLE_ENTRIES)),
            ("ROWS", index(ROWS)),
            ("ABSENT", ABSENT),
        ],
        body: launch::prelude(4, mode, addressing) + &template,
    }
}

/// Every form of the kernel, by name.
pub(super) fn samples() -> impl Iterator<Item = (String, Shader)> {
    let name = |Variant { mode, addressing, step }| format!("table {mode:?} {addressing:?} by {step}").to_lowercase();
    variants().map(move |variant| (name(variant), shader(variant)))
}

/// Matrices as the kernel reads them, of one plan or several.
pub(super) struct Tables {
    pub(super) buffer: wgpu::Buffer,
    /// Sources and targets of each plan: the numbers of the largest plan.
    pub(super) sources: usize,
    pub(super) targets: usize,
}

impl Tables {
    pub(super) fn new(device: &Device, plans: &[Plan]) -> Result<Self, Error> {
        let most = |count: fn(&Plan) -> usize| plans.iter().map(count).max().unwrap_or(0);
        let sources = most(|plan| plan.sources().len());
        let targets = most(|plan| plan.targets().len());
        let of_plan = |plan: &Plan| {
            let groups = (0..targets).step_by(ROWS);
            let pairs = groups.flat_map(|first_row| (0..sources).map(move |source| (first_row, source)));
            pairs.flat_map(|(first_row, source)| entries(plan, first_row, source)).collect::<Vec<u32>>()
        };
        let words: Vec<Vec<u32>> = plans.par_iter().with_min_len(PLANS_AT_ONCE).map(of_plan).collect();
        let words = words.concat();
        let buffer = storage(device, "tables", &words)?;
        Ok(Self { buffer, sources, targets })
    }

    /// The offsets of each plan's sources and targets, for [`Table::launch`]. `source` and `target` give the byte offset of a
    /// slot in its binding, from its position in the plan and its number.
    pub(super) fn slots(
        &self,
        device: &Device,
        plans: &[Plan],
        source: impl Fn(usize, usize) -> usize,
        target: impl Fn(usize, usize) -> usize,
    ) -> Result<wgpu::Buffer, Error> {
        let mut words = Vec::with_capacity(plans.len() * (self.sources + self.targets));
        for plan in plans {
            let sources = plan.sources().iter().enumerate().map(|(at, &slot)| column(source(at, slot)));
            // A smaller plan lacks some sources. Any offset will do for them, because their tables are zero.
            words.extend(sources.chain(std::iter::repeat(0)).take(self.sources));
            let targets = plan.targets().iter().enumerate().map(|(at, &slot)| column(target(at, slot)));
            words.extend(targets.chain(std::iter::repeat(ABSENT)).take(self.targets));
        }
        storage(device, "slots", &words)
    }
}

/// The 32 table entries of one source for four rows: products with 0..16, then with 0, 16, .. 240. Zero where the plan
/// has no such row or source.
fn entries(plan: &Plan, first_row: usize, source: usize) -> [u32; TABLE_ENTRIES] {
    let (rows, cols) = (plan.targets().len(), plan.sources().len());
    let coefficient = |row: usize| if row < rows && source < cols { plan.matrix().row(row)[source] } else { 0 };
    let mut product = u32::from_le_bytes(std::array::from_fn(|row| coefficient(first_row + row)));
    let mut entries = [0; TABLE_ENTRIES];
    // Products with 1, 2, 4, .. 128. The products with other nibbles are sums of them.
    for bit in 0..8 {
        let (first, step) = (bit / 4 * 16, 1 << (bit % 4));
        for nibble in 0..step {
            entries[first + step + nibble] = entries[first + nibble] ^ product;
        }
        product = ((product << 1) & 0xfefe_fefe) ^ (((product >> 7) & 0x0101_0101) * 0x1d);
    }
    entries
}

/// A buffer of words. At least one word, because an empty buffer cannot be bound.
pub(super) fn storage(device: &Device, label: &'static str, words: &[u32]) -> Result<wgpu::Buffer, Error> {
    let contents: &[u32] = if words.is_empty() { &[0] } else { words };
    let usage = wgpu::BufferUsages::STORAGE;
    device.buffer(label, usage, bytemuck::cast_slice(contents))
}

impl Table {
    pub(super) fn new(device: &Device) -> Result<Self, Error> {
        let compile = |variant| Ok((variant, launch::pipeline(device, &shader(variant))?));
        Ok(Self { pipelines: variants().map(compile).collect::<Result<_, Error>>()? })
    }

    /// The pipeline for this number of sources: the longest step that divides it, otherwise the shortest.
    fn pipeline(&self, buffers: &Buffers<'_>, sources: usize) -> &wgpu::ComputePipeline {
        let mode = buffers.mode();
        let addressing = if mode == Mode::Check { Addressing::Separate } else { buffers.addressing };
        let step = STEPS.into_iter().rev().find(|step| sources.is_multiple_of(*step)).unwrap_or(STEPS[0]);
        let wanted = Variant { mode, addressing, step };
        let found = self.pipelines.iter().find(|(variant, _)| *variant == wanted);
        &found.expect("every mode, addressing and step was compiled").1
    }

    /// Binds the kernel to the work's buffers. `plan_of` holds each stripe's plan and the number of plans; without it, there is
    /// one plan.
    pub(super) fn launch(
        &self,
        device: &Device,
        tables: &Tables,
        slots: &wgpu::Buffer,
        plan_of: Option<(&wgpu::Buffer, u32)>,
        work: &Work<'_>,
    ) -> Result<Launch, Error> {
        let Work { span, ref buffers, .. } = *work;
        let plans = plan_of.map_or(1, |(_, plans)| plans);
        let (sources, targets) = (index(tables.sources), index(tables.targets));
        let uniform = |contents: &[u8]| device.buffer("params", wgpu::BufferUsages::UNIFORM, contents);
        let params = uniform(bytemuck::bytes_of(&span.params(4, plans)))?;
        let shape = uniform(bytemuck::bytes_of(&TableShape { sources, targets, padding: [0; 2] }))?;
        let pipeline = self.pipeline(buffers, tables.sources);
        let plan_of = plan_of.map_or(slots, |(buffer, _)| buffer);
        let own = [(0, &params), (1, slots), (5, &tables.buffer), (6, plan_of), (7, &shape)];
        let own = own.map(|(binding, buffer)| (binding, buffer.as_entire_buffer_binding()));
        let group_bytes = WORKGROUP_SIZE as usize * COLUMN_BYTES;
        let groups = match plans {
            1 => span.bytes().div_ceil(group_bytes),
            _ => span.stripes * span.stripe_bytes.div_ceil(group_bytes),
        };
        let entries = own.into_iter().chain(buffers.entries());
        let pass = Pass::bind(device, pipeline, entries, index(groups), targets.div_ceil(4));
        Ok(Launch { kernel: "table", passes: vec![pass] })
    }
}
