const SYNDROMES = 4u;
const PLACES = 2u;
const WORKGROUP_SIZE = 256u;
const PARTS = 4u;
const SUMS = 1021u;
const PATTERN_HEAD = 9u;
// Shared by the kernels of a correction: the list of inconsistent blocks, their positions, and the tallies of corrections.
// src/gpu/correct/source.rs writes the constants WORKGROUP_SIZE and PARTS in front. A block of at most 4096 bytes has PARTS
// parts. Each part is one workgroup, in which each invocation has one word. Host src/gpu/correct.rs.

struct Params {
    // Slots of a stripe, which are the shards of the code.
    shards: u32,
    stripe_blocks: u32,
    // In words of four bytes: the used part of a stripe, a block, and the distance from one stripe to the next.
    stripe_words: u32,
    block_words: u32,
    stripe_stride: u32,
    // Masks the used bytes of a stripe's last word.
    tail_mask: u32,
    // Words of a pattern, and the index in `patterns` of the first block's pattern, or 0 if all blocks share one pattern.
    pattern_words: u32,
    pattern_of: u32,
}

// The inconsistent blocks in any order, written by shaders/gather.wgsl. It begins with the arguments of an indirect dispatch
// over the list: x counts the parts of a block, and y and z count blocks, because one dimension ends at 65,535.
struct List {
    x: u32,
    y: u32,
    z: u32,
    count: u32,
    blocks: array<u32>,
}

