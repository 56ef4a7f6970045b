//! With arbitrary shard files, nothing panics, and a restore writes either the original file or nothing.

#[path = "support/support.rs"]
mod support;

use std::fs;

use proptest::prelude::*;
use support::{Fixture, PLAIN, assert_same_bytes, evariste, shard, snapshot};

/// One mishap to a directory of shards. Offsets and lengths are reduced modulo the size of the file.
#[derive(Clone, Debug)]
enum Mishap {
    FlipBits {
        index: usize,
        offset: usize,
        bits: u8,
    },
    FlipHeaderBits {
        index: usize,
        offset: usize,
        bits: u8,
    },
    Truncate {
        index: usize,
        length: usize,
    },
    Extend {
        index: usize,
        bytes: Vec<u8>,
    },
    Delete {
        index: usize,
    },
    WipeTable {
        index: usize,
    },
    Swap {
        index: usize,
        other: usize,
    },
    Copy {
        index: usize,
        other: usize,
    },
    Overwrite {
        index: usize,
        bytes: Vec<u8>,
    },
    ForgeHeader {
        index: usize,
        offset: usize,
        bytes: Vec<u8>,
    },
    /// Damage that passes every checksum.
    ForgePayload {
        index: usize,
        offset: usize,
        bits: u8,
    },
}

fn mishap() -> impl Strategy<Value = Mishap> {
    let bytes = || prop::collection::vec(any::<u8>(), 1..20);
    let place = || (0..PLAIN.total(), any::<usize>(), 1..=255_u8);
    prop_oneof![
        4 => place().prop_map(|(index, offset, bits)| Mishap::FlipBits { index, offset, bits }),
        4 => place().prop_map(|(index, offset, bits)| Mishap::FlipHeaderBits { index, offset, bits }),
        1 => place().prop_map(|(index, length, _)| Mishap::Truncate { index, length }),
        1 => (0..PLAIN.total(), bytes()).prop_map(|(index, bytes)| Mishap::Extend { index, bytes }),
        1 => (0..PLAIN.total()).prop_map(|index| Mishap::Delete { index }),
        3 => (0..PLAIN.total()).prop_map(|index| Mishap::WipeTable { index }),
        1 => (0..PLAIN.total(), 0..PLAIN.total()).prop_map(|(index, other)| Mishap::Swap { index, other }),
        1 => (0..PLAIN.total(), 0..PLAIN.total()).prop_map(|(index, other)| Mishap::Copy { index, other }),
        1 => (0..PLAIN.total(), bytes()).prop_map(|(index, bytes)| Mishap::Overwrite { index, bytes }),
        1 => (0..PLAIN.total(), 8..250_usize, bytes())
            .prop_map(|(index, offset, bytes)| Mishap::ForgeHeader { index, offset, bytes }),
        1 => place().prop_map(|(index, offset, bits)| Mishap::ForgePayload { index, offset, bits }),
    ]
}

impl Mishap {
    fn happen(&self, fixture: &Fixture) {
        let (&Self::FlipBits { index, .. }
        | &Self::FlipHeaderBits { index, .. }
        | &Self::Truncate { index, .. }
        | &Self::Extend { index, .. }
        | &Self::Delete { index }
        | &Self::WipeTable { index }
        | &Self::Swap { index, .. }
        | &Self::Copy { index, .. }
        | &Self::Overwrite { index, .. }
        | &Self::ForgeHeader { index, .. }
        | &Self::ForgePayload { index, .. }) = self;
        let path = fixture.shard(index);
        let Ok(mut file) = fs::read(&path) else { return };
        match self {
            Self::Delete { .. } => return fs::remove_file(path).unwrap(),
            Self::Copy { other, .. } => return fs::write(fixture.shard(*other), file).unwrap(),
            Self::Swap { other, .. } => {
                let Ok(others) = fs::read(fixture.shard(*other)) else { return };
                fs::write(fixture.shard(*other), file).unwrap();
                file = others;
            }
            _ if file.len() < shard::BLOCK + PLAIN.unit => return, // too short to change
            Self::FlipBits { offset, bits, .. } => {
                let length = file.len();
                file[offset % length] ^= bits;
            }
            Self::FlipHeaderBits { offset, bits, .. } => file[offset % shard::BLOCK] ^= bits,
            Self::WipeTable { .. } => {
                let table = shard::BLOCK + shard::payload_bytes(file.len());
                file[table..].fill(0);
            }
            Self::Truncate { length, .. } => file.truncate(length % file.len()),
            Self::Extend { bytes, .. } => file.extend(bytes),
            Self::Overwrite { bytes, .. } => file.clone_from(bytes),
            Self::ForgeHeader { offset, bytes, .. } => {
                file[*offset..][..bytes.len()].copy_from_slice(bytes);
                shard::seal_header(&mut file);
            }
            Self::ForgePayload { offset, bits, .. } => {
                // Bytes after the table are cut off, because `seal` expects none.
                file.truncate(shard::BLOCK + shard::payload_bytes(file.len()) / shard::BLOCK * (shard::BLOCK + 4));
                file[shard::BLOCK + offset % PLAIN.unit] ^= bits;
                shard::seal(&mut file);
            }
        }
        fs::write(path, file).unwrap();
    }
}

