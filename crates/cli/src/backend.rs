//! The backend a verb computes on.

use std::io::Write;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use evariste::{Auto, Backend, Cpu, Gpu, Info, gpu};

/// The option of every verb that computes.
#[derive(Debug, Args)]
pub(crate) struct Compute {
    /// Where to compute: auto takes a hardware GPU for large work and the CPU otherwise
    #[arg(long, value_name = "WHERE", value_enum, default_value_t = Choice::Auto)]
    backend: Choice,
}

impl Compute {
    /// As [`Choice::open`].
    pub(crate) fn open(&self) -> Result<Arc<dyn Backend>> {
        self.backend.open()
    }
}

/// Where to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Choice {
    /// A hardware GPU for large work, else the CPU
    Auto,
    /// The CPU
    Cpu,
    /// A GPU and nothing else; without hardware a software adapter
    Gpu,
}

impl Choice {
    /// Opens the backend. `gpu` never falls back: work that a GPU cannot do is an error.
    pub(crate) fn open(self) -> Result<Arc<dyn Backend>> {
        Ok(match self {
            Self::Auto => Arc::new(Auto::new().context("cannot open the automatic backend")?),
            Self::Cpu => Arc::new(Cpu::new().context("cannot open the CPU backend")?),
            Self::Gpu => {
                let gpu = Gpu::open(&gpu::Options::default()).context("cannot open a GPU")?;
                let info = gpu.info();
                if info.software {
                    // Not `eprintln!`, which panics when the reader of stderr has gone.
                    let device = &info.device;
                    let _ =
                        writeln!(std::io::stderr(), "evariste: no hardware GPU; using the software adapter {device}");
                }
                Arc::new(gpu)
            }
        })
    }
}

/// `cpu: avx2, 2 threads`.
pub(crate) fn describe(info: &Info) -> String {
    format!("{}: {}", info.backend, info.device)
}
