//! Which layout to take.
//!
//! Of the layouts that do what is asked, the one that holds the most data wins, among those that rebuild a lost disk
//! from at most [`FEW_READS`] others. Equals are told apart by fewer reads of a repair, then fewer I/Os of a small
//! write, then more losses.

use std::cmp::Reverse;

use anyhow::Result;
use evariste::Layout;
use evariste::analysis::{Tolerance, efficiency};

use super::candidates;
use crate::exit::UsageError;

/// Disks that a repair should read at most: codes in wide use end about here.
pub(super) const FEW_READS: usize = 20;
/// Layouts that are shown.
const MOST_SHOWN: usize = 12;

/// What is asked of a layout.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wishes {
    pub(super) disks: usize,
    /// In how many nodes they stand, as many in each.
    pub(super) nodes: Option<usize>,
    /// Losses survived, whichever they are.
    pub(super) survive: usize,
    /// Share that holds data.
    pub(super) min_efficiency: f64,
}

/// The layouts worth a look, the recommended one first, and why it is.
#[derive(Debug)]
pub(super) struct Advice {
    pub(super) layouts: Vec<Layout>,
    /// How many more there are, each holding no more data than those.
    pub(super) more: usize,
    pub(super) reason: String,
}

/// A layout with what it is judged by.
#[derive(Clone, Copy, Debug)]
struct Judged {
    layout: Layout,
    data: usize,
    guaranteed: usize,
    reads: usize,
    ios: usize,
}

impl Judged {
    fn new(layout: Layout) -> Self {
        let (reads, ios) = (reads(&layout), ios(&layout));
        Self { layout, data: layout.data_shards(), guaranteed: Tolerance::of(&layout).guaranteed, reads, ios }
    }

    /// At least as good in everything, and better in something.
    fn beats(&self, other: &Self) -> bool {
        let marks =
            |judged: &Self| [judged.data, judged.guaranteed, usize::MAX - judged.reads, usize::MAX - judged.ios];
        let (own, others) = (marks(self), marks(other));
        own != others && own.iter().zip(others).all(|(own, other)| *own >= other)
    }
}

pub(super) fn of(wishes: &Wishes) -> Result<Advice> {
    let Wishes { disks, nodes, survive, min_efficiency } = *wishes;
    let serves = |layout: &Layout| {
        Tolerance::of(layout).guaranteed >= survive
            && efficiency(layout) >= min_efficiency - 1e-9
            && nodes.is_none_or(|nodes| survives_a_node(layout, nodes))
    };
    let fit: Vec<Judged> = candidates::of(disks, nodes, survive).into_iter().filter(serves).map(Judged::new).collect();
    // The first of the best: the simplest.
    let order = |judged: &&Judged| {
        (judged.reads > FEW_READS, Reverse(judged.data), judged.reads, judged.ios, Reverse(judged.guaranteed))
    };
    let Some(best) = fit.iter().min_by_key(order) else {
        let node = nodes.map_or_else(String::new, |nodes| format!(" and any one of {nodes} nodes"));
        let at_least = match min_efficiency {
            0.0 => String::new(),
            share => format!(" with {:.1} % for data", 100.0 * share),
        };
        let what = format!("no layout of {disks} disks survives any {survive} losses{node}{at_least}");
        return Err(UsageError(what).into());
    };
    let mut others: Vec<&Judged> = fit
        .iter()
        .filter(|judged| judged.layout != best.layout && !fit.iter().any(|other| other.beats(judged)))
        .collect();
    others.sort_by_key(|judged| (Reverse(judged.data), judged.reads));
    let more = (1 + others.len()).saturating_sub(MOST_SHOWN);
    let shown = std::iter::once(best).chain(others).take(MOST_SHOWN);
    Ok(Advice { layouts: shown.map(|judged| judged.layout).collect(), more, reason: reason(wishes, best, fit.len()) })
}

fn reason(wishes: &Wishes, best: &Judged, fit: usize) -> String {
    let node = if wishes.nodes.is_some() { " and any node" } else { "" };
    let survivors = match (fit, wishes.survive) {
        (1, losses) => format!("the only layout that survives any {losses} losses{node}"),
        (_, losses) => format!("of {fit} layouts that survive any {losses} losses{node}"),
    };
    let (percent, reads) = (100.0 * efficiency(&best.layout), best.reads);
    let from = if reads == 1 { "1 other".to_owned() } else { format!("{reads} others") };
    match (fit, reads > FEW_READS) {
        (1, _) => format!("{survivors}; {percent:.1} % holds data, a lost disk is rebuilt from {from}"),
        (_, false) => format!(
            "{survivors}, it holds the most data ({percent:.1} %) among those that rebuild a lost disk from at most {FEW_READS} \
             others (from {from})"
        ),
        (_, true) => format!(
            "{survivors}, it holds the most data ({percent:.1} %); none of them rebuilds a lost disk from {FEW_READS} others \
             or fewer (this from {from})"
        ),
    }
}

