//! Recommends a layout.
//!
//! First come the layouts that meet the requirements, rebuild a data disk from at most [`FEW_READS`] others, and take
//! at most [`FEW_IOS`] I/Os for a small write. Of these, the one that holds the most data wins. Ties go to fewer reads
//! for a repair, then to fewer I/Os for a small write, then to more guaranteed losses.

use std::cmp::Reverse;

use evariste::Layout;
use evariste::analysis::{Tolerance, efficiency};

use super::candidates;
use crate::exit::UsageError;
use crate::ranges;

/// The most disks that a repair should read: few codes in wide use read more.
pub(super) const FEW_READS: usize = 20;
/// The most parities that should depend on a shard of data: encoding multiplies the shard once for each.
pub(super) const FEW_PARITIES: usize = 9;
/// The most device I/Os that a small write then takes.
const FEW_IOS: usize = 2 * (1 + FEW_PARITIES);
/// The most layouts that are shown.
const MOST_SHOWN: usize = 12;

/// The requirements for a layout.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wishes {
    pub(super) disks: usize,
    /// The number of nodes, if given. Each has the same number of disks.
    pub(super) nodes: Option<usize>,
    /// Losses that must be survived, whichever disks are lost.
    pub(super) survive: usize,
    /// The share of the disks that must hold data.
    pub(super) min_efficiency: f64,
}

/// The layouts to show, the recommended one first, and the reason for it.
#[derive(Debug)]
pub(super) struct Advice {
    pub(super) layouts: Vec<Layout>,
    /// How many more layouts there are. None holds more data than the last shown.
    pub(super) more: usize,
    pub(super) reason: String,
}

/// A layout and the figures by which it is judged.
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

    /// How many of the two limits it exceeds.
    fn excesses(&self) -> usize {
        usize::from(self.reads > FEW_READS) + usize::from(self.ios > FEW_IOS)
    }

    /// Whether it is at least as good in every figure, and better in one.
    fn beats(&self, other: &Self) -> bool {
        let marks =
            |judged: &Self| [judged.data, judged.guaranteed, usize::MAX - judged.reads, usize::MAX - judged.ios];
        let (own, others) = (marks(self), marks(other));
        own != others && own.iter().zip(others).all(|(own, other)| *own >= other)
    }
}

