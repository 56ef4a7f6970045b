//! The kernel that computes the tables of many repairs, one workgroup for each repair. It runs right before the table kernel
//! that needs them.
//!
//! Host side of `shaders/invert.wgsl`, which describes the bindings. The host sends 32 bytes for each repair; tables would take
//! 128 bytes for each source and four targets.

use std::sync::Arc;

use super::device::Device;
use super::launch::{self, Launch, Pass};
use super::shader::{Binding, Holds, Shader, shared};
use super::table::{ABSENT, ROWS, TABLE_ENTRIES, Table, Tables, storage};
use super::words::{column, index};
use super::work::Work;
use crate::plan::Interpolation;
use crate::{Error, Matrix, Plan, gf256};

const TEMPLATE: &str = include_str!("../../shaders/invert.wgsl");
/// Invocations of a workgroup. Few coefficients are processed at a time. The shader depends on this number.
const WORKGROUP_SIZE: u32 = 128;
/// Words of a repair's mask: a bit for each of 256 shards.
const MASK_WORDS: usize = 8;
const MOST_LOST: usize = 64;
/// Workgroup memory, all arrays of the shader together.
const WORKGROUP_BYTES: u32 = 4 * (256 + 64 + 64 + 1024 + 64 + 16 + 1024);
/// Bytes of tables from which the device is faster than the host. On an H200 with 16 CPU cores, whole calls took equally long
/// with 16+8 at 128 repairs (512 KiB), with 10+4 between 128 and 256, with 50+10 between 16 and 32 (300 to 600 KiB).
const WORTH_BYTES: usize = 512 << 10;

/// The kernel.
pub(super) fn shader() -> Shader {
    let words = Holds::words(4);
    Shader {
        name: "the invert kernel".to_owned(),
        entry_point: "invert",
        workgroup: WORKGROUP_SIZE,
        workgroup_bytes: WORKGROUP_BYTES,
        bindings: vec![
            Binding::uniform(0, Holds::one::<InvertShape>()),
            Binding::read(1, words),
            Binding::read(2, words),
            Binding::read(3, words),
            Binding::read_write(4, words),
            Binding::read_write(5, words),
            Binding::read(6, words),
        ],
        constants: vec![
            ("WORKGROUP_SIZE", WORKGROUP_SIZE),
            ("MASK_WORDS", index(MASK_WORDS)),
            ("MOST_LOST", index(MOST_LOST)),
            ("TABLE_ENTRIES", index(TABLE_ENTRIES)),
            ("ROWS", index(ROWS)),
            ("ABSENT", ABSENT),
        ],
        body: TEMPLATE.to_owned(),
    }
}

/// The kernel, and when it is used.
pub(super) struct Invert {
    pipeline: wgpu::ComputePipeline,
    /// The inverses of all elements, four in a word. The entry for 0 is 0.
    inverses: wgpu::Buffer,
    /// The number of repairs from which the kernel is used, if the caller set one.
    from: Option<usize>,
}

/// Mirrors `Shape` in the shader, with the padding of a uniform buffer.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
struct InvertShape {
    repairs: u32,
    data_shards: u32,
    parity_shards: u32,
    targets: u32,
    by_position: u32,
    source_places: u32,
    padding: [u32; 2],
}

shared!(InvertShape as "Shape" {
    repairs, data_shards, parity_shards, targets, by_position, source_places, padding,
});

/// The distinct repairs of a dispatch.
struct Repairs {
    /// A bit for each lost shard.
    masks: Vec<[u32; MASK_WORDS]>,
    /// The repair of each stripe.
    of: Vec<u32>,
    /// Shards that at least one repair reads or writes.
    is_source: Vec<bool>,
    is_target: Vec<bool>,
    /// The largest number of targets of any repair.
    targets: usize,
}

impl Invert {
    pub(super) fn new(device: &Device, from: Option<usize>) -> Result<Self, Error> {
        let pipeline = launch::pipeline(device, &shader())?;
        let inverse = |element: u8| gf256::inv(element).unwrap_or(0);
        let inverses: Vec<u8> = (0..=u8::MAX).map(inverse).collect();
        let inverses = device.buffer("inverses", wgpu::BufferUsages::STORAGE, &inverses)?;
        Ok(Self { pipeline, inverses, from })
    }

