//! Reed-Solomon from plain powers of two, for the counts at which these give an MDS code.

use super::check_field_counts;
use crate::{Code, Error, Matrix, gf256};

impl Code {
    /// The parity matrix P\[i\]\[j\] = 2^(i * j): the same bytes as ISA-L's `gf_gen_rs_matrix`.
    ///
    /// With a Vandermonde matrix below the identity, some k shards may not give back the data (J. S. Plank and Y. Ding,
    /// "Note: Correction to the 1997 tutorial on Reed-Solomon coding", 2003): every square submatrix has to be invertible,
    /// not only those of whole rows or columns (F. J. MacWilliams and N. J. A. Sloane, "The theory of error-correcting
    /// codes", 1977, chapter 11, theorem 8). This matrix is MDS if and only if
    ///
    /// - k <= 3 or m <= 3, or
    /// - k = 4 and m <= 21, or m = 4 and k <= 21, or
    /// - k = 5 and m = 5.
    ///
    /// With at most three rows or columns every square submatrix is, up to factors, a Vandermonde matrix of distinct
    /// points. For more, all squares were tried: 4+21 and 5+5 are MDS, 4+22 and 5+6 are not. That decides every shape, since
    /// i and j may be exchanged, and a matrix is MDS only if all its parts are.
    ///
    /// # Errors
    /// [`Error::TooFewShards`] if a count is zero, [`Error::TooManyShards`] if k + m exceeds 256, [`Error::NotMds`] for
    /// other counts that are not MDS, with the nearest counts that are.
    pub fn isal_rs(data_shards: usize, parity_shards: usize) -> Result<Self, Error> {
        const NAME: &str = "isal-rs";
        check_field_counts(NAME, data_shards, parity_shards)?;
        let (data_limit, parity_limit) = (limit(parity_shards), limit(data_shards));
        if data_shards > data_limit {
            return Err(Error::NotMds { code: NAME, data_shards, parity_shards, data_limit, parity_limit });
        }
        let parity = Matrix::from_fn(parity_shards, data_shards, |row, column| gf256::pow(2, row * column));
        Ok(Self::from_parity(NAME, parity))
    }
}

/// The most shards of one kind, with `other` shards of the other kind.
fn limit(other: usize) -> usize {
    match other {
        0..=3 => 256 - other,
        4 => 21,
        5 => 5,
        6..=21 => 4,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All ways to choose `count` of the numbers below `limit`.
    fn choices(count: usize, limit: usize) -> Vec<Vec<usize>> {
        let mut choices = vec![vec![]];
        for _ in 0..count {
            let next = |chosen: &Vec<usize>| chosen.last().map_or(0, |last| last + 1);
            choices = choices
                .iter()
                .flat_map(|chosen| (next(chosen)..limit).map(|number| [&chosen[..], &[number]].concat()))
                .collect();
        }
        choices
    }

    /// Whether every square submatrix of the m x k matrix is invertible.
    fn is_mds(k: usize, m: usize) -> bool {
        (1..=k.min(m)).all(|size| {
            let columns = choices(size, k);
            choices(size, m).iter().all(|rows| {
                columns.iter().all(|columns| {
                    let square = Matrix::from_fn(size, size, |r, c| gf256::pow(2, rows[r] * columns[c]));
                    square.inverse().is_some()
                })
            })
        })
    }

    #[test]
    fn known_rows() {
        let code = Code::isal_rs(4, 4).unwrap();
        assert_eq!(code.parity_matrix().row(0), [1, 1, 1, 1]);
        assert_eq!(code.parity_matrix().row(1), [1, 2, 4, 8]);
        assert_eq!(code.parity_matrix().row(3), [1, 8, 64, 58]);
    }

    /// The largest allowed shapes, and beside them the smallest refused ones. Every other shape is part of one of the
    /// former or contains one of the latter.
    #[test]
    fn four_and_more_rows_are_mds_as_far_as_allowed_and_no_further() {
        assert!(is_mds(4, 21) && is_mds(21, 4) && is_mds(5, 5));
        assert!(!is_mds(4, 22) && !is_mds(22, 4) && !is_mds(5, 6) && !is_mds(6, 5));
    }

    /// Pairs of rows over all 255 points, and three rows over 40 of them. Three columns are the transpose of this.
    #[test]
    fn three_rows_are_mds_over_all_columns() {
        let (product, points) = (gf256::mul, &gf256::EXP[..255]);
        for (a, &x) in points.iter().enumerate() {
            for (b, &y) in points.iter().enumerate().skip(a + 1) {
                assert_ne!(x, y, "rows 0 and 1, columns {a} and {b}");
                assert_ne!(product(x, x), product(y, y), "rows 0 and 2, columns {a} and {b}");
                assert_ne!(product(x, product(y, y)), product(y, product(x, x)), "rows 1 and 2, columns {a} and {b}");
            }
        }
        for columns in choices(3, 40) {
            let square = Matrix::from_fn(3, 3, |row, column| gf256::pow(2, row * columns[column]));
            assert!(square.inverse().is_some(), "columns {columns:?}");
        }
    }

    #[test]
    fn what_is_allowed_is_what_isal_documents() {
        for k in 1..256 {
            for m in 1..=256 - k {
                let n = k + m;
                let documented = k <= 3 || (k == 4 && n <= 25) || (k == 5 && n <= 10) || (k <= 21 && m == 4) || m <= 3;
                match Code::isal_rs(k, m) {
                    Ok(_) => assert!(documented, "{k}+{m}"),
                    Err(Error::NotMds { data_limit, parity_limit, .. }) => {
                        assert!(!documented, "{k}+{m}");
                        assert!(Code::isal_rs(data_limit, m).is_ok() && Code::isal_rs(k, parity_limit).is_ok());
                        assert!(
                            Code::isal_rs(data_limit + 1, m).is_err() && Code::isal_rs(k, parity_limit + 1).is_err()
                        );
                    }
                    Err(error) => panic!("{k}+{m}: {error}"),
                }
            }
        }
    }

    #[test]
    fn limits() {
        assert!(Code::isal_rs(253, 3).is_ok());
        assert!(matches!(Code::isal_rs(254, 3), Err(Error::TooManyShards { given: 257, limit: 256, .. })));
        assert!(matches!(Code::isal_rs(4, 0), Err(Error::TooFewShards { .. })));
        let error = Code::isal_rs(10, 5).unwrap_err();
        assert!(matches!(error, Error::NotMds { data_limit: 5, parity_limit: 4, .. }));
        assert_eq!(
            error.to_string(),
            "isal-rs with 10 data and 5 parity shards would not survive every loss of 5: 10 data shards allow at most 4 \
             parity shards, 5 parity shards at most 5 data shards"
        );
    }
}
