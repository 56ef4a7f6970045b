//! Checksums on the device: the kernel that computes nothing else, and the parts it shares with fused kernels.
//!
//! Host side of `shaders/crc.wgsl` and `shaders/shared/checksum.wgsl`. A device computes the checksums of blocks
//! padded to whole words; [`Unpad`](crate::crc::Unpad) undoes the padding on the host.

pub(super) mod steps;

use super::device::Device;
use super::launch::{self, Pass, Span};
use super::shader::{Binding, Holds, Shader, shared};
use super::table::storage;
use super::words::{COLUMN_BYTES, column, index};
use super::work::Work;
use crate::crc::fold::{Fold, inverse_tables};
use crate::crc::of_zeros;
use crate::{Error, Plan};
use steps::Steps;

const TEMPLATE: &str = include_str!("../../shaders/crc.wgsl");
pub(super) const SHARED: &str = include_str!("../../shaders/shared/checksum.wgsl");

/// Words of the longest block.
const BLOCK_WORDS: usize = 1024;
/// Words of a row in workgroup memory at a time, and words that one turn of the loop folds.
const TILE_WORDS: usize = 32;
const UNROLLED_WORDS: usize = 32;
/// Words from one row to the next in workgroup memory.
const STRIDE: usize = TILE_WORDS + 1;
/// Invocations of a workgroup. Each folds one row.
const WORKGROUP_SIZE: usize = 64;

/// Mirrors `Checksum` in `shaders/shared/checksum.wgsl`.
#[derive(Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub(super) struct ChecksumParams {
    stripe_words: u32,
    block_words: u32,
    stripe_blocks: u32,
    blocks: u32,
    first_word: u32,
    zeros: u32,
    last_zeros: u32,
    stride: u32,
    rows: u32,
    offset: u32,
    padding: [u32; 2],
    tables: [u32; 128],
}

shared!(ChecksumParams as "Checksum" {
    stripe_words, block_words, stripe_blocks, blocks, first_word, zeros, last_zeros, stride, rows, offset, padding, tables,
});

/// Bytes of `sh_tables` in `shaders/shared/checksum.wgsl`.
pub(super) const TABLES_BYTES: u32 = 512;

/// The bindings of `shaders/shared/checksum.wgsl`.
pub(super) fn bindings() -> [Binding; 2] {
    [Binding::uniform(8, Holds::one::<ChecksumParams>()), Binding::read_write(9, Holds::words(4))]
}

impl ChecksumParams {
    /// For blocks of this span, by a kernel whose loop folds `unrolled` words at once.
    pub(super) fn new(span: &Span, unrolled: usize) -> Self {
        let stripe_blocks = span.stripe_blocks();
        let last = span.stripe_bytes - stripe_blocks.saturating_sub(1) * span.block_bytes;
        let longest = if stripe_blocks > 1 { span.block_bytes } else { last };
        Self {
            stripe_words: index(span.stripe_bytes / 4),
            block_words: index(span.block_bytes / 4),
            stripe_blocks: index(stripe_blocks),
            blocks: index(span.blocks()),
            first_word: index((BLOCK_WORDS - longest / 4) / unrolled * unrolled),
            zeros: of_zeros(span.block_bytes),
            last_zeros: of_zeros(last),
            stride: 0,
            rows: 0,
            offset: 0,
            padding: [0; 2],
            tables: inverse_tables(),
        }
    }
}

/// The kernel that computes checksums alone.
pub(super) struct Crc {
    pipeline: wgpu::ComputePipeline,
}

