// gather: lists the blocks in which a check found a target that differs, and counts the workgroups that are to look at them.
//
// found     what the check found: for each target and block how many bytes differ, and the first
// list      as in shared/corrections.wgsl, its first four words zero before
// src/gpu/correct/source.rs puts in front the constants WORKGROUP_SIZE and PARTS, the workgroups of a block.
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
    // The number of workgroups grows with the list: the maxima say what a last one would compute.
    atomicMax(&list.x, PARTS);
    atomicMax(&list.y, min(at + 1u, MOST_GROUPS));
    atomicMax(&list.z, at / MOST_GROUPS + 1u);
}
