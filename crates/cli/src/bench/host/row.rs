//! Rows of the suite `host`.

use std::fmt;

use serde::Serialize;

use crate::bench::row::{Row, device, verdict};
use crate::size;

/// One path's measurement in one case on one setup.
#[derive(Debug, Serialize)]
pub(super) struct HostRow {
    pub(super) suite: &'static str,
    pub(super) case: &'static str,
    pub(super) path: &'static str,
    pub(super) memory: String,
    pub(super) in_place: bool,
    pub(super) device: String,
    pub(super) driver: String,
    pub(super) code: &'static str,
    pub(super) k: usize,
    pub(super) m: usize,
    pub(super) shard_bytes: usize,
    pub(super) stripes: usize,
    pub(super) batches: usize,
    pub(super) sets: usize,
    pub(super) threads: usize,
    pub(super) median_s: f64,
    pub(super) traffic_gbps: f64,
    pub(super) data_gbps: f64,
    pub(super) to_device_gbps: Option<f64>,
    pub(super) from_device_gbps: Option<f64>,
    pub(super) both_gbps: Option<f64>,
    pub(super) share: Option<f64>,
    pub(super) verified: bool,
}

impl Row for HostRow {
    const HEADER: &'static str = "\
path        memory      in place  case        shape        shard  stripes  batches       time     data  copies: to    from    both   share  verified
                                                                                          ms     GB/s        GB/s    GB/s    GB/s";

    fn device(&self) -> String {
        device(&self.device, &self.driver)
    }

    fn is_verified(&self) -> bool {
        self.verified
    }
}

impl fmt::Display for HostRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, memory, case, stripes, batches, data_gbps, .. } = self;
        let (shape, shard) = (format!("{}+{}", self.k, self.m), size::show(self.shard_bytes as u64));
        let rate = |rate: Option<f64>| rate.map_or_else(|| "-".to_owned(), |rate| format!("{rate:.1}"));
        let (to, from, both) = (rate(self.to_device_gbps), rate(self.from_device_gbps), rate(self.both_gbps));
        let share = self.share.map_or_else(|| "-".to_owned(), |share| format!("{:.1}%", share * 100.0));
        let in_place = if self.in_place { "yes" } else { "no" };
        let (time, verified) = (self.median_s * 1e3, verdict(self.verified));
        write!(
            f,
            "{path:<11} {memory:<11} {in_place:<8}  {case:<11} {shape:<7} {shard:>10} {stripes:>8} {batches:>8} {time:>10.4} \
             {data_gbps:>8.2} {to:>11} {from:>7} {both:>7} {share:>7}  {verified}"
        )
    }
}
