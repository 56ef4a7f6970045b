//! `plan`: its figures, its recommendations and its errors.

#[path = "support/support.rs"]
mod support;

use std::time::{Duration, Instant};

use serde_json::Value;
use support::program::{command, run};
use support::{Ran, evariste};

const FIELDS: [&str; 9] = [
    "layout",
    "shards",
    "efficiency",
    "guaranteed",
    "best_case",
    "survived_nested",
    "survived",
    "repair_reads",
    "update_ios",
];

/// The objects of a run that succeeds and prints nothing else.
#[track_caller]
fn objects(ran: Ran) -> Vec<Value> {
    let ran = ran.expect(0);
    assert_eq!(ran.err, "");
    let objects: Vec<Value> = serde_json::from_str(&ran.out).unwrap();
    for object in &objects {
        // Rows with samples have one more field.
        let fields = object.as_object().unwrap().keys().map(String::as_str);
        let mut found: Vec<&str> = fields.filter(|&field| field != "survived_error").collect();
        let mut expected = FIELDS.to_vec();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected);
    }
    objects
}

fn plan(arguments: &[&str]) -> Ran {
    evariste(["plan"].iter().chain(arguments))
}

/// A share to four digits.
fn digits(share: &Value) -> String {
    format!("{:.4}", share.as_f64().unwrap())
}

#[test]
fn every_layout_can_be_compared() {
    let names = [
        "rs:10+4",
        "raid5:6",
        "raid6:8",
        "raid51:2x6",
        "raid61:2x8",
        "raid55:4x4",
        "raid66:8x8",
        "lrc:12,2,2",
        "hier:4x6+1+1",
    ];
    let objects = objects(plan(&[&["--json", "--compare"], &names[..]].concat()));
    let found: Vec<&str> = objects.iter().map(|object| object["layout"].as_str().unwrap()).collect();
    assert_eq!(found, names);
    let figures = |name: &str, field: &str| {
        let object = &objects[names.iter().position(|found| *found == name).unwrap()];
        object[field].clone()
    };
    for (name, shards, guaranteed, best_case, reads, ios) in [
        ("rs:10+4", 14, 4, 4, 10, 10),
        ("raid5:6", 6, 1, 1, 5, 4),
        ("raid6:8", 8, 2, 2, 6, 6),
        ("raid51:2x6", 12, 3, 7, 1, 8),
        ("raid61:2x8", 16, 5, 10, 1, 12),
        ("raid55:4x4", 16, 3, 7, 3, 8),
        ("raid66:8x8", 64, 8, 28, 6, 18),
        ("lrc:12,2,2", 16, 3, 4, 6, 8),
        ("hier:4x6+1+1", 24, 3, 9, 3, 8),
    ] {
        let fields = ["shards", "guaranteed", "best_case", "repair_reads", "update_ios"];
        let found = fields.map(|field| figures(name, field).as_u64().unwrap());
        assert_eq!(found, [shards, guaranteed, best_case, reads, ios], "{name}");
    }
    assert_eq!(figures("raid55:4x4", "efficiency"), 0.5625);
    for (name, losses, joint, nested) in [
        ("raid55:4x4", "4", "0.9802", "0.8813"),
        ("raid55:4x4", "5", "0.9011", "0.5385"),
        ("raid51:2x6", "4", "0.9697", "0.5455"),
        ("raid66:8x8", "9", "1.0000", "0.9996"),
    ] {
        assert_eq!(digits(&figures(name, "survived_nested")[losses]), nested, "{name}");
        assert_eq!(digits(&figures(name, "survived")[losses]), joint, "{name}");
    }
    assert_eq!(digits(&figures("lrc:12,2,2", "survived")["4"]), "0.8615");
    assert_eq!(figures("rs:10+4", "survived"), serde_json::json!({ "5": 0.0, "6": 0.0, "7": 0.0 }));
    for flat in ["rs:10+4", "raid5:6", "raid6:8", "lrc:12,2,2"] {
        assert!(figures(flat, "survived_nested").is_null(), "{flat}");
    }
    assert!(figures("lrc:12,2,2", "survived_error").is_null());
}

#[test]
fn the_table_has_aligned_columns() {
    let ran = plan(&["--compare", "raid55:4x4", "lrc:12,2,2", "rs:10+4", "raid66:16x16"]).expect(0);
    let (table, shares) = ran.out.split_once("\n\n").unwrap();
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("layout"), "{}", ran.out);
    // Numbers end where their heading does.
    let end = lines[0].find("holds").unwrap() + "holds".len();
    assert!(lines[2..6].iter().all(|line| line[..end].ends_with(" %")), "{}", ran.out);
    for says in ["1 inside, 1 across", "2 local, 2 global", "3 (7)", "6 (12)", "in parentheses for a global parity"] {
        assert!(table.contains(says), "{says}: {}", ran.out);
    }
    for says in [".9802 (.8813)", ".8615", ">.9999"] {
        assert!(shares.contains(says), "{says}: {}", ran.out);
    }
    // A layout that never survives more than its guarantee has no shares.
    assert!(!shares.contains("rs:10+4"), "{}", ran.out);
    plan(&["--compare", "rs:10+4", "raid5:6"]).expect(0).says_nothing_of("Share").says_nothing_of("parentheses");
}

