//! The automatic backend: the CPU or a GPU, call by call, whichever was measured to be done sooner.

mod calibration;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use calibration::Work;
pub use calibration::{Calibration, Speed, default_path};

use crate::backend::{Backend, Batch, Info, Report, Task};
use crate::gpu::{self, Gpu};
use crate::memory::Region;
use crate::{Cpu, Error};

/// Calls that move fewer bytes than this go to the CPU, which is done before a GPU has been asked.
const LEAST_TRAFFIC_BYTES: usize = 1 << 20;
/// A call, or memory to be allocated, of this size opens the GPU.
const OPENING_BYTES: usize = 32 << 20;
/// Time for each point of the measurement that is made when the GPU is opened.
const EFFORT: Duration = Duration::from_millis(5);

type Opener = dyn Fn() -> Result<Arc<dyn Backend>, Error> + Send + Sync;

/// Chooses between the CPU and a GPU, call by call.
///
/// The GPU is opened by the first call of 32 MiB or more. Then both are measured, for some milliseconds each of nine points, unless
/// `evariste bench calibrate` has stored what it found for these two devices; from then on a call goes where it is
/// expected to be done sooner. That depends on its size, on the number of products it takes, and on whether it lies in
/// memory that the GPU works on in place. [`Auto::explain`] says what would happen to a call, and why.
///
/// While the GPU is opened, calls that are not large enough to open it run on the CPU, and so do those of threads of a rayon
/// pool; other threads wait.
///
/// A software adapter is never chosen, unless `EVARISTE_DEVICE` names it. A call whose GPU fails runs again, whole, on the
/// CPU; that is logged once as a warning, and a GPU that failed for another reason than the size of the call is not used
/// again. A correction may be run again like any other call, but what the GPU had made right before is not in the report,
/// which then says so: [`Report::is_second_run`].
pub struct Auto {
    cpu: Arc<dyn Backend>,
    open_gpu: Box<Opener>,
    /// What to go by instead of a measurement.
    given: Option<Calibration>,
    gpu: Mutex<GpuState>,
    /// Told when the opening is over.
    opening_is_over: Condvar,
    warned: AtomicBool,
}

enum GpuState {
    Unopened,
    /// A call is opening it, and measures; the lock is free meanwhile.
    Opening,
    Open(Arc<Opened>),
    /// There is none, or it failed: why.
    Unusable(String),
}

struct Opened {
    gpu: Arc<dyn Backend>,
    calibration: Calibration,
}

/// The opening of the GPU, and what it leads to: nothing, if it fails to the caller or panics.
struct Opening<'a> {
    auto: &'a Auto,
    outcome: GpuState,
}

impl Drop for Opening<'_> {
    fn drop(&mut self) {
        *self.auto.lock() = std::mem::replace(&mut self.outcome, GpuState::Unopened);
        self.auto.opening_is_over.notify_all();
    }
}

/// Where a call would run, and why: what [`Auto::explain`] says.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Choice {
    /// On the CPU, because it is small.
    Small {
        /// Bytes it moves.
        bytes: usize,
        /// Bytes from which a GPU is considered.
        least: usize,
    },
    /// On the CPU, because there is no GPU to use.
    NoGpu {
        /// Why not.
        reason: String,
    },
    /// On the CPU, because nothing has been large enough yet to open a GPU.
    Unopened {
        /// Bytes it moves.
        bytes: usize,
        /// Bytes that open a GPU.
        least: usize,
    },
    /// Not known yet: it opens the GPU, or waits for the call that does, and what is measured then decides.
    Opens,
    /// Where it is expected to be done sooner.
    Sooner {
        /// Whether the GPU would work on it in place.
        in_place: bool,
        /// Seconds expected on the CPU.
        cpu_s: f64,
        /// Seconds expected on the GPU.
        gpu_s: f64,
    },
}

impl Choice {
    /// Whether the call is known to run on the GPU.
    #[must_use]
    pub fn is_gpu(&self) -> bool {
        matches!(self, Self::Sooner { cpu_s, gpu_s, .. } if gpu_s < cpu_s)
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let device = if self.is_gpu() { "GPU" } else { "CPU" };
        match self {
            Self::Small { bytes, least } => write!(f, "{device}: it moves {bytes} bytes, fewer than {least}"),
            Self::NoGpu { reason } => write!(f, "{device}: there is no GPU to use: {reason}"),
            Self::Unopened { bytes, least } => {
                write!(f, "{device}: no GPU is open, and {bytes} bytes are fewer than the {least} that open one")
            }
            Self::Opens => f.write_str("not known yet: it opens a GPU, and what is measured then decides"),
            Self::Sooner { in_place, cpu_s, gpu_s } => {
                let how = if *in_place { "in place" } else { "through copies" };
                let (cpu, gpu) = (cpu_s * 1e6, gpu_s * 1e6);
                write!(f, "{device}: {cpu:.0} us are expected on the CPU, {gpu:.0} us on the GPU {how}")
            }
        }
    }
}

