//! Kernels by name, and which of them this processor can run.

use std::fmt;

#[cfg(target_arch = "aarch64")]
use super::neon::Neon;
use super::portable::Portable;
use super::program::Engine;
#[cfg(target_arch = "x86_64")]
use super::{avx2::Avx2, avx512::Avx512, gfni::Gfni};

/// A kernel of the CPU backend. All compute the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kernel {
    /// Plain Rust, for any processor.
    Portable,
    /// x86-64 with AVX2: products are looked up by nibble.
    Avx2,
    /// x86-64 with AVX2 and GFNI: products are an instruction.
    Gfni,
    /// x86-64 with AVX-512F and GFNI.
    Avx512,
    /// AArch64 with NEON: products are looked up by nibble.
    Neon,
}

impl Kernel {
    /// Every kernel, the fastest last.
    pub const ALL: [Self; 5] = [Self::Portable, Self::Avx2, Self::Gfni, Self::Avx512, Self::Neon];

    /// Its name in `EVARISTE_CPU`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Gfni => "gfni",
            Self::Avx512 => "avx512",
            Self::Neon => "neon",
        }
    }

    /// The kernels that this processor and this build have, the fastest last.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|kernel| kernel.open().is_some())
    }

    /// The kernel, if this processor and this build have it.
    pub(super) fn open(self) -> Option<Box<dyn Engine>> {
        fn boxed<E: Engine + 'static>(engine: E) -> Box<dyn Engine> {
            Box::new(engine)
        }
        match self {
            Self::Portable => Some(boxed(Portable)),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => Avx2::detect().map(boxed),
            #[cfg(target_arch = "x86_64")]
            Self::Gfni => Gfni::detect().map(boxed),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => Avx512::detect().map(boxed),
            #[cfg(target_arch = "aarch64")]
            Self::Neon => Neon::detect().map(boxed),
            #[allow(unreachable_patterns, reason = "an architecture may have every kernel")]
            _ => None,
        }
    }
}

impl fmt::Display for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
