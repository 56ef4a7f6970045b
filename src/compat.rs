//! The calls of reed-solomon-erasure 6.0 over GF(2^8), on the automatic backend.
//!
//! Programs that use that crate change one `use`. Their calls, their shards, the bytes on their disks and the errors they
//! match on stay the same. [Switching](crate::docs::switching) says what differs, and how to go on to [`Codec`].
//!
//! | there | here |
//! |---|---|
//! | `reed_solomon_erasure::galois_8::{ReedSolomon, ShardByShard}` | `evariste::compat::galois_8::{ReedSolomon, ShardByShard}` |
//! | `reed_solomon_erasure::{Error, SBSError, ReconstructShard}` | `evariste::compat::{Error, SBSError, ReconstructShard}` |
//! | `reed_solomon_erasure::{shards, convert_2D_slices}` | `evariste::compat::{shards, convert_2D_slices}` |
//!
//! The field is always GF(2^8), so the types here lack that crate's type parameter for it.
//!
//! ```
//! use evariste::compat::galois_8::ReedSolomon; // was: use reed_solomon_erasure::galois_8::ReedSolomon;
//!
//! let codec = ReedSolomon::new(3, 2)?;
//! let mut shards = vec![b"here".to_vec(), b"they".to_vec(), b"come".to_vec(), vec![0; 4], vec![0; 4]];
//! codec.encode(&mut shards)?;
//! assert!(codec.verify(&shards)?);
//!
//! let mut received: Vec<Option<Vec<u8>>> = shards.into_iter().map(Some).collect();
//! received[0] = None;
//! received[4] = None;
//! codec.reconstruct(&mut received)?;
//! assert_eq!(received[0].as_deref(), Some(&b"here"[..]));
//! # Ok::<(), evariste::compat::Error>(())
//! ```

mod check;
mod error;
mod macros;
mod rebuild;
mod reconstruct_shard;
mod shard_by_shard;
mod single;

use std::fmt;
use std::sync::Arc;

pub use crate::{__evariste_convert_2d_slices as convert_2D_slices, __evariste_shards as shards};
pub use error::{Error, SBSError};
pub use reconstruct_shard::ReconstructShard;
pub use shard_by_shard::ShardByShard;

use crate::memory::{Slot, View};
use crate::{Auto, Backend, Batch, Code, Codec, Plan, Task};

/// The path these names have in that crate.
pub mod galois_8 {
    pub use super::{ReedSolomon, ShardByShard};
}

/// `galois_8::ReedSolomon` of reed-solomon-erasure: a code of data and parity shards, and the calls that compute it.
///
/// Arguments are checked first, in that crate's order: count, then lengths, data before parity. After such an error nothing
/// has changed. Every call checks for
///
/// - [`Error::TooFewShards`] or [`Error::TooManyShards`], or the same for data or parity where they are passed separately;
/// - [`Error::EmptyShard`] if the first shard has no bytes;
/// - [`Error::IncorrectShardSize`] if another shard is longer or shorter.
///
/// [`Error::Backend`] is the only error that crate lacks.
///
/// Two codecs are equal if they have the same numbers of data and parity shards. A clone shares everything with its original.
#[derive(Clone)]
pub struct ReedSolomon {
    codec: Codec,
}

impl ReedSolomon {
    /// A code of this many shards, on the automatic backend: a GPU for large calls where there is one, else the CPU.
    ///
    /// A program has one automatic backend for all of them, made by the first.
    ///
    /// # Errors
    /// [`Error::TooFewDataShards`] or [`Error::TooFewParityShards`] for 0, [`Error::TooManyShards`] for more than 256
    /// together; [`Error::Backend`] if an environment variable cannot be used.
    pub fn new(data_shards: usize, parity_shards: usize) -> Result<Self, Error> {
        let code = code(data_shards, parity_shards)?;
        Ok(Self::of(code, Auto::shared()?))
    }

