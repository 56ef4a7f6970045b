//! Laws that hold for every code, every loss and every byte, tested with random ones.

#[path = "support/support.rs"]
mod support;

use std::sync::Arc;

use evariste::{Code, Codec, Error, Matrix};
use proptest::prelude::*;
use proptest::sample::subsequence;
use support::{Rng, assert_shards_equal, cases, each_backend, each_codec, oracle, painted};

/// Random bytes that differ from shard to shard.
fn random(seed: u64, shards: usize, bytes: usize) -> Vec<Vec<u8>> {
    let mut rng = Rng::new(seed);
    (0..shards).map(|_| (0..bytes).map(|_| rng.byte()).collect()).collect()
}

/// Codes with groups.
const LAYOUTS: [&str; 8] =
    ["mirror:3x2", "raid51:2x5", "raid61:2x4", "raid55:3x4", "raid66:4x5", "lrc:12,2,2", "lrcu:10,3,2", "hier:3x5+2+1"];

/// Codes of all constructions, small ones more often.
fn any_code() -> impl Strategy<Value = Code> {
    let shape = || prop_oneof![8 => (1..12usize, 1..6usize), 2 => (1..60usize, 1..30usize)];
    prop_oneof![
        4 => shape().prop_map(|(k, m)| Code::reed_solomon(k, m).unwrap()),
        2 => shape().prop_map(|(k, m)| Code::cauchy(k, m).unwrap()),
        1 => shape().prop_map(|(k, m)| Code::jerasure_van(k, m).unwrap()),
        1 => shape().prop_map(|(k, m)| Code::snapraid(k, m).unwrap()),
        1 => (1..22usize, 1..5usize).prop_map(|(k, m)| Code::isal_rs(k, m).unwrap()),
        1 => (1..40usize).prop_map(|k| Code::raid5(k).unwrap()),
        1 => (1..40usize).prop_map(|k| Code::raid6(k).unwrap()),
        1 => (0..LAYOUTS.len()).prop_map(|name| LAYOUTS[name].parse().unwrap()),
        2 => any_generator().prop_map(|generator| Code::from_generator(&generator).unwrap()),
    ]
}

/// Systematic generators with many zeros and ones among the parity, so that ranks fall.
fn any_generator() -> impl Strategy<Value = Matrix> {
    (1..=7usize, 1..=6usize).prop_flat_map(|(k, m)| {
        let element = prop_oneof![3 => Just(0u8), 2 => Just(1u8), 3 => any::<u8>()];
        prop::collection::vec(element, k * m).prop_map(move |parity| {
            Matrix::from_fn(
                k + m,
                k,
                |row, column| {
                    if row < k { u8::from(row == column) } else { parity[(row - k) * k + column] }
                },
            )
        })
    })
}

/// A code, lengths and a seed for its data.
fn any_stripe() -> impl Strategy<Value = (Code, usize, u64)> {
    (any_code(), prop_oneof![4 => 1..300usize, 1 => 4000..5000usize], any::<u64>())
}

fn encoded(codec: &Codec, data: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let mut shards = data.to_vec();
    shards.resize(codec.code().total_shards(), vec![0xee; data[0].len()]);
    codec.encode(&mut shards).unwrap();
    shards
}

