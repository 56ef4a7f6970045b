//! The backend by its name on the command line.

use std::sync::Arc;

use anyhow::{Context, Result};
use clap::ValueEnum;
use evariste::{Auto, Backend, Cpu, Gpu, Info, gpu};

/// Where to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Choice {
    /// A hardware GPU where it is expected to be faster, else the CPU
    Auto,
    /// The CPU
    Cpu,
    /// Only a GPU; without hardware, a software adapter
    Gpu,
}

impl Choice {
    /// Opens the backend. `Gpu` never falls back: work that a GPU cannot do is an error.
    ///
    /// # Errors
    ///
    /// The error of the backend.
    pub fn open(self) -> Result<Arc<dyn Backend>> {
        Ok(match self {
            Self::Auto => Arc::new(Auto::new().context("cannot open the automatic backend")?),
            Self::Cpu => Arc::new(Cpu::new().context("cannot open the CPU backend")?),
            Self::Gpu => Arc::new(Gpu::open(&gpu::Options::default()).context("cannot open a GPU")?),
        })
    }
}

/// `cpu: avx2, 2 threads`.
#[must_use]
pub fn describe(info: &Info) -> String {
    format!("{}: {}", info.backend, info.device)
}
