//! P and Q of RAID 6, and further parities beside them.

use super::check_field_counts;
use crate::{Code, Error, Matrix, gf256};

impl Code {
    /// The parities of SnapRAID, which uses up to six of them. The first two are [`Code::raid6`]'s P and Q.
    ///
    /// Row 0 is ones, row 1 is 2^j, and row i >= 2 is 1 / (2^-j + 2^(i-1)), divided by its own first element. From row 1 on
    /// this is a Cauchy matrix with the points 2^-j for columns and 0, 2, 4, 8, .. for rows. Row 0, whose point is infinity,
    /// makes it an extended Cauchy matrix as in the Cauchy codes of A. Dür ("The automorphism groups of Reed-Solomon codes",
    /// J. Combinatorial Theory A 44, 1987). All its square submatrices are invertible, so any k shards give back the data (MDS).
    ///
    /// # Errors
    /// [`Error::TooFewShards`] if a count is zero, [`Error::TooManyShards`] if k + m exceeds 256.
    #[expect(clippy::missing_panics_doc, reason = "all points are distinct")]
    pub fn snapraid(data_shards: usize, parity_shards: usize) -> Result<Self, Error> {
        const NAME: &str = "snapraid";
        check_field_counts(NAME, data_shards, parity_shards)?;
        // The points' exponents are -j, from 0 down to 1 - k, and i - 1, from 1 to m - 2: at most 254 apart.
        let sum = |i: usize, j: usize| gf256::add(gf256::pow(2, 255 - j), gf256::pow(2, i - 1));
        let quotient = |a, b| gf256::div(a, b).expect("points are distinct");
        let element = |i: usize, j: usize| match i {
            0 => 1,
            1 => gf256::pow(2, j),
            _ => quotient(sum(i, 0), sum(i, j)),
        };
        Ok(Self::from_parity(NAME, Matrix::from_fn(parity_shards, data_shards, element)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_rows() {
        let code = Code::snapraid(6, 4).unwrap();
        assert_eq!(code.parity_matrix().row(0), [1; 6]);
        assert_eq!(code.parity_matrix().row(1), [1, 2, 4, 8, 16, 32]);
        assert_eq!(code.parity_matrix().row(2), [1, 245, 210, 196, 154, 113]);
        assert_eq!(code.parity_matrix().row(3), [1, 187, 166, 215, 199, 7]);
    }

    #[test]
    fn the_first_two_are_p_and_q() {
        let (raid6, snapraid) = (Code::raid6(254).unwrap(), Code::snapraid(254, 2).unwrap());
        assert_eq!(snapraid.parity_matrix(), raid6.parity_matrix());
    }

    #[test]
    fn limits() {
        for (k, m) in [(255, 1), (254, 2), (253, 3), (128, 128), (2, 254), (1, 255)] {
            assert!(Code::snapraid(k, m).is_ok(), "{k}+{m}");
        }
        assert!(matches!(Code::snapraid(250, 7), Err(Error::TooManyShards { given: 257, limit: 256, .. })));
        assert!(matches!(Code::snapraid(0, 3), Err(Error::TooFewShards { .. })));
        assert!(matches!(Code::snapraid(3, 0), Err(Error::TooFewShards { .. })));
    }
}
