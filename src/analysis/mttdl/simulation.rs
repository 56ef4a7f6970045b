//! A Monte Carlo simulation of the same disks, each by its number.

use rayon::prelude::*;

use super::{Disks, Repair};
use crate::analysis::count::Checks;
use crate::analysis::random::Random;
use crate::{Code, Error};

/// What a simulation found.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Simulated {
    /// The mean of the hours until data was lost.
    pub mean_hours: f64,
    /// The mean's standard error: two thirds of all simulations are nearer to the truth than this. Not a number for
    /// fewer than two arrays.
    pub standard_error_hours: f64,
    /// Arrays that were followed until they lost data.
    pub arrays: usize,
}

/// Follows so many arrays of a code's shards, one a disk, until each has lost data.
///
/// Disks fail and are repaired as the [chain](super::chain) has it, serial repair taking the disk that failed first;
/// whether a set of failed disks can be borne, the code says. The same seed gives the same result on every machine.
///
/// Every failure and every repair is an event to go through, about 2 n MTTDL / MTTF of them for an array: with disks as
/// they are sold, only layouts that lose data early come to an end. Tests make disks worse.
///
/// # Errors
/// [`Error::ShardCount`] if there are not as many disks as shards; [`Error::Hours`] unless both mean times are
/// positive.
pub fn simulate(code: &Code, disks: &Disks, arrays: usize, seed: u64) -> Result<Simulated, Error> {
    if disks.count != code.total_shards() {
        return Err(Error::ShardCount { given: disks.count, expected: code.total_shards() });
    }
    disks.check()?;
    let checks = Checks::new(code);
    let life = |array: usize| hours_until_loss(&checks, disks, &mut Random::new(seed, array as u64));
    let lives: Vec<f64> = (0..arrays).into_par_iter().map(life).collect();
    #[expect(clippy::cast_precision_loss, reason = "a count of arrays")]
    let count = arrays as f64;
    let mean_hours = lives.iter().sum::<f64>() / count;
    let variance = lives.iter().map(|life| (life - mean_hours).powi(2)).sum::<f64>() / (count - 1.0);
    Ok(Simulated { mean_hours, standard_error_hours: (variance / count).sqrt(), arrays })
}

/// The life of one array.
fn hours_until_loss(checks: &Checks, disks: &Disks, random: &mut Random) -> f64 {
    let mut hours = 0.0;
    // In the order in which they failed, and the others.
    let mut failed: Vec<usize> = Vec::new();
    let mut whole: Vec<usize> = (0..disks.count).collect();
    let mut columns = Vec::new();
    loop {
        let (fails, repairs) = (disks.failure_rate(failed.len()), disks.repair_rate(failed.len()));
        hours += random.exponential(fails + repairs);
        if random.unit() * (fails + repairs) <= fails {
            failed.push(whole.swap_remove(random.below(whole.len())));
            if !checks.is_survived(&failed, &mut columns) {
                return hours;
            }
        } else {
            whole.push(match disks.repair {
                Repair::Serial => failed.remove(0),
                Repair::Parallel => failed.swap_remove(random.below(failed.len())),
            });
        }
    }
}
