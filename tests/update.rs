//! A small write: the updated parity equals that of encoding again, in separate buffers or in place, and an error leaves parity
//! unchanged.

#[path = "support/support.rs"]
mod support;

use std::sync::Arc;

use evariste::memory::Region;
use evariste::{Backend, Batch, Code, Codec, Cpu, Error, Info, Report};
use support::boundaries::{SHAPES, short_lengths};
use support::{assert_shards_equal, each_codec, paint, stripe};

#[test]
fn parity_in_place_is_what_encoding_again_gives() {
    for (k, m) in SHAPES.into_iter().filter(|&(k, m)| k + m <= 32) {
        let code = Code::reed_solomon(k, m).unwrap();
        each_codec(&code, |backend, codec| {
            for bytes in short_lengths() {
                let mut shards = stripe(&code, bytes);
                let changed = bytes % k;
                let mut new = vec![0; bytes];
                paint(999, &mut new);
                let (data, parity) = shards.split_at_mut(k);
                codec.update_in_place(changed, &data[changed], &new, parity).unwrap();
                data[changed].copy_from_slice(&new);
                let mut expected = shards.clone();
                codec.encode(&mut expected).unwrap();
                assert_shards_equal(&expected, &shards, format_args!("{backend}, {k}+{m}, {bytes} bytes"));
            }
        });
    }
}

#[test]
fn a_write_of_some_columns_changes_those_columns() {
    let code = Code::reed_solomon(5, 3).unwrap();
    each_codec(&code, |backend, codec| {
        for columns in [0..1, 0..1000, 999..1000, 17..700] {
            let mut shards = codec.shards(1000).unwrap();
            for (shard, expected) in shards.iter_mut().zip(stripe(&code, 1000)) {
                shard.copy_from_slice(&expected);
            }
            let before: Vec<Vec<u8>> = shards.iter().map(<[u8]>::to_vec).collect();
            let new = vec![0x5a; columns.len()];
            let mut parity: Vec<&mut [u8]> =
                shards.iter_mut().skip(5).map(|shard| &mut shard[columns.clone()]).collect();
            codec.update_in_place(3, &before[3][columns.clone()], &new, &mut parity).unwrap();
            shards[3][columns.clone()].copy_from_slice(&new);
            assert!(codec.verify(&shards).unwrap().is_consistent(), "{backend}, {columns:?}");
            for (after, before) in shards.iter().zip(&before) {
                assert_eq!(after[..columns.start], before[..columns.start], "{backend}, {columns:?}");
                assert_eq!(after[columns.end..], before[columns.end..], "{backend}, {columns:?}");
            }
        }
    });
}

#[test]
fn a_write_of_the_wrong_shape_is_refused() {
    each_codec(&Code::reed_solomon(4, 2).unwrap(), |backend, codec| {
        let refuse = |shard: usize, old: &[u8], new: &[u8], lengths: &[usize]| {
            let before: Vec<Vec<u8>> = lengths.iter().map(|&bytes| vec![0xee; bytes]).collect();
            let mut after = before.clone();
            let error = codec.update_in_place(shard, old, new, &mut after).expect_err(backend);
            assert_shards_equal(&before, &after, format_args!("{backend}: {error}"));
            error
        };
        assert!(matches!(refuse(4, &[1; 9], &[2; 9], &[9, 9]), Error::NotData { index: 4, data_shards: 4 }));
        assert!(matches!(refuse(0, &[1; 9], &[2; 9], &[9]), Error::ShardCount { given: 1, expected: 2 }));
        assert!(matches!(refuse(0, &[1; 9], &[2; 8], &[9, 9]), Error::ShardLength { index: 1, given: 8, .. }));
        assert!(matches!(refuse(0, &[1; 9], &[2; 9], &[9, 7]), Error::ShardLength { index: 3, given: 7, .. }));
        assert!(matches!(refuse(0, &[], &[], &[0, 0]), Error::EmptyShards));
    });
}

/// A backend that writes and then fails, as a device may.
struct Failing(Cpu);

impl Backend for Failing {
    fn info(&self) -> Info {
        self.0.info()
    }

    fn allocate(&self, bytes: usize) -> Result<Region, Error> {
        self.0.allocate(bytes)
    }

    fn run(&self, batches: &mut [Batch<'_>]) -> Result<Report, Error> {
        let _ = self.0.run(batches)?;
        Err(Error::DeviceLost { device: "d".to_owned(), doing: "writing".to_owned(), reason: "a test".to_owned() })
    }
}

#[test]
fn a_device_that_fails_leaves_parity_as_it_was() {
    let code = Code::reed_solomon(4, 2).unwrap();
    let before = stripe(&code, 5000);
    let codec = Codec::on(code, Arc::new(Failing(Cpu::new().unwrap())));
    let mut after = before.clone();
    let error = codec.update_in_place(1, &before[1], &[7; 5000], &mut after[4..]).unwrap_err();
    assert!(error.is_device_failure(), "{error}");
    assert_shards_equal(&before, &after, "in place");

    // The call with separate buffers shows that the backend did write.
    let mut beside = vec![vec![0; 5000]; 2];
    codec.update(1, &before[1], &[7; 5000], &before[4..], &mut beside).unwrap_err();
    assert_ne!(beside, vec![vec![0; 5000]; 2]);
}
