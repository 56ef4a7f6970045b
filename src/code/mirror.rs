//! Mirrors: every data shard stored several times.

use super::{Groups, Line, check_counts};
use crate::{Code, Error, Matrix};

impl Code {
    /// Every data shard stored `copies` times: copy c of data shard j is shard c * data_shards + j, and copy 0 is the data
    /// itself. Each copy is a [group](Code::groups).
    ///
    /// # Errors
    /// [`Error::TooFewShards`] without data shards or with fewer than two copies, which leaves no parity;
    /// [`Error::TooWide`] beyond [`Code::MAX_NESTED_SHARDS`] shards.
    pub fn mirror(data_shards: usize, copies: usize) -> Result<Self, Error> {
        let parity_shards = data_shards.saturating_mul(copies.saturating_sub(1));
        check_counts(data_shards, parity_shards)?;
        Self::check_width("mirror", data_shards.saturating_mul(copies))?;
        let parity = Matrix::from_fn(parity_shards, data_shards, |row, j| u8::from(row % data_shards == j));
        let copies_of = |j| Line::new((j..data_shards * copies).step_by(data_shards), copies - 1);
        let lines = (0..data_shards).map(copies_of).collect();
        let members = (0..copies).map(|copy| (copy * data_shards..(copy + 1) * data_shards).collect()).collect();
        let groups = Groups::new(data_shards * copies, members);
        Ok(Self { lines, groups, ..Self::from_parity("mirror", parity) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_copy_of_each_is_enough() {
        let code = Code::mirror(3, 3).unwrap();
        assert_eq!((code.data_shards(), code.total_shards(), code.name()), (3, 9, "mirror"));
        assert_eq!(code.groups().iter().collect::<Vec<_>>(), [[0, 1, 2], [3, 4, 5], [6, 7, 8]]);
        assert!(code.is_recoverable(&[0, 1, 2, 3, 7, 8]).unwrap());
        assert!(!code.is_recoverable(&[1, 4, 7]).unwrap());
        let plan = code.repair_plan(&[1], &[1], &|_| 1).unwrap();
        assert_eq!((plan.sources(), plan.matrix().row(0)), (&[4][..], &[1][..]));
    }

    #[test]
    fn limits() {
        assert!(matches!(Code::mirror(0, 2), Err(Error::TooFewShards { data_shards: 0, .. })));
        assert!(matches!(Code::mirror(5, 1), Err(Error::TooFewShards { data_shards: 5, parity_shards: 0 })));
        assert!(matches!(Code::mirror(5, 0), Err(Error::TooFewShards { .. })));
        assert!(Code::mirror(1, 4096).is_ok());
        assert!(matches!(Code::mirror(1, 4097), Err(Error::TooWide { given: 4097, limit: 4096, .. })));
        assert!(matches!(Code::mirror(usize::MAX, 3), Err(Error::TooWide { .. })));
    }
}
