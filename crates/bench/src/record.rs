//! One measurement: the record that every suite makes, and the JSON that keeps it.
//!
//! A record says what was measured (`suite`, `case`, `path`, [`Method`] and [`Setup`]), where and when (`device`,
//! [`Machine`], `commit`, `date`), the seconds of every round (`samples`), the figures computed from them
//! ([`Figures`]), their limit ([`Ceiling`]), and whether the result was right (`verified`). In JSON only the keys of
//! `machine` are nested, and a suite leaves out keys that it does not use. docs/benchmarks.md explains each key.

mod origin;

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

pub use origin::{Machine, commit};

use crate::timing::median;

/// One way to do one thing, measured on one setup.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The suite: `device`, `cpu`, `host` ...
    pub suite: String,
    /// What was done: `encode`, `check`, `degraded read` ...
    pub case: String,
    /// Where the shards are and what reaches them: `resident`, `registered`, `cpu`, a file system ...
    pub path: String,
    /// The kernel, or another method.
    #[serde(flatten)]
    pub method: Method,
    /// What computed: the GPU as its driver names it, the processor, or the backend.
    pub device: String,
    /// The GPU's driver; empty if the CPU computed, absent if the backend chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver: Option<String>,
    /// Threads of the CPU that could work.
    pub threads: usize,
    /// The code and the sizes.
    #[serde(flatten)]
    pub setup: Setup,
    /// Seconds of every round that counts, in the order of measurement. `latency` keeps at most [`MOST_SAMPLES`] of its
    /// calls, in ascending order. Empty only in records that were copied from older pages.
    pub samples: Vec<f64>,
    /// The figures computed from the samples.
    #[serde(flatten)]
    pub figures: Figures,
    /// The limit that the figures are compared with.
    #[serde(flatten)]
    pub ceiling: Ceiling,
    /// Whether the result was right.
    pub verified: bool,
    /// The machine that ran the suite.
    pub machine: Machine,
    /// The commit of the build, as git describes it; `unknown` if the build could not ask git.
    pub commit: String,
    /// When the measurement ended, in UTC: `2026-11-27T22:05:09Z`.
    pub date: String,
}

/// The most samples that a record of `latency` keeps.
pub const MOST_SAMPLES: usize = 1000;

/// Defines a struct of optional keys. Absent keys are not written.
macro_rules! optional_keys {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $key:ident: $type:ty,)* }) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        pub struct $name {
            $($(#[$doc])* #[serde(default, skip_serializing_if = "Option::is_none")] pub $key: Option<$type>,)*
        }
    };
}

optional_keys! {
    /// The kernel, or another method.
    Method {
        /// The kernel; for `field` the form; for `fusion` in registered memory the calls.
        kernel: String,
        /// What made the matrices of `patterns`.
        solver: String,
        /// `fusion`: `plain`, `one call` or `separate calls`.
        way: String,
        /// How the backend reaches host memory.
        memory: String,
        /// Whether a GPU worked on the shards without a copy.
        in_place: bool,
    }
}

optional_keys! {
    /// The code, and the sizes of its shards or of the file.
    Setup {
        /// The code's name.
        code: String,
        /// Data shards.
        k: usize,
        /// Parity shards.
        m: usize,
        /// The layout's name.
        layout: String,
        /// Shards of the layout.
        shards: usize,
        /// Shards that are lost.
        lost: usize,
        /// Bytes of one shard in all stripes.
        shard_bytes: u64,
        /// Bytes of one shard in one stripe.
        unit_bytes: u64,
        /// Stripes.
        stripes: usize,
        /// Batches of one call.
        batches: usize,
        /// Sets of shards that the calls use in turn.
        sets: usize,
        /// Calls that count.
        calls: usize,
        /// Bytes of data that the layout holds.
        capacity_bytes: u64,
        /// Bytes of the shards that the plan reads.
        read_bytes: u64,
        /// Bytes of the shards that the plan writes.
        written_bytes: u64,
        /// Bytes of shards that crossed memory or the bus.
        crossed_bytes: u64,
        /// The directory of the files, as the user named it.
        dir: String,
        /// Bytes of the file.
        file_bytes: u64,
        /// Rounds that count.
        rounds: u32,
    }
}

optional_keys! {
    /// The figures computed from the samples.
    Figures {
        /// The median of the samples.
        median_s: f64,
        /// Seconds that half of the calls did not exceed.
        p50_s: f64,
        /// Seconds that 99 % of the calls did not exceed.
        p99_s: f64,
        /// Seconds that 99.9 % of the calls did not exceed.
        p999_s: f64,
        /// The slowest call.
        max_s: f64,
        /// 10^9 bytes a second. Each shard that is read or written counts once.
        traffic_gbps: f64,
        /// 10^9 bytes of data a second.
        data_gbps: f64,
        /// 10^9 operations a second.
        gops: f64,
        /// The speed over that of the plain call.
        against_plain: f64,
        /// The slowest stage.
        limit: String,
        /// Each stage's rate while it worked, in 10^9 bytes of the file a second.
        stages_gbps: BTreeMap<String, f64>,
    }
}