impl fmt::Debug for Auto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auto").field("device", &self.info().device).finish_non_exhaustive()
    }
}

impl Auto {
    /// The CPU and the best hardware GPU.
    ///
    /// # Errors
    /// [`Error::Environment`] if `EVARISTE_CPU` cannot be honoured. The variables that concern the GPU are read when it
    /// is opened: a call that opens it reports them.
    pub fn new() -> Result<Self, Error> {
        let open = || Gpu::open(&gpu::Options::hardware_only()).map(|gpu| Arc::new(gpu) as Arc<dyn Backend>);
        Ok(Self::of(Arc::new(Cpu::new()?), open))
    }

    /// A choice between two backends; the second is opened when it is first wanted.
    pub fn of(
        cpu: Arc<dyn Backend>,
        open_gpu: impl Fn() -> Result<Arc<dyn Backend>, Error> + Send + Sync + 'static,
    ) -> Self {
        Self {
            cpu,
            open_gpu: Box::new(open_gpu),
            given: None,
            gpu: Mutex::new(GpuState::Unopened),
            opening_is_over: Condvar::new(),
            warned: AtomicBool::new(false),
        }
    }

    /// The same choice, by these figures, whatever devices they were measured on and whatever `EVARISTE_CALIBRATION` names.
    #[must_use]
    pub fn with_calibration(self, calibration: Calibration) -> Self {
        Self { given: Some(calibration), ..self }
    }

    /// What the choice goes by; `None` while no GPU is open.
    #[must_use]
    pub fn calibration(&self) -> Option<Calibration> {
        match &*self.lock() {
            GpuState::Open(opened) => Some(opened.calibration.clone()),
            _ => None,
        }
    }

