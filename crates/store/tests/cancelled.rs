//! An operation that is cancelled leaves no file and does not touch the set, whenever it is cancelled.

#[path = "support/fixture.rs"]
mod fixture;

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use evariste_store::{Error, Phase, RepairOptions, Watch, protect};
use fixture::Fixture;

/// Cancels when it has been asked so many times.
struct After {
    left: AtomicUsize,
    begun: AtomicUsize,
}

impl Watch for After {
    fn begin(&self, _: Phase, _: u64) {
        self.begun.fetch_add(1, SeqCst);
    }

    fn is_cancelled(&self) -> bool {
        self.left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_err()
    }
}

/// Cancels an operation at every point at which it asks, then lets it succeed. Each time it was cancelled the files are
/// what they were. Returns how often it was cancelled, and after how many phases it succeeded.
fn cancel_everywhere(fixture: &Fixture, operation: impl Fn(&After) -> Result<(), Error>) -> (usize, usize) {
    let before = fixture.snapshot();
    for permitted in 0.. {
        let watch = After { left: permitted.into(), begun: 0.into() };
        match operation(&watch) {
            Err(Error::Cancelled) => {
                assert!(fixture.snapshot() == before, "a file changed after {permitted} questions")
            }
            Err(error) => panic!("{error}"),
            Ok(()) => {
                assert!(fixture.snapshot() != before, "the operation did nothing");
                return (permitted, watch.begun.into_inner());
            }
        }
    }
    unreachable!("an operation asks a finite number of times");
}

/// Each of four stages asks before its only batch, and the first once more to find that no batch is left.
const QUESTIONS: usize = 5;

#[test]
fn protect_leaves_nothing() {
    let fixture = Fixture::unprotected("rs:3+2", 4096, 50_000);
    let protect =
        |watch: &After| protect(fixture.file(), fixture.shards(), &fixture.scheme, &fixture.backend, watch).map(drop);
    assert_eq!(cancel_everywhere(&fixture, protect), (QUESTIONS, 1));
    fixture.assert_whole();
}

#[test]
fn protect_into_a_directory_leaves_its_files() {
    let fixture = Fixture::unprotected("rs:3+2", 4096, 50_000);
    fs::create_dir(fixture.shards()).unwrap();
    fs::write(fixture.shards().join("notes"), "mine").unwrap();
    let protect =
        |watch: &After| protect(fixture.file(), fixture.shards(), &fixture.scheme, &fixture.backend, watch).map(drop);
    assert_eq!(cancel_everywhere(&fixture, protect), (QUESTIONS, 1));
}

#[test]
fn repair_does_not_touch_the_set() {
    let fixture = Fixture::small();
    fixture.lose(1);
    fixture.damage(3, 5000);
    fs::rename(fixture.shard(2), fixture.shards().join("mine.shard")).unwrap();
    let repair = |watch: &After| fixture.open().repair(&RepairOptions::new(), &fixture.backend, watch).map(drop);
    assert_eq!(cancel_everywhere(&fixture, repair), (2 * QUESTIONS, 2));
    fixture.assert_whole();
}

#[test]
fn restore_leaves_the_old_file() {
    let fixture = Fixture::small();
    fixture.lose(0);
    fs::write(fixture.restored(), "the old file").unwrap();
    let restore = |watch: &After| fixture.open().restore(fixture.restored(), &fixture.backend, watch).map(drop);
    assert_eq!(cancel_everywhere(&fixture, restore), (QUESTIONS, 1));
    assert!(fs::read(fixture.restored()).unwrap() == fixture.bytes);
}

#[test]
fn restore_leaves_no_file() {
    let fixture = Fixture::small();
    let restore = |watch: &After| fixture.open().restore(fixture.restored(), &fixture.backend, watch).map(drop);
    assert_eq!(cancel_everywhere(&fixture, restore), (QUESTIONS, 1));
}

#[test]
fn verify_is_cancelled_too() {
    let fixture = Fixture::small();
    for permitted in 0..QUESTIONS {
        let watch = After { left: permitted.into(), begun: 0.into() };
        assert!(matches!(fixture.open().verify(&fixture.backend, &watch), Err(Error::Cancelled)));
    }
    let watch = After { left: QUESTIONS.into(), begun: 0.into() };
    assert!(fixture.open().verify(&fixture.backend, &watch).is_ok());
}
