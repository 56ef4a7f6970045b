//! The measured speeds of a machine's CPU and GPU, and the expected times of calls.
//!
//! A call's time is modelled as that of a roofline (S. Williams, A. Waterman and D. Patterson, "Roofline: an insightful visual
//! performance model for multicore architectures", CACM 52(4), 2009): a fixed cost, and then whatever takes longer, moving
//! the bytes or multiplying them. Three numbers a backend, from three timed calls.

mod measure;
mod store;

pub use store::default_path;
pub(super) use store::stored;

use crate::Plan;
use crate::backend::Batch;
use crate::plan::Matrices;

/// The speed of a backend with host memory of one kind.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Speed {
    /// Seconds that every call takes, however small.
    pub call_s: f64,
    /// Bytes of sources and targets per second.
    pub bytes_per_s: f64,
    /// Products of a byte and a coefficient per second.
    pub products_per_s: f64,
}

impl Speed {
    /// The speed of a backend whose calls take `call_s` seconds at least, and that moves and multiplies at these rates.
    #[must_use]
    pub fn new(call_s: f64, bytes_per_s: f64, products_per_s: f64) -> Self {
        Self { call_s, bytes_per_s, products_per_s }
    }

    /// The expected time of a call that reads and writes this many bytes and needs this many products, in seconds.
    #[must_use]
    pub fn seconds(&self, bytes: f64, products: f64) -> f64 {
        self.call_s + (bytes / self.bytes_per_s).max(products / self.products_per_s)
    }
}

/// The measured speeds of a machine's CPU and GPU.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Calibration {
    /// The CPU backend's device: kernel and threads.
    pub cpu_device: String,
    /// The GPU.
    pub gpu_device: String,
    /// The CPU.
    pub cpu: Speed,
    /// The GPU with memory that it works on in place; `None` if it has no such memory.
    pub in_place: Option<Speed>,
    /// The GPU with any other memory.
    pub copied: Speed,
}

/// The work of a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Work {
    pub(super) bytes: f64,
    pub(super) products: f64,
}

impl Work {
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    pub(super) fn of(batches: &[Batch<'_>]) -> Self {
        let products = |batch: &Batch<'_>| {
            let (matrices, view) = (batch.task().matrices(), batch.view());
            match matrices {
                Matrices::One(plan) => multipliers(plan) as f64 * view.total_bytes() as f64,
                Matrices::PerStripe { plans, of } => {
                    let of_plan: Vec<usize> = plans.iter().map(multipliers).collect();
                    let sum: usize = of.iter().map(|&plan| of_plan[plan as usize]).sum();
                    sum as f64 * view.bytes() as f64
                }
            }
        };
        Self {
            bytes: batches.iter().map(|batch| batch.traffic_bytes() as f64).sum(),
            products: batches.iter().map(products).sum(),
        }
    }
}

/// Coefficients that cost a multiplication.
fn multipliers(plan: &Plan) -> usize {
    if plan.interpolates().is_some() {
        // Nearly all coefficients cost a multiplication, and an exact count would cost more than it is worth.
        return plan.sources().len() * plan.targets().len();
    }
    let matrix = plan.matrix();
    (0..matrix.rows()).map(|row| matrix.row(row).iter().filter(|&&coefficient| coefficient > 1).count()).sum()
}

impl Calibration {
    /// The speeds of a CPU and of a GPU that works on no memory in place. `in_place` can be set afterwards.
    #[must_use]
    pub fn new(cpu_device: impl Into<String>, cpu: Speed, gpu_device: impl Into<String>, copied: Speed) -> Self {
        Self { cpu_device: cpu_device.into(), gpu_device: gpu_device.into(), cpu, in_place: None, copied }
    }

    /// Seconds that this work takes on the CPU, and on the GPU in memory of this kind.
    pub(super) fn seconds(&self, work: &Work, in_place: bool) -> (f64, f64) {
        let gpu = self.in_place.filter(|_| in_place).unwrap_or(self.copied);
        (self.cpu.seconds(work.bytes, work.products), gpu.seconds(work.bytes, work.products))
    }

    /// Whether it was measured on these devices.
    pub(super) fn is_of(&self, cpu_device: &str, gpu_device: &str) -> bool {
        (&*self.cpu_device, &*self.gpu_device) == (cpu_device, gpu_device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::{Slot, View};
    use crate::{Code, Task};

    #[test]
    fn the_slower_of_moving_and_multiplying_counts() {
        let speed = Speed { call_s: 1.0, bytes_per_s: 100.0, products_per_s: 1000.0 };
        assert_eq!(speed.seconds(300.0, 10.0), 4.0);
        assert_eq!(speed.seconds(300.0, 9000.0), 10.0);
    }

    #[test]
    fn work_counts_bytes_and_true_products() {
        let code = Code::raid6(3).unwrap();
        let plan = code.encode_plan();
        let mut shards = vec![vec![0; 100]; 5];
        let view = View::slices(shards.iter_mut().map(|shard| Slot::Write(shard)), 1).unwrap();
        let work = Work::of(&[Batch::new(Task::write(&plan), view).unwrap()]);
        // P needs no multiplication; Q has the coefficients 2 and 4 besides 1.
        assert_eq!(work, Work { bytes: 500.0, products: 200.0 });
    }
}
