//! What only the project's own tests and benchmarks use. Any version may change it.

pub use super::device::Tuning;
pub use super::profile::PassTime;
pub use super::variant::{Method, Variant};
use super::{Gpu, Options, shaders};
use crate::Error;

impl Options {
    /// The settings for tests and benchmarks.
    pub fn tuning(&mut self) -> &mut Tuning {
        &mut self.tuning
    }
}

impl Gpu {
    /// Waits for the passes submitted so far and returns how long each took on the device, oldest first. Empty unless
    /// [`Tuning::profile`] was set.
    ///
    /// # Errors
    /// A device error, also if a recorded pass was never submitted.
    pub fn take_profile(&self) -> Result<Vec<PassTime>, Error> {
        self.profile.take(&self.device)
    }
}

/// The name and WGSL source of every shader and of a sample of generated ones, as devices receive them.
///
/// # Errors
/// None in practice: the sample's codes are within every limit, and a test calls this.
pub fn shader_sources() -> Result<Vec<(String, String)>, Error> {
    Ok(shaders()?.into_iter().map(|(name, shader)| (name, shader.text())).collect())
}
