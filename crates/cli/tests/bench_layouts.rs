//! `bench layouts` with small sizes: every row and field is present, results are verified, and a flipped bit is
//! detected.

#[path = "support/support.rs"]
mod support;

use serde_json::Value;
use support::{evariste, not_testing, rows};

const FIELDS: [&str; 16] = [
    "suite",
    "case",
    "path",
    "device",
    "driver",
    "layout",
    "shards",
    "shard_bytes",
    "capacity_bytes",
    "lost",
    "read_bytes",
    "written_bytes",
    "threads",
    "median_s",
    "traffic_gbps",
    "verified",
];
const SMALL: [&str; 7] =
    ["bench", "layouts", "--capacity", "1440KiB", "--layout=raid55:4x4", "--layout=lrc:6,2,2", "--json=-"];

/// The rows on the CPU.
fn on_the_cpu(fault: Option<&'static str>, code: i32) -> Vec<Value> {
    rows(evariste(SMALL.into_iter().chain(["--path=cpu"]).chain(fault)), code, &FIELDS).unwrap()
}

#[test]
fn reads_and_writes_follow_from_the_layout() {
    let rows = on_the_cpu(None, 0);
    let numbers = |row: &Value| {
        let shard = row["shard_bytes"].as_u64().unwrap();
        let shards = |field: &str| row[field].as_u64().unwrap() / shard;
        (row["lost"].as_u64().unwrap(), shards("read_bytes"), shards("written_bytes"), shards("capacity_bytes"))
    };
    let found: Vec<_> =
        rows.iter().map(|row| (row["layout"].as_str().unwrap(), row["case"].as_str().unwrap(), numbers(row))).collect();
    let expected = [
        ("raid55:4x4", "encode", (0, 9, 7, 9)),
        // Three other shards of a row or a column.
        ("raid55:4x4", "degraded read", (1, 3, 1, 9)),
        ("raid55:4x4", "rebuild", (4, 9, 4, 9)),
        ("lrc:6,2,2", "encode", (0, 6, 4, 6)),
        ("lrc:6,2,2", "degraded read", (1, 3, 1, 6)),
    ];
    assert_eq!(found, expected);
    assert!(rows.iter().all(|row| row["capacity_bytes"].as_u64().unwrap() <= 1440 << 10));
}

#[test]
fn a_flipped_bit_is_detected_in_every_row() {
    assert_eq!(on_the_cpu(Some("--inject-fault"), 1).len(), 5);
}

/// Measures the same layouts, then again with a flipped bit. Returns early if no GPU registers memory.
#[test]
fn a_gpu_is_measured_as_well_as_the_cpu() {
    for (fault, code) in [(None, 0), (Some("--inject-fault"), 1)] {
        let ran = evariste(SMALL.into_iter().chain(["--path=registered", "--path=cpu"]).chain(fault));
        if ran.code == 3 && ran.err.contains(" lacks ") {
            not_testing("bench layouts in registered memory", &ran.err);
            return;
        }
        let Some(rows) = rows(ran, code, &FIELDS) else { return };
        let on = |path: &str| rows.iter().filter(|row| row["path"] == path).count();
        assert_eq!((on("registered"), on("cpu"), rows.len()), (5, 5, 10), "{rows:?}");
    }
}

/// As with `bench host`, the path of a GPU is left out if there is none.
#[test]
fn the_cpu_is_always_measured() {
    let ran = evariste(["bench", "layouts", "--capacity", "360KiB", "--layout=raid51:2x3", "--json=-"]);
    let rows = rows(ran, 0, &FIELDS).unwrap();
    assert_eq!(rows.last().unwrap()["path"], "cpu");
}
