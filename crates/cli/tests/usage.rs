//! Exit codes, messages, and the files after a failure.

#[path = "support/support.rs"]
mod support;

use std::fs;

use support::program::{command, run};
use support::{Fixture, PLAIN, evariste, snapshot};

#[test]
fn wrong_usage_exits_64() {
    for (arguments, says) in [
        (&[][..], "Usage: evariste"),
        (&["explode"], "unrecognized subcommand"),
        (&["protect", "file"], "--out <DIR>"),
        (&["verify"], "<DIR>"),
        (&["verify", "dir", "--backend", "abacus"], "possible values: auto, cpu, gpu"),
        (
            &["protect", "file", "--out", "dir", "--code", "raid9"],
            "possible values: vandermonde, cauchy, raid5, raid6, isal-rs, jerasure-van, snapraid",
        ),
        (
            &["protect", "file", "--out", "dir", "--data", "0"],
            "'0' for '--data <K>': it must be a whole number from 1 to 1023",
        ),
        (&["protect", "file", "--out", "dir", "--parity", "x"], "--parity"),
        (&["protect", "file", "--out", "dir", "--unit", "4097"], "4097 bytes, it must be a positive multiple of 4096"),
        (&["protect", "file", "--out", "dir", "--unit", "0"], "0 bytes, it must be a positive multiple of 4096"),
        (&["protect", "file", "--out", "dir", "--unit", "1mb"], "is not a size"),
        (
            &["protect", "file", "--out", "dir", "--unit", "1MB"],
            "1000000 bytes, it must be a positive multiple of 4096",
        ),
        (&["protect", "file", "--out", "dir", "--unit", "99999999999GiB"], "is more than"),
        (&["protect", "file", "--out", "dir", "--data", "200", "--parity", "57"], "at most 256"),
        (
            &["protect", "file", "--out", "dir", "--code", "raid5", "--parity", "2"],
            "raid5 has 1 parity shard, --parity says 2",
        ),
        (&["protect", "file", "--out", "dir", "--code", "raid6", "--data", "256"], "at most 255 data"),
        (
            &["protect", "file", "--out", "dir", "--code", "isal-rs", "--parity", "5"],
            "10 data shards allow at most 4 parity shards, 5 parity shards at most 5 data shards",
        ),
    ] {
        let ran = evariste(arguments);
        assert_eq!(ran.code, 64, "{arguments:?}: {ran:?}");
        assert!(ran.err.contains(says), "{arguments:?}: expected \"{says}\" in:\n{}", ran.err);
    }
}

#[test]
fn help_says_what_the_exit_codes_mean() {
    for arguments in [&["--help"][..], &["help"], &["verify", "--help"], &["help", "repair"]] {
        let ran = evariste(arguments).expect(0);
        for line in ["0  done", "1  verify: damaged", "2  beyond repair", "3  could not run", "64  wrong usage"] {
            assert!(ran.out.contains(line), "{arguments:?}: {}", ran.out);
        }
    }
    evariste(["--version"]).expect(0).says(env!("CARGO_PKG_VERSION"));
}

/// The help of the command, of every verb and of every suite fits the terminal, and 100 columns where there is none.
#[test]
fn help_fits_the_terminal() {
    let help = |arguments: &[&str], columns: Option<&str>| {
        let mut command = command();
        command.args(arguments).arg("--help").stdin(std::process::Stdio::null()).env_remove("COLUMNS");
        run(command.envs(columns.map(|columns| ("COLUMNS", columns)))).expect(0).out
    };
    // The names below the heading `Commands:`, except `help`.
    let names = |help: &str| -> Vec<String> {
        let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
        let names = commands.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
        names
            .filter_map(|line| line.split_whitespace().next())
            .filter(|name| *name != "help")
            .map(str::to_owned)
            .collect()
    };
    let (verbs, suites) = (names(&help(&[], None)), names(&help(&["bench"], None)));
    assert_eq!((verbs.len(), suites.len()), (8, 10), "{verbs:?} {suites:?}");
    let of_verbs = verbs.iter().map(|verb| vec![verb.as_str()]);
    let of_suites = suites.iter().map(|suite| vec!["bench", suite.as_str()]);
    for arguments in [vec![]].into_iter().chain(of_verbs).chain(of_suites) {
        for (columns, most) in [(Some("80"), 80), (Some("250"), 100), (None, 100)] {
            let help = help(&arguments, columns);
            let longest = help.lines().max_by_key(|line| line.chars().count()).unwrap();
            assert!(longest.chars().count() <= most, "{arguments:?} in {columns:?} columns: {longest}");
        }
    }
}