proptest! {
    #![proptest_config(cases(64))]

    /// Backends agree byte for byte, and with the slow oracle.
    #[test]
    fn backends_agree((code, bytes, seed) in any_stripe()) {
        let mut expected = random(seed, code.data_shards(), bytes);
        let rows: Vec<&[u8]> = code.parity_matrix().iter_rows().collect();
        expected.extend(oracle::product(&rows, &expected));
        each_codec(&code, |backend, codec| {
            let shards = encoded(&codec, &expected[..code.data_shards()]);
            assert_shards_equal(&expected, &shards, format_args!("{backend}, {code:?}"));
        });
    }

    /// parity(a + b) = parity(a) + parity(b).
    #[test]
    fn encoding_is_linear((code, bytes, seed) in any_stripe()) {
        let k = code.data_shards();
        let (a, b) = (random(seed, k, bytes), random(!seed, k, bytes));
        let add = |a: &[Vec<u8>], b: &[Vec<u8>]| -> Vec<Vec<u8>> {
            a.iter().zip(b).map(|(a, b)| a.iter().zip(b).map(|(a, b)| a ^ b).collect()).collect()
        };
        each_codec(&code, |backend, codec| {
            let of_the_sum = encoded(&codec, &add(&a, &b));
            let sum = add(&encoded(&codec, &a), &encoded(&codec, &b));
            assert_shards_equal(&sum, &of_the_sum, backend);
        });
    }

    /// A loss is rebuilt if and only if the survivors' rows still span the data, as they always do where the code is MDS;
    /// after a refusal nothing has changed.
    #[test]
    fn what_is_erased_is_rebuilt((code, bytes, seed) in any_stripe()) {
        let mut rng = Rng::new(seed);
        let count = 1 + rng.below(code.parity_shards());
        let lost = rng.choose(count, code.total_shards());
        let generator = code.generator();
        let survivors: Vec<&[u8]> =
            (0..code.total_shards()).filter(|shard| !lost.contains(shard)).map(|shard| generator.row(shard)).collect();
        let decodable = oracle::rank(&survivors) == code.data_shards();
        let is_mds = code.name() != "custom" && code.groups().count() == 1;
        prop_assert!(decodable || !is_mds, "{:?} is not MDS: lost {:?}", code, lost);
        each_codec(&code, |backend, codec| {
            let expected = encoded(&codec, &random(seed, code.data_shards(), bytes));
            let mut shards = expected.clone();
            for &shard in &lost {
                shards[shard].fill(0xdd);
            }
            let damaged = shards.clone();
            match codec.reconstruct(&mut shards, &lost) {
                Ok(()) if decodable => {
                    assert_shards_equal(&expected, &shards, format_args!("{backend}, {code:?}, lost {lost:?}"));
                }
                Err(Error::Unrecoverable { .. }) if !decodable => assert_shards_equal(&damaged, &shards, backend),
                other => panic!("{backend}, {code:?}, lost {lost:?}, decodable: {decodable}: {other:?}"),
            }
        });
    }

    /// Updating the parity for one changed data shard is encoding again.
    #[test]
    fn an_update_equals_encoding_again((code, bytes, seed) in any_stripe()) {
        let (k, m) = (code.data_shards(), code.parity_shards());
        let changed = Rng::new(seed).below(k);
        let old = random(seed, k, bytes);
        let mut new = old.clone();
        new[changed] = random(!seed, 1, bytes).remove(0);
        each_codec(&code, |backend, codec| {
            let before = encoded(&codec, &old);
            let mut parity = vec![vec![0xee; bytes]; m];
            codec.update(changed, &old[changed], &new[changed], &before[k..], &mut parity).unwrap();
            assert_shards_equal(&encoded(&codec, &new)[k..], &parity, format_args!("{backend}, {code:?}, shard {changed}"));
        });
    }

    /// A flipped bit anywhere is found in its column: in parity by its own shard, in data by every parity that reads it.
    #[test]
    fn verify_finds_a_flipped_bit((code, bytes, seed) in any_stripe()) {
        let (k, n) = (code.data_shards(), code.total_shards());
        let mut rng = Rng::new(!seed);
        let (shard, at, bit) = (rng.below(n), rng.below(bytes), rng.below(8));
        let expected: Vec<usize> = (k..n)
            .filter(|&parity| parity == shard || (shard < k && code.parity_matrix().row(parity - k)[shard] != 0))
            .collect();
        each_codec(&code, |backend, codec| {
            let mut shards = encoded(&codec, &random(seed, k, bytes));
            assert!(codec.verify(&shards).unwrap().is_consistent(), "{backend}");
            shards[shard][at] ^= 1 << bit;
            let before = shards.clone();
            let report = codec.verify(&shards).unwrap();
            let found: Vec<_> = report.mismatches.iter().map(|m| (m.slot, m.block, m.first, m.count)).collect();
            let expected: Vec<_> = expected.iter().map(|&parity| (parity, at / 4096, at, 1)).collect();
            assert_eq!(found, expected, "{backend}, {code:?}: bit {bit} of byte {at} of shard {shard}");
            assert_shards_equal(&before, &shards, backend);
        });
    }
}

/// A generator, and for every shard whether it is lost and its cost of reading.
fn any_loss() -> impl Strategy<Value = (Code, Vec<usize>, Vec<u32>)> {
    any_generator().prop_flat_map(|generator| {
        let n = generator.rows();
        let code = Code::from_generator(&generator).unwrap();
        let lost = subsequence((0..n).collect::<Vec<_>>(), 0..=n);
        (Just(code), lost.prop_shuffle(), prop::collection::vec(0..9u32, n))
    })
}

