//! `bench device`, `patterns` and `field` with small sizes: every row and field is present, results are verified, and a
//! flipped bit is detected.

#[path = "support/support.rs"]
mod support;

use serde_json::Value;
use support::program::{command, evariste, run};
use support::rows;

const DEVICE_FIELDS: [&str; 18] = [
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
const FIELD_FIELDS: [&str; 10] =
    ["suite", "case", "path", "kernel", "device", "driver", "threads", "median_s", "gops", "verified"];
/// Two stripes and part of a workgroup. The wrong byte of a check may be in any of them.
const SMALL: [&str; 9] = ["bench", "device", "--shape", "4+2", "--shard", "16KiB", "--unit", "8KiB", "--json=-"];
const CASES: [&str; 8] = ["--case", "encode", "--case", "reconstruct", "--case", "check", "--case", "patterns"];

fn names(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| format!("{} {}", row["case"].as_str().unwrap(), row["kernel"].as_str().unwrap())).collect()
}

const GPU_NAMES: [&str; 7] = [
    "encode table",
    "encode compiled",
    "reconstruct table",
    "reconstruct compiled",
    "check table",
    "check compiled",
    "patterns table",
];

#[test]
fn a_gpu_is_measured_in_every_case_with_each_kernel() {
    let ran = evariste(SMALL.into_iter().chain(CASES).chain(["--backend", "gpu"]));
    let Some(rows) = rows(ran, 0, &DEVICE_FIELDS) else { return };
    assert_eq!(names(&rows), GPU_NAMES);
    for row in &rows {
        assert_eq!(
            (&row["suite"], &row["path"], &row["code"]),
            (&"device".into(), &"resident".into(), &"vandermonde".into())
        );
        assert_eq!(
            [&row["k"], &row["m"], &row["shard_bytes"], &row["stripes"]].map(Value::as_u64),
            [4, 2, 16384, 2].map(Some)
        );
        let float = |field: &str| row[field].as_f64().unwrap();
        assert!((float("data_gbps") - 4.0 * 16384.0 / float("median_s") / 1e9).abs() < 1e-9 * float("data_gbps"));
        assert!((float("share") - float("traffic_gbps") / float("ceiling_gbps")).abs() < 1e-9 * float("share"));
        // Each stripe of the patterns loses one or two shards.
        let slots = float("traffic_gbps") / float("data_gbps") * 4.0;
        assert!(if row["case"] == "patterns" {
            (5.0..=6.0).contains(&slots.round())
        } else {
            (slots - 6.0).abs() < 1e-9
        });
    }
}

#[test]
fn a_flipped_bit_is_detected_in_every_case_with_each_gpu_kernel() {
    let ran = evariste(SMALL.into_iter().chain(CASES).chain(["--inject-fault"]));
    let Some(rows) = rows(ran, 1, &DEVICE_FIELDS) else { return };
    assert_eq!(names(&rows), GPU_NAMES);
}

#[test]
fn kernels_sizes_and_codes_can_be_chosen() {
    let arguments = ["bench", "device", "--code", "raid6", "--shape", "3+2", "--shape", "5+2", "--bytes", "0.5KiB"];
    let ran = evariste(arguments.into_iter().chain(["--kernel", "compiled", "--case", "encode", "--json", "-"]));
    let Some(rows) = rows(ran, 0, &DEVICE_FIELDS) else { return };
    assert_eq!(names(&rows), ["encode compiled"; 2]);
    assert_eq!(rows.iter().map(|row| row["shard_bytes"].as_u64().unwrap()).collect::<Vec<_>>(), [160, 96]);
}

#[test]
fn the_cpu_is_measured_in_every_case() {
    for (fault, code) in [(None, 0), (Some("--inject-fault"), 1)] {
        let ran = evariste(SMALL.into_iter().chain(CASES).chain(["--backend", "cpu"]).chain(fault));
        let rows = rows(ran, code, &DEVICE_FIELDS).unwrap();
        assert_eq!(
            rows.iter().map(|row| row["case"].as_str().unwrap()).collect::<Vec<_>>(),
            ["encode", "reconstruct", "check", "patterns"]
        );
    }
}

const PATTERNS_FIELDS: [&str; 15] = [
    "suite",
    "case",
    "path",
    "solver",
    "device",
    "driver",
    "code",
    "k",
    "m",
    "unit_bytes",
    "stripes",
    "threads",
    "median_s",
    "traffic_gbps",
    "verified",
];

#[test]
fn patterns_are_measured_with_every_solver_in_every_memory() {
    for (fault, code) in [(None, 0), (Some("--inject-fault"), 1)] {
        let arguments = ["bench", "patterns", "--shape", "4+2", "--patterns", "99", "--unit", "48", "--json=-"];
        let Some(rows) = rows(evariste(arguments.into_iter().chain(fault)), code, &PATTERNS_FIELDS) else { return };
        let name = |row: &Value| format!("{} {}", row["path"].as_str().unwrap(), row["solver"].as_str().unwrap());
        let names =
            ["resident", "registered"].map(|path| ["solver", "host", "device"].map(|by| format!("{path} {by}")));
        let names = names.as_flattened().iter().map(String::as_str).chain(["slices host", "slices device", "cpu host"]);
        assert!(rows.iter().map(name).eq(names), "{rows:?}");
        // 6 sets of one shard and 15 of two.
        assert!(rows.iter().all(|row| row["stripes"] == 21 && row["unit_bytes"] == 48));
    }
}

