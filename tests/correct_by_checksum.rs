//! With checksums every wrong byte is reported, whether data, parity or the checksums themselves are wrong.

#[path = "support/support.rs"]
mod support;

use std::sync::Arc;

use evariste::crc::crc32c;
use evariste::{Checksums, Code, Codec, Corrections, Cpu, Error, Matrix};
use support::{Rng, assert_shards_equal, each_codec, painted_stripe};

fn codec(code: Code) -> Codec {
    Codec::on(code, Arc::new(Cpu::new().unwrap()))
}

/// Shards that agree, and their checksums by a pass of their own.
fn whole(codec: &Codec, bytes: usize) -> (Vec<Vec<u8>>, Vec<Option<Vec<u32>>>) {
    let mut shards = painted_stripe(codec.code().data_shards(), codec.code().parity_shards(), bytes);
    codec.encode(&mut shards).unwrap();
    let crcs = shards.iter().map(|shard| Some(shard.chunks(4096).map(crc32c).collect())).collect();
    (shards, crcs)
}

fn correct(codec: &Codec, shards: &mut Vec<Vec<u8>>, crcs: &[Option<Vec<u32>>]) -> Corrections {
    codec.correct_with_checksums(shards, &Checksums::from_shards(crcs).unwrap()).unwrap()
}

/// A code whose parity rows are a local group each, and a global one: no GRS code.
fn local_groups() -> Code {
    let parity = Matrix::from_rows(&[[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 1], [1, 2, 4, 8, 16, 32]]).unwrap();
    Code::from_generator(&Matrix::identity(6).above(&parity)).unwrap()
}

/// Blocks (shard, block) that changed.
fn wrong_blocks(whole: &[Vec<u8>], shards: &[Vec<u8>]) -> Vec<(usize, usize)> {
    let mut wrong = Vec::new();
    for (shard, (whole, stands)) in whole.iter().zip(shards).enumerate() {
        let blocks = whole.chunks(4096).zip(stands.chunks(4096)).enumerate();
        wrong.extend(blocks.filter(|(_, (whole, stands))| whole != stands).map(|(block, _)| (shard, block)));
    }
    wrong
}

/// Whether a report says that a block may be wrong.
fn is_said(corrections: &Corrections, shard: usize, block: usize) -> bool {
    corrections.contradicted.iter().any(|c| c.shard == shard && c.bytes.contains(&(block * 4096)))
}

#[test]
fn no_wrong_byte_goes_unsaid_in_a_hundred_thousand_trials() {
    let codecs = [
        codec(Code::reed_solomon(6, 3).unwrap()),
        codec(Code::cauchy(4, 4).unwrap()),
        codec(Code::raid6(5).unwrap()),
        codec(local_groups()),
    ];
    let stripes: Vec<_> = codecs.iter().flat_map(|c| [(c, whole(c, 40)), (c, whole(c, 4130))]).collect();
    let mut rng = Rng::new(1);
    let (mut right, mut left) = (0, 0);
    for trial in 0..100_000 {
        // Two blocks cost more than a short one, so they come seldom.
        let index = 2 * (trial % codecs.len()) + usize::from(trial % 21 == 0);
        let (codec, (whole, crcs)) = &stripes[index];
        let (n, bytes) = (whole.len(), whole[0].len());
        let (mut shards, mut given) = (whole.clone(), crcs.clone());
        let wrong = rng.below(codec.code().parity_shards() + 3);
        for shard in rng.choose(wrong.min(n), n) {
            let (start, length) = (rng.below(bytes), 1 + rng.below(12));
            let end = if rng.below(4) == 0 { bytes } else { bytes.min(start + length) };
            shards[shard][start..end].iter_mut().for_each(|byte| *byte = rng.byte());
        }
        let false_checksums = if rng.below(4) == 0 { 1 + rng.below(n) } else { 0 };
        for shard in rng.choose(false_checksums, n) {
            let crcs = given[shard].as_mut().unwrap();
            let block = rng.below(crcs.len());
            crcs[block] ^= 1 << rng.below(32);
        }
        let damaged = wrong_blocks(whole, &shards);
        let before = shards.clone();
        let corrections = correct(codec, &mut shards, &given);
        let after = wrong_blocks(whole, &shards);
        for (shard, (before, stands)) in before.iter().zip(&shards).enumerate() {
            let changed = before.iter().zip(stands).filter(|(before, stands)| before != stands).count();
            let said: usize = corrections.corrected.iter().filter(|c| c.shard == shard).map(|c| c.count).sum();
            assert_eq!(said, changed, "trial {trial}: shard {shard}: {corrections:?}");
        }
        let is_consistent = codec.verify(&shards).unwrap().is_consistent();
        assert_eq!(corrections.beyond.is_empty(), is_consistent, "trial {trial}: {corrections:?}");
        for &(shard, block) in &after {
            assert!(
                is_said(&corrections, shard, block),
                "trial {trial}: shard {shard}, block {block}: {corrections:?}"
            );
        }
        if false_checksums == 0 {
            // A checksum that is right vouches for its block, and no such block is made wrong.
            assert!(after.iter().all(|block| damaged.contains(block)), "trial {trial}: {damaged:?} became {after:?}");
            assert_eq!(corrections.is_complete(), after.is_empty(), "trial {trial}: {corrections:?}");
            assert!(corrections.corrected.iter().all(|c| c.confirmed || !after.is_empty()), "trial {trial}");
        }
        let beyond = |block: usize| {
            let lost: Vec<usize> = damaged.iter().filter(|(_, b)| *b == block).map(|&(shard, _)| shard).collect();
            !codec.code().is_recoverable(&lost).unwrap()
        };
        if false_checksums == 0 && !(0..bytes.div_ceil(4096)).any(beyond) {
            assert_shards_equal(whole, &shards, format_args!("trial {trial}"));
            assert!(corrections.is_confirmed(), "trial {trial}: {corrections:?}");
        }
        right += usize::from(after.is_empty() && !damaged.is_empty());
        left += usize::from(!after.is_empty());
    }
    println!("{right} trials were made right, {left} were not");
    assert!(right > 40_000 && left > 5_000, "{right} made right, {left} not");
}

