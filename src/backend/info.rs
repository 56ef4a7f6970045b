//! What a backend is, and how it reaches the host's memory.

use std::fmt;

/// How a device reaches the host's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HostMemory {
    /// Memory that [`Backend::allocate`](super::Backend::allocate) returned, or that its owner registered, is part of the
    /// device's address space: kernels read and write it in place. Other memory is mapped or staged.
    Registered,
    /// The host's threads copy into mapped buffers, which kernels read and write.
    Mapped,
    /// The host's threads copy into mapped buffers, and the device copies from there into its own memory.
    Staged,
}

impl fmt::Display for HostMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Registered => "registered",
            Self::Mapped => "mapped",
            Self::Staged => "staged",
        })
    }
}

/// What a backend is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// `cpu`, `gpu` or `auto`; a backend of another program has a name of its own.
    pub backend: &'static str,
    /// The device's name, for people.
    pub device: String,
    /// Whether the GPU is software that runs on the CPU, such as lavapipe.
    pub software: bool,
    /// How the device reaches the host's memory; `None` if it works on the host's memory directly.
    pub memory: Option<HostMemory>,
}

impl Info {
    /// A backend that is not a software GPU and works on the host's memory directly. The other fields can be set afterwards.
    #[must_use]
    pub fn new(backend: &'static str, device: impl Into<String>) -> Self {
        Self { backend, device: device.into(), software: false, memory: None }
    }
}