const FORMS: [&str; 6] =
    ["add packed", "multiply log-exp", "multiply packed", "inverse log-exp", "inverse inverse-table", "inverse packed"];

#[test]
fn the_field_is_measured_in_every_form() {
    for backend in ["gpu", "cpu"] {
        for (fault, code) in [(None, 0), (Some("--inject-fault"), 1)] {
            let ran = evariste(["bench", "field", "--backend", backend, "--json", "-"].into_iter().chain(fault));
            let Some(rows) = rows(ran, code, &FIELD_FIELDS) else { continue };
            assert_eq!(names(&rows), FORMS);
            assert!(rows.iter().all(|row| row["suite"] == "field" && row["path"] == "registers"));
        }
    }
}

#[test]
fn stdout_gets_a_table_and_a_file_gets_the_rows() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("rows.json");
    let ran = run(command()
        .args(["bench", "device", "--backend", "cpu", "--shape", "2+1", "--shard", "4KiB", "--json"])
        .arg(&file))
    .expect(0);
    assert_eq!(ran.err, "");
    let rows: Vec<Value> = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(rows.len(), 3);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(lines[0].starts_with(rows[0]["device"].as_str().unwrap()), "{}", ran.out);
    assert_eq!(lines.len(), 3 + rows.len(), "{}", ran.out);
    assert!(lines.iter().all(|line| line.chars().count() <= 100), "{}", ran.out);
    assert!(lines[3..].iter().all(|line| line.ends_with(" yes")), "{}", ran.out);
}

#[test]
fn impossible_measurements_are_wrong_usage() {
    let device = |arguments: &[&'static str]| evariste(["bench", "device"].iter().chain(arguments));
    for (arguments, says) in [
        (&["--shape", "10"][..], "is not a shape"),
        (&["--shape", "200+57"], "at most 256"),
        (&["--code", "raid6", "--shape", "4+3"], "raid6 has 2 parity shards, --shape says 3"),
        (&["--code", "isal-rs", "--shape", "16+8"], "16 data shards allow at most 4 parity shards"),
        (&["--unit", "100"], "a unit is 100 bytes, it must be a positive multiple of 16"),
        (&["--shard", "1000"], "a shard is 1000 bytes, it must be a positive multiple of 16"),
        (&["--shard", "4KiB", "--unit", "8KiB"], "a unit of 8192 bytes does not fit a shard of 4096"),
        (&["--shard", "1KiB", "--bytes", "1KiB"], "cannot be used with"),
        (&["--case", "patterns"], "needs --unit"),
        (&["--case", "patterns", "--unit", "4KiB", "--kernel", "compiled"], "the kernel table"),
        (&["--kernel", "table"], "--kernel chooses a GPU's kernel"),
    ] {
        // On the CPU, so that the arguments are wrong without a GPU too.
        let ran = device(&[arguments, &["--backend", "cpu"]].concat()).expect(64).says(says);
        assert_eq!(ran.out, "");
    }
    for (arguments, says) in [
        (&["host", "--case", "patterns"][..], "needs --unit"),
        (&["host", "--batches", "0"], "a whole number from 1 to 65536"),
        (&["host", "--path", "post"], "possible values: registered, mapped, staged, slices, auto, auto-slices, cpu"),
        (&["cpu", "--case", "patterns"], "needs --unit"),
        (&["cpu", "--kernel", "sse9"], "possible values: portable, avx2, gfni, avx512, neon"),
        (&["cpu", "--threads", "0"], "a whole number from 1 to 1024"),
        (&["latency", "--calls", "0"], "a whole number from 1 to 1000000"),
        (&["latency", "--unit", "8KiB"], "unexpected argument '--unit'"),
        (&["files", "--size", "0"], "a file of 0 bytes"),
        (&["files", "--unit", "5000"], "5000 bytes, it must be a positive multiple of 4096"),
        (&["files", "--shape", "200+57"], "at most 256"),
        (&["files", "--code", "raid5", "--shape", "4+2"], "raid5 has 1 parity shard"),
    ] {
        evariste(["bench"].iter().chain(arguments)).expect(64).says(says);
    }
    evariste(["bench", "patterns", "--unit", "40"])
        .expect(64)
        .says("--unit is 40, it must be a positive multiple of 16");
    evariste(["bench", "files", "--dir", "/nonexistent"]).expect(3).says("cannot make a directory in /nonexistent");
    evariste(["bench"]).expect(64).says("Usage: evariste bench");
    let ran = device(&["--backend", "cpu", "--shape", "2+1", "--shard", "4KiB", "--json", "/nonexistent/rows"]);
    ran.expect(3).says("cannot write /nonexistent/rows");
    for suite in ["device", "host"] {
        let mut command = command();
        command.args(["bench", suite]).env("VK_DRIVER_FILES", "/nonexistent").env("VK_ICD_FILENAMES", "/nonexistent");
        run(&mut command).expect(3).says("evariste: cannot open a GPU: ");
    }
}
