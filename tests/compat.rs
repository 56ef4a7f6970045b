//! `evariste::compat` behaves like reed-solomon-erasure. Both get the same calls with the same arguments, and must give the same result, the
//! same error for the same mistake, and the same bytes in all arguments.

#[path = "support/both.rs"]
mod both;
#[path = "support/support.rs"]
mod support;

use std::fmt::Debug;

use both::{Both, lists, same, shards_of, words};
use evariste::compat as ours;
use reed_solomon_erasure as theirs;
use support::boundaries::{SHAPES, short_lengths};
use support::{Rng, painted_stripe};

#[test]
fn the_same_codes_are_refused() {
    for (k, m) in [
        (0, 0),
        (0, 1),
        (1, 0),
        (256, 0),
        (0, 256),
        (1, 1),
        (128, 128),
        (255, 1),
        (1, 255),
        (129, 128),
        (256, 1),
        (1, 256),
    ] {
        let ours =
            ours::ReedSolomon::new(k, m).map(|c| (c.data_shard_count(), c.parity_shard_count(), c.total_shard_count()));
        let theirs = theirs::galois_8::ReedSolomon::new(k, m)
            .map(|c| (c.data_shard_count(), c.parity_shard_count(), c.total_shard_count()));
        assert_eq!(words(&theirs), words(&ours), "{k}+{m}");
    }
    // There the sum overflows.
    assert_eq!(ours::ReedSolomon::new(usize::MAX, 2), Err(ours::Error::TooManyShards));
}

#[test]
fn known_bytes() {
    let codec = ours::ReedSolomon::new(5, 5).unwrap();
    let mut shards = ours::shards!([0, 1], [4, 5], [2, 3], [6, 7], [8, 9], [0, 0], [0, 0], [0, 0], [0, 0], [0, 0]);
    codec.encode(&mut shards).unwrap();
    assert_eq!(shards[5..], [[12, 13], [10, 11], [14, 15], [90, 91], [94, 95]]);
    assert_eq!(codec.verify(&shards), Ok(true));
    shards[8][0] += 1;
    assert_eq!(codec.verify(&shards), Ok(false));
}

#[test]
fn every_way_to_encode_gives_the_same_bytes() {
    for (k, m) in SHAPES {
        let both = Both::new(k, m);
        for bytes in short_lengths().filter(|bytes| bytes * (k + m) < 200_000) {
            let stripe = painted_stripe(k, m, bytes);
            let (_, whole) = same!(both, stripe, |codec, shards| codec.encode(&mut *shards));
            let (_, apart) = same!(both, stripe, |codec, shards| {
                let (data, parity) = shards.split_at_mut(k);
                codec.encode_sep(data, parity)
            });
            let (_, singly) =
                same!(both, stripe, |codec, shards| (0..k).try_for_each(|i| codec.encode_single(i, &mut *shards)));
            let (_, singly_apart) = same!(both, stripe, |codec, shards| {
                let (data, parity) = shards.split_at_mut(k);
                (0..k).try_for_each(|i| codec.encode_single_sep(i, &data[i], parity))
            });
            for other in [apart, singly, singly_apart] {
                assert!(other == whole, "{k}+{m}, {bytes} bytes");
            }
        }
    }
}

#[test]
fn verify_says_the_same_of_right_and_wrong_parity_and_fills_the_buffer() {
    for (k, m) in SHAPES {
        let both = Both::new(k, m);
        for bytes in [1, 16, 1001] {
            let mut stripe = painted_stripe(k, m, bytes);
            both.theirs.encode(&mut stripe).unwrap();
            for wrong in [None, Some((0, 0)), Some((k - 1, bytes - 1)), Some((k, bytes - 1)), Some((k + m - 1, 0))] {
                let mut stripe = stripe.clone();
                if let Some((shard, byte)) = wrong {
                    stripe[shard][byte] ^= 1;
                }
                let (answer, _) = same!(both, stripe, |codec, shards| codec.verify(shards));
                assert_eq!(answer, format!("Ok({})", wrong.is_none()));
                let buffer = vec![vec![0xcc; bytes]; m];
                let (with_buffer, _) = same!(both, buffer, |codec, buffer| codec.verify_with_buffer(&stripe, buffer));
                assert_eq!(answer, with_buffer);
            }
        }
    }
}

