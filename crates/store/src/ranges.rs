//! Lists of stripe numbers in bounded memory.

use std::ops::RangeInclusive;

/// Ascending stripe numbers, kept as runs. Memory is bounded: after [`Stripes::KEPT`] runs, further runs are only
/// counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stripes {
    runs: Vec<(u64, u64)>,
    last: Option<u64>,
    count: u64,
}

impl Stripes {
    /// The most runs that are kept.
    pub const KEPT: usize = 12;

    /// Adds a stripe. Stripes must come in ascending order; a repeated stripe counts once.
    pub(crate) fn add(&mut self, stripe: u64) {
        if self.last.is_some_and(|last| last >= stripe) {
            return;
        }
        self.last = Some(stripe);
        self.count += 1;
        let has_room = self.runs.len() < Self::KEPT;
        match self.runs.last_mut() {
            Some((_, end)) if *end + 1 == stripe => *end = stripe,
            _ if has_room => self.runs.push((stripe, stripe)),
            _ => {}
        }
    }

    /// Whether there are no stripes.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The number of stripes, including those beyond the kept runs.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The first runs, in ascending order.
    pub fn runs(&self) -> impl ExactSizeIterator<Item = RangeInclusive<u64>> {
        self.runs.iter().map(|&(first, last)| first..=last)
    }
}

impl FromIterator<u64> for Stripes {
    /// Makes a list of ascending numbers.
    fn from_iter<I: IntoIterator<Item = u64>>(stripes: I) -> Self {
        let mut collected = Self::default();
        stripes.into_iter().for_each(|stripe| collected.add(stripe));
        collected
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(stripes: impl IntoIterator<Item = u64>) -> (Vec<RangeInclusive<u64>>, u64) {
        let stripes: Stripes = stripes.into_iter().collect();
        (stripes.runs().collect(), stripes.count())
    }

    #[test]
    fn neighbours_are_joined() {
        assert_eq!(runs([]), (vec![], 0));
        assert_eq!(runs([3, 3]), (vec![3..=3], 1));
        assert_eq!(runs([0, 7, 8, 8, 9]), (vec![0..=0, 7..=9], 4));
        assert_eq!(runs(0..1_000_000), (vec![0..=999_999], 1_000_000));
    }

    #[test]
    fn runs_beyond_the_limit_are_counted() {
        let (kept, count) = runs((0..100).map(|i| i * 2));
        assert_eq!((kept.len(), count), (Stripes::KEPT, 100));
        assert_eq!(kept[11], 22..=22);
    }
}
