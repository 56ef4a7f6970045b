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

/// The levels of parity in words.
fn parity(layout: &Layout) -> String {
    let (inside, globals) = (layout.inner_tolerance(), layout.global_shards());
    match (layout, layout.outer_tolerance()) {
        (Layout::Raid51 { groups, .. } | Layout::Raid61 { groups, .. }, _) => {
            format!("{inside} inside, {groups} copies")
        }
        (_, Some(across)) => format!("{inside} inside, {across} across"),
        _ if globals > 0 => format!("{} local, {globals} global", layout.groups()),
        _ => inside.to_string(),
    }
}
