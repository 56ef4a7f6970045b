//! `repair --locate`: where checksums do not help, the code locates errors, and the file's hash decides.

#[path = "support/support.rs"]
mod support;

use std::fs;

use support::{Fixture, PLAIN, Ran, Scheme, evariste, shard, snapshot};

const WIDE: Scheme = Scheme { code: "vandermonde", data: 10, parity: 6, unit: 4096 };
const STRIPES: usize = 200;

fn locate(fixture: &Fixture) -> Ran {
    evariste(["repair".as_ref(), fixture.shards().as_os_str(), "--locate".as_ref(), "--backend=cpu".as_ref()])
}

/// Changes every byte of some blocks of a shard.
fn spoil(fixture: &Fixture, index: usize, blocks: impl Iterator<Item = usize>) {
    fixture.change(index, |bytes| {
        for block in blocks {
            let start = shard::BLOCK * (1 + block);
            for (at, byte) in bytes[start..start + shard::BLOCK].iter_mut().enumerate() {
                *byte ^= (1 + at % 255).to_le_bytes()[0];
            }
        }
    });
}

fn wipe_table(fixture: &Fixture, index: usize) {
    fixture.change(index, |bytes| {
        let table = shard::BLOCK + shard::payload_bytes(bytes.len());
        bytes[table..].fill(0);
    });
}

/// Two shards have some wrong blocks, in common stripes and in others, and one shard is missing.
#[test]
fn wrong_blocks_are_repaired_with_checksums_and_located_without() {
    let fixture = Fixture::new(WIDE, STRIPES * WIDE.stripe() - 1000);
    let original = snapshot(&fixture.shards());
    let damage = || {
        spoil(&fixture, 2, (7..STRIPES).step_by(100));
        spoil(&fixture, 12, (57..STRIPES).step_by(50));
        fixture.delete(5);
    };
    damage();
    fixture.assert_repairs(&original, "noise and a missing shard");

    damage();
    (0..WIDE.total()).filter(|&index| index != 5).for_each(|index| wipe_table(&fixture, index));
    let hint = &format!("`evariste repair {} --locate` may find", fixture.shards().display());
    fixture.verify().expect(2).says("beyond repair").says(hint);
    fixture.assert_restores_nothing(2, "no table is left").says(hint);
    fixture.assert_repairs_nothing(2, "no table is left").says(hint);
    let ran = locate(&fixture).expect(0);
    ran.says("002.shard: checksum table damaged; wrong bytes found in stripes 7, 107")
        .says("012.shard: checksum table damaged; wrong bytes found in stripes 57, 107, 157");
    assert!(snapshot(&fixture.shards()) == original, "the located shards differ from the original");
    locate(&fixture).expect(0).says("nothing to repair");
}

/// An undamaged table still shows which of its blocks are wrong, so the code can correct more.
#[test]
fn undamaged_tables_help_to_locate() {
    let fixture = Fixture::new(PLAIN, 6 * PLAIN.stripe());
    let original = snapshot(&fixture.shards());
    for index in [0, 1, 2] {
        wipe_table(&fixture, index);
    }
    // Two wrong blocks in a row of 3 + 2 shards, both known.
    spoil(&fixture, 3, [4].into_iter());
    spoil(&fixture, 4, [4].into_iter());
    // One that no checksum shows.
    spoil(&fixture, 1, [5].into_iter());
    locate(&fixture).expect(0).says("001.shard: checksum table damaged; wrong bytes found in stripe 5");
    assert!(snapshot(&fixture.shards()) == original);
}

/// If a shard has two files with damaged tables, the one with the canonical name is used.
#[test]
fn a_damaged_copy_does_not_stand_in_for_the_shard() {
    let fixture = Fixture::new(PLAIN, 6 * PLAIN.stripe());
    let original = snapshot(&fixture.shards());
    for index in [0, 1, 2] {
        wipe_table(&fixture, index);
        // Its name sorts before the shard's.
        let copy = fixture.shards().join(format!("0-copy-{index}.shard"));
        let mut bytes = fs::read(fixture.shard(index)).unwrap();
        bytes[shard::BLOCK..2 * shard::BLOCK].fill(0x5a);
        fs::write(copy, bytes).unwrap();
    }
    locate(&fixture).expect(0).says("repaired: shards 0-2 rewritten");
    let mut repaired = snapshot(&fixture.shards());
    repaired.retain(|name, _| original.contains_key(name));
    assert!(repaired == original);
}

#[test]
fn wrong_data_that_passes_every_checksum_is_located() {
    let fixture = Fixture::new(PLAIN, 6 * PLAIN.stripe());
    let original = snapshot(&fixture.shards());
    fixture.change(0, |bytes| {
        bytes[shard::BLOCK + 2 * PLAIN.unit + 50] ^= 1;
        shard::seal(bytes);
    });
    fixture.assert_restores_nothing(2, "wrong data").says("BLAKE3").says(" --locate` may find");
    fixture.assert_repairs_nothing(2, "wrong data").says("BLAKE3").says(" --locate` may find");
    locate(&fixture).expect(0).says("000.shard: wrong bytes found in stripe 2");
    assert!(snapshot(&fixture.shards()) == original);
}

/// Too many errors are refused, and so is a correction to another file. Nothing changes.
#[test]
fn too_many_errors_change_nothing() {
    let fixture = Fixture::new(PLAIN, 6 * PLAIN.stripe());
    (0..PLAIN.total()).for_each(|index| wipe_table(&fixture, index));
    spoil(&fixture, 0, [1].into_iter());
    spoil(&fixture, 3, [1].into_iter());
    let before = snapshot(&fixture.shards());
    locate(&fixture).expect(2).says("nothing was changed").says_nothing_of("may find");
    assert!(snapshot(&fixture.shards()) == before, "a failed repair changed something");
    fs::remove_file(fixture.shard(4)).unwrap();
    locate(&fixture).expect(2).says("nothing was changed");
}

#[test]
fn a_code_that_cannot_locate_says_so() {
    let scheme = Scheme { code: "raid5", data: 3, parity: 1, unit: 4096 };
    let fixture = Fixture::new(scheme, 6 * scheme.stripe());
    wipe_table(&fixture, 0);
    wipe_table(&fixture, 1);
    // One parity shard detects an error but cannot locate it. With no error, that is enough.
    locate(&fixture).expect(0);
    fixture.assert_restores("tables rewritten");
    wipe_table(&fixture, 0);
    wipe_table(&fixture, 1);
    spoil(&fixture, 2, [3].into_iter());
    wipe_table(&fixture, 2);
    locate(&fixture).expect(2).says("more errors than 1 parity shard can locate").says("nothing was changed");

    // If no table is damaged either, `verify` does not advise `--locate`.
    let fixture = Fixture::new(scheme, 6 * scheme.stripe());
    fixture.change(0, |bytes| {
        bytes[shard::BLOCK + 50] ^= 1;
        shard::seal(bytes);
    });
    fixture.verify().expect(2).says("BLAKE3").says_nothing_of("--locate");
}
