//! RAID 5 and RAID 6 agree with Linux md. In member images that md wrote (tests/md/README says how), data, P and Q are at the places of the
//! left-symmetric layout, parity computed here equals md's, and lost members are rebuilt.

#[path = "support/support.rs"]
mod support;

use std::io::Read;

use evariste::Code;
use evariste::layout::Rotation;
use support::{assert_shards_equal, each_codec};

const CHUNK_BYTES: usize = 64 << 10;
const STRIPES: usize = 16;
const SUPERBLOCK: usize = 4 << 10;
const DATA_BEGIN: usize = 128 << 10;
const MEMBER_BYTES: usize = DATA_BEGIN + STRIPES * CHUNK_BYTES;

struct Array {
    name: &'static str,
    level: usize,
    members: Vec<Vec<u8>>,
}

fn arrays() -> [Array; 3] {
    let array = |name, level, devices, compressed: &[u8]| {
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(compressed).read_to_end(&mut bytes).unwrap();
        assert_eq!(bytes.len(), devices * MEMBER_BYTES, "{name}");
        Array { name, level, members: bytes.chunks(MEMBER_BYTES).map(<[u8]>::to_vec).collect() }
    };
    [
        array("raid6-6", 6, 6, include_bytes!("md/raid6-6.gz")),
        array("raid6-5", 6, 5, include_bytes!("md/raid6-5.gz")),
        array("raid5-5", 5, 5, include_bytes!("md/raid5-5.gz")),
    ]
}

impl Array {
    fn devices(&self) -> usize {
        self.members.len()
    }

    fn code(&self) -> Code {
        if self.level == 6 { Code::raid6(self.devices() - 2) } else { Code::raid5(self.devices() - 1) }.unwrap()
    }

    /// The device of each shard of a stripe, in the code's order: data, P, and Q. P begins on the last device and moves down one a stripe; Q
    /// is on the next device, and data on those after it, wrapping.
    fn places(&self, stripe: usize) -> Vec<usize> {
        let (n, parities) = (self.devices(), self.level - 4);
        let p = n - 1 - stripe % n;
        let data = (0..n - parities).map(|j| (p + parities + j) % n);
        data.chain((0..parities).map(|parity| (p + parity) % n)).collect()
    }

    fn chunk(&self, device: usize, stripe: usize) -> &[u8] {
        &self.members[device][DATA_BEGIN + stripe * CHUNK_BYTES..][..CHUNK_BYTES]
    }

    /// The shards of a stripe, in the code's order.
    fn stripe(&self, stripe: usize) -> Vec<Vec<u8>> {
        self.places(stripe).into_iter().map(|device| self.chunk(device, stripe).to_vec()).collect()
    }

    /// What md was given to write: the rule of tests/md/pattern.pl.
    fn pattern(&self) -> Vec<u8> {
        let bytes = self.code().data_shards() * STRIPES * CHUNK_BYTES;
        let blocks = 0..u32::try_from(bytes / 16384).unwrap();
        let block = |number: u32| {
            let mut x = number.wrapping_mul(2_654_435_761);
            let period: [u8; 61] = std::array::from_fn(|_| {
                x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                x.to_be_bytes()[0]
            });
            period.into_iter().cycle().take(16384)
        };
        blocks.flat_map(block).collect()
    }
}

/// The library's rotation agrees with the arrays.
#[test]
fn the_rotation_is_mds() {
    for array in arrays() {
        let code = array.code();
        let rotation = Rotation::left_symmetric(code.data_shards(), code.parity_shards());
        for stripe in 0..STRIPES {
            let devices: Vec<usize> = (0..array.devices()).map(|shard| rotation.device(stripe as u64, shard)).collect();
            assert_eq!(devices, array.places(stripe), "raid{} of {}, stripe {stripe}", array.level, array.devices());
        }
    }
}

