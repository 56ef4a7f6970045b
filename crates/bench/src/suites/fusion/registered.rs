//! A GPU that works on registered memory, and how calls on it are timed.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use evariste::gpu::{HostMemory, Kernel, Options};
use evariste::{Backend, Gpu};

use crate::lab;
use crate::record::Device;
use crate::setup::{self, Defaults, Setup};
use crate::timing::{WARM_UP, by_candidate};
use crate::wall;

/// Memory that consecutive calls cycle through, so that the processor's caches do not serve the device.
const MEMORY_BYTES: usize = 512 << 20;
/// The time limit of the rounds that count.
const MOST: Duration = Duration::from_secs(3);
/// Calls of one kind, back to back, take at least this.
const LEAST: Duration = Duration::from_millis(10);

pub(super) struct Registered {
    pub(super) gpu: Arc<Gpu>,
    /// The device; each way says on how many threads the host works.
    pub(super) device: Device,
    software: bool,
}

impl Registered {
    /// A GPU with this kernel, or with the kernel that it chooses.
    pub(super) fn open(kernel: Option<Kernel>) -> Result<Self> {
        let mut options = Options::default();
        options.memory = Some(HostMemory::Registered);
        options.kernel = kernel;
        let gpu = Gpu::open(&options).context("cannot open a GPU that works on registered memory")?;
        let (name, driver) = lab::names(gpu.device());
        let software = gpu.info().software;
        Ok(Self { gpu: Arc::new(gpu), device: Device { name, driver, threads: 1 }, software })
    }

    /// The default sizes.
    pub(super) fn defaults(&self, hardware: Defaults) -> Defaults {
        if self.software { setup::FUSION_SOFTWARE } else { hardware }
    }

    /// The number of sets of shards that calls cycle through.
    pub(super) fn sets(&self, setup: &Setup) -> usize {
        if self.software { 1 } else { (MEMORY_BYTES / setup.data_bytes()).max(1) }
    }

    /// Seconds of each of three ways, in every round that counts. A round is told how long calls of one kind go on.
    pub(super) fn samples(&self, mut round: impl FnMut(Duration) -> Result<[f64; 3]>) -> Result<Vec<Vec<f64>>> {
        let (warm_up, most, least) =
            if self.software { (Duration::ZERO, Duration::ZERO, Duration::ZERO) } else { (WARM_UP, MOST, LEAST) };
        Ok(by_candidate(&wall::rounds(warm_up, most, || round(least).map(Vec::from))?))
    }
}
