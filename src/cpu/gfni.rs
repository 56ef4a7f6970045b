//! GFNI with the vectors of AVX2: one instruction multiplies every byte by a matrix of 8 x 8 bits.

use std::arch::x86_64::*;

use super::avx2::Avx2;
use super::bits::bit_matrix;
use super::isa::{Isa, Routine};

/// Proof that this processor has AVX2 and GFNI; only `detect` makes one.
#[derive(Clone, Copy)]
pub(super) struct Gfni {
    avx2: Avx2,
}

impl Gfni {
    pub(super) fn detect() -> Option<Self> {
        let avx2 = Avx2::detect()?;
        is_x86_feature_detected!("gfni").then_some(Self { avx2 })
    }
}

impl Isa for Gfni {
    type Vector = Avx2;
    type Operand = __m256i;
    type Factor = u64;
    type Wide = __m256i;

    const MAX_ROWS: usize = 4;
    const MANY_REGISTERS: bool = false;

    fn factor(coefficient: u8) -> u64 {
        bit_matrix(coefficient)
    }

    #[inline(always)]
    fn vector(self) -> Avx2 {
        self.avx2
    }

    unsafe fn enable<R: Routine>(self, routine: R) -> R::Output {
        #[target_feature(enable = "avx2,gfni")]
        unsafe fn enabled<R: Routine>(routine: R) -> R::Output {
            // SAFETY: promised by the caller.
            unsafe { routine.run() }
        }
        // SAFETY: `detect` saw avx2 and gfni, exactly what `enabled` enables; the caller promised the rest.
        unsafe { enabled(routine) }
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
}
