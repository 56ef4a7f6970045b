//! Follows an operation of the store: draws a progress bar on stderr, and cancels on Ctrl-C.

use std::sync::{Mutex, PoisonError};

use evariste_store::{Phase, Watch};
use indicatif::{ProgressBar, ProgressStyle};

use crate::interrupt;

/// Draws a bar of the file's bytes for each phase if stderr is a terminal, and cancels after a signal. Dropping it
/// removes the bar.
#[derive(Default)]
pub(crate) struct Console {
    bar: Mutex<Option<ProgressBar>>,
}

impl Console {
    fn replace(&self, bar: Option<ProgressBar>) {
        let mut current = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(done) = std::mem::replace(&mut *current, bar) {
            done.finish_and_clear();
        }
    }
}

impl Watch for Console {
    fn begin(&self, phase: Phase, file_bytes: u64) {
        let title = match phase {
            Phase::Protect => "protecting",
            Phase::Verify => "verifying",
            Phase::Locate => "locating",
            Phase::Repair => "repairing",
            Phase::Restore => "restoring",
            _ => "working",
        };
        // Sizes are in powers of two and rates in powers of ten, as in the results. indicatif draws nothing unless stderr is a terminal.
        let bar = ProgressBar::new(file_bytes).with_message(title);
        let template = "{msg:10} {bar:40} {bytes}/{total_bytes} {decimal_bytes_per_sec} {eta}";
        self.replace(Some(match ProgressStyle::with_template(template) {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }));
    }

    fn advance(&self, file_bytes: u64) {
        if let Some(bar) = &*self.bar.lock().unwrap_or_else(PoisonError::into_inner) {
            bar.inc(file_bytes);
        }
    }

    fn is_cancelled(&self) -> bool {
        interrupt::check().is_err()
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.replace(None);
    }
}
