//! Recommends k, m and the unit for `protect`: sets of shards over the disks.

use std::io::Write;

use anyhow::Result;

use super::advice::{self, FEW_PARITIES, FEW_READS, Wishes};
use super::measured::Measured;
use crate::paragraph;
use crate::ranges;
use crate::size;

/// The usual unit: it keeps a GPU busy and lets a disk read at its full rate.
const UNIT: u64 = 1 << 20;
/// The smallest unit that does the same.
const BUSY_UNIT: u64 = 256 << 10;
/// The smallest unit of the format.
const LEAST_UNIT: u64 = 4096;
/// The fewest stripes that a file should have, so that the padding of the last one is a small part of it.
const LEAST_STRIPES: u64 = 16;
/// The most shards of a set: the limit of a Reed-Solomon code.
const MOST_SHARDS: usize = 256;

/// Sets of k + m shards, each on its own disks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sets {
    count: usize,
    data: usize,
    parity: usize,
    /// Disks that are in no set.
    spare: usize,
    /// Whether the disks are in nodes.
    in_nodes: bool,
    unit: u64,
}

/// The smallest number of sets of which each reads at most [`FEW_READS`] shards for a repair. If no number of sets
/// achieves that, the smallest sets that meet the requirements. `None` if no set meets them.
pub(super) fn of(wishes: &Wishes, file_bytes: Option<u64>) -> Option<Sets> {
    let sets = |count: usize| {
        let width = wishes.disks / count;
        // The shards are placed on the nodes in turn, set after set.
        let of_a_node = wishes.nodes.map_or(0, |nodes| width.div_ceil(nodes));
        let parity = wishes.survive.max(of_a_node);
        let data = width.checked_sub(parity).filter(|&data| data > 0 && width <= MOST_SHARDS)?;
        let spare = wishes.disks - count * width;
        let (in_nodes, unit) = (wishes.nodes.is_some(), unit(data as u64, file_bytes));
        let sets = Sets { count, data, parity, spare, in_nodes, unit };
        (sets.efficiency() >= wishes.min_efficiency - 1e-9).then_some(sets)
    };
    let all = || (1..=wishes.disks).filter_map(sets);
    // More sets are smaller sets, so the last is the smallest.
    all().find(|sets| sets.data <= FEW_READS).or_else(|| all().next_back())
}

/// The largest power of two up to [`UNIT`] with which a file has enough stripes.
fn unit(data: u64, file_bytes: Option<u64>) -> u64 {
    let most = file_bytes.map_or(UNIT, |bytes| bytes / (data * LEAST_STRIPES));
    let floor = if most == 0 { 0 } else { 1 << most.ilog2() };
    floor.clamp(LEAST_UNIT, UNIT)
}

/// The unit for this number of data shards, as an argument of `protect`.
pub(super) fn unit_option(data: u64, file_bytes: Option<u64>) -> String {
    option(unit(data, file_bytes))
}

fn option(unit: u64) -> String {
    size::show(unit).replace(' ', "")
}

/// A command that protects a file with these options.
pub(super) fn protect(options: &str) -> String {
    format!("evariste protect FILE --out DIR {options}")
}

impl Sets {
    /// The share of all disks, including spare ones, that holds data.
    fn efficiency(&self) -> f64 {
        let disks = self.count * (self.data + self.parity) + self.spare;
        (self.count * self.data) as f64 / disks as f64
    }

    /// `2 sets of 9+2, 1 disk spare`.
    pub(super) fn name(&self) -> String {
        let Self { count, data, parity, spare, .. } = *self;
        let sets = if count == 1 { "one set".to_owned() } else { format!("{count} sets") };
        let spares = match spare {
            0 => String::new(),
            spare => format!(", {} spare", ranges::counted(spare as u64, "disk")),
        };
        format!("{sets} of {data}+{parity}{spares}")
    }

    /// The arguments for `protect`.
    pub(super) fn options(&self) -> String {
        let Self { data, parity, unit, .. } = *self;
        format!("--data {data} --parity {parity} --unit {}", option(unit))
    }

    pub(super) fn write(&self, out: &mut dyn Write) -> Result<()> {
        let Self { count, data, parity, in_nodes, unit, .. } = *self;
        let holds = advice::percent(self.efficiency());
        writeln!(out, "Files in a flat code, {}, {holds} for data:\n  {}", self.name(), protect(&self.options()))?;
        let mut say = |text: &str| write!(out, "{}", paragraph::lines("  ", "    ", text));
        if in_nodes && count > 1 {
            say("shards go to the nodes in turn, and each set continues where the last one ended")?;
        }
        let size = match (data <= FEW_READS, parity <= FEW_PARITIES) {
            (true, true) => "k and m are small",
            (true, false) => "k is small",
            (false, _) => "no set with a smaller k holds that much data",
        };
        let (reads, times) = (ranges::counted(data as u64, "shard"), ranges::counted(parity as u64, "time"));
        say(&format!("{size}: a repair reads {reads}, and every byte of data is multiplied {times}"))?;
        let stripe = size::show(unit * (data + parity) as u64);
        let why = match unit {
            BUSY_UNIT.. => format!("stripes of {stripe}; units of 256 KiB to 1 MiB keep a GPU busy"),
            _ => {
                format!("stripes of {stripe}; a larger unit would pad so small a file by more than 1/{LEAST_STRIPES}")
            }
        };
        say(&format!("a unit of {} makes {why}", size::show(unit)))?;
        match Measured::load() {
            Ok(Some(measured)) => measured.describe(data, parity)?.iter().try_for_each(|line| say(line))?,
            Ok(None) => say("if this machine has a GPU, `evariste bench calibrate` measures its speed")?,
            Err(error) => say(&format!("the stored calibration cannot be read: {error:#}"))?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sets(
        disks: usize,
        nodes: Option<usize>,
        survive: usize,
        min_efficiency: f64,
    ) -> Option<(usize, usize, usize, usize)> {
        let sets = of(&Wishes { disks, nodes, survive, min_efficiency }, None)?;
        Some((sets.count, sets.data, sets.parity, sets.spare))
    }

    #[test]
    fn sets_are_few_and_small() {
        assert_eq!(sets(12, None, 2, 0.0), Some((1, 10, 2, 0)));
        assert_eq!(sets(23, None, 2, 0.0), Some((2, 9, 2, 1)));
        assert_eq!(sets(100, None, 3, 0.0), Some((5, 17, 3, 0)));
        assert_eq!(sets(300, None, 2, 0.0), Some((14, 19, 2, 6)));
        assert_eq!(sets(24, Some(4), 2, 0.0), Some((1, 18, 6, 0)));
        assert_eq!(sets(3, None, 3, 0.0), None);
        // Two sets of 9 + 2 use 81.8 % of their own disks for data, but less than 80 % of all disks, because one is
        // spare.
        assert_eq!(sets(23, None, 2, 0.8), Some((1, 21, 2, 0)));
        // No set with a small k has this efficiency.
        assert_eq!(sets(100, None, 2, 0.95), Some((2, 48, 2, 0)));
    }

    #[test]
    fn small_files_have_small_units() {
        assert_eq!(unit(10, None), 1 << 20);
        assert_eq!(unit(10, Some(1 << 40)), 1 << 20);
        assert_eq!(unit(10, Some(64 << 20)), 256 << 10);
        assert_eq!(unit(10, Some(100_000)), 4096);
        assert_eq!(unit(10, Some(0)), 4096);
    }
}
