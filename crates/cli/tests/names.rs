//! A shard is identified by the index in its header, not by the file's name. Copies, shards of other sets and other
//! files are reported, used or left alone.

#[path = "support/support.rs"]
mod support;

use std::fs;

use support::{Fixture, PLAIN, assert_same_bytes, shard, snapshot};

const STRIPES: usize = 4;

fn fixture() -> Fixture {
    Fixture::new(PLAIN, STRIPES * PLAIN.stripe())
}

/// A second set of the same file, in its own directory.
fn other_set(fixture: &Fixture) -> std::path::PathBuf {
    let dir = fixture.path("other");
    fixture.protect_into(&dir);
    dir
}

#[test]
fn renamed_shards_are_used_and_renamed_back() {
    let fixture = fixture();
    let original = snapshot(&fixture.shards());
    fixture.rename("001.shard", "my favourite.shard");
    fixture.rename("004.shard", "backup.bin");
    let notes = ["my favourite.shard holds shard 1; repair renames it 001.shard", "backup.bin holds shard 4"];
    fixture.verify().expect(0).says(notes[0]).says(notes[1]);
    fixture.assert_restores("renamed");
    fixture.assert_repairs(&original, "renamed").says("renamed backup.bin to 004.shard").says("names corrected");
}

#[test]
fn swapped_shards_are_used_and_renamed_back() {
    let fixture = fixture();
    let original = snapshot(&fixture.shards());
    let cycle = |from: [&str; 3]| {
        fixture.rename(from[0], "kept");
        fixture.rename(from[1], from[0]);
        fixture.rename(from[2], from[1]);
        fixture.rename("kept", from[2]);
    };
    cycle(["000.shard", "002.shard", "003.shard"]);
    fixture.verify().expect(0).says("000.shard holds shard 2").says("002.shard holds shard 3");
    fixture.assert_restores("swapped");
    fixture.assert_repairs(&original, "swapped");

    cycle(["000.shard", "001.shard", "004.shard"]);
    fixture.delete(3);
    fixture.flip(4, 5000); // holds shard 0
    fixture.verify().expect(1).says("000.shard: 1 wrong block in stripe 0").says("003.shard: missing");
    fixture.assert_restores("swapped and damaged");
    fixture.repair().expect(0);
    fixture.verify().expect(0);
    for (name, bytes) in &original {
        assert_same_bytes(bytes, &fs::read(fixture.shards().join(name)).unwrap(), name);
    }
}

#[test]
fn a_shard_in_the_place_of_a_lost_one_is_not_overwritten() {
    let fixture = fixture();
    let original = snapshot(&fixture.shards());
    fixture.rename("003.shard", "001.shard"); // shard 1 is gone, and its name is taken
    fixture.verify().expect(1).says("001.shard: missing").says("001.shard holds shard 3");
    fixture.assert_restores("one in the place of another");
    fixture.assert_repairs(&original, "one in the place of another");
}

#[test]
fn a_copy_is_reported_and_left_alone() {
    let fixture = fixture();
    fixture.copy("001.shard", "001 copy.shard");
    let before = snapshot(&fixture.shards());
    fixture.verify().expect(0).says("001 copy.shard is another copy of shard 1");
    fixture.assert_restores("a copy");
    fixture.repair().expect(0).says("nothing to repair");
    assert!(snapshot(&fixture.shards()) == before);
}

#[test]
fn a_copy_is_used_where_the_first_file_is_wrong() {
    let fixture = fixture();
    let original = snapshot(&fixture.shards());
    fixture.copy("001.shard", "001 copy.shard");
    for index in [1, 2, 3] {
        fixture.flip(index, 5000);
    }
    fixture.verify().expect(1).says("001.shard: 1 wrong block in stripe 0");
    fixture.assert_restores("three wrong in a row, a copy of one is right");
    fixture.repair().expect(0);
    fixture.verify().expect(0);
    for (name, bytes) in &original {
        assert_same_bytes(bytes, &fs::read(fixture.shards().join(name)).unwrap(), name);
    }
    assert!(fixture.shards().join("001 copy.shard").exists());
}

#[test]
fn a_good_copy_replaces_a_damaged_shard_with_the_canonical_name() {
    let fixture = fixture();
    let original = snapshot(&fixture.shards());
    fixture.copy("001.shard", "copy.shard");
    fixture.change(1, |bytes| bytes.truncate(6000));
    fixture
        .verify()
        .expect(0)
        .says("copy.shard holds shard 1")
        .says("001.shard is another copy of shard 1, which is not used");
    fixture.assert_repairs(&original, "a truncated shard and its copy");
}

