//! Timing by the wall clock, in rounds. A round makes enough calls to be long compared with the clock's resolution and with
//! waking threads.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::interrupt;
use crate::timing::ROUNDS;

/// The fewest rounds that count, even if they take too long.
const FEWEST_ROUNDS: usize = 3;

/// Makes rounds until `warm_up` is over, at least one. Then makes the rounds that count and returns them: [`ROUNDS`],
/// or fewer if `most` is over before, but at least [`FEWEST_ROUNDS`].
pub(crate) fn rounds<T>(warm_up: Duration, most: Duration, mut round: impl FnMut() -> Result<T>) -> Result<Vec<T>> {
    let started = Instant::now();
    loop {
        interrupt::check()?;
        round()?;
        if started.elapsed() >= warm_up {
            break;
        }
    }
    let started = Instant::now();
    let mut counted = Vec::with_capacity(ROUNDS);
    while counted.len() < FEWEST_ROUNDS || counted.len() < ROUNDS && started.elapsed() < most {
        interrupt::check()?;
        counted.push(round()?);
    }
    Ok(counted)
}

/// Makes calls back to back until `least` is over, at least one, and returns the mean seconds of a call.
pub(crate) fn mean(least: Duration, mut call: impl FnMut() -> Result<()>) -> Result<f64> {
    let (mut calls, started) = (0.0, Instant::now());
    loop {
        call()?;
        calls += 1.0;
        let elapsed = started.elapsed();
        if elapsed >= least {
            return Ok(elapsed.as_secs_f64() / calls);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_rounds_are_fewer_and_the_warm_up_does_not_count() {
        let mut made = 0;
        let mut round = || {
            made += 1;
            Ok(made)
        };
        assert_eq!(rounds(Duration::ZERO, Duration::ZERO, &mut round).unwrap(), [2, 3, 4]);
        let all: Vec<usize> = (6..6 + ROUNDS).collect();
        assert_eq!(rounds(Duration::ZERO, Duration::MAX, &mut round).unwrap(), all);
    }

    #[test]
    fn a_mean_is_of_all_calls() {
        let mut calls = 0;
        let call = || {
            calls += 1;
            std::thread::sleep(Duration::from_millis(1));
            Ok(())
        };
        let seconds = mean(Duration::from_millis(10), call).unwrap();
        assert!((2..=10).contains(&calls) && seconds >= 1e-3, "{calls} calls of {seconds} s");
        assert!(mean(Duration::ZERO, || Ok(())).unwrap() >= 0.0);
    }
}
