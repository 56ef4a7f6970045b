//! Every kernel this machine has, on every kind of matrix, length and address, against products byte by byte.

use super::Kernel;
use super::program::Program;
use crate::{Matrix, gf256};

const GUARD: u8 = 0xa5;

/// Around the lengths of vectors and blocks of every kernel; the last is a few blocks and a remainder.
const LENGTHS: [usize; 21] =
    [0, 1, 2, 15, 16, 17, 31, 32, 33, 47, 63, 64, 65, 127, 128, 129, 255, 256, 257, 511, 4 * 256 + 64 + 17];

/// Pseudorandom bytes, so that no regular pattern of a kernel's mistakes equals them.
fn noise(seed: usize) -> impl Iterator<Item = u8> {
    let mut state = seed as u64 ^ 0x9e37_79b9_7f4a_7c15;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    })
}

/// Rows of every kind: dense, ones, zeros, sparse, sparse ones, several with the same sources; columns of zeros.
fn matrices() -> Vec<Matrix> {
    let dense = |rows, cols| {
        let mut bytes = noise(rows * 300 + cols);
        Matrix::from_fn(rows, cols, |_, _| bytes.next().unwrap().max(2))
    };
    let mut all: Vec<Matrix> = (1..=14).map(|rows| dense(rows, 1 + rows % 5)).collect();
    all.extend([dense(1, 1), dense(4, 10), dense(2, 33), dense(3, 65), dense(5, 300), dense(70, 2)]);
    all.extend([Matrix::zero(3, 4), Matrix::zero(0, 3), Matrix::zero(2, 0), Matrix::identity(5)]);
    for ones in [1, 2, 7] {
        let mut bytes = noise(ones);
        all.push(Matrix::from_fn(9, 6, |row, _| if row < ones { 1 } else { bytes.next().unwrap() }));
    }
    let local = |row: usize, col: usize| match row {
        0 => u8::from(col < 5),
        1 => u8::from(col >= 5) * 7,
        2 => u8::from(col >= 5),
        3 => 0,
        _ => u8::try_from(row * col).unwrap(),
    };
    all.push(Matrix::from_fn(7, 11, local));
    all.push(Matrix::from_fn(
        8,
        150,
        |row, col| if col % 2 == row % 2 { 1 + u8::try_from(row / 2).unwrap() } else { 0 },
    ));
    all.push(Matrix::from_fn(4, 6, |row, col| u8::from(col != 3) * (1 + u8::try_from(row).unwrap())));
    all
}

/// The programs of a matrix, one for each kernel.
fn programs(matrix: &Matrix) -> Vec<(Kernel, Box<dyn Program>)> {
    Kernel::available().map(|kernel| (kernel, kernel.open().unwrap().prepare(matrix))).collect()
}

/// `bytes` bytes at an address that leaves `remainder` modulo 64, with guard bytes on both sides.
struct Guarded {
    block: Vec<u8>,
    start: usize,
    bytes: usize,
}

impl Guarded {
    fn new(content: impl Iterator<Item = u8>, bytes: usize, remainder: usize) -> Self {
        let mut block = vec![GUARD; bytes + 256];
        let start = 64 + (remainder + 64 - block.as_ptr().addr() % 64) % 64;
        block[start..start + bytes].iter_mut().zip(content).for_each(|(slot, byte)| *slot = byte);
        Self { block, start, bytes }
    }

    fn bytes(&self) -> &[u8] {
        &self.block[self.start..self.start + self.bytes]
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.block[self.start..self.start + self.bytes]
    }

    fn is_guarded(&self) -> bool {
        let outside = self.block[..self.start].iter().chain(&self.block[self.start + self.bytes..]);
        outside.copied().all(|byte| byte == GUARD)
    }
}

fn product(matrix: &Matrix, sources: &[Guarded], bytes: usize) -> Vec<Vec<u8>> {
    let at = |row: &[u8], at: usize| {
        row.iter().zip(sources).fold(0, |sum, (&coefficient, source)| sum ^ gf256::mul(coefficient, source.bytes()[at]))
    };
    matrix.iter_rows().map(|row| (0..bytes).map(|byte| at(row, byte)).collect()).collect()
}

