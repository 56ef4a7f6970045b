//! The kernel that any processor runs: Horner's rule by bit on packed bytes, in plain Rust that compilers vectorise.
//!
//! A coefficient c is a polynomial in 2 whose coefficients are its bits. So a row's sum of c_j * d_j is computed bit by bit from
//! the highest down: `acc = 2 * acc + (sum of the d_j whose coefficient has that bit)`. Doubling a byte is a shift and a
//! conditional XOR, the same for every lane. A row of ones costs one XOR a source. The compiled GPU kernel uses the same
//! formula.

use super::program::{Engine, Program, common_length};
use crate::Matrix;

/// Columns worked on at a time: four vectors of 16 bytes, which stay in registers.
const CHUNK_BYTES: usize = 64;

/// Words rather than bytes: compilers keep an array of eight words in registers, but not an array of 64 bytes.
type Chunk = [u64; CHUNK_BYTES / 8];

/// The kernel.
pub(super) struct Portable;

impl Engine for Portable {
    fn prepare(&self, matrix: &Matrix) -> Box<dyn Program> {
        Box::new(XorProgram::new(matrix))
    }
}

/// A matrix by bits: for each row and each bit the sources whose coefficient has that bit.
struct XorProgram {
    rows: Box<[[Box<[usize]>; 8]]>,
    cols: usize,
}

impl Program for XorProgram {
    fn write(&self, sources: &[&[u8]], targets: &mut [&mut [u8]], _beyond_caches: bool) {
        let bytes = common_length((self.rows.len(), self.cols), sources, targets);
        for (row, target) in targets.iter_mut().enumerate() {
            self.each_chunk(row, sources, bytes, |at, chunk| {
                target[at..at + chunk.len()].copy_from_slice(chunk);
                true
            });
        }
    }

    /// A source is read once for every bit that is set in its coefficients.
    fn passes(&self) -> usize {
        8 * self.rows.len()
    }

    fn differs(&self, sources: &[&[u8]], stored: &[&[u8]], _beyond_caches: bool) -> bool {
        let bytes = common_length((self.rows.len(), self.cols), sources, stored);
        let is_row_equal = |(row, stored): (usize, &&[u8])| {
            self.each_chunk(row, sources, bytes, |at, chunk| stored[at..at + chunk.len()] == *chunk)
        };
        !stored.iter().enumerate().all(is_row_equal)
    }
}

impl XorProgram {
    fn new(matrix: &Matrix) -> Self {
        let with_bit = |row: &[u8], bit: usize| (0..row.len()).filter(|&j| row[j] >> bit & 1 == 1).collect();
        let rows = matrix.iter_rows().map(|row| std::array::from_fn(|bit| with_bit(row, bit))).collect();
        Self { rows, cols: matrix.cols() }
    }

    /// Computes a row of the product, `bytes` long, chunk by chunk, until `visit` returns false. Returns whether it never did.
    #[inline(always)]
    fn each_chunk(
        &self,
        row: usize,
        sources: &[&[u8]],
        bytes: usize,
        mut visit: impl FnMut(usize, &[u8]) -> bool,
    ) -> bool {
        let whole = bytes / CHUNK_BYTES * CHUNK_BYTES;
        for at in (0..whole).step_by(CHUNK_BYTES) {
            if !visit(at, &to_bytes(self.horner(row, |source| load(sources[source], at)))) {
                return false;
            }
        }
        whole == bytes || {
            let chunk = to_bytes(self.horner(row, |source| load_tail(&sources[source][whole..])));
            visit(whole, &chunk[..bytes - whole])
        }
    }

    #[inline(always)]
    fn horner(&self, row: usize, load: impl Fn(usize) -> Chunk) -> Chunk {
        let mut acc = Chunk::default();
        let bits = &self.rows[row];
        // Start at the highest bit that occurs: above it the sum is zero.
        let used = bits.iter().rposition(|sources| !sources.is_empty()).map_or(0, |highest| highest + 1);
        for sources in bits[..used].iter().rev() {
            double(&mut acc);
            for &source in sources {
                let chunk = load(source);
                for (a, c) in acc.iter_mut().zip(chunk) {
                    *a ^= c;
                }
            }
        }
        acc
    }
}

/// Doubles every byte in the field.
#[inline(always)]
fn double(chunk: &mut Chunk) {
    for word in chunk {
        let carries = (*word >> 7) & 0x0101_0101_0101_0101;
        // Every byte whose highest bit is set, as 0xff: 256 - 1 times its carry.
        let mask = (carries << 8).wrapping_sub(carries);
        *word = ((*word << 1) & 0xfefe_fefe_fefe_fefe) ^ (mask & 0x1d1d_1d1d_1d1d_1d1d);
    }
}

#[inline(always)]
fn load(source: &[u8], at: usize) -> Chunk {
    from_bytes(source[at..].first_chunk().expect("sources are as long as targets"))
}

fn load_tail(tail: &[u8]) -> Chunk {
    let mut bytes = [0; CHUNK_BYTES];
    bytes[..tail.len()].copy_from_slice(tail);
    from_bytes(&bytes)
}

#[inline(always)]
fn from_bytes(bytes: &[u8; CHUNK_BYTES]) -> Chunk {
    let (words, _) = bytes.as_chunks();
    std::array::from_fn(|at| u64::from_ne_bytes(words[at]))
}

#[inline(always)]
fn to_bytes(chunk: Chunk) -> [u8; CHUNK_BYTES] {
    let mut bytes = [0; CHUNK_BYTES];
    for (to, word) in bytes.as_chunks_mut().0.iter_mut().zip(chunk) {
        *to = word.to_ne_bytes();
    }
    bytes
}
