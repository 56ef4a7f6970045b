//! Devices that nobody uses at the moment. They stay open, and the next to be opened in the same way is one of them.
//!
//! For closing one is not safe: NVIDIA's driver 580.159 was seen to hang for good where one thread closed a device while
//! another that had used the driver came to its end. The driver ends threads of its own as it closes a device, and waits for
//! them under a lock that the ending thread wants; a program has no hand in when its threads end. What an idle device
//! holds is little: its buffers are gone.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use super::AdapterSummary;

static IDLE: Mutex<Vec<Opened>> = Mutex::new(Vec::new());

/// What two devices have in common if one can stand in for the other.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) adapter: AdapterSummary,
    /// Where on the bus the adapter is: there may be several of a name.
    pub(super) bus_id: String,
    pub(super) features: wgpu::Features,
    /// Whether it was to be opened with registered host memory.
    pub(super) registers: bool,
}

/// Why a device is lost; `None` while it is not.
pub(super) type Loss = Arc<Mutex<Option<String>>>;

/// A device with its queue.
#[derive(Clone)]
pub(super) struct Opened {
    pub(super) kind: Kind,
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) loss: Loss,
}

impl Opened {
    /// A device of this kind that was opened before and is idle.
    pub(super) fn idle(kind: &Kind) -> Option<Self> {
        let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
        let found = idle.iter().position(|opened| opened.kind == *kind)?;
        Some(idle.swap_remove(found))
    }
}

/// A device in use; idle when this is dropped.
pub(super) struct InUse(pub(super) Opened);

impl Drop for InUse {
    fn drop(&mut self) {
        let opened = self.0.clone();
        if opened.loss.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
            // Of no use to anybody, and still not to be closed.
            mem::forget(opened);
        } else {
            IDLE.lock().unwrap_or_else(PoisonError::into_inner).push(opened);
        }
    }
}