#[test]
fn a_verb_that_cannot_run_exits_3_and_leaves_no_files() {
    let fixture = Fixture::new(PLAIN, 1000);
    let path = |name: &str| fixture.path(name).to_str().unwrap().to_owned();
    fs::create_dir(path("empty")).unwrap();
    fs::create_dir_all(path("taken/003.shard")).unwrap();
    for (arguments, says) in [
        (["protect", &path("nothing"), "--out", &path("new")], "nothing"),
        (["protect", &path("empty"), "--out", &path("new")], "is a directory"),
        (["protect", &path("file"), "--out", &path("shards")], "already holds shards (000.shard)"),
        (["protect", &path("file"), "--out", &path("taken")], "holds 003.shard, which is not a file"),
        (["protect", &path("file"), "--out", &path("file")], "file"),
        (["protect", &path("file"), "--out", &path("file/new")], "cannot make the directory"),
        (["restore", &path("nothing"), "--out", &path("new")], "cannot read the directory"),
        (["restore", &path("empty"), "--out", &path("new")], "no shards in"),
        (["restore", &path("shards"), "--out", &path("empty")], "exists and is not a file"),
        (["restore", &path("shards"), "--out", &path("nowhere/new")], "nowhere"),
        (["verify", &path("nothing"), "--backend", "cpu"], "cannot read the directory"),
        (["repair", &path("file"), "--backend", "cpu"], "cannot read the directory"),
        (["demo", &path("nothing"), "--backend", "cpu"], "nothing"),
    ] {
        let shards = snapshot(&fixture.shards());
        let ran = evariste(arguments);
        assert_eq!(ran.code, 3, "{arguments:?}: {ran:?}");
        assert!(ran.err.starts_with("evariste: ") && ran.err.contains(says), "{arguments:?}: {}", ran.err);
        assert_eq!(ran.err.lines().count(), 1, "{arguments:?}: {}", ran.err);
        assert!(!fixture.path("new").exists() && snapshot(&fixture.shards()) == shards, "{arguments:?}");
        let entries = |name: &str| fs::read_dir(path(name)).unwrap().count();
        assert_eq!((entries("empty"), entries("taken")), (0, 1), "{arguments:?}");
    }
}

#[test]
fn an_invalid_variable_exits_3() {
    let fixture = Fixture::new(PLAIN, 1000);
    let ran = run(command().arg("verify").arg(fixture.shards()).env("EVARISTE_CPU", "abacus"));
    ran.expect(3).says("EVARISTE_CPU=abacus");
}

#[test]
fn a_restore_replaces_a_file_only_with_a_complete_one() {
    let fixture = Fixture::new(PLAIN, 50_000);
    fs::write(fixture.restored(), "an older file").unwrap();
    for index in [0, 1, 2] {
        fixture.flip(index, 5000);
    }
    fixture.restore().expect(2);
    assert_eq!(fs::read(fixture.restored()).unwrap(), b"an older file");
    fixture.flip(2, 5000);
    fixture.assert_restores("over an older file");
}

#[cfg(unix)]
#[test]
fn new_files_have_the_permissions_that_the_umask_allows() {
    use std::os::unix::fs::PermissionsExt;
    let fixture = Fixture::new(PLAIN, 1000);
    let mode = |path: std::path::PathBuf| fs::metadata(path).unwrap().permissions().mode();
    fixture.restore().expect(0);
    fixture.delete(1);
    fixture.repair().expect(0);
    for path in [fixture.shard(0), fixture.shard(1), fixture.restored()] {
        assert_eq!(mode(path.clone()), mode(fixture.file()), "{}", path.display());
    }
}

#[test]
fn a_closed_output_ends_verify_without_a_panic() {
    use std::process::Stdio;
    let fixture = Fixture::new(PLAIN, 1000);
    let mut child = command().arg("verify").arg(fixture.shards()).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert!(matches!(child.wait().unwrap().code(), Some(0 | 3)));
}

/// As in `evariste plan 2>&1 | head -1`: the exit code is that of the error, not of a panic.
#[test]
fn an_error_has_its_exit_code_if_stderr_is_closed() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = command().args(["plan", "--disks", "4", "--survive", "4"]).stderr(writer).status().unwrap();
    assert_eq!(status.code(), Some(64));
}

/// A pipe has no length, and opening it would wait for a writer.
#[cfg(unix)]
#[test]
fn a_pipe_is_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    assert!(std::process::Command::new("mkfifo").arg(path("pipe")).status().unwrap().success());
    evariste(["protect", &path("pipe"), "--out", &path("new")]).expect(3).says("is a pipe");
    assert!(!dir.path().join("new").exists());
}

/// A filter of `RUST_LOG` that cannot be parsed does not stop a verb, even if the warning cannot be written.
#[cfg(target_os = "linux")]
#[test]
fn a_wrong_log_filter_is_ignored() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let plan = || {
        let mut plan = command();
        plan.args(["plan", "--disks", "6"]).env("RUST_LOG", "a=b=c");
        plan
    };
    assert_eq!(plan().stderr(full).output().unwrap().status.code(), Some(0));
    run(&mut plan()).expect(0).says("RUST_LOG is ignored");
}
