//! The types of shards that may be missing.

use super::Error;

/// A shard that may be missing: `Option<Vec<u8>>` and similar types, or memory with a flag, `(&mut [u8], bool)`.
///
/// That crate's trait without its type parameter, and with one more method, which has a default.
#[expect(clippy::len_without_is_empty, reason = "the length of a shard that is present, as in that crate")]
pub trait ReconstructShard {
    /// Its bytes; `None` if it is missing.
    fn len(&self) -> Option<usize>;

    /// The shard; `None` if it is missing.
    fn get(&mut self) -> Option<&mut [u8]>;

    /// The shard if it is present, otherwise memory of `len` bytes to rebuild it in.
    ///
    /// # Errors
    /// `Err(Ok(memory))` if it was missing; `Err(Err(error))` if there is no such memory.
    fn get_or_initialize(&mut self, len: usize) -> Result<&mut [u8], Result<&mut [u8], Error>>;

    /// Undoes `get_or_initialize` for a shard that was missing and could not be rebuilt.
    ///
    /// Not in that crate. The default does nothing, which is right for types whose memory exists before.
    fn withdraw(&mut self) {}
}

impl<T: AsRef<[u8]> + AsMut<[u8]> + FromIterator<u8>> ReconstructShard for Option<T> {
    fn len(&self) -> Option<usize> {
        self.as_ref().map(|shard| shard.as_ref().len())
    }

    fn get(&mut self) -> Option<&mut [u8]> {
        self.as_mut().map(AsMut::as_mut)
    }

    fn get_or_initialize(&mut self, len: usize) -> Result<&mut [u8], Result<&mut [u8], Error>> {
        match self {
            Some(shard) => Ok(shard.as_mut()),
            None => Err(Ok(self.insert(std::iter::repeat_n(0, len).collect()).as_mut())),
        }
    }

    fn withdraw(&mut self) {
        *self = None;
    }
}

/// The flag says whether the shard is present. Memory whose flag is false must have the length of a shard.
impl<T: AsRef<[u8]> + AsMut<[u8]>> ReconstructShard for (T, bool) {
    fn len(&self) -> Option<usize> {
        self.1.then(|| self.0.as_ref().len())
    }

    fn get(&mut self) -> Option<&mut [u8]> {
        self.1.then(|| self.0.as_mut())
    }

    fn get_or_initialize(&mut self, len: usize) -> Result<&mut [u8], Result<&mut [u8], Error>> {
        match (self.0.as_mut(), self.1) {
            (memory, _) if memory.len() != len => Err(Err(Error::IncorrectShardSize)),
            (shard, true) => Ok(shard),
            (memory, false) => Err(Ok(memory)),
        }
    }
}
