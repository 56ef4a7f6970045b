//! Tests of the tests: a comparison that cannot fail proves nothing.

#[path = "support/support.rs"]
mod support;

use std::fs;
use std::panic::catch_unwind;

use support::{Fixture, PLAIN, assert_same_bytes, evariste, paint, shard, snapshot};

#[test]
#[should_panic(expected = "a bit: byte 77 is 0x5d, expected 0x4d")]
fn a_flipped_bit_is_detected() {
    let bytes = paint(100);
    let mut flipped = bytes.clone();
    flipped[77] ^= 0x10;
    assert_same_bytes(&bytes, &bytes, "nothing");
    assert_same_bytes(&bytes, &flipped, "a bit");
}

#[test]
#[should_panic(expected = "an end: length")]
fn a_missing_end_is_detected() {
    assert_same_bytes(&paint(100), &paint(99), "an end");
}

#[test]
fn snapshots_differ_by_a_bit_by_a_name_and_by_a_file() {
    let fixture = Fixture::new(PLAIN, 5000);
    let before = snapshot(&fixture.shards());
    assert!(snapshot(&fixture.shards()) == before);
    fixture.flip(1, 5000);
    assert!(snapshot(&fixture.shards()) != before);
    fixture.flip(1, 5000);
    assert!(snapshot(&fixture.shards()) == before);
    fixture.copy("001.shard", ".hidden");
    assert!(snapshot(&fixture.shards()) != before);
}

/// Each assertion of the fixture fails on a wrong outcome.
#[test]
fn the_fixture_detects_wrong_outcomes() {
    let mut fixture = Fixture::new(PLAIN, 5000);
    let original = snapshot(&fixture.shards());
    fixture.assert_restores("whole");
    fixture.bytes[4999] ^= 1;
    assert!(catch_unwind(|| fixture.assert_restores("another file")).is_err());
    let fixture = Fixture::new(PLAIN, 5000);
    assert!(catch_unwind(|| fixture.assert_restores_nothing(0, "it restores something")).is_err());
    fixture.delete(0);
    assert!(catch_unwind(|| fixture.assert_repairs_nothing(0, "it repairs something")).is_err());
    assert!(catch_unwind(|| fixture.assert_repairs(&original, "another set's shards")).is_err());
}

#[test]
fn a_wrong_exit_code_or_text_is_detected() {
    let ran = || evariste(["--version"]);
    ran().expect(0).says("evariste ").says_nothing_of("shard");
    assert!(catch_unwind(|| ran().expect(1)).is_err());
    assert!(catch_unwind(|| ran().says("shard")).is_err());
    assert!(catch_unwind(|| ran().says_nothing_of("evariste")).is_err());
}

/// The command's shards agree with `support/shard.rs`, which implements the description of the format again.
#[test]
fn sealing_an_undamaged_shard_changes_nothing() {
    for file_bytes in [0, 1, 50_000] {
        let fixture = Fixture::new(PLAIN, file_bytes);
        let written = fs::read(fixture.shard(3)).unwrap();
        let mut sealed = written.clone();
        shard::seal(&mut sealed);
        assert_same_bytes(&written, &sealed, "sealed");
        if file_bytes > 0 {
            sealed[5000] ^= 1;
            shard::seal(&mut sealed);
            assert_ne!(written[shard::TABLE_HASH..], sealed[shard::TABLE_HASH..]);
        }
    }
}