/// 200 cases, or the number in `PROPTEST_CASES`, which proptest itself reads.
fn cases() -> ProptestConfig {
    let default = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { 200 };
    ProptestConfig { cases, max_shrink_iters: 200, failure_persistence: None, ..default }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn a_restore_gives_the_original_file_or_nothing(mishaps in prop::collection::vec(mishap(), 1..8)) {
        let fixture = Fixture::new(PLAIN, 3 * PLAIN.stripe() + 100);
        for mishap in &mishaps {
            mishap.happen(&fixture);
        }
        let verified = fixture.verify();
        prop_assert!((0..=3).contains(&verified.code), "{:?}", verified);
        let restored = fixture.restore();
        match (verified.code, restored.code) {
            (0 | 1, 0) => assert_same_bytes(&fixture.bytes, &fs::read(fixture.restored()).unwrap(), "restored"),
            (2, 2) | (3, 3) => prop_assert!(!fixture.restored().exists()),
            codes => prop_assert!(false, "{:?}\n{:?}\n{:?}", codes, verified, restored),
        }

        let before = snapshot(&fixture.shards());
        let repaired = fixture.repair();
        prop_assert_eq!(repaired.code, if verified.code > 1 { verified.code } else { 0 }, "{:?}\n{:?}", verified, repaired);
        if repaired.code > 0 {
            prop_assert!(snapshot(&fixture.shards()) == before, "a failed repair changed something");
        } else {
            let again = fixture.verify();
            prop_assert_eq!(again.code, 0, "{:?}\n{:?}", again, repaired);
            fixture.assert_restores("after repair");
        }
        let directory = fixture.shards();
        let located = evariste(["repair".as_ref(), directory.as_os_str(), "--locate".as_ref(), "--backend=cpu".as_ref()]);
        if located.code == 0 {
            prop_assert!(verified.code <= 2, "{:?}\n{:?}", verified, located);
            let again = fixture.verify();
            prop_assert_eq!(again.code, 0, "{:?}\n{:?}\n{:?}", again, repaired, located);
            fixture.assert_restores("after repair --locate");
        } else {
            prop_assert_eq!(located.code, repaired.code, "{:?}\n{:?}", repaired, located);
            prop_assert!(snapshot(&fixture.shards()) == before, "a failed repair changed something");
        }
    }
}

/// Headers with impossible or huge numbers, and correct checksums.
#[test]
fn headers_with_huge_numbers_are_refused() {
    let all = [0xff; 8];
    let gibibyte = (1_u64 << 30).to_le_bytes();
    for (what, fields) in [
        ("a unit of 0 bytes", vec![(shard::UNIT_BYTES, [0; 8])]),
        ("a unit of 2^64 - 1 bytes", vec![(shard::UNIT_BYTES, all)]),
        ("a large unit", vec![(shard::UNIT_BYTES, gibibyte)]),
        ("a file of 2^64 - 1 bytes", vec![(shard::FILE_BYTES, all)]),
        ("a file of 2^59 bytes", vec![(shard::FILE_BYTES, (1_u64 << 59).to_le_bytes())]),
        ("2^32 - 1 shards", vec![(shard::DATA_SHARDS, all), (shard::COUNT, all)]),
        ("no shards", vec![(shard::DATA_SHARDS, [0; 8]), (shard::COUNT, [0; 8])]),
        (
            "as many shards as the format allows",
            vec![(shard::COUNT, [0, 4, 0, 0, 0xfe, 3, 0, 0]), (shard::PARITY_SHARDS, [2, 0, 0, 0, 0, 0, 0, 0])],
        ),
    ] {
        let fixture = Fixture::new(PLAIN, 3 * PLAIN.stripe());
        for index in 0..PLAIN.total() {
            fixture.change(index, |bytes| {
                for (at, field) in &fields {
                    bytes[*at..][..8].copy_from_slice(field);
                }
                shard::seal_header(bytes);
            });
        }
        let verified = fixture.verify();
        assert!(matches!(verified.code, 2 | 3), "{what}: {verified:?}");
        fixture.assert_restores_nothing(verified.code, what);
        fixture.assert_repairs_nothing(verified.code, what);
    }
}

/// Files of the length that such a header demands take no disk space if they are sparse.
#[test]
fn a_sparse_set_is_not_held_in_memory() {
    let fixture = Fixture::new(PLAIN, 3 * PLAIN.stripe());
    for index in 0..PLAIN.total() {
        fixture.change(index, |bytes| {
            bytes[shard::UNIT_BYTES..][..8].copy_from_slice(&(64_u64 << 20).to_le_bytes());
            bytes[shard::FILE_BYTES..][..8].copy_from_slice(&1_u64.to_le_bytes());
            shard::seal_header(bytes);
        });
        let file = fs::OpenOptions::new().write(true).open(fixture.shard(index)).unwrap();
        file.set_len(4096 + (64 << 20) / 4096 * 4100).unwrap();
    }
    fixture.verify().expect(2).says("checksum table damaged");
    fixture.assert_restores_nothing(2, "sparse");
}

#[test]
fn random_files_with_shard_names_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    for (index, length) in [0, 1, 8, 4095, 4096, 10_000].into_iter().enumerate() {
        let mut bytes = support::paint(length);
        if length >= 8 && index % 2 == 0 {
            bytes[..8].copy_from_slice(b"EVARISTE");
        }
        fs::write(dir.path().join(format!("00{index}.shard")), bytes).unwrap();
    }
    for verb in ["verify", "repair"] {
        evariste([verb.as_ref(), dir.path().as_os_str()]).expect(2).says("005.shard: not a shard");
    }
}
