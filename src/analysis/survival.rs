//! Joint decoding: the share of all sets of losses that the whole code survives.
//!
//! Lost shards can be rebuilt if and only if their columns of the parity-check matrix \[P | 1\] are independent: words that
//! agree in all other shards differ by a relation between these columns (F. J. MacWilliams and N. J. A. Sloane, "The theory
//! of error-correcting codes", 1977, chapter 1). [`count`](super::count) tries all sets and
//! [`sample`] some of them. If a theorem gives the number, neither is needed.

mod product;
mod sample;

use super::Tolerance;
use super::count::{Checks, Effort};
use super::subsets;
use crate::{Code, Error, Layout};

/// A share of all sets of losses of one size, and how it was found.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Share {
    /// The share survived, from 0 to 1. After sampling, the share of the sample.
    pub survived: f64,
    /// How it was found.
    pub method: Method,
}

/// How a share was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// A theorem gives the number of sets.
    Proven,
    /// Every set was tried; this is their number.
    Counted(u64),
    /// A random sample of this many sets was tried.
    Sampled(u64),
}

impl Share {
    const NONE: Self = Self { survived: 0.0, method: Method::Proven };
    const ALL: Self = Self { survived: 1.0, method: Method::Proven };

    /// The bounds of the true share. A share that was not sampled is both of them. A sample has the 95 % interval of E. B. Wilson,
    /// "Probable inference, the law of succession, and statistical inference", 1927: it has a width even if every drawn set was
    /// survived.
    #[expect(clippy::cast_precision_loss, reason = "far fewer samples than 2^53")]
    fn interval(&self) -> (f64, f64) {
        let Method::Sampled(sets) = self.method else { return (self.survived, self.survived) };
        const Z: f64 = 1.959_964;
        let (sets, share) = (sets as f64, self.survived);
        let scale = 1.0 + Z * Z / sets;
        let middle = (share + Z * Z / (2.0 * sets)) / scale;
        let half = Z / scale * (share * (1.0 - share) / sets + Z * Z / (4.0 * sets * sets)).sqrt();
        // A share of 0 or 1 is itself a bound, exactly: rounding must not move it.
        let low = if share == 0.0 { 0.0 } else { (middle - half).max(0.0) };
        let high = if share == 1.0 { 1.0 } else { (middle + half).min(1.0) };
        (low, high)
    }

    /// The largest distance between the true share and this one, at 95 % confidence; 0 unless it was sampled.
    #[must_use]
    pub fn error(&self) -> f64 {
        let (low, high) = self.interval();
        (high - self.survived).max(self.survived - low)
    }
}

/// The share of all sets of this many losses that a layout survives, using all its checks together.
///
/// # Errors
/// The errors of [`Layout::code`].
pub fn survived(layout: &Layout, losses: usize, effort: &Effort) -> Result<Share, Error> {
    layout.check()?;
    let tolerance = Tolerance::of(layout);
    if losses <= tolerance.guaranteed {
        return Ok(Share::ALL);
    }
    if losses > tolerance.best_case {
        return Ok(Share::NONE);
    }
    if let Some(survived) = product::survived(layout, losses) {
        return Ok(Share { survived, method: Method::Proven });
    }
    Ok(survived_of_code(&layout.code()?, losses, effort))
}

/// The share of all sets of this many losses that a code survives, found from its parity-check matrix alone.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a share has fewer digits than a count")]
pub fn survived_of_code(code: &Code, losses: usize, effort: &Effort) -> Share {
    if losses == 0 {
        return Share::ALL;
    }
    if losses > code.parity_shards() {
        return Share::NONE;
    }
    let checks = Checks::new(code);
    let all = subsets::count(code.total_shards(), losses);
    match (checks.steps(losses), all) {
        (Some(steps), Some(all)) if steps <= effort.steps => {
            Share { survived: checks.survived(losses) as f64 / all as f64, method: Method::Counted(all) }
        }
        _ => {
            let (survived, sets) = sample::survived(&checks, losses, effort);
            Share { survived: survived as f64 / sets as f64, method: Method::Sampled(sets) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_holds_its_share_and_narrows() {
        let share = |survived, sets| Share { survived, method: Method::Sampled(sets) };
        for survived in [0.0, 0.01, 0.5, 0.99, 1.0] {
            let (low, high) = share(survived, 1000).interval();
            assert!(low <= survived && survived <= high && low >= 0.0 && high <= 1.0 && low < high, "{survived}");
            assert!(share(survived, 100_000).error() < share(survived, 1000).error());
        }
        // All of a thousand survived: at least 99.6 %, as Wilson's formula gives n / (n + z^2).
        assert!((share(1.0, 1000).interval().0 - 1000.0 / 1_003.841_459).abs() < 1e-6);
        assert_eq!(Share { survived: 0.7, method: Method::Proven }.error(), 0.0);
    }

    /// Exact and sampled shares of the same code, with another seed each.
    #[test]
    fn samples_agree_with_counts() {
        let code = Code::local(12, 2, 2).unwrap();
        let exact = survived_of_code(&code, 4, &Effort::default());
        assert_eq!(exact.method, Method::Counted(1820));
        for seed in 0..20 {
            let sampled = survived_of_code(&code, 4, &Effort { steps: 1 << 20, seed });
            // Even 2^20 steps are enough to count this one.
            assert_eq!(sampled, exact);
            let sampled = survived_of_code(&code, 4, &Effort { steps: 1, seed });
            let Method::Sampled(sets) = sampled.method else { panic!("{sampled:?}") };
            assert!(sets >= 1000);
            assert!((sampled.survived - exact.survived).abs() < 2.5 * sampled.error(), "{seed}: {sampled:?}");
        }
    }
}
