//! What each path is: a backend, and how the shards lie. All that suites know of how a GPU reaches host memory.

use std::sync::Arc;

use anyhow::{Context, Result};
use evariste::gpu::{self, HostMemory};
use evariste::{Auto, Backend, Cpu, Gpu};

use super::args::Path;
use super::cpu::processor;
use super::lab;
use super::memory::Lie;

/// A path whose backend is open.
pub(super) struct Opened {
    pub(super) path: Path,
    pub(super) lie: Lie,
    pub(super) backend: Arc<dyn Backend>,
    /// The GPU's name, where the backend is one.
    gpu: Option<String>,
    pub(super) driver: String,
}

/// Opens a path. One that nobody asked for is left out where this machine does not have it, and that is said.
pub(super) fn open(path: Path, by_default: bool) -> Result<Option<Opened>> {
    let lie = match path {
        Path::Slices | Path::AutoSlices => Lie::Slices,
        Path::Registered | Path::Mapped | Path::Staged | Path::Auto | Path::Cpu => Lie::Region,
    };
    let of = |backend| Opened { path, lie, backend, gpu: None, driver: String::new() };
    match path {
        Path::Cpu => Ok(Some(of(Arc::new(Cpu::new().context("cannot open the CPU backend")?)))),
        Path::Auto | Path::AutoSlices => {
            Ok(Some(of(Arc::new(Auto::new().context("cannot open the automatic backend")?))))
        }
        Path::Registered | Path::Mapped | Path::Staged | Path::Slices => {
            match Gpu::open(&options(path)).with_context(|| format!("cannot open a GPU for the path {}", name(path))) {
                Ok(gpu) => {
                    let (name, driver) = lab::names(gpu.device());
                    Ok(Some(Opened { gpu: Some(name), driver, ..of(Arc::new(gpu)) }))
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

pub(super) fn name(path: Path) -> &'static str {
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

/// How a GPU of this path is opened: a way to reach host memory is forced where the path names one.
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
    /// How the backend says it reaches host memory, after a call.
    pub(super) fn memory(&self) -> String {
        self.backend.info().memory.map_or_else(|| "plain".to_owned(), |memory| memory.to_string())
    }

    /// The device, as it is called after a call.
    pub(super) fn device(&self) -> String {
        self.gpu.clone().unwrap_or_else(|| format!("{} ({})", processor(), self.backend.info().device))
    }
}