    /// As [`ReedSolomon::new`], on a backend of the caller's choice. That crate has no such constructor.
    ///
    /// # Errors
    /// As [`ReedSolomon::new`], except those of the environment.
    pub fn on(data_shards: usize, parity_shards: usize, backend: Arc<dyn Backend>) -> Result<Self, Error> {
        Ok(Self::of(code(data_shards, parity_shards)?, backend))
    }

    fn of(code: Code, backend: Arc<dyn Backend>) -> Self {
        Self { codec: Codec::on(code, backend) }
    }

    /// The codec below, for its other calls.
    #[must_use]
    pub fn codec(&self) -> &Codec {
        &self.codec
    }

    /// Data shards.
    #[must_use]
    pub fn data_shard_count(&self) -> usize {
        self.codec.code().data_shards()
    }

    /// Parity shards.
    #[must_use]
    pub fn parity_shard_count(&self) -> usize {
        self.codec.code().parity_shards()
    }

    /// Data and parity shards together.
    #[must_use]
    pub fn total_shard_count(&self) -> usize {
        self.codec.code().total_shards()
    }

    /// Computes the parity shards from the data shards. The old bytes of the parity shards are ignored.
    ///
    /// # Errors
    /// As every call ([`ReedSolomon`]).
    pub fn encode<T, U>(&self, mut shards: T) -> Result<(), Error>
    where
        T: AsRef<[U]> + AsMut<[U]>,
        U: AsRef<[u8]> + AsMut<[u8]>,
    {
        let shards = shards.as_mut();
        check::total_count(self, shards.len())?;
        check::lengths(shards)?;
        Ok(self.codec.encode(shards)?)
    }

    /// As [`ReedSolomon::encode`], with data and parity in separate slices; data is only read.
    ///
    /// # Errors
    /// As every call ([`ReedSolomon`]).
    pub fn encode_sep<T: AsRef<[u8]>, U: AsRef<[u8]> + AsMut<[u8]>>(
        &self,
        data: &[T],
        parity: &mut [U],
    ) -> Result<(), Error> {
        check::apart(self, data, parity)?;
        Ok(self.codec.encode_into(data, parity)?)
    }

    /// Adds the contribution of data shard `i_data` to the parity shards. Shard 0 overwrites them.
    ///
    /// Parity is right once every data shard was passed, each once, 0 first. [`ShardByShard`] counts them. If all data is
    /// present, [`ReedSolomon::encode`] is faster: it touches parity once. This call takes up to a megabyte of memory for
    /// contributions, and works on pieces of that size, which stay on the CPU for shards of any length.
    ///
    /// # Errors
    /// [`Error::InvalidIndex`] if there is no such data shard; then as every call ([`ReedSolomon`]). After
    /// [`Error::Backend`] the parity shards are unusable: start again with shard 0.
    pub fn encode_single<T, U>(&self, i_data: usize, mut shards: T) -> Result<(), Error>
    where
        T: AsRef<[U]> + AsMut<[U]>,
        U: AsRef<[u8]> + AsMut<[u8]>,
    {
        let shards = shards.as_mut();
        check::data_index(self, i_data)?;
        check::total_count(self, shards.len())?;
        check::lengths(shards)?;
        let (data, parity) = shards.split_at_mut(self.data_shard_count());
        self.encode_single_sep(i_data, data[i_data].as_ref(), parity)
    }

    /// As [`ReedSolomon::encode_single`], with the data shard and parity in separate slices.
    ///
    /// # Errors
    /// As [`ReedSolomon::encode_single`]; the lengths of the parity shards are checked before that of the data shard.
    pub fn encode_single_sep<U: AsRef<[u8]> + AsMut<[u8]>>(
        &self,
        i_data: usize,
        single_data: &[u8],
        parity: &mut [U],
    ) -> Result<(), Error> {
        check::data_index(self, i_data)?;
        check::parity_count(self, parity.len())?;
        check::equal(check::lengths(parity)?, single_data.len())?;
        single::add(&self.codec, i_data, single_data, parity)
    }

