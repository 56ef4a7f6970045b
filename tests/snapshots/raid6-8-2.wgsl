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

@group(0) @binding(1) var<uniform> slots: array<vec4<u32>, 3>;

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
    let s0 = load_source(slots[0].x + place.source);
    let s1 = load_source(slots[0].y + place.source);
    let s2 = load_source(slots[0].z + place.source);
    let s3 = load_source(slots[0].w + place.source);
    let c0_6 = s1 ^ s2;
    let c0_10 = s1 ^ s3;
    let c0_12 = s2 ^ s3;
    let c0_14 = s1 ^ s2 ^ s3;
    let c0_15 = s0 ^ s1 ^ s2 ^ s3;
    let s4 = load_source(slots[1].x + place.source);
    let s5 = load_source(slots[1].y + place.source);
    let s6 = load_source(slots[1].z + place.source);
    let s7 = load_source(slots[1].w + place.source);
    let c4_3 = s4 ^ s5;
    let c4_6 = s5 ^ s6;
    let c4_7 = s4 ^ s5 ^ s6;
    let c4_12 = s6 ^ s7;
    let c4_14 = s5 ^ s6 ^ s7;
    let c4_15 = s4 ^ s5 ^ s6 ^ s7;
    var t0_7 = c0_15 ^ c4_15;
    var t1_0 = s1 ^ c4_14;
    var t1_1 = s2 ^ c4_12;
    var t1_2 = c0_10 ^ c4_6;
    var t1_3 = c0_6 ^ c4_3;
    var t1_4 = c0_14 ^ s7;
    var t1_5 = c0_12 ^ s4;
    var t1_6 = s3 ^ c4_3;
    var t1_7 = s0 ^ c4_7;
    let r0 = t0_7;
    targets[slots[2].x + place.destination] = r0;
    var r1 = t1_0;
    r1 = halve(r1) ^ t1_1;
    r1 = halve(r1) ^ t1_2;
    r1 = halve(r1) ^ t1_3;
    r1 = halve(r1) ^ t1_4;
    r1 = halve(r1) ^ t1_5;
    r1 = halve(r1) ^ t1_6;
    r1 = halve(r1) ^ t1_7;
    targets[slots[2].y + place.destination] = r1;
}
