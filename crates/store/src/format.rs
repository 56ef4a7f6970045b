//! The header of a shard file, byte by byte. docs/shard-format.md has the same table in prose.
//!
//! Every number is little-endian. Every version of the format keeps three fields in place: the magic, the version, and
//! the checksum of the bytes before it. So a damaged header is never taken for an unknown version.

mod error;

use evariste::Layout;

use crate::shape::{HEADER_BYTES, Shape};
pub use error::FormatError;

/// The first bytes of a shard file.
pub(crate) const MAGIC: [u8; 8] = *b"EVARISTE";
/// The version this program writes and the only one it reads.
const VERSION: u32 = 1;
/// The content of the layout field for a flat code. The code's name is in the code field.
const FLAT: &str = "flat";
/// The content of the code field for a layout with groups. The layout's name is in the layout field.
const GROUPED: &str = "layout";

/// Where each field begins. The bytes between the last field and the checksum are zero.
mod at {
    pub(super) const MAGIC: usize = 0;
    pub(super) const VERSION: usize = 8;
    pub(super) const INDEX: usize = 12;
    pub(super) const COUNT: usize = 16;
    pub(super) const DATA_SHARDS: usize = 20;
    pub(super) const PARITY_SHARDS: usize = 24;
    pub(super) const ZERO: usize = 28;
    pub(super) const UNIT_BYTES: usize = 32;
    pub(super) const FILE_BYTES: usize = 40;
    pub(super) const FILE_HASH: usize = 48;
    pub(super) const SET_ID: usize = 80;
    pub(super) const CODE: usize = 96;
    pub(super) const LAYOUT: usize = 128;
    pub(super) const TABLE_HASH: usize = 192;
    pub(super) const RESERVED: usize = 224;
    pub(super) const CHECKSUM: usize = 4064;
}

/// The fields that the headers of all shards of a set have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SetHeader {
    /// The code and its numbers of shards.
    pub layout: Layout,
    /// The number of shards, the unit, and the file's length.
    pub shape: Shape,
    /// BLAKE3 of the file.
    pub file_hash: [u8; 32],
    /// The id of the set.
    pub id: SetId,
}

/// A random number that tells one set from another. Its `Display` form is the first four bytes in hexadecimal, enough to
/// tell sets apart in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SetId(pub [u8; 16]);

impl std::fmt::Display for SetId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0[..4].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The header of one shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) set: SetHeader,
    /// Which shard this is. The file's name does not count.
    pub(crate) index: usize,
    /// BLAKE3 of the CRC table.
    pub(crate) table_hash: [u8; 32],
}

