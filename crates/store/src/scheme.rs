//! How a file is to be protected.

use evariste::{Code, Layout};

use crate::code::{CodeName, SetCode};
use crate::error::Error;
use crate::shape::Shape;

/// A code with its numbers of shards, and the unit.
#[derive(Clone, Debug)]
pub struct Scheme {
    pub(crate) name: SetCode,
    pub(crate) code: Code,
    pub(crate) unit_bytes: u64,
}

impl Scheme {
    /// A flat code of these many data and parity shards. `unit_bytes` of the file go to one shard before the next has its
    /// turn: a multiple of 4096.
    ///
    /// # Errors
    /// [`Error::Shape`] beyond the format's limits, [`Error::FixedParity`] and [`Error::Backend`] where the code has no such
    /// numbers.
    pub fn new(name: CodeName, data_shards: usize, parity_shards: usize, unit_bytes: u64) -> Result<Self, Error> {
        if let Some(own) = name.own_parity_shards()
            && own != parity_shards
        {
            return Err(Error::FixedParity { code: name.to_string(), own, given: parity_shards });
        }
        Self::of_set(SetCode::Flat(name), data_shards, parity_shards, unit_bytes)
    }

    /// A layout, which says by itself how many shards there are.
    ///
    /// # Errors
    /// As [`Scheme::new`].
    pub fn of_layout(layout: Layout, unit_bytes: u64) -> Result<Self, Error> {
        Self::of_set(SetCode::of_layout(layout), layout.data_shards(), layout.parity_shards(), unit_bytes)
    }

    fn of_set(name: SetCode, data: usize, parity: usize, unit_bytes: u64) -> Result<Self, Error> {
        // The format's limits first: they are the smaller ones where a code has none.
        Shape::new(data as u64, parity as u64, unit_bytes, 0)?;
        let code = name.build(data, parity)?;
        Ok(Self { name, code, unit_bytes })
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
        use CodeName::{Raid5, Raid6, Vandermonde};
        for (name, data, parity, message) in [
            (Raid5, 10, 4, "raid5 has 1 parity shards, not 4"),
            (Raid6, 10, 1, "raid6 has 2 parity shards, not 1"),
            (Vandermonde, 250, 7, "vandermonde has room for at most 256 data and parity shards over GF(2^8), got 257"),
            (Raid5, 5000, 1, "5001 shards, a set may have at most 1024"),
        ] {
            assert_eq!(Scheme::new(name, data, parity, 4096).err().unwrap().to_string(), message);
        }
    }
}
