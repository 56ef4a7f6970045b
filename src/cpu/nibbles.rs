//! Tables of products by nibble, for instruction sets that look up 16 bytes at once (J. Plank, K. Greenan, E. Miller,
//! "Screaming fast Galois field arithmetic using Intel SIMD instructions", FAST 2013): b = low + 16 high, so
//! c * b = c * low + c * (16 high).

use crate::gf256;

/// The products of a coefficient.
#[derive(Clone, Copy)]
#[repr(C, align(32))]
pub(super) struct NibbleTables {
    /// The product with each low nibble.
    pub(super) low: [u8; 16],
    /// The product with each high nibble, shifted to its place.
    pub(super) high: [u8; 16],
}

impl NibbleTables {
    pub(super) fn new(coefficient: u8) -> Self {
        let (mut low, mut high) = ([0; 16], [0; 16]);
        for (nibble, (low, high)) in (0..).zip(low.iter_mut().zip(&mut high)) {
            *low = gf256::mul(coefficient, nibble);
            *high = gf256::mul(coefficient, nibble << 4);
        }
        Self { low, high }
    }
}

/// Two registers: one for low nibbles, one for high nibbles. They hold either a vector's nibbles, each in a byte of its own, or
/// [`NibbleTables`].
#[derive(Clone, Copy)]
pub(super) struct Nibbles<R> {
    pub(super) low: R,
    pub(super) high: R,
}
