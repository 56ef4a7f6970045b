//! AVX2: vectors of 32 bytes; products are looked up by nibble.

use std::arch::x86_64::*;

use super::isa::{Isa, Routine, Vector};
use super::nibbles::{NibbleTables, Nibbles};

/// Proof that this processor has AVX2; only `detect` makes one.
#[derive(Clone, Copy)]
pub(super) struct Avx2(());

impl Avx2 {
    pub(super) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Self(()))
    }
}

impl Vector for Avx2 {
    type Register = __m256i;

    const BYTES: usize = 32;

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

impl Isa for Avx2 {
    type Vector = Self;
    type Operand = Nibbles<__m256i>;
    type Factor = NibbleTables;
    /// Each table twice: shuffles work on halves of 16 bytes.
    type Wide = Nibbles<__m256i>;

    const MAX_ROWS: usize = 4;
    const MANY_REGISTERS: bool = false;

    fn factor(coefficient: u8) -> NibbleTables {
        NibbleTables::new(coefficient)
    }

    #[inline(always)]
    fn vector(self) -> Self {
        self
    }

    unsafe fn enable<R: Routine>(self, routine: R) -> R::Output {
        #[target_feature(enable = "avx2")]
        unsafe fn enabled<R: Routine>(routine: R) -> R::Output {
            // SAFETY: promised by the caller.
            unsafe { routine.run() }
        }
        // SAFETY: `detect` saw avx2, exactly what `enabled` enables; the caller promised the rest.
        unsafe { enabled(routine) }
    }

    #[inline(always)]
    fn operand(self, source: __m256i) -> Nibbles<__m256i> {
        // SAFETY: `detect` saw avx2.
        let mask = unsafe { _mm256_set1_epi8(0x0f) };
        // SAFETY: as above.
        let low = unsafe { _mm256_and_si256(source, mask) };
        // SAFETY: as above.
        let shifted = unsafe { _mm256_srli_epi64::<4>(source) };
        // SAFETY: as above.
        let high = unsafe { _mm256_and_si256(shifted, mask) };
        Nibbles { low, high }
    }

    #[inline(always)]
    fn wide(self, factor: &NibbleTables) -> Nibbles<__m256i> {
        // SAFETY: `detect` saw avx2; a table has 16 bytes and begins at a multiple of 16.
        let low = unsafe { _mm_load_si128(factor.low.as_ptr().cast()) };
        // SAFETY: as above.
        let high = unsafe { _mm_load_si128(factor.high.as_ptr().cast()) };
        // SAFETY: as above.
        let low = unsafe { _mm256_broadcastsi128_si256(low) };
        // SAFETY: as above.
        let high = unsafe { _mm256_broadcastsi128_si256(high) };
        Nibbles { low, high }
    }

    #[inline(always)]
    fn product(self, source: Nibbles<__m256i>, factor: Nibbles<__m256i>) -> __m256i {
        // SAFETY: `detect` saw avx2.
        let low = unsafe { _mm256_shuffle_epi8(factor.low, source.low) };
        // SAFETY: as above.
        let high = unsafe { _mm256_shuffle_epi8(factor.high, source.high) };
        self.xor(low, high)
    }
}
