//! Headers are read back as written, and any other bytes are refused.

use super::*;
use crate::shape::ShapeError;
use proptest::prelude::*;

fn header() -> Header {
    Header {
        set: SetHeader {
            layout: Layout::ReedSolomon { data: 10, parity: 4 },
            shape: Shape::new(10, 4, 1 << 20, 123_456_789).unwrap(),
            file_hash: std::array::from_fn(|i| u8::try_from(i).unwrap()),
            id: SetId(std::array::from_fn(|i| 0xa0 + u8::try_from(i).unwrap())),
        },
        index: 7,
        table_hash: [0x5a; 32],
    }
}

/// A header that was changed on purpose and has a correct checksum.
fn forged(change: impl FnOnce(&mut [u8; HEADER_BYTES])) -> [u8; HEADER_BYTES] {
    let mut bytes = header().encode();
    change(&mut bytes);
    let sum = checksum(&bytes);
    bytes[at::CHECKSUM..].copy_from_slice(&sum);
    bytes
}

fn put(bytes: &mut [u8], at: usize, field: &[u8]) {
    bytes[at..at + field.len()].copy_from_slice(field);
}

/// The offsets of docs/shard-format.md, written out. Moving a field would break every existing shard.
#[test]
fn fields_are_at_the_documented_offsets() {
    let bytes = header().encode();
    assert_eq!(&bytes[0..8], b"EVARISTE");
    assert_eq!(bytes[8..12], [1, 0, 0, 0]);
    assert_eq!(bytes[12..16], [7, 0, 0, 0]);
    assert_eq!(bytes[16..20], [14, 0, 0, 0]);
    assert_eq!(bytes[20..24], [10, 0, 0, 0]);
    assert_eq!(bytes[24..28], [4, 0, 0, 0]);
    assert_eq!(bytes[28..32], [0; 4]);
    assert_eq!(bytes[32..40], [0, 0, 16, 0, 0, 0, 0, 0]);
    assert_eq!(bytes[40..48], 123_456_789_u64.to_le_bytes());
    assert_eq!(bytes[48..80], header().set.file_hash);
    assert_eq!(bytes[80..96], header().set.id.0);
    assert_eq!(bytes[96..128], *b"vandermonde\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    assert_eq!(&bytes[128..132], b"flat");
    assert_eq!(bytes[132..192], [0; 60]);
    assert_eq!(bytes[192..224], [0x5a; 32]);
    assert_eq!(bytes[224..4064], [0; 3840]);
    assert_eq!(bytes[4064..], *blake3::hash(&bytes[..4064]).as_bytes());
}

#[test]
fn a_header_round_trips() {
    assert_eq!(Header::decode(&header().encode()), Ok(header()));
}

/// The header names a flat code by its construction, as every existing set does.
#[test]
fn flat_codes_round_trip() {
    for (name, code) in [
        ("rs:10+3", "vandermonde"),
        ("cauchy:10+3", "cauchy"),
        ("raid5:11", "raid5"),
        ("raid6:12", "raid6"),
        ("isal-rs:10+3", "isal-rs"),
        ("jerasure-van:10+3", "jerasure-van"),
        ("snapraid:10+3", "snapraid"),
    ] {
        let mut header = header();
        header.set.layout = name.parse().unwrap();
        let parity = header.set.layout.parity_shards() as u64;
        header.set.shape = Shape::new(10, parity, 4096, 1000).unwrap();
        let bytes = header.encode();
        let field = |text: &str, bytes: usize| text.bytes().chain([0; 64]).take(bytes).collect::<Vec<_>>();
        assert_eq!((&bytes[96..128], &bytes[128..192]), (&*field(code, 32), &*field("flat", 64)), "{name}");
        assert_eq!(Header::decode(&bytes), Ok(header));
    }
}

/// The header names a layout with groups by the layout's name. Numbers that contradict the name are refused.
#[test]
fn a_layout_round_trips() {
    let mut header = header();
    header.set.layout = "raid55:4x4".parse().unwrap();
    header.set.shape = Shape::new(9, 7, 4096, 1000).unwrap();
    let bytes = header.encode();
    assert_eq!(&bytes[96..103], b"layout\0");
    assert_eq!(&bytes[128..139], b"raid55:4x4\0");
    assert_eq!(Header::decode(&bytes), Ok(header.clone()));
    header.set.shape = Shape::new(10, 6, 4096, 1000).unwrap();
    let error = FormatError::CodeShards { code: "raid55:4x4".into(), data_shards: 10, parity_shards: 6 };
    assert_eq!(Header::decode(&header.encode()), Err(error));
    // Other ways to write a flat code, and unknown names, are refused.
    for (code, layout) in
        [("layout", "raid5:5"), ("layout", "flat"), ("raid5", "raid55:4x4"), ("layout", "raid55:04x4")]
    {
        let bytes = forged(|bytes| {
            put(bytes, at::CODE, &[0; 32]);
            put(bytes, at::LAYOUT, &[0; 64]);
            put(bytes, at::CODE, code.as_bytes());
            put(bytes, at::LAYOUT, layout.as_bytes());
        });
        assert!(Header::decode(&bytes).unwrap_err().is_unknown(), "{code}, {layout}");
    }
}

#[test]
fn each_kind_of_wrong_header_has_its_own_error() {
    let decode = |bytes: &[u8]| Header::decode(bytes).unwrap_err();
    let good = header().encode();
    assert_eq!(decode(b""), FormatError::NotAShard);
    assert_eq!(decode(&[0; HEADER_BYTES]), FormatError::NotAShard);
    assert_eq!(decode(&good[..4095]), FormatError::Truncated { found: 4095, expected: 4096 });
    let mut flipped = good;
    flipped[8] ^= 2;
    assert_eq!(decode(&flipped), FormatError::HeaderChecksum { version: 3 });
    assert_eq!(decode(&flipped).to_string(), "header damaged: its checksum is wrong (it claims format version 3)");

    let forge = |at: usize, field: &[u8]| decode(&forged(|bytes| put(bytes, at, field)));
    assert_eq!(forge(at::VERSION, &2_u32.to_le_bytes()), FormatError::UnknownVersion { found: 2 });
    assert_eq!(forge(at::CODE, b"vandermondo"), FormatError::UnknownCode { name: "vandermondo".into() });
    assert_eq!(forge(at::CODE, &[0xff]), FormatError::Text { field: "code" });
    assert_eq!(forge(at::CODE + 20, b"x"), FormatError::Text { field: "code" });
    assert_eq!(forge(at::LAYOUT, b"flap"), FormatError::UnknownLayout { name: "flap".into() });
    assert_eq!(forge(at::ZERO, &[1]), FormatError::Reserved { offset: 28 });
    assert_eq!(forge(at::CHECKSUM - 1, &[1]), FormatError::Reserved { offset: 4063 });
    assert_eq!(forge(at::INDEX, &[14]), FormatError::Index { index: 14, count: 14 });
    assert_eq!(forge(at::COUNT, &[15]), FormatError::Count { count: 15, data_shards: 10, parity_shards: 4 });
    assert_eq!(
        forge(at::UNIT_BYTES, &4097_u64.to_le_bytes()),
        FormatError::Shape(ShapeError::UnitNotInBlocks { unit_bytes: 4097 })
    );
    assert_eq!(forge(at::FILE_BYTES, &[0xff; 8]), FormatError::Shape(ShapeError::FileTooLong { file_bytes: u64::MAX }));
    assert_eq!(
        forge(at::CODE, b"raid6\0\0\0\0\0\0"),
        FormatError::CodeShards { code: "raid6".into(), data_shards: 10, parity_shards: 4 }
    );
    assert_eq!(
        decode(&forged(|bytes| put(bytes, at::COUNT, &[[0xff; 4], [0xff; 4], [0; 4]].concat()))),
        FormatError::Shape(ShapeError::NoShards { data_shards: 0xffff_ffff, parity_shards: 0 })
    );
}

proptest! {
    /// Fails if the checksum does not cover some byte.
    #[test]
    fn a_header_with_any_bits_flipped_is_refused(
        flips in prop::collection::btree_set(0..HEADER_BYTES * 8, 1..40),
    ) {
        let mut bytes = header().encode();
        for flip in flips {
            bytes[flip / 8] ^= 1 << (flip % 8);
        }
        prop_assert!(Header::decode(&bytes).is_err());
    }

    #[test]
    fn random_bytes_are_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..2 * HEADER_BYTES), magic: bool) {
        if magic && bytes.len() >= MAGIC.len() {
            put(&mut bytes, 0, &MAGIC);
        }
        prop_assert!(Header::decode(&bytes).is_err());
    }

    /// A forger can compute checksums, so a header may hold any numbers. A header that is accepted encodes to the same
    /// bytes.
    #[test]
    fn a_forged_header_is_refused_or_read_exactly(
        numbers in prop::array::uniform5(prop_oneof![0..20_u32, any::<u32>()]),
        unit in prop_oneof![Just(4096), Just(1 << 30), any::<u64>()],
        file in prop_oneof![0..1_u64 << 40, any::<u64>()],
        sum: bool,
    ) {
        let bytes = forged(|bytes| {
            put(bytes, at::INDEX, &numbers[0].to_le_bytes());
            let count = if sum { numbers[2].wrapping_add(numbers[3]) } else { numbers[1] };
            put(bytes, at::COUNT, &count.to_le_bytes());
            put(bytes, at::DATA_SHARDS, &numbers[2].to_le_bytes());
            put(bytes, at::PARITY_SHARDS, &numbers[3].to_le_bytes());
            put(bytes, at::UNIT_BYTES, &unit.to_le_bytes());
            put(bytes, at::FILE_BYTES, &file.to_le_bytes());
        });
        if let Ok(header) = Header::decode(&bytes) {
            prop_assert_eq!(header.encode(), bytes);
        }
    }
}
