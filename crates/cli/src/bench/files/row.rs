//! Rows of the suite `files`.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::bench::row::{Row, verdict};
use crate::size;

/// One verb's measurement in one directory.
#[derive(Debug, Serialize)]
pub(super) struct FilesRow {
    pub(super) suite: &'static str,
    pub(super) case: &'static str,
    pub(super) path: String,
    pub(super) dir: String,
    pub(super) device: String,
    pub(super) code: &'static str,
    pub(super) k: usize,
    pub(super) m: usize,
    pub(super) file_bytes: u64,
    pub(super) unit_bytes: u64,
    pub(super) threads: usize,
    pub(super) rounds: u32,
    pub(super) median_s: f64,
    pub(super) data_gbps: f64,
    pub(super) copier: &'static str,
    pub(super) copy_gbps: f64,
    pub(super) share: f64,
    pub(super) limit: &'static str,
    pub(super) stages_gbps: BTreeMap<&'static str, f64>,
    pub(super) verified: bool,
}

impl Row for FilesRow {
    const HEADER: &'static str = "\
case     path      shape         file       unit rounds      time      rate      copy   share  verified  stages while at work, the slowest first
                                                                s      GB/s      GB/s                    GB/s";

    fn device(&self) -> String {
        format!("{}, {} threads; files in {}, beside {} and a sync", self.device, self.threads, self.dir, self.copier)
    }

    fn is_verified(&self) -> bool {
        self.verified
    }
}

impl fmt::Display for FilesRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { case, path, rounds, median_s, data_gbps, copy_gbps, .. } = self;
        let (shape, share) = (format!("{}+{}", self.k, self.m), self.share * 100.0);
        let (file, unit, verified) = (size::show(self.file_bytes), size::show(self.unit_bytes), verdict(self.verified));
        let mut stages: Vec<_> = self.stages_gbps.iter().collect();
        stages.sort_by(|one, other| one.1.total_cmp(other.1));
        let stages: Vec<String> = stages.iter().map(|(stage, gbps)| format!("{stage} {gbps:.2}")).collect();
        write!(
            f,
            "{case:<8} {path:<9} {shape:<7} {file:>10} {unit:>10} {rounds:>6} {median_s:>9.3} {data_gbps:>9.2} \
             {copy_gbps:>9.2} {share:>6.1}%  {verified:<8}  {}",
            stages.join(", ")
        )
    }
}
