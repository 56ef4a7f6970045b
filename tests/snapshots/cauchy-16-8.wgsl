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
@group(0) @binding(3) var<storage, read_write> targets: array<Word>;

fn load_source(at: u32) -> Word {
    return sources[at];
}

// compiled: targets = matrix * sources over GF(2^8) for one plan, with the matrix written into the text.
//
// This is the beginning of every generated kernel. src/gpu/compiled/source.rs appends the entry point, and writes in front
// shared/params.wgsl and the declarations of sources and targets from src/gpu/launch.rs: `Word`, `load_source`, `note`. Each
// invocation computes one column of Word, without a loop, by Horner's rule over the bits of the coefficients.
//
// slots     the first column of each source, then of each target, in Words
// Host src/gpu/compiled.rs. Twin src/cpu/portable.rs. Tests tests/oracle.rs, tests/boundaries.rs.

@group(0) @binding(1) var<uniform> slots: array<vec4<u32>, 6>;

// Halves each byte in the field: shifts it right, and adds 1/2 = 0x8e if the shift loses a set bit. The lost bits are removed
// by a subtraction and not by a mask: a device may run it in the multiply-add unit beside the logic unit. It measured faster.
fn halve(x: Word) -> Word {
    let lost = x & Word(0x01010101u);
    return ((x - lost) >> Word(1u)) ^ (lost * Word(0x8eu));
}

