//! Rows of the suite `latency`.

use std::fmt;

use serde::Serialize;

use crate::bench::row::{Row, device, verdict};
use crate::size;

/// One path's calls on one setup.
#[derive(Debug, Serialize)]
pub(super) struct LatencyRow {
    pub(super) suite: &'static str,
    pub(super) case: &'static str,
    pub(super) path: &'static str,
    pub(super) memory: String,
    pub(super) device: String,
    pub(super) driver: String,
    pub(super) code: &'static str,
    pub(super) k: usize,
    pub(super) m: usize,
    pub(super) shard_bytes: usize,
    pub(super) threads: usize,
    pub(super) calls: usize,
    pub(super) p50_s: f64,
    pub(super) p99_s: f64,
    pub(super) p999_s: f64,
    pub(super) max_s: f64,
    pub(super) data_gbps: f64,
    pub(super) verified: bool,
}

impl Row for LatencyRow {
    const HEADER: &'static str = "\
path        memory      case         shape        shard    calls        p50        p99      p99.9        max     data  verified
                                                                      us         us         us         us     GB/s";

    fn device(&self) -> String {
        device(&self.device, &self.driver)
    }

    fn is_verified(&self) -> bool {
        self.verified
    }
}

impl fmt::Display for LatencyRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, memory, case, calls, data_gbps, .. } = self;
        let (shape, shard) = (format!("{}+{}", self.k, self.m), size::show(self.shard_bytes as u64));
        let [p50, p99, p999, max] = [self.p50_s, self.p99_s, self.p999_s, self.max_s].map(|seconds| seconds * 1e6);
        let verified = verdict(self.verified);
        write!(
            f,
            "{path:<11} {memory:<11} {case:<12} {shape:<7} {shard:>10} {calls:>8} {p50:>10.1} {p99:>10.1} {p999:>10.1} \
             {max:>10.1} {data_gbps:>8.2}  {verified}"
        )
    }
}
