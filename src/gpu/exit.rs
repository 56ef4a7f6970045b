//! The end of the process: a driver must not be at work on a thread of ours while the process takes it down.
//!
//! A backend that is dropped waits for its thread. A backend in a static is never dropped, and drivers have been seen to
//! crash when `exit` ran their destructors during the compilation of a kernel.

use std::sync::{Once, PoisonError, RwLock, RwLockReadGuard};

/// Whether the process is ending. A thread of ours holds the read lock while it is inside a driver.
static ENDING: RwLock<bool> = RwLock::new(false);

/// Permission to use a driver on a thread that nobody joins: the process ends only after the permission is dropped. `None`
/// if the process is already ending.
pub(super) fn running() -> Option<RwLockReadGuard<'static, bool>> {
    static HOOK: Once = Once::new();
    // Exit handlers run in reverse order. The driver has registered its own by now, so ours runs before them.
    HOOK.call_once(register);
    Some(ENDING.read().unwrap_or_else(PoisonError::into_inner)).filter(|ending| !**ending)
}

/// Parks a thread that got no permission until the process is gone. If the thread ended, the driver would clean up after it
/// while the process destroys the driver; that was seen to crash.
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
