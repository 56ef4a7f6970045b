//! `bench correct` on small shards: every damage is made right on every path, and every row is wrong once a bit is flipped.

#[path = "support/support.rs"]
mod support;

use support::{evariste, rows};

const FIELDS: [&str; 16] = [
    "suite",
    "case",
    "path",
    "calls",
    "device",
    "driver",
    "code",
    "k",
    "m",
    "shard_bytes",
    "threads",
    "median_s",
    "data_gbps",
    "check_s",
    "share",
    "verified",
];

#[test]
fn every_damage_is_made_right_on_each_path() {
    let arguments = ["bench", "correct", "--shape", "4+4", "--shard", "8KiB", "--json=-"];
    for (fault, code) in [(None, 0), (Some("--inject-fault"), 1)] {
        let Some(rows) = rows(evariste(arguments.into_iter().chain(fault)), code, &FIELDS) else { return };
        let found = rows.iter().map(|row| ["path", "case", "calls"].map(|field| row[field].as_str().unwrap()));
        let resident = ["clean", "block", "shard", "2 shards"].map(|case| ["resident", case, "correct"]);
        let calls = ["clean", "block", "shard"]
            .into_iter()
            .flat_map(|case| ["correct", "separate"].map(|calls| ["registered", case, calls]));
        assert!(found.eq(resident.into_iter().chain(calls)), "{rows:?}");
        for row in &rows {
            let float = |field: &str| row[field].as_f64().unwrap();
            assert!((float("share") - float("check_s") / float("median_s")).abs() < 1e-9 * float("share"));
        }
    }
}

#[test]
fn one_parity_shard_locates_nothing() {
    if !evariste::Gpu::adapters().is_empty() {
        let ran = evariste(["bench", "correct", "--shape", "4+1", "--shard", "4KiB"]);
        ran.expect(64).says("one parity shard locates nothing");
    }
}