    /// The code of these plans, if the device should compute their tables: if they are repairs of one code, and a dispatch of
    /// this many stripes has enough of them.
    pub(super) fn serves<'p>(&self, plans: &'p [Plan], stripes: usize) -> Option<&'p Arc<Interpolation>> {
        let repairs = plans.len().min(stripes);
        let worth_it = match self.from {
            Some(from) => repairs >= from,
            None => {
                let targets = plans.iter().map(|plan| plan.targets().len()).max().unwrap_or(0);
                let sources = plans.iter().map(|plan| plan.sources().len()).max().unwrap_or(0);
                repairs * table_words(sources, targets) * size_of::<u32>() >= WORTH_BYTES
            }
        };
        if !worth_it {
            return None;
        }
        // A stripe that lost nothing needs no table.
        let mut some = plans.iter().filter(|plan| !plan.targets().is_empty());
        let code = some.next()?.interpolates()?;
        let is_by_it = |plan: &Plan| plan.interpolates().is_some_and(|other| Arc::ptr_eq(code, other));
        (code.parity_matrix().rows() <= MOST_LOST && some.all(is_by_it)).then_some(code)
    }

    /// Binds both kernels to the work's buffers: this one for the repairs of the work's stripes, and `table`.
    pub(super) fn launch(
        &self,
        device: &Device,
        table: &Table,
        code: &Interpolation,
        plans: &[Plan],
        work: &Work<'_>,
    ) -> Result<Launch, Error> {
        let (parity_shards, data_shards) = (code.parity_matrix().rows(), code.parity_matrix().cols());
        let total_shards = data_shards + parity_shards;
        let repairs = Repairs::new(plans, work.plan_of, data_shards, total_shards);
        let (places, source_places) = repairs.places(work, data_shards);
        let shape = InvertShape {
            repairs: index(repairs.masks.len()),
            data_shards: index(data_shards),
            parity_shards: index(parity_shards),
            targets: index(repairs.targets),
            by_position: u32::from(work.by_position),
            source_places: index(source_places),
            padding: [0; 2],
        };
        let shape = device.buffer("shape", wgpu::BufferUsages::UNIFORM, bytemuck::bytes_of(&shape))?;
        let patterns = storage(device, "patterns", repairs.masks.as_flattened())?;
        let parity = storage(device, "parity", &packed(code.parity_matrix()))?;
        let places = storage(device, "places", &places)?;
        let plan_of = storage(device, "plan_of", &repairs.of)?;
        let table_words = table_words(data_shards, repairs.targets);
        let tables = empty(device, "tables", repairs.masks.len() * table_words)?;
        let slots = empty(device, "slots", repairs.masks.len() * (data_shards + repairs.targets))?;

        let own = [&shape, &patterns, &parity, &places, &tables, &slots, &self.inverses];
        let own = (0..).zip(own).map(|(binding, buffer)| (binding, buffer.as_entire_buffer_binding()));
        let groups = index(repairs.masks.len());
        let mut passes = vec![Pass::bind(device, &self.pipeline, own, groups, 1)];
        let tables = Tables { buffer: tables, sources: data_shards, targets: repairs.targets };
        passes.extend(table.launch(device, &tables, &slots, Some((&plan_of, groups)), work)?.passes);
        Ok(Launch { kernel: "invert, table", passes })
    }
}

impl Repairs {
    fn new(plans: &[Plan], plan_of: &[u32], data_shards: usize, total_shards: usize) -> Self {
        let mut position = vec![None; plans.len()];
        let mut repairs = Self {
            masks: Vec::new(),
            of: Vec::with_capacity(plan_of.len()),
            is_source: vec![false; total_shards],
            is_target: vec![false; total_shards],
            targets: 0,
        };
        let mut always_lost = [u32::MAX; MASK_WORDS];
        for &plan_index in plan_of {
            let at = &mut position[plan_index as usize];
            let index = *at.get_or_insert_with(|| {
                let plan = &plans[plan_index as usize];
                let mut mask = [0; MASK_WORDS];
                for &target in plan.targets() {
                    mask[target / 32] |= 1 << (target % 32);
                    repairs.is_target[target] = true;
                }
                if !plan.targets().is_empty() {
                    always_lost.iter_mut().zip(mask).for_each(|(always, lost)| *always &= lost);
                }
                let parity = plan.sources().iter().rev().take_while(|source| **source >= data_shards);
                parity.for_each(|&source| repairs.is_source[source] = true);
                repairs.targets = repairs.targets.max(plan.targets().len());
                repairs.masks.push(mask);
                u32::try_from(repairs.masks.len() - 1).expect("plans are numbered by u32")
            });
            repairs.of.push(index);
        }
        // A data shard is read by every repair that does not rebuild it.
        for shard in 0..data_shards {
            repairs.is_source[shard] = always_lost[shard / 32] >> (shard % 32) & 1 == 0;
        }
        repairs
    }

    /// The offsets of the sources and then of the targets, in columns, and the number of sources.
    fn places(&self, work: &Work<'_>, data_shards: usize) -> (Vec<u32>, usize) {
        if work.by_position {
            let sources = (0..data_shards).map(|at| column((work.source)(at, 0)));
            let targets = (0..self.targets).map(|at| column((work.target)(at, 0)));
            return (sources.chain(targets).collect(), data_shards);
        }
        // A shard that no repair names may be absent.
        let named = |is_named: &bool, slot, place: &dyn Fn(usize, usize) -> usize| {
            if *is_named { column(place(0, slot)) } else { 0 }
        };
        let sources = (0..).zip(&self.is_source).map(|(slot, is_named)| named(is_named, slot, work.source));
        let targets = (0..).zip(&self.is_target).map(|(slot, is_named)| named(is_named, slot, work.target));
        (sources.chain(targets).collect(), self.is_source.len())
    }
}

/// Words of one repair's tables.
fn table_words(sources: usize, targets: usize) -> usize {
    targets.div_ceil(ROWS) * sources * TABLE_ENTRIES
}

/// The parity matrix, four rows a word.
fn packed(matrix: &Matrix) -> Vec<u32> {
    let element = |row: usize, col: usize| if row < matrix.rows() { matrix.row(row)[col] } else { 0 };
    let groups = (0..matrix.rows()).step_by(ROWS);
    let words = groups.flat_map(|first| (0..matrix.cols()).map(move |col| (first, col)));
    words.map(|(first, col)| u32::from_le_bytes(std::array::from_fn(|row| element(first + row, col)))).collect()
}

/// A buffer of this many words for the device to write. At least one word, because an empty buffer cannot be bound.
fn empty(device: &Device, label: &'static str, words: usize) -> Result<wgpu::Buffer, Error> {
    let size = (4 * words.max(1)) as u64;
    device.check_size("max_storage_buffer_binding_size", |limits| limits.max_storage_buffer_binding_size, size)?;
    device.check_size("max_buffer_size", |limits| limits.max_buffer_size, size)?;
    Ok(device.empty_buffer(label, size, wgpu::BufferUsages::STORAGE))
}
