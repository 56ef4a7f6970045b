//! Codes: which shards exist and how parity follows from data.
//!
//! A code is a systematic generator matrix: n = k + m rows of k elements, the identity on top, the parity matrix below.
//! Shard i is row i times the data, byte column by byte column. The constructions differ only in the parity matrix, which
//! decides with which other programs their bytes agree:
//!
//! | constructor | shards | same bytes as |
//! |---|---|---|
//! | [`Code::vandermonde`], the default [`Code::reed_solomon`] | n <= 256 | reed-solomon-erasure, klauspost/reedsolomon |
//! | [`Code::cauchy`] | n <= 256 | ISA-L `gf_gen_cauchy1_matrix`, klauspost `WithCauchyMatrix` |
//! | [`Code::raid5`] | n <= 4096 | Linux md, the data of one stripe in device order |
//! | [`Code::raid6`] | k <= 255 | Linux md, ISA-L `pq_gen` |
//! | [`Code::isal_rs`] | few, see its page | ISA-L `gf_gen_rs_matrix` |
//! | [`Code::jerasure_van`] | n <= 256 | Jerasure `reed_sol_van`, Ceph's jerasure plugin, klauspost `WithJerasureMatrix` |
//! | [`Code::snapraid`] | n <= 256 | SnapRAID; its first two parities are raid6's |
//! | [`Code::mirror`] | n <= 4096 | RAID 1 of any number of disks |
//! | [`Code::nested`], [`Code::hierarchical`] | n <= 4096 | RAID over RAID, group by group |
//! | [`Code::local`], [`Code::local_uniform`] | k + g <= 255 | no other program known |
//! | [`Code::from_generator`] | any | the caller's matrix |
//!
//! A code never sees a byte of data: it makes [plans](crate::plan), which a [backend](crate::backend) runs.

mod cauchy;
mod groups;
mod hierarchical;
mod isal_rs;
mod jerasure_van;
mod lines;
mod local;
mod mirror;
mod nested;
mod raid;
mod snapraid;
mod vandermonde;

pub use groups::{Groups, Place};
pub(crate) use lines::Line;

use crate::{Error, Matrix, Plan};

/// A systematic linear code over GF(2^8).
///
/// ```
/// use evariste::Code;
/// let code = Code::reed_solomon(10, 4)?;
/// assert_eq!((code.data_shards(), code.parity_shards(), code.total_shards()), (10, 4, 14));
/// assert_eq!(code.parity_matrix().row(0), [129, 150, 175, 184, 210, 196, 254, 232, 3, 2]);
/// // The same code by its name; the page of `Layout` lists all names.
/// assert_eq!(code, "rs:10+4".parse()?);
/// # Ok::<(), evariste::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    name: &'static str,
    parity: Matrix,
    groups: Groups,
    lines: Box<[Line]>,
    /// The names of the outer and the inner code of a product.
    levels: Option<(&'static str, &'static str)>,
}

impl Code {
    /// The default Reed-Solomon code: [`Code::vandermonde`].
    ///
    /// # Errors
    /// As [`Code::vandermonde`].
    pub fn reed_solomon(data_shards: usize, parity_shards: usize) -> Result<Self, Error> {
        Self::vandermonde(data_shards, parity_shards)
    }

    /// The code with this generator matrix: one row for each shard, one column for each data shard, the identity on top.
    ///
    /// The parity rows may be anything. Plans for losses that the code cannot rebuild are refused.
    ///
    /// # Errors
    /// [`Error::TooFewShards`] without a column or without a parity row; [`Error::NotSystematic`] if the top is not
    /// the identity.
    pub fn from_generator(generator: &Matrix) -> Result<Self, Error> {
        let data_shards = generator.cols();
        let parity_shards = generator.rows().saturating_sub(data_shards);
        check_counts(data_shards, parity_shards)?;
        for row in 0..data_shards {
            for (column, &given) in generator.row(row).iter().enumerate() {
                let expected = u8::from(row == column);
                if given != expected {
                    return Err(Error::NotSystematic { row, column, given, expected });
                }
            }
        }
        let parity_rows: Vec<usize> = (data_shards..generator.rows()).collect();
        let flat = Self::from_parity("custom", generator.select_rows(&parity_rows));
        Ok(Self { lines: Box::default(), ..flat })
    }

