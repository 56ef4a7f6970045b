//! Sets of groups: files survive the losses that their layout survives, on every backend, and other losses are refused.

#[path = "support/support.rs"]
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use support::program::{command, run};
use support::{Ran, evariste, not_testing, paint, snapshot};

struct Set {
    dir: tempfile::TempDir,
    bytes: Vec<u8>,
    original: BTreeMap<String, Vec<u8>>,
    backend: &'static str,
}

impl Set {
    fn new(layout: &str, backend: &'static str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let bytes = paint(250_000);
        fs::write(dir.path().join("file"), &bytes).unwrap();
        let mut set = Self { dir, bytes, original: BTreeMap::new(), backend };
        let mut protect = command();
        protect.arg("protect").arg(set.path("file")).arg("--out").arg(set.path("shards"));
        protect.args(["--layout", layout, "--unit", "4096", "--backend", backend]);
        run(&mut protect).expect(0).says(layout);
        set.original = snapshot(&set.path("shards"));
        set
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn verb(&self, verb: &str, out: Option<&Path>) -> Ran {
        let mut command = command();
        command.arg(verb).arg(self.path("shards")).args(["--backend", self.backend]);
        if let Some(out) = out {
            command.arg("--out").arg(out);
        }
        run(&mut command)
    }

    fn lose(&self, lost: &[usize]) {
        lost.iter().for_each(|index| fs::remove_file(self.path("shards").join(format!("{index:03}.shard"))).unwrap());
    }

    /// Deletes these shards, and checks that the file and the shards are rebuilt.
    fn assert_survives(&self, lost: &[usize]) {
        self.lose(lost);
        self.verb("verify", None).expect(1);
        let restored = self.path("restored");
        self.verb("restore", Some(&restored)).expect(0);
        assert!(fs::read(&restored).unwrap() == self.bytes, "{lost:?} lost: restored");
        self.verb("repair", None).expect(0);
        assert!(snapshot(&self.path("shards")) == self.original, "{lost:?} lost: repaired");
        self.verb("verify", None).expect(0).says("whole");
    }
}

/// The CPU, and a GPU if there is one.
fn backends() -> Vec<&'static str> {
    let probe = tempfile::tempdir().unwrap();
    fs::write(probe.path().join("file"), [1]).unwrap();
    let mut protect = command();
    protect.arg("protect").arg(probe.path().join("file")).arg("--out").arg(probe.path().join("shards"));
    let ran = run(protect.args(["--backend", "gpu"]));
    if ran.code == 3 {
        not_testing("layouts on a GPU", &ran.err);
        return vec!["cpu"];
    }
    ran.expect(0);
    vec!["cpu", "gpu"]
}

#[test]
fn files_survive_what_their_layout_survives() {
    for backend in backends() {
        for (layout, losses) in [
            // A whole copy, and one disk of the other.
            ("raid51:2x4", &[&[0, 1, 2, 6][..]][..]),
            // A whole group and one disk of each other group; a pattern that only rows and columns together can
            // rebuild.
            ("raid55:4x4", &[&[0, 1, 2, 9, 3, 6], &[0, 1, 3]]),
            ("raid66:4x4", &[&[0, 1, 2, 3]]),
            ("lrc:6,2,2", &[&[0, 1, 6], &[0, 3, 8, 9]]),
            ("hier:3x4+1+1", &[&[0, 1, 2], &[5]]),
        ] {
            let set = Set::new(layout, backend);
            losses.iter().for_each(|lost| set.assert_survives(lost));
        }
    }
}

/// Enough shards are left, but they do not determine the data.
#[test]
fn losses_that_a_layout_does_not_survive_are_refused() {
    let set = Set::new("raid51:2x4", "cpu");
    // Two disks of one copy and the same two of the other.
    let groups = evariste::Layout::Raid51 { groups: 2, disks: 4 }.code().unwrap();
    let lost: Vec<usize> = [0, 1].into_iter().flat_map(|group| groups.groups().members(group)[..2].to_vec()).collect();
    set.lose(&lost);
    let before = snapshot(&set.path("shards"));
    for verb in ["verify", "repair"] {
        set.verb(verb, None).expect(2).says("do not determine the rest: at least 1 more of shards ");
    }
    set.verb("restore", Some(&set.path("restored"))).expect(2);
    assert!(snapshot(&set.path("shards")) == before && !set.path("restored").exists());
}

#[test]
fn a_layout_that_is_one_flat_code_is_written_as_such() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file"), [1; 100]).unwrap();
    let protect = |arguments: &[&str]| {
        let mut protect = command();
        protect.arg("protect").arg(dir.path().join("file")).arg("--out").arg(dir.path().join("shards"));
        run(protect.args(arguments).args(["--backend", "cpu"]))
    };
    protect(&["--layout", "raid5:5", "--data", "3"]).expect(64);
    protect(&["--layout", "raid55:1x4"]).expect(64).says("raid55:1x4 has 1 groups, it needs at least 2");
    protect(&["--layout", "raid5:5"]).expect(0).says("raid5:5 (4+1)");
    evariste(["verify".as_ref(), dir.path().join("shards").as_os_str()]).expect(0).says("raid5:5 (4+1)");
}

/// The code of a set of groups cannot locate errors. A shard with a damaged table is still used as it is, and if its
/// blocks are wrong, the repair is refused.
#[test]
fn if_the_code_cannot_locate_blocks_are_used_as_they_are() {
    let set = Set::new("lrc:4,2,2", "cpu");
    let locate = || {
        let mut locate = command();
        locate.arg("repair").arg(set.path("shards")).args(["--locate", "--backend", "cpu"]);
        run(&mut locate)
    };
    let change = |index: usize, change: fn(&mut [u8])| {
        let path = set.path("shards").join(format!("00{index}.shard"));
        let mut bytes = fs::read(&path).unwrap();
        change(&mut bytes);
        fs::write(&path, bytes).unwrap();
    };
    // The table is at the end of the file.
    let wipe = |index| change(index, |bytes| *bytes.last_mut().unwrap() ^= 1);
    set.lose(&[0, 1, 4]);
    wipe(6);
    set.verb("repair", None).expect(2).says("do not determine the rest").says("nothing was changed").says("--locate");
    locate().expect(0).says("006.shard: checksum table damaged").says("repaired: shards 0, 1, 4, 6 rewritten");
    assert!(snapshot(&set.path("shards")) == set.original);

    // Parity that is not needed may be wrong, and is rewritten.
    set.lose(&[0, 1]);
    [2, 3, 4, 5].into_iter().for_each(wipe);
    wipe(7);
    change(7, |bytes| bytes[5000] ^= 1);
    locate().expect(0).says("007.shard: checksum table damaged; disagrees with the data in stripe 0");
    assert!(snapshot(&set.path("shards")) == set.original);

    set.lose(&[0, 1, 4]);
    wipe(6);
    change(6, |bytes| bytes[5000] ^= 1);
    let before = snapshot(&set.path("shards"));
    let ran =
        locate().expect(2).says("BLAKE3").says("nothing was changed").says("errors cannot be located in 8 shards");
    ran.says_nothing_of("may find");
    assert!(snapshot(&set.path("shards")) == before);
    // With no damaged table, `repair` does not advise `--locate`.
    set.lose(&[6]);
    set.verb("repair", None).expect(2).says_nothing_of("--locate");
}
