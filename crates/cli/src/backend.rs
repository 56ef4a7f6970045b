//! The backend a verb computes on.

use std::io::Write;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::ValueEnum;
use evariste::{Auto, Backend, Cpu, Gpu, Info, gpu};

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
    /// Opens the backend. Under `gpu` there is no other: what cannot run there is an error.
    pub(crate) fn open(self) -> Result<Arc<dyn Backend>> {
        Ok(match self {
            Self::Auto => Arc::new(Auto::new().context("cannot open the automatic backend")?),
            Self::Cpu => Arc::new(Cpu::new().context("cannot open the CPU backend")?),
            Self::Gpu => {
                let gpu = Gpu::open(&gpu::Options::default()).context("cannot open a GPU")?;
                let info = gpu.info();
                if info.software {
                    // Not `eprintln!`, which panics where nobody reads any more.
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