proptest! {
    #![proptest_config(cases(2000))]

    /// Plans against brute force: a lost shard can be rebuilt if and only if the survivors' rows span its row.
    #[test]
    fn whatever_is_decodable_is_decoded((code, lost, costs) in any_loss()) {
        let generator = code.generator();
        let rows = |shards: &[usize]| -> Vec<&[u8]> { shards.iter().map(|&shard| generator.row(shard)).collect() };
        let survivors: Vec<usize> = (0..code.total_shards()).filter(|shard| !lost.contains(shard)).collect();
        let (decodable, not): (Vec<usize>, Vec<usize>) =
            lost.iter().copied().partition(|&shard| oracle::spans(&rows(&survivors), generator.row(shard)));

        prop_assert_eq!(code.is_recoverable(&lost).unwrap(), not.is_empty());
        if !not.is_empty() {
            match code.repair_plan(&lost, &lost, &|shard| costs[shard]) {
                Err(Error::Unrecoverable { lost: named, beyond, recoverable }) => {
                    prop_assert_eq!((named, beyond, recoverable), (lost.clone(), not, decodable.clone()));
                }
                other => panic!("{other:?}"),
            }
        }

        let plan = code.repair_plan(&lost, &decodable, &|shard| costs[shard]).unwrap();
        let sources = plan.sources();
        prop_assert!(sources.iter().all(|source| survivors.contains(source)), "reads a lost shard: {:?}", sources);
        prop_assert!(plan.targets() == decodable);
        for (row, &target) in decodable.iter().enumerate() {
            for column in 0..code.data_shards() {
                let terms = sources.iter().zip(plan.matrix().row(row));
                let sum = terms.fold(0, |sum, (&source, &c)| sum ^ oracle::mul(c, generator.row(source)[column]));
                prop_assert_eq!(sum, generator.row(target)[column], "row {}, column {}", row, column);
            }
        }
        // It reads no more than it must: without any one source some target is out of reach.
        for out in sources {
            let fewer: Vec<usize> = sources.iter().copied().filter(|source| source != out).collect();
            let reached = decodable.iter().all(|&target| oracle::spans(&rows(&fewer), generator.row(target)));
            prop_assert!(!reached, "source {} is not needed", out);
        }
    }

    /// An MDS code rebuilds from any k shards and takes the cheapest.
    #[test]
    fn an_mds_plan_reads_the_cheapest_survivors((k, m, seed) in (1..10usize, 1..6usize, any::<u64>())) {
        let code = Code::cauchy(k, m).unwrap();
        let mut rng = Rng::new(seed);
        let count = 1 + rng.below(m);
        let lost = rng.choose(count, k + m);
        let costs: Vec<u32> = (0..k + m).map(|_| u32::from(rng.byte())).collect();
        let plan = code.repair_plan(&lost, &lost[..1], &|shard| costs[shard]).unwrap();
        let mut survivors: Vec<u32> = (0..k + m).filter(|shard| !lost.contains(shard)).map(|shard| costs[shard]).collect();
        survivors.sort_unstable();
        let cost: u32 = plan.sources().iter().map(|&source| costs[source]).sum();
        prop_assert_eq!(cost, survivors[..k].iter().sum::<u32>());
    }

    /// Inverse and rank against the oracle's elimination.
    #[test]
    fn inverses_and_ranks((size, elements) in (1..=7usize).prop_flat_map(|size| {
        (Just(size), prop::collection::vec(prop_oneof![1 => 0..2u8, 1 => any::<u8>()], size * size))
    })) {
        let matrix = Matrix::from_fn(size, size, |row, column| elements[row * size + column]);
        let rank = oracle::rank(&matrix.iter_rows().collect::<Vec<_>>());
        prop_assert_eq!(matrix.rank(), rank);
        match matrix.inverse() {
            Some(inverse) => {
                prop_assert_eq!(rank, size);
                prop_assert_eq!(&matrix.mul(&inverse), &Matrix::identity(size));
                prop_assert_eq!(&inverse.mul(&matrix), &Matrix::identity(size));
            }
            None => prop_assert!(rank < size),
        }
    }
}

/// Every product and every inverse of the field, and with them its laws.
#[test]
fn the_field_equals_the_oracle() {
    use evariste::gf256;
    for a in 0..=255 {
        for b in 0..=255 {
            assert_eq!(gf256::mul(a, b), oracle::mul(a, b), "{a} * {b}");
        }
        assert_eq!(gf256::inv(a), (a != 0).then(|| oracle::inv(a)), "1 / {a}");
    }
    for a in 0..=255 {
        for b in 0..=255 {
            let product = oracle::mul(a, b);
            assert_eq!(product, oracle::mul(b, a), "commutative: {a}, {b}");
            for c in [0, 1, 2, 3, 29, 128, 255] {
                assert_eq!(oracle::mul(product, c), oracle::mul(a, oracle::mul(b, c)), "associative: {a}, {b}, {c}");
                assert_eq!(oracle::mul(a ^ b, c), oracle::mul(a, c) ^ oracle::mul(b, c), "distributive: {a}, {b}, {c}");
            }
        }
    }
}

/// One backend, many threads: calls do not disturb each other.
#[test]
fn calls_from_many_threads() {
    let code = Code::reed_solomon(6, 3).unwrap();
    let mut expected = painted(6, 5000);
    let rows: Vec<&[u8]> = code.parity_matrix().iter_rows().collect();
    expected.extend(oracle::product(&rows, &expected));
    each_backend(|name, backend| {
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let (code, expected) = (code.clone(), &expected);
                scope.spawn(move || {
                    let codec = Codec::on(code, Arc::clone(backend));
                    for turn in 0..20 {
                        let mut shards = expected.clone();
                        let lost = Rng::new(thread * 100 + turn).choose(3, 9);
                        lost.iter().for_each(|&shard| shards[shard].fill(0));
                        codec.reconstruct(&mut shards, &lost).unwrap();
                        assert_shards_equal(expected, &shards, format_args!("{name}, thread {thread}, lost {lost:?}"));
                    }
                });
            }
        });
    });
}
