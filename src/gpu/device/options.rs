//! Which device to open, and how. The caller's options come first, then the environment.

use crate::backend::HostMemory;
use crate::gpu::kernel::Kernel;
use crate::gpu::variant::Variant;
use crate::{Error, env};

/// Which device to open, and how.
#[must_use = "options do nothing until a GPU is opened with them"]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    /// A part of the adapter's name in any case, or its index in [`Gpu::adapters`](crate::Gpu::adapters).
    /// Default: `EVARISTE_DEVICE`, else the best adapter.
    pub device: Option<String>,
    /// Whether a software adapter may be used if there is no hardware. Default: yes. A software adapter that `device` names is
    /// always accepted.
    pub software: bool,
    /// Whether shaders check every index. Default: in debug builds, or with `EVARISTE_CHECKED_SHADERS=1`.
    pub checked_shaders: Option<bool>,
    /// Which kernel runs plans. Default: `EVARISTE_KERNEL`, else the best that is ready.
    pub kernel: Option<Kernel>,
    /// How the device accesses host memory. Default: `EVARISTE_MEMORY`, else the first of registered, mapped and staged that the
    /// device supports.
    pub memory: Option<HostMemory>,
    pub(in crate::gpu) tuning: Tuning,
}

/// Settings that only tests and benchmarks change.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tuning {
    /// Whether the device times each pass, for `Gpu::take_profile`. Default: no.
    pub profile: bool,
    /// The number of distinct repairs from which the device computes the repair matrices itself, when stripes have different
    /// repairs. Default: the number whose tables need 512 KiB (410 repairs of four shards of a 10+4 code, 28 of ten shards of a
    /// 50+10 code).
    pub invert_from: Option<usize>,
    /// Runs plans as with [`Kernel::Compiled`], by kernels of this variant. Default: the variant that measured fastest for the
    /// plan's shape.
    pub variant: Option<Variant>,
}

impl Options {
    /// Options for the best hardware adapter, never a software one.
    pub fn hardware_only() -> Self {
        Self { software: false, ..Self::default() }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            device: None,
            software: true,
            checked_shaders: None,
            kernel: None,
            memory: None,
            tuning: Tuning::default(),
        }
    }
}

/// Whether shaders check every index.
pub(super) fn checked_shaders(options: &Options) -> Result<bool, Error> {
    match options.checked_shaders {
        Some(checked) => Ok(checked),
        None => Ok(env::choice("EVARISTE_CHECKED_SHADERS", &["0", "1"])?.map_or(cfg!(debug_assertions), |at| at == 1)),
    }
}

/// The way to host memory, if the options or the environment set one.
pub(in crate::gpu) fn forced_memory(options: &Options) -> Result<Option<HostMemory>, Error> {
    const WAYS: [HostMemory; 3] = [HostMemory::Registered, HostMemory::Mapped, HostMemory::Staged];
    if options.memory.is_some() {
        return Ok(options.memory);
    }
    let choice = env::choice("EVARISTE_MEMORY", &["registered", "mapped", "staged"])?;
    Ok(choice.map(|choice| WAYS[choice]))
}
