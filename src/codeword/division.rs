//! The remainder of a polynomial by the generator polynomial, which is the parity of systematic encoding.
//!
//! Long division, highest power first: the coefficient that is to go, f, is cancelled by f times the divisor. The 256
//! multiples of the divisor are laid out once, so that a step is a lookup and an XOR of one row.

use crate::gf256;

/// Division by one polynomial.
#[derive(Clone, Debug)]
pub(super) struct Division {
    remainder_bytes: usize,
    /// Row f: f times the divisor, without its leading coefficient.
    multiples: Box<[u8]>,
}

impl Division {
    /// Division by a polynomial whose coefficients begin with 1 for the highest power.
    pub(super) fn new(divisor: &[u8]) -> Self {
        let multiples = (0..=255).flat_map(|f| divisor[1..].iter().map(move |&c| gf256::mul(f, c)));
        Self { remainder_bytes: divisor.len() - 1, multiples: multiples.collect() }
    }

    /// Bytes of a remainder.
    pub(super) fn remainder_bytes(&self) -> usize {
        self.remainder_bytes
    }

    /// The remainder of `dividend` * x^(remainder bytes), highest power first.
    pub(super) fn remainder(&self, dividend: &[u8], remainder: &mut [u8]) {
        let count = self.remainder_bytes;
        remainder.fill(0);
        for &byte in dividend {
            let multiple = &self.multiples[usize::from(byte ^ remainder[0]) * count..][..count];
            for i in 1..count {
                remainder[i - 1] = remainder[i] ^ multiple[i - 1];
            }
            remainder[count - 1] = multiple[count - 1];
        }
    }
}
