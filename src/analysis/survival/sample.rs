//! Going through some sets of losses, drawn at random.

use rayon::prelude::*;

use crate::analysis::count::{Checks, Effort};
use crate::analysis::random::Random;

/// Sets drawn with one sequence of random numbers: the answer must not depend on how many threads there are.
const PER_STREAM: u64 = 1000;
/// No more than this: an error of a hundredth of a percent is enough for advice.
const MOST_STREAMS: u64 = 1000;

/// How many sets were survived, of how many that were drawn. At least a thousand are, whatever the effort.
pub(super) fn survived(checks: &Checks, losses: usize, effort: &Effort) -> (u64, u64) {
    // Each of the columns is added to each one behind it, and all are copied.
    let steps_of_one = (losses * (losses + 1) / 2 * checks.parities()) as u64;
    let streams = (effort.steps / (steps_of_one * PER_STREAM)).clamp(1, MOST_STREAMS);
    let survived = (0..streams).into_par_iter().map(|stream| {
        let mut random = Random::new(effort.seed, stream);
        let mut shards: Vec<usize> = (0..checks.shards()).collect();
        let mut columns = Vec::new();
        let mut survives = || {
            random.choose(&mut shards, losses);
            checks.is_survived(&shards[..losses], &mut columns)
        };
        (0..PER_STREAM).filter(|_| survives()).count() as u64
    });
    (survived.sum(), streams * PER_STREAM)
}