#[test]
fn every_wrong_list_of_shards_is_refused_alike() {
    let both = Both::new(2, 2);
    for lengths in lists(&[0, 1, 2], 5) {
        let shards = shards_of(&lengths);
        same!(both, shards, |codec, shards| codec.encode(&mut *shards));
        same!(both, shards, |codec, shards| codec.verify(shards));
    }
}

#[test]
fn every_wrong_pair_of_lists_is_refused_alike() {
    let both = Both::new(2, 2);
    let lists: Vec<Vec<Vec<u8>>> = lists(&[0, 1, 2], 3).iter().map(|lengths| shards_of(lengths)).collect();
    for data in &lists {
        for parity in &lists {
            same!(both, parity, |codec, parity| codec.encode_sep(data, parity));
        }
    }
}

#[test]
fn every_wrong_buffer_is_refused_alike() {
    let both = Both::new(1, 2);
    for shards in lists(&[0, 1, 2], 4).iter().map(|lengths| shards_of(lengths)) {
        for buffer in lists(&[0, 1, 2], 3).iter().map(|lengths| shards_of(lengths)) {
            same!(both, buffer, |codec, buffer| codec.verify_with_buffer(&shards, buffer));
        }
    }
}

#[test]
fn every_list_of_options_is_rebuilt_or_refused_alike() {
    // What is there was never encoded: the same bytes come out only if the same shards are read.
    for (k, m) in [(2, 2), (3, 1), (1, 3), (3, 2)] {
        let both = Both::new(k, m);
        for lengths in lists(&[None, Some(0), Some(1), Some(2)], k + m + 1) {
            let bytes: Vec<usize> = lengths.iter().map(|bytes| bytes.unwrap_or(8)).collect();
            let shards: Vec<Option<Vec<u8>>> =
                shards_of(&bytes).into_iter().zip(&lengths).map(|(shard, length)| length.map(|_| shard)).collect();
            same!(both, shards, |codec, shards| codec.reconstruct(shards));
            same!(both, shards, |codec, shards| codec.reconstruct_data(shards));
        }
    }
}

#[test]
fn every_list_of_flags_is_rebuilt_or_refused_alike() {
    let both = Both::new(2, 2);
    let kinds = [(0, false), (1, false), (2, false), (0, true), (1, true), (2, true)];
    for list in lists(&kinds, 5).into_iter().filter(|list| list.len() > 2) {
        let bytes: Vec<usize> = list.iter().map(|&(bytes, _)| bytes).collect();
        let shards: Vec<(Vec<u8>, bool)> =
            shards_of(&bytes).into_iter().zip(list.iter().map(|&(_, there)| there)).collect();
        same!(both, shards, |codec, shards| codec.reconstruct(shards));
        let (_, after) = same!(both, shards, |codec, shards| codec.reconstruct_data(shards));
        assert!(after.iter().zip(&shards).all(|(after, before)| after.1 == before.1), "a flag changed");
    }
}

#[test]
fn losses_of_every_count_are_rebuilt_alike() {
    let mut rng = Rng::new(2);
    for (k, m) in SHAPES {
        let both = Both::new(k, m);
        let mut stripe = painted_stripe(k, m, 257);
        both.theirs.encode(&mut stripe).unwrap();
        for count in (0..=m + 1).step_by(if m > 20 { 17 } else { 1 }) {
            let lost = rng.choose(count.min(k + m), k + m);
            let shards: Vec<Option<Vec<u8>>> =
                stripe.iter().enumerate().map(|(i, shard)| (!lost.contains(&i)).then(|| shard.clone())).collect();
            let (answer, all) = same!(both, shards, |codec, shards| codec.reconstruct(shards));
            assert_eq!(answer == "Ok(())", count <= m, "{k}+{m} without {lost:?}");
            if count <= m {
                assert!(all.iter().zip(&stripe).all(|(rebuilt, shard)| rebuilt.as_ref() == Some(shard)));
            }
            let (_, data) = same!(both, shards, |codec, shards| codec.reconstruct_data(shards));
            let untouched = data.iter().zip(&shards).skip(if count <= m { k } else { 0 });
            assert!(untouched.into_iter().all(|(after, before)| after == before), "what was not wanted changed");
        }
    }
}

