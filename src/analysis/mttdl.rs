//! The mean time to data loss, MTTDL, by a Markov chain and by simulation.
//!
//! **Read this before a figure from here.** K. M. Greenan, J. S. Plank and J. J. Wylie, "Mean time to meaningless:
//! MTTDL, Markov models, and storage system reliability", HotStorage 2010: disks neither fail nor are repaired at
//! constant rates, sector errors found during a rebuild are what loses data, and the mean of a time far beyond any
//! system's life says nothing of the years it will live. Compare layouts under the same assumptions with it; promise
//! nobody a number of hours.
//!
//! **The model.** n disks, each failing at the rate 1 / MTTF, independently of the others and of its age; a failed disk
//! is repaired at the rate 1 / MTTR, either one disk at a time or all at once ([`Repair`]); nothing else goes wrong.
//! State i of the chain is i failed disks:
//!
//! ```text
//!       n/MTTF       (n-1)/MTTF      (n-2)/MTTF
//!   0  -------->  1  ----------> 2  -----------> ...  data lost
//!      <--------     <----------
//!       1/MTTR        1/MTTR (serial) or 2/MTTR (parallel)
//! ```
//!
//! A code that survives some sets of a size and not others adds one assumption: the sets it is found in are as likely
//! as all others that it survives, so that failure i + 1 is borne with the probability S(i + 1) / S(i), S being the
//! share of sets [survived](super::survived). [`simulate`] needs none of that: it follows every disk by its number.
//!
//! ```
//! use evariste::analysis::mttdl::{Disks, Repair, chain};
//! let disks = Disks::new(8, 1e6, 24.0, Repair::Serial);
//! // RAID 5 in the closed form of the paper's section 2: (15 / MTTF + 1 / MTTR) / (8 * 7 / MTTF^2).
//! let raid5 = chain(&disks, &[1.0, 1.0])?;
//! assert!((raid5 / 7.443_155e8 - 1.0).abs() < 1e-6);
//! # Ok::<(), evariste::Error>(())
//! ```

mod simulation;

pub use simulation::{Simulated, simulate};

use crate::Error;

/// The disks of an array, and how they fail and are repaired.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Disks {
    /// The number of disks, including parity.
    pub count: usize,
    /// Mean time to failure of one disk, in hours.
    pub mttf_hours: f64,
    /// Mean time to repair one disk, in hours.
    pub mttr_hours: f64,
    /// How failed disks are repaired.
    pub repair: Repair,
}

/// How failed disks are repaired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// One at a time.
    Serial,
    /// All at once, each as fast as if it were alone.
    Parallel,
}

impl Disks {
    /// This many disks, with their mean times to failure and to repair in hours.
    #[must_use]
    pub fn new(count: usize, mttf_hours: f64, mttr_hours: f64, repair: Repair) -> Self {
        Self { count, mttf_hours, mttr_hours, repair }
    }

    fn check(&self) -> Result<(), Error> {
        for (what, given) in
            [("the mean time to failure", self.mttf_hours), ("the mean time to repair", self.mttr_hours)]
        {
            if !(given > 0.0 && given.is_finite()) {
                return Err(Error::Hours { what, given });
            }
        }
        Ok(())
    }

    /// Failures per hour while `failed` disks are failed.
    #[expect(clippy::cast_precision_loss, reason = "counts of disks")]
    fn failure_rate(&self, failed: usize) -> f64 {
        (self.count - failed) as f64 / self.mttf_hours
    }

    /// Repairs per hour while `failed` disks are failed.
    #[expect(clippy::cast_precision_loss, reason = "counts of disks")]
    fn repair_rate(&self, failed: usize) -> f64 {
        let at_once = match self.repair {
            Repair::Serial => failed.min(1),
            Repair::Parallel => failed,
        };
        at_once as f64 / self.mttr_hours
    }
}

