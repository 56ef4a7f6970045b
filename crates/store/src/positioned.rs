//! Reads and writes a file at an offset, from several threads at a time, straight into and out of the caller's memory.

use std::fs::File;
use std::io;

/// Bytes of one call to the system: few enough to stay in a core's second-level cache between the call and the
/// checksum.
pub(crate) const PIECE_BYTES: usize = 256 << 10;

/// Fills `bytes` from the file, from `offset` on.
#[cfg(unix)]
pub(crate) fn read_at(file: &File, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::read_exact_at(file, bytes, offset)
}

/// Writes `bytes` to the file, from `offset` on.
#[cfg(unix)]
pub(crate) fn write_at(file: &File, offset: u64, bytes: &[u8]) -> io::Result<()> {
    std::os::unix::fs::FileExt::write_all_at(file, bytes, offset)
}

/// These calls move the one position of the open file, so only one thread at a time may make them.
#[cfg(not(unix))]
static POSITION: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// Fills `bytes` from the file, from `offset` on.
#[cfg(not(unix))]
pub(crate) fn read_at(mut file: &File, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
    use std::io::{Read, Seek};
    let _alone = POSITION.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    file.seek(io::SeekFrom::Start(offset))?;
    file.read_exact(bytes)
}

/// Writes `bytes` to the file, from `offset` on.
#[cfg(not(unix))]
pub(crate) fn write_at(mut file: &File, offset: u64, bytes: &[u8]) -> io::Result<()> {
    use std::io::{Seek, Write};
    let _alone = POSITION.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    file.seek(io::SeekFrom::Start(offset))?;
    file.write_all(bytes)
}
