//! Every call gives the same bytes and the same report for every form of a stripe: shards of a codec, a flat buffer, slices, vectors,
//! arrays, and options of any owner of bytes.

#[path = "support/support.rs"]
mod support;

use std::rc::Rc;
use std::sync::Arc;

use evariste::codec::Flat;
use evariste::{Code, Codec, Error, Shards};
use support::boundaries::{SHAPES, short_lengths};
use support::{assert_shards_equal, each_codec, painted_stripe, stripe};

fn cut(buffer: &[u8], shards: usize) -> Vec<Vec<u8>> {
    buffer.chunks(buffer.len() / shards).map(<[u8]>::to_vec).collect()
}

#[test]
fn a_flat_buffer_is_a_stripe() {
    for (k, m) in SHAPES.into_iter().filter(|&(k, m)| k + m <= 32) {
        let code = Code::reed_solomon(k, m).unwrap();
        let n = k + m;
        let lost: Vec<usize> =
            (0..m).map(|index| (index * 3) % n).collect::<std::collections::BTreeSet<_>>().into_iter().collect();
        each_codec(&code, |backend, codec| {
            for bytes in short_lengths() {
                if bytes == 0 {
                    continue;
                }
                let context = format!("{backend}, {k}+{m}, {bytes} bytes");
                let expected = stripe(&code, bytes);
                let mut buffer = painted_stripe(k, m, bytes).concat();
                codec.encode(&mut Flat(&mut buffer)).unwrap();
                assert_shards_equal(&expected, &cut(&buffer, n), &context);
                assert!(codec.verify(&Flat(&buffer)).unwrap().is_consistent(), "{context}");
                for &shard in &lost {
                    buffer[shard * bytes..(shard + 1) * bytes].fill(0xdd);
                }
                codec.reconstruct(&mut Flat(&mut buffer[..]), &lost).unwrap();
                assert_shards_equal(&expected, &cut(&buffer, n), format_args!("{context}, lost {lost:?}"));
                *buffer.last_mut().unwrap() ^= 1;
                assert!(!codec.verify(&Flat(&buffer)).unwrap().is_consistent(), "{context}: a flipped bit");
            }
        });
    }
}

#[test]
fn a_flat_buffer_of_unequal_parts_is_refused() {
    each_codec(&Code::reed_solomon(4, 2).unwrap(), |backend, codec| {
        for bytes in [1, 5, 7, 6 * 100 + 1, 6 * 100 + 5] {
            let mut buffer = vec![0xee; bytes];
            let error = codec.encode(&mut Flat(&mut buffer)).expect_err(backend);
            assert_eq!(
                error.to_string(),
                format!("a buffer of {bytes} bytes does not divide into 6 shards of equal length")
            );
            assert_eq!(codec.verify(&Flat(&buffer)).expect_err(backend).to_string(), error.to_string());
            assert!(buffer.iter().all(|&byte| byte == 0xee), "{backend}");
        }
        assert!(matches!(codec.encode(&mut Flat([0; 0])), Err(Error::EmptyShards)), "{backend}");
    });
}

/// Loses three shards, of which `wanted` are wanted, in shards of this owner.
fn lose_and_rebuild<T: AsRef<[u8]> + From<Vec<u8>>>(codec: &Codec, whole: &[Vec<u8>], wanted: &[usize]) {
    let lost = [1, 4, 7];
    let own = |(index, shard): (usize, &Vec<u8>)| (!lost.contains(&index)).then(|| T::from(shard.clone()));
    let mut shards: Vec<Option<T>> = whole.iter().enumerate().map(own).collect();
    codec.reconstruct_wanted(&mut shards, wanted).unwrap();
    for (index, shard) in shards.iter().enumerate() {
        let is_there = !lost.contains(&index) || wanted.contains(&index);
        let expected = is_there.then_some(&whole[index][..]);
        assert_eq!(shard.as_ref().map(AsRef::as_ref), expected, "shard {index}, wanted {wanted:?}");
    }
    codec.reconstruct_missing(&mut shards).unwrap();
    assert!(shards.iter().zip(whole).all(|(shard, whole)| shard.as_ref().unwrap().as_ref() == *whole));
}

