// Shared by the kernels of a correction: the list of inconsistent blocks, their positions, and the tallies of corrections.
// src/gpu/correct/source.rs writes the constants WORKGROUP_SIZE and PARTS in front. A block of at most 4096 bytes has PARTS
// parts. Each part is one workgroup, in which each invocation has one word. Host src/gpu/correct.rs.

struct Params {
    // Slots of a stripe, which are the shards of the code.
    shards: u32,
    stripe_blocks: u32,
    // In words of four bytes: the used part of a stripe, a block, and the distance from one stripe to the next.
    stripe_words: u32,
    block_words: u32,
    stripe_stride: u32,
    // Masks the used bytes of a stripe's last word.
    tail_mask: u32,
    // Words of a pattern, and the index in `patterns` of the first block's pattern, or 0 if all blocks share one pattern.
    pattern_words: u32,
    pattern_of: u32,
}

// The inconsistent blocks in any order, written by shaders/gather.wgsl. It begins with the arguments of an indirect dispatch
// over the list: x counts the parts of a block, and y and z count blocks, because one dimension ends at 65,535.
struct List {
    x: u32,
    y: u32,
    z: u32,
    count: u32,
    blocks: array<u32>,
}

// A number of bytes in one part of a block of one slot, and the offsets of the first and the last in the block.
struct Tally {
    count: u32,
    first: u32,
    last: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
// For each slot: its first word; the logarithm of its multiplier; the logarithm of its point. The fourth component is an index
// by logarithm instead: the slot whose point has that logarithm, or a number beyond the slots if there is none.
@group(0) @binding(1) var<uniform> slots: array<vec4<u32>, 255>;
@group(0) @binding(2) var<storage, read> list: List;

// The position of a block: its first word relative to the slot, its first word relative to the stripe, and its length in words.
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