/// As many entirely wrong shards as there are parity shards, twice the number that could be located; and more than that.
/// On every backend: the check, the correction and its confirmation are separate calls.
#[test]
fn accused_shards_are_rebuilt_and_confirmed() {
    each_codec(&Code::reed_solomon(10, 4).unwrap(), |backend, codec| {
        let (whole, crcs) = whole(&codec, 100_000);
        let mut shards = whole.clone();
        for shard in [0, 5, 11, 13] {
            shards[shard].iter_mut().for_each(|byte| *byte = !*byte);
        }
        let corrections = correct(&codec, &mut shards, &crcs);
        assert_shards_equal(&whole, &shards, backend);
        let found: Vec<_> =
            corrections.corrected.iter().map(|c| (c.shard, c.bytes.clone(), c.count, c.confirmed)).collect();
        assert_eq!(found, [0, 5, 11, 13].map(|shard| (shard, 0..100_000, 100_000, true)));
        assert!(corrections.is_confirmed());
        assert!(correct(&codec, &mut shards, &crcs).is_clean());

        // A fifth in one block: that block stays as it is, and is named.
        for shard in [0, 1, 5, 11, 13] {
            shards[shard][5000] ^= 1;
        }
        shards[2][50_000] ^= 1;
        let damaged = shards.clone();
        let corrections = correct(&codec, &mut shards, &crcs);
        assert_eq!(wrong_blocks(&damaged, &shards), [(2, 12)], "{backend}: only what can be corrected");
        let contradicted: Vec<_> = corrections.contradicted.iter().map(|c| (c.shard, c.bytes.clone())).collect();
        assert_eq!(contradicted, [0, 1, 5, 11, 13].map(|shard| (shard, 4096..8192)));
        let beyond: Vec<_> = corrections.beyond.iter().map(|beyond| (beyond.columns.clone(), beyond.count)).collect();
        assert_eq!(beyond, [(5000..5001, 1)]);
    });
}

/// Shards that are consistent although a checksum differs: either the shards or the checksum is wrong, and the report says so.
#[test]
fn a_checksum_that_contradicts_consistent_shards_is_said() {
    let codec = codec(Code::reed_solomon(6, 3).unwrap());
    let (whole, mut crcs) = whole(&codec, 9000);
    crcs[7].as_mut().unwrap()[1] ^= 1;
    let mut shards = whole.clone();
    let corrections = correct(&codec, &mut shards, &crcs);
    assert_shards_equal(&whole, &shards, "nothing to correct");
    assert!(corrections.corrected.is_empty() && !corrections.is_complete());
    assert_eq!((corrections.contradicted[0].shard, corrections.contradicted[0].bytes.clone()), (7, 4096..8192));

    // If all other shards have wrong checksums, an error is still located, and corrected if its own checksum agrees.
    for crcs in crcs.iter_mut().take(6) {
        crcs.as_mut().unwrap().iter_mut().for_each(|crc| *crc = !*crc);
    }
    shards[8][17] ^= 1;
    shards[2][5000] ^= 1;
    let corrections = correct(&codec, &mut shards, &crcs);
    assert_eq!(wrong_blocks(&whole, &shards), [(2, 1)], "its checksum is of other bytes");
    let found: Vec<_> = corrections.corrected.iter().map(|c| (c.shard, c.bytes.clone(), c.confirmed)).collect();
    assert_eq!(found, [(8, 17..18, true)]);
}

