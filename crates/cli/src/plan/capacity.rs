//! How much data disks of a given size hold.

use evariste::Layout;

use crate::exit::UsageError;
use crate::size;

/// Reads `4TB`, `3.84TB`, `500GB` or `4TiB`. A number without a unit is refused: nobody means a disk of 4 bytes.
pub(super) fn parse(text: &str) -> Result<u64, String> {
    match size::parse(text) {
        Ok(bytes) if bytes > 0 && !text.ends_with(|last: char| last.is_ascii_digit()) => Ok(bytes),
        _ => Err(format!("\"{text}\" is not a disk size: write it as 4TB, 3.84TB, 500GB or 4TiB")),
    }
}

/// `48 TB`, `3.8 TB`, `500 GB`: powers of ten, as on the label.
pub(super) fn show(bytes: u128) -> String {
    let (unit, factor) = if bytes >= 1_000_000_000_000 { ("TB", 1e12) } else { ("GB", 1e9) };
    let number = format!("{:.1}", bytes as f64 / factor);
    format!("{} {unit}", number.trim_end_matches(".0"))
}

/// The size of each disk, from one size for all or one for each; empty if none was given.
pub(super) fn of_disks(sizes: &[u64], disks: usize) -> Result<Vec<u64>, UsageError> {
    match sizes {
        [] => Ok(Vec::new()),
        [size] => Ok(vec![*size; disks]),
        _ if sizes.len() == disks => Ok(sizes.to_vec()),
        _ => Err(UsageError(format!("{} disk sizes for {disks} disks: give one for all or one for each", sizes.len()))),
    }
}

/// Disks that hold one shard each. The smallest disk limits the length of a shard.
pub(super) struct Capacity {
    smallest: u64,
    all: u128,
    disks: usize,
}

impl Capacity {
    pub(super) fn new(disks: Vec<u64>) -> Option<Self> {
        let smallest = *disks.iter().min()?;
        Some(Self { smallest, all: disks.iter().map(|&bytes| u128::from(bytes)).sum(), disks: disks.len() })
    }

    /// Bytes that the data shards of a layout hold.
    pub(super) fn usable(&self, data_shards: usize) -> u128 {
        u128::from(self.smallest) * data_shards as u128
    }

    /// How much of the disks a layout uses, in words.
    pub(super) fn describe(&self, layout: &Layout) -> String {
        let unused = self.all - u128::from(self.smallest) * self.disks as u128;
        let beyond = if unused > 0 {
            format!("; {} beyond the size of the smallest disk stay unused", show(unused))
        } else {
            String::new()
        };
        format!("Of {} it holds {} of data{beyond}.", show(self.all), show(self.usable(layout.data_shards())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_disks_are_read_and_shown() {
        for (text, bytes, shown) in [
            ("4TB", 4_000_000_000_000, "4 TB"),
            ("3.84TB", 3_840_000_000_000, "3.8 TB"),
            ("500 GB", 500_000_000_000, "500 GB"),
            ("4TiB", 4_398_046_511_104, "4.4 TB"),
            ("1GiB", 1 << 30, "1.1 GB"),
            ("64MiB", 64 << 20, "0.1 GB"),
        ] {
            assert_eq!(parse(text), Ok(bytes), "{text}");
            assert_eq!(show(u128::from(bytes)), shown, "{text}");
        }
        for text in ["", "0TB", "TB", "4tb", "-4TB", "99999999999TB", "4", "4000000000000", "4.0"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_smallest_disk_limits_the_capacity() {
        let capacity = Capacity::new(of_disks(&[4, 6, 4, 8], 4).unwrap()).unwrap();
        assert_eq!(capacity.usable(3), 12);
        assert!(capacity.describe(&Layout::Raid5 { disks: 4 }).contains("beyond the size of the smallest disk"));
        assert!(of_disks(&[4, 6], 4).is_err());
        assert!(Capacity::new(of_disks(&[], 4).unwrap()).is_none());
    }
}
