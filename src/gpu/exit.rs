//! The end of the process: a driver must not be at work on a thread of ours while the process takes it down.
//!
//! A backend that is dropped waits for its thread. One that lives in a static never is, and drivers have been seen to
//! crash when `exit` ran their destructors while a kernel was being compiled.

use std::sync::{Once, PoisonError, RwLock, RwLockReadGuard};

/// Whether the process is ending. Read-locked by whoever is in a driver on a thread of its own.
static ENDING: RwLock<bool> = RwLock::new(false);

/// Leave to use a driver on a thread that nobody waits for: the process ends only after it was dropped. `None` if it is
/// ending already.
pub(super) fn running() -> Option<RwLockReadGuard<'static, bool>> {
    static HOOK: Once = Once::new();
    // By now the driver has set up what it takes down at the end; what is registered last runs first.
    HOOK.call_once(register);
    Some(ENDING.read().unwrap_or_else(PoisonError::into_inner)).filter(|ending| !**ending)
}

/// What a thread does that was given no leave: it stays until the process is gone. If it came to its end, the driver would
/// clean up after it while the process takes the driver down, and was seen to crash.
pub(super) fn stay() -> ! {
    loop {
        std::thread::park();
    }
}

#[cfg(any(unix, windows))]
fn register() {
    extern "C" fn wait() {
        *ENDING.write().unwrap_or_else(PoisonError::into_inner) = true;
    }
    // SAFETY: the function lives as long as the process and unwinds nowhere.
    if unsafe { libc::atexit(wait) } != 0 {
        log::warn!("no room for another function at the end of the process");
    }
}

#[cfg(not(any(unix, windows)))]
fn register() {}
