//! The GPU backend: plans on any device that wgpu reaches, through compute shaders.
//!
//! - `device` finds, opens and describes a device, and turns what goes wrong on it into errors.
//! - `table` is a kernel: its pipelines, its parameters, its dispatch. The shader is `shaders/table.wgsl`.
//! - `staging` brings plain host memory to the device and back.
//! - `self_test` is the question every device is asked when it is opened.

mod device;
mod self_test;
mod staging;
mod table;

use std::sync::{Mutex, PoisonError};

pub use device::{AdapterSummary, Options};

use crate::backend::{Backend, Batch, Info, Report};
use crate::memory::Region;
use crate::{Error, env};
use device::Device;
use table::Table;

/// Runs plans on a GPU.
///
/// ```no_run
/// use std::sync::Arc;
/// use evariste::{Code, Codec, Gpu, gpu};
///
/// let gpu = Gpu::open(&gpu::Options::default())?;
/// let codec = Codec::on(Code::reed_solomon(10, 4)?, Arc::new(gpu));
/// # Ok::<(), evariste::Error>(())
/// ```
pub struct Gpu {
    device: Device,
    table: Table,
    ring: Mutex<Option<staging::Ring>>,
}

impl Gpu {
    /// Opens the best device the options allow and asks it a question whose answer is known.
    ///
    /// # Errors
    /// [`Error::NoDevice`], [`Error::DeviceTooSmall`], [`Error::SelfTest`] or another device error;
    /// [`Error::Environment`] if an environment variable cannot be honoured.
    pub fn open(options: &Options) -> Result<Self, Error> {
        env::choice("EVARISTE_KERNEL", &["table"])?;
        let device = Device::open(options)?;
        let table = Table::new(&device)?;
        let gpu = Self { device, table, ring: Mutex::new(None) };
        self_test::run(&gpu, &gpu.device.name)?;
        Ok(gpu)
    }

    /// The devices there are, best first: hardware before software.
    #[must_use]
    pub fn adapters() -> Vec<AdapterSummary> {
        device::summaries()
    }
}

impl Backend for Gpu {
    fn info(&self) -> Info {
        Info { backend: "gpu", device: self.device.name.clone(), software: self.device.software }
    }

    fn allocate(&self, bytes: usize) -> Result<Region, Error> {
        Region::new(bytes)
    }

    fn run(&self, batches: &mut [Batch<'_>]) -> Result<Report, Error> {
        // A panic while the ring is held leaves it empty, and the next call makes another.
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let mut report = Report::default();
        for (index, batch) in batches.iter_mut().enumerate() {
            report.mismatches.extend(staging::run(&mut ring, &self.device, &self.table, index, batch)?);
        }
        report.mismatches.sort_unstable();
        Ok(report)
    }
}

/// Name and WGSL source of every shader, as devices get them: for tools that validate them.
#[must_use]
pub fn shader_sources() -> Vec<(String, String)> {
    vec![table::shader()]
}
