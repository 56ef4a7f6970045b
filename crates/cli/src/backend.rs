//! The backend that a verb computes on.

use std::io::Write;
use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use evariste::Backend;
use evariste_bench::backend::Choice;

pub(crate) use evariste_bench::backend::describe;

/// The option of every verb that computes.
#[derive(Debug, Args)]
pub(crate) struct Compute {
    /// Where to compute: auto uses a hardware GPU where it expects the GPU to be faster, and the CPU otherwise
    #[arg(long, value_name = "WHERE", value_enum, default_value_t = Choice::Auto)]
    backend: Choice,
}

impl Compute {
    /// Opens the backend. Prints a note on stderr if a GPU was requested and only a software adapter is present.
    pub(crate) fn open(&self) -> Result<Arc<dyn Backend>> {
        let backend = self.backend.open()?;
        let info = backend.info();
        if self.backend == Choice::Gpu && info.software {
            // Not `eprintln!`: see `main`.
            let device = &info.device;
            let _ = writeln!(std::io::stderr(), "evariste: no hardware GPU; using the software adapter {device}");
        }
        Ok(backend)
    }
}
