//! A layout and its figures: a row of the table, an object of the JSON.

use std::collections::BTreeMap;

use anyhow::Result;
use evariste::Layout;
use evariste::analysis::{Cost, Effort, Method, Tolerance, efficiency, survived, survived_nested};
use serde::Serialize;

use crate::exit::UsageError;

/// The number of shares in a row: for one, two and three losses more than the guarantee.
pub(super) const SHARES: usize = 3;

/// A layout and its figures. Maps go from a number of losses, starting at one more than the guarantee, to a share.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    pub(super) layout: String,
    pub(super) shards: usize,
    pub(super) efficiency: f64,
    pub(super) guaranteed: usize,
    pub(super) best_case: usize,
    /// Decoded level by level; `None` for a layout of one level.
    pub(super) survived_nested: Option<BTreeMap<usize, f64>>,
    /// Decoded with all checks together, as this library does.
    pub(super) survived: BTreeMap<usize, f64>,
    /// For shares that were sampled, the error at 95 % confidence; `None` if none was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) survived_error: Option<BTreeMap<usize, f64>>,
    pub(super) repair_reads: usize,
    pub(super) update_ios: usize,
    /// This field and those below are for the table only, not for the JSON.
    #[serde(skip)]
    pub(super) most_repair_reads: usize,
    #[serde(skip)]
    pub(super) parity: String,
    #[serde(skip)]
    pub(super) data_shards: usize,
}

impl Row {
    pub(super) fn new(layout: &Layout, effort: &Effort) -> Result<Self> {
        let tolerance = Tolerance::of(layout);
        // A layout that was parsed may still have no code: its construction has too few field elements.
        let cost = Cost::of(layout).map_err(|error| UsageError(format!("{layout}: {error}")))?;
        let above = tolerance.guaranteed + 1;
        let losses = above..(above + SHARES).min(layout.total_shards() + 1);
        let (mut shares, mut errors) = (BTreeMap::new(), BTreeMap::new());
        for losses in losses.clone() {
            let share = survived(layout, losses, effort)?;
            shares.insert(losses, share.survived);
            if matches!(share.method, Method::Sampled(_)) {
                errors.insert(losses, share.error());
            }
        }
        Ok(Self {
            layout: layout.to_string(),
            shards: layout.total_shards(),
            efficiency: efficiency(layout),
            guaranteed: tolerance.guaranteed,
            best_case: tolerance.best_case,
            survived_nested: losses.map(|losses| Some((losses, survived_nested(layout, losses)?))).collect(),
            survived: shares,
            survived_error: (!errors.is_empty()).then_some(errors),
            repair_reads: cost.repair_reads,
            update_ios: cost.update_ios,
            most_repair_reads: cost.most_repair_reads,
            parity: parity(layout),
            data_shards: layout.data_shards(),
        })
    }
}

/// The levels of parity in words. They follow from the counts, so a new kind of layout gets true words too.
fn parity(layout: &Layout) -> String {
    let (groups, inside) = (layout.groups(), layout.inner_tolerance());
    match layout.outer_tolerance() {
        // With one group of data, every group is a copy of it.
        Some(across) if across + 1 == groups && inside == 0 => format!("{groups} copies"),
        Some(across) if across + 1 == groups => format!("{inside} inside, {groups} copies"),
        Some(across) => format!("{inside} inside, {across} across"),
        // Each local group has one parity; the global ones are outside the groups (`lrc`) or inside them (`lrcu`).
        None if layout.parity_shards() > inside => {
            format!("{groups} local, {} global", layout.parity_shards() - groups)
        }
        None => inside.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARITY: [(&str, &str); 19] = [
        ("rs:10+4", "4"),
        ("cauchy:10+4", "4"),
        ("jerasure-van:10+4", "4"),
        ("isal-rs:8+3", "3"),
        ("snapraid:10+4", "4"),
        ("raid5:6", "1"),
        ("raid6:8", "2"),
        ("mirror:2x5", "2 copies"),
        ("mirror:3x1", "3 copies"),
        ("raid51:2x6", "1 inside, 2 copies"),
        ("raid61:3x8", "2 inside, 3 copies"),
        ("raid55:4x4", "1 inside, 1 across"),
        ("raid66:8x8", "2 inside, 2 across"),
        ("lrc:12,2,2", "2 local, 2 global"),
        ("lrc:12,1,3", "1 local, 3 global"),
        ("lrcu:12,2,2", "2 local, 2 global"),
        ("lrcu:20,3,4", "3 local, 4 global"),
        ("hier:4x6+1+1", "1 inside, 1 across"),
        ("hier:5x8+2+3", "2 inside, 3 across"),
    ];

    #[test]
    fn parity_is_described_by_its_levels() {
        for (name, words) in PARITY {
            assert_eq!(parity(&name.parse().unwrap()), words, "{name}");
        }
    }

    /// The error about an unknown layout lists an example of every kind. A new kind must have words here.
    #[test]
    fn every_kind_of_layout_is_described() {
        let error = "unknown".parse::<Layout>().unwrap_err().to_string();
        let examples = error.split([' ', ',']).filter_map(|word| word.split_once(':'));
        let kinds: Vec<&str> = examples.filter(|(_, counts)| !counts.is_empty()).map(|(kind, _)| kind).collect();
        assert!(kinds.len() >= 15, "{error}");
        for kind in kinds {
            assert!(PARITY.iter().any(|(name, _)| name.split_once(':').unwrap().0 == kind), "{kind}");
        }
    }
}
