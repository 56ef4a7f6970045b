//! Every error is typed, names what a caller needs to act, and leaves the files as they were.

#[path = "support/fixture.rs"]
mod fixture;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use evariste::{Backend, Batch, Cpu, Info, Mismatch, Region, Report, Task};
use evariste_store::{
    Action, Error, Flaw, FormatError, PathProblem, RepairOptions, Scheme, Set, ShapeError, Verdict, Watch, protect,
    shard_name,
};
use fixture::Fixture;

/// Does something while an operation is at work, as another process could.
struct Meanwhile<F>(F);

impl<F: Fn() + Sync> Watch for Meanwhile<F> {
    fn advance(&self, _: u64) {
        (self.0)();
    }
}

#[test]
fn a_directory_without_shards() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("notes"), "mine").unwrap();
    let error = Set::open(dir.path()).unwrap_err();
    assert!(matches!(&error, Error::NoShards { dir: named } if named == dir.path()), "{error}");
    let absent = dir.path().join("absent");
    let error = Set::open(&absent).unwrap_err();
    assert!(matches!(&error, Error::Io { action: Action::ReadDirectory, path, .. } if *path == absent), "{error}");
}

#[test]
fn no_header_can_be_used() {
    let fixture = Fixture::small();
    (0..5).for_each(|index| fixture.damage(index, 100));
    let error = Set::open(fixture.shards()).unwrap_err();
    let Error::NoUsableHeader(files) = &error else { panic!("{error}") };
    assert_eq!((&files.dir, files.flaws.len(), files.has_unknown()), (&fixture.shards(), 5, false));
    for (index, (name, flaw)) in files.flaws.iter().enumerate() {
        assert_eq!(*name, *shard_name(index));
        assert!(matches!(flaw, Flaw::Format(FormatError::HeaderChecksum { version: 1 })), "{flaw}");
    }
}

#[test]
fn two_sets_of_the_same_size_in_one_directory() {
    let fixture = Fixture::small();
    let first = fixture.open().header().id;
    let second = fixture.protect(&fixture.path("second")).unwrap().set.id;
    for index in 0..5 {
        let name = shard_name(index);
        fs::rename(fixture.path("second").join(&name), fixture.shards().join(format!("second-{name}"))).unwrap();
    }
    let error = Set::open(fixture.shards()).unwrap_err();
    let mut expected = [first, second];
    expected.sort();
    assert!(
        matches!(&error, Error::AmbiguousSet { dir, shards: 5, ids } if *dir == fixture.shards() && *ids == expected),
        "{error}"
    );
    // The set with more shards is opened.
    fs::remove_file(fixture.shards().join("second-000.shard")).unwrap();
    assert_eq!(fixture.open().header().id, first);
}

#[test]
fn numbers_that_do_not_make_a_set() {
    for (unit_bytes, expected) in [
        (4097, ShapeError::UnitNotInBlocks { unit_bytes: 4097 }),
        (2 << 30, ShapeError::UnitTooLarge { unit_bytes: 2 << 30 }),
    ] {
        let error = Scheme::new("raid5:4".parse().unwrap(), unit_bytes).unwrap_err();
        assert!(matches!(&error, Error::Shape(shape) if *shape == expected), "{error}");
    }
}

#[test]
fn paths_that_cannot_be_protected() {
    let fixture = Fixture::small();
    let before = fixture.snapshot();
    let protect_path = |file: PathBuf, dir| protect(file, fixture.path(dir), &fixture.scheme, &fixture.backend, &());
    let error = protect_path(fixture.shards(), "new").unwrap_err();
    assert!(
        matches!(&error, Error::NotAFile { path, problem: PathProblem::Directory } if *path == fixture.shards()),
        "{error}"
    );
    let error = protect_path(fixture.path("absent"), "new").unwrap_err();
    assert!(matches!(&error, Error::Io { action: Action::Read, .. }), "{error}");
    let error = protect_path(fixture.file(), "shards").unwrap_err();
    assert!(matches!(&error, Error::HoldsShards { name, .. } if name == "000.shard"), "{error}");
    let error = protect_path(fixture.file(), "file").unwrap_err();
    assert!(matches!(&error, Error::Io { action: Action::ReadDirectory, .. }), "{error}");
    assert!(fixture.snapshot() == before);

    fs::create_dir_all(fixture.path("taken").join(shard_name(3))).unwrap();
    let before = fixture.snapshot();
    let error = protect_path(fixture.file(), "taken").unwrap_err();
    assert!(matches!(&error, Error::NameTaken { name, .. } if *name == shard_name(3)), "{error}");
    assert!(fixture.snapshot() == before);
}

#[test]
fn paths_that_cannot_be_restored_to() {
    let fixture = Fixture::small();
    let before = fixture.snapshot();
    let restore = |path: PathBuf| fixture.open().restore(path, &fixture.backend, &()).unwrap_err();
    let error = restore(fixture.shards());
    assert!(matches!(&error, Error::NotAFile { problem: PathProblem::Occupied, .. }), "{error}");
    let error = restore(fixture.path("absent").join(".."));
    assert!(matches!(&error, Error::NotAFile { problem: PathProblem::NoName, .. }), "{error}");
    let error = restore(fixture.path("absent").join("file"));
    assert!(matches!(&error, Error::Io { action: Action::CreateIn, .. }), "{error}");
    assert!(fixture.snapshot() == before);
}

#[test]
fn a_file_that_grows_while_it_is_read() {
    let fixture = Fixture::unprotected("rs:3+2", 4096, 50_000);
    let grow = Meanwhile(|| fs::write(fixture.file(), vec![7; 50_001]).unwrap());
    let error = protect(fixture.file(), fixture.shards(), &fixture.scheme, &fixture.backend, &grow).unwrap_err();
    assert!(matches!(&error, Error::FileChanged { file_bytes: 50_000, grew: true, .. }), "{error}");
    assert!(!fixture.shards().exists());
}

