//! `--backend gpu` computes on a GPU or fails.

#[path = "support/support.rs"]
mod support;

use std::fs;

use support::program::{command, run};
use support::{Fixture, PLAIN, assert_same_bytes, not_testing};

#[test]
fn without_a_driver_every_verb_exits_3() {
    let fixture = Fixture::new(PLAIN, 50_000);
    fixture.delete(1);
    let (file, shards, new) = (fixture.file(), fixture.shards(), fixture.path("new"));
    let out = std::path::Path::new("--out");
    for (verb, paths) in [
        ("demo", &[][..]),
        ("protect", &[&*file, out, &new]),
        ("verify", &[&*shards]),
        ("repair", &[&*shards]),
        ("restore", &[&*shards, out, &new]),
    ] {
        let mut command = command();
        command.arg(verb).args(paths).args(["--backend", "gpu"]);
        // The old and the new name of the loader's variable.
        command.env("VK_DRIVER_FILES", "/nonexistent").env("VK_ICD_FILENAMES", "/nonexistent");
        let ran = run(&mut command).expect(3);
        assert!(ran.err.starts_with("evariste: cannot open a GPU: "), "{verb}: {}", ran.err);
        assert_eq!((ran.err.lines().count(), ran.out.as_str()), (1, ""), "{verb}: {}", ran.err);
        assert!(!new.exists() && !fixture.shard(1).exists(), "{verb}");
    }
}

#[test]
fn a_gpu_writes_the_same_shards_and_the_same_file() {
    let fixture = Fixture::new(PLAIN, 50_000);
    let ran = run(command().arg("verify").arg(fixture.shards()).args(["--backend", "gpu"]));
    if ran.code == 3 {
        not_testing("the command on a GPU", &ran.err);
        return;
    }
    let expected: Vec<Vec<u8>> = (0..PLAIN.total()).map(|index| fs::read(fixture.shard(index)).unwrap()).collect();
    ran.expect(0);
    fixture.delete(0);
    fixture.delete(4);
    let gpu = |verb: &str| {
        let mut command = command();
        command.arg(verb).arg(fixture.shards()).args(["--backend", "gpu"]);
        command
    };
    run(gpu("restore").arg("--out").arg(fixture.restored())).expect(0).says("gpu: ");
    assert_same_bytes(&fixture.bytes, &fs::read(fixture.restored()).unwrap(), "restored on the GPU");
    run(&mut gpu("repair")).expect(0);
    for (index, expected) in expected.iter().enumerate() {
        assert_same_bytes(expected, &fs::read(fixture.shard(index)).unwrap(), &format!("shard {index} from the GPU"));
    }
    fs::remove_dir_all(fixture.shards()).unwrap();
    let mut protect = command();
    protect.arg("protect").arg(fixture.file()).arg("--out").arg(fixture.shards());
    protect.args(["--data", "3", "--parity", "2", "--unit", "4096", "--backend", "gpu"]);
    run(&mut protect).expect(0);
    for (index, expected) in expected.iter().enumerate() {
        let now = fs::read(fixture.shard(index)).unwrap();
        // The headers differ in the set's id. The rest of the file is the same.
        assert_same_bytes(&expected[4096..], &now[4096..], &format!("shard {index} protected on the GPU"));
    }
}