    /// The result of a flat construction, from whose shards any k give back the data.
    fn from_parity(name: &'static str, parity: Matrix) -> Self {
        let shards = parity.rows() + parity.cols();
        let lines = [Line::new(0..shards, parity.rows())].into();
        Self { name, parity, groups: Groups::flat(shards), lines, levels: None }
    }

    /// The construction: `vandermonde`, `cauchy`, `raid5`, `raid6`, `isal-rs`, `jerasure-van`, `snapraid`, `mirror`, `nested`,
    /// `hierarchical`, `local`, `local_uniform`, or `custom` for a caller's generator.
    ///
    /// The full name, with counts, is what [`Display`](std::fmt::Display) prints: `rs:10+4`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// k: shards that hold data, numbered from 0.
    #[must_use]
    pub fn data_shards(&self) -> usize {
        self.parity.cols()
    }

    /// m: shards that hold parity, numbered from k.
    #[must_use]
    pub fn parity_shards(&self) -> usize {
        self.parity.rows()
    }

    /// n = k + m.
    #[must_use]
    pub fn total_shards(&self) -> usize {
        self.data_shards() + self.parity_shards()
    }

    /// The parity matrix, m x k.
    #[must_use]
    pub fn parity_matrix(&self) -> &Matrix {
        &self.parity
    }

    /// The generator matrix, n x k: the identity above the parity matrix.
    #[must_use]
    pub fn generator(&self) -> Matrix {
        Matrix::identity(self.data_shards()).above(&self.parity)
    }

    /// Which group each shard belongs to, and its position there.
    #[must_use]
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// Sets of shards that are a code by themselves: hints where to look for cheap plans. There may be other such sets.
    pub(crate) fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The names of the outer and the inner code, if this is a [product](Code::nested).
    pub(crate) fn levels(&self) -> Option<(&'static str, &'static str)> {
        self.levels
    }

    /// The plan that computes all parity shards from all data shards.
    #[must_use]
    pub fn encode_plan(&self) -> Plan {
        Plan::trusted((0..self.data_shards()).collect(), self.parity_numbers().collect(), self.parity.clone()).lasting()
    }

    /// The plan that shows whether parity agrees with data: the encode plan, run as a check.
    #[must_use]
    pub fn check_plan(&self) -> Plan {
        self.encode_plan()
    }

    /// The plan for new parity after one data shard changed, from its old and new bytes and the old parity.
    ///
    /// The slots of this plan are numbered differently from shards: 0 is the old data, 1 the new data, then come the m old
    /// parity shards and the m new ones. Parity is linear, so new parity is old parity plus coefficient times (old data +
    /// new data).
    ///
    /// # Errors
    /// [`Error::NotData`] if the shard is not a data shard.
    pub fn update_plan(&self, data_shard: usize) -> Result<Plan, Error> {
        if data_shard >= self.data_shards() {
            return Err(Error::NotData { index: data_shard, data_shards: self.data_shards() });
        }
        let m = self.parity_shards();
        let matrix = Matrix::from_fn(m, 2 + m, |row, col| match col {
            0 | 1 => self.parity.row(row)[data_shard],
            _ => u8::from(col - 2 == row),
        });
        Ok(Plan::trusted((0..2 + m).collect(), (2 + m..2 + 2 * m).collect(), matrix))
    }

    /// Whether every lost shard can be rebuilt from the others.
    ///
    /// # Errors
    /// [`Error::ShardIndex`] and [`Error::Duplicate`], as for [`Code::repair_plan`].
    pub fn is_recoverable(&self, lost: &[usize]) -> Result<bool, Error> {
        self.check_shards(lost)?;
        // The parity that is left must tell the lost data apart; lost parity then follows.
        let data: Vec<usize> = lost.iter().copied().filter(|&shard| shard < self.data_shards()).collect();
        let left: Vec<&[u8]> = self
            .parity_numbers()
            .zip(self.parity.iter_rows())
            .filter(|(n, _)| !lost.contains(n))
            .map(|(_, r)| r)
            .collect();
        Ok(Matrix::from_fn(data.len(), left.len(), |row, column| left[column][data[row]]).rank() == data.len())
    }

