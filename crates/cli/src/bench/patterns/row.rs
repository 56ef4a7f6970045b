//! Rows of the suite `patterns`.

use std::fmt;

use serde::Serialize;

use crate::bench::row::{Row, device, verdict};
use crate::size;

/// One way to rebuild the stripes of one setup.
#[derive(Debug, Serialize)]
pub(super) struct PatternsRow {
    pub(super) suite: &'static str,
    pub(super) case: &'static str,
    /// Where the stripes lie.
    pub(super) path: &'static str,
    /// Who works out the matrices.
    pub(super) solver: &'static str,
    pub(super) device: String,
    pub(super) driver: String,
    pub(super) code: &'static str,
    pub(super) k: usize,
    pub(super) m: usize,
    pub(super) unit_bytes: usize,
    /// Each with a pattern of its own.
    pub(super) stripes: usize,
    pub(super) threads: usize,
    /// Of the whole call, from the lists of lost shards on.
    pub(super) median_s: f64,
    pub(super) traffic_gbps: f64,
    pub(super) verified: bool,
}

impl Row for PatternsRow {
    const HEADER: &'static str = "\
memory       matrices  code         shape        unit  patterns       time  a pattern   traffic  verified
                                                                        ms         us      GB/s";

    fn device(&self) -> String {
        device(&self.device, &self.driver)
    }

    fn is_verified(&self) -> bool {
        self.verified
    }
}

impl fmt::Display for PatternsRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, solver, code, stripes, traffic_gbps, .. } = self;
        let (shape, unit) = (format!("{}+{}", self.k, self.m), size::show(self.unit_bytes as u64));
        let (time, each, verified) =
            (self.median_s * 1e3, self.median_s * 1e6 / self.stripes as f64, verdict(self.verified));
        write!(
            f,
            "{path:<12} {solver:<9} {code:<12} {shape:<7} {unit:>9} {stripes:>9} {time:>10.4} {each:>10.3} \
             {traffic_gbps:>9.1}  {verified}"
        )
    }
}
