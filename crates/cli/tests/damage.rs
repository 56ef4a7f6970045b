//! Damage is found at every place, is reported by its kind, and never reaches the output.

#[path = "support/support.rs"]
mod support;

use support::{Fixture, PLAIN, Scheme, shard, snapshot};

const STRIPES: usize = 6;

fn fixture() -> Fixture {
    Fixture::new(PLAIN, STRIPES * PLAIN.stripe())
}

/// Offset of a byte in the payload of a shard.
fn payload(stripe: usize, byte: usize) -> usize {
    shard::BLOCK + stripe * PLAIN.unit + byte
}

/// Offset of a byte in the table.
fn table(byte: usize) -> usize {
    payload(STRIPES, byte)
}

#[test]
fn a_flipped_bit_anywhere_is_found_and_repaired() {
    let fixture = fixture();
    let original = snapshot(&fixture.shards());
    let headers = [
        0, 7, 8, 12, 16, 20, 24, 28, 32, 40, 47, 48, 79, 80, 95, 96, 127, 128, 191, 192, 223, 224, 3000, 4063, 4064,
        4095,
    ];
    let payloads = [payload(0, 0), payload(0, 4095), payload(1, 0), payload(5, 4095)];
    let tables = [table(0), table(4 * STRIPES - 1)];
    for index in [0, 2, 3, 4] {
        for (kind, offsets) in [
            ("header damaged", &headers[2..]),
            ("not a shard", &headers[..2]),
            ("1 wrong block in stripe", &payloads[..]),
            ("checksum table damaged", &tables[..]),
        ] {
            for &offset in offsets {
                let context = format!("shard {index}, offset {offset}");
                fixture.flip(index, offset);
                let ran = fixture.verify().expect(1);
                assert!(ran.out.contains(&format!("00{index}.shard: {kind}")), "{context}: {}", ran.out);
                fixture.assert_restores(&context);
                fixture.assert_repairs(&original, &context);
            }
        }
    }
}

#[test]
fn wrong_blocks_are_counted_and_their_stripes_named() {
    let fixture = fixture();
    for stripe in [0, 2, 3, 4] {
        fixture.flip(1, payload(stripe, 100));
    }
    fixture.flip(3, payload(5, 0));
    let ran = fixture.verify().expect(1);
    assert!(ran.out.contains("001.shard: 4 wrong blocks in stripes 0, 2-4\n"), "{}", ran.out);
    assert!(ran.out.contains("003.shard: 1 wrong block in stripe 5\n"), "{}", ran.out);
    assert_eq!(ran.last_line(), "repairable: 2 of 5 damaged, shards 1, 3");
}

/// A wrong block is lost in its own stripe, and other stripes are not affected.
#[test]
fn every_shard_may_have_a_wrong_block() {
    let fixture = fixture();
    let original = snapshot(&fixture.shards());
    for index in 0..PLAIN.total() {
        fixture.flip(index, payload(index, 9));
        fixture.flip((index + 1) % PLAIN.total(), payload(index, 9));
    }
    fixture.verify().expect(1).says("repairable: 5 of 5");
    fixture.assert_restores("two wrong blocks in every stripe");
    fixture.assert_repairs(&original, "two wrong blocks in every stripe");
}

/// Blocks at different places of a unit do not affect each other either.
#[test]
fn rows_of_a_unit_are_rebuilt_separately() {
    let scheme = Scheme { unit: 4 * 4096, ..PLAIN };
    let fixture = Fixture::new(scheme, scheme.stripe());
    let original = snapshot(&fixture.shards());
    for index in 0..4 {
        fixture.flip(index, shard::BLOCK + index * 4096);
    }
    fixture.verify().expect(1);
    fixture.assert_restores("four shards wrong at different places of one stripe");
    fixture.assert_repairs(&original, "four shards wrong at different places of one stripe");
}

#[test]
fn one_wrong_block_too_many_is_beyond_repair() {
    let fixture = fixture();
    for index in [0, 1, 4] {
        fixture.flip(index, payload(3, 77));
    }
    let needed = "stripe 3: 2 of 5 blocks in a row are good and 3 are needed: at least 1 more of shards 0, 1, 4";
    let ran = fixture.verify().expect(2).says(needed);
    assert!(ran.last_line().starts_with("beyond repair: "), "{}", ran.out);
    fixture.assert_restores_nothing(2, "three wrong blocks in a row").says(needed);
    fixture.assert_repairs_nothing(2, "three wrong blocks in a row").says(needed).says("nothing was changed");
}

