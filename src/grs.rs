//! Generalised Reed-Solomon codes: how a code is recognised as one, and the points it has.
//!
//! A generalised Reed-Solomon (GRS) code has a point a_i and a multiplier v_i for each of its n shards, and a column of
//! bytes c is consistent if
//!
//! ```text
//! sum over i of v_i * a_i^r * c_i = 0    for r = 0 .. m-1
//! ```
//!
//! (R. M. Roth, "Introduction to Coding Theory", 2006). The m sums of an inconsistent column are its *syndromes*. They
//! determine e wrong bytes at unknown places and s lost ones at known places as long as 2e + s <= m:
//! [`Task::Correct`](crate::Task::Correct) finds them.
//!
//! [`Code::grs`] recognises such codes by their matrix, whatever their name. A systematic code is GRS exactly if its parity
//! matrix is a generalised Cauchy matrix (R. M. Roth and G. Seroussi, "On generator matrices of MDS codes", IEEE Trans.
//! IT-31, 1985): with points a_j of data and b_i of parity shards
//!
//! ```text
//! P[i][j] = u_i * w_j / (a_j + b_i)
//! ```
//!
//! Which points these are is free up to a map of the projective line onto itself (A. Dür, "The automorphism groups of
//! Reed-Solomon codes", J. Combinatorial Theory A 44, 1987), so let the point of data shard 0 be infinity and the point of parity
//! shard 0 be zero. Scaling rows and columns so that row 0 and column 0 are ones leaves P'\[i\]\[j\] = a_j / (a_j + b_i), and
//!
//! ```text
//! R[i][j] = 1 / P'[i][j] + 1 = b_i / a_j
//! ```
//!
//! has rank one: row 1 and column 1 give every point, up to a factor that can be chosen freely. The remaining elements are then
//! checked against these points. An example, with data points infinity, 2 and 4 and parity points 0 and 1:
//!
//! ```text
//! P' = 1  1    1        R = 0  0    0
//!      1  2/3  4/5          0  1/2  1/4
//! ```

pub(crate) mod decoder;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::plan::Interpolation;
use crate::{Code, Error, Matrix, Plan, gf256};

/// The number of non-zero field elements. A code has at most this many shards, because each needs a point of its own.
const MOST_SHARDS: usize = 255;

/// A code as a generalised Reed-Solomon code: a point and a multiplier for each shard. All of them are non-zero, and the
/// points are distinct.
///
/// ```
/// use evariste::{Code, Matrix};
///
/// let code = Code::raid6(10)?;
/// let grs = code.grs()?;
/// assert_eq!(grs.parity_check().mul(&code.generator()), Matrix::zero(2, 10));
/// # Ok::<(), evariste::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Grs {
    check: Plan,
    interpolation: Arc<Interpolation>,
}

impl Grs {
    /// n: shards.
    #[must_use]
    pub fn total_shards(&self) -> usize {
        self.points().len()
    }

    /// m: parity shards, which is also the number of syndromes of a column.
    #[must_use]
    pub fn parity_shards(&self) -> usize {
        self.check.targets().len()
    }

    /// Each shard's point.
    #[must_use]
    pub fn points(&self) -> &[u8] {
        self.interpolation.points()
    }

    /// Each shard's multiplier.
    #[must_use]
    pub fn multipliers(&self) -> &[u8] {
        self.interpolation.multipliers()
    }

    /// The parity check matrix, m x n: row r, column i is v_i * a_i^r. Its product with the generator matrix is zero.
    #[must_use]
    pub fn parity_check(&self) -> Matrix {
        let element = |row, shard: usize| gf256::mul(self.multipliers()[shard], gf256::pow(self.points()[shard], row));
        Matrix::from_fn(self.parity_shards(), self.total_shards(), element)
    }

    /// The plan whose check finds inconsistent columns: it computes all parity shards from all data shards.
    #[must_use]
    pub fn check_plan(&self) -> &Plan {
        &self.check
    }

    /// The points and multipliers, from which the repair matrices follow.
    pub(crate) fn interpolation(&self) -> &Arc<Interpolation> {
        &self.interpolation
    }
}

