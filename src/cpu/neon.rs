//! NEON: vectors of 16 bytes; products are looked up by nibble.

use std::arch::aarch64::*;

use super::generic::{self, Columns, Isa, Mode};
use super::nibbles::NibbleTables;
use super::steps::Step;

/// Proof that this processor has NEON; only `detect` makes one.
#[derive(Clone, Copy)]
pub(super) struct Neon(());

impl Neon {
    pub(super) fn detect() -> Option<Self> {
        std::arch::is_aarch64_feature_detected!("neon").then_some(Self(()))
    }
}

/// The nibbles of every byte, each in a byte of its own.
#[derive(Clone, Copy)]
pub(super) struct Nibbles {
    low: uint8x16_t,
    high: uint8x16_t,
}

/// [`NibbleTables`] in registers.
#[derive(Clone, Copy)]
pub(super) struct WideTables {
    low: uint8x16_t,
    high: uint8x16_t,
}

/// # Safety
/// As [`generic::run`].
#[target_feature(enable = "neon")]
unsafe fn run(isa: Neon, step: &Step<NibbleTables>, columns: Columns<'_>, mode: Mode) -> bool {
    // SAFETY: promised by the caller.
    unsafe { generic::run(isa, step, columns, mode) }
}

impl Isa for Neon {
    type Vector = uint8x16_t;
    type Operand = Nibbles;
    type Factor = NibbleTables;
    type Wide = WideTables;

    const BYTES: usize = 16;
    const MAX_ROWS: usize = 4;
    const MANY_REGISTERS: bool = false;

    fn factor(coefficient: u8) -> NibbleTables {
        NibbleTables::new(coefficient)
    }

    unsafe fn run(self, step: &Step<NibbleTables>, columns: Columns<'_>, mode: Mode) -> bool {
        // SAFETY: `detect` saw neon, exactly what `run` enables; the caller promised the rest.
        unsafe { run(self, step, columns, mode) }
    }

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
    fn operand(self, source: uint8x16_t) -> Nibbles {
        // SAFETY: `detect` saw neon.
        let mask = unsafe { vdupq_n_u8(0x0f) };
        // SAFETY: as above.
        let low = unsafe { vandq_u8(source, mask) };
        // SAFETY: as above.
        let high = unsafe { vshrq_n_u8::<4>(source) };
        Nibbles { low, high }
    }

    #[inline(always)]
    fn wide(self, factor: &NibbleTables) -> WideTables {
        // SAFETY: `detect` saw neon; a table has 16 bytes.
        let low = unsafe { vld1q_u8(factor.low.as_ptr()) };
        // SAFETY: as above.
        let high = unsafe { vld1q_u8(factor.high.as_ptr()) };
        WideTables { low, high }
    }

    #[inline(always)]
    fn product(self, source: Nibbles, factor: WideTables) -> uint8x16_t {
        // SAFETY: `detect` saw neon.
        let low = unsafe { vqtbl1q_u8(factor.low, source.low) };
        // SAFETY: as above.
        let high = unsafe { vqtbl1q_u8(factor.high, source.high) };
        self.xor(low, high)
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
