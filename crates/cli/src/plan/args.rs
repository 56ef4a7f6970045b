//! The arguments of `plan`.

use clap::{ArgGroup, Args};
use evariste::Layout;

use super::advice::Wishes;
use super::capacity;
use crate::count;
use crate::exit::UsageError;
use crate::size;

#[derive(Debug, Args)]
#[group(skip)]
#[command(group = ArgGroup::new("what").args(["disks", "compare"]).required(true))]
pub(crate) struct Plan {
    /// The number of disks; lists the layouts that fit them, the recommended one first
    #[arg(long, value_name = "N", value_parser = count::between(2, MOST_DISKS))]
    pub(super) disks: Option<u32>,
    /// The number of nodes, each with the same number of disks; every listed layout survives the loss of any one node
    #[arg(long, value_name = "G", value_parser = count::between(2, MOST_DISKS))]
    pub(super) nodes: Option<u32>,
    /// How many losses a layout must survive, whichever disks are lost [default: 2, because a disk may fail while
    /// another is rebuilt]
    #[arg(long, value_name = "F", value_parser = count::between(1, MOST_DISKS))]
    pub(super) survive: Option<u32>,
    /// How much of the disks must hold data, in percent (75 or 75%) or as a share (0.75)
    #[arg(long, value_name = "P", value_parser = parse_share)]
    pub(super) min_efficiency: Option<f64>,
    /// The size of the disks, such as 4TB, 3.84TB or 4TiB; give it once for all disks, or once for each
    #[arg(long, value_name = "SIZE", value_parser = capacity::parse)]
    pub(super) disk_size: Vec<u64>,
    /// The size of the files to protect; it decides the recommended unit
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    pub(super) file_size: Option<u64>,
    /// Layouts to compare, by name: rs:10+4, raid5:6, raid6:8, raid51:2x6, raid61:2x8, raid55:4x4, raid66:8x8,
    /// lrc:12,2,2 or hier:4x6+1+1
    #[arg(long, value_name = "LAYOUT", num_args = 1.., conflicts_with_all = ["nodes", "survive", "min_efficiency", "disk_size", "file_size"])]
    pub(super) compare: Vec<Layout>,
    /// Write the rows as a JSON array, in the same order, and nothing else
    #[arg(long)]
    pub(super) json: bool,
}

/// The most disks: `Layout::MAX_SHARDS`.
const MOST_DISKS: u32 = 4096;

impl Plan {
    /// Checks what clap cannot check: the disks must divide evenly among the nodes.
    pub(super) fn check(&self) -> Result<(), UsageError> {
        let (Some(disks), Some(nodes)) = (self.disks, self.nodes) else { return Ok(()) };
        if disks.is_multiple_of(nodes) {
            return Ok(());
        }
        Err(UsageError(format!("{disks} disks do not divide evenly among {nodes} nodes")))
    }

    /// The requirements for a layout.
    pub(super) fn wishes(&self, disks: usize) -> Wishes {
        Wishes {
            disks,
            nodes: self.nodes.map(|nodes| nodes as usize),
            survive: self.survive.map_or(2, |losses| losses as usize),
            min_efficiency: self.min_efficiency.unwrap_or(0.0),
        }
    }
}

/// Reads `75`, `75%` or `0.75`. A number of at most 1 is a share unless a percent sign follows.
fn parse_share(text: &str) -> Result<f64, String> {
    let (number, percent) = text.strip_suffix('%').map_or((text, false), |number| (number.trim_end(), true));
    let share = number.parse::<f64>().map(|number| if percent || number > 1.0 { number / 100.0 } else { number });
    match share {
        Ok(share) if (0.0..1.0).contains(&share) => Ok(share),
        _ => Err(format!(
            "\"{text}\" is not an efficiency: write a percentage such as 75 or 75%, or a share such as 0.75, below 100 %"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn efficiencies_are_percentages_or_shares() {
        for (text, share) in [("75", 0.75), ("75%", 0.75), ("66.5 %", 0.665), ("0.75", 0.75), ("0", 0.0), ("1%", 0.01)]
        {
            assert!((parse_share(text).unwrap() - share).abs() < 1e-12, "{text}");
        }
        for text in ["", "%", "-1", "1", "100", "100%", "many", "NaN", "inf"] {
            assert!(parse_share(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_most_disks_are_the_most_shards_of_a_layout() {
        assert_eq!(MOST_DISKS as usize, Layout::MAX_SHARDS);
    }
}