/// The widest tables of `--disks`, the widest of the documented names, and the longest sentences.
#[test]
fn the_output_fits_a_narrow_terminal() {
    for arguments in [
        &["--disks", "255", "--nodes", "5"][..],
        &["--disks", "300", "--nodes", "10"],
        &["--disks", "24", "--nodes", "4", "--survive", "3", "--min-efficiency", "60", "--disk-size", "3.84TB"],
        &["--compare", "raid55:16x16"],
        &["--compare", "raid51:2x6", "raid55:4x4", "raid66:16x16", "lrc:48,4,3", "hier:4x6+1+1"],
    ] {
        let ran = plan(arguments).expect(0);
        // A command may be longer, so that it can be pasted.
        for line in ran.out.lines().filter(|line| !line.starts_with("  evariste")) {
            assert!(line.chars().count() <= 80, "{arguments:?}: {line}");
        }
    }
    let ran = plan(&["--disks", "24", "--nodes", "4"]).expect(0).says_nothing_of("shards  ");
    assert!(ran.out.contains("any (best)"), "{}", ran.out);
}

#[test]
fn sampled_shares_are_marked() {
    let arguments = ["--compare", "raid55:16x16"];
    plan(&arguments).expect(0).says("~.998").says("95 % confidence");
    let objects = objects(plan(&[&arguments[..], &["--json"]].concat()));
    let errors = objects[0]["survived_error"].as_object().unwrap();
    assert_eq!(errors.keys().collect::<Vec<_>>(), ["6"]);
    let error = errors["6"].as_f64().unwrap();
    assert!(error > 0.0 && error < 0.001, "{error}");
}

#[test]
fn the_recommended_layout_comes_first() {
    for (arguments, expected) in [
        (&["--disks", "8"][..], "raid6:8"),
        (&["--disks", "6", "--survive", "1"], "raid5:6"),
        (&["--disks", "14", "--survive", "4", "--min-efficiency", "70"], "rs:10+4"),
        (&["--disks", "24", "--nodes", "4", "--survive", "3"], "lrc:18,3,3"),
    ] {
        let objects = objects(plan(&[arguments, &["--json"]].concat()));
        assert_eq!(objects[0]["layout"], expected, "{arguments:?}");
        let disks: u64 = arguments[1].parse().unwrap();
        assert!(objects.iter().all(|object| object["shards"] == disks), "{arguments:?}");
        plan(arguments).expect(0).says(&format!("Take {expected}: "));
    }
}

#[test]
fn listed_layouts_meet_the_request() {
    let objects = objects(plan(&["--disks", "60", "--survive", "4", "--min-efficiency", "0.7", "--json"]));
    assert!(objects.len() > 2);
    for object in &objects {
        assert!(
            object["guaranteed"].as_u64().unwrap() >= 4 && object["efficiency"].as_f64().unwrap() >= 0.7,
            "{object}"
        );
    }
}

#[test]
fn sets_units_and_disks_are_printed() {
    let ran = plan(&["--disks", "12", "--disk-size", "4TB"]).expect(0);
    let ran = ran
        .says("Of 48 TB it holds 40 TB of data.")
        .says("evariste protect FILE --out DIR --data 10 --parity 2 --unit 1MiB");
    let grouped = plan(&["--disks", "24", "--nodes", "4", "--survive", "3", "--min-efficiency", "60"]).expect(0);
    grouped
        .says("evariste protect FILE --out DIR --layout lrc:18,3,3 --unit 1MiB")
        .says("evariste protect FILE --out DIR --data 18 --parity 6 --unit 1MiB");
    ran.says("usable").says("256 KiB to 1 MiB");
    plan(&["--disks", "12", "--file-size", "16MiB"]).expect(0).says("--unit 64KiB");
    plan(&["--disks", "12", "--file-size", "4TB"]).expect(0).says("--unit 1MiB");
    plan(&["--disks", "3"]).expect(0).says("k and m are small: a repair reads 1 shard,");
    let wide = plan(&["--disks", "100", "--min-efficiency", "95"]).expect(0);
    wide.says("48+2").says("no set with a smaller k holds that much data: a repair reads 48 shards");
    let much = plan(&["--disks", "130", "--survive", "100"]).expect(0);
    much.says(
        "one set of 30+100, 23.1 % for data:\n  evariste protect FILE --out DIR --data 30 --parity 100 --unit 1MiB",
    );
    plan(&["--disks", "110", "--survive", "100"]).expect(0).says("k is small: ");
    let ran = plan(&["--disks", "60", "--nodes", "6"]).expect(0).says("3 sets of 16+4, 80.0 % for data");
    ran.says("shards go to the nodes in turn, and each set continues where the last one");
    plan(&["--disks", "23"]).expect(0).says("2 sets of 9+2, 1 disk spare, 78.3 % for data");
    plan(&["--disks", "24", "--nodes", "4"]).expect(0).says("Put shard i into node i mod 4.");
    let ran =
        plan(&["--disks", "1024", "--nodes", "32"]).expect(0).says("Put each of its groups into a node of 32 disks.");
    ran.says("Take raid55:32x32: ");
    let sizes = ["--disk-size=4TB", "--disk-size=6TB", "--disk-size=4TB"];
    let ran = plan(&[&["--disks", "3", "--survive", "1"], &sizes[..]].concat()).expect(0);
    ran.says("Of 14 TB it holds 8 TB of data; 2 TB beyond the size of the smallest disk");
}