// A number of bytes in one part of a block of one slot, and the offsets of the first and the last in the block.
struct Tally {
    count: u32,
    first: u32,
    last: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
// For each slot: its first word; the logarithm of its multiplier; the logarithm of its point. The fourth component is an index
// by logarithm instead: the slot whose point has that logarithm, or a number beyond the slots if there is none.
@group(0) @binding(1) var<uniform> slots: array<vec4<u32>, 255>;
@group(0) @binding(2) var<storage, read> list: List;

// The position of a block: its first word relative to the slot, its first word relative to the stripe, and its length in words.
struct Place {
    start: u32,
    first: u32,
    words: u32,
}

fn place_of(block: u32) -> Place {
    let stripe = block / params.stripe_blocks;
    let first = (block - stripe * params.stripe_blocks) * params.block_words;
    let words = min(params.block_words, params.stripe_words - first);
    return Place(stripe * params.stripe_stride + first, first, words);
}
// correct: finds and corrects the wrong bytes in the listed blocks of a generalised Reed-Solomon code, byte column by byte
// column. src/grs/decoder.rs explains the mathematics and names its sources; steps and names here are the same.
//
// A template. src/gpu/correct/source.rs writes constants in front of it: SYNDROMES, PLACES (half of SYNDROMES), SUMS (one
// more than the largest sum of two logarithms) and PATTERN_HEAD (words of a pattern before its locator). Then comes
// shared/corrections.wgsl. Inner loops are written as EACH name BELOW bound, and the host unrolls them. Unrolled, the
// lookups of several rounds are in flight together. It also keeps the shader within the 65,535 loop rounds that lavapipe allows.
//
// shards    all slots
// outcomes  for each listed block and each PART of it: a tally of the corrections in each slot, then a tally of the columns
//           that could not be corrected
// field     the logarithms of 0 to 255, with 510 (LOG_OF_ZERO) for 0; then 2^i, which is 0 if i includes LOG_OF_ZERO
// patterns  the erasures. For each pattern: their number, a bit for each slot, and the logarithms of the coefficients of the
//           erasure locator. After all patterns: the pattern of each block, unless all blocks share one pattern
// One workgroup: a part of one listed block, in all slots. One invocation: one word of each slot, which is four columns. So
// no two invocations write the same word.
// Host src/gpu/correct.rs. Twin src/grs/decoder.rs. Tests tests/correct.rs, tests/correct_gpu.rs.

const COLUMNS = 4u;

@group(0) @binding(3) var<storage, read_write> shards: array<u32>;
@group(0) @binding(4) var<storage, read_write> outcomes: array<Tally>;
@group(0) @binding(5) var<storage, read> field: array<u32>;
@group(0) @binding(6) var<storage, read> patterns: array<u32>;

var<workgroup> sh_log: array<u32, 256>;
var<workgroup> sh_exp: array<u32, SUMS>;
// A tally for each slot, and after the last slot one for uncorrectable columns: the number of columns, the first, the last.
var<workgroup> sh_counts: array<atomic<u32>, 256>;
var<workgroup> sh_firsts: array<atomic<u32>, 256>;
var<workgroup> sh_lasts: array<atomic<u32>, 256>;

// The syndromes of the four columns of a word, a byte for each column.
var<private> packed: array<u32, SYNDROMES>;
// From here on: the state of one column.
var<private> syndromes: array<u32, SYNDROMES>;
var<private> positions: array<u32, SYNDROMES>;
var<private> magnitudes: array<u32, SYNDROMES>;
var<private> errata: u32;
var<private> modified: array<u32, SYNDROMES>;
var<private> recurrence: array<u32, PLACES + 1u>;
var<private> before: array<u32, PLACES + 1u>;
// Logarithms of coefficients.
var<private> evaluator: array<u32, SYNDROMES>;
var<private> locator: array<u32, SYNDROMES + 1u>;

fn product(a: u32, b: u32) -> u32 {
    return sh_exp[sh_log[a] + sh_log[b]];
}

// The logarithm of the product of two elements that are not zero, from their logarithms.
fn log_sum(a: u32, b: u32) -> u32 {
    let sum = a + b;
    return select(sum, sum - 255u, sum >= 255u);
}

fn log_inverse(log: u32) -> u32 {
    return select(255u - log, 0u, log == 0u);
}

fn multiplier(position: u32) -> u32 {
    return slots[position].y;
}

fn point(position: u32) -> u32 {
    return slots[position].z;
}

// Computes `packed` from one word of every slot. Returns the syndromes combined by OR: a byte that is zero is a column without errors.
fn compute_syndromes(at: u32) -> u32 {
    for (var r_first = 0u; r_first < SYNDROMES; r_first += 4u) {
{ let r = r_first + 0u; if r < SYNDROMES {
        packed[r] = 0u;
    } }
{ let r = r_first + 1u; if r < SYNDROMES {
        packed[r] = 0u;
    } }
{ let r = r_first + 2u; if r < SYNDROMES {
        packed[r] = 0u;
    } }
{ let r = r_first + 3u; if r < SYNDROMES {
        packed[r] = 0u;
    } }
}
    for (var position = 0u; position < params.shards; position += 1u) {
        let word = shards[slots[position].x + at];
        if word == 0u { continue; }
        let x = sh_log[word & 0xffu];
        let y = sh_log[(word >> 8u) & 0xffu];
        let z = sh_log[(word >> 16u) & 0xffu];
        let w = sh_log[word >> 24u];
        let ratio = point(position);
        var power = multiplier(position);
        for (var r_first = 0u; r_first < SYNDROMES; r_first += 4u) {
{ let r = r_first + 0u; if r < SYNDROMES {
            packed[r] ^= sh_exp[x + power] | (sh_exp[y + power] << 8u) | (sh_exp[z + power] << 16u)
                | (sh_exp[w + power] << 24u);
            power = log_sum(power, ratio);
        } }
{ let r = r_first + 1u; if r < SYNDROMES {
            packed[r] ^= sh_exp[x + power] | (sh_exp[y + power] << 8u) | (sh_exp[z + power] << 16u)
                | (sh_exp[w + power] << 24u);
            power = log_sum(power, ratio);
        } }
{ let r = r_first + 2u; if r < SYNDROMES {
            packed[r] ^= sh_exp[x + power] | (sh_exp[y + power] << 8u) | (sh_exp[z + power] << 16u)
                | (sh_exp[w + power] << 24u);
            power = log_sum(power, ratio);
        } }
{ let r = r_first + 3u; if r < SYNDROMES {
            packed[r] ^= sh_exp[x + power] | (sh_exp[y + power] << 8u) | (sh_exp[z + power] << 16u)
                | (sh_exp[w + power] << 24u);
            power = log_sum(power, ratio);
        } }
}
    }
    var any = 0u;
    for (var r_first = 0u; r_first < SYNDROMES; r_first += 4u) {
{ let r = r_first + 0u; if r < SYNDROMES {
        any |= packed[r];
    } }
{ let r = r_first + 1u; if r < SYNDROMES {
        any |= packed[r];
    } }
{ let r = r_first + 2u; if r < SYNDROMES {
        any |= packed[r];
    } }
{ let r = r_first + 3u; if r < SYNDROMES {
        any |= packed[r];
    } }
}
    return any;
}

// A short way for the most common case. With one error and no erasure the syndromes are a geometric sequence, and its ratio is
// the point of the wrong slot.
fn find_single() -> bool {
    if SYNDROMES < 2u || syndromes[0] == 0u || syndromes[min(1u, SYNDROMES - 1u)] == 0u {
        return false;
    }
    let first = sh_log[syndromes[0]];
    let ratio = log_sum(sh_log[syndromes[min(1u, SYNDROMES - 1u)]], log_inverse(first));
    var expected = first;
    var rest = 0u;
    for (var r_first = 0u; r_first < SYNDROMES; r_first += 4u) {
{ let r = r_first + 0u; if r < SYNDROMES {
        rest |= syndromes[r] ^ sh_exp[expected];
        expected = log_sum(expected, ratio);
    } }
{ let r = r_first + 1u; if r < SYNDROMES {
        rest |= syndromes[r] ^ sh_exp[expected];
        expected = log_sum(expected, ratio);
    } }
{ let r = r_first + 2u; if r < SYNDROMES {
        rest |= syndromes[r] ^ sh_exp[expected];
        expected = log_sum(expected, ratio);
    } }
{ let r = r_first + 3u; if r < SYNDROMES {
        rest |= syndromes[r] ^ sh_exp[expected];
        expected = log_sum(expected, ratio);
    } }
}
    if rest != 0u {
        return false;
    }
    let position = slots[ratio].w;
    if position >= params.shards {
        return false;
    }
    positions[0] = position;
    magnitudes[0] = sh_exp[first + log_inverse(multiplier(position))];
    errata = 1u;
    return true;
}

// The modified syndromes: the syndromes times the erasure locator.
fn modify_syndromes(pattern: u32, erasures: u32) {
    for (var r = 0u; r < SYNDROMES; r += 1u) {
        var sum = 0u;
        for (var j_first = 0u; j_first < min(r, erasures) + 1u; j_first += 4u) {
{ let j = j_first + 0u; if j < min(r, erasures) + 1u {
            sum ^= sh_exp[patterns[pattern + PATTERN_HEAD + j] + sh_log[syndromes[r - j]]];
        } }
{ let j = j_first + 1u; if j < min(r, erasures) + 1u {
            sum ^= sh_exp[patterns[pattern + PATTERN_HEAD + j] + sh_log[syndromes[r - j]]];
        } }
{ let j = j_first + 2u; if j < min(r, erasures) + 1u {
            sum ^= sh_exp[patterns[pattern + PATTERN_HEAD + j] + sh_log[syndromes[r - j]]];
        } }
{ let j = j_first + 3u; if j < min(r, erasures) + 1u {
            sum ^= sh_exp[patterns[pattern + PATTERN_HEAD + j] + sh_log[syndromes[r - j]]];
        } }
}
        modified[r] = sum;
    }
}

// Runs Massey's algorithm on the modified syndromes from `erasures` on. Returns the length of the recurrence, or PLACES + 1 if
// it is longer than half the sequence or its degree differs from its length.
fn find_recurrence(erasures: u32) -> u32 {
    for (var j = 0u; j <= PLACES; j += 1u) {
        recurrence[j] = 0u;
        before[j] = 0u;
    }
    recurrence[0] = 1u;
    before[0] = 1u;
    var length = 0u;
    var gap = 1u;
    var before_log = 0u;
    let count = SYNDROMES - erasures;
    for (var n = 0u; n < count; n += 1u) {
        var discrepancy = modified[erasures + n];
        for (var j_first = 0u; j_first < min(length, n); j_first += 4u) {
{ let j = j_first + 0u; if j < min(length, n) {
            discrepancy ^= product(recurrence[j + 1u], modified[erasures + n - j - 1u]);
        } }
{ let j = j_first + 1u; if j < min(length, n) {
            discrepancy ^= product(recurrence[j + 1u], modified[erasures + n - j - 1u]);
        } }
{ let j = j_first + 2u; if j < min(length, n) {
            discrepancy ^= product(recurrence[j + 1u], modified[erasures + n - j - 1u]);
        } }
{ let j = j_first + 3u; if j < min(length, n) {
            discrepancy ^= product(recurrence[j + 1u], modified[erasures + n - j - 1u]);
        } }
}
        if discrepancy == 0u {
            gap += 1u;
            continue;
        }
        let is_longer = 2u * length <= n;
        if is_longer && 2u * (n + 1u - length) > count {
            return PLACES + 1u;
        }
        let scale = log_sum(sh_log[discrepancy], log_inverse(before_log));
        // The loop runs down from the highest coefficient. It reads `before` only below the entries it has written, so it can
        // save the old `recurrence` there as it goes.
        for (var up_first = 0u; up_first < PLACES + 1u; up_first += 4u) {
{ let up = up_first + 0u; if up < PLACES + 1u {
            let j = PLACES - up;
            var sum = recurrence[j];
            if j >= gap {
                sum ^= sh_exp[scale + sh_log[before[j - gap]]];
            }
            if is_longer {
                before[j] = recurrence[j];
            }
            recurrence[j] = sum;
        } }
{ let up = up_first + 1u; if up < PLACES + 1u {
            let j = PLACES - up;
            var sum = recurrence[j];
            if j >= gap {
                sum ^= sh_exp[scale + sh_log[before[j - gap]]];
            }
            if is_longer {
                before[j] = recurrence[j];
            }
            recurrence[j] = sum;
        } }
{ let up = up_first + 2u; if up < PLACES + 1u {
            let j = PLACES - up;
            var sum = recurrence[j];
            if j >= gap {
                sum ^= sh_exp[scale + sh_log[before[j - gap]]];
            }
            if is_longer {
                before[j] = recurrence[j];
            }
            recurrence[j] = sum;
        } }
{ let up = up_first + 3u; if up < PLACES + 1u {
            let j = PLACES - up;
            var sum = recurrence[j];
            if j >= gap {
                sum ^= sh_exp[scale + sh_log[before[j - gap]]];
            }
            if is_longer {
                before[j] = recurrence[j];
            }
            recurrence[j] = sum;
        } }
}
        if is_longer {
            length = n + 1u - length;
            before_log = sh_log[discrepancy];
            gap = 1u;
        } else {
            gap += 1u;
        }
    }
    return select(PLACES + 1u, length, recurrence[length] != 0u);
}

// Collects the erased positions and the roots of the recurrence. Returns false if it has fewer roots than its degree.
fn find_places(pattern: u32, erasures: u32, degree: u32) -> bool {
    errata = 0u;
    var roots_left = degree;
    for (var position = 0u; position < params.shards; position += 1u) {
        var is_root = ((patterns[pattern + 1u + position / 32u] >> (position % 32u)) & 1u) != 0u;
        if !is_root && roots_left > 0u {
            let step = log_inverse(point(position));
            var power = step;
            var value = recurrence[0];
            for (var j_first = 0u; j_first < degree; j_first += 4u) {
{ let j = j_first + 0u; if j < degree {
                value ^= sh_exp[sh_log[recurrence[j + 1u]] + power];
                power = log_sum(power, step);
            } }
{ let j = j_first + 1u; if j < degree {
                value ^= sh_exp[sh_log[recurrence[j + 1u]] + power];
                power = log_sum(power, step);
            } }
{ let j = j_first + 2u; if j < degree {
                value ^= sh_exp[sh_log[recurrence[j + 1u]] + power];
                power = log_sum(power, step);
            } }
{ let j = j_first + 3u; if j < degree {
                value ^= sh_exp[sh_log[recurrence[j + 1u]] + power];
                power = log_sum(power, step);
            } }
}
            if value == 0u {
                roots_left -= 1u;
                is_root = true;
            }
        }
        if is_root {
            positions[min(errata, SYNDROMES - 1u)] = position;
            errata += 1u;
        }
    }
    return errata == erasures + degree;
}

// Computes the magnitudes by Forney's formula. Returns false if one does not exist.
fn find_magnitudes(pattern: u32, erasures: u32, degree: u32) -> bool {
    for (var r = 0u; r < errata; r += 1u) {
        var sum = 0u;
        for (var j_first = 0u; j_first < min(r, degree) + 1u; j_first += 4u) {
{ let j = j_first + 0u; if j < min(r, degree) + 1u {
            sum ^= product(recurrence[j], modified[r - j]);
        } }
{ let j = j_first + 1u; if j < min(r, degree) + 1u {
            sum ^= product(recurrence[j], modified[r - j]);
        } }
{ let j = j_first + 2u; if j < min(r, degree) + 1u {
            sum ^= product(recurrence[j], modified[r - j]);
        } }
{ let j = j_first + 3u; if j < min(r, degree) + 1u {
            sum ^= product(recurrence[j], modified[r - j]);
        } }
}
        evaluator[r] = sh_log[sum];
    }
    for (var r = 1u; r <= errata; r += 2u) {
        var sum = 0u;
        for (var j_first = 0u; j_first < min(r, degree) + 1u; j_first += 4u) {
{ let j = j_first + 0u; if j < min(r, degree) + 1u {
            if r - j <= erasures {
                sum ^= sh_exp[sh_log[recurrence[j]] + patterns[pattern + PATTERN_HEAD + r - j]];
            }
        } }
{ let j = j_first + 1u; if j < min(r, degree) + 1u {
            if r - j <= erasures {
                sum ^= sh_exp[sh_log[recurrence[j]] + patterns[pattern + PATTERN_HEAD + r - j]];
            }
        } }
{ let j = j_first + 2u; if j < min(r, degree) + 1u {
            if r - j <= erasures {
                sum ^= sh_exp[sh_log[recurrence[j]] + patterns[pattern + PATTERN_HEAD + r - j]];
            }
        } }
{ let j = j_first + 3u; if j < min(r, degree) + 1u {
            if r - j <= erasures {
                sum ^= sh_exp[sh_log[recurrence[j]] + patterns[pattern + PATTERN_HEAD + r - j]];
            }
        } }
}
        locator[r] = sh_log[sum];
    }
    for (var index = 0u; index < errata; index += 1u) {
        let position = positions[index];
        let step = log_inverse(point(position));
        var power = 0u;
        var above = 0u;
        var below = 0u;
        for (var r_first = 0u; r_first < errata + 1u; r_first += 4u) {
{ let r = r_first + 0u; if r < errata + 1u {
            if r < errata {
                above ^= sh_exp[evaluator[r] + power];
            }
            if r % 2u == 1u {
                below ^= sh_exp[locator[r] + power];
            }
            power = log_sum(power, step);
        } }
{ let r = r_first + 1u; if r < errata + 1u {
            if r < errata {
                above ^= sh_exp[evaluator[r] + power];
            }
            if r % 2u == 1u {
                below ^= sh_exp[locator[r] + power];
            }
            power = log_sum(power, step);
        } }
{ let r = r_first + 2u; if r < errata + 1u {
            if r < errata {
                above ^= sh_exp[evaluator[r] + power];
            }
            if r % 2u == 1u {
                below ^= sh_exp[locator[r] + power];
            }
            power = log_sum(power, step);
        } }
{ let r = r_first + 3u; if r < errata + 1u {
            if r < errata {
                above ^= sh_exp[evaluator[r] + power];
            }
            if r % 2u == 1u {
                below ^= sh_exp[locator[r] + power];
            }
            power = log_sum(power, step);
        } }
}
        if below == 0u {
            return false;
        }
        let divisor = log_sum(sh_log[below], multiplier(position));
        magnitudes[index] = sh_exp[sh_log[above] + log_inverse(divisor)];
    }
    return true;
}

// Whether the errata produce exactly the syndromes of the column. Overwrites the syndromes.
fn explain() -> bool {
    for (var index = 0u; index < errata; index += 1u) {
        let position = positions[index];
        let ratio = point(position);
        var power = multiplier(position);
        let magnitude = sh_log[magnitudes[index]];
        for (var r_first = 0u; r_first < SYNDROMES; r_first += 4u) {
{ let r = r_first + 0u; if r < SYNDROMES {
            syndromes[r] ^= sh_exp[magnitude + power];
            power = log_sum(power, ratio);
        } }
{ let r = r_first + 1u; if r < SYNDROMES {
            syndromes[r] ^= sh_exp[magnitude + power];
            power = log_sum(power, ratio);
        } }
{ let r = r_first + 2u; if r < SYNDROMES {
            syndromes[r] ^= sh_exp[magnitude + power];
            power = log_sum(power, ratio);
        } }
{ let r = r_first + 3u; if r < SYNDROMES {
            syndromes[r] ^= sh_exp[magnitude + power];
            power = log_sum(power, ratio);
        } }
}
    }
    var rest = 0u;
    for (var r_first = 0u; r_first < SYNDROMES; r_first += 4u) {
{ let r = r_first + 0u; if r < SYNDROMES {
        rest |= syndromes[r];
    } }
{ let r = r_first + 1u; if r < SYNDROMES {
        rest |= syndromes[r];
    } }
{ let r = r_first + 2u; if r < SYNDROMES {
        rest |= syndromes[r];
    } }
{ let r = r_first + 3u; if r < SYNDROMES {
        rest |= syndromes[r];
    } }
}
    return rest == 0u;
}

fn find_errata(pattern: u32) -> bool {
    let erasures = patterns[pattern];
    if erasures > SYNDROMES {
        return false;
    }
    if erasures == 0u && find_single() {
        return true;
    }
    modify_syndromes(pattern, erasures);
    let degree = find_recurrence(erasures);
    return degree <= PLACES
        && find_places(pattern, erasures, degree)
        && find_magnitudes(pattern, erasures, degree)
        && explain();
}

fn note(slot: u32, column: u32) {
    atomicAdd(&sh_counts[slot], 1u);
    atomicMin(&sh_firsts[slot], column);
    atomicMax(&sh_lasts[slot], column);
}

// Corrects one word of every slot: the word `at` of the slot, which begins at column `column` of its block.
fn correct_word(at: u32, column: u32, mask: u32, pattern: u32) {
    let wrong = compute_syndromes(at) & mask;
    if wrong == 0u { return; }
    for (var byte = 0u; byte < COLUMNS; byte += 1u) {
        let shift = 8u * byte;
        if ((wrong >> shift) & 0xffu) == 0u { continue; }
        for (var r_first = 0u; r_first < SYNDROMES; r_first += 4u) {
{ let r = r_first + 0u; if r < SYNDROMES {
            syndromes[r] = (packed[r] >> shift) & 0xffu;
        } }
{ let r = r_first + 1u; if r < SYNDROMES {
            syndromes[r] = (packed[r] >> shift) & 0xffu;
        } }
{ let r = r_first + 2u; if r < SYNDROMES {
            syndromes[r] = (packed[r] >> shift) & 0xffu;
        } }
{ let r = r_first + 3u; if r < SYNDROMES {
            syndromes[r] = (packed[r] >> shift) & 0xffu;
        } }
}
        if !find_errata(pattern) {
            note(params.shards, column + byte);
            continue;
        }
        for (var index = 0u; index < errata; index += 1u) {
            let position = positions[index];
            if magnitudes[index] != 0u {
                shards[slots[position].x + at] ^= magnitudes[index] << shift;
                note(position, column + byte);
            }
        }
    }
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn correct(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    for (var i = local; i < SUMS; i += WORKGROUP_SIZE) {
        sh_exp[i] = field[256u + i];
    }
    for (var i = local; i < 256u; i += WORKGROUP_SIZE) {
        sh_log[i] = field[i];
        atomicStore(&sh_counts[i], 0u);
        atomicStore(&sh_firsts[i], 0xffffffffu);
        atomicStore(&sh_lasts[i], 0u);
    }
    workgroupBarrier();
    let entry = group.z * groups.y + group.y;
    let is_listed = entry < list.count;
    if is_listed {
        let block = list.blocks[entry];
        let place = place_of(block);
        var pattern = 0u;
        if params.pattern_of != 0u {
            pattern = patterns[params.pattern_of + block] * params.pattern_words;
        }
        let word = group.x * WORKGROUP_SIZE + local;
        if word < place.words {
            let is_tail = place.first + word + 1u == params.stripe_words;
            let mask = select(0xffffffffu, params.tail_mask, is_tail);
            correct_word(place.start + word, word * COLUMNS, mask, pattern);
        }
    }
    workgroupBarrier();
    if is_listed {
        let tallies = params.shards + 1u;
        for (var slot = local; slot < tallies; slot += WORKGROUP_SIZE) {
            outcomes[(entry * PARTS + group.x) * tallies + slot] = Tally(
                atomicLoad(&sh_counts[slot]),
                atomicLoad(&sh_firsts[slot]),
                atomicLoad(&sh_lasts[slot]),
            );
        }
    }
}
