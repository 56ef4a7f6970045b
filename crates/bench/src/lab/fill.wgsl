// fill: random words, so that no kernel or memory gains from regular contents.
//   word i is hash(hash(i) ^ seed) (C. Wellons, "Prospecting for hash functions": lowbias32)
// params   x: the seed
// words    the whole buffer
// One invocation: one vec4<u32>. Host crates/bench/src/lab.rs.

const WORKGROUP_SIZE = 256u;

@group(0) @binding(0) var<uniform> params: vec4<u32>;
@group(0) @binding(1) var<storage, read_write> words: array<vec4<u32>>;

fn hash(word: vec4<u32>) -> vec4<u32> {
    var x = word;
    x ^= x >> vec4(16u);
    x *= vec4(0x7feb352du);
    x ^= x >> vec4(15u);
    x *= vec4(0x846ca68bu);
    return x ^ (x >> vec4(16u));
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn fill(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    // Two dimensions, because one ends at 65,535 workgroups.
    let at = (group.y * groups.x + group.x) * WORKGROUP_SIZE + local;
    if at < arrayLength(&words) {
        let index = vec4(at * 4u) + vec4(0u, 1u, 2u, 3u);
        words[at] = hash(hash(index) ^ vec4(params.x));
    }
}
