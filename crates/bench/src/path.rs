//! The paths to shards in host memory: a backend, and how the shards are allocated.

use std::sync::Arc;

use anyhow::{Context, Result};
use clap::ValueEnum;
use evariste::gpu::{self, HostMemory};
use evariste::{Auto, Backend, Cpu, Gpu};

use crate::lab;
use crate::memory::Allocation;
use crate::record::Device;

/// How shards are allocated in host memory, and who computes on them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Path {
    /// A GPU, in registered memory of the library
    Registered,
    /// A GPU, in its own buffers, which the host maps
    Mapped,
    /// A GPU, in plain memory that is copied there and back
    Staged,
    /// A GPU, one vector for each shard
    Slices,
    /// The automatic backend, in memory that it allocates
    Auto,
    /// The automatic backend, one vector for each shard
    AutoSlices,
    /// The CPU
    Cpu,
}

/// A path whose backend is open.
pub(crate) struct Opened {
    pub(crate) path: Path,
    pub(crate) allocation: Allocation,
    pub(crate) backend: Arc<dyn Backend>,
    /// The names of the GPU and of its driver, if the backend is a GPU.
    gpu: Option<(String, String)>,
}

/// Opens a path. A default path that this machine does not have is left out with a warning.
pub(crate) fn open(path: Path, by_default: bool) -> Result<Option<Opened>> {
    let allocation = match path {
        Path::Slices | Path::AutoSlices => Allocation::Slices,
        Path::Registered | Path::Mapped | Path::Staged | Path::Auto | Path::Cpu => Allocation::Region,
    };
    let of = |backend| Opened { path, allocation, backend, gpu: None };
    match path {
        Path::Cpu => Ok(Some(of(Arc::new(Cpu::new().context("cannot open the CPU backend")?)))),
        Path::Auto | Path::AutoSlices => {
            Ok(Some(of(Arc::new(Auto::new().context("cannot open the automatic backend")?))))
        }
        Path::Registered | Path::Mapped | Path::Staged | Path::Slices => {
            match Gpu::open(&options(path)).with_context(|| format!("cannot open a GPU for the path {}", name(path))) {
                Ok(gpu) => {
                    let names = lab::names(gpu.device());
                    Ok(Some(Opened { gpu: Some(names), ..of(Arc::new(gpu)) }))
                }
                Err(error) if by_default => {
                    log::warn!("left out: {error:#}");
                    Ok(None)
                }
                Err(error) => Err(error),
            }
        }
    }
}

pub(crate) fn name(path: Path) -> &'static str {
    match path {
        Path::Registered => "registered",
        Path::Mapped => "mapped",
        Path::Staged => "staged",
        Path::Slices => "slices",
        Path::Auto => "auto",
        Path::AutoSlices => "auto-slices",
        Path::Cpu => "cpu",
    }
}

/// The options of this path's GPU. Some paths fix how the GPU reaches host memory.
fn options(path: Path) -> gpu::Options {
    let mut options = gpu::Options::default();
    options.memory = match path {
        Path::Registered => Some(HostMemory::Registered),
        Path::Mapped => Some(HostMemory::Mapped),
        Path::Staged => Some(HostMemory::Staged),
        Path::Slices | Path::Auto | Path::AutoSlices | Path::Cpu => None,
    };
    options
}

impl Opened {
    /// How the backend reaches host memory, as it reports after a call.
    pub(crate) fn memory(&self) -> String {
        self.backend.info().memory.map_or_else(|| "plain".to_owned(), |memory| memory.to_string())
    }

    /// The device, as the backend reports it after a call.
    pub(crate) fn device(&self) -> Device {
        let cpu = Device::cpu();
        match self.gpu.clone() {
            Some((name, driver)) => Device { name, driver, ..cpu },
            None => Device { name: format!("{} ({})", cpu.name, self.backend.info().device), ..cpu },
        }
    }
}
