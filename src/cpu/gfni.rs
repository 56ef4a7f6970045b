//! AVX2 and GFNI: vectors of 32 bytes; one instruction multiplies every byte by a matrix of 8 x 8 bits.
//!
//! Multiplying by a constant is linear over GF(2), in any representation of the field. (The instruction that multiplies two
//! bytes, `gf2p8mulb`, is of no use here: it works modulo 0x11b.)

use std::arch::x86_64::*;

use super::generic::{self, Columns, Isa, Mode};
use super::steps::Step;
use crate::gf256;

/// Proof that this processor has AVX2 and GFNI; only `detect` makes one.
#[derive(Clone, Copy)]
pub(super) struct Gfni(());

impl Gfni {
    pub(super) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("gfni")).then_some(Self(()))
    }
}

/// The bits of multiplication by `coefficient`: byte 7 - i says which bits of a byte make bit i of the product.
pub(super) fn bit_matrix(coefficient: u8) -> u64 {
    let mut matrix = 0;
    for from in 0..8 {
        let product = gf256::mul(coefficient, 1 << from);
        for to in 0..8 {
            matrix |= u64::from(product >> to & 1) << (8 * (7 - to) + from);
        }
    }
    matrix
}

/// # Safety
/// As [`generic::run`].
#[target_feature(enable = "avx2,gfni")]
unsafe fn run(isa: Gfni, step: &Step<u64>, columns: Columns<'_>, mode: Mode) -> bool {
    // SAFETY: promised by the caller.
    unsafe { generic::run(isa, step, columns, mode) }
}

impl Isa for Gfni {
    type Vector = __m256i;
    type Operand = __m256i;
    type Factor = u64;
    type Wide = __m256i;

    const BYTES: usize = 32;
    const MAX_ROWS: usize = 4;
    const MANY_REGISTERS: bool = false;

    fn factor(coefficient: u8) -> u64 {
        bit_matrix(coefficient)
    }

    unsafe fn run(self, step: &Step<u64>, columns: Columns<'_>, mode: Mode) -> bool {
        // SAFETY: `detect` saw avx2 and gfni, exactly what `run` enables; the caller promised the rest.
        unsafe { run(self, step, columns, mode) }
    }

    #[inline(always)]
    fn zero(self) -> __m256i {
        // SAFETY: `detect` saw avx2.
        unsafe { _mm256_setzero_si256() }
    }

    #[inline(always)]
    fn xor(self, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: `detect` saw avx2.
        unsafe { _mm256_xor_si256(a, b) }
    }

    #[inline(always)]
    fn or(self, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: `detect` saw avx2.
        unsafe { _mm256_or_si256(a, b) }
    }

    #[inline(always)]
    fn is_zero(self, a: __m256i) -> bool {
        // SAFETY: `detect` saw avx2.
        unsafe { _mm256_testz_si256(a, a) == 1 }
    }

    #[inline(always)]
    fn operand(self, source: __m256i) -> __m256i {
        source
    }

    #[inline(always)]
    fn wide(self, factor: &u64) -> __m256i {
        // SAFETY: `detect` saw avx2.
        unsafe { _mm256_set1_epi64x(factor.cast_signed()) }
    }

    #[inline(always)]
    fn product(self, source: __m256i, factor: __m256i) -> __m256i {
        // SAFETY: `detect` saw gfni, and avx2 with it.
        unsafe { _mm256_gf2p8affine_epi64_epi8::<0>(source, factor) }
    }

    #[inline(always)]
    unsafe fn load(self, from: *const u8) -> __m256i {
        // SAFETY: `detect` saw avx2; the caller says that 32 bytes can be read.
        unsafe { _mm256_loadu_si256(from.cast()) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8, value: __m256i) {
        // SAFETY: `detect` saw avx2; the caller says that 32 bytes can be written.
        unsafe { _mm256_storeu_si256(to.cast(), value) }
    }

    #[inline(always)]
    unsafe fn stream(self, to: *mut u8, value: __m256i) {
        // SAFETY: as `store`; the caller says that the address is a multiple of 32.
        unsafe { _mm256_stream_si256(to.cast(), value) }
    }

    #[inline(always)]
    fn fence(self) {
        // SAFETY: every x86-64 processor has it.
        unsafe { _mm_sfence() };
    }
}
