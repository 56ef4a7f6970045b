//! The GPU of an automatic backend: opened when it is first wanted, measured then, and given up once it has failed.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{panic, thread};

use super::calibration::{Calibration, Work, stored};
use super::choice::Choice;
use crate::backend::{Backend, Batch};
use crate::{Error, ErrorKind};

/// Time for each point of the measurement that follows the opening.
const EFFORT: Duration = Duration::from_millis(5);

/// The GPU is given up after this many openings that failed for lack of memory or threads.
const MOST_FAILURES: u32 = 3;

/// What opens the GPU.
pub(super) type Opener = dyn Fn() -> Result<Arc<dyn Backend>, Error> + Send + Sync;

/// A GPU that is opened at most once.
pub(super) struct LateGpu {
    opener: Box<Opener>,
    state: Mutex<State>,
    /// Told when the opening is over.
    opening_is_over: Condvar,
    /// Openings that failed for lack of memory or threads.
    failures: AtomicU32,
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
        let (failures, warned) = (AtomicU32::new(0), AtomicBool::new(false));
        Self { opener, state, opening_is_over: Condvar::new(), failures, warned }
    }

    /// The state.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The GPU, opened if need be; `None` if there is no GPU to use. `given` replaces the measurement.
    ///
    /// A thread waits while another opens the GPU.
    pub(super) fn open(&self, cpu: &dyn Backend, given: Option<&Calibration>) -> Result<Option<Arc<Opened>>, Error> {
        let mut state = self.lock();
        loop {
            match &*state {
                State::Open(opened) => return Ok(Some(Arc::clone(opened))),
                State::Unusable(_) => return Ok(None),
                State::Opening => {
                    state = self.opening_is_over.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                State::Unopened => break,
            }
        }
        *state = State::Opening;
        drop(state);
        let mut opening = Opening { gpu: self, outcome: State::Unopened };
        let error = match apart(|| Opened::new(cpu, (self.opener)()?, given)) {
            Ok(opened) => {
                log::info!("calls may run on {}", opened.device());
                let opened = Arc::new(opened);
                opening.outcome = State::Open(Arc::clone(&opened));
                return Ok(Some(opened));
            }
            Err(error) => error,
        };
        let may_pass = matches!(error, Error::DeviceMemory { .. } | Error::HostMemory { .. } | Error::Thread { .. });
        if !error.is_device_failure() && !may_pass {
            return Err(error);
        }
        let reason = error.with_sources();
        if may_pass && self.failures.fetch_add(1, Ordering::Relaxed) + 1 < MOST_FAILURES {
            log::info!("the call runs on the CPU, a later one opens the GPU again: {reason}");
        } else {
            log::info!("every call runs on the CPU: {reason}");
            opening.outcome = State::Unusable(reason);
        }
        Ok(None)
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

/// Runs `open` on a thread and a rayon pool of its own, as wide as rayon's default, and waits for it.
///
/// All threads of the caller's pool and of the global one may be waiting for this opening, so it must not need any of them, nor
/// start the global one. A pool's thread that calls this runs no other jobs meanwhile. The speed of the CPU is that of the
/// default number of threads, even if the first call comes from a smaller pool.
fn apart<T: Send>(open: impl FnOnce() -> Result<T, Error> + Send) -> Result<T, Error> {
    let in_own_pool = || {
        let pool = rayon::ThreadPoolBuilder::new().build();
        let pool = pool.map_err(|error| Error::Thread { source: std::io::Error::other(error) })?;
        pool.install(open)
    };
    thread::scope(|scope| {
        let opening = thread::Builder::new().name("evariste-open".to_owned()).spawn_scoped(scope, in_own_pool);
        opening
            .map_err(|source| Error::Thread { source })?
            .join()
            .unwrap_or_else(|payload| panic::resume_unwind(payload))
    })
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
