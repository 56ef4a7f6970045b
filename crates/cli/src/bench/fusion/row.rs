//! The rows of `fusion`.

use std::fmt;

use serde::Serialize;

use crate::bench::row::{Row, device, verdict};
use crate::bench::setup::Setup;
use crate::size;

/// One way of doing it, on one setup.
#[derive(Debug, Serialize)]
pub(super) struct FusionRow {
    pub(super) suite: &'static str,
    pub(super) case: &'static str,
    pub(super) path: &'static str,
    /// One of [`WAYS`].
    pub(super) way: &'static str,
    /// What ran.
    pub(super) kernel: String,
    pub(super) device: String,
    pub(super) driver: String,
    /// Of the host, which records and waits, and may compute.
    pub(super) threads: usize,
    pub(super) code: &'static str,
    pub(super) k: usize,
    pub(super) m: usize,
    pub(super) shard_bytes: usize,
    pub(super) stripes: usize,
    pub(super) median_s: f64,
    /// Bytes of shards that crossed memory, or PCIe.
    pub(super) crossed_bytes: usize,
    pub(super) data_gbps: f64,
    /// Its speed against the plain call's.
    pub(super) against_plain: f64,
    pub(super) verified: bool,
}

/// The ways, in the order of their rows: the call that does the least, the one that does it all, and those that come to the
/// same one after another.
pub(super) const WAYS: [&str; 3] = ["plain", "one call", "separate calls"];

/// What was measured of one way.
pub(super) struct Way {
    pub(super) way: &'static str,
    pub(super) kernel: String,
    pub(super) threads: usize,
    pub(super) median_s: f64,
    pub(super) crossed_bytes: usize,
    pub(super) verified: bool,
}

impl FusionRow {
    /// The rows of a case, of which the first is the plain one.
    pub(super) fn all(
        setup: &Setup,
        case: &'static str,
        path: &'static str,
        (device, driver): (&str, &str),
        ways: Vec<Way>,
    ) -> Vec<Self> {
        let (k, m, shard_bytes) = (setup.code.data_shards(), setup.code.parity_shards(), setup.shard_bytes());
        let plain_s = ways.first().map_or(0.0, |plain| plain.median_s);
        let row = |Way { way, kernel, threads, median_s, crossed_bytes, verified }: Way| Self {
            suite: "fusion",
            case,
            path,
            way,
            kernel,
            device: device.to_owned(),
            driver: driver.to_owned(),
            threads,
            code: setup.code.name(),
            k,
            m,
            shard_bytes,
            stripes: setup.stripes,
            median_s,
            crossed_bytes,
            data_gbps: (k * shard_bytes) as f64 / median_s / 1e9,
            against_plain: plain_s / median_s,
            verified,
        };
        ways.into_iter().map(row).collect()
    }
}

impl Row for FusionRow {
    const HEADER: &'static str = "\
case             path       way            kernel            shape        shard  stripes       time   crossed      data  of plain  verified
                                                                                                 ms       MiB      GB/s";

    fn device(&self) -> String {
        device(&self.device, &self.driver)
    }

    fn is_verified(&self) -> bool {
        self.verified
    }
}

impl fmt::Display for FusionRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { case, path, way, kernel, stripes, data_gbps, .. } = self;
        let (shape, shard) = (format!("{}+{}", self.k, self.m), size::show(self.shard_bytes as u64));
        let (time, crossed) = (self.median_s * 1e3, self.crossed_bytes as f64 / f64::from(1 << 20));
        let (against, verified) = (self.against_plain * 100.0, verdict(self.verified));
        write!(
            f,
            "{case:<16} {path:<10} {way:<14} {kernel:<17} {shape:<7} {shard:>10} {stripes:>8} {time:>10.4} {crossed:>9.1} \
             {data_gbps:>9.1} {against:>8.1}%  {verified}"
        )
    }
}
