//! `--backend gpu` computes on a GPU or fails.

#[path = "support/support.rs"]
mod support;

use std::fs;

use support::program::{command, run};
use support::{Fixture, PLAIN, assert_same_bytes, evariste, not_testing};

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

/// The numbers that `EVARISTE_DEVICE` takes, from the list and from the error about a wrong value.
#[test]
fn devices_are_listed_with_their_numbers() {
    let ran = evariste(["devices"]).expect(0);
    assert!(ran.out.starts_with("cpu: ") && ran.out.lines().next().unwrap().contains(" thread"), "{}", ran.out);
    let fixture = Fixture::new(PLAIN, 1000);
    let wrong = run(command()
        .arg("verify")
        .arg(fixture.shards())
        .args(["--backend", "gpu"])
        .env("EVARISTE_DEVICE", "no such name"));
    let wrong = wrong.expect(3).says("EVARISTE_DEVICE=no such name cannot be used: no such device; seen: ");
    if ran.out.contains("no GPU") {
        not_testing("the list of devices", &ran.out);
        return;
    }
    let name = ran.out.lines().find_map(|line| line.strip_prefix("0: ")).unwrap();
    wrong.says(&format!("seen: 0: {name} ("));
    for heading in ["   driver  ", "   type    ", "   memory  "] {
        assert!(ran.out.lines().any(|line| line.starts_with(heading)), "{heading}: {}", ran.out);
    }
    run(command().arg("verify").arg(fixture.shards()).args(["--backend", "gpu"]).env("EVARISTE_DEVICE", "0")).expect(0);
}

#[test]
fn without_a_driver_the_list_has_the_cpu_only() {
    let mut command = command();
    command.arg("devices").env("VK_DRIVER_FILES", "/nonexistent").env("VK_ICD_FILENAMES", "/nonexistent");
    let ran = run(&mut command).expect(0).says("no GPU: no driver shows one");
    assert_eq!(ran.out.lines().count(), 2, "{}", ran.out);
}

/// A batch of 32 MiB is where the automatic backend opens the GPU.
#[test]
fn a_wrong_device_is_not_reported_as_a_lack_of_memory() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, vec![7; 48 << 20]).unwrap();
    let mut command = command();
    command.arg("protect").arg(&file).arg("--out").arg(dir.path().join("shards")).env("EVARISTE_DEVICE", "foo");
    let ran = run(&mut command).expect(3);
    assert!(ran.err.starts_with("evariste: EVARISTE_DEVICE=foo cannot be used: no such device; seen: "), "{}", ran.err);
}