/// The limit that the figures are compared with, measured in the same run.
///
/// The copies of `host`, and its share, are `null` (the inner `None`) if the device cannot make such copies.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ceiling {
    /// Traffic of a job of the same shape that only moves bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling_gbps: Option<f64>,
    /// Copies to the device.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    pub to_device_gbps: Option<Option<f64>>,
    /// Copies from the device.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    pub from_device_gbps: Option<Option<f64>>,
    /// Copies both ways at once: the sum of both directions.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    pub both_gbps: Option<Option<f64>>,
    /// The program or function that copied the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copier: Option<String>,
    /// The rate of that copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy_gbps: Option<f64>,
    /// The measured rate over the ceiling.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "nullable")]
    pub share: Option<Option<f64>>,
}

/// Reads `null` as `Some(None)`. Only an absent key is `None`.
fn nullable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<f64>>, D::Error> {
    Ok(Some(Option::deserialize(deserializer)?))
}

/// What computed.
#[derive(Clone, Debug)]
pub(crate) struct Device {
    /// The GPU as its driver names it, or the processor.
    pub(crate) name: String,
    /// Empty if the CPU computed.
    pub(crate) driver: String,
    /// Threads of the CPU that could work.
    pub(crate) threads: usize,
}

impl Device {
    /// The processor, with as many threads as the current pool has.
    pub(crate) fn cpu() -> Self {
        Self { name: origin::processor(), driver: String::new(), threads: rayon::current_num_threads() }
    }
}

impl Record {
    /// A record of a measurement that has just ended, by this build on this machine. Its only figure is the median of
    /// the samples.
    pub(crate) fn new(
        (suite, case, path): (&str, &str, &str),
        device: &Device,
        samples: Vec<f64>,
        verified: bool,
    ) -> Self {
        let figures = Figures { median_s: Some(median(&samples)), ..Figures::default() };
        Self {
            suite: suite.to_owned(),
            case: case.to_owned(),
            path: path.to_owned(),
            device: device.name.clone(),
            driver: Some(device.driver.clone()),
            threads: device.threads,
            samples,
            figures,
            verified,
            machine: Machine::this(),
            commit: commit().to_owned(),
            date: origin::now(),
            ..Self::default()
        }
    }

    /// Seconds of a round, at the median.
    pub(crate) fn median_s(&self) -> f64 {
        self.figures.median_s.unwrap_or_default()
    }

    /// The rate of something that one round does `count` times, in 10^9 a second.
    pub(crate) fn rate(&self, count: f64) -> f64 {
        count / self.median_s() / 1e9
    }
}

/// Records as JSON: an array with one record a line.
///
/// # Errors
///
/// The error of `serde_json`.
pub fn to_json(records: &[Record]) -> serde_json::Result<String> {
    let lines = records.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
    Ok(if lines.is_empty() { "[]\n".to_owned() } else { format!("[\n{}\n]\n", lines.join(",\n")) })
}

/// Reads records from JSON.
///
/// # Errors
///
/// The error of `serde_json`.
pub fn from_json(text: &str) -> serde_json::Result<Vec<Record>> {
    serde_json::from_str(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_survives_json_and_absent_keys_stay_absent() {
        let device = Device { name: "a card".to_owned(), driver: "a driver".to_owned(), threads: 1 };
        let record = Record {
            setup: Setup { k: Some(10), shard_bytes: Some(1 << 40), ..Setup::default() },
            ceiling: Ceiling { to_device_gbps: Some(None), share: Some(Some(0.5)), ..Ceiling::default() },
            ..Record::new(("host", "encode", "registered"), &device, vec![3.0, 1.0, 2.0], true)
        };
        assert_eq!(record.figures.median_s, Some(2.0));
        let text = to_json(&[record.clone(), Record::default()]).unwrap();
        assert_eq!(text.lines().count(), 4);
        assert_eq!(from_json(&text).unwrap(), [record, Record::default()]);
        assert_eq!(from_json(&to_json(&[]).unwrap()).unwrap(), []);
        let values: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
        let keys = values[0].as_object().unwrap();
        assert!(keys["to_device_gbps"].is_null() && !keys.contains_key("ceiling_gbps") && !keys.contains_key("m"));
    }
}
