//! Describes how long an operation took.

use std::time::{Duration, Instant};

use anyhow::Result;
use evariste::Backend;
use evariste_store::StageTime;

use crate::backend;
use crate::size;

/// A result and the time it took.
pub(crate) struct Timed<T> {
    pub(crate) value: T,
    pub(crate) time: Duration,
}

impl<T> Timed<T> {
    pub(crate) fn run(work: impl FnOnce() -> Result<T>) -> Result<Self> {
        let start = Instant::now();
        let value = work()?;
        Ok(Self { value, time: start.elapsed() })
    }

    /// `256 MiB in 0.52 s, 516 MB/s, cpu: avx2, 2 threads`. The rate counts bytes of the file.
    pub(crate) fn rate(&self, file_bytes: u64, backend: &dyn Backend) -> String {
        format!(
            "{} in {:.2} s, {}, {}",
            size::show(file_bytes),
            self.time.as_secs_f64(),
            size::show_rate(file_bytes, self.time),
            backend::describe(&backend.info()),
        )
    }
}

/// Logs the rate of each stage while it was working: `read 5.12 GB/s, hash 9.80 GB/s`.
pub(crate) fn log_stages(file_bytes: u64, stages: &[StageTime]) {
    let rates: Vec<String> =
        stages.iter().map(|stage| format!("{} {}", stage.stage, size::show_rate(file_bytes, stage.time))).collect();
    log::info!("stages: {}", rates.join(", "));
}
