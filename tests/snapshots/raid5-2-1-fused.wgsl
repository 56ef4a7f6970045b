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

@group(0) @binding(1) var<uniform> slots: array<vec4<u32>, 1>;

// Halves each byte in the field: shifts it right, and adds 1/2 = 0x8e if the shift loses a set bit. The lost bits are removed
// by a subtraction and not by a mask: a device may run it in the multiply-add unit beside the logic unit. It measured faster.
fn halve(x: Word) -> Word {
    let lost = x & Word(0x01010101u);
    return ((x - lost) >> Word(1u)) ^ (lost * Word(0x8eu));
}
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

var<workgroup> sh_words: array<u32, 3960>;

struct Product { r0: Word }

fn product(s0: Word, s1: Word) -> Product {
    let c0_3 = s0 ^ s1;
    let r0 = c0_3;
    return Product(r0);
}

fn halve_word(x: u32) -> u32 {
    let lost = x & 0x01010101u;
    return ((x - lost) >> 1u) ^ (lost * 0x8eu);
}

struct Left { r0: u32 }

fn left(s0: u32, s1: u32) -> Left {
    let c0_3 = s0 ^ s1;
    let r0 = c0_3;
    return Left(r0);
}

@compute @workgroup_size(128)
fn compiled(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let first_block = (group.y * groups.x + group.x) * 60u;
    for (var at = local; at < 128u; at += 128u) {
        sh_tables[at] = checksum.tables[at / 4u][at % 4u];
    }
    let fold_row = min(local, 119u) * 33u;
    let at0 = local + 0u;
    let block0 = block_of(first_block + at0 / 16u);
    let length0 = select(0u, block0.words / 2u, at0 < 960u);
    let offset0 = block0.block * (checksum.block_words / 2u);
    let source0 = block0.stripe * params.source_stride + offset0;
    let target0 = block0.stripe * params.target_stride + offset0;
    let row0 = at0 / 16u * 33u + at0 % 16u * 2u;
    // A short block is preceded by zeros. At a zero, this is larger than any length.
    var column0 = at0 % 16u + checksum.first_word / 2u - (512u - block0.words / 2u);
    var s0_0 = Word();
    var s0_1 = Word();
        if column0 < length0 {
            s0_0 = load_source(slots[0].x + source0 + column0);
            s0_1 = load_source(slots[0].y + source0 + column0);
        }
    let at1 = local + 128u;
    let block1 = block_of(first_block + at1 / 16u);
    let length1 = select(0u, block1.words / 2u, at1 < 960u);
    let offset1 = block1.block * (checksum.block_words / 2u);
    let source1 = block1.stripe * params.source_stride + offset1;
    let target1 = block1.stripe * params.target_stride + offset1;
    let row1 = at1 / 16u * 33u + at1 % 16u * 2u;
    // A short block is preceded by zeros. At a zero, this is larger than any length.
    var column1 = at1 % 16u + checksum.first_word / 2u - (512u - block1.words / 2u);
    var s1_0 = Word();
    var s1_1 = Word();
        if column1 < length1 {
            s1_0 = load_source(slots[0].x + source1 + column1);
            s1_1 = load_source(slots[0].y + source1 + column1);
        }
    let at2 = local + 256u;
    let block2 = block_of(first_block + at2 / 16u);
    let length2 = select(0u, block2.words / 2u, at2 < 960u);
    let offset2 = block2.block * (checksum.block_words / 2u);
    let source2 = block2.stripe * params.source_stride + offset2;
    let target2 = block2.stripe * params.target_stride + offset2;
    let row2 = at2 / 16u * 33u + at2 % 16u * 2u;
    // A short block is preceded by zeros. At a zero, this is larger than any length.
    var column2 = at2 % 16u + checksum.first_word / 2u - (512u - block2.words / 2u);
    var s2_0 = Word();
    var s2_1 = Word();
        if column2 < length2 {
            s2_0 = load_source(slots[0].x + source2 + column2);
            s2_1 = load_source(slots[0].y + source2 + column2);
        }
    let at3 = local + 384u;
    let block3 = block_of(first_block + at3 / 16u);
    let length3 = select(0u, block3.words / 2u, at3 < 960u);
    let offset3 = block3.block * (checksum.block_words / 2u);
    let source3 = block3.stripe * params.source_stride + offset3;
    let target3 = block3.stripe * params.target_stride + offset3;
    let row3 = at3 / 16u * 33u + at3 % 16u * 2u;
    // A short block is preceded by zeros. At a zero, this is larger than any length.
    var column3 = at3 % 16u + checksum.first_word / 2u - (512u - block3.words / 2u);
    var s3_0 = Word();
    var s3_1 = Word();
        if column3 < length3 {
            s3_0 = load_source(slots[0].x + source3 + column3);
            s3_1 = load_source(slots[0].y + source3 + column3);
        }
    let at4 = local + 512u;
    let block4 = block_of(first_block + at4 / 16u);
    let length4 = select(0u, block4.words / 2u, at4 < 960u);
    let offset4 = block4.block * (checksum.block_words / 2u);
    let source4 = block4.stripe * params.source_stride + offset4;
    let target4 = block4.stripe * params.target_stride + offset4;
    let row4 = at4 / 16u * 33u + at4 % 16u * 2u;
    // A short block is preceded by zeros. At a zero, this is larger than any length.
    var column4 = at4 % 16u + checksum.first_word / 2u - (512u - block4.words / 2u);
    var s4_0 = Word();
    var s4_1 = Word();
        if column4 < length4 {
            s4_0 = load_source(slots[0].x + source4 + column4);
            s4_1 = load_source(slots[0].y + source4 + column4);
        }
    let at5 = local + 640u;
    let block5 = block_of(first_block + at5 / 16u);
    let length5 = select(0u, block5.words / 2u, at5 < 960u);
    let offset5 = block5.block * (checksum.block_words / 2u);
    let source5 = block5.stripe * params.source_stride + offset5;
    let target5 = block5.stripe * params.target_stride + offset5;
    let row5 = at5 / 16u * 33u + at5 % 16u * 2u;
    // A short block is preceded by zeros. At a zero, this is larger than any length.
    var column5 = at5 % 16u + checksum.first_word / 2u - (512u - block5.words / 2u);
    var s5_0 = Word();
    var s5_1 = Word();
        if column5 < length5 {
            s5_0 = load_source(slots[0].x + source5 + column5);
            s5_1 = load_source(slots[0].y + source5 + column5);
        }
    let at6 = local + 768u;
    let block6 = block_of(first_block + at6 / 16u);
    let length6 = select(0u, block6.words / 2u, at6 < 960u);
    let offset6 = block6.block * (checksum.block_words / 2u);
    let source6 = block6.stripe * params.source_stride + offset6;
    let target6 = block6.stripe * params.target_stride + offset6;
    let row6 = at6 / 16u * 33u + at6 % 16u * 2u;
    // A short block is preceded by zeros. At a zero, this is larger than any length.
    var column6 = at6 % 16u + checksum.first_word / 2u - (512u - block6.words / 2u);
    var s6_0 = Word();
    var s6_1 = Word();
        if column6 < length6 {
            s6_0 = load_source(slots[0].x + source6 + column6);
            s6_1 = load_source(slots[0].y + source6 + column6);
        }
    let at7 = local + 896u;
    let block7 = block_of(first_block + at7 / 16u);
    let length7 = select(0u, block7.words / 2u, at7 < 960u);
    let offset7 = block7.block * (checksum.block_words / 2u);
    let source7 = block7.stripe * params.source_stride + offset7;
    let target7 = block7.stripe * params.target_stride + offset7;
    let row7 = at7 / 16u * 33u + at7 % 16u * 2u;
    // A short block is preceded by zeros. At a zero, this is larger than any length.
    var column7 = at7 % 16u + checksum.first_word / 2u - (512u - block7.words / 2u);
    var s7_0 = Word();
    var s7_1 = Word();
        if column7 < length7 {
            s7_0 = load_source(slots[0].x + source7 + column7);
            s7_1 = load_source(slots[0].y + source7 + column7);
        }
    var u_1 = 0u;
    var u_2 = 0u;
    var u_3 = 0u;
    var u_4 = 0u;
    var u_5 = 0u;
    var u_6 = 0u;
    var u_7 = 0u;
    var u_8 = 0u;
    var u_9 = 0u;
    var u_10 = 0u;
    var u_11 = 0u;
    var u_12 = 0u;
    var u_13 = 0u;
    var u_14 = 0u;
    var u_15 = 0u;
    var u_16 = 0u;
    var u_17 = 0u;
    var u_18 = 0u;
    var u_19 = 0u;
    var u_20 = 0u;
    var u_21 = 0u;
    var u_22 = 0u;
    var u_23 = 0u;
    var u_24 = 0u;
    var u_25 = 0u;
    var u_26 = 0u;
    var v_1 = 0u;
    var v_2 = 0u;
    var v_3 = 0u;
    var v_4 = 0u;
    var v_5 = 0u;
    var v_6 = 0u;
    var v_7 = 0u;
    var v_8 = 0u;
    var v_9 = 0u;
    var v_10 = 0u;
    for (var word = checksum.first_word; word < 1024u; word += 32u) {
            sh_words[row0 + 0u] = s0_0.x;
            sh_words[row0 + 1u] = s0_0.y;
            sh_words[row0 + 1980u] = s0_1.x;
            sh_words[row0 + 1981u] = s0_1.y;
            sh_words[row1 + 0u] = s1_0.x;
            sh_words[row1 + 1u] = s1_0.y;
            sh_words[row1 + 1980u] = s1_1.x;
            sh_words[row1 + 1981u] = s1_1.y;
            sh_words[row2 + 0u] = s2_0.x;
            sh_words[row2 + 1u] = s2_0.y;
            sh_words[row2 + 1980u] = s2_1.x;
            sh_words[row2 + 1981u] = s2_1.y;
            sh_words[row3 + 0u] = s3_0.x;
            sh_words[row3 + 1u] = s3_0.y;
            sh_words[row3 + 1980u] = s3_1.x;
            sh_words[row3 + 1981u] = s3_1.y;
            sh_words[row4 + 0u] = s4_0.x;
            sh_words[row4 + 1u] = s4_0.y;
            sh_words[row4 + 1980u] = s4_1.x;
            sh_words[row4 + 1981u] = s4_1.y;
            sh_words[row5 + 0u] = s5_0.x;
            sh_words[row5 + 1u] = s5_0.y;
            sh_words[row5 + 1980u] = s5_1.x;
            sh_words[row5 + 1981u] = s5_1.y;
            sh_words[row6 + 0u] = s6_0.x;
            sh_words[row6 + 1u] = s6_0.y;
            sh_words[row6 + 1980u] = s6_1.x;
            sh_words[row6 + 1981u] = s6_1.y;
        if at7 < 960u {
            sh_words[row7 + 0u] = s7_0.x;
            sh_words[row7 + 1u] = s7_0.y;
            sh_words[row7 + 1980u] = s7_1.x;
            sh_words[row7 + 1981u] = s7_1.y;
        }
        if column0 < length0 {
            let product = product(s0_0, s0_1);
            targets[slots[0].z + target0 + column0] = product.r0;
        }
        if column1 < length1 {
            let product = product(s1_0, s1_1);
            targets[slots[0].z + target1 + column1] = product.r0;
        }
        if column2 < length2 {
            let product = product(s2_0, s2_1);
            targets[slots[0].z + target2 + column2] = product.r0;
        }
        if column3 < length3 {
            let product = product(s3_0, s3_1);
            targets[slots[0].z + target3 + column3] = product.r0;
        }
        if column4 < length4 {
            let product = product(s4_0, s4_1);
            targets[slots[0].z + target4 + column4] = product.r0;
        }
        if column5 < length5 {
            let product = product(s5_0, s5_1);
            targets[slots[0].z + target5 + column5] = product.r0;
        }
        if column6 < length6 {
            let product = product(s6_0, s6_1);
            targets[slots[0].z + target6 + column6] = product.r0;
        }
        if column7 < length7 {
            let product = product(s7_0, s7_1);
            targets[slots[0].z + target7 + column7] = product.r0;
        }
        workgroupBarrier();
        column0 += 16u;
        if column0 < length0 {
            s0_0 = load_source(slots[0].x + source0 + column0);
            s0_1 = load_source(slots[0].y + source0 + column0);
        }
        column1 += 16u;
        if column1 < length1 {
            s1_0 = load_source(slots[0].x + source1 + column1);
            s1_1 = load_source(slots[0].y + source1 + column1);
        }
        column2 += 16u;
        if column2 < length2 {
            s2_0 = load_source(slots[0].x + source2 + column2);
            s2_1 = load_source(slots[0].y + source2 + column2);
        }
        column3 += 16u;
        if column3 < length3 {
            s3_0 = load_source(slots[0].x + source3 + column3);
            s3_1 = load_source(slots[0].y + source3 + column3);
        }
        column4 += 16u;
        if column4 < length4 {
            s4_0 = load_source(slots[0].x + source4 + column4);
            s4_1 = load_source(slots[0].y + source4 + column4);
        }
        column5 += 16u;
        if column5 < length5 {
            s5_0 = load_source(slots[0].x + source5 + column5);
            s5_1 = load_source(slots[0].y + source5 + column5);
        }
        column6 += 16u;
        if column6 < length6 {
            s6_0 = load_source(slots[0].x + source6 + column6);
            s6_1 = load_source(slots[0].y + source6 + column6);
        }
        column7 += 16u;
        if column7 < length7 {
            s7_0 = load_source(slots[0].x + source7 + column7);
            s7_1 = load_source(slots[0].y + source7 + column7);
        }
        let v0 = sh_words[fold_row + 0u] ^ u_9 ^ u_14 ^ u_17 ^ u_24 ^ u_26 ^ v_2 ^ v_5;
        let u0 = v0 ^ v_6 ^ v_10;
        let v1 = sh_words[fold_row + 1u] ^ u_8 ^ u_13 ^ u_16 ^ u_23 ^ u_25 ^ v_1 ^ v_4;
        let u1 = v1 ^ v_5 ^ v_9;
        let v2 = sh_words[fold_row + 2u] ^ u_7 ^ u_12 ^ u_15 ^ u_22 ^ u_24 ^ v0 ^ v_3;
        let u2 = v2 ^ v_4 ^ v_8;
        let v3 = sh_words[fold_row + 3u] ^ u_6 ^ u_11 ^ u_14 ^ u_21 ^ u_23 ^ v1 ^ v_2;
        let u3 = v3 ^ v_3 ^ v_7;
        let v4 = sh_words[fold_row + 4u] ^ u_5 ^ u_10 ^ u_13 ^ u_20 ^ u_22 ^ v2 ^ v_1;
        let u4 = v4 ^ v_2 ^ v_6;
        let v5 = sh_words[fold_row + 5u] ^ u_4 ^ u_9 ^ u_12 ^ u_19 ^ u_21 ^ v3 ^ v0;
        let u5 = v5 ^ v_1 ^ v_5;
        let v6 = sh_words[fold_row + 6u] ^ u_3 ^ u_8 ^ u_11 ^ u_18 ^ u_20 ^ v4 ^ v1;
        let u6 = v6 ^ v0 ^ v_4;
        let v7 = sh_words[fold_row + 7u] ^ u_2 ^ u_7 ^ u_10 ^ u_17 ^ u_19 ^ v5 ^ v2;
        let u7 = v7 ^ v1 ^ v_3;
        let v8 = sh_words[fold_row + 8u] ^ u_1 ^ u_6 ^ u_9 ^ u_16 ^ u_18 ^ v6 ^ v3;
        let u8 = v8 ^ v2 ^ v_2;
        let v9 = sh_words[fold_row + 9u] ^ u0 ^ u_5 ^ u_8 ^ u_15 ^ u_17 ^ v7 ^ v4;
        let u9 = v9 ^ v3 ^ v_1;
        let v10 = sh_words[fold_row + 10u] ^ u1 ^ u_4 ^ u_7 ^ u_14 ^ u_16 ^ v8 ^ v5;
        let u10 = v10 ^ v4 ^ v0;
        let v11 = sh_words[fold_row + 11u] ^ u2 ^ u_3 ^ u_6 ^ u_13 ^ u_15 ^ v9 ^ v6;
        let u11 = v11 ^ v5 ^ v1;
        let v12 = sh_words[fold_row + 12u] ^ u3 ^ u_2 ^ u_5 ^ u_12 ^ u_14 ^ v10 ^ v7;
        let u12 = v12 ^ v6 ^ v2;
        let v13 = sh_words[fold_row + 13u] ^ u4 ^ u_1 ^ u_4 ^ u_11 ^ u_13 ^ v11 ^ v8;
        let u13 = v13 ^ v7 ^ v3;
        let v14 = sh_words[fold_row + 14u] ^ u5 ^ u0 ^ u_3 ^ u_10 ^ u_12 ^ v12 ^ v9;
        let u14 = v14 ^ v8 ^ v4;
        let v15 = sh_words[fold_row + 15u] ^ u6 ^ u1 ^ u_2 ^ u_9 ^ u_11 ^ v13 ^ v10;
        let u15 = v15 ^ v9 ^ v5;
        let v16 = sh_words[fold_row + 16u] ^ u7 ^ u2 ^ u_1 ^ u_8 ^ u_10 ^ v14 ^ v11;
        let u16 = v16 ^ v10 ^ v6;
        let v17 = sh_words[fold_row + 17u] ^ u8 ^ u3 ^ u0 ^ u_7 ^ u_9 ^ v15 ^ v12;
        let u17 = v17 ^ v11 ^ v7;
        let v18 = sh_words[fold_row + 18u] ^ u9 ^ u4 ^ u1 ^ u_6 ^ u_8 ^ v16 ^ v13;
        let u18 = v18 ^ v12 ^ v8;
        let v19 = sh_words[fold_row + 19u] ^ u10 ^ u5 ^ u2 ^ u_5 ^ u_7 ^ v17 ^ v14;
        let u19 = v19 ^ v13 ^ v9;
        let v20 = sh_words[fold_row + 20u] ^ u11 ^ u6 ^ u3 ^ u_4 ^ u_6 ^ v18 ^ v15;
        let u20 = v20 ^ v14 ^ v10;
        let v21 = sh_words[fold_row + 21u] ^ u12 ^ u7 ^ u4 ^ u_3 ^ u_5 ^ v19 ^ v16;
        let u21 = v21 ^ v15 ^ v11;
        let v22 = sh_words[fold_row + 22u] ^ u13 ^ u8 ^ u5 ^ u_2 ^ u_4 ^ v20 ^ v17;
        let u22 = v22 ^ v16 ^ v12;
        let v23 = sh_words[fold_row + 23u] ^ u14 ^ u9 ^ u6 ^ u_1 ^ u_3 ^ v21 ^ v18;
        let u23 = v23 ^ v17 ^ v13;
        let v24 = sh_words[fold_row + 24u] ^ u15 ^ u10 ^ u7 ^ u0 ^ u_2 ^ v22 ^ v19;
        let u24 = v24 ^ v18 ^ v14;
        let v25 = sh_words[fold_row + 25u] ^ u16 ^ u11 ^ u8 ^ u1 ^ u_1 ^ v23 ^ v20;
        let u25 = v25 ^ v19 ^ v15;
        let v26 = sh_words[fold_row + 26u] ^ u17 ^ u12 ^ u9 ^ u2 ^ u0 ^ v24 ^ v21;
        let u26 = v26 ^ v20 ^ v16;
        let v27 = sh_words[fold_row + 27u] ^ u18 ^ u13 ^ u10 ^ u3 ^ u1 ^ v25 ^ v22;
        let u27 = v27 ^ v21 ^ v17;
        let v28 = sh_words[fold_row + 28u] ^ u19 ^ u14 ^ u11 ^ u4 ^ u2 ^ v26 ^ v23;
        let u28 = v28 ^ v22 ^ v18;
        let v29 = sh_words[fold_row + 29u] ^ u20 ^ u15 ^ u12 ^ u5 ^ u3 ^ v27 ^ v24;
        let u29 = v29 ^ v23 ^ v19;
        let v30 = sh_words[fold_row + 30u] ^ u21 ^ u16 ^ u13 ^ u6 ^ u4 ^ v28 ^ v25;
        let u30 = v30 ^ v24 ^ v20;
        let v31 = sh_words[fold_row + 31u] ^ u22 ^ u17 ^ u14 ^ u7 ^ u5 ^ v29 ^ v26;
        let u31 = v31 ^ v25 ^ v21;
        workgroupBarrier();
        u_26 = u6;
        u_25 = u7;
        u_24 = u8;
        u_23 = u9;
        u_22 = u10;
        u_21 = u11;
        u_20 = u12;
        u_19 = u13;
        u_18 = u14;
        u_17 = u15;
        u_16 = u16;
        u_15 = u17;
        u_14 = u18;
        u_13 = u19;
        u_12 = u20;
        u_11 = u21;
        u_10 = u22;
        u_9 = u23;
        u_8 = u24;
        u_7 = u25;
        u_6 = u26;
        u_5 = u27;
        u_4 = u28;
        u_3 = u29;
        u_2 = u30;
        u_1 = u31;
        v_10 = v22;
        v_9 = v23;
        v_8 = v24;
        v_7 = v25;
        v_6 = v26;
        v_5 = v27;
        v_4 = v28;
        v_3 = v29;
        v_2 = v30;
        v_1 = v31;
    }
    let sum0 = local + 0u;
    var state0 = 0u;
    let sum1 = local + 128u;
    var state1 = 0u;
    if local < 120u {
        sh_words[local * 9u + 0u] = v_3 ^ v_7 ^ v_5 ^ v_9;
        sh_words[local * 9u + 1u] = v_2 ^ v_6 ^ v_4 ^ v_8;
        sh_words[local * 9u + 2u] = v_1 ^ v_5 ^ v_3 ^ v_7;
        sh_words[local * 9u + 3u] = v_4 ^ v_2 ^ v_6;
        sh_words[local * 9u + 4u] = v_3 ^ v_1 ^ v_5;
        sh_words[local * 9u + 5u] = v_2 ^ v_4;
        sh_words[local * 9u + 6u] = v_1 ^ v_3;
        sh_words[local * 9u + 7u] = v_2;
        sh_words[local * 9u + 8u] = v_1;
    }
    workgroupBarrier();
    for (var at = local; at < 540u; at += 128u) {
        let product = left(sh_words[at + 0u], sh_words[at + 540u]);
        sh_words[at + 1080u] = product.r0;
    }
    workgroupBarrier();
    if sum0 < 180u {
        state0 = step_back(state0, sh_words[sum0 * 9u + 8u]);
        state0 = step_back(state0, sh_words[sum0 * 9u + 7u]);
        state0 = step_back(state0, sh_words[sum0 * 9u + 6u]);
        state0 = step_back(state0, sh_words[sum0 * 9u + 5u]);
        state0 = step_back(state0, sh_words[sum0 * 9u + 4u]);
        state0 = step_back(state0, sh_words[sum0 * 9u + 3u]);
        state0 = step_back(state0, sh_words[sum0 * 9u + 2u]);
        state0 = step_back(state0, sh_words[sum0 * 9u + 1u]);
        state0 = step_back(state0, sh_words[sum0 * 9u + 0u]);
    }
    if sum1 < 180u {
        state1 = step_back(state1, sh_words[sum1 * 9u + 8u]);
        state1 = step_back(state1, sh_words[sum1 * 9u + 7u]);
        state1 = step_back(state1, sh_words[sum1 * 9u + 6u]);
        state1 = step_back(state1, sh_words[sum1 * 9u + 5u]);
        state1 = step_back(state1, sh_words[sum1 * 9u + 4u]);
        state1 = step_back(state1, sh_words[sum1 * 9u + 3u]);
        state1 = step_back(state1, sh_words[sum1 * 9u + 2u]);
        state1 = step_back(state1, sh_words[sum1 * 9u + 1u]);
        state1 = step_back(state1, sh_words[sum1 * 9u + 0u]);
    }
    workgroupBarrier();
    if local < 120u {
        sh_words[local * 9u + 0u] = v_1 ^ v_2 ^ v_6 ^ v_5 ^ v_9 ^ u_6 ^ u_8;
        sh_words[local * 9u + 1u] = v_1 ^ v_5 ^ v_4 ^ v_8 ^ u_5 ^ u_7;
        sh_words[local * 9u + 2u] = v_4 ^ v_3 ^ v_7 ^ u_4 ^ u_6;
        sh_words[local * 9u + 3u] = v_3 ^ v_2 ^ v_6 ^ u_3 ^ u_5;
        sh_words[local * 9u + 4u] = v_2 ^ v_1 ^ v_5 ^ u_2 ^ u_4;
        sh_words[local * 9u + 5u] = v_1 ^ v_4 ^ u_1 ^ u_3;
        sh_words[local * 9u + 6u] = v_3 ^ v_6 ^ v_10 ^ u_2;
        sh_words[local * 9u + 7u] = v_2 ^ v_5 ^ v_9 ^ u_1;
        sh_words[local * 9u + 8u] = v_1 ^ v_4 ^ v_8 ^ v_6 ^ v_10;
    }
    workgroupBarrier();
    for (var at = local; at < 540u; at += 128u) {
        let product = left(sh_words[at + 0u], sh_words[at + 540u]);
        sh_words[at + 1080u] = product.r0;
    }
    workgroupBarrier();
    if sum0 < 180u {
        state0 = step_back(state0, sh_words[sum0 * 9u + 8u]);
        state0 = step_back(state0, sh_words[sum0 * 9u + 7u]);
        state0 = step_back(state0, sh_words[sum0 * 9u + 6u]);
        state0 = step_back(state0, sh_words[sum0 * 9u + 5u]);
        state0 = step_back(state0, sh_words[sum0 * 9u + 4u]);
        state0 = step_back(state0, sh_words[sum0 * 9u + 3u]);
        state0 = step_back(state0, sh_words[sum0 * 9u + 2u]);
        state0 = step_back(state0, sh_words[sum0 * 9u + 1u]);
        state0 = step_back(state0, sh_words[sum0 * 9u + 0u]);
    }
    if sum1 < 180u {
        state1 = step_back(state1, sh_words[sum1 * 9u + 8u]);
        state1 = step_back(state1, sh_words[sum1 * 9u + 7u]);
        state1 = step_back(state1, sh_words[sum1 * 9u + 6u]);
        state1 = step_back(state1, sh_words[sum1 * 9u + 5u]);
        state1 = step_back(state1, sh_words[sum1 * 9u + 4u]);
        state1 = step_back(state1, sh_words[sum1 * 9u + 3u]);
        state1 = step_back(state1, sh_words[sum1 * 9u + 2u]);
        state1 = step_back(state1, sh_words[sum1 * 9u + 1u]);
        state1 = step_back(state1, sh_words[sum1 * 9u + 0u]);
    }
    workgroupBarrier();
    if local < 120u {
        sh_words[local * 9u + 0u] = v_6 ^ v_10 ^ u_5 ^ u_8 ^ u_15 ^ u_17;
        sh_words[local * 9u + 1u] = v_5 ^ v_9 ^ u_4 ^ u_7 ^ u_14 ^ u_16;
        sh_words[local * 9u + 2u] = v_4 ^ v_8 ^ u_3 ^ u_6 ^ u_13 ^ u_15;
        sh_words[local * 9u + 3u] = v_3 ^ v_7 ^ u_2 ^ u_5 ^ u_12 ^ u_14;
        sh_words[local * 9u + 4u] = v_2 ^ v_6 ^ u_1 ^ u_4 ^ u_11 ^ u_13;
        sh_words[local * 9u + 5u] = v_1 ^ v_5 ^ v_6 ^ v_10 ^ u_3 ^ u_10 ^ u_12;
        sh_words[local * 9u + 6u] = v_4 ^ v_5 ^ v_9 ^ u_2 ^ u_9 ^ u_11;
        sh_words[local * 9u + 7u] = v_3 ^ v_4 ^ v_8 ^ u_1 ^ u_8 ^ u_10;
        sh_words[local * 9u + 8u] = v_2 ^ v_3 ^ v_7 ^ v_6 ^ v_10 ^ u_7 ^ u_9;
    }
    workgroupBarrier();
    for (var at = local; at < 540u; at += 128u) {
        let product = left(sh_words[at + 0u], sh_words[at + 540u]);
        sh_words[at + 1080u] = product.r0;
    }
    workgroupBarrier();
    if sum0 < 180u {
        state0 = step_back(state0, sh_words[sum0 * 9u + 8u]);
        state0 = step_back(state0, sh_words[sum0 * 9u + 7u]);
        state0 = step_back(state0, sh_words[sum0 * 9u + 6u]);
        state0 = step_back(state0, sh_words[sum0 * 9u + 5u]);
        state0 = step_back(state0, sh_words[sum0 * 9u + 4u]);
        state0 = step_back(state0, sh_words[sum0 * 9u + 3u]);
        state0 = step_back(state0, sh_words[sum0 * 9u + 2u]);
        state0 = step_back(state0, sh_words[sum0 * 9u + 1u]);
        state0 = step_back(state0, sh_words[sum0 * 9u + 0u]);
    }
    if sum1 < 180u {
        state1 = step_back(state1, sh_words[sum1 * 9u + 8u]);
        state1 = step_back(state1, sh_words[sum1 * 9u + 7u]);
        state1 = step_back(state1, sh_words[sum1 * 9u + 6u]);
        state1 = step_back(state1, sh_words[sum1 * 9u + 5u]);
        state1 = step_back(state1, sh_words[sum1 * 9u + 4u]);
        state1 = step_back(state1, sh_words[sum1 * 9u + 3u]);
        state1 = step_back(state1, sh_words[sum1 * 9u + 2u]);
        state1 = step_back(state1, sh_words[sum1 * 9u + 1u]);
        state1 = step_back(state1, sh_words[sum1 * 9u + 0u]);
    }
    workgroupBarrier();
    if local < 120u {
        sh_words[local * 9u + 0u] = u_9 ^ u_14 ^ u_17 ^ u_24 ^ u_26 ^ v_2 ^ v_5;
        sh_words[local * 9u + 1u] = u_8 ^ u_13 ^ u_16 ^ u_23 ^ u_25 ^ v_1 ^ v_4;
        sh_words[local * 9u + 2u] = u_7 ^ u_12 ^ u_15 ^ u_22 ^ u_24 ^ v_3;
        sh_words[local * 9u + 3u] = u_6 ^ u_11 ^ u_14 ^ u_21 ^ u_23 ^ v_2;
        sh_words[local * 9u + 4u] = u_5 ^ u_10 ^ u_13 ^ u_20 ^ u_22 ^ v_1;
        sh_words[local * 9u + 5u] = u_4 ^ u_9 ^ u_12 ^ u_19 ^ u_21;
        sh_words[local * 9u + 6u] = u_3 ^ u_8 ^ u_11 ^ u_18 ^ u_20;
        sh_words[local * 9u + 7u] = u_2 ^ u_7 ^ u_10 ^ u_17 ^ u_19;
        sh_words[local * 9u + 8u] = u_1 ^ u_6 ^ u_9 ^ u_16 ^ u_18;
    }
    workgroupBarrier();
    for (var at = local; at < 540u; at += 128u) {
        let product = left(sh_words[at + 0u], sh_words[at + 540u]);
        sh_words[at + 1080u] = product.r0;
    }
    workgroupBarrier();
    if sum0 < 180u {
        state0 = step_back(state0, sh_words[sum0 * 9u + 8u]);
        state0 = step_back(state0, sh_words[sum0 * 9u + 7u]);
        state0 = step_back(state0, sh_words[sum0 * 9u + 6u]);
        state0 = step_back(state0, sh_words[sum0 * 9u + 5u]);
        state0 = step_back(state0, sh_words[sum0 * 9u + 4u]);
        state0 = step_back(state0, sh_words[sum0 * 9u + 3u]);
        state0 = step_back(state0, sh_words[sum0 * 9u + 2u]);
        state0 = step_back(state0, sh_words[sum0 * 9u + 1u]);
        state0 = step_back(state0, sh_words[sum0 * 9u + 0u]);
    }
    if sum1 < 180u {
        state1 = step_back(state1, sh_words[sum1 * 9u + 8u]);
        state1 = step_back(state1, sh_words[sum1 * 9u + 7u]);
        state1 = step_back(state1, sh_words[sum1 * 9u + 6u]);
        state1 = step_back(state1, sh_words[sum1 * 9u + 5u]);
        state1 = step_back(state1, sh_words[sum1 * 9u + 4u]);
        state1 = step_back(state1, sh_words[sum1 * 9u + 3u]);
        state1 = step_back(state1, sh_words[sum1 * 9u + 2u]);
        state1 = step_back(state1, sh_words[sum1 * 9u + 1u]);
        state1 = step_back(state1, sh_words[sum1 * 9u + 0u]);
    }
    workgroupBarrier();
    let index0 = first_block + sum0 % 60u;
    if sum0 < 180u && index0 < checksum.blocks {
        checksums[sum0 / 60u * checksum.blocks + index0] = state0 ^ block_of(index0).zeros;
    }
    let index1 = first_block + sum1 % 60u;
    if sum1 < 180u && index1 < checksum.blocks {
        checksums[sum1 / 60u * checksum.blocks + index1] = state1 ^ block_of(index1).zeros;
    }
}
