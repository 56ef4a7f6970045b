// Shared by the kernels that compute checksums: the position of each block, and the last step from a fold to a checksum.
//
// A block is folded as 1024 words. A shorter block gets zeros in front, which do not change its remainder. Host
// src/gpu/crc.rs. Mathematics and twin src/crc/fold.rs.
struct Checksum {
    // Words of one stripe of a slot; words of a block; blocks of one stripe of a slot; blocks of all stripes of a slot.
    stripe_words: u32,
    block_words: u32,
    stripe_blocks: u32,
    blocks: u32,
    // The first word of the 1024 that can be part of a block, rounded down to a whole round of the unrolled loop.
    first_word: u32,
    // The checksum of a block of zeros, and of zeros as long as the last block of a stripe.
    zeros: u32,
    last_zeros: u32,
    // Only for the kernel crc: columns of 16 bytes from one stripe to the next; rows, which are slots times blocks; the index
    // of the first checksum.
    stride: u32,
    rows: u32,
    offset: u32,
    // The product of x^-32 and each nibble of a word, by the nibble's position and value.
    tables: array<vec4<u32>, 32>,
}

@group(0) @binding(8) var<uniform> checksum: Checksum;
@group(0) @binding(9) var<storage, read_write> checksums: array<u32>;

var<workgroup> sh_tables: array<u32, 128>;

struct Block {
    stripe: u32,
    // The block's number within the stripe.
    block: u32,
    words: u32,
    // The contribution of the initial value and the final complement.
    zeros: u32,
}

// The block with this number, counted over all stripes. It has no words if the number is too large.
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
