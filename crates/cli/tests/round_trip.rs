//! A protected file is restored for every code and at every boundary of length, with as many shards lost as the code
//! allows.

#[path = "support/support.rs"]
mod support;

use std::fs;

use support::{Fixture, PLAIN, Scheme, assert_same_bytes, evariste, paint, shard, snapshot};

const CODES: [Scheme; 7] = [
    PLAIN,
    Scheme { code: "cauchy", data: 4, parity: 3, unit: 8192 },
    Scheme { code: "raid5", data: 5, parity: 1, unit: 4096 },
    Scheme { code: "raid6", data: 4, parity: 2, unit: 12288 },
    Scheme { code: "isal-rs", data: 4, parity: 4, unit: 4096 },
    Scheme { code: "jerasure-van", data: 5, parity: 3, unit: 4096 },
    Scheme { code: "snapraid", data: 3, parity: 4, unit: 4096 },
];

/// Lengths around every boundary of the layout.
fn lengths(scheme: &Scheme) -> Vec<usize> {
    let stripe = scheme.stripe();
    vec![0, 1, 4095, 4096, 4097, scheme.unit + 1, stripe - 1, stripe, stripe + 1, 3 * stripe + 5]
}

#[test]
fn every_code_and_length_is_restored() {
    for scheme in CODES {
        for length in lengths(&scheme) {
            let context = format!("{scheme:?}, {length} bytes");
            let fixture = Fixture::new(scheme, length);
            let original = snapshot(&fixture.shards());
            assert_eq!(original.len(), scheme.total(), "{context}");
            let payload = length.div_ceil(scheme.stripe()) * scheme.unit;
            for (name, bytes) in &original {
                assert_eq!(bytes.len(), 4096 + payload + payload / 1024, "{context}: {name}");
            }
            fixture.verify().expect(0).says("whole: ");
            fixture.assert_restores(&context);

            // Data first, then parity, then some of each.
            for first in [0, scheme.data, scheme.data - 1] {
                for index in 0..scheme.parity {
                    fixture.delete((first + index) % scheme.total());
                }
                fixture.verify().expect(1).says("missing").says("repairable: ");
                fixture.assert_restores(&context);
                fixture.assert_repairs(&original, &context);
            }
        }
    }
}

/// The data shards hold the file and the zeros after it, as the format says.
#[test]
fn data_shards_hold_the_file_itself() {
    let length = 2 * PLAIN.stripe() + PLAIN.unit + 7;
    let fixture = Fixture::new(PLAIN, length);
    let mut expected = fixture.bytes.clone();
    expected.resize(3 * PLAIN.stripe(), 0);
    for index in 0..PLAIN.data {
        let file = fs::read(fixture.shard(index)).unwrap();
        for stripe in 0..3 {
            let unit = &file[4096 + stripe * PLAIN.unit..][..PLAIN.unit];
            let place = (stripe * PLAIN.data + index) * PLAIN.unit;
            assert_same_bytes(&expected[place..][..PLAIN.unit], unit, &format!("shard {index}, stripe {stripe}"));
        }
    }
}

#[test]
fn the_header_has_the_requested_numbers() {
    let fixture = Fixture::new(PLAIN, 50_000);
    for index in 0..PLAIN.total() {
        let bytes = fs::read(fixture.shard(index)).unwrap();
        let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        assert_eq!(bytes[..8], *b"EVARISTE");
        assert_eq!([shard::VERSION, shard::INDEX, shard::COUNT].map(number), [1, index, 5]);
        assert_eq!([shard::DATA_SHARDS, shard::PARITY_SHARDS].map(number), [3, 2]);
        assert_eq!(bytes[shard::UNIT_BYTES..][..8], 4096_u64.to_le_bytes());
        assert_eq!(bytes[shard::FILE_BYTES..][..8], 50_000_u64.to_le_bytes());
        assert_eq!(bytes[shard::FILE_HASH..][..32], *blake3::hash(&fixture.bytes).as_bytes());
        assert_eq!(bytes[shard::CODE..][..12], *b"vandermonde\0");
        assert_eq!(bytes[shard::LAYOUT..][..5], *b"flat\0");
    }
}

/// More than one batch of stripes, and more than one buffer: a pipeline that confuses them would fail here.
#[test]
fn a_file_of_many_batches_is_restored() {
    for scheme in [
        Scheme { code: "vandermonde", data: 2, parity: 1, unit: 4096 },
        Scheme { code: "cauchy", data: 4, parity: 2, unit: 20 << 20 },
        Scheme { code: "cauchy", data: 1, parity: 1, unit: 80 << 20 },
    ] {
        let context = format!("{scheme:?}");
        let length = (150 << 20) + 4321;
        let fixture = Fixture::new(scheme, length);
        fixture.verify().expect(0);
        fixture.delete(0);
        fixture.assert_restores(&context);
        let blocks = length.div_ceil(scheme.stripe()) * scheme.unit / 4096;
        for block in [0, blocks / 3, blocks - 1] {
            fixture.flip(1, 4096 + 4096 * block + 17);
        }
        if scheme.parity == 1 {
            fixture.assert_restores_nothing(2, &context);
        } else {
            fixture.verify().expect(1).says("001.shard: 3 wrong blocks");
            fixture.assert_restores(&context);
            fixture.repair().expect(0);
            fixture.verify().expect(0);
        }
    }
}

#[test]
fn a_set_of_256_shards_is_restored() {
    let scheme = Scheme { code: "vandermonde", data: 128, parity: 128, unit: 4096 };
    let fixture = Fixture::new(scheme, 3 * scheme.stripe() / 2);
    for index in (0..256).step_by(2) {
        fixture.delete(index);
    }
    fixture.assert_restores("every other shard of 128+128");
    fixture.repair().expect(0);
    fixture.verify().expect(0).says("256 shards");
}

#[test]
fn defaults_are_ten_and_four_of_a_mebibyte() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    fs::write(path("file"), paint(12345)).unwrap();
    for (code, total) in [
        ("vandermonde", 14),
        ("cauchy", 14),
        ("raid5", 11),
        ("raid6", 12),
        ("isal-rs", 14),
        ("jerasure-van", 14),
        ("snapraid", 14),
    ] {
        let shards = path(code);
        evariste(["protect", &path("file"), "--out", &shards, "--code", code]).expect(0);
        evariste(["verify", &shards]).expect(0).says("unit 1 MiB").says(&format!("{total} shards"));
    }
}

#[test]
fn a_link_to_a_shard_is_a_shard() {
    let fixture = Fixture::new(PLAIN, 50_000);
    let original = snapshot(&fixture.shards());
    #[cfg(unix)]
    {
        fs::rename(fixture.shard(2), fixture.path("elsewhere")).unwrap();
        std::os::unix::fs::symlink(fixture.path("elsewhere"), fixture.shard(2)).unwrap();
        fixture.verify().expect(0);
        // Its disk is gone.
        fs::remove_file(fixture.path("elsewhere")).unwrap();
        fixture.verify().expect(1).says("002.shard: unreadable");
    }
    #[cfg(not(unix))]
    fixture.delete(2);
    fixture.assert_repairs(&original, "a dangling link");
}
