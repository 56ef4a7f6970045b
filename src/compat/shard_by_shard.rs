//! Encoding one data shard after another, as they arrive.

use super::{Error, ReedSolomon, SBSError, check};

/// Counts the data shards that have been added to parity, for [`ReedSolomon::encode_single`].
///
/// ```
/// use evariste::compat::galois_8::{ReedSolomon, ShardByShard};
///
/// let codec = ReedSolomon::new(2, 2)?;
/// let mut shards = vec![vec![0u8; 3]; 4];
/// let mut arriving = ShardByShard::new(&codec);
/// for packet in [[1, 2, 3], [4, 5, 6]] {
///     shards[arriving.cur_input_index()].copy_from_slice(&packet);
///     arriving.encode(&mut shards)?;
/// }
/// assert!(arriving.parity_ready());
/// assert!(codec.verify(&shards)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, PartialEq)]
pub struct ShardByShard<'a> {
    codec: &'a ReedSolomon,
    cur_input: usize,
}

impl<'a> ShardByShard<'a> {
    /// Begins with data shard 0.
    #[must_use]
    pub fn new(codec: &'a ReedSolomon) -> Self {
        Self { codec, cur_input: 0 }
    }

    /// Whether every data shard has been added.
    #[must_use]
    pub fn parity_ready(&self) -> bool {
        self.cur_input == self.codec.data_shard_count()
    }

    /// The data shard that comes next; the number of data shards once all have been added.
    #[must_use]
    pub fn cur_input_index(&self) -> usize {
        self.cur_input
    }

    /// Starts again.
    ///
    /// # Errors
    /// [`SBSError::LeftoverShards`] if some data shards have been added but not all.
    pub fn reset(&mut self) -> Result<(), SBSError> {
        if self.cur_input > 0 && !self.parity_ready() {
            return Err(SBSError::LeftoverShards);
        }
        self.reset_force();
        Ok(())
    }

    /// Starts again, even if some data shards have been added.
    pub fn reset_force(&mut self) {
        self.cur_input = 0;
    }

    /// Adds the next data shard's contribution to the parity shards. All shards are passed, and their lengths checked,
    /// but the other data shards are not read.
    ///
    /// # Errors
    /// [`SBSError::TooManyCalls`] if every data shard has been added; else [`SBSError::RSError`] as
    /// [`ReedSolomon::encode_single`]. After an error the same data shard comes next, unless it was
    /// [`Error::Backend`](super::Error::Backend): then start again with [`ShardByShard::reset_force`].
    pub fn encode<T, U>(&mut self, shards: T) -> Result<(), SBSError>
    where
        T: AsRef<[U]> + AsMut<[U]>,
        U: AsRef<[u8]> + AsMut<[u8]>,
    {
        self.step(|codec, next| codec.encode_single(next, shards))
    }

    /// As [`ShardByShard::encode`], with data and parity in separate slices. All data shards are passed.
    ///
    /// # Errors
    /// As [`ShardByShard::encode`].
    pub fn encode_sep<T: AsRef<[u8]>, U: AsRef<[u8]> + AsMut<[u8]>>(
        &mut self,
        data: &[T],
        parity: &mut [U],
    ) -> Result<(), SBSError> {
        self.step(|codec, next| {
            check::apart(codec, data, parity)?;
            codec.encode_single_sep(next, data[next].as_ref(), parity)
        })
    }

    fn step(&mut self, encode: impl FnOnce(&ReedSolomon, usize) -> Result<(), Error>) -> Result<(), SBSError> {
        if self.parity_ready() {
            return Err(SBSError::TooManyCalls);
        }
        encode(self.codec, self.cur_input).map_err(SBSError::RSError)?;
        self.cur_input += 1;
        Ok(())
    }
}