/// A stored calibration is printed. Without one, or with a file that is not one, `plan` still succeeds.
#[test]
fn a_calibration_is_printed() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("calibration");
    let plan = || run(command().args(["plan", "--disks", "12"]).env("EVARISTE_CALIBRATION", &file)).expect(0);
    plan().says("if this machine has a GPU, `evariste bench calibrate`");
    let text =
        "evariste calibration 1\ncpu a kernel\ngpu a GPU\ncpu-speed 1e-6 1.2e10 1e15\ncopied-speed 1e-6 2.4e10 1e15\n";
    std::fs::write(&file, text).unwrap();
    plan().says("10.0 GB/s of data on the CPU (a kernel)").says("20.0 GB/s of data on the GPU with copies (a GPU)");
    std::fs::write(&file, "something else").unwrap();
    plan().says("cannot be read");
}

#[test]
fn impossible_requests_are_wrong_usage() {
    for (arguments, says) in [
        (&[][..], "<--disks <N>|--compare <LAYOUT>...>"),
        (&["--disks", "1"], "a whole number from 2 to 4096"),
        (&["--disks", "4097"], "a whole number from 2 to 4096"),
        (&["--disks", "8", "--compare", "raid5:6"], "cannot be used with"),
        (&["--compare"], "--compare"),
        (&["--compare", "raid7:6"], "`raid7:6` is not a layout: expected a name such as rs:10+4"),
        (&["--compare", "raid5:1"], "raid5:1 has 1 disks, it needs at least 2"),
        (&["--compare", "rs:255+2"], "rs:255+2: "),
        (&["--compare", "raid5:6", "--survive", "2"], "cannot be used with"),
        (&["--survive", "2"], "--disks <N>"),
        (&["--disks", "10", "--nodes", "3"], "10 disks do not divide evenly among 3 nodes"),
        (&["--disks", "8", "--min-efficiency", "120"], "is not an efficiency"),
        (&["--disks", "8", "--disk-size", "4tb"], "is not a disk size"),
        (&["--disks", "8", "--disk-size", "4"], "\"4\" is not a disk size: write it as 4TB, 3.84TB, 500GB or 4TiB"),
        (&["--disks", "8", "--disk-size", "4TB", "--disk-size", "6TB"], "2 disk sizes for 8 disks"),
        (
            &["--disks", "8", "--survive", "3", "--min-efficiency", "80%"],
            "no layout of 8 disks survives any 3 losses with at least 80 % for data; the most is 62.5 %, by rs:5+3\n",
        ),
        (&["--disks", "2"], "no layout of 2 disks survives any 2 losses; try --survive 1"),
        // `--survive 1` would not help: a node is half of the disks.
        (&["--disks", "12", "--nodes", "2", "--min-efficiency", "60"], "; the most is 50.0 %, by rs:6+6\n"),
        (
            &["--disks", "300", "--min-efficiency", "90"],
            "; try 15 sets of 18+2: evariste protect FILE --out DIR --data 18 --parity 2 --unit 1MiB; try --survive 1\n",
        ),
        (&["--disks", "4", "--survive", "4"], "no layout of 4 disks survives any 4 losses\n"),
        (&["--disks", "9", "--survive", "4000"], "no layout of 9 disks survives any 4000 losses"),
    ] {
        let ran = plan(arguments).expect(64).says(says);
        assert_eq!(ran.out, "", "{arguments:?}");
    }
}

/// Wide layouts are sampled where counting would take long. The bound is ten times the usual duration.
#[test]
fn wide_layouts_are_planned_in_seconds() {
    for arguments in [
        &["--disks", "256", "--survive", "3"][..],
        &["--disks", "144", "--nodes", "12"],
        &["--compare", "lrc:48,4,3", "raid55:16x16", "raid66:16x16", "hier:8x24+2+1"],
    ] {
        let started = Instant::now();
        plan(arguments).expect(0);
        assert!(started.elapsed() < Duration::from_secs(20), "{arguments:?}: {:?}", started.elapsed());
    }
}
