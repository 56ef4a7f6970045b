//! Fused kernels: one pass over memory computes a plan and the checksums of all its sources and targets.
//! A workgroup takes a few blocks at the same place of every source. It holds a tile, some words of each block, twice: in
//! registers by columns, to compute the targets, and in workgroup memory by blocks, where each invocation folds one block
//! ([`Fold`]). A fold commutes with the code, so the targets' blocks are not folded: their few remaining words are computed from
//! those of the sources. In a check the targets may be wrong, so their stored bytes are folded.

use super::source::{self, Names, TEMPLATE, slot};
use crate::Matrix;
use crate::crc::fold::Fold;
use crate::gpu::crc::{self, SHARED, TABLES_BYTES, steps::Steps};
use crate::gpu::launch::{Addressing, Mode, prelude};
use crate::gpu::shader::Shader;
use crate::gpu::words::index;

/// Workgroup memory that every device has, minus the tables.
const WORKGROUP_BYTES: usize = 16384 - TABLES_BYTES as usize;
/// Remaining words of a fold that are processed at a time. Odd, so that neighbouring invocations use different memory banks.
const LEFT_WORDS: usize = 9;

/// The widest shape. With more than 50 sources, a workgroup holds too few blocks to pay. More than 16 targets are never computed
/// by one kernel, and the text would become too long.
const MOST_SOURCES: usize = 50;
const MOST_TARGETS: usize = 16;

/// How a fused kernel is generated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::gpu) struct Fusion {
    /// Words of four bytes in an invocation's column: 1, 2 or 4.
    pub(in crate::gpu) width: usize,
    /// Words of each block in a tile. One turn of the loop takes a tile.
    pub(in crate::gpu) tile_words: usize,
    /// Invocations of a workgroup.
    pub(in crate::gpu) workgroup: usize,
    /// Sources that share the sums of their subsets.
    pub(in crate::gpu) group: usize,
}

impl Fusion {
    /// The kernel that measured fastest for this number of sources. Tiles of 32 words are read as whole lines of 128 bytes;
    /// across PCIe this raises the rate from 75 to 99 % of a plain encode.
    pub(super) fn choose(sources: usize) -> Self {
        Self { width: if sources <= 8 { 2 } else { 1 }, tile_words: 32, workgroup: 128, group: 5 }
    }
}

/// A plan's shape, and the number of its blocks for each workgroup.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) fusion: Fusion,
    sources: usize,
    targets: usize,
    /// The number of shards that are folded. In a check, all of them.
    folded: usize,
    pub(super) blocks: usize,
}

impl Shape {
    /// `None` if a workgroup cannot hold a block of every shard, or if fusing would not pay.
    pub(super) fn new(fusion: Fusion, sources: usize, targets: usize, mode: Mode) -> Option<Self> {
        let folded = if mode == Mode::Check { sources + targets } else { sources };
        let tile_bytes = folded * (fusion.tile_words + 1) * 4;
        let left_bytes = (sources + targets) * LEFT_WORDS * 4;
        let blocks = (fusion.workgroup / folded.max(1)).min(WORKGROUP_BYTES / tile_bytes.max(left_bytes).max(1));
        let pays = (1..=MOST_SOURCES).contains(&sources) && (1..=MOST_TARGETS).contains(&targets);
        (blocks > 0 && pays).then_some(Self { fusion, sources, targets, folded, blocks })
    }

    fn stride(&self) -> usize {
        self.fusion.tile_words + 1
    }

    /// Words of workgroup memory, without the tables.
    fn words(&self) -> usize {
        (self.folded * self.blocks * self.stride()).max((self.sources + self.targets) * self.blocks * LEFT_WORDS)
    }

    /// Columns of a block in a tile.
    fn tile_columns(&self) -> usize {
        self.fusion.tile_words / self.fusion.width
    }

    /// Columns of an invocation.
    fn rounds(&self) -> usize {
        (self.blocks * self.tile_columns()).div_ceil(self.fusion.workgroup)
    }

    /// The text, with something done for each round, if the invocation has a column in it.
    fn each_round(&self, mut text: impl FnMut(usize) -> String) -> String {
        let columns = self.blocks * self.tile_columns();
        let guarded = |round: usize, body: String| match (round + 1) * self.fusion.workgroup > columns {
            true => format!("        if at{round} < {columns}u {{\n{body}        }}\n"),
            false => body,
        };
        (0..self.rounds()).map(|round| guarded(round, text(round))).collect()
    }
}