    fn parity_numbers(&self) -> std::ops::Range<usize> {
        self.data_shards()..self.total_shards()
    }

    /// Checks that every number names a shard and that no shard is named twice.
    pub(crate) fn check_shards(&self, shards: &[usize]) -> Result<(), Error> {
        let count = self.total_shards();
        let mut named = vec![false; count];
        for &index in shards {
            match named.get_mut(index) {
                None => return Err(Error::ShardIndex { index, count }),
                Some(true) => return Err(Error::Duplicate { what: "shard", index }),
                Some(unnamed) => *unnamed = true,
            }
        }
        Ok(())
    }
}

/// At least one shard of each kind.
fn check_counts(data_shards: usize, parity_shards: usize) -> Result<(), Error> {
    if data_shards == 0 || parity_shards == 0 {
        return Err(Error::TooFewShards { data_shards, parity_shards });
    }
    Ok(())
}

/// At least one shard of each kind, and no more in all than the field has elements.
fn check_field_counts(code: &'static str, data_shards: usize, parity_shards: usize) -> Result<(), Error> {
    check_counts(data_shards, parity_shards)?;
    let given = data_shards.saturating_add(parity_shards);
    if given > 256 {
        return Err(Error::TooManyShards { code, what: "data and parity", given, limit: 256 });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generator_round_trips() {
        let code = Code::cauchy(5, 3).unwrap();
        let copy = Code::from_generator(&code.generator()).unwrap();
        assert_eq!(copy.parity_matrix(), code.parity_matrix());
        assert_eq!(copy.name(), "custom");
    }

    #[test]
    fn a_generator_must_be_systematic() {
        let error = Code::from_generator(&Matrix::vandermonde(5, 3).unwrap()).unwrap_err();
        assert!(
            matches!(
                error,
                Error::NotSystematic { row: 1, column: 1, given: 1, expected: 1 }
                    | Error::NotSystematic { row: 1, column: 0, given: 1, expected: 0 }
            ),
            "{error}"
        );
        let error = Code::from_generator(&Matrix::identity(4)).unwrap_err();
        assert!(matches!(error, Error::TooFewShards { data_shards: 4, parity_shards: 0 }), "{error}");
    }

    #[test]
    fn a_code_made_from_a_matrix_may_be_wide() {
        let parity = Matrix::from_fn(1, 400, |_, _| 1);
        let code = Code::from_generator(&Matrix::identity(400).above(&parity)).unwrap();
        assert_eq!(code.total_shards(), 401);
        assert!(code.is_recoverable(&[399]).unwrap());
    }

    #[test]
    fn what_is_recoverable_is_what_has_a_plan() {
        let parity = Matrix::from_rows(&[[1, 1, 0, 0], [0, 0, 1, 1], [1, 2, 4, 8]]).unwrap();
        let code = Code::from_generator(&Matrix::identity(4).above(&parity)).unwrap();
        for lost in 0..1 << 7 {
            let lost: Vec<usize> = (0..7).filter(|shard| lost >> shard & 1 == 1).collect();
            assert_eq!(code.is_recoverable(&lost).unwrap(), code.repair_plan(&lost, &lost, &|_| 1).is_ok(), "{lost:?}");
        }
        assert!(matches!(code.is_recoverable(&[7]), Err(Error::ShardIndex { index: 7, count: 7 })));
    }

    #[test]
    fn an_update_adds_the_difference_times_the_coefficient() {
        let code = Code::raid6(4).unwrap();
        let plan = code.update_plan(3).unwrap();
        assert_eq!(plan.sources(), [0, 1, 2, 3]);
        assert_eq!(plan.targets(), [4, 5]);
        assert_eq!(plan.matrix(), &Matrix::from_rows(&[[1, 1, 1, 0], [8, 8, 0, 1]]).unwrap());
        assert!(matches!(code.update_plan(4), Err(Error::NotData { index: 4, data_shards: 4 })));
    }
}
