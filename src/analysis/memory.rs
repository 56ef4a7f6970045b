//! The memory that a codec needs in addition to the shards.

use crate::Layout;

/// Bytes that a codec holds for the plan it encodes with, and bytes that a call on ordinary host memory has in flight.
///
/// With k data and m parity shards:
///
/// | what | bytes |
/// |---|---|
/// | matrix | k m |
/// | a CPU kernel's program | 8 k m with GFNI, 32 k m with AVX2 or NEON; portable 128 m + 64 k m at most |
/// | the table kernel's tables on a GPU | 128 k ceil(m / 4) |
/// | slots in flight | 3 slots of 2 buffers of 16 MiB and one of 8: 120 MiB; 2 more of 16 where the device cannot work on mapped ones: 216 MiB |
/// | the same with checksums | 2 more buffers of 8 MiB a slot: 48 MiB |
///
/// A repair adds a matrix and its tables of its own, with as many rows as shards are wanted and as many columns as
/// shards are read. Slots are those of a call to a GPU on memory that is not registered with it; smaller calls have
/// smaller ones. The CPU keeps the programs of the 16 matrices used last, a codec the plans of its 32 last repairs.
/// Calls on registered memory and calls on the CPU have no slots. Not counted: what a driver needs, the lists that a
/// correction makes, and the text of compiled kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Memory {
    /// The matrix.
    pub matrix_bytes: usize,
    /// The tables of the CPU kernel with the largest tables, other than the portable one: 32 bytes for each coefficient.
    pub cpu_table_bytes: usize,
    /// The tables of a GPU's table kernel.
    pub gpu_table_bytes: usize,
}

impl Memory {
    /// The memory of a layout. The result is meaningless if the layout is [impossible](Layout::check).
    #[must_use]
    pub fn of(layout: &Layout) -> Self {
        let (data, parity) = (layout.data_shards(), layout.parity_shards());
        let coefficients = data.saturating_mul(parity);
        Self {
            matrix_bytes: coefficients,
            cpu_table_bytes: coefficients.saturating_mul(32),
            gpu_table_bytes: data.saturating_mul(parity.div_ceil(4)).saturating_mul(128),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_and_four_need_little() {
        let memory = Memory::of(&"rs:10+4".parse().unwrap());
        assert_eq!(memory, Memory { matrix_bytes: 40, cpu_table_bytes: 1280, gpu_table_bytes: 1280 });
    }
}
