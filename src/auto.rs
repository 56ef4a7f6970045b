//! The automatic backend: the CPU or a GPU, call by call, whichever is expected to be done sooner.

mod calibration;
mod choice;
mod opening;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

pub use calibration::{Calibration, Speed, default_path};
pub use choice::Choice;

use crate::backend::{Backend, Batch, Info, Report, Task};
use crate::memory::Region;
use crate::{Cpu, Error};
use opening::{LateGpu, Opened, State};

/// Calls that move fewer bytes than this go to the CPU, which finishes them before a GPU has begun.
const LEAST_TRAFFIC_BYTES: usize = 1 << 20;
/// A call, or an allocation, of this size opens the GPU.
const OPENING_BYTES: usize = 32 << 20;

/// Chooses between the CPU and a GPU, call by call.
///
/// The GPU is opened by the first call of 32 MiB or more, or by [`Auto::open_now`]. Then both are measured, for some
/// milliseconds each of nine points, unless `evariste bench calibrate` has stored speeds for these two devices. From then on a
/// call goes where it is expected to be done sooner. That depends on its size, on the number of products it takes, and on
/// whether it lies in memory that the GPU works on in place. [`Auto::explain`] says what would happen to a call, and why.
///
/// While the GPU is opened, calls that are not large enough to open it run on the CPU. Others wait.
///
/// A software adapter is never chosen, unless `EVARISTE_DEVICE` names it. A call whose GPU fails runs again, whole, on the
/// CPU; that is logged once as a warning, and a GPU that failed for another reason than the size of the call is not used
/// again. A correction may run again like any other call, but the report then lacks the blocks that the GPU had corrected
/// already, and says so: [`Report::is_second_run`].
///
/// A build without the feature `gpu` runs every call on the CPU.
pub struct Auto {
    cpu: Arc<dyn Backend>,
    gpu: LateGpu,
    /// Speeds that replace a measurement.
    given: Option<Calibration>,
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
    /// [`Error::Environment`] if `EVARISTE_CPU` cannot be used. The variables that concern the GPU are read when it
    /// is opened: a call that opens it reports them.
    pub fn new() -> Result<Self, Error> {
        Ok(Self::of(Arc::new(Cpu::new()?), open_hardware))
    }

    /// The automatic backend that this process shares, made by the first call. [`Codec::new`](crate::Codec::new) uses it, so
    /// that any number of codecs opens one GPU and measures it once.
    ///
    /// It lives until the process ends. A GPU that fails is given up for all who share it.
    ///
    /// # Errors
    /// As [`Auto::new`]; a later call tries again.
    pub fn shared() -> Result<Arc<Self>, Error> {
        static SHARED: Mutex<Option<Arc<Auto>>> = Mutex::new(None);
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        match &*shared {
            Some(auto) => Ok(Arc::clone(auto)),
            None => Ok(Arc::clone(shared.insert(Arc::new(Self::new()?)))),
        }
    }

    /// A choice between two backends; the second is opened when it is first wanted.
    pub fn of(
        cpu: Arc<dyn Backend>,
        open_gpu: impl Fn() -> Result<Arc<dyn Backend>, Error> + Send + Sync + 'static,
    ) -> Self {
        Self { cpu, gpu: LateGpu::new(Box::new(open_gpu)), given: None }
    }

    /// Opens the GPU and measures it now, so that no later call spends that time. Returns what the GPU is, or `None` if there is
    /// no GPU to use: every call then runs on the CPU. `None` is also returned if there was too little memory for the opening
    /// or a thread was refused; later calls then try again, twice at most.
    ///
    /// Waits if another thread is opening the GPU.
    ///
    /// # Errors
    /// [`Error::Environment`] if a variable that concerns the GPU cannot be used.
    ///
    /// # Examples
    /// ```
    /// use evariste::Auto;
    ///
    /// match Auto::shared()?.open_now()? {
    ///     Some(gpu) => println!("large calls may run on {}", gpu.device),
    ///     None => println!("every call runs on the CPU"),
    /// }
    /// # Ok::<(), evariste::Error>(())
    /// ```
    pub fn open_now(&self) -> Result<Option<Info>, Error> {
        Ok(self.open()?.map(|opened| opened.gpu.info()))
    }

