//! Reed-Solomon from an extended Vandermonde matrix, scaled to begin with ones.

use super::check_field_counts;
use crate::{Code, Error, Matrix, gf256};

impl Code {
    /// Reed-Solomon with the matrix of Jerasure's `reed_sol_vandermonde_coding_matrix` (`reed_sol_van`): the first parity
    /// shard is the XOR of the data. The same bytes as the default profile of Ceph's jerasure plugin and klauspost's
    /// `WithJerasureMatrix`.
    ///
    /// Jerasure takes an n x k Vandermonde matrix with the points 0, 1, .., n - 2 and infinity, whose row is 0 .. 0 1;
    /// multiplies it by the inverse of its first k rows; scales the columns so that the first parity row is all ones;
    /// and scales the other parity rows so that they begin with one (J. S. Plank, S. Simmerman, C. D. Schuman,
    /// "Jerasure: A library in C/C++ facilitating erasure coding for storage applications", version 1.2, 2008).
    ///
    /// Before scaling, the element for a parity row's point x is a Lagrange polynomial of the points 0, .., k - 1 at x:
    /// w\[j\] N(x) / (x xor j), where N is the product of all x xor j. Scaling cancels w and N. With x = k + i this leaves
    ///
    /// P\[i\]\[j\] = (k xor j) / k * x / (x xor j), and in the last row, where x is infinite, (k xor j) / k.
    ///
    /// This is a Cauchy matrix with its rows and columns scaled, so any k shards give back the data (MDS).
    ///
    /// # Errors
    /// [`Error::TooFewShards`] if a count is zero, [`Error::TooManyShards`] if k + m exceeds 256.
    #[expect(clippy::missing_panics_doc, reason = "points are distinct elements of the field, and k is not zero")]
    pub fn jerasure_van(data_shards: usize, parity_shards: usize) -> Result<Self, Error> {
        const NAME: &str = "jerasure-van";
        check_field_counts(NAME, data_shards, parity_shards)?;
        let element = |number: usize| u8::try_from(number).expect("points and their sums are below 256");
        let quotient = |a, b| gf256::div(element(a), element(b)).expect("points are distinct");
        let parity = Matrix::from_fn(parity_shards, data_shards, |i, j| {
            let (k, x) = (data_shards, data_shards + i);
            if i == 0 {
                1
            } else if i + 1 == parity_shards {
                quotient(k ^ j, k)
            } else {
                gf256::mul(quotient(k ^ j, k), quotient(x, x ^ j))
            }
        });
        Ok(Self::from_parity(NAME, parity))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The steps Jerasure describes, one by one.
    fn by_elimination(k: usize, m: usize) -> Matrix {
        let last = k + m - 1;
        let extended = Matrix::from_fn(k + m, k, |row, column| match row {
            _ if row == last => u8::from(column + 1 == k),
            _ => gf256::pow(u8::try_from(row).unwrap(), column),
        });
        let top = extended.select_rows(&(0..k).collect::<Vec<_>>()).inverse().unwrap();
        let parity = extended.select_rows(&(k..k + m).collect::<Vec<_>>()).mul(&top);
        let by_column = Matrix::from_fn(m, k, |i, j| gf256::div(parity.row(i)[j], parity.row(0)[j]).unwrap());
        Matrix::from_fn(m, k, |i, j| gf256::div(by_column.row(i)[j], by_column.row(i)[0]).unwrap())
    }

    #[test]
    fn the_closed_form_is_what_elimination_gives() {
        let shapes = (1..20).flat_map(|k| (1..20).map(move |m| (k, m)));
        for (k, m) in shapes.chain([(255, 1), (254, 2), (128, 128), (1, 255), (200, 56)]) {
            assert_eq!(Code::jerasure_van(k, m).unwrap().parity_matrix(), &by_elimination(k, m), "{k}+{m}");
        }
    }

    #[test]
    fn known_rows() {
        let code = Code::jerasure_van(10, 4).unwrap();
        assert_eq!(code.parity_matrix().row(0), [1; 10]);
        assert_eq!(code.parity_matrix().row(1), [1, 147, 138, 73, 93, 161, 103, 58, 99, 178]);
    }

    #[test]
    fn limits() {
        assert!(matches!(Code::jerasure_van(200, 57), Err(Error::TooManyShards { given: 257, limit: 256, .. })));
        assert!(matches!(Code::jerasure_van(0, 3), Err(Error::TooFewShards { .. })));
        assert!(matches!(Code::jerasure_van(3, 0), Err(Error::TooFewShards { .. })));
    }
}