#[test]
fn a_lost_shard_and_wrong_blocks_add_up() {
    let fixture = fixture();
    let original = snapshot(&fixture.shards());
    fixture.delete(2);
    fixture.flip(0, payload(1, 5));
    fixture.flip(4, payload(4, 5));
    fixture.verify().expect(1).says("repairable: 3 of 5 damaged, shards 0, 2, 4");
    fixture.assert_restores("one lost, one wrong");
    fixture.flip(1, payload(1, 6));
    fixture.assert_restores_nothing(2, "one lost, two wrong in a row");
    fixture.assert_repairs_nothing(2, "one lost, two wrong in a row");
    fixture.flip(1, payload(1, 6));
    fixture.assert_repairs(&original, "one lost, one wrong");
}

#[test]
fn a_damaged_header_or_table_loses_the_whole_shard() {
    let fixture = fixture();
    fixture.flip(0, 100);
    fixture.flip(1, table(3));
    fixture.verify().expect(1).says("000.shard: header damaged").says("001.shard: checksum table damaged");
    fixture.assert_restores("a header and a table");
    fixture.flip(2, table(0));
    fixture.verify().expect(2);
    fixture.assert_restores_nothing(2, "a header and two tables");
    fixture.assert_repairs_nothing(2, "a header and two tables");
}

#[test]
fn a_shard_of_another_length_is_reported() {
    let fixture = fixture();
    let original = snapshot(&fixture.shards());
    let whole = original["001.shard"].len();
    for length in [0, 7, 8, 100, 4095, 4096, payload(2, 5), table(0), whole - 1] {
        fixture.change(1, |bytes| bytes.truncate(length));
        let expected = match length {
            0..8 => "001.shard: not a shard".to_owned(),
            8..4096 => format!("001.shard: truncated: {length} of 4096 bytes"),
            _ => format!("001.shard: truncated: {length} of {whole} bytes"),
        };
        fixture.verify().expect(1).says(&expected);
        let context = format!("truncated to {length}");
        fixture.assert_restores(&context);
        fixture.assert_repairs(&original, &context);
    }
    fixture.change(1, |bytes| bytes.extend([0; 3]));
    fixture.verify().expect(1).says(&format!("001.shard: 3 bytes too long: {} instead of {whole}", whole + 3));
    fixture.delete(0);
    fixture.delete(4);
    fixture.assert_restores("a shard that is too long is good all the same");
    fixture.assert_repairs(&original, "too long");
}

/// Parity with correct checksums and wrong bytes: only the code can detect it.
#[test]
fn parity_that_disagrees_is_found_and_computed_again() {
    let fixture = fixture();
    let original = snapshot(&fixture.shards());
    fixture.change(4, |bytes| {
        bytes[payload(2, 50)] ^= 1;
        shard::seal(bytes);
    });
    fixture.verify().expect(1).says("004.shard: passes its checksums and disagrees with the data in stripe 2\n");
    fixture.assert_restores("wrong parity");
    fixture.assert_repairs(&original, "wrong parity");
}

/// Parity is computed again in rows where it disagrees. In other rows it is still used, even if it is the last source.
#[test]
fn parity_that_disagrees_in_one_stripe_is_used_in_another() {
    let fixture = fixture();
    let original = snapshot(&fixture.shards());
    fixture.delete(0);
    fixture.flip(1, payload(1, 5));
    fixture.change(4, |bytes| {
        bytes[payload(2, 50)] ^= 1;
        shard::seal(bytes);
    });
    fixture.verify().expect(1).says("repairable: 3 of 5 damaged, shards 0, 1, 4");
    fixture.assert_restores("one lost, one wrong, one that disagrees");
    fixture.assert_repairs(&original, "one lost, one wrong, one that disagrees");
}

/// Data with correct checksums and wrong bytes: only the file's hash can detect it, and then nothing is written.
#[test]
fn data_that_passes_every_checksum_is_still_hashed() {
    let fixture = fixture();
    fixture.change(0, |bytes| {
        bytes[payload(2, 50)] ^= 1;
        shard::seal(bytes);
    });
    fixture.verify().expect(2).says("BLAKE3");
    fixture.assert_restores_nothing(2, "wrong data").says("BLAKE3");
    fixture.assert_repairs_nothing(2, "wrong data").says("BLAKE3");
}

/// Every header is damaged.
#[test]
fn a_set_without_headers_is_beyond_repair() {
    let fixture = fixture();
    for index in 0..PLAIN.total() {
        fixture.flip(index, 100);
    }
    fixture.verify().expect(2).says("no shard in").says("002.shard: header damaged");
    fixture.assert_restores_nothing(2, "no header");
    fixture.assert_repairs_nothing(2, "no header");
}
