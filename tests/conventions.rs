//! Codes that are compatible with other programs have the parity of those programs' published rules, and rebuild every loss.
//! `tests/vectors.rs` compares with bytes that those programs wrote.

#[path = "support/support.rs"]
mod support;

use std::sync::Arc;

use evariste::{Code, Codec, Cpu, Error};
use support::{assert_shards_equal, each_codec, oracle, painted, painted_stripe};

/// A constructor of the library, and the slow oracle's rows for it.
type Convention = (&'static str, fn(usize, usize) -> Result<Code, Error>, fn(usize, usize) -> Vec<Vec<u8>>);

const CONVENTIONS: [Convention; 3] = [
    ("isal-rs", Code::isal_rs, oracle::isal_rs),
    ("jerasure-van", Code::jerasure_van, oracle::jerasure_van),
    ("snapraid", Code::snapraid, oracle::snapraid),
];

/// Data shards painted, parity by the slow oracle.
fn stripe(rows: &[Vec<u8>], data_shards: usize, bytes: usize) -> Vec<Vec<u8>> {
    let mut shards = painted(data_shards, bytes);
    shards.extend(oracle::product(rows, &shards));
    shards
}

#[test]
fn matrices_are_those_of_the_rules() {
    for (name, code, rows) in CONVENTIONS {
        let small = (1..16).flat_map(|k| (1..16).map(move |m| (k, m)));
        let wide = [(255, 1), (254, 2), (253, 3), (20, 10), (21, 4), (60, 40), (3, 253), (2, 254), (1, 255)];
        let mut built = 0;
        for (k, m) in small.chain(wide) {
            let code = match code(k, m) {
                Err(Error::NotMds { .. }) => continue,
                code => code.unwrap(),
            };
            assert_eq!(code.name(), name);
            let full_name = format!("{name}:{k}+{m}");
            assert_eq!(full_name.parse::<Code>().unwrap(), code);
            assert_eq!(code.to_string(), full_name);
            let actual: Vec<&[u8]> = code.parity_matrix().iter_rows().collect();
            assert_shards_equal(&rows(k, m), &actual, format_args!("{name} {k}+{m}"));
            built += 1;
        }
        // All of them; but isal-rs is refused where it would not be MDS, so that of the small shapes 81 with at most three shards of a kind
        // are left, 23 with four and 5+5, and of the wide ones seven.
        assert_eq!(built, if name == "isal-rs" { 81 + 23 + 1 + 7 } else { 225 + 9 }, "{name}");
    }
}

#[test]
fn parity_is_that_of_the_rules_on_every_backend() {
    for (name, code, rows) in CONVENTIONS {
        for (k, m, bytes) in [(3, 5, 257), (10, 4, 4099), (21, 4, 63), (5, 5, 1000)] {
            let expected = stripe(&rows(k, m), k, bytes);
            each_codec(&code(k, m).unwrap(), |backend, codec| {
                let mut shards = painted_stripe(k, m, bytes);
                codec.encode(&mut shards).unwrap();
                assert_shards_equal(&expected, &shards, format_args!("{backend}, {name} {k}+{m}"));
            });
        }
    }
}

#[test]
fn every_loss_of_small_shapes_comes_back() {
    let cpu = Arc::new(Cpu::new().unwrap());
    for (name, code, rows) in CONVENTIONS {
        for (k, m) in [(1, 1), (1, 3), (2, 2), (3, 5), (4, 4), (5, 5), (6, 3), (8, 4)] {
            let (codec, expected) = (Codec::on(code(k, m).unwrap(), cpu.clone()), stripe(&rows(k, m), k, 67));
            for lost in 1u32..1 << (k + m) {
                if lost.count_ones() as usize > m {
                    continue;
                }
                let lost: Vec<usize> = (0..k + m).filter(|shard| lost >> shard & 1 == 1).collect();
                let mut shards = expected.clone();
                lost.iter().for_each(|&shard| shards[shard].fill(0xee));
                codec.reconstruct(&mut shards, &lost).unwrap();
                assert_shards_equal(&expected, &shards, format_args!("{name} {k}+{m}, lost {lost:?}"));
            }
        }
    }
}

#[test]
fn a_loss_comes_back_on_every_backend() {
    for (name, code, rows) in CONVENTIONS {
        for (k, m, lost) in [(10, 4, vec![0, 3, 9, 12]), (5, 5, vec![0, 1, 2, 3, 4]), (6, 3, vec![2, 6, 7])] {
            let expected = stripe(&rows(k, m), k, 1027);
            each_codec(&code(k, m).unwrap(), |backend, codec| {
                let mut shards = expected.clone();
                lost.iter().for_each(|&shard| shards[shard].fill(0xee));
                codec.reconstruct(&mut shards, &lost).unwrap();
                assert_shards_equal(&expected, &shards, format_args!("{backend}, {name} {k}+{m}, lost {lost:?}"));
            });
        }
    }
}
