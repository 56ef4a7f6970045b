//! Stages that work at the same time, over a few buffers that are reused in a ring.
//!
//! ```text
//! fill --> stage --> stage --> stage
//!   ^--------------------------'
//! ```
//!
//! Each stage has its own thread and handles one buffer at a time, in order. At most as many stages run at the same
//! time as there are buffers. The buffers bound the memory that an operation needs. What a stage does in parallel it does
//! in the crate's [`pool`](crate::pool).

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::watch::Watch;

type Work<'a, B> = Box<dyn FnMut(&mut B) -> Result<bool, Error> + Send + 'a>;

/// One step, which every buffer passes.
pub(crate) struct Stage<'a, B> {
    name: &'static str,
    work: Work<'a, B>,
}

impl<'a, B> Stage<'a, B> {
    pub(crate) fn new(name: &'static str, mut work: impl FnMut(&mut B) -> Result<(), Error> + Send + 'a) -> Self {
        Self { name, work: Box::new(move |buffer| work(buffer).map(|()| true)) }
    }

    /// The first stage. `fill` returns false when nothing is left to read.
    pub(crate) fn source(name: &'static str, fill: impl FnMut(&mut B) -> Result<bool, Error> + Send + 'a) -> Self {
        Self { name, work: Box::new(fill) }
    }
}

/// How long a stage of an operation was at work. Stages work at the same time, so their times overlap. The others wait
/// for the slowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StageTime {
    /// The stage: `read`, `hash`, `encode`, `rebuild`, `write` or `sync`.
    pub stage: &'static str,
    /// How long it was at work.
    pub time: Duration,
}

/// Passes the buffers round until the first stage returns false. Returns how long each stage was busy, or the error of
/// the first stage in the list that failed. Without buffers no stage runs.
///
/// When a stage fails, a stage before it stops as soon as it cannot pass a buffer on, and the stages after it finish
/// the buffers that they already have. If the system refuses a thread, no stage runs. All stages have stopped when this
/// returns.
pub(crate) fn run<B: Send>(
    buffers: Vec<B>,
    stages: Vec<Stage<'_, B>>,
    watch: &dyn Watch,
) -> Result<Vec<StageTime>, Error> {
    run_on(thread::Builder::new, buffers, stages, watch)
}

/// As [`run`], on threads of this builder.
fn run_on<B: Send>(
    builder: impl Fn() -> thread::Builder,
    buffers: Vec<B>,
    stages: Vec<Stage<'_, B>>,
    watch: &dyn Watch,
) -> Result<Vec<StageTime>, Error> {
    let depth = buffers.len();
    if depth == 0 {
        // Every stage would wait for a buffer from the one before it.
        return Ok(stages.iter().map(|stage| StageTime { stage: stage.name, time: Duration::ZERO }).collect());
    }
    let count = stages.len();
    // Every stage passes its buffers to the next, and the last to the first.
    let (mut senders, receivers): (Vec<_>, Vec<_>) = (0..count).map(|_| sync_channel(depth)).unzip();
    let first = senders[0].clone();
    senders.rotate_left(1);
    thread::scope(move |scope| {
        let ends = receivers.into_iter().zip(senders).enumerate();
        // If a thread is refused, all ends of the channels are dropped, and the stages that have a thread stop.
        let threads: Vec<_> = (stages.into_iter().zip(ends))
            .map(|(stage, (at, (from, to)))| {
                let builder = builder().name(format!("evariste-{}", stage.name));
                builder.spawn_scoped(scope, move || attend(stage, from, to, at + 1 == count, watch))
            })
            .collect::<Result<_, _>>()
            .map_err(|source| Error::Thread { source })?;
        for buffer in buffers {
            // Fails only after a panic of the first stage, which `join` passes on. The channel has room for all buffers.
            let _ = first.send(buffer);
        }
        drop(first);
        // All threads are joined before the first error is returned.
        let done: Vec<_> = threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect();
        done.into_iter().collect()
    })
}

