//! Reed-Solomon from a Cauchy matrix.

use super::check_field_counts;
use crate::{Code, Error, Matrix};

impl Code {
    /// Reed-Solomon with the parity matrix C\[i\]\[j\] = 1 / ((k + i) + j).
    ///
    /// Every square submatrix of a Cauchy matrix is invertible, so any k shards give back the data (MDS). Bloemer et
    /// al., "An XOR-based erasure-resilient coding scheme", 1995. The same bytes as ISA-L's `gf_gen_cauchy1_matrix`,
    /// klauspost's `WithCauchyMatrix` and HDFS.
    ///
    /// # Errors
    /// [`Error::TooFewShards`] if a count is zero, [`Error::TooManyShards`] if k + m exceeds 256.
    pub fn cauchy(data_shards: usize, parity_shards: usize) -> Result<Self, Error> {
        check_field_counts("cauchy", data_shards, parity_shards)?;
        Ok(Self::from_parity("cauchy", Matrix::cauchy(parity_shards, data_shards)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gf256;

    #[test]
    fn elements_are_inverses_of_sums() {
        let code = Code::cauchy(4, 2).unwrap();
        for (i, row) in (4u8..).zip(code.parity_matrix().iter_rows()) {
            for (j, &element) in (0u8..).zip(row) {
                assert_eq!(gf256::mul(element, i ^ j), 1);
            }
        }
    }

    #[test]
    fn limits() {
        assert!(Code::cauchy(128, 128).is_ok());
        assert!(matches!(Code::cauchy(255, 2), Err(Error::TooManyShards { given: 257, limit: 256, .. })));
    }
}
