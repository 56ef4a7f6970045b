//! Why a file is not a shard.

use super::VERSION;
use crate::shape::ShapeError;

/// Why a file cannot be used as a shard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The file does not begin with the magic.
    #[error("not a shard: it does not begin with EVARISTE")]
    NotAShard,
    /// The file is shorter than its header says.
    #[error("truncated: {found} of {expected} bytes")]
    Truncated {
        /// Its length in bytes.
        found: u64,
        /// The length that its header gives.
        expected: u64,
    },
    /// The file is longer than its header says.
    #[error("{} bytes too long: {found} instead of {expected}", found - expected)]
    TrailingBytes {
        /// Its length in bytes.
        found: u64,
        /// The length that its header gives.
        expected: u64,
    },
    /// The header does not match its checksum.
    #[error("header damaged: its checksum is wrong{}", claimed(*version))]
    HeaderChecksum {
        /// The format version that the damaged header claims.
        version: u32,
    },
    /// The header is undamaged, but this crate does not read its version.
    #[error("format version {found}, this program reads version {VERSION}")]
    UnknownVersion {
        /// The header's version.
        found: u32,
    },
    /// The header is undamaged, but this crate does not know its code.
    #[error("unknown code \"{name}\"")]
    UnknownCode {
        /// The code's name.
        name: String,
    },
    /// The header is undamaged, but this crate does not know its layout.
    #[error("unknown layout \"{name}\"")]
    UnknownLayout {
        /// The layout's name.
        name: String,
    },
    /// The header's numbers are out of range.
    #[error("header inconsistent: {0}")]
    Shape(#[from] ShapeError),
    /// The header's numbers of shards contradict each other.
    #[error("header inconsistent: {count} shards, but {data_shards} data and {parity_shards} parity")]
    Count {
        /// All shards.
        count: u32,
        /// Data shards.
        data_shards: u32,
        /// Parity shards.
        parity_shards: u32,
    },
    /// The shard's index is beyond the set.
    #[error("header inconsistent: shard {index} of {count}")]
    Index {
        /// The index.
        index: u32,
        /// All shards.
        count: u32,
    },
    /// The code does not exist with these numbers of shards.
    #[error("header inconsistent: {code} with {data_shards} data and {parity_shards} parity shards")]
    CodeShards {
        /// The name of the code, or of the layout with groups.
        code: String,
        /// Data shards.
        data_shards: usize,
        /// Parity shards.
        parity_shards: usize,
    },
    /// A text field does not hold text.
    #[error("header inconsistent: the {field} is not text")]
    Text {
        /// The field.
        field: &'static str,
    },
    /// A reserved byte is not zero.
    #[error("header inconsistent: byte {offset} is reserved and not zero")]
    Reserved {
        /// Its offset in the header.
        offset: usize,
    },
    /// The checksum table does not match its hash in the header.
    #[error("checksum table damaged")]
    TableChecksum,
}

/// The version that a damaged header claims, if it is not [`VERSION`].
fn claimed(version: u32) -> String {
    if version == VERSION { String::new() } else { format!(" (it claims format version {version})") }
}

impl FormatError {
    /// Whether a newer version of this crate may have written the file, undamaged.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::UnknownVersion { .. } | Self::UnknownCode { .. } | Self::UnknownLayout { .. })
    }
}