#[test]
fn options_may_own_their_bytes_in_any_way() {
    let code = Code::reed_solomon(6, 3).unwrap();
    let whole = stripe(&code, 333);
    each_codec(&code, |_, codec| {
        for wanted in [&[][..], &[4], &[7, 1], &[0, 1, 2, 3, 4, 5], &[8]] {
            lose_and_rebuild::<Vec<u8>>(&codec, &whole, wanted);
            lose_and_rebuild::<Box<[u8]>>(&codec, &whole, wanted);
            lose_and_rebuild::<Arc<[u8]>>(&codec, &whole, wanted);
            lose_and_rebuild::<Rc<[u8]>>(&codec, &whole, wanted);
        }
    });
}

#[test]
fn options_that_are_refused_stay_as_they_are() {
    let code = Code::reed_solomon(2, 2).unwrap();
    each_codec(&code, |backend, codec| {
        let refuse = |shards: &[Option<Vec<u8>>], wanted: &[usize]| {
            let mut after = shards.to_vec();
            let error = codec.reconstruct_wanted(&mut after, wanted).expect_err(backend);
            assert_eq!(after, shards, "{backend}: {error}");
            error
        };
        let two = [Some(vec![1; 5]), None, Some(vec![2; 5]), None];
        assert!(matches!(refuse(&two, &[0, 4]), Error::ShardIndex { index: 4, count: 4 }));
        assert!(matches!(refuse(&two, &[3, 1, 3]), Error::Duplicate { index: 3, .. }));
        assert!(matches!(refuse(&two[..3], &[1]), Error::ShardCount { given: 3, expected: 4 }));
        assert!(matches!(refuse(&[None, None, None, None], &[]), Error::AllMissing { count: 4 }));
        let one = [None, Some(vec![1; 5]), None, None];
        let error = refuse(&one, &[2]);
        assert!(matches!(&error, Error::Unrecoverable { beyond, .. } if beyond == &[0, 2, 3]), "{error}");
        let uneven = [None, Some(vec![1; 5]), Some(vec![1; 4]), None];
        let error = refuse(&uneven, &[]);
        assert!(matches!(error, Error::ShardLength { index: 2, given: 4, reference: 1, expected: 5 }), "{error}");
        assert!(matches!(refuse(&[None, Some(vec![]), Some(vec![]), None], &[0]), Error::EmptyShards));
    });
}

#[test]
fn shards_are_indexed_and_visited_as_a_slice_is() {
    let code = Code::reed_solomon(3, 2).unwrap();
    each_codec(&code, |backend, codec| {
        let mut shards = codec.shards(1001).unwrap();
        for (index, shard) in (1..).zip(&mut shards) {
            assert_eq!(shard.len(), 1001);
            shard.fill(index);
        }
        assert_eq!((shards.iter().len(), shards.iter_mut().len()), (5, 5));
        shards[2][1000] = 77;
        assert_eq!((shards[2][999], shards[2][1000], shards.shard(2)[1000]), (3, 77, 77), "{backend}");
        let firsts = |shards: &Shards| shards.into_iter().map(|shard| shard[0]).collect::<Vec<_>>();
        assert_eq!(firsts(&shards), [1, 2, 3, 4, 5]);
        assert!(shards.iter().rev().map(|shard| shard[0]).eq([5, 4, 3, 2, 1]));
        assert_eq!(shards.iter_mut().next_back().unwrap()[0], 5);
        // The bytes between shards stay zero: a device relies on it.
        codec.encode(&mut shards).unwrap();
        assert!(codec.verify(&shards).unwrap().is_consistent(), "{backend}");
    });
}

#[test]
#[should_panic(expected = "shard 5 of 5")]
fn an_index_beyond_the_shards_panics_as_a_slice_does() {
    let shards = Codec::new(Code::reed_solomon(3, 2).unwrap()).unwrap().shards(10).unwrap();
    let _ = &shards[5];
}

/// The sum of data shards and index would wrap around in a release build, to a data shard.
#[test]
#[should_panic(expected = "parity shard 18446744073709551615 of 2")]
#[cfg(target_pointer_width = "64")]
fn a_parity_index_that_overflows_panics_too() {
    let shards = Codec::new(Code::reed_solomon(3, 2).unwrap()).unwrap().shards(10).unwrap();
    let _ = shards.parity(usize::MAX);
}

#[test]
fn a_clone_is_the_same_codec() {
    let codec = Codec::new(Code::reed_solomon(3, 2).unwrap()).unwrap();
    let clone = codec.clone();
    assert!(std::ptr::eq(codec.backend(), clone.backend()) && std::ptr::eq(codec.code(), clone.code()));
    let mut shards = clone.split(b"shared");
    std::thread::spawn(move || clone.encode(&mut shards).unwrap()).join().unwrap();
}
