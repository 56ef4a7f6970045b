//! How a file is protected: the layout, its code, and the unit.

use evariste::{Code, Layout};

use crate::error::Error;
use crate::shape::Shape;

/// A layout, its code, and the unit.
#[derive(Clone, Debug)]
pub struct Scheme {
    pub(crate) layout: Layout,
    pub(crate) code: Code,
    pub(crate) unit_bytes: u64,
}

impl Scheme {
    /// Makes the scheme of a layout. `unit_bytes`, a multiple of 4096, is how many bytes of the file go to one shard
    /// before the next shard.
    ///
    /// # Errors
    /// [`Error::Shape`] for numbers beyond the format's limits, [`Error::Backend`] if the layout has no code.
    pub fn new(layout: Layout, unit_bytes: u64) -> Result<Self, Error> {
        // The format's limits are checked first, because those of some codes are larger.
        Shape::new(layout.data_shards() as u64, layout.parity_shards() as u64, unit_bytes, 0)?;
        Ok(Self { layout, code: layout.code()?, unit_bytes })
    }

    /// The code.
    pub fn code(&self) -> &Code {
        &self.code
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_schemes_are_refused() {
        for (layout, message) in [
            (
                Layout::ReedSolomon { data: 250, parity: 7 },
                "vandermonde has room for at most 256 data and parity shards over GF(2^8), got 257",
            ),
            (Layout::Raid5 { disks: 5001 }, "5001 shards, a set may have at most 1024"),
            (Layout::Raid5 { disks: 1 }, "0 data and 1 parity shards: at least 1 of each is needed"),
            (Layout::Raid66 { groups: 32, disks: 33 }, "1056 shards, a set may have at most 1024"),
            (Layout::Mirror { copies: 1, disks: 4 }, "4 data and 0 parity shards: at least 1 of each is needed"),
            (Layout::Local { data: 12, groups: 5, globals: 2 }, "12 shards do not divide evenly into 5 groups"),
        ] {
            assert_eq!(Scheme::new(layout, 4096).err().unwrap().to_string(), message);
        }
    }
}
