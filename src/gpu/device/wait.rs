//! Waiting for a device: polling for a moment, then sleeping. A wait gives up on a device that hangs, unless it works on memory
//! that its owner will use next. A lost device is an error.

use std::sync::{PoisonError, mpsc};
use std::time::{Duration, Instant};

use super::Device;
use crate::Error;

/// How long a wait polls before it sleeps. A small call ends within this time, and waking up would take as long as the call.
const SPIN: Duration = Duration::from_micros(100);
/// A submission that takes longer than this is considered hung.
const HANG: Duration = Duration::from_secs(120);

/// The pauses before a wait that panicked is repeated. After the last one, the wait gives up.
const PAUSES_AFTER_PANICS: [Duration; 3] = [Duration::ZERO, Duration::from_millis(100), Duration::from_millis(900)];

/// Sent by a buffer's callback once the buffer is mapped.
pub(in crate::gpu) type Mapped = mpsc::Receiver<Result<(), wgpu::BufferAsyncError>>;

/// How a wait ended.
enum Waited {
    Done,
    Hung,
    Lost(String),
}

impl Device {
    /// Waits for a submission, or for the last one. Callbacks of buffers mapped by it run before this returns or, on another
    /// thread that polls this device, soon after. Gives up on a device that hangs.
    pub(in crate::gpu) fn wait(
        &self,
        submission: Option<wgpu::SubmissionIndex>,
        doing: impl Fn() -> String,
    ) -> Result<(), Error> {
        match self.poll(submission) {
            Waited::Done => self.loss().map_or(Ok(()), |reason| Err(self.lost(doing(), reason))),
            Waited::Hung => {
                if self.owned.is_some() {
                    // Whatever still runs on the device must stop.
                    self.device.destroy();
                }
                Err(self.lost(doing(), format!("it has not answered for {} s", HANG.as_secs())))
            }
            Waited::Lost(reason) => Err(self.lost(doing(), reason)),
        }
    }

    /// Waits until the device is done with a submission, or with everything submitted so far, or until it is lost. There is no time
    /// limit, because the owner of the memory uses it next. A submission index that never existed means the device is lost.
    pub(in crate::gpu) fn settle(
        &self,
        submission: Option<wgpu::SubmissionIndex>,
        doing: impl Fn() -> String,
    ) -> Result<(), Error> {
        loop {
            match self.poll(submission.clone()) {
                Waited::Done => return self.loss().map_or(Ok(()), |reason| Err(self.lost(doing(), reason))),
                Waited::Hung => {
                    log::error!("{} has been {} for {} s", self.name, doing(), HANG.as_secs());
                    if self.owned.is_some() {
                        // Otherwise other threads would queue behind it.
                        self.device.destroy();
                    }
                }
                Waited::Lost(reason) => return Err(self.lost(doing(), reason)),
            }
        }
    }

    /// Waits for the mapping of a buffer after the wait for its submission. Any thread that polls the device may run our
    /// callback, so the callback may not have run yet.
    pub(in crate::gpu) fn wait_mapped(&self, mapped: &Mapped, doing: impl Fn() -> String) -> Result<(), Error> {
        match mapped.recv_timeout(HANG) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.failed(doing(), error)),
            Err(error) => Err(self.failed(doing(), error)),
        }
    }

    fn poll(&self, submission_index: Option<wgpu::SubmissionIndex>) -> Waited {
        let poll = || {
            let started = Instant::now();
            while started.elapsed() < SPIN {
                if self.device.poll(wgpu::PollType::Poll)?.is_queue_empty() {
                    break;
                }
            }
            // Returns at once if the queue is empty. Only this call reports whether the submission existed.
            let submission_index = submission_index.clone();
            self.device.poll(wgpu::PollType::Wait { submission_index, timeout: Some(HANG) })
        };
        // wgpu panics if a driver reports a lost device during a wait, and that becomes an error here. It also panics if the host
        // is short of memory, and a caller's callback that runs during the wait may panic too. Only a loss happens again on every
        // attempt.
        for pause in PAUSES_AFTER_PANICS {
            match std::panic::catch_unwind(std::panic::AssertUnwindSafe(&poll)) {
                Ok(Ok(_)) => return Waited::Done,
                Ok(Err(wgpu::PollError::Timeout)) => return Waited::Hung,
                // There was never a submission with this index.
                Ok(Err(_)) => return Waited::Lost("it takes no more work".to_owned()),
                Err(_) => std::thread::sleep(pause),
            }
        }
        Waited::Lost("every wait for it panicked".to_owned())
    }

    /// The error of a loss. The device remembers the loss.
    fn lost(&self, doing: String, reason: String) -> Error {
        self.loss.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| reason.clone());
        Error::DeviceLost { device: self.name.clone(), doing, reason }
    }
}
