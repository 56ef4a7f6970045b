// The position of columns, for every kernel that runs a plan. Host src/gpu/launch.rs.
// A column is one word of the kernel: 16 bytes in the table kernel, a Word in a compiled kernel.
struct Params {
    // Columns of all stripes together, and of one stripe.
    columns: u32,
    stripe_columns: u32,
    // Columns from one stripe to the next, among the sources and among the targets.
    source_stride: u32,
    target_stride: u32,
    // For checks: words (of four bytes) of a block, blocks of a stripe, blocks of all stripes.
    block_words: u32,
    stripe_blocks: u32,
    blocks: u32,
    // The number of plans. 1: all stripes share the plan. More, only in the table kernel: each stripe names its plan.
    plans: u32,
}

@group(0) @binding(0) var<uniform> params: Params;

struct Place {
    stripe: u32,
    // The column within the stripe.
    column: u32,
    // The distance from the first column of a source, and of a target.
    source: u32,
    destination: u32,
}

fn place_of(index: u32) -> Place {
    if params.stripe_columns == params.columns {
        return Place(0u, index, index, index);
    }
    let stripe = index / params.stripe_columns;
    let column = index - stripe * params.stripe_columns;
    return Place(
        stripe,
        column,
        stripe * params.source_stride + column,
        stripe * params.target_stride + column,
    );
}

alias Word = vec2<u32>;

@group(0) @binding(2) var<storage, read> sources: array<Word>;
@group(0) @binding(3) var<storage, read> stored: array<Word>;

fn load_source(at: u32) -> Word {
    return sources[at];
}

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

fn note(row: u32, place: Place, difference: Word) {
    note_word(row, place.stripe, place.column * 2u + 0u, difference.x);
    note_word(row, place.stripe, place.column * 2u + 1u, difference.y);
}
// compiled: targets = matrix * sources over GF(2^8) for one plan, with the matrix written into the text.
//
// This is the beginning of every generated kernel. src/gpu/compiled/source.rs appends the entry point, and writes in front
// shared/params.wgsl and the declarations of sources and targets from src/gpu/launch.rs: `Word`, `load_source`, `note`. Each
// invocation computes one column of Word, without a loop, by Horner's rule over the bits of the coefficients.
//
// slots     the first column of each source, then of each target, in Words
// Host src/gpu/compiled.rs. Twin src/cpu/portable.rs. Tests tests/oracle.rs, tests/boundaries.rs.

@group(0) @binding(1) var<uniform> slots: array<vec4<u32>, 4>;

// Halves each byte in the field: shifts it right, and adds 1/2 = 0x8e if the shift loses a set bit. The lost bits are removed
// by a subtraction and not by a mask: a device may run it in the multiply-add unit beside the logic unit. It measured faster.
fn halve(x: Word) -> Word {
    let lost = x & Word(0x01010101u);
    return ((x - lost) >> Word(1u)) ^ (lost * Word(0x8eu));
}

