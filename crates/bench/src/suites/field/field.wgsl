// field: sums, products and inverses in GF(2^8) mod 0x11d that never leave an invocation's registers.
//
// An invocation holds four vec4<u32>, a to d, of sixteen elements each. One iteration makes 64 elements, each from the
// result of the iteration before:
//   add       a += turn(b); b += turn(c); c += turn(d); d += turn(a), where turn rotates the bytes of a word by one:
//             without it a compiler could see that adding b twice changes nothing
//   multiply  a *= b; b *= c; c *= d; d *= a, from nonzero elements, so that every product is nonzero
//   inverse   a = 1/a + b; b = 1/b + c; c = 1/c + d; d = 1/d + a, with 1/0 = 0
// Forms:
//   packed         four elements a word. A product is eight steps of shift and add (Anvin, "The mathematics of RAID-6",
//                  section 3, for the doubling); an inverse is a^254 = a^2 a^12 a^240, powers of 2 being linear maps
//   log-exp        a byte at a time, by logarithms in workgroup memory
//   inverse-table  a byte at a time, one lookup in workgroup memory
//
// params   x: iterations, y: seed
// results  each invocation's a to d
// tables   logarithms, exponentials, inverses: registers.rs says how zero goes through them
// One invocation: one state. Host crates/bench/src/suites/field/registers.rs. Twin words.rs beside it. Test
// crates/cli/tests/bench.rs.

const WORKGROUP_SIZE = 256u;
const LOGS = 256u;
const EXPS = 1536u;
// exp[INVERSE - log(a)] is 1/a.
const INVERSE = 1535u;

@group(0) @binding(0) var<uniform> params: vec4<u32>;
@group(0) @binding(1) var<storage, read_write> results: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> tables: array<u32>;

var<workgroup> sh_log: array<u32, 256>; // LOGS
var<workgroup> sh_exp: array<u32, 1536>; // EXPS
var<workgroup> sh_inverse: array<u32, 256>; // LOGS

struct State {
    a: vec4<u32>,
    b: vec4<u32>,
    c: vec4<u32>,
    d: vec4<u32>,
}

fn index_of(group: vec3<u32>, groups: vec3<u32>, local: u32) -> u32 {
    return (group.y * groups.x + group.x) * WORKGROUP_SIZE + local;
}

// C. Wellons, "Prospecting for hash functions": lowbias32.
fn hash(word: vec4<u32>) -> vec4<u32> {
    var x = word;
    x ^= x >> vec4(16u);
    x *= vec4(0x7feb352du);
    x ^= x >> vec4(15u);
    x *= vec4(0x846ca68bu);
    return x ^ (x >> vec4(16u));
}

// Odd bytes: no element is zero.
fn start_word(at: u32) -> vec4<u32> {
    let index = vec4(at * 4u) + vec4(0u, 1u, 2u, 3u);
    return hash(hash(index) ^ vec4(params.y)) | vec4(0x01010101u);
}

fn start(index: u32) -> State {
    let at = index * 4u;
    return State(start_word(at), start_word(at + 1u), start_word(at + 2u), start_word(at + 3u));
}

fn finish(index: u32, state: State) {
    let at = index * 4u;
    if at + 3u < arrayLength(&results) {
        results[at] = state.a;
        results[at + 1u] = state.b;
        results[at + 2u] = state.c;
        results[at + 3u] = state.d;
    }
}

fn turn(a: vec4<u32>) -> vec4<u32> {
    return (a << vec4(8u)) | (a >> vec4(24u));
}

// packed

fn double(a: vec4<u32>) -> vec4<u32> {
    return ((a << vec4(1u)) & vec4(0xfefefefeu)) ^ (((a >> vec4(7u)) & vec4(0x01010101u)) * vec4(0x1du));
}

// Bit i of each element, as 0 or 1.
fn bit(a: vec4<u32>, i: u32) -> vec4<u32> {
    return (a >> vec4(i)) & vec4(0x01010101u);
}

// a where bit i of b is set.
fn where_bit(a: vec4<u32>, b: vec4<u32>, i: u32) -> vec4<u32> {
    return (bit(b, i) * vec4(0xffu)) & a;
}

// Horner over the bits of b, the highest first.
fn product(a: vec4<u32>, b: vec4<u32>) -> vec4<u32> {
    var sum = where_bit(a, b, 7u);
    sum = double(sum) ^ where_bit(a, b, 6u);
    sum = double(sum) ^ where_bit(a, b, 5u);
    sum = double(sum) ^ where_bit(a, b, 4u);
    sum = double(sum) ^ where_bit(a, b, 3u);
    sum = double(sum) ^ where_bit(a, b, 2u);
    sum = double(sum) ^ where_bit(a, b, 1u);
    return double(sum) ^ where_bit(a, b, 0u);
}

// a^2, a^4 and a^16: bit i of a goes to 2^(2 i), 2^(4 i), 2^(16 i).

fn power2(a: vec4<u32>) -> vec4<u32> {
    return bit(a, 0u) * vec4(0x1u)
        ^ bit(a, 1u) * vec4(0x4u)
        ^ bit(a, 2u) * vec4(0x10u)
        ^ bit(a, 3u) * vec4(0x40u)
        ^ bit(a, 4u) * vec4(0x1du)
        ^ bit(a, 5u) * vec4(0x74u)
        ^ bit(a, 6u) * vec4(0xcdu)
        ^ bit(a, 7u) * vec4(0x13u);
}

