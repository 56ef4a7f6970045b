//! `bench cpu` and `bench latency` with small sizes: every row and field is present, results are verified, and a
//! flipped bit is detected.

#[path = "support/support.rs"]
mod support;

use evariste::cpu::Kernel;
use serde_json::Value;
use support::{evariste, not_testing, rows};

const CPU_FIELDS: [&str; 18] = [
    "suite",
    "case",
    "path",
    "kernel",
    "device",
    "driver",
    "code",
    "k",
    "m",
    "shard_bytes",
    "stripes",
    "threads",
    "median_s",
    "traffic_gbps",
    "data_gbps",
    "ceiling_gbps",
    "share",
    "verified",
];
const LATENCY_FIELDS: [&str; 18] = [
    "suite",
    "case",
    "path",
    "memory",
    "device",
    "driver",
    "code",
    "k",
    "m",
    "shard_bytes",
    "threads",
    "calls",
    "p50_s",
    "p99_s",
    "p999_s",
    "max_s",
    "data_gbps",
    "verified",
];
const CPU: [&str; 8] = ["bench", "cpu", "--shape", "4+2", "--unit", "8KiB", "--shard", "16KiB"];
const CASES: [&str; 4] = ["encode", "reconstruct", "check", "patterns"];

fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field].as_str().unwrap()
}

#[test]
fn every_kernel_is_measured_in_every_case_on_each_number_of_threads() {
    let cases = CASES.iter().flat_map(|case| ["--case", case]);
    let arguments: Vec<&str> = CPU.into_iter().chain(cases).chain(["--threads=1", "--threads=3", "--json=-"]).collect();
    let kernels: Vec<&str> = Kernel::available().map(Kernel::name).collect();
    for (fault, code) in [(None, 0), (Some("--inject-fault"), 1)] {
        let rows = rows(evariste(arguments.iter().copied().chain(fault)), code, &CPU_FIELDS).unwrap();
        let found = rows.iter().map(|row| (row["threads"].as_u64().unwrap(), text(row, "case"), text(row, "kernel")));
        let of_case = |threads, case| kernels.iter().map(move |&kernel| (threads, case, kernel));
        let expected =
            [1, 3].into_iter().flat_map(|threads| CASES.into_iter().flat_map(move |case| of_case(threads, case)));
        assert!(found.eq(expected), "{rows:?}");
        for row in &rows {
            assert_eq!((text(row, "suite"), text(row, "path")), ("cpu", "cpu"));
            let float = |field: &str| row[field].as_f64().unwrap();
            assert!((float("share") - float("traffic_gbps") / float("ceiling_gbps")).abs() < 1e-9 * float("share"));
        }
    }
}

#[test]
fn a_kernel_and_a_size_can_be_chosen_and_an_absent_kernel_is_refused() {
    let arguments = ["bench", "cpu", "--kernel", "portable", "--threads", "2", "--case", "encode", "--json=-"];
    let rows = rows(evariste(arguments.into_iter().chain(["--shard", "4KiB"])), 0, &CPU_FIELDS).unwrap();
    let shapes: Vec<_> = rows.iter().map(|row| (row["k"].as_u64().unwrap(), row["m"].as_u64().unwrap())).collect();
    assert_eq!(shapes, [(10, 4), (8, 2), (20, 4)]);
    assert!(rows.iter().all(|row| text(row, "kernel") == "portable" && row["shard_bytes"] == 4096));
    for absent in Kernel::ALL.into_iter().filter(|&kernel| !Kernel::available().any(|available| available == kernel)) {
        evariste(["bench", "cpu", "--kernel", absent.name()]).expect(3).says(&format!("there is no {absent} kernel"));
    }
}

/// Measures the latency of these paths, then again with a flipped bit. Returns early if there is no GPU.
fn latency_is_measured(paths: &[&str]) {
    let chosen: Vec<&str> = paths.iter().flat_map(|path| ["--path", path]).collect();
    let sizes = ["--shape", "4+2", "--shard", "4KiB", "--shard", "64KiB", "--calls", "50", "--json=-"];
    for (fault, code) in [(None, 0), (Some("--inject-fault"), 1)] {
        let arguments = ["bench", "latency"].into_iter().chain(sizes).chain(chosen.iter().copied()).chain(fault);
        let ran = evariste(arguments);
        if ran.code == 3 && ran.err.contains(" lacks ") {
            not_testing(format_args!("bench latency on {paths:?}"), &ran.err);
            return;
        }
        let Some(rows) = rows(ran, code, &LATENCY_FIELDS) else { return };
        let found = rows.iter().map(|row| (text(row, "path"), row["shard_bytes"].as_u64().unwrap()));
        assert!(found.eq(paths.iter().flat_map(|path| [(*path, 4096), (*path, 65536)])), "{rows:?}");
        for row in &rows {
            let seconds = ["p50_s", "p99_s", "p999_s", "max_s"].map(|field| row[field].as_f64().unwrap());
            assert!(seconds.is_sorted() && seconds[2] == seconds[3], "{row:?}");
            assert!((1..=50).contains(&row["calls"].as_u64().unwrap()), "{row:?}");
        }
    }
}

#[test]
fn latency_is_measured_without_a_gpu() {
    latency_is_measured(&["cpu", "auto", "auto-slices"]);
}

#[test]
fn latency_of_a_gpu_is_measured_on_each_path() {
    latency_is_measured(&["slices"]);
    latency_is_measured(&["registered"]);
}
