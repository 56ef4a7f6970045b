//! Reading, computing and writing at the same time, over a few buffers that go round.
//!
//! ```text
//! free --fill--> full --work--> done --drain--> free
//! ```
//!
//! Each stage has its own thread and handles one buffer at a time, in order; with two buffers two
//! stages run at any time, with one they take turns. No memory is allocated on the way, so the buffers bound what a verb needs.

use std::sync::mpsc::sync_channel;
use std::thread;

use anyhow::Result;

use crate::interrupt;

/// Sends the buffers round until `fill` returns false, and returns the first error. `work` runs on the calling thread.
/// Without a buffer there is nothing to do.
///
/// After an error no stage begins another buffer, and all have stopped when this returns.
pub(crate) fn run<B: Send>(
    buffers: Vec<B>,
    mut fill: impl FnMut(&mut B) -> Result<bool> + Send,
    mut work: impl FnMut(&mut B) -> Result<()>,
    mut drain: impl FnMut(&mut B) -> Result<()> + Send,
) -> Result<()> {
    let depth = buffers.len();
    if depth == 0 {
        return Ok(()); // every stage would wait for a buffer from the one before it
    }
    let (free_in, free) = sync_channel(depth);
    let (full_in, full) = sync_channel::<B>(depth);
    let (done_in, done) = sync_channel::<B>(depth);
    for buffer in buffers {
        // Cannot fail: the receiver is alive, and there is room for all of them.
        let _ = free_in.send(buffer);
    }
    thread::scope(|scope| {
        // A stage that fails drops both its ends: the stages beside it find a closed channel and stop.
        let filler = scope.spawn(move || -> Result<()> {
            for mut buffer in free {
                interrupt::check()?;
                if !fill(&mut buffer)? || full_in.send(buffer).is_err() {
                    break;
                }
            }
            Ok(())
        });
        let drainer = scope.spawn(move || -> Result<()> {
            for mut buffer in done {
                drain(&mut buffer)?;
                // Fails once nothing is left to fill; what is on its way still has to be drained.
                let _ = free_in.send(buffer);
            }
            Ok(())
        });
        let worked = move || -> Result<()> {
            for mut buffer in full {
                work(&mut buffer)?;
                if done_in.send(buffer).is_err() {
                    break;
                }
            }
            Ok(())
        };
        let worked = worked();
        let filled = filler.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let drained = drainer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        filled.and(worked).and(drained)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;

    /// Sends the numbers below `count` round `depth` buffers; the stage named fails at number 3.
    fn squares(depth: usize, count: u64, failing: &str) -> (Vec<u64>, Result<()>) {
        let mut drained = Vec::new();
        let mut next = 0;
        let fail = |stage: &str, number: u64| {
            if stage == failing && number == 3 { bail!("{stage} failed") } else { Ok(()) }
        };
        let result = run(
            vec![(0, 0); depth],
            |buffer| {
                buffer.0 = next;
                next += 1;
                fail("fill", buffer.0)?;
                Ok(buffer.0 < count)
            },
            |buffer| {
                buffer.1 = buffer.0 * buffer.0;
                fail("work", buffer.0)
            },
            |buffer| {
                fail("drain", buffer.0)?;
                drained.push(buffer.1);
                Ok(())
            },
        );
        (drained, result)
    }

    #[test]
    fn every_buffer_passes_every_stage_in_order() {
        for depth in [1, 2, 3] {
            for count in [0, 1, 2, 3, 10] {
                let (drained, result) = squares(depth, count, "");
                result.unwrap();
                assert_eq!(drained, (0..count).map(|number| number * number).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn without_a_buffer_nothing_happens() {
        let (drained, result) = squares(0, 10, "fill");
        result.unwrap();
        assert_eq!(drained, [0u64; 0]);
    }

    #[test]
    fn an_error_in_any_stage_ends_all() {
        for depth in [1, 2, 3] {
            for stage in ["fill", "work", "drain"] {
                let (drained, result) = squares(depth, 1000, stage);
                assert_eq!(result.unwrap_err().to_string(), format!("{stage} failed"));
                assert!(drained.len() <= 3);
            }
        }
    }
}
