//! Writes a shard file: payload and checksums as they come, the header last.

use std::path::Path;

use tempfile::NamedTempFile;

use crate::error::Error;
use crate::format::{Header, SetHeader};
use crate::names;
use crate::positioned::{self, PIECE_BYTES};
use crate::shape::{BLOCK_BYTES, CRC_BYTES, Shape};
use crate::temp;

/// A shard that is being written under a temporary name. It has no header until `finish`. Dropping it removes the file.
pub(crate) struct ShardWriter {
    index: usize,
    shape: Shape,
    temp: NamedTempFile,
    /// The checksums of one `append`. The buffer is reused.
    table: Vec<u8>,
    table_hash: blake3::Hasher,
}

impl ShardWriter {
    pub(crate) fn create(dir: &Path, index: usize, shape: Shape) -> Result<Self, Error> {
        let temp = temp::create(dir, &names::shard_name(index))?;
        Ok(Self { index, shape, temp, table: Vec::new(), table_hash: blake3::Hasher::new() })
    }

    pub(crate) fn index(&self) -> usize {
        self.index
    }

    /// Writes the payload of the stripes from `first_stripe` on, and the checksum of each block. Callers append all
    /// stripes in order.
    pub(crate) fn append(
        &mut self,
        first_stripe: u64,
        payload: &[u8],
        checksums: impl IntoIterator<Item = u32>,
    ) -> Result<(), Error> {
        self.table.clear();
        let mut checksums = checksums.into_iter();
        let offsets = (self.shape.payload_offset(first_stripe)..).step_by(PIECE_BYTES);
        for (offset, piece) in offsets.zip(payload.chunks(PIECE_BYTES)) {
            let of_piece = checksums.by_ref().take(piece.len() / BLOCK_BYTES);
            self.table.extend(of_piece.flat_map(u32::to_le_bytes));
            self.write(offset, piece)?;
        }
        debug_assert_eq!(self.table.len() / CRC_BYTES * BLOCK_BYTES, payload.len());
        self.table_hash.update(&self.table);
        self.write(self.shape.table_offset(first_stripe), &self.table)
    }

    /// Writes the header and puts the file on disk.
    pub(crate) fn finish(&mut self, set: &SetHeader) -> Result<(), Error> {
        let header = Header { set: set.clone(), index: self.index, table_hash: self.table_hash.finalize().into() };
        self.write(0, &header.encode())?;
        temp::sync(&self.temp)
    }

    /// Gives the finished file its canonical name unless something has that name already. Returns whether it got the name.
    pub(crate) fn place_new(self, dir: &Path) -> Result<bool, Error> {
        temp::place_new(self.temp, &dir.join(names::shard_name(self.index)))
    }

    /// Gives the finished file its canonical name, and replaces a file of that name.
    pub(crate) fn place(self, dir: &Path) -> Result<(), Error> {
        temp::place(self.temp, &dir.join(names::shard_name(self.index)))
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> Result<(), Error> {
        let written = positioned::write_at(self.temp.as_file(), offset, bytes);
        written.map_err(|source| Error::WriteShard { shard: self.index, source })
    }
}
