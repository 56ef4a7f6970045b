// crc: the CRC-32C of every block of given slots.
//
// A row is one block of one slot. Each invocation folds one row, 32 words at a time. The workgroup loads these words into its
// memory together, so that neighbouring invocations read neighbouring columns. The stride between rows in workgroup memory is
// odd, so invocations that read the same word of their rows use different banks.
//
// A template: src/gpu/crc.rs writes the constants WORKGROUP_SIZE, TILE_COLUMNS and STRIDE in front, then
// shared/checksum.wgsl, and unrolls the fold.
//
// slots      the first column of each slot
// data       the slots
// checksums  slot by slot, block by block
// One invocation: one row. Workgroups: rows in x and y.
// Host src/gpu/crc.rs. Twin src/crc/fold.rs. Tests tests/checksums.rs.

@group(0) @binding(1) var<storage, read> slots: array<u32>;
@group(0) @binding(2) var<storage, read> data: array<vec4<u32>>;

var<workgroup> sh_words: array<u32, {{WORDS}}>; // WORKGROUP_SIZE * STRIDE

@compute @workgroup_size(WORKGROUP_SIZE)
fn crc(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let first_row = (group.y * groups.x + group.x) * WORKGROUP_SIZE;
    for (var at = local; at < 128u; at += WORKGROUP_SIZE) {
        sh_tables[at] = checksum.tables[at / 4u][at % 4u];
    }
    let fold_row = local * STRIDE;
{{BEGIN}}
    for (var word = checksum.first_word; word < 1024u; word += {{UNROLLED_WORDS}}u) {
{{LOOP}}
    }
    let row = first_row + local;
    var state = 0u;
{{FINISH}}
    if row < checksum.rows {
        let slot = row / checksum.blocks;
        checksums[checksum.offset + row] = state ^ block_of(row - slot * checksum.blocks).zeros;
    }
}
