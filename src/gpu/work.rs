//! Work: what one dispatch computes, and where.

use super::launch::{Buffers, Span};
use crate::Plan;
use crate::plan::Matrices;

/// What a dispatch computes and where.
pub(super) struct Work<'a> {
    pub(super) matrices: Matrices<'a>,
    /// For a plan per stripe: the plans of the dispatch's stripes.
    pub(super) plan_of: &'a [u32],
    /// Whether `source` and `target` go by the position alone, else by the slot alone.
    pub(super) by_position: bool,
    /// The byte at which a slot begins in its binding, from its position in the plan and its number.
    pub(super) source: &'a dyn Fn(usize, u32) -> usize,
    pub(super) target: &'a dyn Fn(usize, u32) -> usize,
    pub(super) span: Span,
    pub(super) buffers: Buffers<'a>,
}

impl Work<'_> {
    /// Where the plan's sources and then its targets begin.
    pub(super) fn places(&self, plan: &Plan) -> impl Iterator<Item = usize> {
        let sources = plan.sources().iter().enumerate().map(|(at, &slot)| (self.source)(at, slot));
        sources.chain(plan.targets().iter().enumerate().map(|(at, &slot)| (self.target)(at, slot)))
    }

    /// Bytes of every source and every target of every stripe, once.
    pub(super) fn traffic_bytes(&self) -> u64 {
        let slots = |plan: &Plan| plan.sources().len() + plan.targets().len();
        let stripe_slots: usize = match self.matrices {
            Matrices::One(plan) => slots(plan) * self.span.stripes,
            Matrices::PerStripe { plans, .. } => self.plan_of.iter().map(|&of| slots(&plans[of as usize])).sum(),
        };
        (stripe_slots * self.span.stripe_bytes) as u64
    }
}
