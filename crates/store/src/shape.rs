//! The numbers of a set: shards, bytes of a unit, bytes of the file, and everything that follows from them.
//!
//! The file is divided into stripes of k units; the last stripe is padded with zeros. So every shard's payload is
//! `ceil(file_bytes / (k * unit_bytes)) * unit_bytes` bytes; for an empty file that is 0. A shard file is the header, the
//! payload, and four bytes of checksum for every block of the payload.

/// Bytes of a shard file's header.
pub const HEADER_BYTES: usize = 4096;
/// Bytes of payload under one checksum.
pub const BLOCK_BYTES: usize = evariste::crc::BLOCK_BYTES;
/// Bytes of one checksum in the CRC table.
pub(crate) const CRC_BYTES: usize = 4;
/// The largest unit. A whole stripe of n units is held in memory, so the size that a header may demand is limited.
pub const MAX_UNIT_BYTES: u64 = 1 << 30;
/// The most shards. Each is an open file, and a code's matrix grows with the square.
pub const MAX_SHARDS: u64 = 1024;
/// The longest file. Offsets in it and in every shard stay far below 2^63.
pub const MAX_FILE_BYTES: u64 = 1 << 60;

/// Numbers that were checked against each other: none of the methods can overflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shape {
    data_shards: usize,
    parity_shards: usize,
    unit_bytes: usize,
    file_bytes: u64,
}

/// Numbers that do not make a set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ShapeError {
    /// The unit is not a positive multiple of a block.
    #[error("the unit is {unit_bytes} bytes, it must be a positive multiple of {BLOCK_BYTES}")]
    UnitNotInBlocks {
        /// The unit.
        unit_bytes: u64,
    },
    /// The unit is too large.
    #[error("the unit is {unit_bytes} bytes, it may be at most {MAX_UNIT_BYTES}")]
    UnitTooLarge {
        /// The unit.
        unit_bytes: u64,
    },
    /// There are no data shards or no parity shards.
    #[error("{data_shards} data and {parity_shards} parity shards: at least 1 of each is needed")]
    NoShards {
        /// Data shards.
        data_shards: u64,
        /// Parity shards.
        parity_shards: u64,
    },
    /// There are too many shards.
    #[error("{given} shards, a set may have at most {MAX_SHARDS}")]
    TooManyShards {
        /// Data and parity shards.
        given: u64,
    },
    /// The file is too long.
    #[error("the file is {file_bytes} bytes, it may be at most {MAX_FILE_BYTES}")]
    FileTooLong {
        /// The file's length.
        file_bytes: u64,
    },
}

/// Checks a unit against the format.
///
/// # Errors
/// If it is not a positive multiple of [`BLOCK_BYTES`], or exceeds [`MAX_UNIT_BYTES`].
pub fn check_unit(unit_bytes: u64) -> Result<usize, ShapeError> {
    if unit_bytes == 0 || !unit_bytes.is_multiple_of(BLOCK_BYTES as u64) {
        return Err(ShapeError::UnitNotInBlocks { unit_bytes });
    }
    match usize::try_from(unit_bytes) {
        Ok(unit) if unit_bytes <= MAX_UNIT_BYTES => Ok(unit),
        _ => Err(ShapeError::UnitTooLarge { unit_bytes }),
    }
}

impl Shape {
    /// Checks the numbers.
    ///
    /// # Errors
    /// A [`ShapeError`] with the number that is out of range, and its limit.
    pub fn new(data_shards: u64, parity_shards: u64, unit_bytes: u64, file_bytes: u64) -> Result<Self, ShapeError> {
        let unit_bytes = check_unit(unit_bytes)?;
        if data_shards == 0 || parity_shards == 0 {
            return Err(ShapeError::NoShards { data_shards, parity_shards });
        }
        let given = data_shards.saturating_add(parity_shards);
        if given > MAX_SHARDS {
            return Err(ShapeError::TooManyShards { given });
        }
        let (Ok(data_shards), Ok(parity_shards)) = (usize::try_from(data_shards), usize::try_from(parity_shards))
        else {
            return Err(ShapeError::TooManyShards { given });
        };
        if file_bytes > MAX_FILE_BYTES {
            return Err(ShapeError::FileTooLong { file_bytes });
        }
        Ok(Self { data_shards, parity_shards, unit_bytes, file_bytes })
    }

    /// k, the shards that hold the file.
    pub fn data_shards(&self) -> usize {
        self.data_shards
    }

    /// m, the shards of parity.
    pub fn parity_shards(&self) -> usize {
        self.parity_shards
    }

    /// k + m.
    pub fn total_shards(&self) -> usize {
        self.data_shards + self.parity_shards
    }

    /// Bytes that one shard has in one stripe.
    pub fn unit_bytes(&self) -> usize {
        self.unit_bytes
    }

    /// Blocks of a unit.
    pub(crate) fn unit_blocks(&self) -> usize {
        self.unit_bytes / BLOCK_BYTES
    }

