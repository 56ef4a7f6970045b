//! A progress bar on stderr while it is a terminal, and nothing otherwise.

use std::borrow::Cow;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar that counts bytes of the file and vanishes when dropped.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// `what` is a verb in its -ing form.
    pub(crate) fn new(what: impl Into<Cow<'static, str>>, file_bytes: u64) -> Self {
        // indicatif draws nothing where stderr is no terminal.
        let bar = ProgressBar::new(file_bytes).with_message(what);
        let template = "{msg:10} {bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        Self(match ProgressStyle::with_template(template) {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        })
    }

    pub(crate) fn advance(&self, file_bytes: u64) {
        self.0.inc(file_bytes);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
