//! `bench fusion` on small sizes: every row is there with every field, right, and wrong once a bit is flipped.

#[path = "support/support.rs"]
mod support;

use serde_json::Value;
use support::program::evariste;
use support::rows;

const FIELDS: [&str; 16] = [
    "suite",
    "case",
    "path",
    "way",
    "kernel",
    "device",
    "driver",
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
        let float = |at: usize, field: &str| set[at][field].as_f64().unwrap();
        for at in 0..3 {
            let against = float(0, "median_s") / float(at, "median_s");
            assert!((float(at, "against_plain") - against).abs() < 1e-9 * against);
            assert!(
                (float(at, "data_gbps") - 4.0 * 20016.0 / float(at, "median_s") / 1e9).abs()
                    < 1e-9 * float(at, "data_gbps")
            );
            let crossings = if at == 2 { 2 } else { 1 };
            assert_eq!(set[at]["crossed_bytes"].as_u64(), Some(crossings * 6 * 20016));
        }
    }
}

#[test]
fn a_flipped_bit_is_a_wrong_row() {
    let ran = evariste(SMALL.into_iter().chain(["--inject-fault"]));
    let Some(rows) = rows(ran, 1, &FIELDS) else { return };
    assert!(rows.iter().all(|row| row["verified"] == Value::Bool(false)));
}