/// Columns of a block of which some were made right in the second attempt are no longer beyond the code.
#[test]
fn what_was_taken_in_the_end_is_not_called_beyond() {
    let codec = codec(Code::reed_solomon(6, 3).unwrap());
    let (whole, mut crcs) = whole(&codec, 5000);
    // Six shards accused of three that may be: errors are sought as if there were no checksums.
    crcs[6..].iter_mut().for_each(|crcs| *crcs = Some(vec![0; 2]));
    let mut shards = whole.clone();
    shards[0][10] ^= 1;
    shards[1][500] ^= 1;
    shards[2][500] ^= 1;
    let corrections = correct(&codec, &mut shards, &crcs);
    assert_eq!(wrong_blocks(&whole, &shards), [(1, 0), (2, 0)]);
    let found: Vec<_> = corrections.corrected.iter().map(|c| (c.shard, c.bytes.clone(), c.confirmed)).collect();
    assert_eq!(found, [(0, 10..11, true)]);
    let beyond: Vec<_> = corrections.beyond.iter().map(|beyond| (beyond.columns.clone(), beyond.count)).collect();
    assert_eq!(beyond, [(500..501, 1)]);
}

/// Bytes whose checksum was taken when they were wrong already: the checksums are all right, and the shards do not agree.
#[test]
fn checksums_of_wrong_bytes_do_not_make_them_right() {
    let codec = codec(Code::reed_solomon(6, 3).unwrap());
    let (mut shards, mut crcs) = whole(&codec, 100);
    shards[3][50] ^= 1;
    crcs[3] = Some(vec![crc32c(&shards[3])]);
    let damaged = shards.clone();
    let corrections = correct(&codec, &mut shards, &crcs);
    assert_shards_equal(&damaged, &shards, "nobody knows which");
    assert_eq!((corrections.beyond[0].columns.clone(), corrections.corrected.len()), (50..51, 0));
}

/// Shards without a checksum are corrected without one, and their corrections are unconfirmed.
#[test]
fn only_some_shards_have_checksums() {
    let codec = codec(Code::reed_solomon(6, 3).unwrap());
    let (whole, mut crcs) = whole(&codec, 5000);
    // One shard has no checksums, the others have.
    crcs[4] = None;
    crcs[7..].fill(None);
    let mut shards = whole.clone();
    shards[7][4500] ^= 1;
    shards[1][10] ^= 1;
    let corrections = correct(&codec, &mut shards, &crcs);
    assert_shards_equal(&whole, &shards, "one of each");
    let found: Vec<_> = corrections.corrected.iter().map(|c| (c.shard, c.confirmed)).collect();
    assert_eq!(found, [(1, true), (7, false)]);
    assert!(corrections.is_complete() && !corrections.is_confirmed());
}

/// A code that cannot locate errors still rebuilds the shards whose checksums differ.
#[test]
fn a_code_that_is_not_grs_repairs_by_checksum() {
    let codec = codec(local_groups());
    let (whole, crcs) = whole(&codec, 10_000);
    let mut shards = whole.clone();
    shards[1].iter_mut().for_each(|byte| *byte = !*byte);
    shards[6][9000..].fill(0);
    assert!(matches!(codec.correct(&mut shards), Err(Error::CannotLocate { .. })));
    let corrections = correct(&codec, &mut shards, &crcs);
    assert_shards_equal(&whole, &shards, "a data shard and its local parity");
    assert!(corrections.is_confirmed() && corrections.corrected.len() == 2, "{corrections:?}");

    // Three shards of one group are too many; one of the other group is not.
    for shard in [0, 1, 2, 4] {
        shards[shard][100] ^= 1;
    }
    let corrections = correct(&codec, &mut shards, &crcs);
    assert_eq!(wrong_blocks(&whole, &shards), [(0, 0), (1, 0), (2, 0)]);
    assert_eq!(corrections.corrected.iter().map(|c| (c.shard, c.confirmed)).collect::<Vec<_>>(), [(4, true)]);
    let beyond: Vec<_> = corrections.beyond.iter().map(|beyond| (beyond.columns.clone(), beyond.count)).collect();
    assert_eq!(beyond, [(100..101, 1)]);
}

#[test]
fn checksums_of_other_shards_are_refused() {
    let codec = codec(Code::reed_solomon(4, 2).unwrap());
    let (whole, crcs) = whole(&codec, 5000);
    let mut shards = whole.clone();
    shards[0][0] ^= 1;
    let damaged = shards.clone();
    let mut error = |crcs: &[Option<Vec<u32>>]| {
        codec.correct_with_checksums(&mut shards, &Checksums::from_shards(crcs).unwrap()).unwrap_err()
    };
    assert!(matches!(error(&crcs[1..]), Error::ShardCount { given: 5, expected: 6 }));
    let short: Vec<_> = crcs.iter().map(|crcs| Some(vec![crcs.as_ref().unwrap()[0]])).collect();
    assert!(matches!(error(&short), Error::ChecksumBlocks { given: 1, expected: 2 }));
    assert_shards_equal(&damaged, &shards, "untouched");
}