impl Header {
    pub(crate) fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        let shape = &self.set.shape;
        let mut put = |at: usize, field: &[u8]| bytes[at..at + field.len()].copy_from_slice(field);
        put(at::MAGIC, &MAGIC);
        put(at::VERSION, &VERSION.to_le_bytes());
        put(at::INDEX, &count_bytes(self.index));
        put(at::COUNT, &count_bytes(shape.total_shards()));
        put(at::DATA_SHARDS, &count_bytes(shape.data_shards()));
        put(at::PARITY_SHARDS, &count_bytes(shape.parity_shards()));
        put(at::UNIT_BYTES, &(shape.unit_bytes() as u64).to_le_bytes());
        put(at::FILE_BYTES, &shape.file_bytes().to_le_bytes());
        put(at::FILE_HASH, &self.set.file_hash);
        put(at::SET_ID, &self.set.id.0);
        let (code, layout) = match self.set.layout.flat_construction() {
            Some(code) => (code, FLAT.to_owned()),
            None => (GROUPED, self.set.layout.to_string()),
        };
        put(at::CODE, code.as_bytes());
        put(at::LAYOUT, layout.as_bytes());
        put(at::TABLE_HASH, &self.table_hash);
        let checksum = checksum(&bytes);
        bytes[at::CHECKSUM..].copy_from_slice(&checksum);
        bytes
    }

    /// Reads a header from the beginning of a file: `bytes` are the file's first 4096 bytes, or all of a shorter file.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        if !bytes.starts_with(&MAGIC) {
            return Err(FormatError::NotAShard);
        }
        let Some(bytes) = bytes.first_chunk::<HEADER_BYTES>() else {
            return Err(FormatError::Truncated { found: bytes.len() as u64, expected: HEADER_BYTES as u64 });
        };
        let version = u32_at(bytes, at::VERSION);
        if checksum(bytes) != bytes[at::CHECKSUM..] {
            return Err(FormatError::HeaderChecksum { version });
        }
        if version != VERSION {
            return Err(FormatError::UnknownVersion { found: version });
        }
        let layout = text_at::<{ at::TABLE_HASH - at::LAYOUT }>(bytes, at::LAYOUT, "layout")?;
        let code = text_at::<{ at::LAYOUT - at::CODE }>(bytes, at::CODE, "code")?;
        // Names are read before numbers, because the numbers may mean something else with a code that this version does
        // not know.
        let grouped = grouped(code, layout)?;
        let mut reserved = (at::ZERO..at::UNIT_BYTES).chain(at::RESERVED..at::CHECKSUM);
        if let Some(offset) = reserved.find(|&offset| bytes[offset] != 0) {
            return Err(FormatError::Reserved { offset });
        }
        let [count, data_shards, parity_shards] =
            [at::COUNT, at::DATA_SHARDS, at::PARITY_SHARDS].map(|at| u32_at(bytes, at));
        if data_shards.checked_add(parity_shards) != Some(count) {
            return Err(FormatError::Count { count, data_shards, parity_shards });
        }
        let unit_bytes = u64::from_le_bytes(array_at(bytes, at::UNIT_BYTES));
        let file_bytes = u64::from_le_bytes(array_at(bytes, at::FILE_BYTES));
        let shape = Shape::new(data_shards.into(), parity_shards.into(), unit_bytes, file_bytes)?;
        let (data_shards, parity_shards) = (shape.data_shards(), shape.parity_shards());
        let layout = match grouped {
            Some(layout) if (layout.data_shards(), layout.parity_shards()) == (data_shards, parity_shards) => layout,
            Some(layout) => {
                return Err(FormatError::CodeShards { code: layout.to_string(), data_shards, parity_shards });
            }
            None => Layout::flat(code, data_shards, parity_shards).map_err(|_| FormatError::CodeShards {
                code: code.to_owned(),
                data_shards,
                parity_shards,
            })?,
        };
        let index = u32_at(bytes, at::INDEX);
        let in_set = usize::try_from(index).ok().filter(|&index| index < shape.total_shards());
        Ok(Self {
            index: in_set.ok_or(FormatError::Index { index, count })?,
            set: SetHeader {
                layout,
                shape,
                file_hash: array_at(bytes, at::FILE_HASH),
                id: SetId(array_at(bytes, at::SET_ID)),
            },
            table_hash: array_at(bytes, at::TABLE_HASH),
        })
    }
}

/// The layout with groups that the two name fields give, or `None` for a flat code.
fn grouped(code: &str, layout: &str) -> Result<Option<Layout>, FormatError> {
    match (code, layout) {
        (code, FLAT) if Layout::FLAT.contains(&code) => return Ok(None),
        (code, FLAT) => return Err(FormatError::UnknownCode { name: code.to_owned() }),
        (GROUPED, layout) => layout.parse().ok(),
        _ => None,
    }
    // A flat code may be written only by its own name.
    .filter(|layout: &Layout| layout.flat_construction().is_none())
    .map(Some)
    .ok_or_else(|| FormatError::UnknownLayout { name: layout.to_owned() })
}

/// BLAKE3 of the header's bytes before the checksum.
fn checksum(bytes: &[u8; HEADER_BYTES]) -> [u8; 32] {
    blake3::hash(&bytes[..at::CHECKSUM]).into()
}

/// The bytes of a number of shards, which a [`Shape`] limits to 1024.
fn count_bytes(count: usize) -> [u8; 4] {
    u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes()
}

fn array_at<const N: usize>(bytes: &[u8; HEADER_BYTES], at: usize) -> [u8; N] {
    std::array::from_fn(|i| bytes[at + i])
}

fn u32_at(bytes: &[u8; HEADER_BYTES], at: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, at))
}

/// The text of a field: printable ASCII, then zeros to the field's end.
fn text_at<'a, const N: usize>(
    bytes: &'a [u8; HEADER_BYTES],
    at: usize,
    field: &'static str,
) -> Result<&'a str, FormatError> {
    let bytes = &bytes[at..at + N];
    let end = bytes.iter().position(|&byte| byte == 0).unwrap_or(N);
    let (text, padding) = bytes.split_at(end);
    if !text.iter().all(u8::is_ascii_graphic) || padding.iter().any(|&byte| byte != 0) {
        return Err(FormatError::Text { field });
    }
    std::str::from_utf8(text).map_err(|_| FormatError::Text { field })
}

#[cfg(test)]
mod tests;
