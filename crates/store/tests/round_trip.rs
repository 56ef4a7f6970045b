//! Protect, verify, repair and restore give the file and the shards back.

#[path = "support/fixture.rs"]
mod fixture;

use std::fs;

use evariste_store::{BATCH_BYTES, Damage, Note, Reason, Verdict, shard_name};
use fixture::Fixture;

/// Loses these shards, and checks verify, restore and repair.
fn lose_and_repair(fixture: &Fixture, lost: &[usize]) {
    let before = fixture.snapshot();
    lost.iter().for_each(|&index| fixture.lose(index));
    let damaged = fixture.snapshot();
    let set = fixture.open();
    assert_eq!(set.lost(), lost);
    let health = set.verify(&fixture.backend, &()).unwrap();
    assert!(matches!(health.verdict, Verdict::Repairable), "{health:?}");
    assert!(health.damaged.keys().eq(lost));
    assert!(fixture.snapshot() == damaged, "verify changed a file");

    fixture.assert_restores(true);
    fs::remove_file(fixture.restored()).unwrap();
    assert!(fixture.snapshot() == damaged, "restore changed the set");

    let repaired = fixture.repair().unwrap();
    assert_eq!(repaired.rewritten, lost);
    assert_eq!(repaired.renamed, []);
    assert!(fixture.snapshot() == before, "the shards are not what they were");
    fixture.assert_whole();
    fixture.assert_restores(false);
    fs::remove_file(fixture.restored()).unwrap();
}

#[test]
fn files_of_any_length_come_back() {
    let stripe = 3 * 4096;
    for file_bytes in [0, 1, 4095, 4096, 4097, stripe - 1, stripe, stripe + 1, 7 * stripe + 123] {
        let fixture = Fixture::new("rs:3+2", 4096, file_bytes);
        fixture.assert_whole();
        for lost in [[0, 1], [1, 4], [3, 4]] {
            lose_and_repair(&fixture, &lost);
        }
    }
}

#[test]
fn layouts_come_back() {
    for (layout, lost) in [
        ("raid5:4", vec![1]),
        ("raid6:6", vec![0, 5]),
        ("cauchy:5+3", vec![2, 3, 4]),
        ("mirror:2x3", vec![1]),
        ("raid55:3x3", vec![0, 1, 2]),
        ("lrc:4,2,2", vec![0, 2]),
    ] {
        lose_and_repair(&Fixture::new(layout, 8192, 200_000), &lost);
    }
}

#[test]
fn a_file_of_several_batches_comes_back() {
    let file_bytes = usize::try_from(BATCH_BYTES).unwrap() * 3;
    lose_and_repair(&Fixture::new("rs:4+2", 64 << 10, file_bytes), &[1, 5]);
}

#[test]
fn a_set_without_damage_needs_no_repair() {
    let fixture = Fixture::small();
    let before = fixture.snapshot();
    let repaired = fixture.repair().unwrap();
    assert!(repaired.rewritten.is_empty() && repaired.renamed.is_empty());
    assert!(fixture.snapshot() == before);
}

#[test]
fn wrong_bytes_are_found_and_repaired() {
    let fixture = Fixture::small();
    let before = fixture.snapshot();
    fixture.damage(1, 4096 + 2 * 4096 + 17);
    let health = fixture.open().verify(&fixture.backend, &()).unwrap();
    let [Damage::WrongBlocks { blocks: 1, stripes, .. }] = &health.damaged[&1][..] else { panic!("{health:?}") };
    assert!(stripes.runs().eq([2..=2]));
    fixture.assert_restores(true);
    fs::remove_file(fixture.restored()).unwrap();
    assert_eq!(fixture.repair().unwrap().rewritten, [1]);
    assert!(fixture.snapshot() == before);
}

#[test]
fn a_misnamed_shard_and_another_file_under_its_name_change_places() {
    let fixture = Fixture::small();
    let before = fixture.snapshot();
    fs::rename(fixture.shard(2), fixture.shards().join("mine.shard")).unwrap();
    fs::create_dir(fixture.shard(2)).unwrap();
    let health = fixture.open().verify(&fixture.backend, &()).unwrap();
    assert!(matches!(health.verdict, Verdict::Whole), "{health:?}");
    assert!(matches!(&health.notes[..], [Note::Misnamed { shard: 2, .. }]), "{health:?}");

    let repaired = fixture.repair().unwrap();
    let renamed: Vec<_> =
        repaired.renamed.iter().map(|renaming| (renaming.from.to_str().unwrap(), renaming.is_aside)).collect();
    assert_eq!(renamed, [("002.shard", true), ("mine.shard", false)]);
    let aside = fixture.shards().join("002.shard.aside");
    fs::remove_dir(aside).unwrap();
    assert!(fixture.snapshot() == before);
}

#[test]
fn more_losses_than_parity_are_beyond_repair() {
    let fixture = Fixture::small();
    [0, 1, 2].into_iter().for_each(|index| fixture.lose(index));
    let before = fixture.snapshot();
    let health = fixture.open().verify(&fixture.backend, &()).unwrap();
    let Verdict::BeyondRepair(reasons) = &health.verdict else { panic!("{health:?}") };
    let [Reason::Shards(shortage)] = &reasons[..] else { panic!("{reasons:?}") };
    assert_eq!((&shortage.lost[..], shortage.good(), shortage.at_least()), (&[0, 1, 2][..], 2, 1));
    let restored = fixture.open().restore(fixture.restored(), &fixture.backend, &());
    for error in [fixture.repair().map(drop), restored.map(drop)].map(Result::unwrap_err) {
        let evariste_store::Error::BeyondRepair(beyond) = &error else { panic!("{error}") };
        assert!(beyond.lost.iter().map(|(index, _)| *index).eq([0, 1, 2]));
    }
    assert!(fixture.snapshot() == before);
}

#[test]
fn shards_are_named_by_their_index() {
    let fixture = Fixture::small();
    let mut names: Vec<_> = fs::read_dir(fixture.shards())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, [0, 1, 2, 3, 4].map(shard_name));
}
