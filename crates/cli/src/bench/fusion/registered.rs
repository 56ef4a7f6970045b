//! A GPU that works on registered memory, and how calls on it are timed.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use evariste::gpu::{HostMemory, Kernel, Options};
use evariste::{Backend, Gpu};

use crate::bench::lab;
use crate::bench::setup::{self, Defaults, Setup};
use crate::bench::timing::{WARM_UP, median};
use crate::bench::wall;

/// What calls one after another go through, so that the processor's caches do not serve the device.
const MEMORY_BYTES: usize = 512 << 20;
/// How long a measurement goes on.
const MOST: Duration = Duration::from_secs(3);
/// Calls of one kind, back to back, take at least this.
const LEAST: Duration = Duration::from_millis(10);

pub(super) struct Registered {
    pub(super) gpu: Arc<Gpu>,
    pub(super) name: String,
    pub(super) driver: String,
    software: bool,
}

impl Registered {
    /// A GPU with this kernel, or with its own choice.
    pub(super) fn open(kernel: Option<Kernel>) -> Result<Self> {
        let mut options = Options::default();
        options.memory = Some(HostMemory::Registered);
        options.kernel = kernel;
        let gpu = Gpu::open(&options).context("cannot open a GPU that works on registered memory")?;
        let (name, driver) = lab::names(gpu.device());
        let software = gpu.info().software;
        Ok(Self { gpu: Arc::new(gpu), name, driver, software })
    }

    pub(super) fn device(&self) -> (&str, &str) {
        (&self.name, &self.driver)
    }

    /// What is measured where nothing is asked for.
    pub(super) fn defaults(&self, hardware: Defaults) -> Defaults {
        if self.software { setup::FUSION_SOFTWARE } else { hardware }
    }

    /// Sets of shards that calls go through.
    pub(super) fn sets(&self, setup: &Setup) -> usize {
        if self.software { 1 } else { (MEMORY_BYTES / (setup.code.data_shards() * setup.shard_bytes())).max(1) }
    }

    /// The median of each of the times that a round returns, which is told how long calls of one kind go on.
    pub(super) fn medians(&self, mut round: impl FnMut(Duration) -> Result<[f64; 3]>) -> Result<[f64; 3]> {
        let (warm_up, most, least) =
            if self.software { (Duration::ZERO, Duration::ZERO, Duration::ZERO) } else { (WARM_UP, MOST, LEAST) };
        let rounds = wall::rounds(warm_up, most, || round(least))?;
        Ok(std::array::from_fn(|way| median(rounds.iter().map(|round| round[way]).collect())))
    }
}
