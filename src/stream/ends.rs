//! The ends of a stream: readers and writers, each with its place in the stream, and the errors that name both.

use std::io::{self, ErrorKind, Read, Write};

use crate::Error;

/// The reader or writer of the whole object, and the bytes that have passed it.
pub(super) struct Object<T> {
    inner: T,
    pub(super) at: u64,
}

impl<T> Object<T> {
    pub(super) fn new(inner: T) -> Self {
        Self { inner, at: 0 }
    }
}

impl<R: Read> Object<R> {
    /// Fills the units one after another until the object ends, and returns the bytes that were read.
    pub(super) fn read<'a>(&mut self, units: impl Iterator<Item = &'a mut [u8]>) -> Result<usize, Error> {
        let mut filled = 0;
        for unit in units {
            let (bytes, result) = read_full(&mut self.inner, unit);
            self.at += bytes as u64;
            filled += bytes;
            result.map_err(|source| Error::ObjectRead { at: self.at, source })?;
            if bytes < unit.len() {
                break;
            }
        }
        Ok(filled)
    }
}

impl<W: Write> Object<W> {
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.inner.write_all(bytes).map_err(|source| Error::ObjectWrite { at: self.at, source })?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    pub(super) fn flush(mut self) -> Result<(), Error> {
        self.inner.flush().map_err(|source| Error::ObjectWrite { at: self.at, source })
    }
}

/// Reads a unit that begins at byte `at` of a shard of `shard_bytes` bytes.
pub(super) fn read_unit(
    shard: usize,
    reader: &mut impl Read,
    at: u64,
    unit: &mut [u8],
    shard_bytes: u64,
) -> Result<(), Error> {
    let (bytes, result) = read_full(reader, unit);
    let end = at + bytes as u64;
    result.map_err(|source| Error::ShardRead { shard, at: end, source })?;
    if bytes < unit.len() {
        return Err(Error::ShardEnds { shard, given: end, expected: shard_bytes });
    }
    Ok(())
}

/// Writes a unit that begins at byte `at` of a shard.
pub(super) fn write_unit(shard: usize, writer: &mut impl Write, at: u64, unit: &[u8]) -> Result<(), Error> {
    writer.write_all(unit).map_err(|source| Error::ShardWrite { shard, at, source })
}

/// Flushes the writer of a shard of `at` bytes.
pub(super) fn flush_shard(shard: usize, writer: &mut impl Write, at: u64) -> Result<(), Error> {
    writer.flush().map_err(|source| Error::ShardWrite { shard, at, source })
}

/// Reads until the buffer is full or the reader ends. Returns the bytes read, those before an error included.
fn read_full(reader: &mut impl Read, buffer: &mut [u8]) -> (usize, io::Result<()>) {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(bytes) => filled += bytes,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return (filled, Err(error)),
        }
    }
    (filled, Ok(()))
}
