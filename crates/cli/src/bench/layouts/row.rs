//! Rows of the suite `layouts`.

use std::fmt;

use serde::Serialize;

use crate::bench::row::{Row, device, verdict};
use crate::size;

/// One layout's measurement in one case on one path.
#[derive(Debug, Serialize)]
pub(super) struct LayoutRow {
    pub(super) suite: &'static str,
    pub(super) case: &'static str,
    pub(super) path: &'static str,
    pub(super) device: String,
    pub(super) driver: String,
    pub(super) layout: String,
    pub(super) shards: usize,
    pub(super) shard_bytes: usize,
    pub(super) capacity_bytes: u64,
    pub(super) lost: usize,
    pub(super) read_bytes: u64,
    pub(super) written_bytes: u64,
    pub(super) threads: usize,
    pub(super) median_s: f64,
    pub(super) traffic_gbps: f64,
    pub(super) verified: bool,
}

impl Row for LayoutRow {
    const HEADER: &'static str = "\
path        layout          case           lost      holds        shard       reads      writes       time   traffic  verified
                                                                                                        ms      GB/s";

    fn device(&self) -> String {
        device(&self.device, &self.driver)
    }

    fn is_verified(&self) -> bool {
        self.verified
    }
}

impl fmt::Display for LayoutRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, layout, case, lost, traffic_gbps, .. } = self;
        let [holds, shard, reads, writes] =
            [self.capacity_bytes, self.shard_bytes as u64, self.read_bytes, self.written_bytes].map(size::show);
        let (time, verified) = (self.median_s * 1e3, verdict(self.verified));
        write!(
            f,
            "{path:<11} {layout:<15} {case:<14} {lost:>4} {holds:>10} {shard:>12} {reads:>11} {writes:>11} {time:>10.4} \
             {traffic_gbps:>9.2}  {verified}"
        )
    }
}
