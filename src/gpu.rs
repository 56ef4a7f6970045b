//! The GPU backend: plans on any device that wgpu reaches, through compute shaders.
//!
//! - `device` finds, opens and describes a device, and turns its failures into errors.
//! - `kernels` decides which kernel runs a plan. `table` takes the matrix as data and is ready at once; `compiled` writes
//!   the matrix into generated text and runs at the speed of memory; `launch` is shared by both. `shader` states what the
//!   host and a kernel's text must agree on. If checksums are wanted, either the compiled kernel computes them too, or `crc`
//!   computes them in a separate pass. `invert` makes the tables of thousands of repairs on the device.
//! - `correct` finds and corrects errors at unknown places.
//! - `resident` works on the caller's device buffers. Host memory takes one of two ways: `in_place` if it is
//!   `registered` with the device (through `import`), otherwise the `ring` of staging buffers.
//! - `profile` times passes when asked. `self_test` is run on every device when it is opened.
//! - `unstable` lists what only the project's own tests and benchmarks use.
#![cfg_attr(
    not(feature = "unstable"),
    allow(
        dead_code,
        unreachable_pub,
        reason = "items that `unstable` makes public; a build with it reports dead code"
    )
)]

mod compiled;
mod correct;
mod crc;
mod device;
mod exit;
mod import;
mod in_place;
mod invert;
mod kernel;
mod kernels;
mod launch;
mod profile;
mod registered;
mod resident;
mod ring;
mod self_test;
mod shader;
mod table;
#[cfg(feature = "unstable")]
#[doc(hidden)]
pub mod unstable;
mod variant;
mod words;
mod work;

use std::fmt;
use std::sync::Arc;

pub use device::{AdapterSummary, Options};
pub use kernel::Kernel;
pub use registered::Registration;
pub use resident::{Arena, Recorded, Resident};
pub use wgpu;

use crate::Error;
pub use crate::backend::HostMemory;
use crate::backend::{Backend, Batch, Info, Report};
use crate::memory::Region;
use correct::Correctors;
use device::{Device, Tuning};
use in_place::FoundPool;
use kernels::Kernels;
use profile::Profile;
use registered::Registry;
use ring::Rings;
use shader::Shader;

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
    device: Arc<Device>,
    kernels: Kernels,
    profile: Profile,
    registry: Arc<Registry>,
    found: FoundPool,
    correctors: Correctors,
    rings: Rings,
}

impl fmt::Debug for Gpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Device { name, memory, .. } = &*self.device;
        f.debug_struct("Gpu").field("device", name).field("memory", memory).finish_non_exhaustive()
    }
}

impl Gpu {
    /// Opens the best device that the options allow and runs a self-test on it.
    ///
    /// When a `Gpu` is dropped, its memory on the device is freed, but the device stays open: the next `Gpu` that is opened with
    /// the same options uses it.
    ///
    /// # Errors
    /// [`Error::NoDevice`], [`Error::DeviceTooSmall`], [`Error::SelfTest`] or another device error;
    /// [`Error::Environment`] if an environment variable has a value that cannot be used.
    pub fn open(options: &Options) -> Result<Self, Error> {
        loop {
            let device = Device::open(options)?;
            let reused = device.reused;
            match Self::on(device, options) {
                // The device was lost while it was idle. It has left the list, so the loop does not meet it again.
                Err(Error::DeviceLost { .. }) if reused => {}
                opened => return opened,
            }
        }
    }

    /// Makes a backend on the caller's own device and queue. wgpu's default limits suffice. `options.device` and
    /// `options.software` are ignored. The caller keeps the device-lost callback and must watch for the loss of the device.
    ///
    /// # Errors
    /// As [`Gpu::open`].
    pub fn with_device(device: wgpu::Device, queue: wgpu::Queue, options: &Options) -> Result<Self, Error> {
        Self::on(Device::adopt(device, queue, options)?, options)
    }

    fn on(device: Device, options: &Options) -> Result<Self, Error> {
        let Tuning { profile, invert_from, variant } = options.tuning;
        variant.map_or(Ok(()), |variant| variant.check())?;
        let kernel = match (variant, options.kernel) {
            (Some(_), _) => Some(Kernel::Compiled),
            (None, Some(kernel)) => Some(kernel),
            (None, None) => Kernel::from_env()?,
        };
        let device = match registered::probe(&device) {
            Err(error) if device::forced_memory(options)?.is_none() => {
                log::warn!("host memory is copied: {}", error.with_sources());
                device.without_registering()
            }
            probed => {
                probed?;
                device
            }
        };
        let device = Arc::new(device);
        let kernels = Kernels::new(Arc::clone(&device), kernel, variant, invert_from)?;
        let profile = Profile::new(profile);
        let (registry, found, correctors, rings) = Default::default();
        let gpu = Self { device, kernels, profile, registry, found, correctors, rings };
        self_test::run(&gpu, &gpu.device.name)?;
        gpu.profile.take(&gpu.device)?;
        Ok(gpu)
    }

    /// The device, on which to make buffers for [`Gpu::record`].
    #[must_use]
    pub fn device(&self) -> &wgpu::Device {
        &self.device.device
    }

    /// The device's queue.
    #[must_use]
    pub fn queue(&self) -> &wgpu::Queue {
        &self.device.queue
    }

    /// Lists the devices, best first: hardware before software.
    #[must_use]
    pub fn adapters() -> Vec<AdapterSummary> {
        device::summaries()
    }
}

impl Backend for Gpu {
    fn info(&self) -> Info {
        let Device { name, software, memory, .. } = &*self.device;
        Info { backend: "gpu", device: name.clone(), software: *software, memory: Some(*memory) }
    }

    fn allocate(&self, bytes: usize) -> Result<Region, Error> {
        self.allocate_registered(bytes)
    }

    fn is_in_place(&self, batch: &Batch<'_>) -> bool {
        in_place::place(&self.registry, &self.device, batch).is_some()
    }

    fn run(&self, batches: &mut [Batch<'_>]) -> Result<Report, Error> {
        batches.iter().try_for_each(Batch::check)?;
        let (mut registered, mut plain) = (Vec::new(), Vec::new());
        for (index, batch) in batches.iter_mut().enumerate() {
            match in_place::place(&self.registry, &self.device, batch) {
                Some(place) => registered.push(in_place::Job { index, batch, place }),
                None => plain.push((index, batch)),
            }
        }
        let mut report = Report::default();
        let found = in_place::run(self, &mut registered, || {
            report = ring::run(self, &mut plain)?;
            Ok(())
        })?;
        report.join(found);
        report.sort();
        Ok(report)
    }
}

/// Every shader, and a sample of generated ones, by the name that tools and tests use.
fn shaders() -> Result<Vec<(String, Shader)>, Error> {
    let mut shaders: Vec<_> = table::samples().collect();
    shaders.push(("invert".to_owned(), invert::shader()));
    shaders.push(("crc".to_owned(), crc::shader()));
    shaders.extend(compiled::samples()?);
    shaders.extend(correct::samples());
    Ok(shaders)
}