/// The temporary file of a shard that is being written.
fn temporary(fixture: &Fixture, index: usize) -> PathBuf {
    let prefix = format!(".{}.", shard_name(index));
    let mut files = fs::read_dir(fixture.shards()).unwrap().map(|entry| entry.unwrap().path());
    files.find(|path| path.file_name().unwrap().to_str().unwrap().starts_with(&prefix)).expect("a temporary file")
}

#[test]
fn a_repair_that_stops_between_two_renamings() {
    let fixture = Fixture::small();
    let before = fixture.snapshot();
    // Shard 1 is lost and a directory has its name. Shard 2 has another name.
    let mine = fixture.shards().join("mine.shard");
    fixture.lose(1);
    fs::create_dir(fixture.shard(1)).unwrap();
    fs::rename(fixture.shard(2), &mine).unwrap();
    let plan = fixture.open().plan_repair(&RepairOptions::new(), &fixture.backend, &()).unwrap();
    let error = plan.run(&Meanwhile(|| fs::rename(&mine, fixture.path("taken away")).unwrap())).unwrap_err();
    let Error::PartlyRepaired { renamed, placed, wanted: 1, source } = &error else { panic!("{error}") };
    assert_eq!(renamed.len(), 1, "{renamed:?}");
    assert!(renamed[0].from == "001.shard" && renamed[0].to == "001.shard.aside" && renamed[0].is_aside);
    assert!(placed.is_empty());
    assert!(
        matches!(&**source, Error::Rename { from, to, .. } if *from == mine && *to == fixture.shard(2)),
        "{source}"
    );

    // The repair can be run again.
    fs::rename(fixture.path("taken away"), &mine).unwrap();
    let repaired = fixture.repair().unwrap();
    assert_eq!((&repaired.rewritten[..], repaired.renamed.len()), (&[1][..], 1));
    fs::remove_dir(fixture.shards().join("001.shard.aside")).unwrap();
    assert!(fixture.snapshot() == before);
}

#[test]
fn a_repair_that_stops_between_two_shards() {
    let fixture = Fixture::small();
    let before = fixture.snapshot();
    fixture.lose(0);
    fixture.lose(4);
    let plan = fixture.open().plan_repair(&RepairOptions::new(), &fixture.backend, &()).unwrap();
    assert!(plan.health().damaged.keys().eq(&[0, 4]));
    let error = plan.run(&Meanwhile(|| fs::remove_file(temporary(&fixture, 4)).unwrap())).unwrap_err();
    let Error::PartlyRepaired { renamed, placed, wanted: 2, source } = &error else { panic!("{error}") };
    assert!(renamed.is_empty() && placed[..] == [0]);
    assert!(matches!(&**source, Error::Rename { to, .. } if *to == fixture.shard(4)), "{source}");

    assert_eq!(fixture.repair().unwrap().rewritten, [4]);
    assert!(fixture.snapshot() == before);
}

/// The CPU, whose report is changed before it is returned.
struct Altered<F>(Cpu, F);

impl<F: Fn(&[Batch<'_>], &mut Report) + Send + Sync> Backend for Altered<F> {
    fn info(&self) -> Info {
        self.0.info()
    }

    fn allocate(&self, bytes: usize) -> Result<Region, evariste::Error> {
        self.0.allocate(bytes)
    }

    fn run(&self, batches: &mut [Batch<'_>]) -> Result<Report, evariste::Error> {
        let mut report = self.0.run(batches)?;
        (self.1)(batches, &mut report);
        Ok(report)
    }
}

fn altered(alter: impl Fn(&[Batch<'_>], &mut Report) + Send + Sync + 'static) -> Arc<dyn Backend> {
    Arc::new(Altered(Cpu::new().unwrap(), alter))
}

#[test]
fn a_device_that_fails_while_it_corrects() {
    let fixture = Fixture::small();
    // Of three shards the checksum table is damaged: by checksums, too few are left.
    (0..3).for_each(|index| fixture.damage(index, -1));
    let before = fixture.snapshot();
    let failing = altered(|batches, report| {
        report.is_second_run = batches.iter().any(|batch| matches!(batch.task(), Task::Correct { .. }));
    });
    let options = RepairOptions::new().locate(true);
    let error = fixture.open().repair(&options, &failing, &()).unwrap_err();
    assert!(matches!(error, Error::CorrectionUnknown), "{error}");
    assert!(fixture.snapshot() == before);
    // Without the failure the set is repaired.
    assert_eq!(fixture.open().repair(&options, &fixture.backend, &()).unwrap().rewritten, [0, 1, 2]);
    fixture.assert_whole();
}

#[test]
fn a_backend_that_reports_a_place_that_does_not_exist() {
    let fixture = Fixture::small();
    for (slot, first, expected) in [(5, 0, ("shard", 5, 5)), (4, 5 * 4096, ("byte", 5 * 4096, 5 * 4096))] {
        let foreign = altered(move |_, report| report.mismatches.push(Mismatch::new(0, slot, 0, first, 1)));
        let error = fixture.open().verify(&foreign, &()).unwrap_err();
        assert!(
            matches!(&error, Error::BackendReport { what, index, count } if (*what, *index, *count) == expected),
            "{error}"
        );
    }
    let foreign = altered(|_, report| report.mismatches.push(Mismatch::new(0, 4, 0, 4 * 4096, 1)));
    let health = fixture.open().verify(&foreign, &()).unwrap();
    assert!(matches!(health.verdict, Verdict::Repairable) && health.damaged.keys().eq(&[4]), "{health:?}");
}
