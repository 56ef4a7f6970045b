//! `bench fusion` with small sizes: every row and field is present, results are verified, and a flipped bit is
//! detected.

#[path = "support/support.rs"]
mod support;

use serde_json::Value;
use support::program::evariste;
use support::rows;

const FIELDS: [&str; 18] = [
    "suite",
    "case",
    "path",
    "way",
    "kernel",
    "device",
    "driver",
    "threads",
    "code",
    "k",
    "m",
    "shard_bytes",
    "stripes",
    "median_s",
    "crossed_bytes",
    "data_gbps",
    "against_plain",
    "verified",
];
const WAYS: [&str; 3] = ["plain", "one call", "separate calls"];
/// The last block of a shard is incomplete.
const SHARD_BYTES: u64 = 20016;
const SMALL: [&str; 7] = ["bench", "fusion", "--shape", "4+4", "--shard", "20016", "--json=-"];

/// For each set of rows, in order: its path, its case, and the bytes that crossed in each way.
fn expected() -> Vec<(&'static str, &'static str, Vec<u64>)> {
    const ALL: u64 = 8 * SHARD_BYTES;
    const BLOCK: u64 = 4096;
    let rows = [ALL, ALL, 2 * ALL];
    // In device memory a correction reads inconsistent columns again, and writes wrong bytes.
    let resident = |wrong: u64, bytes| vec![ALL, ALL + 8 * bytes + wrong * bytes];
    let (repair, units) = (5 * SHARD_BYTES, 8 * 4 * BLOCK);
    vec![
        ("resident", "encode+crc32c", rows.to_vec()),
        ("registered", "encode+crc32c", rows.to_vec()),
        ("registered", "rebuild+crc32c", rows.to_vec()),
        ("resident", "correct clean", resident(0, 0)),
        ("resident", "correct block", resident(1, BLOCK)),
        ("resident", "correct shard", resident(1, SHARD_BYTES)),
        ("resident", "correct 2 shards", resident(2, SHARD_BYTES)),
        ("registered", "correct clean", vec![ALL, ALL, ALL]),
        ("registered", "correct block", vec![ALL, ALL + BLOCK, 2 * ALL + repair]),
        ("registered", "correct shard", vec![ALL, ALL + SHARD_BYTES, 2 * ALL + repair]),
        ("registered", "rebuild patterns", vec![units, units, units]),
    ]
}

#[test]
fn each_way_is_measured_in_each_section() {
    let Some(rows) = rows(evariste(SMALL), 0, &FIELDS) else { return };
    assert_eq!([0, 1, 2].map(|at| rows[at]["kernel"].as_str().unwrap()), ["compiled", "fused", "compiled, crc"]);
    let mut left = &rows[..];
    for (path, case, crossed) in expected() {
        let set;
        (set, left) = left.split_at(crossed.len());
        let float = |row: &Value, field: &str| row[field].as_f64().unwrap();
        // A stripe has 4 KiB of each shard, and four stripes fit into a shard.
        let (shard_bytes, stripes) = if case == "rebuild patterns" { (4 * 4096, 4) } else { (SHARD_BYTES, 1) };
        for ((row, way), crossed) in set.iter().zip(WAYS).zip(crossed) {
            assert_eq!(["path", "case", "way"].map(|field| row[field].as_str().unwrap()), [path, case, way]);
            let numbers = ["crossed_bytes", "shard_bytes", "stripes"].map(|field| row[field].as_u64().unwrap());
            assert_eq!(numbers, [crossed, shard_bytes, stripes], "{path} {case} {way}");
            let seconds = float(row, "median_s");
            let against = float(&set[0], "median_s") / seconds;
            let data_gbps = (4 * shard_bytes) as f64 / seconds / 1e9;
            assert!((float(row, "against_plain") - against).abs() < 1e-9 * against);
            assert!((float(row, "data_gbps") - data_gbps).abs() < 1e-9 * data_gbps);
        }
    }
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_flipped_bit_is_a_wrong_row() {
    let ran = evariste(SMALL.into_iter().chain(["--inject-fault"]));
    let Some(rows) = rows(ran, 1, &FIELDS) else { return };
    assert!(rows.iter().all(|row| row["verified"] == Value::Bool(false)));
}

#[test]
fn a_chosen_section_is_the_only_one() {
    let ran = evariste(SMALL.into_iter().chain(["--section", "registered-patterns"]));
    let Some(rows) = rows(ran, 0, &FIELDS) else { return };
    assert!(rows.len() == 3 && rows.iter().all(|row| row["case"] == "rebuild patterns"), "{rows:?}");
}

#[test]
fn one_parity_shard_locates_nothing() {
    let shape = ["bench", "fusion", "--shape", "4+1", "--shard", "4KiB"];
    evariste(shape).expect(64).says("one parity shard cannot locate an error");
    let ran = evariste(shape.into_iter().chain(["--json=-", "--section", "registered-rebuild-checksums"]));
    rows(ran, 0, &FIELDS);
}
