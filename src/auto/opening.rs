//! The GPU of an automatic backend: opened when it is first wanted, measured then, and given up once it has failed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::calibration::{Calibration, Work, stored};
use super::choice::Choice;
use crate::backend::{Backend, Batch};
use crate::{Error, ErrorKind};

/// Time for each point of the measurement that follows the opening.
const EFFORT: Duration = Duration::from_millis(5);

/// What opens the GPU.
pub(super) type Opener = dyn Fn() -> Result<Arc<dyn Backend>, Error> + Send + Sync;

/// A GPU that is opened at most once.
pub(super) struct LateGpu {
    opener: Box<Opener>,
    state: Mutex<State>,
    /// Told when the opening is over.
    opening_is_over: Condvar,
    warned: AtomicBool,
}

pub(super) enum State {
    Unopened,
    /// A call is opening and measuring it. The lock is free meanwhile.
    Opening,
    Open(Arc<Opened>),
    /// There is no GPU, or it failed. The text says why.
    Unusable(String),
}

/// An open GPU and the measured speeds of it and the CPU.
pub(super) struct Opened {
    pub(super) gpu: Arc<dyn Backend>,
    pub(super) calibration: Calibration,
}

/// An opening in progress. When it is dropped, its outcome becomes the state; after an error or a panic that is `Unopened`.
struct Opening<'a> {
    gpu: &'a LateGpu,
    outcome: State,
}

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        *self.gpu.lock() = std::mem::replace(&mut self.outcome, State::Unopened);
        self.gpu.opening_is_over.notify_all();
    }
}

impl LateGpu {
    pub(super) fn new(opener: Box<Opener>) -> Self {
        let state = Mutex::new(State::Unopened);
        Self { opener, state, opening_is_over: Condvar::new(), warned: AtomicBool::new(false) }
    }

    /// Where it stands. No code that can panic runs while the lock is held.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The GPU, opened if need be; `None` if there is no GPU to use. `given` replaces the measurement.
    ///
    /// A thread waits while another opens the GPU. A thread of a rayon pool does not wait, and gets `None`: the measurement runs
    /// in parallel, and a pool's thread that waits for its share runs other jobs of the pool meanwhile. If such a job waited
    /// for the measurement, both would wait forever.
    pub(super) fn open(&self, cpu: &dyn Backend, given: Option<&Calibration>) -> Result<Option<Arc<Opened>>, Error> {
        let mut state = self.lock();
        loop {
            match &*state {
                State::Open(opened) => return Ok(Some(Arc::clone(opened))),
                State::Unusable(_) => return Ok(None),
                State::Opening if rayon::current_thread_index().is_some() => return Ok(None),
                State::Opening => {
                    state = self.opening_is_over.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                State::Unopened => break,
            }
        }
        *state = State::Opening;
        drop(state);
        let mut opening = Opening { gpu: self, outcome: State::Unopened };
        match (self.opener)().and_then(|gpu| Opened::new(cpu, gpu, given)) {
            Ok(opened) => {
                log::info!("calls may run on {}", opened.device());
                let opened = Arc::new(opened);
                opening.outcome = State::Open(Arc::clone(&opened));
                Ok(Some(opened))
            }
            // Memory that does not suffice to measure may still suffice for the call.
            Err(error) if error.is_device_failure() || error.kind() == ErrorKind::OutOfMemory => {
                let reason = error.with_sources();
                log::info!("every call runs on the CPU: {reason}");
                opening.outcome = State::Unusable(reason);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Notes that a call failed on the GPU, which is given up unless only the size of the call was too much for it.
    pub(super) fn failed(&self, error: &Error) {
        let lasting = error.kind() != ErrorKind::DeviceCapacity;
        let reason = error.with_sources();
        if lasting {
            log::warn!("the call runs again on the CPU, and so do all from now on: {reason}");
            *self.lock() = State::Unusable(reason);
        } else if !self.warned.swap(true, Ordering::Relaxed) {
            log::warn!("the call runs again on the CPU: {reason}");
        }
    }
}

impl Opened {
    /// A GPU with the speeds of both: as given, as stored for these two devices, or measured now.
    fn new(cpu: &dyn Backend, gpu: Arc<dyn Backend>, given: Option<&Calibration>) -> Result<Self, Error> {
        let (cpu_device, gpu_device) = (cpu.info().device, gpu.info().device);
        let is_of_these = |calibration: &Calibration| calibration.is_of(&cpu_device, &gpu_device);
        let calibration = match given {
            Some(given) => given.clone(),
            None => match stored()?.filter(is_of_these) {
                Some(stored) => stored,
                None => Calibration::measure(cpu, &*gpu, EFFORT)?,
            },
        };
        log::info!("the choice goes by {calibration:?}");
        Ok(Self { gpu, calibration })
    }

    pub(super) fn device(&self) -> String {
        self.gpu.info().device
    }

    /// Where a call is expected to be done sooner.
    pub(super) fn choose(&self, batches: &[Batch<'_>]) -> Choice {
        let in_place = batches.iter().all(|batch| self.gpu.is_in_place(batch));
        let (cpu_s, gpu_s) = self.calibration.seconds(&Work::of(batches), in_place);
        Choice::Sooner { in_place, cpu_s, gpu_s }
    }
}