@compute @workgroup_size(128)
fn compiled(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let index = (group.y * groups.x + group.x) * 128u + local;
    if index >= params.columns { return; }
    let place = place_of(index);
    let p0 = stored[slots[2].z + place.destination];
    let p1 = stored[slots[2].w + place.destination];
    let p2 = stored[slots[3].x + place.destination];
    let p3 = stored[slots[3].y + place.destination];
    let s0 = load_source(slots[0].x + place.source);
    let s1 = load_source(slots[0].y + place.source);
    let s2 = load_source(slots[0].z + place.source);
    let s3 = load_source(slots[0].w + place.source);
    let c0_3 = s0 ^ s1;
    let c0_5 = s0 ^ s2;
    let c0_6 = s1 ^ s2;
    let c0_9 = s0 ^ s3;
    let c0_10 = s1 ^ s3;
    let c0_15 = s0 ^ s1 ^ s2 ^ s3;
    let s4 = load_source(slots[1].x + place.source);
    let s5 = load_source(slots[1].y + place.source);
    let s6 = load_source(slots[1].z + place.source);
    let s7 = load_source(slots[1].w + place.source);
    let c4_5 = s4 ^ s6;
    let c4_6 = s5 ^ s6;
    let c4_9 = s4 ^ s7;
    let c4_10 = s5 ^ s7;
    let c4_13 = s4 ^ s6 ^ s7;
    let c4_14 = s5 ^ s6 ^ s7;
    let c4_15 = s4 ^ s5 ^ s6 ^ s7;
    var t0_0 = c0_5 ^ c4_9;
    var t0_1 = c0_9 ^ c4_6;
    var t0_2 = c0_6 ^ c4_10;
    var t0_3 = c0_6 ^ c4_10;
    var t0_4 = c0_3;
    var t0_5 = c4_15;
    var t0_6 = c0_10 ^ c4_5;
    var t0_7 = c0_3 ^ c4_6;
    var t1_0 = c0_10 ^ c4_6;
    var t1_1 = c0_6 ^ c4_9;
    var t1_2 = c0_9 ^ c4_5;
    var t1_3 = c0_9 ^ c4_5;
    var t1_4 = c0_3;
    var t1_5 = c4_15;
    var t1_6 = c0_5 ^ c4_10;
    var t1_7 = c0_3 ^ c4_9;
    var t2_0 = c0_15 ^ c4_15;
    var t2_1 = c0_6 ^ c4_5;
    var t2_2 = c0_5 ^ c4_5;
    var t2_3 = c0_10 ^ c4_6;
    var t2_4 = c0_6 ^ c4_10;
    var t2_5 = c0_9 ^ c4_5;
    var t2_6 = c0_15;
    var t2_7 = s0 ^ c4_14;
    var t3_0 = c0_15 ^ c4_15;
    var t3_1 = c0_9 ^ c4_10;
    var t3_2 = c0_10 ^ c4_10;
    var t3_3 = c0_5 ^ c4_9;
    var t3_4 = c0_9 ^ c4_5;
    var t3_5 = c0_6 ^ c4_10;
    var t3_6 = c0_15;
    var t3_7 = s1 ^ c4_13;
    let s8 = load_source(slots[2].x + place.source);
    let s9 = load_source(slots[2].y + place.source);
    let c8_3 = s8 ^ s9;
    t0_0 ^= c8_3;
    t0_2 ^= c8_3;
    t0_3 ^= c8_3;
    t0_4 ^= c8_3;
    t0_7 ^= s8;
    t1_0 ^= c8_3;
    t1_2 ^= c8_3;
    t1_3 ^= c8_3;
    t1_4 ^= c8_3;
    t1_7 ^= s9;
    t2_1 ^= c8_3;
    t2_3 ^= c8_3;
    t2_4 ^= c8_3;
    t2_5 ^= c8_3;
    t2_7 ^= s8;
    t3_1 ^= c8_3;
    t3_3 ^= c8_3;
    t3_4 ^= c8_3;
    t3_5 ^= c8_3;
    t3_7 ^= s9;
    var r0 = t0_0;
    r0 = halve(r0) ^ t0_1;
    r0 = halve(r0) ^ t0_2;
    r0 = halve(r0) ^ t0_3;
    r0 = halve(r0) ^ t0_4;
    r0 = halve(r0) ^ t0_5;
    r0 = halve(r0) ^ t0_6;
    r0 = halve(r0) ^ t0_7;
    let d0 = r0 ^ p0;
    var r1 = t1_0;
    r1 = halve(r1) ^ t1_1;
    r1 = halve(r1) ^ t1_2;
    r1 = halve(r1) ^ t1_3;
    r1 = halve(r1) ^ t1_4;
    r1 = halve(r1) ^ t1_5;
    r1 = halve(r1) ^ t1_6;
    r1 = halve(r1) ^ t1_7;
    let d1 = r1 ^ p1;
    var r2 = t2_0;
    r2 = halve(r2) ^ t2_1;
    r2 = halve(r2) ^ t2_2;
    r2 = halve(r2) ^ t2_3;
    r2 = halve(r2) ^ t2_4;
    r2 = halve(r2) ^ t2_5;
    r2 = halve(r2) ^ t2_6;
    r2 = halve(r2) ^ t2_7;
    let d2 = r2 ^ p2;
    var r3 = t3_0;
    r3 = halve(r3) ^ t3_1;
    r3 = halve(r3) ^ t3_2;
    r3 = halve(r3) ^ t3_3;
    r3 = halve(r3) ^ t3_4;
    r3 = halve(r3) ^ t3_5;
    r3 = halve(r3) ^ t3_6;
    r3 = halve(r3) ^ t3_7;
    let d3 = r3 ^ p3;
    if any((d0 | d1 | d2 | d3) != Word()) {
        note(0u, place, d0);
        note(1u, place, d1);
        note(2u, place, d2);
        note(3u, place, d3);
    }
}
