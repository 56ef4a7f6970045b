//! AVX-512 and GFNI: vectors of 64 bytes and twice the registers; products as in [`gfni`](super::gfni).

use std::arch::x86_64::*;

use super::bits::bit_matrix;
use super::isa::{Isa, Routine, Vector};

/// Proof that this processor has AVX-512F and GFNI; only `detect` makes one.
#[derive(Clone, Copy)]
pub(super) struct Avx512(());

impl Avx512 {
    pub(super) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("gfni")).then_some(Self(()))
    }
}

impl Vector for Avx512 {
    type Register = __m512i;

    const BYTES: usize = 64;

    #[inline(always)]
    fn zero(self) -> __m512i {
        // SAFETY: `detect` saw avx512f.
        unsafe { _mm512_setzero_si512() }
    }

    #[inline(always)]
    fn xor(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: `detect` saw avx512f.
        unsafe { _mm512_xor_si512(a, b) }
    }

    #[inline(always)]
    fn xor3(self, a: __m512i, b: __m512i, c: __m512i) -> __m512i {
        // SAFETY: `detect` saw avx512f. Bit i of the constant is the result for the three bits that i is made of.
        unsafe { _mm512_ternarylogic_epi64::<0x96>(a, b, c) }
    }

    #[inline(always)]
    fn or(self, a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: `detect` saw avx512f.
        unsafe { _mm512_or_si512(a, b) }
    }

    #[inline(always)]
    fn is_zero(self, a: __m512i) -> bool {
        // SAFETY: `detect` saw avx512f.
        unsafe { _mm512_test_epi64_mask(a, a) == 0 }
    }

    #[inline(always)]
    unsafe fn load(self, from: *const u8) -> __m512i {
        // SAFETY: `detect` saw avx512f; the caller says that 64 bytes can be read.
        unsafe { _mm512_loadu_si512(from.cast()) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8, value: __m512i) {
        // SAFETY: `detect` saw avx512f; the caller says that 64 bytes can be written.
        unsafe { _mm512_storeu_si512(to.cast(), value) }
    }

    #[inline(always)]
    unsafe fn stream(self, to: *mut u8, value: __m512i) {
        // SAFETY: as `store`; the caller says that the address is a multiple of 64.
        unsafe { _mm512_stream_si512(to.cast(), value) }
    }

    #[inline(always)]
    fn fence(self) {
        // SAFETY: every x86-64 processor has it.
        unsafe { _mm_sfence() };
    }
}

impl Isa for Avx512 {
    type Vector = Self;
    type Operand = __m512i;
    type Factor = u64;
    type Wide = __m512i;

    const MAX_ROWS: usize = 6;
    const MANY_REGISTERS: bool = true;

    fn factor(coefficient: u8) -> u64 {
        bit_matrix(coefficient)
    }

    #[inline(always)]
    fn vector(self) -> Self {
        self
    }

    unsafe fn enable<R: Routine>(self, routine: R) -> R::Output {
        #[target_feature(enable = "avx512f,gfni")]
        unsafe fn enabled<R: Routine>(routine: R) -> R::Output {
            // SAFETY: promised by the caller.
            unsafe { routine.run() }
        }
        // SAFETY: `detect` saw avx512f and gfni, exactly what `enabled` enables; the caller promised the rest.
        unsafe { enabled(routine) }
    }

    #[inline(always)]
    fn operand(self, source: __m512i) -> __m512i {
        source
    }

    #[inline(always)]
    fn wide(self, factor: &u64) -> __m512i {
        // SAFETY: `detect` saw avx512f.
        unsafe { _mm512_set1_epi64(factor.cast_signed()) }
    }

    #[inline(always)]
    fn product(self, source: __m512i, factor: __m512i) -> __m512i {
        // SAFETY: `detect` saw gfni, and avx512f with it.
        unsafe { _mm512_gf2p8affine_epi64_epi8::<0>(source, factor) }
    }
}
