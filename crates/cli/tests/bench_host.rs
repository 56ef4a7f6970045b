//! `bench host` and `bench files` with small sizes: every row and field is present, results are verified, and a flipped
//! bit is detected. `bench calibrate` stores what it prints.

#[path = "support/support.rs"]
mod support;

use serde_json::Value;
use support::program::{command, evariste, run};
use support::{not_testing, rows};

const HOST_FIELDS: [&str; 23] = [
    "suite",
    "case",
    "path",
    "memory",
    "in_place",
    "device",
    "driver",
    "code",
    "k",
    "m",
    "shard_bytes",
    "stripes",
    "batches",
    "sets",
    "threads",
    "median_s",
    "traffic_gbps",
    "data_gbps",
    "to_device_gbps",
    "from_device_gbps",
    "both_gbps",
    "share",
    "verified",
];
const FILES_FIELDS: [&str; 20] = [
    "suite",
    "case",
    "path",
    "dir",
    "device",
    "code",
    "k",
    "m",
    "file_bytes",
    "unit_bytes",
    "threads",
    "rounds",
    "median_s",
    "data_gbps",
    "copier",
    "copy_gbps",
    "share",
    "limit",
    "stages_gbps",
    "verified",
];

const CASES: [&str; 8] = ["--case", "encode", "--case", "reconstruct", "--case", "check", "--case", "patterns"];
/// Three batches of two stripes; `--memory` makes four sets of them.
const HOST: [&str; 13] = [
    "bench",
    "host",
    "--shape",
    "4+2",
    "--shard",
    "16KiB",
    "--unit",
    "8KiB",
    "--batches",
    "3",
    "--memory",
    "1MiB",
    "--json=-",
];

/// Measures every case on these paths, then again with a flipped bit. Returns early if no GPU has them.
fn host_is_measured(paths: &[&str], is_right: impl Fn(&Value) -> bool) {
    let chosen: Vec<&str> = paths.iter().flat_map(|path| ["--path", path]).collect();
    for (fault, code) in [(None, 0), (Some("--inject-fault"), 1)] {
        let ran = evariste(HOST.into_iter().chain(CASES).chain(chosen.iter().copied()).chain(fault));
        if ran.code == 3 && ran.err.contains(" lacks ") {
            not_testing(format_args!("bench host on {paths:?}"), &ran.err);
            return;
        }
        let Some(rows) = rows(ran, code, &HOST_FIELDS) else { return };
        let found = rows.iter().map(|row| (row["path"].as_str().unwrap(), row["case"].as_str().unwrap()));
        let cases = ["encode", "reconstruct", "check", "patterns"];
        let expected = paths.iter().flat_map(|path| cases.map(|case| (*path, case)));
        assert!(found.eq(expected), "{rows:?}");
        for row in &rows {
            let float = |field: &str| row[field].as_f64().unwrap();
            assert!(is_right(row), "{row:?}");
            assert_eq!([&row["stripes"], &row["batches"], &row["sets"]].map(Value::as_u64), [2, 3, 4].map(Some));
            let data_gbps = 3.0 * 4.0 * 16384.0 / float("median_s") / 1e9;
            assert!((float("data_gbps") - data_gbps).abs() < 1e-9 * data_gbps);
            let copies = ["to_device_gbps", "from_device_gbps", "both_gbps", "share"].map(|field| row[field].is_f64());
            assert!(copies == [true; 4] || copies == [false; 4], "{row:?}");
            if row["share"].is_f64() {
                assert!((float("share") - float("data_gbps") / float("to_device_gbps")).abs() < 1e-9 * float("share"));
            }
        }
    }
}

#[test]
fn the_cpu_is_measured_from_host_memory_without_a_gpu() {
    host_is_measured(&["cpu"], |row| row["memory"] == "plain" && row["in_place"] == false);
    host_is_measured(&["auto", "auto-slices"], |_| true);
}

#[test]
fn a_gpu_is_measured_from_host_memory_on_each_path() {
    host_is_measured(&["registered"], |row| row["memory"] == "registered" && row["in_place"] == true);
    host_is_measured(&["mapped"], |row| row["memory"] == "mapped" && row["in_place"] == false);
    host_is_measured(&["staged"], |row| row["memory"] == "staged" && row["in_place"] == false);
    host_is_measured(&["slices"], |row| row["in_place"] == false);
}

/// Names the first adapter, because a software driver is used only if it is named.
#[test]
fn a_calibration_is_stored_and_explained() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("new folder").join("calibration");
    let calibrate = |variables: &[(&str, &str)]| {
        let mut command = command();
        command.args(["bench", "calibrate", "--file"]).arg(&file).envs(variables.iter().copied());
        run(&mut command)
    };
    let no_driver = [("VK_DRIVER_FILES", "/nonexistent"), ("VK_ICD_FILENAMES", "/nonexistent")];
    calibrate(&no_driver).expect(3).says("without a GPU there is nothing to choose");
    assert!(!file.exists());
    if evariste::Gpu::adapters().is_empty() {
        not_testing("bench calibrate", "there is no GPU");
        return;
    }
    let ran = calibrate(&[("EVARISTE_DEVICE", "0")]).expect(0).says(&format!("stored in {}", file.display()));
    let stored = evariste::auto::Calibration::load(&file).unwrap().unwrap();
    assert!(ran.out.contains(&stored.cpu_device) && ran.out.contains(&stored.gpu_device), "{}", ran.out);
    let explained = ran.out.lines().filter(|line| line.contains(" are expected on the CPU, "));
    assert_eq!(explained.count(), 3 * 3 * 2, "{}", ran.out);
}

#[test]
fn files_are_measured_and_removed() {
    let dir = tempfile::tempdir().unwrap();
    let arguments = ["bench", "files", "--size", "300001", "--shape", "3+2", "--unit", "4096", "--rounds", "2"];
    for (fault, code) in [(None, 0), (Some("--inject-fault"), 1)] {
        let mut command = command();
        command.args(arguments).args(["--backend", "cpu", "--json", "-", "--dir"]).arg(dir.path()).args(fault);
        let rows = rows(run(&mut command), code, &FILES_FIELDS).unwrap();
        assert!(rows.iter().map(|row| row["case"].as_str().unwrap()).eq(["protect", "restore"]));
        for row in &rows {
            let float = |field: &str| row[field].as_f64().unwrap();
            assert!((float("share") - float("data_gbps") / float("copy_gbps")).abs() < 1e-9 * float("share"));
            let stages = row["stages_gbps"].as_object().unwrap();
            assert_eq!(stages.len(), 5, "{row:?}");
            let limit = &stages[row["limit"].as_str().unwrap()];
            assert!(stages.values().all(|gbps| gbps.as_f64() >= limit.as_f64() && gbps.as_f64() > Some(0.0)));
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}

#[test]
fn the_table_of_files_names_the_threads_once() {
    let dir = tempfile::tempdir().unwrap();
    let arguments = ["bench", "files", "--size", "100001", "--shape", "3+2", "--unit", "4096", "--rounds", "1"];
    let ran = run(command().args(arguments).args(["--backend", "cpu", "--dir"]).arg(dir.path())).expect(0);
    assert_eq!(ran.out.matches(" thread").count(), 1, "{}", ran.out);
}
