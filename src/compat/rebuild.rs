//! Rebuilding shards that may be missing.

use super::{Error, ReconstructShard, ReedSolomon, check, write};
use crate::memory::Slot;

/// Which of the missing shards to rebuild.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    All,
    Data,
}

pub(super) fn rebuild<S: ReconstructShard>(codec: &ReedSolomon, shards: &mut [S], wanted: Wanted) -> Result<(), Error> {
    check::total_count(codec, shards.len())?;
    let Some(bytes) = bytes_if_incomplete(codec, shards)? else { return Ok(()) };
    let mut initialized = Vec::new();
    let rebuilt = fill(codec, shards, bytes, wanted, &mut initialized);
    if rebuilt.is_err() {
        // The next attempt must not take a vector of zeros for the shard.
        initialized.into_iter().for_each(|index| shards[index].withdraw());
    }
    rebuilt
}

/// The bytes of each shard that is present; `None` if all are.
fn bytes_if_incomplete<S: ReconstructShard>(codec: &ReedSolomon, shards: &[S]) -> Result<Option<usize>, Error> {
    let mut present = 0;
    let mut bytes = None;
    for given in shards.iter().filter_map(S::len) {
        if given == 0 {
            return Err(Error::EmptyShard);
        }
        check::equal(*bytes.get_or_insert(given), given)?;
        present += 1;
    }
    match present {
        _ if present == codec.total_shard_count() => Ok(None),
        _ if present < codec.data_shard_count() => Err(Error::TooFewShardsPresent),
        _ => Ok(bytes),
    }
}

/// Gives missing shards memory, lists them in `initialized`, and rebuilds them.
fn fill<S: ReconstructShard>(
    codec: &ReedSolomon,
    shards: &mut [S],
    bytes: usize,
    wanted: Wanted,
    initialized: &mut Vec<usize>,
) -> Result<(), Error> {
    let mut lost = Vec::new();
    let mut slots = Vec::with_capacity(shards.len());
    for (index, shard) in shards.iter_mut().enumerate() {
        let slot = if wanted == Wanted::Data && index >= codec.data_shard_count() {
            shard.get().map_or(Slot::Absent, |shard| Slot::Read(shard))
        } else {
            match shard.get_or_initialize(bytes) {
                Ok(shard) => Slot::Read(shard),
                Err(Ok(memory)) => {
                    initialized.push(index);
                    Slot::Write(memory)
                }
                Err(Err(error)) => return Err(error),
            }
        };
        if !matches!(slot, Slot::Read(_)) {
            lost.push(index);
        }
        slots.push(slot);
    }
    if initialized.is_empty() {
        return Ok(());
    }
    // Among sources of equal cost the plan takes the first shards that are present, as that crate does. So even shards that
    // contradict each other give the same bytes.
    let plan = codec.codec.repair_plan(&lost, initialized)?;
    write(&codec.codec, &plan, slots)
}
