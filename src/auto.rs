//! The automatic backend: a GPU for large calls where there is one, else the CPU.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::backend::{Backend, Batch, Info, Report};
use crate::gpu::{self, Gpu};
use crate::memory::Region;
use crate::{Cpu, Error};

/// Calls that move fewer bytes than this go to the CPU, which is done before a GPU has been asked: calls over memory that
/// the GPU works on in place, and calls over memory that has to be copied.
const IN_PLACE_TRAFFIC_BYTES: usize = 8 << 20;
const COPIED_TRAFFIC_BYTES: usize = 32 << 20;

type Opener = dyn Fn() -> Result<Arc<dyn Backend>, Error> + Send + Sync;

/// Chooses between the CPU and a GPU, call by call.
///
/// Calls that read and write 8 MiB or more in memory that the GPU works on in place are its own, and all that read and
/// write 32 MiB or more. It is opened by the first call, or allocation, large enough to want it. A software adapter is never chosen, unless
/// `EVARISTE_DEVICE` names it. A call whose GPU fails runs again, whole, on the CPU; that is logged once as a warning,
/// and a GPU that failed for another reason than the size of the call is not used again.
pub struct Auto {
    cpu: Arc<dyn Backend>,
    open_gpu: Box<Opener>,
    gpu: Mutex<GpuState>,
    warned: AtomicBool,
}

enum GpuState {
    Unopened,
    Open(Arc<dyn Backend>),
    /// There is none, or it failed.
    Unusable,
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
        Self { cpu, open_gpu: Box::new(open_gpu), gpu: Mutex::new(GpuState::Unopened), warned: AtomicBool::new(false) }
    }

    /// The GPU, opened if need be; `None` if there is none to use.
    fn gpu(&self) -> Result<Option<Arc<dyn Backend>>, Error> {
        let mut state = self.lock();
        if let GpuState::Unopened = *state {
            *state = match (self.open_gpu)() {
                Ok(gpu) => {
                    log::info!("large calls run on {}", gpu.info().device);
                    GpuState::Open(gpu)
                }
                Err(error) if error.is_device_failure() => {
                    log::info!("every call runs on the CPU: {error}");
                    GpuState::Unusable
                }
                Err(error) => return Err(error),
            };
        }
        match &*state {
            GpuState::Open(gpu) => Ok(Some(Arc::clone(gpu))),
            _ => Ok(None),
        }
    }

    /// Notes that the GPU failed.
    fn gpu_failed(&self, error: &Error) {
        let lasting = !matches!(error, Error::DeviceMemory { .. } | Error::DeviceTooSmall { .. });
        if lasting {
            *self.lock() = GpuState::Unusable;
            log::warn!("the call runs again on the CPU, and so do all from now on: {error}");
        } else if !self.warned.swap(true, Ordering::Relaxed) {
            log::warn!("the call runs again on the CPU: {error}");
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, GpuState> {
        // No code that can panic runs while the lock is held, except an opener that panics: then nothing is open.
        self.gpu.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backend for Auto {
    fn info(&self) -> Info {
        let cpu = self.cpu.info().device;
        let (device, memory) = match &*self.lock() {
            GpuState::Unopened => (cpu, None),
            GpuState::Open(gpu) => {
                let gpu = gpu.info();
                (format!("{} for large calls, else {cpu}", gpu.device), gpu.memory)
            }
            GpuState::Unusable => (format!("{cpu} (no GPU)"), None),
        };
        Info { backend: "auto", device, software: false, memory }
    }

    fn allocate(&self, bytes: usize) -> Result<Region, Error> {
        // Only memory that a call worth the GPU's while may lie in; a GPU is not opened for a little.
        let is_open = matches!(*self.lock(), GpuState::Open(_));
        let least = if is_open { IN_PLACE_TRAFFIC_BYTES } else { COPIED_TRAFFIC_BYTES };
        if bytes >= least
            && let Some(gpu) = self.gpu()?
        {
            match gpu.allocate(bytes) {
                Err(error) if error.is_device_failure() => self.gpu_failed(&error),
                done => return done,
            }
        }
        self.cpu.allocate(bytes)
    }

    fn is_in_place(&self, batch: &Batch<'_>) -> bool {
        match &*self.lock() {
            GpuState::Open(gpu) => gpu.is_in_place(batch),
            _ => false,
        }
    }

    fn run(&self, batches: &mut [Batch<'_>]) -> Result<Report, Error> {
        let traffic = batches.iter().map(Batch::traffic_bytes).fold(0, usize::saturating_add);
        let is_large = traffic >= COPIED_TRAFFIC_BYTES
            || traffic >= IN_PLACE_TRAFFIC_BYTES && batches.iter().all(|batch| self.is_in_place(batch));
        if is_large && let Some(gpu) = self.gpu()? {
            match gpu.run(batches) {
                Err(error) if error.is_device_failure() => self.gpu_failed(&error),
                done => return done,
            }
        }
        self.cpu.run(batches)
    }
}
