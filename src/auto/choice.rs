//! Where a call would run, and why.

use std::fmt;

/// Where a call would run, and why: what [`Auto::explain`](crate::Auto::explain) says.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Choice {
    /// On the CPU, because it is small.
    Small {
        /// Bytes it moves.
        bytes: usize,
        /// Bytes from which a GPU is considered.
        least: usize,
    },
    /// On the CPU, because there is no GPU to use.
    NoGpu {
        /// Why not.
        reason: String,
    },
    /// On the CPU, because nothing has been large enough yet to open a GPU.
    Unopened {
        /// Bytes it moves.
        bytes: usize,
        /// Bytes that open a GPU.
        least: usize,
    },
    /// Not known yet: it opens the GPU, or waits for the call that does, and what is measured then decides.
    Opens,
    /// Where it is expected to be done sooner.
    Sooner {
        /// Whether the GPU would work on it in place.
        in_place: bool,
        /// Seconds expected on the CPU.
        cpu_s: f64,
        /// Seconds expected on the GPU.
        gpu_s: f64,
    },
}

impl Choice {
    /// Whether the call is known to run on the GPU.
    #[must_use]
    pub fn is_gpu(&self) -> bool {
        matches!(self, Self::Sooner { cpu_s, gpu_s, .. } if gpu_s < cpu_s)
    }
}

impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let device = if self.is_gpu() { "GPU" } else { "CPU" };
        match self {
            Self::Small { bytes, least } => write!(f, "{device}: it moves {bytes} bytes, fewer than {least}"),
            Self::NoGpu { reason } => write!(f, "{device}: there is no GPU to use: {reason}"),
            Self::Unopened { bytes, least } => {
                write!(f, "{device}: no GPU is open, and {bytes} bytes are fewer than the {least} that open one")
            }
            Self::Opens => f.write_str("not known yet: it opens a GPU, and what is measured then decides"),
            Self::Sooner { in_place, cpu_s, gpu_s } => {
                let how = if *in_place { "in place" } else { "through copies" };
                let (cpu, gpu) = (cpu_s * 1e6, gpu_s * 1e6);
                write!(f, "{device}: {cpu:.0} us are expected on the CPU, {gpu:.0} us on the GPU {how}")
            }
        }
    }
}
