// What kernels that compute checksums share: where blocks lie, and how the words a fold leaves become a checksum.
//
// A block is folded as 1024 words with zeros in front, which do not change its remainder. Host src/gpu/crc.rs; the
// mathematics and the twin src/crc/fold.rs.
struct Checksum {
    // Words of one stripe of a slot, of a block; blocks of a stripe, of all stripes.
    stripe_words: u32,
    block_words: u32,
    stripe_blocks: u32,
    blocks: u32,
    // The first of the 1024 words at which a block may begin, rounded down to what a loop takes at once.
    first_word: u32,
    // The checksums of a block of zeros, and of a stripe's last one.
    zeros: u32,
    last_zeros: u32,
    // For the kernel that computes checksums alone: columns of 16 bytes from one stripe to the next, slots times blocks, and
    // the place of the first checksum.
    stride: u32,
    rows: u32,
    offset: u32,
    // The products of x^-32 with each nibble of a word, by place and value.
    tables: array<vec4<u32>, 32>,
}

@group(0) @binding(8) var<uniform> checksum: Checksum;
@group(0) @binding(9) var<storage, read_write> checksums: array<u32>;

var<workgroup> sh_tables: array<u32, 128>;

struct Block {
    stripe: u32,
    // Within the stripe.
    block: u32,
    words: u32,
    // What initial value and final complement add.
    zeros: u32,
}

// A block, counted over all stripes; without words if there is none of that number.
fn block_of(index: u32) -> Block {
    let stripe = index / checksum.stripe_blocks;
    let block = index - stripe * checksum.stripe_blocks;
    let words = min(checksum.block_words, checksum.stripe_words - block * checksum.block_words);
    let zeros = select(checksum.zeros, checksum.last_zeros, block + 1u == checksum.stripe_blocks);
    return Block(stripe, block, select(0u, words, index < checksum.blocks), zeros);
}

// x^-32 times a remainder, plus a word.
fn step_back(state: u32, word: u32) -> u32 {
    return sh_tables[state & 15u]
        ^ sh_tables[16u + ((state >> 4u) & 15u)]
        ^ sh_tables[32u + ((state >> 8u) & 15u)]
        ^ sh_tables[48u + ((state >> 12u) & 15u)]
        ^ sh_tables[64u + ((state >> 16u) & 15u)]
        ^ sh_tables[80u + ((state >> 20u) & 15u)]
        ^ sh_tables[96u + ((state >> 24u) & 15u)]
        ^ sh_tables[112u + (state >> 28u)]
        ^ word;
}
