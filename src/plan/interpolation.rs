//! The matrix of a repair by a generalised Reed-Solomon code, in closed form.
//!
//! Let S be the k sources and E the m other shards, with points a and multipliers v ([`Grs`](crate::Grs)). For a target t, let h
//! be the polynomial of degree m - 1 whose roots are the points of E without t. Every column c of the code is orthogonal to
//! v_i * h(a_i), because h is a sum of the powers in the parity check matrix. Only S and t remain, because h is zero elsewhere:
//!
//! ```text
//! c_t = sum over s in S of  v_s * h(a_s) / (v_t * h(a_t)) * c_s
//! ```
//!
//! (Lagrange interpolation on the dual code, which is a GRS code too; R. M. Roth, "Introduction to Coding Theory", 2006.) With
//! H_s = v_s * product over E of (a_s + a_j), and D_t = v_t * product over E without t of (a_t + a_j), the coefficient is
//! H_s / ((a_s + a_t) * D_t). That takes k * m + m^2 products in all; elimination takes k * m^2.

use crate::Matrix;
use crate::gf256::{EXP, LOG};

/// The numbers of a generalised Reed-Solomon code, from which the matrices of its repairs follow.
#[derive(Debug)]
pub(crate) struct Interpolation {
    parity: Matrix,
    points: Box<[u8]>,
    multipliers: Box<[u8]>,
}

impl Interpolation {
    /// The code with this parity matrix (m x k), and a point and a multiplier for each of its k + m shards. The points must be
    /// distinct, and no multiplier may be zero.
    pub(crate) fn new(parity: Matrix, points: Box<[u8]>, multipliers: Box<[u8]>) -> Self {
        Self { parity, points, multipliers }
    }

    pub(crate) fn parity_matrix(&self) -> &Matrix {
        &self.parity
    }

    pub(crate) fn points(&self) -> &[u8] {
        &self.points
    }

    pub(crate) fn multipliers(&self) -> &[u8] {
        &self.multipliers
    }

    /// The matrix that computes some shards from k others.
    pub(crate) fn matrix(&self, sources: &[usize], targets: &[usize]) -> Matrix {
        let Self { points, multipliers, .. } = self;
        let mut is_source = vec![false; points.len()];
        for &source in sources {
            is_source[source] = true;
        }
        let others: Vec<u8> =
            points.iter().zip(&is_source).filter(|(_, is_source)| !**is_source).map(|(&a, _)| a).collect();
        // The logarithm of a shard's multiplier times the differences of its point from the points of all others.
        let log_of = |&shard: &usize| {
            let (point, multiplier) = (points[shard], multipliers[shard]);
            let differences = others.iter().filter(|&&other| other != point).map(|&other| log(other ^ point));
            (log(multiplier) + differences.sum::<usize>()) % 255
        };
        let of_sources: Vec<usize> = sources.iter().map(log_of).collect();
        let of_targets: Vec<usize> = targets.iter().map(log_of).collect();
        Matrix::from_fn(targets.len(), sources.len(), |row, col| {
            let difference = points[sources[col]] ^ points[targets[row]];
            EXP[(of_sources[col] + 2 * 255 - log(difference) - of_targets[row]) % 255]
        })
    }
}

/// The logarithm of an element that is not zero: points are distinct, and multipliers are not zero.
fn log(element: u8) -> usize {
    usize::from(LOG[usize::from(element)])
}
