//! RAID 5 and RAID 6 as codes: P, and P with Q.

use super::check_counts;
use crate::{Code, Error, Matrix, gf256};

impl Code {
    /// RAID 5: one parity shard, P = sum of D\[j\].
    ///
    /// # Errors
    /// [`Error::TooFewShards`] without a data shard; [`Error::TooWide`] beyond [`Code::MAX_NESTED_SHARDS`] shards in all.
    pub fn raid5(data_shards: usize) -> Result<Self, Error> {
        check_counts(data_shards, 1)?;
        Self::check_width("raid5", data_shards.saturating_add(1))?;
        Ok(Self::from_parity("raid5", Matrix::from_fn(1, data_shards, |_, _| 1)))
    }

    /// RAID 6: P = sum of D\[j\], Q = sum of 2^j * D\[j\] (H. P. Anvin, "The mathematics of RAID-6", section 2).
    /// The same bytes as Linux md's P and Q over a stripe's data in md's order, and as ISA-L's `pq_gen`.
    ///
    /// # Errors
    /// [`Error::TooFewShards`] without a data shard; [`Error::TooManyShards`] beyond 255 data shards, where the powers of
    /// 2 repeat and two lost data shards could not be told apart.
    pub fn raid6(data_shards: usize) -> Result<Self, Error> {
        check_counts(data_shards, 2)?;
        if data_shards > 255 {
            return Err(Error::TooManyShards { code: "raid6", what: "data", given: data_shards, limit: 255 });
        }
        Ok(Self::from_parity("raid6", Matrix::from_fn(2, data_shards, |row, j| gf256::pow(2, row * j))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q_counts_in_powers_of_two() {
        let code = Code::raid6(10).unwrap();
        assert_eq!(code.parity_matrix().row(0), [1; 10]);
        assert_eq!(code.parity_matrix().row(1), [1, 2, 4, 8, 16, 32, 64, 128, 29, 58]);
    }

    #[test]
    fn limits() {
        assert!(Code::raid5(4095).is_ok());
        assert!(matches!(Code::raid5(4096), Err(Error::TooWide { code: "raid5", given: 4097, limit: 4096 })));
        assert!(matches!(Code::raid5(usize::MAX), Err(Error::TooWide { .. })));
        assert!(Code::raid6(255).is_ok());
        assert!(matches!(Code::raid6(256), Err(Error::TooManyShards { given: 256, limit: 255, .. })));
        assert!(matches!(Code::raid5(0), Err(Error::TooFewShards { .. })));
    }

    #[test]
    fn raid6_survives_every_pair() {
        let code = Code::raid6(255).unwrap();
        for pair in [[0, 254], [0, 1], [253, 254], [17, 255], [17, 256], [255, 256]] {
            assert!(code.is_recoverable(&pair).unwrap(), "{pair:?}");
        }
        assert!(!code.is_recoverable(&[0, 1, 2]).unwrap());
    }
}
