//! Three stages at work at the same time, over a few buffers that go round.
//!
//! ```text
//! fill --> code --> drain
//!   ^-----------------'
//! ```
//!
//! Filling and draining have a thread each, because they wait for the caller's readers and writers. Coding stays on the
//! caller's thread and so uses the rayon pool of that thread.

use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::{panic, thread};

use crate::Error;

/// Makes the buffers that go round.
pub(super) struct Buffers<F> {
    /// The most buffers that are made. A buffer is made only when all earlier ones are in use.
    pub(super) depth: usize,
    pub(super) make: F,
}

/// Runs the stages until `fill` returns false because nothing is left to fill a buffer with.
///
/// Every buffer passes the stages in order. After an error the stages before it stop, and the stages behind it finish the
/// buffers that had passed it. All stages have stopped when this returns. A panic in a stage continues in the caller.
pub(super) fn run<B: Send>(
    buffers: Buffers<impl FnMut() -> Result<B, Error> + Send>,
    fill: impl FnMut(&mut B) -> Result<bool, Error> + Send,
    code: impl FnMut(&mut B) -> Result<(), Error>,
    drain: impl FnMut(&mut B) -> Result<(), Error> + Send,
) -> Result<(), Error> {
    let depth = buffers.depth;
    let (to_fill, drained) = sync_channel(depth);
    let (to_code, filled) = sync_channel(depth);
    let (to_drain, coded) = sync_channel(depth);
    // Each stage owns its two ends of the channels. When it ends, by an error or a panic too, its neighbours find them closed.
    thread::scope(move |scope| {
        let refused = |source| Error::Thread { source };
        let thread = |name: &str| thread::Builder::new().name(format!("evariste-{name}"));
        let filling = thread("fill").spawn_scoped(scope, move || fill_all(buffers, fill, &drained, &to_code));
        let filling = filling.map_err(refused)?;
        let draining = thread("drain").spawn_scoped(scope, move || drain_all(coded, drain, &to_fill));
        let draining = draining.map_err(refused)?;
        let coded = code_all(filled, code, to_drain);
        let [filled, drained] =
            [filling, draining].map(|thread| thread.join().unwrap_or_else(|payload| panic::resume_unwind(payload)));
        filled.and(coded).and(drained)
    })
}

fn fill_all<B>(
    mut buffers: Buffers<impl FnMut() -> Result<B, Error>>,
    mut fill: impl FnMut(&mut B) -> Result<bool, Error>,
    drained: &Receiver<B>,
    to_code: &SyncSender<B>,
) -> Result<(), Error> {
    let mut made = 0;
    loop {
        let mut buffer = match drained.try_recv() {
            Ok(buffer) => buffer,
            Err(TryRecvError::Empty) if made < buffers.depth => {
                made += 1;
                (buffers.make)()?
            }
            Err(_) => match drained.recv() {
                Ok(buffer) => buffer,
                Err(_) => return Ok(()),
            },
        };
        if !fill(&mut buffer)? || to_code.send(buffer).is_err() {
            return Ok(());
        }
    }
}

fn code_all<B>(
    filled: Receiver<B>,
    mut code: impl FnMut(&mut B) -> Result<(), Error>,
    to_drain: SyncSender<B>,
) -> Result<(), Error> {
    for mut buffer in filled {
        code(&mut buffer)?;
        if to_drain.send(buffer).is_err() {
            break;
        }
    }
    Ok(())
}

fn drain_all<B>(
    coded: Receiver<B>,
    mut drain: impl FnMut(&mut B) -> Result<(), Error>,
    to_fill: &SyncSender<B>,
) -> Result<(), Error> {
    for mut buffer in coded {
        drain(&mut buffer)?;
        // Fails once the first stage has nothing left to fill. The buffers on their way are drained all the same.
        let _ = to_fill.send(buffer);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    const STAGES: [&str; 3] = ["fill", "code", "drain"];

    fn error(stage: &'static str) -> Error {
        Error::ObjectLength {
            object_bytes: STAGES.iter().position(|&name| name == stage).unwrap(),
            data_shards: 0,
            shard_bytes: 0,
        }
    }

    /// Sends the numbers below `count` through `depth` buffers, and returns the squares that were drained, the buffers that
    /// were made, and the result. The stage that is named does `fault` at number 3.
    fn squares(
        depth: usize,
        count: u64,
        faulty: &str,
        fault: fn(&'static str) -> Error,
    ) -> (Vec<u64>, usize, Result<(), Error>) {
        let at = |stage: &'static str, number: u64| {
            if stage == faulty && number == 3 { Err(fault(stage)) } else { Ok(()) }
        };
        let (mut next, mut squares, made) = (0, Vec::new(), AtomicUsize::new(0));
        let make = || {
            made.fetch_add(1, SeqCst);
            Ok(0)
        };
        let fill = |buffer: &mut u64| {
            *buffer = next;
            next += 1;
            at("fill", *buffer)?;
            Ok(*buffer < count)
        };
        let code = |buffer: &mut u64| {
            at("code", *buffer)?;
            *buffer *= *buffer;
            Ok(())
        };
        let drain = |buffer: &mut u64| {
            at("drain", buffer.isqrt())?;
            squares.push(*buffer);
            Ok(())
        };
        let result = run(Buffers { depth, make }, fill, code, drain);
        (squares, made.load(SeqCst), result)
    }

    #[test]
    fn every_buffer_passes_every_stage_in_order() {
        for depth in [1, 2, 3, 4] {
            for count in [0, 1, 2, 3, 10, 1000] {
                let (drained, made, result) = squares(depth, count, "", error);
                result.unwrap();
                assert_eq!(drained, (0..count).map(|number| number * number).collect::<Vec<_>>());
                assert!(made <= depth.min(usize::try_from(count).unwrap() + 1), "{made} buffers for {count} numbers");
            }
        }
    }

    #[test]
    fn an_error_in_any_stage_ends_all() {
        for depth in [1, 2, 3, 4] {
            for (index, stage) in STAGES.into_iter().enumerate() {
                let (drained, _, result) = squares(depth, u64::MAX, stage, error);
                assert!(
                    matches!(result, Err(Error::ObjectLength { object_bytes, .. }) if object_bytes == index),
                    "{result:?}"
                );
                assert_eq!(drained, [0, 1, 4], "what passed the stage before the error is finished");
            }
        }
    }

    #[test]
    fn a_panic_in_any_stage_ends_all_and_continues_in_the_caller() {
        for stage in STAGES {
            let panicking = || squares(3, u64::MAX, stage, |stage| panic::panic_any(stage));
            let payload = panic::catch_unwind(panicking).unwrap_err();
            assert_eq!(payload.downcast_ref::<&str>(), Some(&stage));
        }
    }

    /// All three stages meet at one barrier, each with another buffer. Stages that took turns would never meet.
    #[test]
    fn the_stages_work_at_the_same_time() {
        let (done, is_done) = channel();
        thread::spawn(move || {
            let barrier = Barrier::new(3);
            let meet = |number: u64, round: u64| {
                if number == round {
                    barrier.wait();
                }
                Ok(())
            };
            let mut next = 0;
            let fill = |buffer: &mut u64| {
                *buffer = next;
                next += 1;
                meet(*buffer, 2)?;
                Ok(*buffer < 10)
            };
            let buffers = Buffers { depth: 3, make: || Ok(0) };
            run(buffers, fill, |buffer| meet(*buffer, 1), |buffer| meet(*buffer, 0)).unwrap();
            done.send(()).unwrap();
        });
        is_done.recv_timeout(Duration::from_secs(60)).expect("three stages that work at the same time meet");
    }
}
