//! Losses that a code survives are rebuilt byte for byte, data and parity. Other losses are refused, and nothing changes.

#[path = "support/support.rs"]
mod support;

use evariste::{Code, Codec, Error, Matrix, Shards};
use support::{Rng, assert_shards_equal, each_codec, paint, stripe};

/// The library's own shards with these bytes.
fn shards(codec: &Codec, stripe: &[Vec<u8>]) -> Shards {
    let mut shards = codec.shards(stripe[0].len()).unwrap();
    for (i, bytes) in stripe.iter().enumerate() {
        shards.shard_mut(i).copy_from_slice(bytes);
    }
    shards
}

fn all(shards: &Shards) -> Vec<&[u8]> {
    shards.iter().collect()
}

/// Every non-empty subset of 0..n of at most `most` elements.
fn subsets(n: usize, most: usize) -> Vec<Vec<usize>> {
    let mut all: Vec<Vec<usize>> = vec![vec![]];
    for element in 0..n {
        let with: Vec<Vec<usize>> =
            all.iter().filter(|set| set.len() < most).map(|set| [&set[..], &[element]].concat()).collect();
        all.extend(with);
    }
    all.retain(|set| !set.is_empty());
    all
}

/// Damages the lost shards, rebuilds them and compares everything, so that a changed survivor shows too.
fn rebuilds(code: &Code, patterns: &[Vec<usize>], bytes: usize) {
    let expected = stripe(code, bytes);
    each_codec(code, |backend, codec| {
        let mut shards = shards(&codec, &expected);
        for lost in patterns {
            for &shard in lost {
                paint(1000 + shard, shards.shard_mut(shard));
            }
            codec.reconstruct(&mut shards, lost).unwrap();
            let context = format!("{backend}, {} {} shards, lost {lost:?}", code.name(), code.total_shards());
            assert_shards_equal(&expected, &all(&shards), context);
        }
    });
}

/// Random sets of exactly m shards, and two special ones: only data and, as far as possible, only parity.
fn sample(code: &Code, count: usize) -> Vec<Vec<usize>> {
    let (k, m, n) = (code.data_shards(), code.parity_shards(), code.total_shards());
    let mut rng = Rng::new(n as u64);
    let mut patterns: Vec<Vec<usize>> = (0..count).map(|_| rng.choose(m, n)).collect();
    patterns.push((0..k.min(m)).collect());
    patterns.push((k..n).collect());
    patterns
}

#[test]
fn every_pattern_of_6_and_3() {
    let patterns = subsets(9, 3);
    assert_eq!(patterns.len(), 9 + 36 + 84);
    rebuilds(&Code::reed_solomon(6, 3).unwrap(), &patterns, 1027);
    rebuilds(&Code::cauchy(6, 3).unwrap(), &patterns, 33);
}

#[test]
fn every_pattern_of_the_raids() {
    rebuilds(&Code::raid5(5).unwrap(), &subsets(6, 1), 129);
    rebuilds(&Code::raid6(5).unwrap(), &subsets(7, 2), 129);
}

#[test]
fn a_sample_of_other_shapes() {
    for (k, m, count) in [(1, 1, 2), (1, 4, 4), (4, 1, 4), (10, 4, 40), (17, 3, 20), (20, 10, 20), (50, 10, 5)] {
        let code = Code::reed_solomon(k, m).unwrap();
        rebuilds(&code, &sample(&code, count), 515);
        let code = Code::cauchy(k, m).unwrap();
        rebuilds(&code, &sample(&code, count), 515);
    }
    let code = Code::raid6(255).unwrap();
    rebuilds(&code, &sample(&code, 4), 65);
}

#[test]
fn a_sample_of_the_widest_codes() {
    for (k, m) in [(128, 128), (255, 1), (1, 255), (200, 56)] {
        let code = Code::reed_solomon(k, m).unwrap();
        rebuilds(&code, &sample(&code, 2), 67);
    }
}

#[test]
fn a_sample_of_longer_shards() {
    let code = Code::reed_solomon(10, 4).unwrap();
    rebuilds(&code, &sample(&code, 3), 70_001);
}

#[test]
fn only_what_is_wanted_is_rebuilt() {
    let code = Code::reed_solomon(6, 3).unwrap();
    let expected = stripe(&code, 200);
    each_codec(&code, |backend, codec| {
        let mut shards = shards(&codec, &expected);
        let mut damaged = expected.clone();
        for shard in [1, 4, 7] {
            shards.shard_mut(shard).fill(0xdd);
            damaged[shard].fill(0xdd);
        }
        codec.reconstruct_some(&mut shards, &[1, 4, 7], &[4]).unwrap();
        damaged[4].clone_from(&expected[4]);
        assert_shards_equal(&damaged, &all(&shards), backend);
    });
}