    /// Where a call with these batches would run, and why. Opens nothing and runs nothing.
    ///
    /// ```
    /// use evariste::{Auto, Batch, Code, Geometry, Task, View};
    ///
    /// let plan = Code::raid5(2)?.encode_plan();
    /// let mut memory = vec![0; 3 * 4096];
    /// let view = View::arena(&mut memory, Geometry::one_stripe(3, 1000)?)?;
    /// let choice = Auto::new()?.explain(&[Batch::new(Task::write(&plan), view)?]);
    /// assert_eq!(choice.to_string(), "CPU: it moves 3000 bytes, fewer than 1048576");
    /// # Ok::<(), evariste::Error>(())
    /// ```
    #[must_use]
    pub fn explain(&self, batches: &[Batch<'_>]) -> Choice {
        let bytes = traffic_bytes(batches);
        if bytes < LEAST_TRAFFIC_BYTES {
            return Choice::Small { bytes, least: LEAST_TRAFFIC_BYTES };
        }
        let opened = match &*self.lock() {
            GpuState::Unusable(reason) => return Choice::NoGpu { reason: reason.clone() },
            GpuState::Unopened | GpuState::Opening if bytes < OPENING_BYTES => {
                return Choice::Unopened { bytes, least: OPENING_BYTES };
            }
            GpuState::Unopened | GpuState::Opening => return Choice::Opens,
            GpuState::Open(opened) => Arc::clone(opened),
        };
        opened.choose(batches)
    }

    /// The GPU, opened if need be; `None` if there is none to use.
    ///
    /// Threads wait for one that is opening it, but not those of a rayon pool: what is opened is measured, in parallel, and
    /// while a thread waits for the others it runs whatever else its pool has to do, such as this call.
    fn open(&self) -> Result<Option<Arc<Opened>>, Error> {
        let mut state = self.lock();
        loop {
            match &*state {
                GpuState::Open(opened) => return Ok(Some(Arc::clone(opened))),
                GpuState::Unusable(_) => return Ok(None),
                GpuState::Opening if rayon::current_thread_index().is_some() => return Ok(None),
                GpuState::Opening => {
                    state = self.opening_is_over.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                GpuState::Unopened => break,
            }
        }
        *state = GpuState::Opening;
        drop(state);
        let mut opening = Opening { auto: self, outcome: GpuState::Unopened };
        match (self.open_gpu)().and_then(|gpu| self.calibrated(gpu)) {
            Ok(opened) => {
                log::info!("calls may run on {}", opened.gpu_device());
                let opened = Arc::new(opened);
                opening.outcome = GpuState::Open(Arc::clone(&opened));
                Ok(Some(opened))
            }
            // There may be no memory to measure in, though enough for the call.
            Err(error) if error.is_device_failure() || matches!(error, Error::HostMemory { .. }) => {
                let reason = error.with_sources();
                log::info!("every call runs on the CPU: {reason}");
                opening.outcome = GpuState::Unusable(reason);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The GPU with what it and the CPU can do: as given, as stored, or measured now.
    fn calibrated(&self, gpu: Arc<dyn Backend>) -> Result<Opened, Error> {
        let (cpu_device, gpu_device) = (self.cpu.info().device, gpu.info().device);
        let is_of_these = |calibration: &Calibration| calibration.is_of(&cpu_device, &gpu_device);
        let calibration = match &self.given {
            Some(given) => given.clone(),
            None => match stored()?.filter(is_of_these) {
                Some(stored) => stored,
                None => Calibration::measure(&*self.cpu, &*gpu, EFFORT)?,
            },
        };
        log::info!("the choice goes by {calibration:?}");
        Ok(Opened { gpu, calibration })
    }

    /// Notes that the GPU failed.
    fn gpu_failed(&self, error: &Error) {
        let lasting = !matches!(error, Error::DeviceMemory { .. } | Error::DeviceTooSmall { .. });
        let reason = error.with_sources();
        if lasting {
            log::warn!("the call runs again on the CPU, and so do all from now on: {reason}");
            *self.lock() = GpuState::Unusable(reason);
        } else if !self.warned.swap(true, Ordering::Relaxed) {
            log::warn!("the call runs again on the CPU: {reason}");
        }
    }

    fn lock(&self) -> MutexGuard<'_, GpuState> {
        // No code that can panic runs while the lock is held.
        self.gpu.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Opened {
    fn gpu_device(&self) -> String {
        self.gpu.info().device
    }

    fn choose(&self, batches: &[Batch<'_>]) -> Choice {
        let in_place = batches.iter().all(|batch| self.gpu.is_in_place(batch));
        let (cpu_s, gpu_s) = self.calibration.seconds(&Work::of(batches), in_place);
        Choice::Sooner { in_place, cpu_s, gpu_s }
    }
}

/// The calibration that was stored on this machine, if there is one. A broken file is an error only if somebody named it.
fn stored() -> Result<Option<Calibration>, Error> {
    let named = crate::env::value("EVARISTE_CALIBRATION")?;
    let Some(path) = default_path() else { return Ok(None) };
    match (Calibration::load(&path), named) {
        (Ok(None), Some(value)) => Err(Error::Environment {
            variable: "EVARISTE_CALIBRATION",
            value,
            reason: "there is no such file".to_owned(),
        }),
        (Ok(found), _) => Ok(found),
        (Err(error), Some(value)) => {
            Err(Error::Environment { variable: "EVARISTE_CALIBRATION", value, reason: error.to_string() })
        }
        (Err(error), None) => {
            log::warn!("a stored calibration is not used: {error}");
            Ok(None)
        }
    }
}

fn traffic_bytes(batches: &[Batch<'_>]) -> usize {
    batches.iter().map(Batch::traffic_bytes).fold(0, usize::saturating_add)
}

impl Backend for Auto {
    fn info(&self) -> Info {
        let cpu = self.cpu.info().device;
        let (device, memory) = match &*self.lock() {
            GpuState::Unopened | GpuState::Opening => (cpu, None),
            GpuState::Open(opened) => (format!("{cpu}, or {}", opened.gpu_device()), opened.gpu.info().memory),
            GpuState::Unusable(_) => (format!("{cpu} (no GPU)"), None),
        };
        Info { backend: "auto", device, software: false, memory }
    }

    fn allocate(&self, bytes: usize) -> Result<Region, Error> {
        // Only memory that a call worth the GPU's while may lie in; a GPU is not opened for a little.
        let is_open = matches!(*self.lock(), GpuState::Open(_));
        if bytes >= if is_open { LEAST_TRAFFIC_BYTES } else { OPENING_BYTES }
            && let Some(opened) = self.open()?
        {
            match opened.gpu.allocate(bytes) {
                Err(error) if error.is_device_failure() => self.gpu_failed(&error),
                done => return done,
            }
        }
        self.cpu.allocate(bytes)
    }

    fn is_in_place(&self, batch: &Batch<'_>) -> bool {
        match &*self.lock() {
            GpuState::Open(opened) => opened.gpu.is_in_place(batch),
            _ => false,
        }
    }

    fn run(&self, batches: &mut [Batch<'_>]) -> Result<Report, Error> {
        let opened = match self.explain(batches) {
            Choice::Opens => self.open()?.filter(|opened| opened.choose(batches).is_gpu()),
            choice if choice.is_gpu() => self.open()?,
            _ => None,
        };
        if let Some(opened) = opened {
            match opened.gpu.run(batches) {
                Err(error) if error.is_device_failure() => {
                    self.gpu_failed(&error);
                    let is_second_run = batches.iter().any(|batch| matches!(batch.task(), Task::Correct { .. }));
                    return Ok(Report { is_second_run, ..self.cpu.run(batches)? });
                }
                done => return done,
            }
        }
        self.cpu.run(batches)
    }
}
