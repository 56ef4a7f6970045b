//! Finds every shard file of a directory, and checks its header, length and checksum table.
//!
//! A file counts if its name ends in `.shard` or its contents begin with the magic. Names that begin with a dot are
//! skipped: they are shards that are still being written. The payload is not read here.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::error::{Action, Error};
use crate::flaw::Flaw;
use crate::format::{FormatError, Header, MAGIC};
use crate::names;
use crate::shape::{HEADER_BYTES, Shape};

/// A file that is a shard, or looks like one.
pub(crate) struct Found {
    pub(crate) name: OsString,
    /// Its header, if that is undamaged.
    pub(crate) header: Option<Header>,
    pub(crate) content: Result<ShardContent, Flaw>,
}

/// An open shard whose header, length and table are good.
pub(crate) struct ShardContent {
    pub(crate) file: File,
    /// Set if bytes follow the table. The shard can be used all the same.
    pub(crate) trailing: Option<FormatError>,
}

/// Checks every shard file of a directory, in the order of their names.
pub(crate) fn scan(dir: &Path) -> Result<Vec<Found>, Error> {
    Ok(shard_names(dir)?.into_iter().map(|name| look(dir, name)).collect())
}

/// The names of all files that are shards or look like one, in order.
pub(crate) fn shard_names(dir: &Path) -> Result<Vec<OsString>, Error> {
    let cannot = Error::io(Action::ReadDirectory, dir);
    let mut names = Vec::new();
    for entry in fs::read_dir(dir).map_err(&cannot)? {
        let name = entry.map_err(&cannot)?.file_name();
        if concerns_us(dir, &name) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn concerns_us(dir: &Path, name: &OsStr) -> bool {
    if name.as_encoded_bytes().starts_with(b".") {
        return false;
    }
    let path = dir.join(name);
    match path.metadata() {
        // Only files are opened, because opening a named pipe would wait for a writer.
        Ok(metadata) => metadata.is_file() && (names::is_shard_name(name) || has_magic(&path)),
        Err(_) => names::is_shard_name(name),
    }
}

fn look(dir: &Path, name: OsString) -> Found {
    let mut header = None;
    let content = File::open(dir.join(&name)).map_err(Flaw::from).and_then(|file| inspect(file, &mut header));
    Found { name, header, content }
}

fn has_magic(path: &Path) -> bool {
    let mut magic = [0; MAGIC.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut magic)).is_ok() && magic == MAGIC
}

/// Checks header, length and table. Stores the header in `header_out` as soon as it is read, so that a shard with other
/// damage still has its index.
fn inspect(mut file: File, header_out: &mut Option<Header>) -> Result<ShardContent, Flaw> {
    let mut start = Vec::with_capacity(HEADER_BYTES);
    (&mut file).take(HEADER_BYTES as u64).read_to_end(&mut start)?;
    let header = header_out.insert(Header::decode(&start)?);
    let shape = header.set.shape;
    let (found, expected) = (file.metadata()?.len(), shape.shard_file_bytes());
    if found < expected {
        return Err(FormatError::Truncated { found, expected }.into());
    }
    if table_hash(&mut file, &shape)? != header.table_hash {
        return Err(FormatError::TableChecksum.into());
    }
    let trailing = (found > expected).then_some(FormatError::TrailingBytes { found, expected });
    Ok(ShardContent { file, trailing })
}

fn table_hash(file: &mut File, shape: &Shape) -> io::Result<[u8; 32]> {
    let mut hasher = blake3::Hasher::new();
    file.seek(SeekFrom::Start(shape.table_offset(0)))?;
    hasher.update_reader(file.take(shape.table_bytes()))?;
    Ok(hasher.finalize().into())
}
