// table: any plan's targets = matrix * sources over GF(2^8), the matrix as data.
//
// A byte b is (b & 15) + (b >> 4) * 16, so a product c * b is a sum of two table entries. One entry packs the products
// with the coefficients of four rows, so one pair of lookups serves four targets (J. S. Plank et al., "Screaming fast
// Galois field arithmetic using Intel SIMD instructions", FAST 2013, with words in the place of vectors). Sixteen
// neighbouring words of workgroup memory lie in sixteen banks: lookups never collide.
//
// params    one struct Params
// program   offsets: one u32 a source, then one a target: where its words begin, in vec4<u32>
//           tables: for each group of four rows, for each source, 32 entries: low nibbles, then high nibbles
// sources   what the offsets of sources point into
// targets   what the offsets of targets point into, to be written; or `stored`, to be compared
// found     for each target and block of block_words: bytes that differ, and the block's bytes less the first one's
//           offset (so that zero says nothing and a maximum finds the first)
// One invocation: one column of 16 bytes (a vec4<u32>) of four targets. Workgroups: columns in x and y, row groups in z.
// Host src/gpu/table.rs. Twin src/cpu/portable.rs. Tests tests/oracle.rs, tests/boundaries.rs.

const WORKGROUP_SIZE = 256u;
const TABLE_ENTRIES = 32u;
const ROWS = 4u;
// Sources whose tables are in workgroup memory at a time.
const TILE_SOURCES = 32u;

struct Params {
    columns: u32,
    sources: u32,
    targets: u32,
    // Columns of a block, and blocks of all columns: used by checks only.
    block_columns: u32,
    blocks: u32,
}

struct Found {
    count: atomic<u32>,
    first: atomic<u32>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> program: array<u32>;
@group(0) @binding(2) var<storage, read> sources: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> targets: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read> stored: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read_write> found: array<Found>;

var<workgroup> sh_tables: array<u32, 1024>; // TILE_SOURCES * TABLE_ENTRIES

// Four lookups, one for each word: entry `at` of the table at `base` in sh_tables.
fn look_up(base: u32, at: vec4<u32>) -> vec4<u32> {
    return vec4(sh_tables[base + at.x], sh_tables[base + at.y], sh_tables[base + at.z], sh_tables[base + at.w]);
}

// The products of byte `shift / 8` of each word with the four rows' coefficients.
fn products(table: u32, words: vec4<u32>, shift: u32) -> vec4<u32> {
    let byte = words >> vec4(shift);
    return look_up(table, byte & vec4(15u)) ^ look_up(table + 16u, (byte >> vec4(4u)) & vec4(15u));
}

// Byte `row` of each of the four, as the four bytes of a word: a row of a 4 x 4 transpose.
fn gather(bytes: array<vec4<u32>, 4>, row: u32) -> vec4<u32> {
    let shift = vec4(row * 8u);
    let low = vec4(0xffu);
    return ((bytes[0] >> shift) & low)
        | (((bytes[1] >> shift) & low) << vec4(8u))
        | (((bytes[2] >> shift) & low) << vec4(16u))
        | (((bytes[3] >> shift) & low) << vec4(24u));
}

// Sums, for each byte position of a word, the products of four rows with every source. Every invocation of a workgroup
// has to call this, since all load tables; those beyond the last column compute nothing.
fn sum_of_products(column: u32, row_group: u32, local: u32) -> array<vec4<u32>, 4> {
    var sums = array<vec4<u32>, 4>();
    let tables = params.sources + params.targets + row_group * params.sources * TABLE_ENTRIES;
    for (var first = 0u; first < params.sources; first += TILE_SOURCES) {
        let tile = min(TILE_SOURCES, params.sources - first);
        workgroupBarrier();
        for (var entry = local; entry < tile * TABLE_ENTRIES; entry += WORKGROUP_SIZE) {
            sh_tables[entry] = program[tables + first * TABLE_ENTRIES + entry];
        }
        workgroupBarrier();
        if column < params.columns {
            for (var source = 0u; source < tile; source += 1u) {
                let words = sources[program[first + source] + column];
                let table = source * TABLE_ENTRIES;
                sums[0] ^= products(table, words, 0u);
                sums[1] ^= products(table, words, 8u);
                sums[2] ^= products(table, words, 16u);
                sums[3] ^= products(table, words, 24u);
            }
        }
    }
    return sums;
}

fn column_of(group: vec3<u32>, groups: vec3<u32>, local: u32) -> u32 {
    // Two dimensions, because one ends at 65,535 workgroups.
    return (group.y * groups.x + group.x) * WORKGROUP_SIZE + local;
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn table_write(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let column = column_of(group, groups, local);
    let sums = sum_of_products(column, group.z, local);
    if column >= params.columns {
        return;
    }
    for (var row = 0u; row < min(ROWS, params.targets - group.z * ROWS); row += 1u) {
        let offset = program[params.sources + group.z * ROWS + row];
        targets[offset + column] = gather(sums, row);
    }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn table_check(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let column = column_of(group, groups, local);
    let sums = sum_of_products(column, group.z, local);
    if column >= params.columns {
        return;
    }
    for (var row = 0u; row < min(ROWS, params.targets - group.z * ROWS); row += 1u) {
        let target_index = group.z * ROWS + row;
        let offset = program[params.sources + target_index];
        let difference = gather(sums, row) ^ stored[offset + column];
        if any(difference != vec4(0u)) {
            note(target_index, column, difference);
        }
    }
}

// Adds one column's difference to its block's entry.
fn note(target_index: u32, column: u32, difference: vec4<u32>) {
    // The lowest bit of each byte that is not zero.
    var marks = difference | (difference >> vec4(4u));
    marks |= marks >> vec4(2u);
    marks |= marks >> vec4(1u);
    marks &= vec4(0x01010101u);
    let counts = countOneBits(marks);
    // The first byte that differs: whole words before it, then bytes of its word.
    var first = 0u;
    for (; first < 3u && marks[first] == 0u; first += 1u) {}
    let byte = first * 4u + countTrailingZeros(marks[first]) / 8u;
    let at = target_index * params.blocks + column / params.block_columns;
    let offset = column % params.block_columns * 16u + byte;
    atomicAdd(&found[at].count, counts.x + counts.y + counts.z + counts.w);
    atomicMax(&found[at].first, params.block_columns * 16u - offset);
}
