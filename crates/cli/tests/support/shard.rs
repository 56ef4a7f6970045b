//! Shard files as docs/shard-format.md describes them, for tests that forge files.

/// The offset of the payload, and the size of a block.
pub(crate) const BLOCK: usize = 4096;
/// Header fields.
pub(crate) const VERSION: usize = 8;
pub(crate) const INDEX: usize = 12;
pub(crate) const COUNT: usize = 16;
pub(crate) const DATA_SHARDS: usize = 20;
pub(crate) const PARITY_SHARDS: usize = 24;
pub(crate) const UNIT_BYTES: usize = 32;
pub(crate) const FILE_BYTES: usize = 40;
pub(crate) const FILE_HASH: usize = 48;
pub(crate) const SET_ID: usize = 80;
pub(crate) const CODE: usize = 96;
pub(crate) const LAYOUT: usize = 128;
pub(crate) const TABLE_HASH: usize = 192;
pub(crate) const CHECKSUM: usize = 4064;

/// Bytes of payload in a shard file of this length.
pub(crate) fn payload_bytes(file_bytes: usize) -> usize {
    (file_bytes - BLOCK) / (BLOCK + 4) * BLOCK
}

/// Makes the header's checksum correct.
pub(crate) fn seal_header(shard: &mut [u8]) {
    let checksum = blake3::hash(&shard[..CHECKSUM]);
    shard[CHECKSUM..BLOCK].copy_from_slice(checksum.as_bytes());
}

/// Makes every checksum in the file correct.
pub(crate) fn seal(shard: &mut [u8]) {
    let table = BLOCK + payload_bytes(shard.len());
    let crcs: Vec<u8> =
        shard[BLOCK..table].chunks(BLOCK).flat_map(|block| crc32c::crc32c(block).to_le_bytes()).collect();
    shard[table..].copy_from_slice(&crcs);
    shard[TABLE_HASH..TABLE_HASH + 32].copy_from_slice(blake3::hash(&crcs).as_bytes());
    seal_header(shard);
}
