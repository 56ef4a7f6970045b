// gather: lists the blocks in which a check found a difference, and computes the size of the dispatch that corrects them.
//
// found     the result of the check: for each target and block the number of differing bytes, and the first of them
// list      as in shared/corrections.wgsl; the host sets its first four words to zero beforehand
// src/gpu/correct/source.rs writes the constants WORKGROUP_SIZE and PARTS (workgroups of a block) in front.
// One invocation: one block, in all targets.
// Host src/gpu/correct.rs. Tests tests/correct.rs, tests/correct_gpu.rs.

const MOST_GROUPS = 65535u;

struct Shape {
    targets: u32,
    blocks: u32,
}

struct List {
    x: atomic<u32>,
    y: atomic<u32>,
    z: atomic<u32>,
    count: atomic<u32>,
    blocks: array<u32>,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> found: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read_write> list: List;

@compute @workgroup_size(WORKGROUP_SIZE)
fn gather(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let block = id.y * groups.x * WORKGROUP_SIZE + id.x;
    if block >= shape.blocks { return; }
    var differing = 0u;
    for (var target_index = 0u; target_index < shape.targets; target_index += 1u) {
        differing |= found[target_index * shape.blocks + block].x;
    }
    if differing == 0u { return; }
    let at = atomicAdd(&list.count, 1u);
    list.blocks[at] = block;
    // Each invocation proposes the dispatch for the list as it knows it. The maximum is the dispatch for the whole list.
    atomicMax(&list.x, PARTS);
    atomicMax(&list.y, min(at + 1u, MOST_GROUPS));
    atomicMax(&list.z, at / MOST_GROUPS + 1u);
}