impl Code {
    /// Recognises the code as a generalised Reed-Solomon code, so that errors at unknown places can be located.
    ///
    /// # Errors
    /// [`Error::CannotLocate`] if it is no such code, or if it has more than 255 shards: there are only 255 non-zero points.
    pub fn grs(&self) -> Result<Grs, Error> {
        if self.total_shards() > MOST_SHARDS {
            return Err(self.cannot_locate());
        }
        let found = points(self).and_then(|points| {
            let multipliers = multipliers(self, &points)?;
            let interpolation = Interpolation::new(self.parity_matrix().clone(), points.into(), multipliers.into());
            let grs = Grs { check: self.check_plan(), interpolation: Arc::new(interpolation) };
            // The points came from the first rows and columns; the rest of the matrix must agree with them.
            let product = grs.parity_check().mul(&self.generator());
            product.iter_rows().all(|row| row.iter().all(|&element| element == 0)).then_some(grs)
        });
        found.ok_or_else(|| self.cannot_locate())
    }

    /// The error of [`Code::grs`] for a code that is not GRS.
    pub(crate) fn cannot_locate(&self) -> Error {
        let reason = match self.total_shards() {
            ..=MOST_SHARDS => "it is no generalised Reed-Solomon code",
            _ => "more than 255 shards have no distinct non-zero points",
        };
        Error::CannotLocate { code: self.name(), shards: self.total_shards(), reason }
    }
}

/// A point of the projective line over the field.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Point {
    Finite(u8),
    Infinity,
}

/// Distinct, finite, non-zero points that the code may have, data shards first; `None` if no such points exist.
fn points(code: &Code) -> Option<Vec<u8>> {
    let parity = code.parity_matrix();
    let (k, m) = (code.data_shards(), code.parity_shards());
    if k == 1 || m == 1 {
        // Any points do, because the multipliers can be chosen to fit.
        return (1..=k + m).map(|point| u8::try_from(point).ok()).collect();
    }
    // R[i][j]: the parity matrix scaled so that row 0 and column 0 are ones, inverted element by element, plus one.
    let inverse = |row: usize, col: usize| gf256::inv(parity.row(row)[col]);
    let ratio = |row: usize, col: usize| {
        let scales = gf256::mul(parity.row(row)[0], gf256::mul(parity.row(0)[col], inverse(0, 0)?));
        Some(gf256::mul(scales, inverse(row, col)?) ^ 1)
    };
    let mut projective = vec![Point::Infinity];
    for col in 1..k {
        projective.push(Point::Finite(gf256::div(ratio(1, 1)?, ratio(1, col)?)?));
    }
    projective.push(Point::Finite(0));
    for row in 1..m {
        projective.push(Point::Finite(ratio(row, 1)?));
    }
    let mut used = [false; 256];
    for point in &projective {
        if let Point::Finite(point) = *point
            && std::mem::replace(&mut used[usize::from(point)], true)
        {
            return None;
        }
    }
    // A Moebius map keeps the code GRS, with other multipliers: x -> (x + zero) / (x + pole) with neither among the points
    // leaves these distinct, and makes them finite and not zero.
    let mut unused = (0..=255u8).filter(|&element| !used[usize::from(element)]);
    let (zero, pole) = (unused.next()?, unused.next()?);
    let moved = |point| match point {
        Point::Infinity => Some(1),
        Point::Finite(x) => gf256::div(x ^ zero, x ^ pole),
    };
    projective.into_iter().map(moved).collect()
}

/// The multipliers that go with the points. Data shard 0 has the multiplier 1. `None` if one would be zero.
fn multipliers(code: &Code, points: &[u8]) -> Option<Vec<u8>> {
    let parity = code.parity_matrix();
    let (data, behind) = points.split_at(code.data_shards());
    // Data shard 0 alone: sum over p of v_p * b_p^r * P[p][0] = a_0^r. So v_p * P[p][0] is Lagrange's basis at a_0.
    let lagrange = |p: usize| {
        let others = (0..behind.len()).filter(|&q| q != p);
        others
            .map(|q| gf256::div(data[0] ^ behind[q], behind[p] ^ behind[q]))
            .try_fold(1, |product, factor| Some(gf256::mul(product, factor?)))
    };
    let of_parity = (0..behind.len()).map(|p| gf256::div(lagrange(p)?, parity.row(p)[0]));
    let of_parity = of_parity.collect::<Option<Vec<u8>>>()?;
    // Any other data shard alone, for r = 0.
    let of_data =
        (0..data.len()).map(|j| (0..behind.len()).fold(0, |sum, p| sum ^ gf256::mul(of_parity[p], parity.row(p)[j])));
    let all: Vec<u8> = of_data.chain(of_parity.iter().copied()).collect();
    (!all.contains(&0)).then_some(all)
}