#[test]
fn every_kernel_writes_the_product_and_nothing_else() {
    for (which, matrix) in matrices().iter().enumerate() {
        let programs = programs(matrix);
        // Many sources are read in parts, over runs of columns.
        let long = (13..=65).contains(&matrix.cols()).then_some(2 * 4096 + 700);
        for bytes in LENGTHS.into_iter().chain(long) {
            let of = |index: usize| Guarded::new(noise(index), bytes, index * 7 + which);
            let sources: Vec<Guarded> = (0..matrix.cols()).map(of).collect();
            let sources_as_slices: Vec<&[u8]> = sources.iter().map(Guarded::bytes).collect();
            let expected = product(matrix, &sources, bytes);
            // Streaming needs targets with the same remainder. Tried: 0, others, and two that differ.
            for (beyond_caches, remainder) in
                [(false, [0; 2]), (false, [3, 5]), (true, [0; 2]), (true, [1; 2]), (true, [48; 2]), (true, [0, 32])]
            {
                for (kernel, program) in &programs {
                    let target = |row: usize| Guarded::new(noise(row), bytes, remainder[row % 2]);
                    let mut targets: Vec<Guarded> = (0..matrix.rows()).map(target).collect();
                    let mut slices: Vec<&mut [u8]> = targets.iter_mut().map(Guarded::bytes_mut).collect();
                    program.write(&sources_as_slices, &mut slices, beyond_caches);
                    for (row, (target, expected)) in targets.iter().zip(&expected).enumerate() {
                        let context =
                            format!("{kernel}, {matrix:?}, {bytes} bytes, row {row}, {beyond_caches} {remainder:?}");
                        assert!(target.bytes() == expected, "{context}");
                        assert!(target.is_guarded(), "{context}: wrote beside the target");
                    }
                }
            }
        }
    }
}

#[test]
fn every_kernel_sees_flipped_bits() {
    for matrix in matrices().iter().filter(|matrix| matrix.rows() > 0 && matrix.cols() <= 33) {
        for bytes in [1, 31, 64, 65, 400, 4096 + 100] {
            let sources: Vec<Guarded> = (0..matrix.cols()).map(|j| Guarded::new(noise(j), bytes, j)).collect();
            let sources_as_slices: Vec<&[u8]> = sources.iter().map(Guarded::bytes).collect();
            let mut stored = product(matrix, &sources, bytes);
            // Every bit if there are few, otherwise some in every part of a vector and of a block.
            let step = if bytes * matrix.rows() <= 65 * 4 { 1 } else { bytes * 8 / 37 };
            for (kernel, program) in programs(matrix) {
                let differs = |stored: &[Vec<u8>]| {
                    let stored: Vec<&[u8]> = stored.iter().map(Vec::as_slice).collect();
                    let differs = program.differs(&sources_as_slices, &stored, false);
                    assert_eq!(program.differs(&sources_as_slices, &stored, true), differs, "{kernel}, {matrix:?}");
                    differs
                };
                assert!(!differs(&stored), "{kernel}, {matrix:?}, {bytes} bytes");
                for row in 0..matrix.rows() {
                    for bit in (0..bytes * 8).step_by(step) {
                        stored[row][bit / 8] ^= 1 << (bit % 8);
                        assert!(differs(&stored), "{kernel}, {matrix:?}, {bytes} bytes, row {row}, bit {bit}");
                        stored[row][bit / 8] ^= 1 << (bit % 8);
                    }
                }
            }
        }
    }
}

#[test]
fn the_kernels_that_every_processor_has_are_available() {
    let available: Vec<Kernel> = Kernel::available().collect();
    assert!(available.contains(&Kernel::Portable));
    assert_eq!(available.contains(&Kernel::Neon), cfg!(target_arch = "aarch64"), "AArch64 Linux never lacks NEON");
}

#[test]
fn every_coefficient_times_every_byte() {
    let source: Vec<u8> = (0..=255).collect();
    for coefficient in 0..=255 {
        let matrix = Matrix::from_rows(&[[coefficient]]).unwrap();
        let expected: Vec<u8> = source.iter().map(|&byte| gf256::mul(byte, coefficient)).collect();
        for (kernel, program) in programs(&matrix) {
            let mut target = vec![0xee; 256];
            program.write(&[&source], &mut [&mut target], false);
            assert_eq!(target, expected, "{kernel}: times {coefficient}");
        }
    }
}

#[test]
fn slices_of_other_lengths_are_refused() {
    for (kernel, program) in programs(&Matrix::identity(1)) {
        for (source, target) in [(99, 100), (100, 99), (64, 100)] {
            let write = || program.write(&[&vec![0; source]], &mut [&mut vec![0; target]], false);
            let differs = || program.differs(&[&vec![0; source]], &[&vec![0; target]], false);
            assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(write)).is_err(), "{kernel}");
            assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(differs)).is_err(), "{kernel}");
        }
    }
}