    /// Whether the parity shards follow from the data shards.
    ///
    /// Unlike that crate's, this takes no memory of the shards' size.
    ///
    /// # Errors
    /// As every call ([`ReedSolomon`]).
    pub fn verify<T: AsRef<[u8]>>(&self, slices: &[T]) -> Result<bool, Error> {
        check::total_count(self, slices.len())?;
        check::lengths(slices)?;
        Ok(self.codec.verify(slices)?.is_consistent())
    }

    /// As [`ReedSolomon::verify`]. In either case `buffer` then holds the parity that follows from the data shards.
    ///
    /// # Errors
    /// As every call ([`ReedSolomon`]), and [`Error::TooFewBufferShards`] or [`Error::TooManyBufferShards`] unless the
    /// buffer has one slice a parity shard. The counts are checked first, then the lengths of shards, then the buffer's.
    pub fn verify_with_buffer<T, U>(&self, slices: &[T], buffer: &mut [U]) -> Result<bool, Error>
    where
        T: AsRef<[u8]>,
        U: AsRef<[u8]> + AsMut<[u8]>,
    {
        check::total_count(self, slices.len())?;
        check::buffer_count(self, buffer.len())?;
        check::equal(check::lengths(slices)?, check::lengths(buffer)?)?;
        let (data, parity) = slices.split_at(self.data_shard_count());
        self.codec.encode_into(data, buffer)?;
        Ok(parity.iter().zip(buffer).all(|(stored, computed)| stored.as_ref() == (*computed).as_ref()))
    }

    /// Rebuilds every missing shard, data and parity.
    ///
    /// A shard that was `None` is then `Some`; the flag of a `(T, bool)` stays as it was.
    ///
    /// # Errors
    /// [`Error::TooFewShards`], [`Error::TooManyShards`]; [`Error::EmptyShard`] or [`Error::IncorrectShardSize`] for the first
    /// present shard that is empty or longer or shorter than the one before; [`Error::TooFewShardsPresent`] if fewer shards
    /// are present than the code has data shards. [`Error::IncorrectShardSize`] for memory that is to take a shard and has
    /// another length, unless no shard is missing. After any error a shard that was `None` still is.
    pub fn reconstruct<T: ReconstructShard>(&self, slices: &mut [T]) -> Result<(), Error> {
        rebuild::rebuild(self, slices, rebuild::Wanted::All)
    }

    /// As [`ReedSolomon::reconstruct`], but rebuilds only data shards. Missing parity shards stay as they are.
    ///
    /// # Errors
    /// As [`ReedSolomon::reconstruct`].
    pub fn reconstruct_data<T: ReconstructShard>(&self, slices: &mut [T]) -> Result<(), Error> {
        rebuild::rebuild(self, slices, rebuild::Wanted::Data)
    }
}

impl PartialEq for ReedSolomon {
    fn eq(&self, other: &Self) -> bool {
        let counts = |codec: &Self| (codec.data_shard_count(), codec.parity_shard_count());
        counts(self) == counts(other)
    }
}

impl fmt::Debug for ReedSolomon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReedSolomon")
            .field("data_shard_count", &self.data_shard_count())
            .field("parity_shard_count", &self.parity_shard_count())
            .finish_non_exhaustive()
    }
}

fn code(data_shards: usize, parity_shards: usize) -> Result<Code, Error> {
    check::counts(data_shards, parity_shards)?;
    Ok(Code::vandermonde(data_shards, parity_shards)?)
}

/// Runs a plan over slices, one for each slot.
fn write<'a>(codec: &Codec, plan: &Plan, slots: impl IntoIterator<Item = Slot<'a>>) -> Result<(), Error> {
    let batch = Batch::new(Task::write(plan), View::slices(slots, 1)?)?;
    let _ = codec.backend().run(&mut [batch])?;
    Ok(())
}