    /// The same choice by these speeds, whatever devices they were measured on and whatever `EVARISTE_CALIBRATION` names.
    #[must_use]
    pub fn with_calibration(self, calibration: Calibration) -> Self {
        Self { given: Some(calibration), ..self }
    }

    /// The speeds that the choice goes by; `None` while no GPU is open.
    #[must_use]
    pub fn calibration(&self) -> Option<Calibration> {
        match &*self.gpu.lock() {
            State::Open(opened) => Some(opened.calibration.clone()),
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
        let opened = match &*self.gpu.lock() {
            State::Unusable(reason) => return Choice::NoGpu { reason: reason.clone() },
            State::Unopened | State::Opening if bytes < OPENING_BYTES => {
                return Choice::Unopened { bytes, least: OPENING_BYTES };
            }
            State::Unopened | State::Opening => return Choice::Opens,
            State::Open(opened) => Arc::clone(opened),
        };
        opened.choose(batches)
    }

    fn open(&self) -> Result<Option<Arc<Opened>>, Error> {
        self.gpu.open(&*self.cpu, self.given.as_ref())
    }
}

/// The best hardware GPU.
#[cfg(feature = "gpu")]
fn open_hardware() -> Result<Arc<dyn Backend>, Error> {
    Ok(Arc::new(crate::Gpu::open(&crate::gpu::Options::hardware_only())?))
}

/// As on a machine without a GPU: an error if the environment asks for one.
#[cfg(not(feature = "gpu"))]
fn open_hardware() -> Result<Arc<dyn Backend>, Error> {
    let seen = "none, this build of evariste lacks the feature `gpu`".to_owned();
    match crate::env::value("EVARISTE_DEVICE")? {
        Some(value) => {
            let reason = format!("no such device; seen: {seen}");
            Err(Error::Environment { variable: "EVARISTE_DEVICE", value, reason })
        }
        None => Err(Error::NoDevice { wanted: "a hardware device".to_owned(), seen }),
    }
}

fn traffic_bytes(batches: &[Batch<'_>]) -> usize {
    batches.iter().map(Batch::traffic_bytes).fold(0, usize::saturating_add)
}

impl Backend for Auto {
    fn info(&self) -> Info {
        let cpu = self.cpu.info().device;
        let (device, memory) = match &*self.gpu.lock() {
            State::Unopened | State::Opening => (cpu, None),
            State::Open(opened) => (format!("{cpu}, or {}", opened.device()), opened.gpu.info().memory),
            State::Unusable(_) => (format!("{cpu} (no GPU)"), None),
        };
        Info { backend: "auto", device, software: false, memory }
    }

    fn allocate(&self, bytes: usize) -> Result<Region, Error> {
        // Only memory that a call worth the GPU's while may lie in; a GPU is not opened for a little.
        let is_open = matches!(*self.gpu.lock(), State::Open(_));
        if bytes >= if is_open { LEAST_TRAFFIC_BYTES } else { OPENING_BYTES }
            && let Some(opened) = self.open()?
        {
            match opened.gpu.allocate(bytes) {
                Err(error) if error.is_device_failure() => self.gpu.failed(&error),
                done => return done,
            }
        }
        self.cpu.allocate(bytes)
    }

    fn is_in_place(&self, batch: &Batch<'_>) -> bool {
        match &*self.gpu.lock() {
            State::Open(opened) => opened.gpu.is_in_place(batch),
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
                    self.gpu.failed(&error);
                    let is_second_run = batches.iter().any(|batch| matches!(batch.task(), Task::Correct { .. }));
                    return Ok(Report { is_second_run, ..self.cpu.run(batches)? });
                }
                done => return done,
            }
        }
        self.cpu.run(batches)
    }
}
