//! `bench fusion` on small sizes: every row is there with every field, right, and wrong once a bit is flipped.

#[path = "support/support.rs"]
mod support;

use serde_json::Value;
use support::program::evariste;
use support::rows;

const FIELDS: [&str; 17] = [
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
    "median_s",
    "crossed_bytes",
    "data_gbps",
    "against_plain",
    "verified",
];
/// The last block of a shard is not whole.
const SMALL: [&str; 7] = ["bench", "fusion", "--shape", "4+2", "--shard", "20016", "--json=-"];

#[test]
fn each_way_is_measured_in_each_place() {
    let Some(rows) = rows(evariste(SMALL), 0, &FIELDS) else { return };
    let names: Vec<_> =
        rows.iter().map(|row| format!("{} {}", row["path"].as_str().unwrap(), row["way"].as_str().unwrap())).collect();
    let ways = ["plain", "one call", "separate calls"];
    let expected: Vec<_> =
        ["resident", "registered"].iter().flat_map(|path| ways.map(|way| format!("{path} {way}"))).collect();
    assert_eq!(names, expected);
    assert_eq!([0, 1, 2].map(|at| rows[at]["kernel"].as_str().unwrap()), ["compiled", "fused", "compiled, crc"]);
    for set in rows.chunks(3) {
        let float = |row: &Value, field: &str| row[field].as_f64().unwrap();
        for (row, crossings) in set.iter().zip([1, 1, 2]) {
            let seconds = float(row, "median_s");
            let (against, data_gbps) = (float(&set[0], "median_s") / seconds, 4.0 * 20016.0 / seconds / 1e9);
            assert!((float(row, "against_plain") - against).abs() < 1e-9 * against);
            assert!((float(row, "data_gbps") - data_gbps).abs() < 1e-9 * data_gbps);
            assert_eq!(row["crossed_bytes"].as_u64(), Some(crossings * 6 * 20016));
        }
    }
}

#[test]
fn a_flipped_bit_is_a_wrong_row() {
    let ran = evariste(SMALL.into_iter().chain(["--inject-fault"]));
    let Some(rows) = rows(ran, 1, &FIELDS) else { return };
    assert!(rows.iter().all(|row| row["verified"] == Value::Bool(false)));
}
