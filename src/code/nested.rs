//! Products of two codes: RAID over RAID.

use super::groups::Groups;
use super::lines;
use crate::{Code, Error, Matrix, gf256};

impl Code {
    /// The most shards of a [RAID 5](Code::raid5), [mirror](Code::mirror) or [nested](Code::nested) code: matrices are dense, and this keeps one below
    /// four mebibytes.
    pub const MAX_NESTED_SHARDS: usize = 4096;

    /// The product code: each group of shards is a word of `inner`, and the shards at one position of all groups are a
    /// word of `outer`. P. Elias, "Error-free coding", 1954.
    ///
    /// RAID 51 is a mirror over RAID 5, RAID 61 a mirror over RAID 6, RAID 55 is RAID 5 over RAID 5, RAID 66 is RAID 6
    /// over RAID 6. There are as many groups as `outer` has shards, and each has as many shards as `inner` has. RAID 55 of
    /// 4 groups of 4 disks, which is `nested(raid5(3), raid5(3))`, has these numbers:
    ///
    /// ```text
    ///               position
    ///             0   1   2   3
    ///   group 0   0   1   2 |  9      0..9   data, group by group, inside a group by position
    ///   group 1   3   4   5 | 10      9..12  parity of the groups that hold data
    ///   group 2   6   7   8 | 11      12..16 the group that is outer parity as a whole;
    ///            -----------+---             15 is the parity of 12..15 and of 9..12 alike
    ///   group 3  12  13  14 | 15
    /// ```
    ///
    /// So numbers run group by group twice: first over the cells that hold data, then over all others.
    /// [`Code::groups`] gives the group and position of a number, and the numbers of a group. Cell (g, p) is row g of
    /// outer's generator times row p of inner's (the Kronecker product), so every row and every column of the picture is
    /// a word of its code, parity of parity included. A product of codes that survive any a and any b losses survives any
    /// (a + 1)(b + 1) - 1 losses.
    ///
    /// # Errors
    /// [`Error::TooWide`] beyond [`Code::MAX_NESTED_SHARDS`] shards.
    pub fn nested(outer: &Self, inner: &Self) -> Result<Self, Error> {
        Self::check_width("nested", outer.total_shards().saturating_mul(inner.total_shards()))?;
        let cells = Cells::new(outer, inner);
        let (across, inside) = (outer.generator(), inner.generator());
        let data_shards = outer.data_shards() * inner.data_shards();
        let parity = Matrix::from_fn(cells.count() - data_shards, data_shards, |row, data| {
            let (group, position) = cells.of[data_shards + row];
            let (data_group, data_position) = cells.of[data];
            gf256::mul(across.row(group)[data_group], inside.row(position)[data_position])
        });
        let groups = cells.groups(outer.total_shards());
        let lines = lines::of_product(outer, inner, &groups).into();
        Ok(Self { name: "nested", parity, groups, lines, levels: Some((outer.name, inner.name)) })
    }

    /// Refuses widths for which dense matrices would be too large.
    pub(super) fn check_width(code: &'static str, given: usize) -> Result<(), Error> {
        if given > Self::MAX_NESTED_SHARDS {
            return Err(Error::TooWide { code, given, limit: Self::MAX_NESTED_SHARDS });
        }
        Ok(())
    }
}

/// The numbering of a product's shards.
struct Cells {
    /// Group and position of each shard.
    of: Vec<(usize, usize)>,
}

impl Cells {
    fn new(outer: &Code, inner: &Code) -> Self {
        let all = || (0..outer.total_shards()).flat_map(|group| (0..inner.total_shards()).map(move |p| (group, p)));
        let is_data =
            |&(group, position): &(usize, usize)| group < outer.data_shards() && position < inner.data_shards();
        Self { of: all().filter(is_data).chain(all().filter(|cell| !is_data(cell))).collect() }
    }

    fn count(&self) -> usize {
        self.of.len()
    }

    fn groups(&self, count: usize) -> Groups {
        let mut members = vec![vec![0; self.count() / count]; count];
        for (shard, &(group, position)) in self.of.iter().enumerate() {
            members[group][position] = shard;
        }
        Groups::new(self.count(), members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raid55() -> Code {
        Code::nested(&Code::raid5(3).unwrap(), &Code::raid5(3).unwrap()).unwrap()
    }

    #[test]
    fn the_picture_shows_the_numbers() {
        let code = raid55();
        let groups: Vec<&[usize]> = code.groups().iter().collect();
        assert_eq!(groups, [[0, 1, 2, 9], [3, 4, 5, 10], [6, 7, 8, 11], [12, 13, 14, 15]]);
        assert_eq!((code.data_shards(), code.total_shards(), code.name()), (9, 16, "nested"));
    }

    /// Every row and every column of the cells is a word of its code.
    #[test]
    fn rows_and_columns_are_words() {
        let codes = [Code::raid5(3), Code::raid6(4), Code::mirror(1, 3), Code::cauchy(2, 3)].map(Result::unwrap);
        for outer in &codes {
            for inner in &codes {
                let code = Code::nested(outer, inner).unwrap();
                let generator = code.generator();
                let rows: Vec<Vec<usize>> = code.groups().iter().map(<[usize]>::to_vec).collect();
                let columns = (0..inner.total_shards()).map(|p| rows.iter().map(|row| row[p]).collect::<Vec<_>>());
                let words = rows.iter().cloned().map(|row| (row, inner)).chain(columns.map(|column| (column, outer)));
                for (word, of) in words {
                    let (data, parity) = word.split_at(of.data_shards());
                    let expected = of.parity_matrix().mul(&generator.select_rows(data));
                    assert_eq!(generator.select_rows(parity), expected, "{} of {}", outer.name(), inner.name());
                }
            }
        }
    }

    #[test]
    fn limits() {
        let wide = Code::raid6(62).unwrap();
        assert_eq!(Code::nested(&wide, &wide).unwrap().total_shards(), 4096);
        let wider = Code::raid6(63).unwrap();
        assert!(matches!(Code::nested(&wide, &wider), Err(Error::TooWide { given: 4160, limit: 4096, .. })));
    }
}
