//! The rows that a walk could not rebuild, in bounded memory.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::batch::Run;
use crate::loss::{Reason, Shortage};
use crate::ranges::Stripes;
use crate::shape::Shape;

/// Rows that cannot be rebuilt, by the shards lost in them.
#[derive(Default)]
pub(crate) struct Losses {
    by_lost: BTreeMap<Vec<usize>, Stripes>,
    /// Stripes with more errors than the code can locate.
    pub(crate) unlocated: Stripes,
    /// The number of further rows, lost after [`Losses::KEPT`] patterns of lost shards were listed.
    more: u64,
}

impl Losses {
    const KEPT: usize = 32;

    /// Adds the rows of a run, which lie in these stripes.
    pub(crate) fn add(&mut self, run: &Run, stripes: Range<u64>) {
        if self.by_lost.len() >= Self::KEPT && !self.by_lost.contains_key(&run.lost) {
            self.more += run.rows.len() as u64;
            return;
        }
        let known = self.by_lost.entry(run.lost.clone()).or_default();
        stripes.for_each(|stripe| known.add(stripe));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_lost.is_empty() && self.unlocated.is_empty()
    }

    /// One reason for each pattern of lost shards, one for unlocated errors, and one for further rows.
    pub(crate) fn reasons(&self, shape: &Shape) -> Vec<Reason> {
        let of_pattern = |(lost, stripes): (&Vec<usize>, &Stripes)| Reason::Blocks {
            stripes: stripes.clone(),
            shortage: Shortage::new(lost, shape),
        };
        let mut reasons: Vec<Reason> = self.by_lost.iter().map(of_pattern).collect();
        if !self.unlocated.is_empty() {
            let (stripes, parity_shards) = (self.unlocated.clone(), shape.parity_shards());
            reasons.push(Reason::Unlocated { stripes, parity_shards });
        }
        if self.more > 0 {
            reasons.push(Reason::MoreRows(self.more));
        }
        reasons
    }
}
