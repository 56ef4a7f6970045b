//! Multiplication by a constant as a matrix of 8 x 8 bits, for the instruction that multiplies every byte by one (GFNI).
//!
//! Multiplying by a constant is linear over GF(2) in any representation of the field. (GFNI's other instruction, `gf2p8mulb`,
//! multiplies two bytes modulo 0x11b. That is another field than ours.)

use crate::gf256;

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
