//! Operations that are called from threads of rayon come to an end, however few threads there are.
//!
//! A call blocks its thread. If its work needed a thread of the same pool, as many calls as the pool has threads would wait
//! forever: so every test here has a time limit. The global pool of this process has one thread.

use std::path::Path;
use std::process::Command;
use std::sync::mpsc::channel;
use std::sync::{Arc, Once};
use std::thread;
use std::time::Duration;
use std::{env, fs};

use evariste::{Backend, Cpu, Layout};
use evariste_store::{RepairOptions, Scheme, Set, Verdict, protect, shard_name};
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

const LIMIT: Duration = Duration::from_secs(60);
/// More than the threads of any pool here.
const FILES: usize = 4;

/// Panics if the work takes longer than the limit. The work's thread is abandoned then.
fn within_limit(work: impl FnOnce() + Send + 'static) {
    let (done, is_done) = channel();
    let thread = thread::spawn(move || {
        work();
        done.send(()).unwrap();
    });
    if is_done.recv_timeout(LIMIT) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
        panic!("the work is not done after {LIMIT:?}");
    }
    thread.join().unwrap();
}

/// Protects a file, verifies the set, loses and repairs two shards, and restores the file.
fn all_operations(dir: &Path, number: usize) {
    let (file, shards, restored) = (
        dir.join(format!("file {number}")),
        dir.join(format!("shards {number}")),
        dir.join(format!("restored {number}")),
    );
    let bytes: Vec<u8> = (0..3_000_000).map(|at: usize| (at % 251 + number).to_le_bytes()[0]).collect();
    fs::write(&file, &bytes).unwrap();
    let backend: Arc<dyn Backend> = Arc::new(Cpu::new().unwrap());
    let scheme = Scheme::new(Layout::ReedSolomon { data: 4, parity: 2 }, 16 << 10).unwrap();
    assert_eq!(protect(&file, &shards, &scheme, &backend, &()).unwrap().set.shape.file_bytes(), 3_000_000);
    for lost in [1, 5] {
        fs::remove_file(shards.join(shard_name(lost))).unwrap();
    }
    let set = Set::open(&shards).unwrap();
    assert!(matches!(set.verify(&backend, &()).unwrap().verdict, Verdict::Repairable));
    assert!(set.restore(&restored, &backend, &()).unwrap().is_damaged);
    assert!(fs::read(&restored).unwrap() == bytes);
    assert_eq!(set.repair(&RepairOptions::new(), &backend, &()).unwrap().rewritten, [1, 5]);
}

fn one_thread() -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(1).build().unwrap()
}

fn global_pool_of_one_thread() {
    static BUILD: Once = Once::new();
    BUILD.call_once(|| ThreadPoolBuilder::new().num_threads(1).build_global().unwrap());
    assert_eq!(rayon::current_num_threads(), 1);
}

#[test]
fn from_a_job_of_a_pool_of_one_thread() {
    within_limit(|| {
        let dir = tempfile::tempdir().unwrap();
        one_thread().scope(|scope| scope.spawn(|_| all_operations(dir.path(), 0)));
    });
}

#[test]
fn from_a_parallel_iterator_in_a_pool_of_one_thread() {
    within_limit(|| {
        let dir = tempfile::tempdir().unwrap();
        one_thread().install(|| (0..FILES).into_par_iter().for_each(|number| all_operations(dir.path(), number)));
    });
}

#[test]
fn from_a_job_of_the_global_pool() {
    within_limit(|| {
        global_pool_of_one_thread();
        let dir = tempfile::tempdir().unwrap();
        let (done, is_done) = channel();
        let path = dir.path().to_owned();
        rayon::spawn(move || {
            all_operations(&path, 0);
            done.send(()).unwrap();
        });
        is_done.recv().unwrap();
    });
}

#[test]
fn from_a_parallel_iterator_in_the_global_pool() {
    within_limit(|| {
        global_pool_of_one_thread();
        let dir = tempfile::tempdir().unwrap();
        (0..FILES).into_par_iter().for_each(|number| all_operations(dir.path(), number));
    });
}

#[test]
fn several_threads_at_the_same_time() {
    within_limit(|| {
        let dir = tempfile::tempdir().unwrap();
        thread::scope(|scope| {
            for number in 0..FILES {
                let path = dir.path();
                scope.spawn(move || all_operations(path, number));
            }
        });
    });
}

/// The tests above once more, where the pool of this crate has only one thread, too.
#[test]
fn with_one_thread_for_all_computing() {
    let child = Command::new(env::current_exe().unwrap())
        .args(["from_", "several_"])
        .env("RAYON_NUM_THREADS", "1")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && printed.contains("5 passed"), "{printed}");
}