pub(super) fn of(wishes: &Wishes) -> Result<Advice, UsageError> {
    let Wishes { disks, nodes, survive, min_efficiency } = *wishes;
    let survives = |layout: &Layout| {
        Tolerance::of(layout).guaranteed >= survive && nodes.is_none_or(|nodes| survives_a_node(layout, nodes))
    };
    let (fit, too_small): (Vec<Layout>, Vec<Layout>) = candidates::of(disks, nodes, survive)
        .into_iter()
        .filter(survives)
        .partition(|layout| efficiency(layout) >= min_efficiency - 1e-9);
    let fit: Vec<Judged> = fit.into_iter().map(Judged::new).collect();
    // `min_by_key` takes the first of equals, which is the simplest.
    let order = |judged: &&Judged| {
        (judged.excesses(), Reverse(judged.data), judged.reads, judged.ios, Reverse(judged.guaranteed))
    };
    let Some(best) = fit.iter().min_by_key(order) else {
        return Err(refusal(wishes, &too_small));
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

/// The error if no layout meets the requirements, with the layout that comes nearest in efficiency.
fn refusal(wishes: &Wishes, too_small: &[Layout]) -> UsageError {
    let nearest = too_small
        .iter()
        .min_by_key(|layout| Reverse(layout.data_shards()))
        .map_or_else(String::new, |layout| format!("; the most is {}, by {layout}", percent(efficiency(layout))));
    UsageError(format!("no layout of {} disks survives {}{nearest}", wishes.disks, asked(wishes)))
}

fn reason(wishes: &Wishes, best: &Judged, fit: usize) -> String {
    let (asked, data) = (asked(wishes), percent(efficiency(&best.layout)));
    let costs =
        format!("{} and {}", ranges::counted(best.reads as u64, "read"), ranges::counted(best.ios as u64, "I/O"));
    if fit == 1 {
        return format!(
            "the only layout that survives {asked}; {data} holds data, and it takes {costs} for a repair and a small write"
        );
    }
    let limits = |and: &str| {
        format!(
            "at most {FEW_READS} reads for the repair of a data disk {and} at most {FEW_IOS} I/Os for a small write"
        )
    };
    let among = match best.excesses() {
        0 => format!(" among those that take {}", limits("and")),
        1 => format!(" among those that take {}, since none takes both", limits("or")),
        _ => format!(", since none takes {}", limits("or")),
    };
    format!("of {fit} layouts that survive {asked}, it holds the most data ({data}){among} (it takes {costs})")
}

/// The required losses and efficiency, in words.
fn asked(wishes: &Wishes) -> String {
    let Wishes { nodes, survive, min_efficiency, .. } = *wishes;
    let node = nodes.map_or_else(String::new, |nodes| format!(" and any one of {nodes} nodes"));
    let at_least = match min_efficiency {
        0.0 => String::new(),
        // With every digit of the request, because the best layout may differ only in the last.
        share => format!(" with at least {} % for data", (1e8 * share).round() / 1e6),
    };
    format!("{}{node}{at_least}", any(survive))
}

/// `any one loss`, `any 3 losses`.
fn any(losses: usize) -> String {
    if losses == 1 { "any one loss".to_owned() } else { format!("any {losses} losses") }
}

/// `83.3 %`; never rounded to 100 %.
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", if share < 1.0 { (100.0 * share).min(99.9) } else { 100.0 })
}

/// How to place the shards of a layout on the nodes.
pub(super) fn place(layout: &Layout, nodes: usize) -> String {
    match layout.outer_tolerance() {
        Some(_) => format!("Put each of its groups into a node of {} disks.", layout.shards_per_group()),
        None => format!("Put shard i into node i mod {nodes}."),
    }
}

/// Whether the loss of any one node is survived if the shards are [placed](place) on the nodes.
fn survives_a_node(layout: &Layout, nodes: usize) -> bool {
    if let Some(across) = layout.outer_tolerance() {
        return layout.groups() == nodes && across >= 1;
    }
    let (tolerance, lost) = (Tolerance::of(layout), layout.total_shards().div_ceil(nodes));
    if lost <= tolerance.guaranteed || lost > tolerance.best_case {
        return lost <= tolerance.guaranteed;
    }
    let node = |node: usize| (node..layout.total_shards()).step_by(nodes).collect::<Vec<_>>();
    let code = layout.code();
    code.is_ok_and(|code| (0..nodes).all(|of| code.is_recoverable(&node(of)).unwrap_or(false)))
}

/// Shards read to rebuild a data shard, in its group or across the groups, whichever is fewer.
fn reads(layout: &Layout) -> usize {
    let inside = layout.shards_per_group() - layout.inner_tolerance();
    layout.outer_tolerance().map_or(inside, |across| inside.min(layout.groups() - across))
}

/// I/Os of a small write: the data and each parity that depends on it are read and written.
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

    /// The formulas for reads and I/Os agree with the planner and the matrix.
    #[test]
    fn quick_figures_equal_the_exact_ones() {
        for layout in candidates::of(24, None, 3).into_iter().chain(candidates::of(16, None, 2)) {
            let cost = Cost::of(&layout).unwrap();
            assert_eq!((reads(&layout), ios(&layout)), (cost.repair_reads, cost.update_ios), "{layout}");
        }
    }

    #[test]
    fn the_recommended_layout_for_given_numbers() {
        for (disks, survive, expected) in
            [(2, 1, "raid5:2"), (6, 1, "raid5:6"), (8, 2, "raid6:8"), (14, 4, "rs:10+4"), (60, 3, "lrc:54,3,3")]
        {
            assert_eq!(of(&wishes(disks, None, survive)).unwrap().layouts[0].to_string(), expected);
        }
    }

    /// Each node has a fifth of the disks, so no layout holds much more data than this one. A local code could, but
    /// needs 34 global parities.
    #[test]
    fn a_layout_with_many_global_parities_is_not_recommended() {
        let advice = of(&wishes(255, Some(5), 2)).unwrap();
        assert_eq!(advice.layouts[0].to_string(), "raid55:5x51");
        assert!(advice.reason.ends_with("(it takes 4 reads and 8 I/Os)"), "{}", advice.reason);
    }

    #[test]
    fn a_reason_names_the_limits_that_are_met() {
        let reason = |disks, survive, min_efficiency| {
            of(&Wishes { min_efficiency, ..wishes(disks, None, survive) }).unwrap().reason
        };
        for (reason, says) in [
            (reason(2, 1, 0.0), "the only layout that survives any one loss; 50.0 % holds data, "),
            // Other layouts survive as much and hold less.
            (reason(12, 2, 0.8), "the only layout that survives any 2 losses with at least 80 % for data; "),
            (reason(24, 2, 0.0), "it holds the most data (83.3 %) among those that take at most 20 reads"),
            (reason(24, 12, 0.0), " or at most 20 I/Os for a small write, since none takes both (it takes "),
            (reason(80, 14, 0.8), "it holds the most data (82.5 %), since none takes at most 20 reads"),
        ] {
            assert!(reason.contains(says), "{reason}");
        }
    }

    #[test]
    fn wide_layouts_survive_many_losses_if_asked() {
        let advice = of(&wishes(300, None, 19)).unwrap();
        assert!(advice.layouts.iter().all(|layout| Tolerance::of(layout).guaranteed >= 19), "{advice:?}");
    }

    #[test]
    fn every_shown_layout_meets_the_request_and_is_not_beaten() {
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
        // Four nodes of four: each holds one or two shards of a group, and the global parities are in different nodes.
        assert!(survives("lrc:12,2,2", 4) && survives("lrc:12,2,2", 8) && !survives("lrc:12,2,2", 2));
    }

    #[test]
    fn an_efficiency_below_one_is_not_rounded_to_100_percent() {
        assert_eq!([0.8333, 0.9997, 1.0].map(percent), ["83.3 %", "99.9 %", "100.0 %"]);
    }

    #[test]
    fn a_request_that_no_layout_meets_is_refused() {
        let error = of(&Wishes { min_efficiency: 0.9, ..wishes(6, None, 2) }).unwrap_err();
        let says =
            "no layout of 6 disks survives any 2 losses with at least 90 % for data; the most is 66.7 %, by raid6:6";
        assert_eq!(error.to_string(), says);
        let error = of(&Wishes { min_efficiency: 0.8334, ..wishes(12, None, 2) }).unwrap_err();
        assert!(
            error.to_string().ends_with("with at least 83.34 % for data; the most is 83.3 %, by raid6:12"),
            "{error}"
        );
        let error = of(&wishes(2, None, 2)).unwrap_err();
        assert_eq!(error.to_string(), "no layout of 2 disks survives any 2 losses");
    }
}
