// What the kernels of a correction share: which blocks are not right, where they lie, and what was done there.
// src/gpu/correct/source.rs puts in front the constants WORKGROUP_SIZE and PARTS. A block of at most 4096 bytes has PARTS
// parts, a workgroup each, of which an invocation has one word. Host src/gpu/correct.rs.

struct Params {
    // Slots of a stripe: the code's shards.
    shards: u32,
    stripe_blocks: u32,
    // Words (of four bytes) of a stripe that count, of a block, and from one stripe to the next.
    stripe_words: u32,
    block_words: u32,
    stripe_stride: u32,
    // The bytes of a stripe's last word that count.
    tail_mask: u32,
    // Words of a pattern, and where the blocks' patterns begin: 0 if there is but one.
    pattern_words: u32,
    pattern_of: u32,
}

// Blocks that are not right, in any order; shaders/gather.wgsl makes it. It begins with the workgroups of a dispatch over
// it: the parts of a block side by side, and two dimensions of blocks, because one ends at 65,535.
struct List {
    x: u32,
    y: u32,
    z: u32,
    count: u32,
    blocks: array<u32>,
}

// Bytes of a part of a block, in one slot: how many, and the offsets of the first and the last in the block.
struct Tally {
    count: u32,
    first: u32,
    last: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
// For each slot: where it begins, in words; the logarithms of its multiplier and of its point; and, for each logarithm, the
// slot whose point has it, or any number that is no slot.
@group(0) @binding(1) var<uniform> slots: array<vec4<u32>, 255>;
@group(0) @binding(2) var<storage, read> list: List;

// A block: its first word from where a slot begins, and within its stripe; and how many there are.
struct Place {
    start: u32,
    first: u32,
    words: u32,
}

fn place_of(block: u32) -> Place {
    let stripe = block / params.stripe_blocks;
    let first = (block - stripe * params.stripe_blocks) * params.block_words;
    let words = min(params.block_words, params.stripe_words - first);
    return Place(stripe * params.stripe_stride + first, first, words);
}