    /// Length of the file.
    pub fn file_bytes(&self) -> u64 {
        self.file_bytes
    }

    /// Bytes of the file in one stripe.
    pub(crate) fn stripe_data_bytes(&self) -> u64 {
        self.data_shards as u64 * self.unit_bytes as u64
    }

    /// Bytes of all units of one stripe.
    pub(crate) fn stripe_bytes(&self) -> u64 {
        self.total_shards() as u64 * self.unit_bytes as u64
    }

    /// Stripes of the file; 0 if it is empty.
    pub fn stripes(&self) -> u64 {
        self.file_bytes.div_ceil(self.stripe_data_bytes())
    }

    /// Bytes of payload of one shard.
    pub fn payload_bytes(&self) -> u64 {
        self.stripes() * self.unit_bytes as u64
    }

    /// Bytes of one shard's checksum table.
    pub(crate) fn table_bytes(&self) -> u64 {
        self.payload_bytes() / BLOCK_BYTES as u64 * CRC_BYTES as u64
    }

    /// Where the payload of a stripe begins in a shard file.
    pub(crate) fn payload_offset(&self, stripe: u64) -> u64 {
        HEADER_BYTES as u64 + stripe * self.unit_bytes as u64
    }

    /// Where the checksums of a stripe begin in a shard file.
    pub(crate) fn table_offset(&self, stripe: u64) -> u64 {
        self.payload_offset(self.stripes()) + stripe * (self.unit_blocks() * CRC_BYTES) as u64
    }

    /// Length of a shard file.
    pub fn shard_file_bytes(&self) -> u64 {
        HEADER_BYTES as u64 + self.payload_bytes() + self.table_bytes()
    }

    /// The offset in the file of the unit of this data shard in this stripe. It may be after the file's end.
    pub(crate) fn unit_start(&self, stripe: u64, data_shard: usize) -> u64 {
        stripe * self.stripe_data_bytes() + data_shard as u64 * self.unit_bytes as u64
    }

    /// How many bytes of the unit of this data shard in this stripe belong to the file; the rest is padding.
    pub(crate) fn file_bytes_in_unit(&self, stripe: u64, data_shard: usize) -> usize {
        let left = self.file_bytes.saturating_sub(self.unit_start(stripe, data_shard));
        usize::try_from(left).map_or(self.unit_bytes, |left| left.min(self.unit_bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(file_bytes: u64) -> Shape {
        Shape::new(4, 2, 8192, file_bytes).unwrap()
    }

    #[test]
    fn lengths_around_a_stripe() {
        for (file_bytes, stripes) in [(0, 0), (1, 1), (32767, 1), (32768, 1), (32769, 2), (65536, 2), (65537, 3)] {
            let shape = shape(file_bytes);
            assert_eq!(shape.stripes(), stripes, "{file_bytes}");
            assert_eq!(shape.shard_file_bytes(), 4096 + stripes * (8192 + 8));
            assert_eq!(shape.table_offset(0), 4096 + stripes * 8192);
        }
    }

    #[test]
    fn only_the_file_counts_in_a_unit() {
        let shape = shape(32768 + 8192 + 5);
        let of_stripe = |stripe| [0, 1, 2, 3].map(|shard| shape.file_bytes_in_unit(stripe, shard));
        assert_eq!(of_stripe(0), [8192; 4]);
        assert_eq!(of_stripe(1), [8192, 5, 0, 0]);
    }

    #[test]
    fn wrong_numbers_are_named() {
        let unit = |unit_bytes| Shape::new(4, 2, unit_bytes, 1).unwrap_err();
        assert_eq!(unit(0), ShapeError::UnitNotInBlocks { unit_bytes: 0 });
        assert_eq!(unit(4097).to_string(), "the unit is 4097 bytes, it must be a positive multiple of 4096");
        assert_eq!(unit(u64::MAX - 4095), ShapeError::UnitTooLarge { unit_bytes: u64::MAX - 4095 });
        assert_eq!(Shape::new(0, 2, 4096, 1), Err(ShapeError::NoShards { data_shards: 0, parity_shards: 2 }));
        assert_eq!(Shape::new(u64::MAX, 2, 4096, 1), Err(ShapeError::TooManyShards { given: u64::MAX }));
        assert_eq!(Shape::new(1, 1, 4096, u64::MAX), Err(ShapeError::FileTooLong { file_bytes: u64::MAX }));
    }

    #[test]
    fn the_largest_numbers_do_not_overflow() {
        for (data, unit) in [(1, MAX_UNIT_BYTES), (1, 4096), (MAX_SHARDS - 1, MAX_UNIT_BYTES)] {
            let shape = Shape::new(data, 1, unit, MAX_FILE_BYTES).unwrap();
            assert!(shape.shard_file_bytes() > shape.table_offset(0));
            assert!(shape.table_offset(shape.stripes()) == shape.shard_file_bytes());
        }
    }
}
