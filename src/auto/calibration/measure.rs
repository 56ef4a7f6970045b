//! Measuring a machine: three calls of each backend.

use std::time::{Duration, Instant};

use super::{Calibration, Speed};
use crate::backend::{Backend, Batch, Task};
use crate::memory::{Geometry, Region, View};
use crate::{Code, Error};

/// Shards of the call that shows what any call costs, of the one that moves bytes, and of the one that multiplies.
const SMALL_BYTES: usize = 4 << 10;
const LARGE_BYTES: usize = 4 << 20;
const HEAVY_BYTES: usize = 1 << 20;

/// A code and shards to encode with it.
struct Probe {
    code: Code,
    geometry: Geometry,
}

impl Probe {
    fn new(data_shards: usize, parity_shards: usize, bytes: usize) -> Result<Self, Error> {
        let code = Code::cauchy(data_shards, parity_shards)?;
        let geometry = Geometry::one_stripe(code.total_shards(), bytes)?;
        Ok(Self { code, geometry })
    }

    fn bytes(&self) -> usize {
        self.geometry.slots * self.geometry.slot_stride
    }

    /// Seconds of the quickest of the calls that fit the effort, at least three after one that warms up.
    fn time(&self, backend: &dyn Backend, memory: &mut [u8], effort: Duration) -> Result<f64, Error> {
        let plan = self.code.encode_plan();
        let mut quickest = f64::INFINITY;
        let mut call = || -> Result<f64, Error> {
            let batch = Batch::new(Task::write(&plan), View::arena(memory, self.geometry)?)?;
            let started = Instant::now();
            let _ = backend.run(&mut [batch])?;
            Ok(started.elapsed().as_secs_f64())
        };
        call()?;
        let started = Instant::now();
        for calls in 0.. {
            if calls >= 3 && started.elapsed() >= effort {
                break;
            }
            quickest = quickest.min(call()?);
        }
        Ok(quickest.max(1e-9))
    }
}

impl Calibration {
    /// Measures a CPU and a GPU, with so much time for each of nine points; needs 60 MiB of memory meanwhile.
    ///
    /// # Errors
    /// [`Error::HostMemory`], or a device error.
    pub fn measure(cpu: &dyn Backend, gpu: &dyn Backend, effort: Duration) -> Result<Self, Error> {
        let probes =
            [Probe::new(10, 4, SMALL_BYTES)?, Probe::new(10, 4, LARGE_BYTES)?, Probe::new(16, 16, HEAVY_BYTES)?];
        let bytes = probes.iter().map(Probe::bytes).max().unwrap_or(0);
        let speed = |backend: &dyn Backend, memory: &mut [u8]| -> Result<Speed, Error> {
            let [small, large, heavy] = &probes;
            let call_s = small.time(backend, memory, effort)?;
            // A call that is no slower than the smallest one says nothing of rates.
            let rest = |seconds: f64| (seconds - call_s).max(seconds / 2.0);
            let large_s = rest(large.time(backend, memory, effort)?);
            let heavy_s = rest(heavy.time(backend, memory, effort)?);
            #[expect(clippy::cast_precision_loss, reason = "an estimate")]
            let per_second = |count: usize, seconds: f64| count as f64 / seconds;
            let bytes_per_s = per_second(14 * LARGE_BYTES, large_s);
            Ok(Speed { call_s, bytes_per_s, products_per_s: per_second(16 * 16 * HEAVY_BYTES, heavy_s) })
        };
        let mut memory = gpu.allocate(bytes)?;
        let cpu_speed = speed(cpu, &mut memory)?;
        let in_place = {
            let [small, ..] = &probes;
            let plan = small.code.encode_plan();
            gpu.is_in_place(&Batch::new(Task::write(&plan), View::arena(&mut memory, small.geometry)?)?)
        };
        let in_place = if in_place { Some(speed(gpu, &mut memory)?) } else { None };
        drop(memory);
        let copied = speed(gpu, &mut Region::new(bytes)?)?;
        Ok(Self { cpu_device: cpu.info().device, gpu_device: gpu.info().device, cpu: cpu_speed, in_place, copied })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cpu;

    #[test]
    fn a_measurement_is_made_of_positive_numbers() {
        let cpu = Cpu::new().unwrap();
        let found = Calibration::measure(&cpu, &cpu, Duration::ZERO).unwrap();
        assert_eq!(found.in_place, None);
        for speed in [found.cpu, found.copied] {
            for number in [speed.call_s, speed.bytes_per_s, speed.products_per_s] {
                assert!(number.is_finite() && number > 0.0, "{found:?}");
            }
        }
    }
}
