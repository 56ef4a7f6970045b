// invert: computes the tables of thousands of repairs, one workgroup for each, for the table kernel that runs next.
//
// The code is MDS with parity matrix P. The lost shards are L (data) and Q (parity). A are the data shards present, and R the
// first |L| parity shards present. Then P[R, L] * lost data = parity[R] + P[R, A] * data[A]. With B = P[R, L]^-1 stacked on
// P[Q, L] * P[R, L]^-1, all lost shards are
//
//   lost = B * parity[R]  +  (B * P[R, A] + (0 stacked on P[Q, A])) * data[A].
//
// Gauss-Jordan elimination turns P[R + Q, L] into B in place. Each step scales the pivot's row by the inverse of the pivot,
// writes that inverse in place of the pivot, and subtracts multiples of the row from all other rows; the pivot's column then
// holds the products with the inverse (W. H. Press et al., "Numerical recipes in C", 1992, section 2.1). It needs no search
// for pivots: every square submatrix of such a P is invertible (MacWilliams and Sloane, "The theory of error-correcting
// codes", 1977, chapter 11, theorem 8), so no leading minor is zero, and a leading minor is the product of the pivots so far.
//
// src/gpu/invert.rs writes the constants WORKGROUP_SIZE, MASK_WORDS, MOST_LOST, TABLE_ENTRIES, ROWS and ABSENT in front. A
// word of work and tables packs the elements of four rows.
//
// patterns  for each repair: MASK_WORDS words with a bit for each shard, set if it is lost, lowest bit first
// parity    for each group of four parity rows: a word for each data shard
// inverses  the inverse of each element, four in a word
// places    the first column of each source, by shard or by position (`by_position`); then likewise of each target
// tables, slots: in the form that shaders/table.wgsl reads
// Host src/gpu/invert.rs. Twin src/plan/interpolation.rs, with a different method. Tests tests/patterns.rs.

const MOST_SHARDS = 256u;

struct Shape {
    repairs: u32,
    data_shards: u32,
    parity_shards: u32,
    // The largest number of targets of a repair. The number of sources is always data_shards.
    targets: u32,
    // 1 if `places` is indexed by position, 0 if by shard. Then the number of places of sources.
    by_position: u32,
    source_places: u32,
}

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> patterns: array<u32>;
@group(0) @binding(2) var<storage, read> parity: array<u32>;
@group(0) @binding(3) var<storage, read> places: array<u32>;
@group(0) @binding(4) var<storage, read_write> tables: array<u32>;
@group(0) @binding(5) var<storage, read_write> slots: array<u32>;
@group(0) @binding(6) var<storage, read> inverses: array<u32>;

var<workgroup> sh_sources: array<u32, MOST_SHARDS>; // shards: A, then R
var<workgroup> sh_lost: array<u32, MOST_LOST>; // shards: L, then Q
var<workgroup> sh_rows: array<u32, MOST_LOST>; // parity rows of `work`: R, then Q
var<workgroup> sh_work: array<u32, MOST_LOST / ROWS * MOST_LOST>; // for each group of rows, |L| columns
var<workgroup> sh_pivot: array<u32, MOST_LOST>; // the pivot's row, scaled
var<workgroup> sh_factors: array<u32, MOST_LOST / ROWS>; // the pivot's column
var<workgroup> sh_products: array<u32, 1024>; // 8 * WORKGROUP_SIZE: coefficients times 1, 2, 4, .. 128

// Twice each byte of a word.
fn doubled(packed: u32) -> u32 {
    return ((packed << 1u) & 0xfefefefeu) ^ (((packed >> 7u) & 0x01010101u) * 0x1du);
}

// The products of the four bytes of a word with one element, by Horner's rule over the element's bits.
fn product(element: u32, packed: u32) -> u32 {
    var sum = 0u;
    for (var bit = 8u; bit > 0u; bit -= 1u) {
        sum = doubled(sum) ^ select(0u, packed, ((element >> (bit - 1u)) & 1u) == 1u);
    }
    return sum;
}

fn byte_of(word: u32, row: u32) -> u32 {
    return (word >> (row % ROWS * 8u)) & 0xffu;
}

fn parity_element(row: u32, shard: u32) -> u32 {
    return byte_of(parity[row / ROWS * shape.data_shards + shard], row);
}

// The number of lost shards below `shard`, in the repair whose mask begins at `mask`.
fn lost_below(mask: u32, shard: u32) -> u32 {
    var count = 0u;
    for (var word = 0u; word < shard / 32u; word += 1u) {
        count += countOneBits(patterns[mask + word]);
    }
    if shard % 32u > 0u {
        count += countOneBits(patterns[mask + shard / 32u] & ((1u << (shard % 32u)) - 1u));
    }
    return count;
}

// The place of a source (`first` 0) or target (`first` shape.source_places).
fn place_of(first: u32, shard: u32, position: u32) -> u32 {
    return places[first + select(shard, position, shape.by_position == 1u)];
}