/// Where the shards of a layout stand in so many nodes.
pub(super) fn place(layout: &Layout, nodes: usize) -> String {
    match layout.outer_tolerance() {
        Some(_) => format!("Each of its groups stands in a node of {} disks.", layout.shards_per_group()),
        None => format!("Shard i stands in node i mod {nodes}."),
    }
}

/// Whether the loss of any one node is survived, where the shards are [placed](place) so.
fn survives_a_node(layout: &Layout, nodes: usize) -> bool {
    if let Some(across) = layout.outer_tolerance() {
        return layout.groups() == nodes && across >= 1;
    }
    let (tolerance, lost) = (Tolerance::of(layout), layout.shards().div_ceil(nodes));
    if lost <= tolerance.guaranteed || lost > tolerance.best_case {
        return lost <= tolerance.guaranteed;
    }
    let node = |node: usize| (node..layout.shards()).step_by(nodes).collect::<Vec<_>>();
    let code = layout.code();
    code.is_ok_and(|code| (0..nodes).all(|of| code.is_recoverable(&node(of)).unwrap_or(false)))
}

/// Shards read to rebuild a data shard: those of its group, or those across the groups, whichever are fewer.
fn reads(layout: &Layout) -> usize {
    let inside = layout.shards_per_group() - layout.inner_tolerance();
    layout.outer_tolerance().map_or(inside, |across| inside.min(layout.groups() - across))
}

/// I/Os of a small write: each parity that depends on the data is read and written as the data is.
fn ios(layout: &Layout) -> usize {
    let inside = layout.inner_tolerance() + 1;
    2 * layout.outer_tolerance().map_or(inside + layout.global_shards(), |across| inside * (across + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use evariste::analysis::Cost;

    fn wishes(disks: usize, nodes: Option<usize>, survive: usize) -> Wishes {
        Wishes { disks, nodes, survive, min_efficiency: 0.0 }
    }

    /// What is judged by is what the planner and the matrix say.
    #[test]
    fn quick_figures_are_the_true_ones() {
        for layout in candidates::of(24, None, 3).into_iter().chain(candidates::of(16, None, 2)) {
            let cost = Cost::of(&layout).unwrap();
            assert_eq!((reads(&layout), ios(&layout)), (cost.repair_reads, cost.update_ios), "{layout}");
        }
    }

    #[test]
    fn advice_by_numbers() {
        for (disks, survive, expected) in
            [(2, 1, "raid5:2"), (6, 1, "raid5:6"), (8, 2, "raid6:8"), (14, 4, "rs:10+4"), (60, 3, "lrc:54,3,3")]
        {
            assert_eq!(of(&wishes(disks, None, survive)).unwrap().layouts[0].to_string(), expected);
        }
    }

    #[test]
    fn all_that_is_shown_serves_and_nothing_beats_it() {
        let advice = of(&Wishes { min_efficiency: 0.5, ..wishes(24, Some(4), 3) }).unwrap();
        let shown: Vec<Judged> = advice.layouts.iter().copied().map(Judged::new).collect();
        for judged in &shown {
            assert!(
                judged.guaranteed >= 3 && 2 * judged.data >= 24 && survives_a_node(&judged.layout, 4),
                "{judged:?}"
            );
            assert!(!shown.iter().any(|other| other.beats(judged)), "{judged:?}");
        }
        assert!(shown.iter().any(|judged| judged.layout.outer_tolerance().is_some()), "{advice:?}");
    }

    #[test]
    fn a_node_is_survived_by_enough_parity_or_by_parity_across() {
        let survives = |name: &str, nodes| survives_a_node(&name.parse().unwrap(), nodes);
        assert!(survives("rs:18+6", 4) && !survives("rs:19+5", 4));
        assert!(survives("raid55:4x6", 4) && !survives("raid55:6x4", 4));
        // Four nodes of four: each takes one or two of a group, and the global parities lie apart.
        assert!(survives("lrc:12,2,2", 4) && survives("lrc:12,2,2", 8) && !survives("lrc:12,2,2", 2));
    }

    #[test]
    fn what_cannot_be_had_is_refused() {
        let error = of(&Wishes { min_efficiency: 0.9, ..wishes(6, None, 2) }).unwrap_err();
        assert_eq!(error.to_string(), "no layout of 6 disks survives any 2 losses with 90.0 % for data");
        assert!(of(&wishes(2, None, 2)).is_err());
    }
}
