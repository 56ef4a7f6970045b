//! Ctrl-C, SIGTERM and SIGHUP. The first signal makes every loop over stripes or rounds stop with an error, so temporary files
//! are removed on the way out as after any error. A signal more than a second later ends the process at once.

use std::time::{Duration, Instant};

use evariste_bench::interrupt::request;
pub(crate) use evariste_bench::interrupt::{Interrupted, check};

/// Signals that follow the first within this time count as one with it: `timeout` signals a process and then its group.
const ONE_SIGNAL: Duration = Duration::from_secs(1);

/// Begins to listen. A system that refuses leaves the default: a signal ends the process.
pub(crate) fn listen() {
    let mut first: Option<Instant> = None;
    let handler = move || match first {
        None => {
            first = Some(Instant::now());
            request();
        }
        Some(first) if first.elapsed() < ONE_SIGNAL => {}
        Some(_) => std::process::exit(3),
    };
    if let Err(error) = on_signals(handler) {
        log::warn!("no signal handler, an interrupt will leave temporary files: {error}");
    }
}

/// Calls `handler` for each signal, on a thread of its own.
#[cfg(unix)]
fn on_signals(mut handler: impl FnMut() + Send + 'static) -> std::io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
    use signal_hook::iterator::Signals;

    let stopping = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|&signal| !is_ignored(signal));
    // SIGXFSZ would end the process at once. With a handler the write that went beyond `ulimit -f` fails like any other.
    let signals = stopping.chain([SIGXFSZ]).collect::<Vec<_>>();
    let (told, listens) = std::sync::mpsc::channel();
    // The thread comes first: without it nothing would act on signals that are already caught.
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || match Signals::new(signals) {
        Ok(mut signals) => {
            let _ = told.send(Ok(()));
            signals.forever().filter(|&signal| signal != SIGXFSZ).for_each(|_| handler());
        }
        Err(error) => drop(told.send(Err(error))),
    })?;
    listens.recv().unwrap_or(Ok(()))
}

/// Whether this process was started with the signal ignored, as `nohup` does with SIGHUP, and a script with the SIGINT of what
/// it runs in the background. Such a signal stays ignored. Known on Linux only.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

#[cfg(not(unix))]
fn on_signals(handler: impl FnMut() + Send + 'static) -> Result<(), ctrlc::Error> {
    ctrlc::set_handler(handler)
}
