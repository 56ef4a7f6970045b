//! The threads that compute: one rayon pool, which all operations of the process share.
//!
//! An operation blocks its caller until its stages are done. If the stages used the pool that the caller belongs to, the
//! callers could occupy all of its threads, and the work that they wait for would never begin. So the stages use this
//! pool, and a thread of this pool never waits for a stage.

use std::io;
use std::sync::OnceLock;
use std::thread;

use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::error::Error;

/// Runs the work in the pool and waits for it. Parallel iterators and codecs within the work use the threads of the pool.
pub(crate) fn run<T: Send>(work: impl FnOnce() -> Result<T, Error> + Send) -> Result<T, Error> {
    let pool = pool()?;
    if rayon::current_thread_index().is_none() {
        return pool.install(work);
    }
    // While a thread of another pool waits inside `install`, it runs other jobs of its own pool. With a parallel iterator over
    // files the next job is the next file, so the buffers of all files would be in memory at once. Waiting for a thread to
    // end runs nothing.
    thread::scope(|scope| {
        let thread = thread::Builder::new()
            .spawn_scoped(scope, || pool.install(work))
            .map_err(|source| Error::Thread { source })?;
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn pool() -> Result<&'static ThreadPool, Error> {
    static POOL: OnceLock<ThreadPool> = OnceLock::new();
    if let Some(pool) = POOL.get() {
        return Ok(pool);
    }
    let cores = thread::available_parallelism().map_or(1, |cores| cores.get());
    let name = |index| format!("evariste-{index}");
    let built = widest(cores, |threads| ThreadPoolBuilder::new().num_threads(threads).thread_name(name).build());
    let built = built.map_err(|refused| Error::Thread { source: io::Error::other(refused) })?;
    // If two operations begin at the same time, one of the two pools ends here.
    Ok(POOL.get_or_init(|| built))
}

/// Builds a pool of rayon's default width (0 threads for its builder). Each time the system refuses, tries with fewer
/// threads: first with one for each core, then with half as many, down to one.
fn widest<P, E>(cores: usize, build: impl Fn(usize) -> Result<P, E>) -> Result<P, E> {
    let (mut built, mut threads) = (build(0), cores);
    while built.is_err() && threads > 0 {
        built = build(threads);
        threads /= 2;
    }
    built
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_is_as_wide_as_the_system_permits() {
        let permits = |most: usize| {
            widest(12, |threads| {
                let threads = if threads == 0 { 16 } else { threads };
                if threads <= most { Ok(threads) } else { Err(threads) }
            })
        };
        assert_eq!([16, 15, 11, 5, 2, 1].map(permits), [Ok(16), Ok(12), Ok(6), Ok(3), Ok(1), Ok(1)]);
        assert_eq!(permits(0), Err(1));
    }

    #[test]
    fn work_runs_in_the_pool_from_any_thread() {
        let name = || run(|| Ok(thread::current().name().map(str::to_owned))).unwrap().unwrap();
        assert!(name().starts_with("evariste-"));
        let other = ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        assert!(other.install(name).starts_with("evariste-"));
    }

    /// A job that waits must not run other jobs of its pool: they would all hold their memory until the first is done.
    #[test]
    fn a_thread_of_another_pool_runs_nothing_while_it_waits() {
        use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
        let other = ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let next_began = AtomicBool::new(false);
        other.scope(|scope| {
            scope.spawn(|scope| {
                scope.spawn(|_| next_began.store(true, SeqCst));
                let pause = || {
                    thread::sleep(std::time::Duration::from_millis(100));
                    Ok(next_began.load(SeqCst))
                };
                assert!(!run(pause).unwrap());
            });
        });
        assert!(next_began.into_inner());
    }
}