@compute @workgroup_size(256)
fn compiled(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let index = (group.y * groups.x + group.x) * 256u + local;
    if index >= params.columns { return; }
    let place = place_of(index);
    let s0 = load_source(slots[0].x + place.source);
    let s1 = load_source(slots[0].y + place.source);
    let s2 = load_source(slots[0].z + place.source);
    let s3 = load_source(slots[0].w + place.source);
    let s4 = load_source(slots[1].x + place.source);
    let s5 = load_source(slots[1].y + place.source);
    let s6 = load_source(slots[1].z + place.source);
    let s7 = load_source(slots[1].w + place.source);
    let s8 = load_source(slots[2].x + place.source);
    let s9 = load_source(slots[2].y + place.source);
    let s10 = load_source(slots[2].z + place.source);
    let s11 = load_source(slots[2].w + place.source);
    let s12 = load_source(slots[3].x + place.source);
    let s13 = load_source(slots[3].y + place.source);
    let s14 = load_source(slots[3].z + place.source);
    let s15 = load_source(slots[3].w + place.source);
    let c0_3 = s0 ^ s1;
    let c0_5 = s0 ^ s2;
    let c0_6 = s1 ^ s2;
    let c0_7 = s0 ^ s1 ^ s2;
    let c0_9 = s0 ^ s3;
    let c0_10 = s1 ^ s3;
    let c0_11 = s0 ^ s1 ^ s3;
    let c0_12 = s2 ^ s3;
    let c0_13 = s0 ^ s2 ^ s3;
    let c0_14 = s1 ^ s2 ^ s3;
    let c0_15 = s0 ^ s1 ^ s2 ^ s3;
    let c4_3 = s4 ^ s5;
    let c4_5 = s4 ^ s6;
    let c4_6 = s5 ^ s6;
    let c4_7 = s4 ^ s5 ^ s6;
    let c4_9 = s4 ^ s7;
    let c4_10 = s5 ^ s7;
    let c4_11 = s4 ^ s5 ^ s7;
    let c4_12 = s6 ^ s7;
    let c4_13 = s4 ^ s6 ^ s7;
    let c4_14 = s5 ^ s6 ^ s7;
    let c4_15 = s4 ^ s5 ^ s6 ^ s7;
    let c8_3 = s8 ^ s9;
    let c8_5 = s8 ^ s10;
    let c8_6 = s9 ^ s10;
    let c8_7 = s8 ^ s9 ^ s10;
    let c8_9 = s8 ^ s11;
    let c8_10 = s9 ^ s11;
    let c8_11 = s8 ^ s9 ^ s11;
    let c8_12 = s10 ^ s11;
    let c8_13 = s8 ^ s10 ^ s11;
    let c8_14 = s9 ^ s10 ^ s11;
    let c8_15 = s8 ^ s9 ^ s10 ^ s11;
    let c12_3 = s12 ^ s13;
    let c12_5 = s12 ^ s14;
    let c12_6 = s13 ^ s14;
    let c12_7 = s12 ^ s13 ^ s14;
    let c12_9 = s12 ^ s15;
    let c12_10 = s13 ^ s15;
    let c12_11 = s12 ^ s13 ^ s15;
    let c12_12 = s14 ^ s15;
    let c12_13 = s12 ^ s14 ^ s15;
    let c12_14 = s13 ^ s14 ^ s15;
    let c12_15 = s12 ^ s13 ^ s14 ^ s15;
    var r0 = c0_10 ^ c4_13 ^ c8_15;
    r0 = halve(r0) ^ c0_10 ^ s5 ^ c8_11 ^ c12_7;
    r0 = halve(r0) ^ c0_6 ^ c4_10 ^ c8_6 ^ c12_15;
    r0 = halve(r0) ^ c0_11 ^ c4_13 ^ c8_3 ^ c12_7;
    r0 = halve(r0) ^ c0_14 ^ c4_3 ^ c8_13 ^ s12;
    r0 = halve(r0) ^ s1 ^ c4_10 ^ c8_3 ^ c12_12;
    r0 = halve(r0) ^ c4_15 ^ c8_5 ^ c12_5;
    r0 = halve(r0) ^ c0_6 ^ s6 ^ c8_5 ^ c12_11;
    targets[slots[4].x + place.destination] = r0;
    var r1 = c0_5 ^ c4_14 ^ c8_15;
    r1 = halve(r1) ^ c0_5 ^ s4 ^ c8_7 ^ c12_11;
    r1 = halve(r1) ^ c0_9 ^ c4_5 ^ c8_9 ^ c12_15;
    r1 = halve(r1) ^ c0_7 ^ c4_14 ^ c8_3 ^ c12_11;
    r1 = halve(r1) ^ c0_13 ^ c4_3 ^ c8_14 ^ s13;
    r1 = halve(r1) ^ s0 ^ c4_5 ^ c8_3 ^ c12_12;
    r1 = halve(r1) ^ c4_15 ^ c8_10 ^ c12_10;
    r1 = halve(r1) ^ c0_9 ^ s7 ^ c8_10 ^ c12_7;
    targets[slots[4].y + place.destination] = r1;
    var r2 = c0_10 ^ c4_7 ^ c8_15;
    r2 = halve(r2) ^ c0_10 ^ s7 ^ c8_14 ^ c12_13;
    r2 = halve(r2) ^ c0_9 ^ c4_10 ^ c8_9 ^ c12_15;
    r2 = halve(r2) ^ c0_14 ^ c4_7 ^ c8_12 ^ c12_13;
    r2 = halve(r2) ^ c0_11 ^ c4_12 ^ c8_7 ^ s14;
    r2 = halve(r2) ^ s3 ^ c4_10 ^ c8_12 ^ c12_3;
    r2 = halve(r2) ^ c4_15 ^ c8_5 ^ c12_5;
    r2 = halve(r2) ^ c0_9 ^ s4 ^ c8_5 ^ c12_14;
    targets[slots[4].z + place.destination] = r2;
    var r3 = c0_5 ^ c4_11 ^ c8_15;
    r3 = halve(r3) ^ c0_5 ^ s6 ^ c8_13 ^ c12_14;
    r3 = halve(r3) ^ c0_6 ^ c4_5 ^ c8_6 ^ c12_15;
    r3 = halve(r3) ^ c0_13 ^ c4_11 ^ c8_12 ^ c12_14;
    r3 = halve(r3) ^ c0_7 ^ c4_12 ^ c8_11 ^ s15;
    r3 = halve(r3) ^ s2 ^ c4_5 ^ c8_12 ^ c12_3;
    r3 = halve(r3) ^ c4_15 ^ c8_10 ^ c12_10;
    r3 = halve(r3) ^ c0_6 ^ s5 ^ c8_10 ^ c12_13;
    targets[slots[4].w + place.destination] = r3;
    var r4 = c0_13 ^ c4_10 ^ c12_15;
    r4 = halve(r4) ^ s1 ^ c4_10 ^ c8_7 ^ c12_11;
    r4 = halve(r4) ^ c0_10 ^ c4_6 ^ c8_15 ^ c12_6;
    r4 = halve(r4) ^ c0_13 ^ c4_11 ^ c8_7 ^ c12_3;
    r4 = halve(r4) ^ c0_3 ^ c4_14 ^ s8 ^ c12_13;
    r4 = halve(r4) ^ c0_10 ^ s5 ^ c8_12 ^ c12_3;
    r4 = halve(r4) ^ c0_15 ^ c8_5 ^ c12_5;
    r4 = halve(r4) ^ s2 ^ c4_6 ^ c8_11 ^ c12_5;
    targets[slots[5].x + place.destination] = r4;
    var r5 = c0_14 ^ c4_5 ^ c12_15;
    r5 = halve(r5) ^ s0 ^ c4_5 ^ c8_11 ^ c12_7;
    r5 = halve(r5) ^ c0_5 ^ c4_9 ^ c8_15 ^ c12_9;
    r5 = halve(r5) ^ c0_14 ^ c4_7 ^ c8_11 ^ c12_3;
    r5 = halve(r5) ^ c0_3 ^ c4_13 ^ s9 ^ c12_14;
    r5 = halve(r5) ^ c0_5 ^ s4 ^ c8_12 ^ c12_3;
    r5 = halve(r5) ^ c0_15 ^ c8_10 ^ c12_10;
    r5 = halve(r5) ^ s3 ^ c4_9 ^ c8_7 ^ c12_10;
    targets[slots[5].y + place.destination] = r5;
    var r6 = c0_7 ^ c4_10 ^ c12_15;
    r6 = halve(r6) ^ s3 ^ c4_10 ^ c8_13 ^ c12_14;
    r6 = halve(r6) ^ c0_10 ^ c4_9 ^ c8_15 ^ c12_9;
    r6 = halve(r6) ^ c0_7 ^ c4_14 ^ c8_13 ^ c12_12;
    r6 = halve(r6) ^ c0_12 ^ c4_11 ^ s10 ^ c12_7;
    r6 = halve(r6) ^ c0_10 ^ s7 ^ c8_3 ^ c12_12;
    r6 = halve(r6) ^ c0_15 ^ c8_5 ^ c12_5;
    r6 = halve(r6) ^ s0 ^ c4_9 ^ c8_14 ^ c12_5;
    targets[slots[5].z + place.destination] = r6;
    var r7 = c0_11 ^ c4_5 ^ c12_15;
    r7 = halve(r7) ^ s2 ^ c4_5 ^ c8_14 ^ c12_13;
    r7 = halve(r7) ^ c0_5 ^ c4_6 ^ c8_15 ^ c12_6;
    r7 = halve(r7) ^ c0_11 ^ c4_13 ^ c8_14 ^ c12_12;
    r7 = halve(r7) ^ c0_12 ^ c4_7 ^ s11 ^ c12_11;
    r7 = halve(r7) ^ c0_5 ^ s6 ^ c8_3 ^ c12_12;
    r7 = halve(r7) ^ c0_15 ^ c8_10 ^ c12_10;
    r7 = halve(r7) ^ s1 ^ c4_6 ^ c8_13 ^ c12_10;
    targets[slots[5].w + place.destination] = r7;
}
