// The result of a check, for each target and block: the number of differing bytes, and the size of a block minus the offset
// of the first of them. So zero means no difference, and a maximum finds the first. The host sets all to zero beforehand.
// Host src/gpu/launch.rs.
struct Found {
    count: atomic<u32>,
    first: atomic<u32>,
}

@group(0) @binding(4) var<storage, read_write> found: array<Found>;

// Notes one word of a stripe that differs in the bits of `difference`.
fn note_word(row: u32, stripe: u32, word: u32, difference: u32) {
    if difference == 0u { return; }
    // Sets the lowest bit of each byte that is not zero, and clears all other bits.
    var marks = difference | (difference >> 4u);
    marks |= marks >> 2u;
    marks |= marks >> 1u;
    marks &= 0x01010101u;
    let at = row * params.blocks + stripe * params.stripe_blocks + word / params.block_words;
    let offset = word % params.block_words * 4u + countTrailingZeros(marks) / 8u;
    atomicAdd(&found[at].count, countOneBits(marks));
    atomicMax(&found[at].first, params.block_words * 4u - offset);
}
