// table: targets = matrix * sources over GF(2^8) for any plan, with the matrix as data. Each stripe may have its own plan.
//
// A byte b is (b & 15) + (b >> 4) * 16, so a product c * b is a sum of two table entries. One entry packs the products
// with the coefficients of four rows, so one pair of lookups serves four targets (J. S. Plank et al., "Screaming fast
// Galois field arithmetic using Intel SIMD instructions", FAST 2013, with words in place of vectors). The sixteen words of a
// half table are in sixteen different banks of workgroup memory, so lookups in it never conflict.
//
// A template: src/gpu/table.rs unrolls the loop over sources, and writes in front the constants WORKGROUP_SIZE, UNROLL,
// TABLE_ENTRIES, ROWS and ABSENT, then shared/params.wgsl and the declarations of sources and targets from
// src/gpu/launch.rs: `load_source`, `targets` or `stored`, `note`.
//
// slots     for each plan: the first column of each source, then of each target; ABSENT for a row that the plan lacks
// tables    for each plan, each group of four rows, each source: 32 entries: low nibbles, then high nibbles
// plan_of   for each stripe: its plan
// One invocation: one column of 16 bytes of four targets. Workgroups: columns in x and y, row groups in z.
// Host src/gpu/table.rs. Twin src/cpu/portable.rs. Tests tests/oracle.rs, tests/boundaries.rs.

// Sources whose tables are in workgroup memory at a time.
const TILE_SOURCES = 32u;

struct Shape {
    // The largest numbers of any plan. Tables of sources that a plan lacks are zero.
    sources: u32,
    targets: u32,
}

@group(0) @binding(1) var<storage, read> slots: array<u32>;
@group(0) @binding(5) var<storage, read> tables: array<u32>;
@group(0) @binding(6) var<storage, read> plan_of: array<u32>;
@group(0) @binding(7) var<uniform> shape: Shape;

var<workgroup> sh_tables: array<u32, 1024>; // TILE_SOURCES * TABLE_ENTRIES
var<workgroup> sh_slots: array<u32, 32>; // TILE_SOURCES

// For each byte position of a word: the sums of the products of four rows, packed into the four bytes of a word.
struct Sums {
    byte0: vec4<u32>,
    byte1: vec4<u32>,
    byte2: vec4<u32>,
    byte3: vec4<u32>,
}

// Four lookups in the table that begins at `base` in sh_tables.
fn look_up(base: u32, at: vec4<u32>) -> vec4<u32> {
    return vec4(sh_tables[base + at.x], sh_tables[base + at.y], sh_tables[base + at.z], sh_tables[base + at.w]);
}

// The products of byte `shift / 8` of each word with the coefficients of four rows. `low` and `high` hold the nibbles.
fn products(table: u32, low: vec4<u32>, high: vec4<u32>, shift: u32) -> vec4<u32> {
    let byte = vec4(0xffu);
    return look_up(table, (low >> vec4(shift)) & byte) ^ look_up(table + 16u, (high >> vec4(shift)) & byte);
}

fn add_products(sums: Sums, table: u32, words: vec4<u32>) -> Sums {
    // Split all four bytes into nibbles at once; each byte is then one shift and one mask.
    let low = words & vec4(0x0f0f0f0fu);
    let high = (words >> vec4(4u)) & vec4(0x0f0f0f0fu);
    return Sums(
        sums.byte0 ^ products(table, low, high, 0u),
        sums.byte1 ^ products(table, low, high, 8u),
        sums.byte2 ^ products(table, low, high, 16u),
        sums.byte3 ^ products(table, low, high, 24u),
    );
}

// The word of one row: its byte of each sum. The four rows together are a 4 x 4 transpose.
fn gather(sums: Sums, row: u32) -> vec4<u32> {
    let shift = vec4(row * 8u);
    let low = vec4(0xffu);
    return ((sums.byte0 >> shift) & low)
        | (((sums.byte1 >> shift) & low) << vec4(8u))
        | (((sums.byte2 >> shift) & low) << vec4(16u))
        | (((sums.byte3 >> shift) & low) << vec4(24u));
}

// The column of an invocation, counted over all stripes. If all stripes share a plan, columns fill workgroups without gaps.
// Otherwise a workgroup stays within one stripe, so that its invocations share a plan.
fn column_of(group: u32, local: u32) -> u32 {
    if params.plans == 1u {
        return group * WORKGROUP_SIZE + local;
    }
    let stripe_groups = (params.stripe_columns + WORKGROUP_SIZE - 1u) / WORKGROUP_SIZE;
    let stripe = group / stripe_groups;
    let column = (group - stripe * stripe_groups) * WORKGROUP_SIZE + local;
    return select(params.columns, stripe * params.stripe_columns + column, column < params.stripe_columns);
}

// The plan of a workgroup.
fn plan_of_group(group: u32) -> u32 {
    if params.plans == 1u {
        return 0u;
    }
    let stripe_groups = (params.stripe_columns + WORKGROUP_SIZE - 1u) / WORKGROUP_SIZE;
    return plan_of[min(group / stripe_groups, arrayLength(&plan_of) - 1u)];
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn table(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let group_index = group.y * groups.x + group.x;
    let column = column_of(group_index, local);
    // Invocations beyond the last column help to load tables, then compute the last column again and discard the result.
    let place = place_of(min(column, params.columns - 1u));
    let plan = plan_of_group(group_index);
    let plan_slots = plan * (shape.sources + shape.targets);
    let row_groups = (shape.targets + ROWS - 1u) / ROWS;
    let plan_tables = (plan * row_groups + group.z) * shape.sources * TABLE_ENTRIES;

    var sums = Sums();
    for (var first = 0u; first < shape.sources; first += TILE_SOURCES) {
        let tile = min(TILE_SOURCES, shape.sources - first);
        workgroupBarrier();
        for (var entry = local; entry < tile * TABLE_ENTRIES; entry += WORKGROUP_SIZE) {
            sh_tables[entry] = tables[plan_tables + first * TABLE_ENTRIES + entry];
        }
        if local < tile {
            sh_slots[local] = slots[plan_slots + first + local];
        }
        workgroupBarrier();
        var source = 0u;
        for (; source + UNROLL <= tile; source += UNROLL) {
            let table = source * TABLE_ENTRIES;
            {{UNROLLED}}
        }
        for (; source < tile; source += 1u) {
            let words = load_source(sh_slots[source] + place.source);
            sums = add_products(sums, source * TABLE_ENTRIES, words);
        }
    }
    if column >= params.columns {
        return;
    }
    for (var row = 0u; row < ROWS; row += 1u) {
        let index = group.z * ROWS + row;
        if index < shape.targets {
            let offset = slots[plan_slots + shape.sources + index];
            if offset != ABSENT {
                let word = gather(sums, row);
                {{FINISH}}
            }
        }
    }
}
