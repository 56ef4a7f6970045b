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
    /// `plain`, `one call` or `separate calls`.
    pub(super) way: &'static str,
    /// What ran.
    pub(super) kernel: String,
    pub(super) device: String,
    pub(super) driver: String,
    /// Of the host, which records and waits.
    pub(super) threads: usize,
    pub(super) code: &'static str,
    pub(super) k: usize,
    pub(super) m: usize,
    pub(super) shard_bytes: usize,
    pub(super) median_s: f64,
    /// Bytes of shards that crossed memory, or PCIe.
    pub(super) crossed_bytes: usize,
    pub(super) data_gbps: f64,
    /// Its speed against the plain call's.
    pub(super) against_plain: f64,
    pub(super) verified: bool,
}

impl FusionRow {
    /// The rows of a case: of the plain call, of the one that does both, and of several.
    pub(super) fn all(
        setup: &Setup,
        path: &'static str,
        (device, driver): (&str, &str),
        ways: [(&'static str, String, f64, usize); 3],
        verified: bool,
    ) -> [Self; 3] {
        let (k, m, shard_bytes) = (setup.code.data_shards(), setup.code.parity_shards(), setup.shard_bytes());
        let plain_s = ways[0].2;
        ways.map(|(way, kernel, median_s, slots)| Self {
            suite: "fusion",
            case: "encode+crc32c",
            path,
            way,
            kernel,
            device: device.to_owned(),
            driver: driver.to_owned(),
            threads: 1,
            code: setup.code.name(),
            k,
            m,
            shard_bytes,
            median_s,
            crossed_bytes: slots * shard_bytes,
            data_gbps: (k * shard_bytes) as f64 / median_s / 1e9,
            against_plain: plain_s / median_s,
            verified,
        })
    }
}

impl Row for FusionRow {
    const HEADER: &'static str = "\
case          path       way            kernel         shape        shard       time   crossed      data  of plain  verified
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
        let Self { case, path, way, kernel, data_gbps, .. } = self;
        let (shape, shard) = (format!("{}+{}", self.k, self.m), size::show(self.shard_bytes as u64));
        let (time, crossed) = (self.median_s * 1e3, self.crossed_bytes as f64 / f64::from(1 << 20));
        let (against, verified) = (self.against_plain * 100.0, verdict(self.verified));
        write!(
            f,
            "{case:<13} {path:<10} {way:<14} {kernel:<14} {shape:<7} {shard:>10} {time:>10.4} {crossed:>9.1} \
             {data_gbps:>9.1} {against:>8.1}%  {verified}"
        )
    }
}
