//! What may be handed in as a shard that is perhaps not there.

use super::Error;

/// A shard that is perhaps not there: `Option<Vec<u8>>` and what resembles it, or memory with a flag, `(&mut [u8], bool)`.
///
/// That crate's trait without its type parameter, and with one method more, which implementations need not have.
#[expect(clippy::len_without_is_empty, reason = "the length of a shard that is there, as that crate has it")]
pub trait ReconstructShard {
    /// Its bytes; `None` if it is not there.
    fn len(&self) -> Option<usize>;

    /// The shard; `None` if it is not there.
    fn get(&mut self) -> Option<&mut [u8]>;

    /// The shard if it is there, or else memory of `len` bytes to rebuild it in.
    ///
    /// # Errors
    /// `Err(Ok(memory))` if it was not there; `Err(Err(error))` if there can be no such memory.
    fn get_or_initialize(&mut self, len: usize) -> Result<&mut [u8], Result<&mut [u8], Error>>;

    /// Takes back what `get_or_initialize` did for a shard that was not there, because it could not be rebuilt after all.
    ///
    /// Not in that crate. The default does nothing, which is right where that call does nothing either.
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

/// The flag says whether the shard is there. Memory whose flag is false must have the length of a shard.
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
