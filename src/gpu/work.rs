//! Work: the computation of one dispatch, and its buffers.

use super::launch::{Buffers, Span};
use crate::Plan;
use crate::plan::Matrices;

/// The computation of one dispatch, and its buffers.
pub(super) struct Work<'a> {
    pub(super) matrices: Matrices<'a>,
    /// If each stripe has its own plan: the plans of the dispatch's stripes.
    pub(super) plan_of: &'a [u32],
    /// Whether `source` and `target` depend on the position only; otherwise they depend on the slot only.
    pub(super) by_position: bool,
    /// The byte offset of a slot in its binding, from its position in the plan and its number.
    pub(super) source: &'a dyn Fn(usize, usize) -> usize,
    pub(super) target: &'a dyn Fn(usize, usize) -> usize,
    pub(super) span: Span,
    pub(super) buffers: Buffers<'a>,
}

impl Work<'_> {
    /// The offsets of the plan's sources, then of its targets.
    pub(super) fn places(&self, plan: &Plan) -> impl Iterator<Item = usize> {
        let sources = plan.sources().iter().enumerate().map(|(at, &slot)| (self.source)(at, slot));
        sources.chain(plan.targets().iter().enumerate().map(|(at, &slot)| (self.target)(at, slot)))
    }

    /// Bytes of every source and every target of every stripe, each counted once.
    pub(super) fn traffic_bytes(&self) -> u64 {
        let slots = |plan: &Plan| plan.sources().len() + plan.targets().len();
        let stripe_slots: usize = match self.matrices {
            Matrices::One(plan) => slots(plan) * self.span.stripes,
            Matrices::PerStripe { plans, .. } => self.plan_of.iter().map(|&of| slots(&plans[of as usize])).sum(),
        };
        (stripe_slots * self.span.stripe_bytes) as u64
    }
}
