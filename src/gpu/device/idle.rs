//! Devices that are not in use. They stay open and are used again when a device is opened in the same way.
//! Closing a device is not safe: NVIDIA's driver 580.159 was seen to hang forever when one thread closed a device while another
//! thread that had used the driver was ending. To close a device, the driver ends its own threads and waits for them while it
//! holds a lock that the ending thread needs, and a program cannot always control when its threads end. An idle device costs
//! little, because its buffers have been freed.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use super::AdapterSummary;

static IDLE: Mutex<Vec<Opened>> = Mutex::new(Vec::new());

/// The properties in which two devices must agree if one is to replace the other.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) adapter: AdapterSummary,
    /// The adapter's place on the bus. Several adapters may have the same name.
    pub(super) bus_id: String,
    pub(super) features: wgpu::Features,
    /// Whether it was opened for registered host memory.
    pub(super) registers: bool,
}

/// The reason for the loss of a device; `None` if it is not lost.
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
    /// Takes an idle device of this kind, if there is one.
    pub(super) fn idle(kind: &Kind) -> Option<Self> {
        let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
        let found = idle.iter().position(|opened| opened.kind == *kind)?;
        Some(idle.swap_remove(found))
    }
}

/// A device in use. It becomes idle when this is dropped.
pub(super) struct InUse(pub(super) Opened);

impl Drop for InUse {
    fn drop(&mut self) {
        let opened = self.0.clone();
        if opened.loss.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
            // The device is useless now, but closing it is still not safe.
            mem::forget(opened);
        } else {
            IDLE.lock().unwrap_or_else(PoisonError::into_inner).push(opened);
        }
    }
}