@compute @workgroup_size(WORKGROUP_SIZE)
fn invert(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let repair = group.y * groups.x + group.x;
    if repair >= shape.repairs {
        return;
    }
    let k = shape.data_shards;
    let mask = repair * MASK_WORDS;
    let lost = lost_below(mask, k + shape.parity_shards);
    let lost_data = lost_below(mask, k);
    let row_groups = (lost + ROWS - 1u) / ROWS;

    // Sort the shards into A, R, L and Q.
    for (var shard = local; shard < k + shape.parity_shards; shard += WORKGROUP_SIZE) {
        let below = lost_below(mask, shard);
        let is_lost = ((patterns[mask + shard / 32u] >> (shard % 32u)) & 1u) == 1u;
        if is_lost {
            sh_lost[below] = shard;
            if shard >= k {
                sh_rows[below] = shard - k;
            }
        } else if shard < k {
            sh_sources[shard - below] = shard;
        } else if shard - below < k {
            // shard - below sources come before this one, and k - lost_data of them are data.
            sh_sources[shard - below] = shard;
            sh_rows[shard - below + lost_data - k] = shard - k;
        }
    }
    workgroupBarrier();

    // P[R + Q, L].
    for (var at = local; at < row_groups * lost_data; at += WORKGROUP_SIZE) {
        let first = at / lost_data * ROWS;
        let shard = sh_lost[at % lost_data];
        var packed = 0u;
        for (var row = 0u; row < min(ROWS, lost - first); row += 1u) {
            packed |= parity_element(sh_rows[first + row], shard) << (row * 8u);
        }
        sh_work[at] = packed;
    }

    for (var pivot = 0u; pivot < lost_data; pivot += 1u) {
        let pivot_group = pivot / ROWS;
        let pivot_byte = 0xffu << (pivot % ROWS * 8u);
        workgroupBarrier();
        let diagonal = byte_of(sh_work[pivot_group * lost_data + pivot], pivot);
        let scale = byte_of(inverses[diagonal / 4u], diagonal);
        if local < lost_data {
            let element = byte_of(sh_work[pivot_group * lost_data + local], pivot);
            sh_pivot[local] = select(product(scale, element), scale, local == pivot);
        }
        if local < row_groups {
            let factors = sh_work[local * lost_data + pivot];
            sh_factors[local] = select(factors, factors & ~pivot_byte, local == pivot_group);
        }
        workgroupBarrier();
        for (var at = local; at < row_groups * lost_data; at += WORKGROUP_SIZE) {
            let row_group = at / lost_data;
            let column = at % lost_data;
            var packed = select(sh_work[at], 0u, column == pivot);
            if row_group == pivot_group {
                packed = (packed & ~pivot_byte) | (sh_pivot[column] << (pivot % ROWS * 8u));
            }
            sh_work[at] = packed ^ product(sh_pivot[column], sh_factors[row_group]);
        }
    }
    workgroupBarrier();

    // The coefficients, and the products of each with the 16 low and the 16 high nibbles. Rows that this repair lacks are zero.
    let table_groups = (shape.targets + ROWS - 1u) / ROWS;
    let first_table = repair * table_groups * k;
    for (var first = 0u; first < table_groups * k; first += WORKGROUP_SIZE) {
        let at = first + local;
        let row_group = at / k;
        var packed = 0u;
        if at < table_groups * k && row_group < row_groups {
            let position = at % k;
            let shard = sh_sources[position];
            let work = row_group * lost_data;
            if shard >= k {
                packed = sh_work[work + position + lost_data - k];
            } else {
                for (var row = 0u; row < lost_data; row += 1u) {
                    packed ^= product(parity_element(sh_rows[row], shard), sh_work[work + row]);
                }
                for (var row = 0u; row < ROWS; row += 1u) {
                    let target_index = row_group * ROWS + row;
                    if target_index >= lost_data && target_index < lost {
                        packed ^= parity_element(sh_rows[target_index], shard) << (row * 8u);
                    }
                }
            }
        }
        for (var bit = 0u; bit < 8u; bit += 1u) {
            sh_products[local * 8u + bit] = packed;
            packed = doubled(packed);
        }
        workgroupBarrier();
        let entries = min(WORKGROUP_SIZE, table_groups * k - first) * TABLE_ENTRIES;
        for (var entry = local; entry < entries; entry += WORKGROUP_SIZE) {
            // The products for the four bits of the low or the high nibble.
            let products = entry / 16u * 4u;
            var sum = 0u;
            for (var bit = 0u; bit < 4u; bit += 1u) {
                sum ^= select(0u, sh_products[products + bit], ((entry >> bit) & 1u) == 1u);
            }
            tables[(first_table + first) * TABLE_ENTRIES + entry] = sum;
        }
        workgroupBarrier();
    }

    // The first column of each source and target. The tables of a repair without losses are zero, so its sources do not matter.
    let first_slot = repair * (k + shape.targets);
    for (var position = local; position < k; position += WORKGROUP_SIZE) {
        var place = 0u;
        if lost > 0u {
            place = place_of(0u, sh_sources[position], position);
        }
        slots[first_slot + position] = place;
    }
    for (var position = local; position < shape.targets; position += WORKGROUP_SIZE) {
        var place = ABSENT;
        if position < lost {
            place = place_of(shape.source_places, sh_lost[position], position);
        }
        slots[first_slot + k + position] = place;
    }
}
