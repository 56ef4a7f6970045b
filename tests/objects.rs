//! An object of any length is split into shards and restored exactly after any loss that the code survives.

#[path = "support/support.rs"]
mod support;

use evariste::{Code, Codec, Error};
use support::{Rng, each_codec, paint};

fn painted_object(bytes: usize) -> Vec<u8> {
    let mut object = vec![0; bytes];
    paint(bytes, &mut object);
    object
}

/// Around every multiple of the data shards, and around the lengths at which a shard is a vector or a block.
fn lengths(data_shards: usize) -> impl Iterator<Item = usize> {
    let shard_bytes = [0, 1, 2, 15, 16, 17, 63, 64, 65, 4095, 4096, 4097];
    let around = move |bytes: usize| [bytes.saturating_sub(1), bytes, bytes + 1];
    shard_bytes.into_iter().flat_map(move |bytes| around(bytes * data_shards))
}

#[test]
fn an_object_of_any_length_comes_back() {
    for code in [Code::reed_solomon(10, 4), Code::reed_solomon(1, 1), Code::raid6(7), Code::local(6, 2, 2)] {
        let code = code.unwrap();
        let (k, n) = (code.data_shards(), code.total_shards());
        each_codec(&code, |backend, codec| {
            let mut rng = Rng::new(7);
            for bytes in lengths(k) {
                let context = format!("{backend}, {}, {bytes} bytes", code.name());
                let object = painted_object(bytes);
                let mut shards = codec.split(&object);
                assert!(
                    shards.len() == n && shards.iter().all(|shard| shard.len() == codec.shard_bytes(bytes)),
                    "{context}"
                );
                assert!(shards.concat()[bytes..].iter().all(|&byte| byte == 0), "{context}: zeros behind the object");
                assert_eq!(shards.concat()[..bytes], object, "{context}");
                codec.encode(&mut shards).unwrap();
                assert_eq!(codec.join(&shards, bytes).unwrap(), object, "{context}");

                let lost = rng.choose(1 + rng.clone().below(code.parity_shards()), n);
                let mut arrived: Vec<Option<Vec<u8>>> = shards.iter().cloned().map(Some).collect();
                for &shard in &lost {
                    arrived[shard] = None;
                }
                if !code.is_recoverable(&lost).unwrap() {
                    continue;
                }
                let data: Vec<usize> = (0..k).collect();
                codec.reconstruct_wanted(&mut arrived, &data).unwrap();
                assert_eq!(codec.join_present(&arrived, bytes).unwrap(), object, "{context}, lost {lost:?}");
                for shard in lost.into_iter().filter(|&shard| shard >= k) {
                    assert!(arrived[shard].is_none(), "{context}: shard {shard} was not wanted");
                }
            }
        });
    }
}

#[test]
fn a_shard_is_as_short_as_it_can_be() {
    let codec = Codec::new(Code::reed_solomon(10, 4).unwrap()).unwrap();
    for bytes in lengths(10).chain([usize::MAX]) {
        let shard_bytes = codec.shard_bytes(bytes);
        assert!(shard_bytes.saturating_mul(10) >= bytes && shard_bytes > 0, "{bytes}");
        assert!(shard_bytes == 1 || (shard_bytes - 1) * 10 < bytes, "{bytes}");
    }
}

#[test]
fn an_object_goes_into_memory_that_is_there() {
    let code = Code::reed_solomon(3, 2).unwrap();
    each_codec(&code, |backend, codec| {
        for (bytes, shard_bytes) in [(0, 1), (0, 100), (1, 1), (299, 100), (300, 100), (250, 1000), (12_345, 4115)] {
            let object = painted_object(bytes);
            let mut shards = codec.shards(shard_bytes).unwrap();
            shards.iter_mut().for_each(|shard| shard.fill(0xee));
            codec.split_into(&object, &mut shards).unwrap();
            let data = shards.iter().take(3).collect::<Vec<_>>().concat();
            assert_eq!(data[..bytes], object, "{backend}");
            assert!(data[bytes..].iter().all(|&byte| byte == 0), "{backend}, {bytes} bytes: what stood there is gone");
            assert!(shards.iter().skip(3).flatten().all(|&byte| byte == 0xee), "{backend}: parity is left alone");
            assert_eq!(codec.join(&shards, bytes).unwrap(), object, "{backend}");
        }
    });
}

#[test]
fn an_object_that_does_not_fit_is_refused() {
    let codec = Codec::new(Code::reed_solomon(3, 2).unwrap()).unwrap();
    let mut shards = codec.shards(4).unwrap();
    shards.iter_mut().for_each(|shard| shard.fill(0xee));
    let error = codec.split_into(&[1; 13], &mut shards).unwrap_err();
    let message = "an object of 13 bytes does not fit into 3 data shards of 4 bytes, which hold 12";
    assert_eq!(error.to_string(), message);
    assert!(shards.iter().flatten().all(|&byte| byte == 0xee), "nothing has changed");
    assert_eq!(codec.join(&shards, 13).unwrap_err().to_string(), message);
    assert!(matches!(codec.join(&shards, usize::MAX), Err(Error::ObjectLength { object_bytes: usize::MAX, .. })));
    let present = [Some([1; 4]); 5];
    assert!(matches!(codec.join_present(&present, 13), Err(Error::ObjectLength { object_bytes: 13, .. })));
    assert!(matches!(codec.join_present(&present[..4], 12), Err(Error::ShardCount { given: 4, expected: 5 })));
    assert!(matches!(codec.split_into(&[1; 3], &mut [[0; 4]; 4]), Err(Error::ShardCount { given: 4, expected: 5 })));
}

#[test]
fn a_part_that_is_missing_is_named() {
    let codec = Codec::new(Code::reed_solomon(3, 2).unwrap()).unwrap();
    let shards = [Some([1; 4]), Some([2; 4]), None, None, None];
    assert_eq!(codec.join_present(&shards, 8).unwrap(), [1, 1, 1, 1, 2, 2, 2, 2]);
    let error = codec.join_present(&shards, 9).unwrap_err();
    assert_eq!(error.to_string(), "shard 2 is missing and holds a part of the object: rebuild it first");
    assert!(matches!(codec.join_present(&[None::<[u8; 4]>; 5], 0), Err(Error::AllMissing { count: 5 })));
    let uneven = [Some(vec![1; 4]), None, Some(vec![2; 5]), None, None];
    let refused = codec.join_present(&uneven, 1);
    assert!(
        matches!(refused, Err(Error::ShardLength { index: 2, given: 5, reference: 0, expected: 4 })),
        "{refused:?}"
    );
    let empty = [Some(vec![]), None, None, None, None];
    assert!(matches!(codec.join_present(&empty, 0), Err(Error::EmptyShards)));
}