#[test]
fn missing_shards_come_back_in_their_places() {
    let code = Code::reed_solomon(10, 4).unwrap();
    let expected = stripe(&code, 333);
    each_codec(&code, |backend, codec| {
        for lost in [&[][..], &[3], &[0, 9, 10, 13], &[10, 11, 12, 13], &[0, 1, 2, 3]] {
            let mut options: Vec<Option<Vec<u8>>> = expected.iter().cloned().map(Some).collect();
            for &shard in lost {
                options[shard] = None;
            }
            codec.reconstruct_missing(&mut options).unwrap();
            let rebuilt: Vec<Vec<u8>> = options.into_iter().map(Option::unwrap).collect();
            assert_shards_equal(&expected, &rebuilt, format_args!("{backend}, {lost:?}"));
        }
    });
}

#[test]
fn nothing_lost_is_nothing_to_do() {
    let code = Code::reed_solomon(4, 2).unwrap();
    let expected = stripe(&code, 50);
    each_codec(&code, |backend, codec| {
        let mut shards = shards(&codec, &expected);
        codec.reconstruct(&mut shards, &[]).unwrap();
        assert_shards_equal(&expected, &all(&shards), backend);
    });
}

#[test]
fn one_more_than_parity_is_refused_and_nothing_touched() {
    for code in [Code::reed_solomon(6, 3).unwrap(), Code::raid6(6).unwrap(), Code::raid5(6).unwrap()] {
        let mut before = stripe(&code, 77);
        let lost: Vec<usize> = (0..=code.parity_shards()).collect();
        for &shard in &lost {
            before[shard].fill(0xdd);
        }
        each_codec(&code, |backend, codec| {
            let mut shards = shards(&codec, &before);
            match codec.reconstruct(&mut shards, &lost) {
                Err(Error::Unrecoverable { lost: named, beyond, recoverable }) => {
                    assert_eq!((named, beyond, recoverable), (lost.clone(), lost.clone(), vec![]), "{backend}");
                }
                other => panic!("{backend}: {other:?}"),
            }
            assert_shards_equal(&before, &all(&shards), format_args!("{backend}, {}", code.name()));
            // None of them can be rebuilt, whichever is wanted.
            assert!(matches!(
                codec.reconstruct_some(&mut shards, &lost, &lost[1..2]),
                Err(Error::Unrecoverable { .. })
            ));
            assert_shards_equal(&before, &all(&shards), format_args!("{backend}, {}", code.name()));
        });
    }
}

#[test]
fn too_many_missing_shards_stay_missing() {
    each_codec(&Code::reed_solomon(3, 2).unwrap(), |_, codec| {
        let mut options = vec![Some(vec![1; 9]), None, None, None, Some(vec![2; 9])];
        let before = options.clone();
        assert!(matches!(codec.reconstruct_missing(&mut options), Err(Error::Unrecoverable { .. })));
        assert_eq!(options, before);
    });
}

/// Two groups of two with a parity each, and one parity over all: three losses can be borne or not, depending on where.
#[test]
fn a_code_that_is_not_mds_rebuilds_what_can_be_rebuilt() {
    let parity = Matrix::from_rows(&[[1, 1, 0, 0], [0, 0, 1, 1], [1, 2, 4, 8]]).unwrap();
    let code = Code::from_generator(&Matrix::identity(4).above(&parity)).unwrap();
    rebuilds(&code, &[vec![0, 1, 2], vec![0, 3, 6], vec![4, 5, 6], vec![1, 2, 5]], 91);
    let mut before = stripe(&code, 91);
    for shard in [0, 1, 4, 3] {
        before[shard].fill(0xdd);
    }
    each_codec(&code, |backend, codec| {
        let mut shards = shards(&codec, &before);
        match codec.reconstruct(&mut shards, &[0, 1, 4, 3]) {
            Err(Error::Unrecoverable { beyond, recoverable, .. }) => {
                assert_eq!((beyond, recoverable), (vec![0, 1, 4], vec![3]), "{backend}");
            }
            other => panic!("{backend}: {other:?}"),
        }
        assert_shards_equal(&before, &all(&shards), backend);
        codec.reconstruct_some(&mut shards, &[0, 1, 4, 3], &[3]).unwrap();
        assert_eq!(shards.shard(3), stripe(&code, 91)[3], "{backend}");
    });
}
