//! Ctrl-C, SIGTERM and SIGHUP. The first signal makes every loop over stripes or rounds stop with an error, so temporary files
//! are removed on the way out as after any error. The second ends the process at once.

pub(crate) use evariste_bench::interrupt::{Interrupted, check};

/// Begins to listen. A system that refuses leaves the default: a signal ends the process.
pub(crate) fn listen() {
    let handler = || {
        if evariste_bench::interrupt::request() {
            std::process::exit(3);
        }
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        log::warn!("no signal handler, an interrupt will leave temporary files: {error}");
    }
}
