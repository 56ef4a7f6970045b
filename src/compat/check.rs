//! Checks of arguments, before work begins. They come in that crate's order, so that of two errors a caller sees the same one.

use super::{Error, ReedSolomon};

/// Checks the numbers of shards of a new code.
pub(super) fn counts(data_shards: usize, parity_shards: usize) -> Result<(), Error> {
    if data_shards == 0 {
        return Err(Error::TooFewDataShards);
    }
    if parity_shards == 0 {
        return Err(Error::TooFewParityShards);
    }
    if data_shards.saturating_add(parity_shards) > 256 {
        return Err(Error::TooManyShards);
    }
    Ok(())
}

pub(super) fn total_count(codec: &ReedSolomon, given: usize) -> Result<(), Error> {
    count(given, codec.total_shard_count(), Error::TooFewShards, Error::TooManyShards)
}

pub(super) fn data_count(codec: &ReedSolomon, given: usize) -> Result<(), Error> {
    count(given, codec.data_shard_count(), Error::TooFewDataShards, Error::TooManyDataShards)
}

pub(super) fn parity_count(codec: &ReedSolomon, given: usize) -> Result<(), Error> {
    count(given, codec.parity_shard_count(), Error::TooFewParityShards, Error::TooManyParityShards)
}

pub(super) fn buffer_count(codec: &ReedSolomon, given: usize) -> Result<(), Error> {
    count(given, codec.parity_shard_count(), Error::TooFewBufferShards, Error::TooManyBufferShards)
}

fn count(given: usize, expected: usize, too_few: Error, too_many: Error) -> Result<(), Error> {
    match given {
        _ if given < expected => Err(too_few),
        _ if given > expected => Err(too_many),
        _ => Ok(()),
    }
}

pub(super) fn data_index(codec: &ReedSolomon, index: usize) -> Result<(), Error> {
    if index < codec.data_shard_count() { Ok(()) } else { Err(Error::InvalidIndex) }
}

/// Checks that all shards are as long as the first, and not empty. Returns the bytes of each.
pub(super) fn lengths<T: AsRef<[u8]>>(shards: &[T]) -> Result<usize, Error> {
    let bytes = shards.first().map_or(0, |shard| shard.as_ref().len());
    if bytes == 0 {
        return Err(Error::EmptyShard);
    }
    shards.iter().try_for_each(|shard| equal(bytes, shard.as_ref().len()))?;
    Ok(bytes)
}

pub(super) fn equal(bytes: usize, other_bytes: usize) -> Result<(), Error> {
    if bytes == other_bytes { Ok(()) } else { Err(Error::IncorrectShardSize) }
}

/// Checks data and parity shards that are passed separately.
pub(super) fn apart<T: AsRef<[u8]>, U: AsRef<[u8]>>(
    codec: &ReedSolomon,
    data: &[T],
    parity: &[U],
) -> Result<(), Error> {
    data_count(codec, data.len())?;
    parity_count(codec, parity.len())?;
    equal(lengths(data)?, lengths(parity)?)
}
