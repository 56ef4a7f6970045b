//! Ctrl-C, SIGTERM and SIGHUP. After the first signal, every loop over stripes or rounds stops with an error, and
//! temporary files are removed as after any error. The second signal ends the process at once.

pub(crate) use evariste_bench::interrupt::{Interrupted, check};

/// Installs the signal handler. If the system refuses, the default stays: a signal ends the process.
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
