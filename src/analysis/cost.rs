//! What rebuilding a shard and what a small write costs.

use crate::{Code, Error, Layout};

/// What is read and written when little happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cost {
    /// Shards read to rebuild one lost data shard, by the [plan](Code::repair_plan) for it; the most of the data shards
    /// asked.
    pub repair_reads: usize,
    /// The same of any shard, parity included.
    pub most_repair_reads: usize,
    /// Device reads and writes of a small write to one data shard: 2 * (1 + parities that depend on it), since the old
    /// bytes and the old parities are read and the new ones written. The most of all data shards; 2(a + 1)(b + 1) for a
    /// product.
    pub update_ios: usize,
}

impl Cost {
    /// The cost of a layout.
    ///
    /// A layout's shards are alike within a few kinds (data, parity of the group, parity across groups, parity of both,
    /// global parity), so a plan is made for the first and the last of each, not for thousands of shards.
    ///
    /// # Errors
    /// As [`Layout::code`].
    pub fn of(layout: &Layout) -> Result<Self, Error> {
        let code = layout.code()?;
        let groups = code.groups();
        let mut shards = vec![0, code.data_shards() - 1, code.total_shards() - 1];
        for members in [groups.members(0), groups.members(groups.count() - 1)] {
            shards.extend([members.first(), members.last()].into_iter().flatten());
        }
        shards.extend(groups.ungrouped().first());
        Self::from_shards(&code, shards)
    }

    /// The cost of a code by a plan for each of these shards. A shard that the others do not determine costs nothing: it
    /// cannot be rebuilt.
    fn from_shards(code: &Code, mut shards: Vec<usize>) -> Result<Self, Error> {
        shards.sort_unstable();
        shards.dedup();
        let (mut repair_reads, mut most_repair_reads) = (0, 0);
        for shard in shards {
            let reads = match code.repair_plan(&[shard], &[shard], &|_| 1) {
                Ok(plan) => plan.sources().len(),
                Err(Error::Unrecoverable { .. }) => 0,
                Err(error) => return Err(error),
            };
            most_repair_reads = most_repair_reads.max(reads);
            if shard < code.data_shards() {
                repair_reads = repair_reads.max(reads);
            }
        }
        Ok(Self { repair_reads, most_repair_reads, update_ios: update_ios(code) })
    }
}

/// See [`Cost::update_ios`].
fn update_ios(code: &Code) -> usize {
    let mut touched = vec![1; code.data_shards()];
    for row in code.parity_matrix().iter_rows() {
        for (touched, _) in touched.iter_mut().zip(row).filter(|(_, coefficient)| **coefficient != 0) {
            *touched += 1;
        }
    }
    2 * touched.into_iter().max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is asked of a few shards holds for all.
    #[test]
    fn shards_of_a_kind_are_alike() {
        for name in [
            "rs:10+4",
            "raid5:6",
            "raid6:8",
            "raid51:2x6",
            "raid61:3x5",
            "raid55:4x6",
            "raid66:6x5",
            "lrc:12,2,2",
            "hier:4x6+2+1",
        ] {
            let layout: Layout = name.parse().unwrap();
            let code = layout.code().unwrap();
            let every = Cost::from_shards(&code, (0..code.total_shards()).collect()).unwrap();
            assert_eq!(Cost::of(&layout).unwrap(), every, "{name}");
        }
    }

    #[test]
    fn a_small_write_touches_each_level() {
        for (name, ios) in [
            ("rs:10+4", 10),
            ("raid5:6", 4),
            ("raid6:8", 6),
            ("raid51:2x6", 8),
            ("raid61:2x8", 12),
            ("raid55:4x4", 8),
            ("raid66:8x8", 18),
            ("hier:5x8+2+3", 24),
            ("lrc:12,2,2", 8),
        ] {
            assert_eq!(Cost::of(&name.parse().unwrap()).unwrap().update_ios, ios, "{name}");
        }
    }

    #[test]
    fn a_repair_reads_the_shortest_line() {
        for (name, data, most) in [
            ("rs:10+4", 10, 10),
            ("raid5:6", 5, 5),
            ("raid51:2x6", 1, 1),
            ("raid55:4x4", 3, 3),
            ("raid55:8x4", 3, 3),
            ("raid66:8x8", 6, 6),
            ("lrc:12,2,2", 6, 12),
            ("lrc:48,4,3", 12, 48),
        ] {
            let cost = Cost::of(&name.parse().unwrap()).unwrap();
            assert_eq!((cost.repair_reads, cost.most_repair_reads), (data, most), "{name}");
        }
    }
}