fn power4(a: vec4<u32>) -> vec4<u32> {
    return bit(a, 0u) * vec4(0x1u)
        ^ bit(a, 1u) * vec4(0x10u)
        ^ bit(a, 2u) * vec4(0x1du)
        ^ bit(a, 3u) * vec4(0xcdu)
        ^ bit(a, 4u) * vec4(0x4cu)
        ^ bit(a, 5u) * vec4(0xb4u)
        ^ bit(a, 6u) * vec4(0x8fu)
        ^ bit(a, 7u) * vec4(0x18u);
}

fn power16(a: vec4<u32>) -> vec4<u32> {
    return bit(a, 0u) * vec4(0x1u)
        ^ bit(a, 1u) * vec4(0x4cu)
        ^ bit(a, 2u) * vec4(0x9du)
        ^ bit(a, 3u) * vec4(0x46u)
        ^ bit(a, 4u) * vec4(0x5fu)
        ^ bit(a, 5u) * vec4(0xfdu)
        ^ bit(a, 6u) * vec4(0xd9u)
        ^ bit(a, 7u) * vec4(0x81u);
}

fn inverse(a: vec4<u32>) -> vec4<u32> {
    let a2 = power2(a);
    let a3 = product(a2, a);
    let a12 = power4(a3);
    let a240 = power16(product(a12, a3));
    return product(product(a240, a12), a2);
}

// log-exp and inverse-table

fn load_tables(local: u32) {
    for (var at = local; at < EXPS; at += WORKGROUP_SIZE) {
        sh_exp[at] = tables[LOGS + at];
    }
    sh_log[local] = tables[local];
    workgroupBarrier();
}

fn load_inverses(local: u32) {
    sh_inverse[local] = tables[LOGS + EXPS + local];
    workgroupBarrier();
}

fn byte(word: u32, shift: u32) -> u32 {
    return (word >> shift) & 0xffu;
}

fn byte_product(a: u32, b: u32, shift: u32) -> u32 {
    return sh_exp[sh_log[byte(a, shift)] + sh_log[byte(b, shift)]] << shift;
}

fn word_product(a: u32, b: u32) -> u32 {
    return byte_product(a, b, 0u) | byte_product(a, b, 8u) | byte_product(a, b, 16u) | byte_product(a, b, 24u);
}

fn table_product(a: vec4<u32>, b: vec4<u32>) -> vec4<u32> {
    return vec4(word_product(a.x, b.x), word_product(a.y, b.y), word_product(a.z, b.z), word_product(a.w, b.w));
}

fn byte_inverse(a: u32, shift: u32) -> u32 {
    return sh_exp[INVERSE - sh_log[byte(a, shift)]] << shift;
}

fn word_inverse(a: u32) -> u32 {
    return byte_inverse(a, 0u) | byte_inverse(a, 8u) | byte_inverse(a, 16u) | byte_inverse(a, 24u);
}

fn log_inverse(a: vec4<u32>) -> vec4<u32> {
    return vec4(word_inverse(a.x), word_inverse(a.y), word_inverse(a.z), word_inverse(a.w));
}

fn word_looked_up(a: u32) -> u32 {
    return sh_inverse[byte(a, 0u)]
        | (sh_inverse[byte(a, 8u)] << 8u)
        | (sh_inverse[byte(a, 16u)] << 16u)
        | (sh_inverse[byte(a, 24u)] << 24u);
}

fn table_inverse(a: vec4<u32>) -> vec4<u32> {
    return vec4(word_looked_up(a.x), word_looked_up(a.y), word_looked_up(a.z), word_looked_up(a.w));
}

// Entry points: one for each operation and form.

@compute @workgroup_size(WORKGROUP_SIZE)
fn add_packed(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let index = index_of(group, groups, local);
    var s = start(index);
    for (var i = 0u; i < params.x; i += 1u) {
        s.a ^= turn(s.b);
        s.b ^= turn(s.c);
        s.c ^= turn(s.d);
        s.d ^= turn(s.a);
    }
    finish(index, s);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn multiply_packed(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let index = index_of(group, groups, local);
    var s = start(index);
    for (var i = 0u; i < params.x; i += 1u) {
        s.a = product(s.a, s.b);
        s.b = product(s.b, s.c);
        s.c = product(s.c, s.d);
        s.d = product(s.d, s.a);
    }
    finish(index, s);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn multiply_log_exp(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    load_tables(local);
    let index = index_of(group, groups, local);
    var s = start(index);
    for (var i = 0u; i < params.x; i += 1u) {
        s.a = table_product(s.a, s.b);
        s.b = table_product(s.b, s.c);
        s.c = table_product(s.c, s.d);
        s.d = table_product(s.d, s.a);
    }
    finish(index, s);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn inverse_packed(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let index = index_of(group, groups, local);
    var s = start(index);
    for (var i = 0u; i < params.x; i += 1u) {
        s.a = inverse(s.a) ^ s.b;
        s.b = inverse(s.b) ^ s.c;
        s.c = inverse(s.c) ^ s.d;
        s.d = inverse(s.d) ^ s.a;
    }
    finish(index, s);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn inverse_log_exp(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    load_tables(local);
    let index = index_of(group, groups, local);
    var s = start(index);
    for (var i = 0u; i < params.x; i += 1u) {
        s.a = log_inverse(s.a) ^ s.b;
        s.b = log_inverse(s.b) ^ s.c;
        s.c = log_inverse(s.c) ^ s.d;
        s.d = log_inverse(s.d) ^ s.a;
    }
    finish(index, s);
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn inverse_inverse_table(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    load_inverses(local);
    let index = index_of(group, groups, local);
    var s = start(index);
    for (var i = 0u; i < params.x; i += 1u) {
        s.a = table_inverse(s.a) ^ s.b;
        s.b = table_inverse(s.b) ^ s.c;
        s.c = table_inverse(s.c) ^ s.d;
        s.d = table_inverse(s.d) ^ s.a;
    }
    finish(index, s);
}