/// A plan's fused kernel.
pub(super) fn shader(matrix: &Matrix, shape: &Shape, mode: Mode, addressing: Addressing) -> Shader {
    let Fusion { width, workgroup, .. } = shape.fusion;
    Shader {
        name: super::name(matrix),
        entry_point: "compiled",
        workgroup: index(workgroup),
        workgroup_bytes: TABLES_BYTES + index(4 * shape.words().next_multiple_of(4)),
        bindings: super::bindings(matrix, width, mode, addressing).into_iter().chain(crc::bindings()).collect(),
        constants: Vec::new(),
        body: generate(matrix, shape, mode, addressing),
    }
}

/// The WGSL of a plan's fused kernel.
fn generate(matrix: &Matrix, shape: &Shape, mode: Mode, addressing: Addressing) -> String {
    let Shape { fusion, sources, targets, folded, blocks } = *shape;
    let Fusion { width, tile_words, workgroup, group } = fusion;
    let shards = sources + targets;
    let steps = Steps { fold: Fold::R36, unrolled: tile_words };
    let words = shape.words();

    let mut text = prelude(width, mode, addressing);
    text += &TEMPLATE.replace("{{SLOT_VECTORS}}", &shards.div_ceil(4).to_string());
    text += SHARED;
    text += &format!("\nvar<workgroup> sh_words: array<u32, {words}>;\n\n");
    text += &source::function(matrix, group, "product", Names { word: "Word", halve: "halve" });
    if mode == Mode::Write {
        text += HALVE_WORD;
        text += &source::function(matrix, group, "left", Names { word: "u32", halve: "halve_word" });
    }
    text += &format!(
        "@compute @workgroup_size({workgroup})
fn compiled(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {{
    let first_block = (group.y * groups.x + group.x) * {blocks}u;
    for (var at = local; at < 128u; at += {workgroup}u) {{
        sh_tables[at] = checksum.tables[at / 4u][at % 4u];
    }}
    let fold_row = min(local, {last}u) * {stride}u;
",
        last = folded * blocks - 1,
        stride = shape.stride(),
    );
    text += &begin(shape);
    text += &steps.begin();
    text += &format!("    for (var word = checksum.first_word; word < 1024u; word += {tile_words}u) {{\n");
    text += &tile(shape, mode);
    text += &steps.fold(0..tile_words, |at| format!("sh_words[fold_row + {at}u]"));
    text += "        workgroupBarrier();\n";
    text += &steps.turn();
    text += "    }\n";
    text += &left(shape, &steps, mode);
    text += "}\n";
    text
}

/// `halve` of shaders/compiled.wgsl, for single words.
const HALVE_WORD: &str = "\
fn halve_word(x: u32) -> u32 {
    let lost = x & 0x01010101u;
    return ((x - lost) >> 1u) ^ (lost * 0x8eu);
}

";

/// The places of an invocation's columns, and their words of the first tile.
fn begin(shape: &Shape) -> String {
    let Shape { fusion, folded, blocks, .. } = *shape;
    let (width, columns, stride) = (fusion.width, shape.tile_columns(), shape.stride());
    let mut text = String::new();
    for round in 0..shape.rounds() {
        text += &format!(
            "    let at{round} = local + {offset}u;
    let block{round} = block_of(first_block + at{round} / {columns}u);
    let length{round} = select(0u, block{round}.words / {width}u, at{round} < {all}u);
    let offset{round} = block{round}.block * (checksum.block_words / {width}u);
    let source{round} = block{round}.stripe * params.source_stride + offset{round};
    let target{round} = block{round}.stripe * params.target_stride + offset{round};
    let row{round} = at{round} / {columns}u * {stride}u + at{round} % {columns}u * {width}u;
    // A short block is preceded by zeros. At a zero, this is larger than any length.
    var column{round} = at{round} % {columns}u + checksum.first_word / {width}u - ({whole}u - block{round}.words / {width}u);
",
            offset = round * fusion.workgroup,
            all = blocks * columns,
            whole = 1024 / width,
        );
        for shard in 0..folded {
            text += &format!("    var {} = Word();\n", word(round, shard));
        }
        text += &load(shape, round);
    }
    text
}

/// The name of a shard's word in an invocation's column.
fn word(round: usize, shard: usize) -> String {
    format!("s{round}_{shard}")
}

/// Loads a round's column of every shard that is folded.
fn load(shape: &Shape, round: usize) -> String {
    let load = |shard: usize| {
        let (slot, name) = (slot(shard), word(round, shard));
        match shard < shape.sources {
            true => format!("            {name} = load_source({slot} + source{round} + column{round});\n"),
            false => format!("            {name} = stored[{slot} + target{round} + column{round}];\n"),
        }
    };
    let loads: String = (0..shape.folded).map(load).collect();
    format!("        if column{round} < length{round} {{\n{loads}        }}\n")
}

/// Copies the tile from registers to workgroup memory and computes with it. Then loads the next tile, so that the loads are in
/// flight while this tile is folded.
fn tile(shape: &Shape, mode: Mode) -> String {
    let Shape { fusion, sources, folded, blocks, .. } = *shape;
    let components: &[&str] = if fusion.width == 1 { &[""] } else { &[".x", ".y", ".z", ".w"][..fusion.width] };
    let mut text = shape.each_round(|round| {
        let words = (0..folded).flat_map(|shard| components.iter().enumerate().map(move |(at, c)| (shard, at, c)));
        let store = |(shard, at, component): (usize, usize, &&str)| {
            let offset = shard * blocks * shape.stride() + at;
            format!("            sh_words[row{round} + {offset}u] = {}{component};\n", word(round, shard))
        };
        words.map(store).collect()
    });
    for round in 0..shape.rounds() {
        let arguments: Vec<String> = (0..sources).map(|shard| word(round, shard)).collect();
        text += &format!("        if column{round} < length{round} {{\n");
        text += &format!("            let product = product({});\n", arguments.join(", "));
        text += &finish(shape, mode, round);
        text += "        }\n";
    }
    text += "        workgroupBarrier();\n";
    for round in 0..shape.rounds() {
        text += &format!("        column{round} += {}u;\n", shape.tile_columns());
        text += &load(shape, round);
    }
    text
}

/// The use of a round's product.
fn finish(shape: &Shape, mode: Mode, round: usize) -> String {
    let Shape { sources, targets, .. } = *shape;
    let mut text = String::new();
    match mode {
        Mode::Write => {
            for row in 0..targets {
                let slot = slot(sources + row);
                text += &format!("            targets[{slot} + target{round} + column{round}] = product.r{row};\n");
            }
        }
        Mode::Check => {
            for row in 0..targets {
                text += &format!("            let d{row} = product.r{row} ^ s{round}_{};\n", sources + row);
            }
            let differences: Vec<String> = (0..targets).map(|row| format!("d{row}")).collect();
            text += &format!("            if any(({}) != Word()) {{\n", differences.join(" | "));
            text += &format!(
                "                let place = Place(block{round}.stripe, offset{round} + column{round}, 0u, 0u);\n"
            );
            for row in 0..targets {
                text += &format!("                note({row}u, place, d{row});\n");
            }
            text += "            }\n";
        }
    }
    text
}

/// Turns the remaining words of every folded block into the checksum of every block, a few words at a time, starting with the
/// last.
fn left(shape: &Shape, steps: &Steps, mode: Mode) -> String {
    let Shape { fusion, sources, targets, folded, blocks } = *shape;
    let workgroup = fusion.workgroup;
    let shards = sources + targets;
    let rounds = (shards * blocks).div_ceil(workgroup);
    let mut text = String::new();
    for round in 0..rounds {
        text += &format!("    let sum{round} = local + {}u;\n    var state{round} = 0u;\n", round * workgroup);
    }
    for first in (0..steps.fold.kept()).step_by(LEFT_WORDS).rev() {
        text += &format!("    if local < {}u {{\n", folded * blocks);
        for at in 0..LEFT_WORDS {
            text += &format!("        sh_words[local * {LEFT_WORDS}u + {at}u] = {};\n", steps.left(first + at));
        }
        text += "    }\n    workgroupBarrier();\n";
        if mode == Mode::Write {
            let words: Vec<String> =
                (0..sources).map(|shard| format!("sh_words[at + {}u]", shard * blocks * LEFT_WORDS)).collect();
            text += &format!(
                "    for (var at = local; at < {}u; at += {workgroup}u) {{\n        let product = left({});\n",
                blocks * LEFT_WORDS,
                words.join(", ")
            );
            for row in 0..targets {
                let offset = (sources + row) * blocks * LEFT_WORDS;
                text += &format!("        sh_words[at + {offset}u] = product.r{row};\n");
            }
            text += "    }\n    workgroupBarrier();\n";
        }
        for round in 0..rounds {
            text += &format!("    if sum{round} < {}u {{\n", shards * blocks);
            for at in (0..LEFT_WORDS).rev() {
                text += &format!(
                    "        state{round} = step_back(state{round}, sh_words[sum{round} * {LEFT_WORDS}u + {at}u]);\n"
                );
            }
            text += "    }\n";
        }
        text += "    workgroupBarrier();\n";
    }
    for round in 0..rounds {
        text += &format!(
            "    let index{round} = first_block + sum{round} % {blocks}u;
    if sum{round} < {all}u && index{round} < checksum.blocks {{
        checksums[sum{round} / {blocks}u * checksum.blocks + index{round}] = state{round} ^ block_of(index{round}).zeros;
    }}
",
            all = shards * blocks,
        );
    }
    text
}
