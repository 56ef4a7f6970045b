//! Ctrl-C, SIGTERM and SIGHUP. The first signal makes every loop over stripes stop with an error, so temporary files are
//! removed on the way out as after any error. The second ends the process at once.

use std::sync::atomic::{AtomicBool, Ordering};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// A signal asked the verb to stop.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
pub(crate) struct Interrupted;

/// Begins to listen. A system that refuses leaves the default: a signal ends the process.
pub(crate) fn listen() {
    let handler = || {
        if REQUESTED.swap(true, Ordering::Relaxed) {
            std::process::exit(3);
        }
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        log::warn!("no signal handler, an interrupt will leave temporary files: {error}");
    }
}

/// An error once a signal has come.
pub(crate) fn check() -> Result<(), Interrupted> {
    if REQUESTED.load(Ordering::Relaxed) { Err(Interrupted) } else { Ok(()) }
}
