//! How much memory a codec needs beside the shards.

use crate::Layout;

/// Bytes that a codec holds for the plan it encodes with, and what a call on plain host memory has in flight.
///
/// With k data and m parity shards:
///
/// | what | bytes |
/// |---|---|
/// | matrix | k m |
/// | a CPU kernel's program | 8 k m with GFNI, 32 k m with AVX2 or NEON; the portable kernel 128 m + 8 for each bit of a coefficient, 64 k m at most |
/// | the table kernel's tables on a GPU | 128 k ceil(m / 4) |
/// | slots in flight, of a call to a GPU on memory that is not registered with it | 2 * 3 slots of 16 MiB each: 96 MiB, 192 MiB where the device cannot work on mapped buffers; less for smaller calls |
///
/// A repair adds a matrix and its tables of its own, with as many rows as shards are wanted and as many columns as shards are
/// read. The CPU keeps the programs of the 16 matrices used last, a codec the plans of its 32 last repairs. Calls on registered
/// memory and calls on the CPU have no slots. Not counted: what a driver needs, and the text of compiled kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// The matrix.
    pub matrix_bytes: usize,
    /// The tables of the widest CPU kernel that is not the portable one: 32 bytes a coefficient.
    pub cpu_table_bytes: usize,
    /// The tables of a GPU's table kernel.
    pub gpu_table_bytes: usize,
}

impl Memory {
    /// The memory of a layout.
    #[must_use]
    pub fn of(layout: &Layout) -> Self {
        let data = layout.data_shards();
        let parity = layout.shards() - data;
        Self {
            matrix_bytes: data * parity,
            cpu_table_bytes: 32 * data * parity,
            gpu_table_bytes: 128 * data * parity.div_ceil(4),
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
