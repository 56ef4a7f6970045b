//! Rows: what was measured, as JSON and as lines for people.

use std::fmt;
use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use indicatif::ProgressBar;
use serde::Serialize;

use super::args::Output;
use crate::exit::Exit;
use crate::size;

/// One kernel's measurement in one case on one setup.
#[derive(Debug, Serialize)]
pub(super) struct DeviceRow {
    pub(super) suite: &'static str,
    pub(super) case: &'static str,
    pub(super) path: &'static str,
    pub(super) kernel: String,
    pub(super) device: String,
    pub(super) driver: String,
    pub(super) code: &'static str,
    pub(super) k: usize,
    pub(super) m: usize,
    pub(super) shard_bytes: usize,
    pub(super) stripes: usize,
    pub(super) threads: usize,
    pub(super) median_s: f64,
    pub(super) traffic_gbps: f64,
    pub(super) data_gbps: f64,
    pub(super) ceiling_gbps: f64,
    pub(super) share: f64,
    pub(super) verified: bool,
}

/// One form's measurement of one operation of the field.
#[derive(Debug, Serialize)]
pub(super) struct FieldRow {
    pub(super) suite: &'static str,
    pub(super) case: &'static str,
    pub(super) path: &'static str,
    pub(super) kernel: &'static str,
    pub(super) device: String,
    pub(super) driver: String,
    pub(super) threads: usize,
    pub(super) median_s: f64,
    pub(super) gops: f64,
    pub(super) verified: bool,
}

/// A row of any suite.
pub(super) trait Row: Serialize + fmt::Display {
    const HEADER: &'static str;
    fn device(&self) -> String;
    fn is_verified(&self) -> bool;
}

pub(super) fn verdict(verified: bool) -> &'static str {
    if verified { "yes" } else { "NO" }
}

pub(super) fn device(device: &str, driver: &str) -> String {
    if driver.is_empty() { device.to_owned() } else { format!("{device}, {driver}") }
}

impl Row for DeviceRow {
    const HEADER: &'static str = "\
case         kernel    threads  code         shape        shard   stripes       time   traffic      data   ceiling   share  verified
                                                                                  ms      GB/s      GB/s      GB/s";

    fn device(&self) -> String {
        device(&self.device, &self.driver)
    }

    fn is_verified(&self) -> bool {
        self.verified
    }
}

impl fmt::Display for DeviceRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { case, kernel, threads, code, stripes, traffic_gbps, data_gbps, ceiling_gbps, .. } = self;
        let (shape, shard) = (format!("{}+{}", self.k, self.m), size::show(self.shard_bytes as u64));
        let (time, share, verified) = (self.median_s * 1e3, self.share * 100.0, verdict(self.verified));
        write!(
            f,
            "{case:<12} {kernel:<9} {threads:>7}  {code:<12} {shape:<7} {shard:>10} {stripes:>9} {time:>10.4} \
             {traffic_gbps:>9.1} {data_gbps:>9.1} {ceiling_gbps:>9.1} {share:>6.1}%  {verified}"
        )
    }
}

impl Row for FieldRow {
    const HEADER: &'static str = "\
case         form         threads       time      rate  verified
                                          ms    Gops/s";

    fn device(&self) -> String {
        device(&self.device, &self.driver)
    }

    fn is_verified(&self) -> bool {
        self.verified
    }
}

impl fmt::Display for FieldRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { case, kernel, threads, gops, .. } = self;
        let (time, verified) = (self.median_s * 1e3, verdict(self.verified));
        write!(f, "{case:<12} {kernel:<12} {threads:>7} {time:>10.4} {gops:>9.2}  {verified}")
    }
}

/// Takes rows as they are measured: a line for people at once, the JSON at the end.
pub(super) struct Rows<'a, R> {
    out: &'a mut dyn Write,
    output: &'a Output,
    rows: Vec<R>,
    /// Of the row before, to be said once.
    device: Option<String>,
    progress: ProgressBar,
}

impl<'a, R: Row> Rows<'a, R> {
    pub(super) fn new(output: &'a Output, out: &'a mut dyn Write) -> Self {
        // indicatif draws on stderr, and nothing where that is no terminal.
        Self { out, output, rows: Vec::new(), device: None, progress: ProgressBar::new_spinner() }
    }

    /// Says what is being measured, while it is.
    pub(super) fn doing(&self, what: String) {
        self.progress.set_message(what);
        self.progress.tick();
    }

    pub(super) fn push(&mut self, row: R) -> Result<()> {
        if !self.is_json_alone() {
            let (out, device) = (&mut *self.out, row.device());
            let header = (self.device.as_ref() != Some(&device)).then(|| format!("{device}\n{}\n", R::HEADER));
            self.progress.suspend(|| writeln!(out, "{}{row}", header.unwrap_or_default()))?;
            self.device = Some(device);
        }
        self.rows.push(row);
        Ok(())
    }

    /// Writes the JSON, and says whether every row is right.
    pub(super) fn finish(self) -> Result<Exit> {
        self.progress.finish_and_clear();
        if let Some(path) = &self.output.json {
            let mut text = serde_json::to_string_pretty(&self.rows).context("cannot write the rows as JSON")?;
            text.push('\n');
            if self.is_json_alone() {
                self.out.write_all(text.as_bytes())?;
            } else {
                fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
            }
        }
        Ok(if self.rows.iter().all(R::is_verified) { Exit::Whole } else { Exit::Damaged })
    }

    fn is_json_alone(&self) -> bool {
        self.output.json.as_deref() == Some(Path::new("-"))
    }
}
