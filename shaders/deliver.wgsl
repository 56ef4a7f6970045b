// deliver: copies corrected blocks to the buffer that the host reads: each listed block, of each slot that was corrected there.
//
// src/gpu/correct/source.rs writes shared/corrections.wgsl in front.
//
// corrected  laid out like `shards`; only the copied blocks are written
// One workgroup: a part of one listed block, in all slots. One invocation: one word of each.
// Host src/gpu/correct.rs. Tests tests/correct.rs.

@group(0) @binding(3) var<storage, read> shards: array<u32>;
@group(0) @binding(4) var<storage, read> outcomes: array<Tally>;
@group(0) @binding(5) var<storage, read_write> corrected: array<u32>;

@compute @workgroup_size(WORKGROUP_SIZE)
fn deliver(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let entry = group.z * groups.y + group.y;
    if entry >= list.count { return; }
    let place = place_of(list.blocks[entry]);
    let word = group.x * WORKGROUP_SIZE + local;
    if word >= place.words { return; }
    let tallies = params.shards + 1u;
    for (var slot = 0u; slot < params.shards; slot += 1u) {
        var count = 0u;
        for (var part = 0u; part < PARTS; part += 1u) {
            count |= outcomes[(entry * PARTS + part) * tallies + slot].count;
        }
        if count != 0u {
            let at = slots[slot].x + place.start + word;
            corrected[at] = shards[at];
        }
    }
}
