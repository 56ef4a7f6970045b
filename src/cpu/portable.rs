//! The kernel that any processor runs: Horner's rule by bit on packed bytes, in plain Rust that compilers vectorise.
//!
//! A coefficient c is a polynomial in 2 with bits for coefficients, so a row's sum of c_j * d_j is, with the bits taken
//! from the highest down, `acc = 2 * acc + (sum of the d_j whose coefficient has that bit)`. Doubling a byte is a shift
//! and a conditional XOR, the same for every lane. A row of ones costs one XOR a source. Portable twin of the compiled
//! GPU kernel.

use crate::Matrix;

/// Columns worked on at a time: four vectors of 16 bytes, which stay in registers.
pub(super) const CHUNK_BYTES: usize = 64;

/// Words rather than bytes, because compilers keep an array of eight words in registers and one of 64 bytes not.
type Chunk = [u64; CHUNK_BYTES / 8];

/// A matrix as, for each row and each bit, the sources whose coefficient has that bit.
pub(super) struct XorProgram {
    rows: Box<[[Box<[usize]>; 8]]>,
}

impl XorProgram {
    pub(super) fn new(matrix: &Matrix) -> Self {
        let with_bit = |row: &[u8], bit: usize| (0..row.len()).filter(|&j| row[j] >> bit & 1 == 1).collect();
        Self { rows: matrix.iter_rows().map(|row| std::array::from_fn(|bit| with_bit(row, bit))).collect() }
    }

    /// Writes row `row` times `sources` over `target`. All slices have the same length.
    pub(super) fn run(&self, row: usize, sources: &[&[u8]], target: &mut [u8]) {
        let whole = target.len() / CHUNK_BYTES * CHUNK_BYTES;
        let (chunks, tail) = target.as_chunks_mut::<CHUNK_BYTES>();
        for (index, chunk) in chunks.iter_mut().enumerate() {
            *chunk = to_bytes(self.horner(row, |source| load(sources[source], index * CHUNK_BYTES)));
        }
        if !tail.is_empty() {
            let chunk = to_bytes(self.horner(row, |source| load_tail(&sources[source][whole..])));
            tail.copy_from_slice(&chunk[..tail.len()]);
        }
    }

    #[inline(always)]
    fn horner(&self, row: usize, load: impl Fn(usize) -> Chunk) -> Chunk {
        let mut acc = Chunk::default();
        let bits = &self.rows[row];
        // Nothing to double before the highest bit that occurs.
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
    bytemuck::cast(*bytes)
}

#[inline(always)]
fn to_bytes(chunk: Chunk) -> [u8; CHUNK_BYTES] {
    bytemuck::cast(chunk)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gf256;

    #[test]
    fn every_coefficient_times_every_byte() {
        let source: Vec<u8> = (0..=255).chain(0..100).collect();
        for coefficient in 0..=255 {
            let matrix = Matrix::from_rows(&[[coefficient]]).unwrap();
            let mut target = vec![0xee; source.len()];
            XorProgram::new(&matrix).run(0, &[&source], &mut target);
            let expected: Vec<u8> = source.iter().map(|&b| gf256::mul(b, coefficient)).collect();
            assert_eq!(target, expected, "times {coefficient}");
        }
    }
}