/// Runs one stage until its channel closes. A stage that fails drops both its channel ends, so its neighbours find a
/// closed channel and stop.
fn attend<B>(
    mut stage: Stage<'_, B>,
    from: Receiver<B>,
    to: SyncSender<B>,
    is_last: bool,
    watch: &dyn Watch,
) -> Result<StageTime, Error> {
    let mut time = Duration::ZERO;
    for mut buffer in from {
        if watch.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let started = Instant::now();
        let goes_on = (stage.work)(&mut buffer)?;
        time += started.elapsed();
        // When the source has stopped, the last stage cannot pass its buffer on. It continues, because other buffers
        // are still on their way.
        if !goes_on || (to.send(buffer).is_err() && !is_last) {
            break;
        }
    }
    Ok(StageTime { stage: stage.name, time })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::path::Path;

    use crate::error::Action;

    /// Passes the numbers below `count` through `depth` buffers; the stage `failing` fails at number 3.
    fn squares(depth: usize, count: u64, failing: &str) -> (Vec<u64>, Result<(), Error>) {
        let mut drained = Vec::new();
        let mut next = 0;
        let fail = |stage: &str, number: u64| {
            let failed = || Error::io(Action::Write, Path::new(stage))(io::Error::other("disk full"));
            if stage == failing && number == 3 { Err(failed()) } else { Ok(()) }
        };
        let fill = |buffer: &mut (u64, u64)| {
            buffer.0 = next;
            next += 1;
            fail("fill", buffer.0)?;
            Ok(buffer.0 < count)
        };
        let stages = vec![
            Stage::source("fill", fill),
            Stage::new("square", |buffer: &mut (u64, u64)| {
                buffer.1 = buffer.0 * buffer.0;
                fail("square", buffer.0)
            }),
            Stage::new("pass", |buffer: &mut (u64, u64)| fail("pass", buffer.0)),
            Stage::new("drain", |buffer: &mut (u64, u64)| {
                fail("drain", buffer.0)?;
                drained.push(buffer.1);
                Ok(())
            }),
        ];
        let result = run(vec![(0, 0); depth], stages, &());
        if let Ok(busy) = &result {
            let names: Vec<&str> = busy.iter().map(|busy| busy.stage).collect();
            assert_eq!(names, ["fill", "square", "pass", "drain"]);
        }
        (drained, result.map(|_| ()))
    }

    #[test]
    fn every_buffer_passes_every_stage_in_order() {
        for depth in [1, 2, 3, 4] {
            for count in [0, 1, 2, 3, 10] {
                let (drained, result) = squares(depth, count, "");
                result.unwrap();
                assert_eq!(drained, (0..count).map(|number| number * number).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn without_buffers_no_stage_runs() {
        let (drained, result) = squares(0, 10, "fill");
        result.unwrap();
        assert_eq!(drained, [0u64; 0]);
    }

    #[test]
    fn a_cancelled_run_stops_before_its_next_buffer() {
        struct Stopped;
        impl Watch for Stopped {
            fn is_cancelled(&self) -> bool {
                true
            }
        }
        let stages = vec![Stage::source("fill", |_: &mut ()| panic!("a cancelled run goes on"))];
        assert!(matches!(run(vec![()], stages, &Stopped), Err(Error::Cancelled)));
    }

    #[test]
    fn a_refused_thread_is_an_error_and_no_stage_runs() {
        // The system has no room for such a stack.
        let refusing = || thread::Builder::new().stack_size(usize::MAX / 4);
        let started = std::cell::Cell::new(0);
        for permitted in 0..3 {
            started.set(0);
            let builder = || {
                started.set(started.get() + 1);
                if started.get() > permitted { refusing() } else { thread::Builder::new() }
            };
            let stage = |name| Stage::new(name, |_: &mut ()| panic!("a stage runs"));
            let stages = vec![stage("fill"), stage("square"), stage("drain")];
            let result = run_on(builder, vec![(), ()], stages, &());
            assert!(matches!(result, Err(Error::Thread { .. })), "{permitted} threads: {result:?}");
        }
    }

    #[test]
    fn an_error_in_any_stage_ends_the_run() {
        for depth in [1, 2, 3, 4] {
            for stage in ["fill", "square", "pass", "drain"] {
                let (drained, result) = squares(depth, 1000, stage);
                assert_eq!(result.unwrap_err().to_string(), format!("cannot write {stage}"));
                assert!(drained.len() <= 3);
            }
        }
    }
}
