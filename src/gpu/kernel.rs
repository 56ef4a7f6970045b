//! Kernels by name.

use crate::{Error, env};

/// Which kernel is used. The default is the table kernel until a compiled one is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kernel {
    /// Always the table kernel.
    Table,
    /// Always a compiled kernel; the first call waits for it. The table kernel is still used where no kernel can be compiled:
    /// a plan per stripe, a plan without sources, and a matrix of more than 16384 coefficients or 4096 sources and targets.
    Compiled,
}

impl Kernel {
    /// The choice in the environment variable `EVARISTE_KERNEL`.
    pub(super) fn from_env() -> Result<Option<Self>, Error> {
        let choice = env::choice("EVARISTE_KERNEL", &["table", "compiled"])?;
        Ok(choice.map(|choice| [Self::Table, Self::Compiled][choice]))
    }
}
