//! The default code: a Vandermonde matrix made systematic.

use super::check_field_counts;
use crate::{Code, Error, Matrix};

impl Code {
    /// Reed-Solomon from a Vandermonde matrix: G = V * inverse(first k rows of V), V\[r\]\[c\] = r^c.
    ///
    /// Any k rows of V are independent, and multiplying by an invertible matrix keeps that, so any k shards give back
    /// the data (MDS). J. S. Plank and Y. Ding, "Note: Correction to the 1997 tutorial on Reed-Solomon coding", 2003.
    /// The same bytes as reed-solomon-erasure, klauspost/reedsolomon's default, Backblaze, MinIO and SeaweedFS.
    ///
    /// # Errors
    /// [`Error::TooFewShards`] if a count is zero, [`Error::TooManyShards`] if k + m exceeds 256.
    #[expect(clippy::missing_panics_doc, reason = "the top of a Vandermonde matrix is invertible")]
    pub fn vandermonde(data_shards: usize, parity_shards: usize) -> Result<Self, Error> {
        check_field_counts("vandermonde", data_shards, parity_shards)?;
        let vandermonde = Matrix::vandermonde(data_shards + parity_shards, data_shards)?;
        let select = |rows: std::ops::Range<usize>| vandermonde.select_rows(&rows.collect::<Vec<_>>());
        let top = select(0..data_shards).inverse().expect("rows of a Vandermonde matrix with distinct points");
        Ok(Self::from_parity("vandermonde", select(data_shards..data_shards + parity_shards).mul(&top)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_rows() {
        let rows = |k, m| Code::vandermonde(k, m).unwrap().parity_matrix().row(0).to_vec();
        assert_eq!(rows(10, 4), [129, 150, 175, 184, 210, 196, 254, 232, 3, 2]);
        assert_eq!(rows(5, 5), [7, 7, 6, 6, 1]);
    }

    #[test]
    fn limits() {
        assert!(Code::vandermonde(128, 128).is_ok());
        assert!(Code::vandermonde(255, 1).is_ok());
        assert!(matches!(Code::vandermonde(200, 57), Err(Error::TooManyShards { given: 257, limit: 256, .. })));
        assert!(matches!(Code::vandermonde(usize::MAX, 2), Err(Error::TooManyShards { .. })));
        assert!(matches!(Code::vandermonde(0, 3), Err(Error::TooFewShards { data_shards: 0, parity_shards: 3 })));
        assert!(matches!(Code::vandermonde(3, 0), Err(Error::TooFewShards { data_shards: 3, parity_shards: 0 })));
    }
}
