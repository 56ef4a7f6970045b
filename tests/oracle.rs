//! Encoding gives the same bytes as other implementations: reed-solomon-erasure for vandermonde, rusty_erasure for cauchy and raid6.

#[path = "support/support.rs"]
mod support;

use evariste::Code;
use support::{assert_shards_equal, each_codec, oracle, painted, painted_stripe};

/// A short length that is different from shape to shape and mostly odd.
fn bytes(data_shards: usize, parity_shards: usize) -> usize {
    1 + (data_shards * 7 + parity_shards * 13) % 67
}

/// Every shape with k + m <= limit.
fn shapes(limit: usize) -> impl Iterator<Item = (usize, usize)> {
    (1..limit).flat_map(move |k| (1..=limit - k).map(move |m| (k, m)))
}

/// Shapes between 40 and 256 shards, and all the corners there.
const WIDE: [(usize, usize); 13] = [
    (41, 1),
    (1, 41),
    (50, 10),
    (64, 16),
    (100, 5),
    (5, 100),
    (127, 128),
    (200, 31),
    (254, 2),
    (2, 254),
    (128, 128),
    (255, 1),
    (1, 255),
];

fn equals_reed_solomon_erasure(data_shards: usize, parity_shards: usize, bytes: usize) {
    let mut expected = painted_stripe(data_shards, parity_shards, bytes);
    let oracle = reed_solomon_erasure::galois_8::ReedSolomon::new(data_shards, parity_shards).unwrap();
    oracle.encode(&mut expected).unwrap();
    let code = Code::reed_solomon(data_shards, parity_shards).unwrap();
    each_codec(&code, |backend, codec| {
        let mut shards = painted_stripe(data_shards, parity_shards, bytes);
        codec.encode(&mut shards).unwrap();
        assert_shards_equal(
            &expected,
            &shards,
            format_args!("{backend}, {data_shards}+{parity_shards}, {bytes} bytes"),
        );
    });
}

#[test]
fn vandermonde_up_to_40_shards() {
    for (k, m) in shapes(40) {
        equals_reed_solomon_erasure(k, m, bytes(k, m));
    }
}

#[test]
fn vandermonde_up_to_256_shards() {
    for (k, m) in WIDE {
        equals_reed_solomon_erasure(k, m, bytes(k, m));
    }
}

#[test]
fn vandermonde_with_longer_shards() {
    for (k, m, bytes) in [(10, 4, 70_001), (17, 3, 33_333), (6, 3, 131_072), (128, 128, 4097)] {
        equals_reed_solomon_erasure(k, m, bytes);
    }
}

fn equals_rusty_erasure_cauchy(data_shards: usize, parity_shards: usize, bytes: usize) {
    let oracle = rusty_erasure::Matrix::cauchy(data_shards, parity_shards).unwrap();
    let oracle = rusty_erasure::coder(oracle).unwrap();
    let mut expected = painted_stripe(data_shards, parity_shards, bytes);
    let (data, parity) = expected.split_at_mut(data_shards);
    let data: Vec<&[u8]> = data.iter().map(Vec::as_slice).collect();
    let mut parity: Vec<&mut [u8]> = parity.iter_mut().map(Vec::as_mut_slice).collect();
    oracle.encode(&data, &mut parity).unwrap();
    each_codec(&Code::cauchy(data_shards, parity_shards).unwrap(), |backend, codec| {
        let mut shards = painted_stripe(data_shards, parity_shards, bytes);
        codec.encode(&mut shards).unwrap();
        let context = format!("{backend}, cauchy {data_shards}+{parity_shards}, {bytes} bytes");
        assert_shards_equal(&expected, &shards, context);
    });
}

#[test]
fn cauchy_up_to_40_shards() {
    for (k, m) in shapes(40) {
        equals_rusty_erasure_cauchy(k, m, bytes(k, m));
    }
}

/// rusty_erasure ends at 255 shards; beyond it the slow oracle of these tests serves, which `tests/vectors.rs` holds against ISA-L.
#[test]
fn cauchy_up_to_256_shards() {
    for (k, m) in WIDE {
        if k + m <= 255 {
            equals_rusty_erasure_cauchy(k, m, bytes(k, m));
            continue;
        }
        let mut expected = painted(k, bytes(k, m));
        expected.extend(oracle::product(&oracle::cauchy(k, m), &expected));
        each_codec(&Code::cauchy(k, m).unwrap(), |backend, codec| {
            let mut shards = painted_stripe(k, m, bytes(k, m));
            codec.encode(&mut shards).unwrap();
            assert_shards_equal(&expected, &shards, format_args!("{backend}, cauchy {k}+{m}"));
        });
    }
}

#[test]
fn raid6() {
    for data_shards in [2, 3, 4, 5, 8, 10, 16, 17, 31, 64, 100, 254, 255] {
        let bytes = bytes(data_shards, 2);
        let mut expected = painted(data_shards, bytes);
        let (mut p, mut q) = (vec![0; bytes], vec![0; bytes]);
        let data: Vec<&[u8]> = expected.iter().map(Vec::as_slice).collect();
        rusty_erasure::raid::pq_gen(&data, &mut p, &mut q).unwrap();
        expected.extend([p, q]);
        each_codec(&Code::raid6(data_shards).unwrap(), |backend, codec| {
            let mut shards = painted_stripe(data_shards, 2, bytes);
            codec.encode(&mut shards).unwrap();
            assert_shards_equal(&expected, &shards, format_args!("{backend}, raid6 {data_shards}+2, {bytes} bytes"));
        });
    }
}

#[test]
fn raid5_is_the_xor_of_all_data() {
    for data_shards in [1, 2, 3, 10, 300] {
        let mut expected = painted(data_shards, 99);
        expected.push((0..99).map(|i| expected.iter().fold(0, |p, shard| p ^ shard[i])).collect());
        each_codec(&Code::raid5(data_shards).unwrap(), |backend, codec| {
            let mut shards = painted_stripe(data_shards, 1, 99);
            codec.encode(&mut shards).unwrap();
            assert_shards_equal(&expected, &shards, format_args!("{backend}, raid5 {data_shards}+1"));
        });
    }
}
