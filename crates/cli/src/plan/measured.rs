//! The speed of encoding on this machine, expected from a stored calibration.

use anyhow::Result;
use evariste::Code;
use evariste::auto::{self, Calibration, Speed};
use evariste_store::BATCH_BYTES;

use crate::size;

/// The measurements of this machine.
pub(super) struct Measured(Calibration);

impl Measured {
    /// The calibration that `bench calibrate` stored, or `None`.
    pub(super) fn load() -> Result<Option<Self>> {
        let Some(path) = auto::default_path() else { return Ok(None) };
        Ok(Calibration::load(&path)?.map(Self))
    }

    /// The expected speeds of the CPU and the GPU with this code, below a heading.
    pub(super) fn describe(&self, data: usize, parity: usize) -> Result<[String; 3]> {
        let code = Code::reed_solomon(data, parity)?;
        // Counted as the automatic backend counts: a coefficient of one costs no product.
        let products = code.parity_matrix().iter_rows().flatten().filter(|&&coefficient| coefficient > 1).count();
        let shards = (data + parity) as f64;
        let rate = |speed: &Speed| {
            let bytes_of_a_shard = BATCH_BYTES as f64 / shards;
            let seconds = speed.seconds(BATCH_BYTES as f64, products as f64 * bytes_of_a_shard);
            bytes_of_a_shard * data as f64 / seconds / 1e9
        };
        let Calibration { cpu_device, gpu_device, cpu, in_place, copied, .. } = &self.0;
        let (gpu, way) = in_place.as_ref().map_or((copied, "with copies"), |speed| (speed, "in place"));
        Ok([
            format!("expected by the stored calibration, {} at a time:", size::show(BATCH_BYTES)),
            format!("{:.1} GB/s of data on the CPU ({cpu_device})", rate(cpu)),
            format!("{:.1} GB/s of data on the GPU {way} ({gpu_device})", rate(gpu)),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slower_of_moving_and_multiplying_counts() {
        let speed = |bytes_per_s, products_per_s| Speed::new(0.0, bytes_per_s, products_per_s);
        let (cpu, copied) = (speed(12e9, 1e15), speed(1e15, 20e9));
        let measured = Measured(Calibration::new("a CPU", cpu, "a GPU", copied));
        // 12 bytes are moved for 10 bytes of data, and none of the 20 coefficients is one.
        let [_, cpu, gpu] = measured.describe(10, 2).unwrap();
        assert_eq!(cpu, "10.0 GB/s of data on the CPU (a CPU)");
        assert_eq!(gpu, "10.0 GB/s of data on the GPU with copies (a GPU)");
    }
}
