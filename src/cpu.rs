//! The CPU backend: threads over tiles of columns, a kernel in each.
//!
//! A [`Kernel`] prepares a matrix as a *program*. Each tile hands its sources and targets to the program. The programs of the
//! matrices used last are kept.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod bits;
mod check;
mod checksums;
mod correct;
mod gather;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod generic;
#[cfg(target_arch = "x86_64")]
mod gfni;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod isa;
mod kernel;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod nibbles;
mod portable;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod prepared;
mod program;
mod programs;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod steps;
#[cfg(test)]
mod tests;
mod write;

use crate::backend::{Backend, Batch, Info, Report, Task};
use crate::memory::Region;
use crate::plan::Matrices;
use crate::{Error, env};
use check::Check;
pub use kernel::Kernel;
use programs::Programs;

/// Whether other threads make a batch faster. Waking them takes about 20 us. One other thread pays for that from 8 MiB on, 15
/// from 1 MiB on (both measured).
fn is_worth_threads(traffic_bytes: usize, passes: usize) -> bool {
    let others = rayon::current_num_threads() - 1;
    others > 0 && traffic_bytes.saturating_mul(passes) >= ((8 << 20) / others).max(1 << 20)
}

/// Whether a batch is larger than a third-level cache, or a core's share of one.
fn is_beyond_caches(traffic_bytes: usize) -> bool {
    traffic_bytes >= 12 << 20
}

/// Runs plans on the processor's cores, in the rayon pool the caller is in.
pub struct Cpu {
    kernel: Kernel,
    programs: Programs,
}

impl Cpu {
    /// The backend with the fastest kernel that this processor has, or with the kernel that `EVARISTE_CPU` names.
    ///
    /// # Errors
    /// [`Error::Environment`] if `EVARISTE_CPU` names a kernel that this processor or this build does not have.
    pub fn new() -> Result<Self, Error> {
        let available: Vec<Kernel> = Kernel::available().collect();
        let names: Vec<&str> = available.iter().map(|kernel| kernel.name()).collect();
        let best = available.len() - 1;
        Self::with_kernel(available[env::choice("EVARISTE_CPU", &names)?.unwrap_or(best)])
    }

    /// The backend with a kernel of the caller's choice. `EVARISTE_CPU` is not read.
    ///
    /// # Errors
    /// [`Error::NoKernel`] if this processor or this build does not have it.
    pub fn with_kernel(kernel: Kernel) -> Result<Self, Error> {
        let Some(engine) = kernel.open() else {
            let available: Vec<&str> = Kernel::available().map(Kernel::name).collect();
            return Err(Error::NoKernel { wanted: kernel.name(), available: available.join(", ") });
        };
        Ok(Self { kernel, programs: Programs::new(engine) })
    }

    /// The kernel in use.
    #[must_use]
    pub fn kernel(&self) -> Kernel {
        self.kernel
    }
}

impl std::fmt::Debug for Cpu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cpu").field("kernel", &self.kernel).finish_non_exhaustive()
    }
}

impl Backend for Cpu {
    fn info(&self) -> Info {
        let device = format!("{} kernel, {} threads", self.kernel, rayon::current_num_threads());
        Info { backend: "cpu", device, software: false, memory: None }
    }

    fn allocate(&self, bytes: usize) -> Result<Region, Error> {
        Region::new(bytes)
    }

    fn run(&self, batches: &mut [Batch<'_>]) -> Result<Report, Error> {
        batches.iter().try_for_each(Batch::check)?;
        let mut report = Report::default();
        for (index, batch) in batches.iter_mut().enumerate() {
            let traffic_bytes = batch.traffic_bytes();
            match batch.task() {
                Task::Write(matrices) => {
                    let (view, crc) = batch.parts_mut();
                    match (crc, matrices) {
                        (Some(crc), Matrices::One(plan)) => {
                            checksums::write(&*self.programs.get(plan.matrix()), plan, view, crc, traffic_bytes)?;
                        }
                        _ => write::run(&self.programs, matrices, view, traffic_bytes)?,
                    }
                }
                Task::Check(plan) => {
                    let program = self.programs.get(plan.matrix());
                    let (view, crc) = batch.parts_mut();
                    let check = Check { program: &*program, batch: index, plan, view, traffic_bytes };
                    report.mismatches.extend(match crc {
                        Some(crc) => checksums::check(check, crc),
                        None => check.run(),
                    });
                }
                Task::Correct { grs, erased } => {
                    let found = correct::run(&self.programs, index, grs, erased, batch.view_mut(), traffic_bytes)?;
                    for (corrections, uncorrectable) in found {
                        report.corrections.extend(corrections);
                        report.uncorrectable.extend(uncorrectable);
                    }
                }
            }
        }
        report.mismatches.sort_unstable();
        report.corrections.sort_unstable();
        report.uncorrectable.sort_unstable();
        Ok(report)
    }
}