#[test]
fn shards_of_another_set_are_reported_and_not_used() {
    let fixture = fixture();
    let original = snapshot(&fixture.shards());
    let other = other_set(&fixture);
    fs::copy(other.join("003.shard"), fixture.shards().join("x.shard")).unwrap();
    fixture.verify().expect(0).says("x.shard: belongs to another set");
    fs::copy(other.join("003.shard"), fixture.shard(3)).unwrap();
    fs::copy(other.join("000.shard"), fixture.shard(0)).unwrap();
    fixture.verify().expect(1).says("003.shard: missing; the file of that name belongs to another set");
    fixture.assert_restores("two of another set");

    // Shards of another set are moved aside, never overwritten.
    fixture.repair().expect(0).says("moved 000.shard aside to 000.shard.aside");
    fixture.verify().expect(0);
    for (name, bytes) in &original {
        assert_same_bytes(bytes, &fs::read(fixture.shards().join(name)).unwrap(), name);
    }
    for index in [0, 3] {
        let aside = fs::read(fixture.shards().join(format!("00{index}.shard.aside"))).unwrap();
        assert_same_bytes(&fs::read(other.join(format!("00{index}.shard"))).unwrap(), &aside, "moved aside");
    }
}

#[test]
fn the_larger_set_is_used_and_a_tie_is_an_error() {
    let fixture = fixture();
    let other = other_set(&fixture);
    for index in [3, 4] {
        fs::copy(other.join(format!("00{index}.shard")), fixture.shard(index)).unwrap();
    }
    fixture.assert_restores("three against two");
    fixture.delete(2);
    let tie = "2 sets of 2 shards each";
    fixture.verify().expect(3).says(tie);
    fixture.assert_restores_nothing(3, "two against two").says(tie);
    fixture.assert_repairs_nothing(3, "two against two").says(tie);
}

#[test]
fn a_shard_with_a_contradicting_header_is_not_used() {
    let fixture = fixture();
    fixture.change(1, |bytes| {
        bytes[shard::FILE_BYTES] ^= 1;
        shard::seal_header(bytes);
    });
    fixture
        .verify()
        .expect(1)
        .says("001.shard: missing; the file of that name has this set's id but a different header");
    fixture.assert_restores("another length in one header");
}

#[test]
fn a_shard_of_a_later_version_is_reported_and_kept() {
    type Change = fn(&mut [u8]);
    let cases: [(&str, Change); 3] = [
        ("format version 2, this program reads version 1", |bytes| bytes[shard::VERSION] = 2),
        ("unknown layout \"flot\"", |bytes| bytes[shard::LAYOUT + 2] = b'o'),
        ("unknown code \"vandermoose\"", |bytes| bytes[shard::CODE + 8..][..3].copy_from_slice(b"ose")),
    ];
    for (says, change) in cases {
        let fixture = fixture();
        fixture.change(2, |bytes| {
            change(bytes);
            shard::seal_header(bytes);
        });
        let newer = fs::read(fixture.shard(2)).unwrap();
        fixture.verify().expect(1).says(&format!("002.shard: {says}"));
        fixture.assert_restores(says);
        fixture.repair().expect(0).says("moved 002.shard aside");
        fixture.verify().expect(0);
        assert_same_bytes(&newer, &fs::read(fixture.shards().join("002.shard.aside")).unwrap(), says);
    }
}

/// A directory has the name of a shard. A file cannot be renamed over it, and it may hold anything.
#[test]
fn a_directory_in_the_place_of_a_shard_is_moved_aside() {
    let fixture = fixture();
    let original = snapshot(&fixture.shards());
    let in_the_way = |name: &str| {
        let dir = fixture.shards().join(name);
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("letter"), "kept").unwrap();
    };
    fixture.delete(3);
    in_the_way("003.shard");
    fixture.rename("002.shard", "two.shard");
    in_the_way("002.shard");
    fixture.flip(1, 5000);
    fixture
        .verify()
        .expect(1)
        .says("003.shard: missing; its name belongs to something that is not a file")
        .says("two.shard holds shard 2");
    fixture.repair().expect(0).says("moved 002.shard aside to 002.shard.aside").says("moved 003.shard aside");
    fixture.verify().expect(0);
    for (name, bytes) in &original {
        assert_same_bytes(bytes, &fs::read(fixture.shards().join(name)).unwrap(), name);
    }
    for name in ["002.shard.aside", "003.shard.aside"] {
        assert_eq!(fs::read_to_string(fixture.shards().join(name).join("letter")).unwrap(), "kept");
    }
}

#[test]
fn a_set_of_a_later_version_is_not_damaged() {
    let fixture = fixture();
    for index in 0..PLAIN.total() {
        fixture.change(index, |bytes| {
            bytes[shard::VERSION] = 9;
            shard::seal_header(bytes);
        });
    }
    fixture.verify().expect(3).says("format version 9");
    fixture.assert_restores_nothing(3, "version 9");
    fixture.assert_repairs_nothing(3, "version 9");
}

#[test]
fn other_files_are_ignored() {
    let fixture = fixture();
    fs::write(fixture.shards().join("notes.txt"), "where the disks are").unwrap();
    fs::write(fixture.shards().join("empty"), "").unwrap();
    fs::create_dir(fixture.shards().join("009.shard")).unwrap();
    fixture.verify().expect(0).says_nothing_of("note:");
    fs::write(fixture.shards().join("poem.shard"), "shard, noun: a piece of broken glass").unwrap();
    fixture.verify().expect(0).says("note: poem.shard: not a shard");
    fixture.assert_restores("among other files");
    fixture.repair().expect(0).says("nothing to repair");
}
