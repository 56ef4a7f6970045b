//! A row of the suite `correct`.

use std::fmt;

use serde::Serialize;

use crate::bench::row::{Row, device, verdict};
use crate::bench::setup::Setup;
use crate::size;

/// One way to one end on one setup.
#[derive(Debug, Serialize)]
pub(super) struct CorrectRow {
    pub(super) suite: &'static str,
    pub(super) case: &'static str,
    pub(super) path: &'static str,
    pub(super) calls: &'static str,
    pub(super) device: String,
    pub(super) driver: String,
    pub(super) code: &'static str,
    pub(super) k: usize,
    pub(super) m: usize,
    pub(super) shard_bytes: usize,
    pub(super) threads: usize,
    pub(super) median_s: f64,
    pub(super) data_gbps: f64,
    /// What a check of the same shards takes, where they are right.
    pub(super) check_s: f64,
    pub(super) share: f64,
    pub(super) verified: bool,
}

/// What was measured.
pub(super) struct Measured {
    pub(super) case: &'static str,
    pub(super) calls: &'static str,
    pub(super) threads: usize,
    pub(super) median_s: f64,
    pub(super) check_s: f64,
    pub(super) verified: bool,
}

impl CorrectRow {
    pub(super) fn new(setup: &Setup, path: &'static str, device: (&str, &str), measured: &Measured) -> Self {
        let Measured { case, calls, threads, median_s, check_s, verified } = *measured;
        let data_bytes = setup.code.data_shards() * setup.shard_bytes();
        Self {
            suite: "correct",
            case,
            path,
            calls,
            device: device.0.to_owned(),
            driver: device.1.to_owned(),
            code: setup.code.name(),
            k: setup.code.data_shards(),
            m: setup.code.parity_shards(),
            shard_bytes: setup.shard_bytes(),
            threads,
            median_s,
            data_gbps: data_bytes as f64 / median_s / 1e9,
            check_s,
            share: check_s / median_s,
            verified,
        }
    }
}

impl Row for CorrectRow {
    const HEADER: &'static str = "\
path         damage      calls      code         shape        shard       time      data      check  share  verified
                                                                            ms      GB/s         ms";

    fn device(&self) -> String {
        device(&self.device, &self.driver)
    }

    fn is_verified(&self) -> bool {
        self.verified
    }
}

impl fmt::Display for CorrectRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, case, calls, code, data_gbps, .. } = self;
        let (shape, shard) = (format!("{}+{}", self.k, self.m), size::show(self.shard_bytes as u64));
        let (time, check, share) = (self.median_s * 1e3, self.check_s * 1e3, self.share * 100.0);
        let verified = verdict(self.verified);
        write!(
            f,
            "{path:<12} {case:<11} {calls:<10} {code:<12} {shape:<7} {shard:>10} {time:>10.4} {data_gbps:>9.1} {check:>10.4} \
             {share:>5.1}%  {verified}"
        )
    }
}