#[test]
fn superblocks_say_what_these_tests_assume() {
    for array in arrays() {
        for (device, member) in array.members.iter().enumerate() {
            // struct mdp_superblock_1 of the kernel's md_p.h; lengths are in sectors of 512 bytes.
            let long = |at: usize| u64::from_le_bytes(member[SUPERBLOCK + at..][..8].try_into().unwrap());
            let word = |at: usize| u32::from_le_bytes(member[SUPERBLOCK + at..][..4].try_into().unwrap());
            let half = |at: usize| u16::from_le_bytes(member[SUPERBLOCK + at..][..2].try_into().unwrap());
            let context = format!("{}, device {device}", array.name);
            let sectors = |bytes: usize| (bytes / 512) as u64;
            assert_eq!((word(0), word(4), word(8)), (0xa92b_4efc, 1, 0), "{context}: magic, version, features");
            assert_eq!((word(72) as usize, word(76)), (array.level, 2), "{context}: level, left-symmetric");
            assert_eq!(long(80), sectors(STRIPES * CHUNK_BYTES), "{context}: data of a member");
            assert_eq!(u64::from(word(88)), sectors(CHUNK_BYTES), "{context}: chunk");
            assert_eq!(word(92) as usize, array.devices(), "{context}: devices");
            assert_eq!(long(128), sectors(DATA_BEGIN), "{context}: where data begins");
            assert_eq!(long(208), u64::MAX, "{context}: all of it in sync");
            let number = word(160) as usize;
            assert_eq!(usize::from(half(256 + 2 * number)), device, "{context}: its place in the array");
        }
    }
}

/// Else a chunk in a wrong place might go unseen.
#[test]
fn every_block_of_the_pattern_is_another() {
    for array in arrays() {
        let pattern = array.pattern();
        let mut blocks: Vec<&[u8]> = pattern.chunks(16384).collect();
        blocks.sort_unstable();
        blocks.dedup();
        assert_eq!(blocks.len() * 16384, pattern.len(), "{}", array.name);
    }
}

#[test]
fn data_stands_where_the_layout_has_it() {
    for array in arrays() {
        let data_shards = array.code().data_shards();
        let pattern = array.pattern();
        for (stripe, expected) in pattern.chunks(data_shards * CHUNK_BYTES).enumerate() {
            let expected: Vec<&[u8]> = expected.chunks(CHUNK_BYTES).collect();
            let actual = &array.stripe(stripe)[..data_shards];
            assert_shards_equal(&expected, actual, format_args!("{}, stripe {stripe}", array.name));
        }
    }
}

#[test]
fn parity_is_that_of_md() {
    for array in arrays() {
        each_codec(&array.code(), |backend, codec| {
            for stripe in 0..STRIPES {
                let expected = array.stripe(stripe);
                let mut shards = expected.clone();
                shards[codec.code().data_shards()..].iter_mut().for_each(|parity| parity.fill(0xee));
                codec.encode(&mut shards).unwrap();
                assert_shards_equal(&expected, &shards, format_args!("{backend}, {}, stripe {stripe}", array.name));
            }
        });
    }
}

#[test]
fn lost_members_come_back() {
    for array in arrays() {
        let n = array.devices();
        let losses: Vec<Vec<usize>> = match array.level {
            6 => (0..n).flat_map(|a| (a + 1..n).map(move |b| vec![a, b])).collect(),
            _ => (0..n).map(|a| vec![a]).collect(),
        };
        each_codec(&array.code(), |backend, codec| {
            // Whole members on one backend, one turn of the rotation on the others.
            let stripes = if backend == "cpu" { STRIPES } else { n };
            for lost_devices in &losses {
                for stripe in 0..stripes {
                    let expected = array.stripe(stripe);
                    let places = array.places(stripe);
                    let is_lost = |shard: &usize| lost_devices.contains(&places[*shard]);
                    let lost: Vec<usize> = (0..n).filter(is_lost).collect();
                    let mut shards = expected.clone();
                    lost.iter().for_each(|&shard| shards[shard].fill(0xee));
                    codec.reconstruct(&mut shards, &lost).unwrap();
                    let context = format!("{backend}, {}, devices {lost_devices:?}, stripe {stripe}", array.name);
                    assert_shards_equal(&expected, &shards, context);
                }
            }
        });
    }
}