/// The mean hours until data is lost, by the chain of this [module](self). All disks work at the start.
/// `survived[i]` is the share of sets of i failed disks that are survived. Sets larger than the list are taken as lost, so a
/// short list gives a lower bound. An MDS code with m parities has m + 1 ones.
///
/// Expected times t_i from state i are eliminated from 0 upwards as t_i = A_i + (1 - D_i) t_(i+1). A and D follow from
/// sums, products and quotients of positive numbers only, 1 - S(i + 1) / S(i) being one of them, so a result of 10^12
/// hours is as exact as its inputs (W. K. Grassmann, M. I. Taksar and D. P. Heyman, "Regenerative analysis and steady
/// state distributions for Markov chains", Operations Research 33, 1985, is the idea).
/// Infinite if even the loss of all disks is survived; 0 if the list is empty or begins with zero.
///
/// # Errors
/// [`Error::Hours`] unless both mean times are positive.
pub fn chain(disks: &Disks, survived: &[f64]) -> Result<f64, Error> {
    disks.check()?;
    let share = |failed: usize| survived.get(failed).copied().unwrap_or(0.0);
    let states = (0..=disks.count).take_while(|&failed| share(failed) > 0.0).count();
    // A_i and D_i of each state; D_i is the probability that data is lost before state i + 1 is seen.
    let mut eliminated: Vec<(f64, f64)> = Vec::with_capacity(states);
    for failed in 0..states {
        let borne = (share(failed + 1) / share(failed)).min(1.0);
        let (fails, repairs) = (disks.failure_rate(failed), disks.repair_rate(failed));
        let (before, lost_before) = eliminated.last().copied().unwrap_or((0.0, 0.0));
        let rate = fails + repairs * lost_before;
        eliminated.push(((1.0 + repairs * before) / rate, (fails * (1.0 - borne) + repairs * lost_before) / rate));
    }
    let from = |after: f64, (hours, lost): &(f64, f64)| hours + if *lost < 1.0 { (1.0 - lost) * after } else { 0.0 };
    Ok(eliminated.iter().rev().fold(0.0, from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eight(repair: Repair) -> Disks {
        Disks { count: 8, mttf_hours: 1e6, mttr_hours: 24.0, repair }
    }

    #[test]
    fn known_values() {
        for (repair, survived, hours) in [
            (Repair::Serial, &[1.0; 2][..], "7.443155e8"),
            (Repair::Parallel, &[1.0; 2], "7.443155e8"),
            (Repair::Serial, &[1.0; 3], "5.168734e12"),
            (Repair::Parallel, &[1.0; 3], "1.033672e13"),
        ] {
            assert_eq!(format!("{:.6e}", chain(&eight(repair), survived).unwrap()), hours, "{repair:?}, {survived:?}");
        }
    }

    #[test]
    fn without_redundancy_it_is_the_first_failure() {
        let disks = eight(Repair::Serial);
        assert!((chain(&disks, &[1.0]).unwrap() - 125_000.0).abs() < 1e-6);
        assert_eq!(chain(&disks, &[]).unwrap(), 0.0);
        // All eight disks failed and nothing was lost, so nothing is left to fail.
        assert_eq!(chain(&disks, &[1.0; 9]).unwrap(), f64::INFINITY);
    }

    #[test]
    fn a_share_lies_between_nothing_and_all() {
        let disks = eight(Repair::Parallel);
        let [none, half, all] = [0.0, 0.5, 1.0].map(|share| chain(&disks, &[1.0, 1.0, share]).unwrap());
        assert!(none < half && half < all);
        // The second failure is fatal half the time, so it takes about twice as long.
        assert!((half / none - 2.0).abs() < 0.01);
    }
    #[test]
    fn times_must_be_positive() {
        for hours in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let error = chain(&Disks { mttr_hours: hours, ..eight(Repair::Serial) }, &[1.0; 2]).unwrap_err();
            assert!(matches!(error, Error::Hours { what: "the mean time to repair", .. }), "{error}");
            assert!(chain(&Disks { mttf_hours: hours, ..eight(Repair::Serial) }, &[1.0; 2]).is_err());
        }
    }
}
