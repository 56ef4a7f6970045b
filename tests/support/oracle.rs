//! GF(2^8) the slow and obvious way, bit by bit and without a table. Shares nothing with the crate but the polynomial.

/// a * b modulo x^8 + x^4 + x^3 + x^2 + 1: add a for every bit of b, doubling a in between.
pub(crate) fn mul(mut a: u8, mut b: u8) -> u8 {
    let mut product = 0;
    while b != 0 {
        if b & 1 == 1 {
            product ^= a;
        }
        let carry = a & 0x80 != 0;
        a <<= 1;
        if carry {
            a ^= 0x1d;
        }
        b >>= 1;
    }
    product
}

/// The b with a * b = 1, by trying all.
pub(crate) fn inv(a: u8) -> u8 {
    (1..=255).find(|&b| mul(a, b) == 1).expect("only 0 has no inverse")
}

/// a to the power of an exponent, by multiplying as often.
pub(crate) fn pow(a: u8, exponent: usize) -> u8 {
    (0..exponent).fold(1, |product, _| mul(product, a))
}

/// Rows of the Cauchy parity matrix: 1 / ((k + i) xor j).
pub(crate) fn cauchy(data_shards: usize, parity_shards: usize) -> Vec<Vec<u8>> {
    let element = |i: usize, j: usize| inv(u8::try_from((data_shards + i) ^ j).expect("k + m <= 256"));
    (0..parity_shards).map(|i| (0..data_shards).map(|j| element(i, j)).collect()).collect()
}

/// Rows of P, and of Q.
pub(crate) fn raid6(data_shards: usize) -> Vec<Vec<u8>> {
    vec![vec![1; data_shards], (0..data_shards).map(|j| pow(2, j)).collect()]
}

/// Rows of powers of two, 2^(i j).
pub(crate) fn isal_rs(data_shards: usize, parity_shards: usize) -> Vec<Vec<u8>> {
    (0..parity_shards).map(|i| (0..data_shards).map(|j| pow(2, i * j)).collect()).collect()
}

/// The parity rows of Jerasure's matrix, step by step as its manual has them: the extended Vandermonde matrix, column operations until its
/// top is the identity, columns scaled for a first parity row of ones, rows scaled for a first column of ones.
pub(crate) fn jerasure_van(data_shards: usize, parity_shards: usize) -> Vec<Vec<u8>> {
    let n = data_shards + parity_shards;
    let finite = |r: usize| (0..data_shards).map(|c| pow(u8::try_from(r).expect("n <= 256"), c)).collect();
    let mut rows: Vec<Vec<u8>> = (0..n - 1).map(finite).collect();
    rows.push((0..data_shards).map(|c| u8::from(c + 1 == data_shards)).collect());
    for c in 0..data_shards {
        let pivot = (c..data_shards).find(|&column| rows[c][column] != 0).expect("a row of rank");
        let (factor, top) = (inv(rows[c][pivot]), rows[c].clone());
        for row in &mut rows {
            row.swap(c, pivot);
            row[c] = mul(row[c], factor);
            for other in (0..data_shards).filter(|&other| other != c) {
                // What stands at the top of this column, after the swap.
                let above = if other == pivot { top[c] } else { top[other] };
                row[other] ^= mul(above, row[c]);
            }
        }
    }
    let mut parity = rows.split_off(data_shards);
    for c in 0..data_shards {
        let factor = inv(parity[0][c]);
        parity.iter_mut().for_each(|row| row[c] = mul(row[c], factor));
    }
    for row in &mut parity {
        let factor = inv(row[0]);
        row.iter_mut().for_each(|element| *element = mul(*element, factor));
    }
    parity
}

/// The rows of SnapRAID's parities: ones, 2^j, and then 1 / (2^-j xor 2^(i-1)), divided by what stands in column 0.
pub(crate) fn snapraid(data_shards: usize, parity_shards: usize) -> Vec<Vec<u8>> {
    let element = |i: usize, j: usize| match i {
        0 => 1,
        1 => pow(2, j),
        _ => inv(inv(pow(2, j)) ^ pow(2, i - 1)),
    };
    let row = |i: usize| (0..data_shards).map(|j| mul(element(i, j), inv(element(i, 0)))).collect();
    (0..parity_shards).map(row).collect()
}

/// The product of a matrix and shards.
pub(crate) fn product<R: AsRef<[u8]>>(rows: &[R], shards: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let bytes = shards.first().map_or(0, Vec::len);
    let mut targets = vec![vec![0; bytes]; rows.len()];
    for (row, target) in rows.iter().zip(&mut targets) {
        assert_eq!(row.as_ref().len(), shards.len(), "columns of the matrix");
        for (&coefficient, shard) in row.as_ref().iter().zip(shards) {
            for (byte, &source) in target.iter_mut().zip(shard) {
                *byte ^= mul(coefficient, source);
            }
        }
    }
    targets
}

/// The rank of some rows, by elimination.
pub(crate) fn rank<R: AsRef<[u8]>>(rows: &[R]) -> usize {
    let mut rows: Vec<Vec<u8>> = rows.iter().map(|row| row.as_ref().to_vec()).collect();
    let columns = rows.first().map_or(0, Vec::len);
    let mut rank = 0;
    for column in 0..columns {
        let Some(pivot) = (rank..rows.len()).find(|&row| rows[row][column] != 0) else { continue };
        rows.swap(rank, pivot);
        let pivot = rows[rank].clone();
        for row in &mut rows[rank + 1..] {
            let factor = mul(row[column], inv(pivot[column]));
            for (element, &above) in row.iter_mut().zip(&pivot) {
                *element ^= mul(factor, above);
            }
        }
        rank += 1;
    }
    rank
}

/// Whether some rows span another.
pub(crate) fn spans<R: AsRef<[u8]>>(rows: &[R], other: &[u8]) -> bool {
    let mut with: Vec<&[u8]> = rows.iter().map(AsRef::as_ref).collect();
    let without = rank(&with);
    with.push(other);
    rank(&with) == without
}