#[test]
fn codecs_are_compared_cloned_printed_and_shared_as_there() {
    fn shared<T: Send + Sync + Clone + PartialEq + Debug>() {}
    shared::<ours::galois_8::ReedSolomon>();
    shared::<theirs::galois_8::ReedSolomon>();
    fn copied<T: Send + Sync + Copy + PartialEq + std::error::Error + 'static>() {}
    copied::<ours::Error>();
    copied::<ours::SBSError>();

    let codec = ours::ReedSolomon::new(10, 3).unwrap();
    assert_eq!(codec, codec.clone());
    assert_ne!(codec, ours::ReedSolomon::new(10, 4).unwrap());
    assert_ne!(codec, ours::ReedSolomon::new(11, 3).unwrap());
    assert!(format!("{codec:?}").contains("ReedSolomon"));
    let (mut one, other) = (ours::ShardByShard::new(&codec), ours::ShardByShard::new(&codec));
    assert_eq!(one, other);
    one.encode(&mut painted_stripe(10, 3, 1)).unwrap();
    assert_ne!(one, other);
}

#[test]
fn shards_come_in_every_shape_that_crate_takes() {
    let codec = ours::ReedSolomon::new(2, 2).unwrap();
    let mut shards: [[u8; 3]; 4] = [[0, 1, 2], [3, 4, 5], [200, 201, 203], [100, 101, 102]];
    let whole = [[0, 1, 2], [3, 4, 5], [6, 11, 12], [5, 14, 11]];
    codec.encode(&mut shards).unwrap();
    assert_eq!(shards, whole);
    codec.encode(ours::convert_2D_slices!(shards =>to_mut_vec &mut [u8])).unwrap();
    assert_eq!(codec.verify(&ours::convert_2D_slices!(shards =>to_vec &[u8])), Ok(true));

    // Borrowed memory with separate flags.
    shards[0] = [101, 102, 103];
    let borrowed = ours::convert_2D_slices!(shards =>to_mut_vec &mut [u8]);
    codec.reconstruct(&mut borrowed.into_iter().zip([false, true, true, true]).collect::<Vec<_>>()).unwrap();
    assert_eq!(shards, whole);

    // Data only: an absent parity shard keeps its content.
    (shards[0], shards[2]) = ([201, 202, 203], [101, 102, 103]);
    let mut flagged: Vec<_> = shards.iter_mut().zip([false, true, false, true]).collect();
    codec.reconstruct_data(&mut flagged[..]).unwrap();
    assert_eq!(shards, [whole[0], whole[1], [101, 102, 103], whole[3]]);

    let mut boxed: Vec<Option<Box<[u8]>>> = vec![None, Some(whole[1].into()), Some(whole[2].into()), None];
    codec.reconstruct(&mut boxed).unwrap();
    assert!(boxed.iter().zip(whole).all(|(shard, whole)| shard.as_deref() == Some(&whole[..])));
}

/// A shard of a caller's own type, that will not be rebuilt.
#[derive(Clone, Debug, PartialEq)]
struct Refusing(Option<Vec<u8>>);

macro_rules! refuse {
    ($trait:ty, $error:path) => {
        impl $trait for Refusing {
            fn len(&self) -> Option<usize> {
                self.0.as_ref().map(Vec::len)
            }
            fn get(&mut self) -> Option<&mut [u8]> {
                self.0.as_deref_mut()
            }
            fn get_or_initialize(&mut self, _: usize) -> Result<&mut [u8], Result<&mut [u8], $error>> {
                self.0.as_deref_mut().ok_or(Err(<$error>::InvalidShardFlags))
            }
        }
    };
}
refuse!(ours::ReconstructShard, ours::Error);
refuse!(theirs::ReconstructShard<theirs::galois_8::Field>, theirs::Error);

#[test]
fn the_error_of_a_callers_own_shard_is_passed_on() {
    let both = Both::new(2, 2);
    for lost in 0..4 {
        let mut shards: Vec<Refusing> =
            painted_stripe(2, 2, 5).into_iter().map(|shard| Refusing(Some(shard))).collect();
        shards[lost].0 = None;
        same!(both, shards, |codec, shards| codec.reconstruct(shards));
        let (answer, _) = same!(both, shards, |codec, shards| codec.reconstruct_data(shards));
        assert_eq!(answer, if lost < 2 { "Err(InvalidShardFlags)" } else { "Ok(())" });
    }
}
