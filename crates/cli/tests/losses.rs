//! Any m shards may be lost. With one more lost, the verbs fail and write nothing.

#[path = "support/support.rs"]
mod support;

use support::{Fixture, PLAIN, Scheme, snapshot};

#[test]
fn every_pattern_of_losses() {
    let length = 2 * PLAIN.stripe() - 100;
    let fixture = Fixture::new(PLAIN, length);
    let original = snapshot(&fixture.shards());
    for pattern in 0..1_u32 << PLAIN.total() {
        let lost: Vec<usize> = (0..PLAIN.total()).filter(|index| pattern >> index & 1 == 1).collect();
        let context = format!("{lost:?} lost");
        for &index in &lost {
            fixture.delete(index);
        }
        if lost.len() <= PLAIN.parity {
            fixture.verify().expect(i32::from(!lost.is_empty()));
            fixture.assert_restores(&context);
            fixture.assert_repairs(&original, &context);
            continue;
        }
        if lost.len() < PLAIN.total() {
            let needed = format!("at least {} more of shards", lost.len() - PLAIN.parity);
            fixture.verify().expect(2).says(&needed).says("beyond repair: ");
            fixture.assert_restores_nothing(2, &context).says(&needed);
            fixture.assert_repairs_nothing(2, &context).says(&needed).says("nothing was changed");
        } else {
            fixture.verify().expect(3).says("no shards in");
            fixture.assert_restores_nothing(3, &context);
            fixture.assert_repairs_nothing(3, &context);
        }
        for index in lost {
            std::fs::write(fixture.shard(index), &original[&format!("{index:03}.shard")]).unwrap();
        }
    }
}

/// The same rule holds for an empty file.
#[test]
fn an_empty_file_needs_its_shards_too() {
    let fixture = Fixture::new(PLAIN, 0);
    fixture.delete(0);
    fixture.delete(3);
    fixture.assert_restores("two lost");
    fixture.delete(4);
    fixture.assert_restores_nothing(2, "three lost");
    fixture.assert_repairs_nothing(2, "three lost");
}

#[test]
fn a_code_with_one_parity_shard_survives_one_loss() {
    let scheme = Scheme { code: "raid5", data: 4, parity: 1, unit: 4096 };
    let fixture = Fixture::new(scheme, 40_000);
    fixture.delete(2);
    fixture.assert_restores("one lost");
    fixture.delete(4);
    fixture.verify().expect(2).says("3 of 5 shards are good and 4 are needed: at least 1 more of shards 2, 4");
    fixture.assert_restores_nothing(2, "two lost").says("002.shard: missing");
}