/// The kernel that computes checksums alone.
pub(super) fn shader() -> Shader {
    let steps = Steps { fold: Fold::R36, unrolled: UNROLLED_WORDS };
    let (tile_columns, rounds, words) = (TILE_WORDS / 4, TILE_WORDS / 4, WORKGROUP_SIZE * STRIDE);
    let mut begin = steps.begin();
    for round in 0..rounds {
        begin += &format!(
            "    let at{round} = local + {offset}u;
    let row{round} = first_row + at{round} / TILE_COLUMNS;
    let slot{round} = row{round} / checksum.blocks;
    let block{round} = block_of(row{round} - slot{round} * checksum.blocks);
    let length{round} = select(0u, block{round}.words / 4u, row{round} < checksum.rows);
    let start{round} = slots[min(slot{round}, arrayLength(&slots) - 1u)] + block{round}.stripe * checksum.stride
        + block{round}.block * (checksum.block_words / 4u);
    var column{round} = at{round} % TILE_COLUMNS + checksum.first_word / 4u - (256u - block{round}.words / 4u);
    var words{round} = vec4<u32>();
    if column{round} < length{round} {{ words{round} = data[start{round} + column{round}]; }}
",
            offset = round * WORKGROUP_SIZE,
        );
    }
    let mut turn = String::new();
    for first in (0..UNROLLED_WORDS).step_by(TILE_WORDS) {
        for round in 0..rounds {
            for (at, component) in ["x", "y", "z", "w"].into_iter().enumerate() {
                turn += &format!(
                    "        sh_words[at{round} / TILE_COLUMNS * STRIDE + at{round} % TILE_COLUMNS * 4u + {at}u] = words{round}.{component};\n"
                );
            }
        }
        turn += "        workgroupBarrier();\n";
        // The next loads are in flight while the previous words are folded.
        for round in 0..rounds {
            turn += &format!(
                "        column{round} += {tile_columns}u;
        if column{round} < length{round} {{ words{round} = data[start{round} + column{round}]; }}
"
            );
        }
        turn += &steps.fold(first..first + TILE_WORDS, |at| format!("sh_words[fold_row + {}u]", at - first));
        turn += "        workgroupBarrier();\n";
    }
    turn += &steps.turn();
    let finish: String =
        (0..steps.fold.kept()).rev().map(|at| format!("    state = step_back(state, {});\n", steps.left(at))).collect();
    let text = TEMPLATE
        .replace("{{BEGIN}}\n", &begin)
        .replace("{{UNROLLED_WORDS}}", &UNROLLED_WORDS.to_string())
        .replace("{{LOOP}}\n", &turn)
        .replace("{{FINISH}}\n", &finish)
        .replace("{{WORDS}}", &words.to_string());
    let own = [Binding::read(1, Holds::words(4)), Binding::read(2, Holds::words(COLUMN_BYTES))];
    Shader {
        name: "the checksum kernel".to_owned(),
        entry_point: "crc",
        workgroup: index(WORKGROUP_SIZE),
        workgroup_bytes: TABLES_BYTES + index(4 * words),
        bindings: own.into_iter().chain(bindings()).collect(),
        constants: vec![
            ("WORKGROUP_SIZE", index(WORKGROUP_SIZE)),
            ("TILE_COLUMNS", index(tile_columns)),
            ("STRIDE", index(STRIDE)),
        ],
        body: SHARED.to_owned() + "\n" + &text,
    }
}

impl Crc {
    pub(super) fn new(device: &Device) -> Result<Self, Error> {
        let pipeline = launch::pipeline(device, &shader())?;
        Ok(Self { pipeline })
    }

    /// The passes that compute the checksums of the work's sources and targets as they are in memory.
    pub(super) fn passes(&self, device: &Device, plan: &Plan, work: &Work<'_>) -> Result<Vec<Pass>, Error> {
        let Some(crc) = &work.buffers.crc else { return Ok(Vec::new()) };
        let span = &work.span;
        let params = ChecksumParams::new(span, UNROLLED_WORDS);
        let sources = plan.sources().iter().enumerate().map(|(at, &slot)| column((work.source)(at, slot))).collect();
        let targets = plan.targets().iter().enumerate().map(|(at, &slot)| column((work.target)(at, slot))).collect();
        let (buffers, mut offset) = (&work.buffers, 0);
        let sides: [(Vec<u32>, _, _); 2] =
            [(sources, &buffers.sources, span.source_stride), (targets, &buffers.targets, span.target_stride)];
        let mut passes = Vec::new();
        for (slots, data, stride) in sides {
            let rows = slots.len() * span.blocks();
            let (stride, rows) = (column(stride), index(rows));
            let params = ChecksumParams { stride, rows, offset, ..params };
            offset += rows;
            if rows == 0 {
                continue;
            }
            let params = device.buffer("checksum", wgpu::BufferUsages::UNIFORM, bytemuck::bytes_of(&params))?;
            let slots = storage(device, "slots", &slots)?;
            let own = [(8, params.as_entire_buffer_binding()), (1, slots.as_entire_buffer_binding())];
            let entries = own.into_iter().chain([(2, data.clone()), (9, crc.clone())]);
            let groups = rows.div_ceil(index(WORKGROUP_SIZE));
            passes.push(Pass::bind(device, &self.pipeline, entries, groups, 1));
        }
        Ok(passes)
    }
}
