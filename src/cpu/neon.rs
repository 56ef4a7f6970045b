//! NEON: vectors of 16 bytes; products are looked up by nibble.

use std::arch::aarch64::*;

use super::isa::{Isa, Routine, Vector};
use super::nibbles::{NibbleTables, Nibbles};

/// Proof that this processor has NEON; only `detect` makes one.
#[derive(Clone, Copy)]
pub(super) struct Neon(());

impl Neon {
    pub(super) fn detect() -> Option<Self> {
        std::arch::is_aarch64_feature_detected!("neon").then_some(Self(()))
    }
}

impl Vector for Neon {
    type Register = uint8x16_t;

    const BYTES: usize = 16;

    #[inline(always)]
    fn zero(self) -> uint8x16_t {
        // SAFETY: `detect` saw neon.
        unsafe { vdupq_n_u8(0) }
    }

    #[inline(always)]
    fn xor(self, a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
        // SAFETY: `detect` saw neon.
        unsafe { veorq_u8(a, b) }
    }

    #[inline(always)]
    fn or(self, a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
        // SAFETY: `detect` saw neon.
        unsafe { vorrq_u8(a, b) }
    }

    #[inline(always)]
    fn is_zero(self, a: uint8x16_t) -> bool {
        // SAFETY: `detect` saw neon.
        unsafe { vmaxvq_u8(a) == 0 }
    }

    #[inline(always)]
    unsafe fn load(self, from: *const u8) -> uint8x16_t {
        // SAFETY: `detect` saw neon; the caller says that 16 bytes can be read.
        unsafe { vld1q_u8(from) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut u8, value: uint8x16_t) {
        // SAFETY: `detect` saw neon; the caller says that 16 bytes can be written.
        unsafe { vst1q_u8(to, value) }
    }

    /// Stores in the ordinary way: Rust has no intrinsic for `stnp`.
    #[inline(always)]
    unsafe fn stream(self, to: *mut u8, value: uint8x16_t) {
        // SAFETY: promised by the caller.
        unsafe { self.store(to, value) }
    }

    #[inline(always)]
    fn fence(self) {}
}

impl Isa for Neon {
    type Vector = Self;
    type Operand = Nibbles<uint8x16_t>;
    type Factor = NibbleTables;
    type Wide = Nibbles<uint8x16_t>;

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
        #[target_feature(enable = "neon")]
        unsafe fn enabled<R: Routine>(routine: R) -> R::Output {
            // SAFETY: promised by the caller.
            unsafe { routine.run() }
        }
        // SAFETY: `detect` saw neon, exactly what `enabled` enables; the caller promised the rest.
        unsafe { enabled(routine) }
    }

    #[inline(always)]
    fn operand(self, source: uint8x16_t) -> Nibbles<uint8x16_t> {
        // SAFETY: `detect` saw neon.
        let mask = unsafe { vdupq_n_u8(0x0f) };
        // SAFETY: as above.
        let low = unsafe { vandq_u8(source, mask) };
        // SAFETY: as above.
        let high = unsafe { vshrq_n_u8::<4>(source) };
        Nibbles { low, high }
    }

    #[inline(always)]
    fn wide(self, factor: &NibbleTables) -> Nibbles<uint8x16_t> {
        // SAFETY: `detect` saw neon; a table has 16 bytes.
        let low = unsafe { vld1q_u8(factor.low.as_ptr()) };
        // SAFETY: as above.
        let high = unsafe { vld1q_u8(factor.high.as_ptr()) };
        Nibbles { low, high }
    }

    #[inline(always)]
    fn product(self, source: Nibbles<uint8x16_t>, factor: Nibbles<uint8x16_t>) -> uint8x16_t {
        // SAFETY: `detect` saw neon.
        let low = unsafe { vqtbl1q_u8(factor.low, source.low) };
        // SAFETY: as above.
        let high = unsafe { vqtbl1q_u8(factor.high, source.high) };
        self.xor(low, high)
    }
}
