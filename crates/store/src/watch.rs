//! Lets a caller follow and cancel a long operation.

/// What an operation does in one walk over the stripes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Reads a file and writes its shards.
    Protect,
    /// Reads every block of every shard and compares parity with data. Writes nothing.
    Verify,
    /// As [`Phase::Verify`], and lets the code locate errors that checksums do not show.
    Locate,
    /// Reads everything again and writes the missing and damaged shards.
    Repair,
    /// Reads the data shards, and parity where needed, and writes the file.
    Restore,
}

/// Follows an operation and may cancel it. The methods are called from several threads, and should return at once.
///
/// `()` follows nothing and never cancels.
pub trait Watch: Sync {
    /// A walk over all stripes begins; `file_bytes` is the length of the protected file. An operation may have several
    /// phases, one after another.
    fn begin(&self, _phase: Phase, _file_bytes: u64) {}

    /// Another `file_bytes` bytes of the file have passed the phase. The sum over a complete phase is the file's
    /// length.
    fn advance(&self, _file_bytes: u64) {}

    /// Called before each batch of stripes, at least once per 64 MiB or stripe. After `true` the operation removes its
    /// temporary files and returns [`Error::Cancelled`](crate::Error::Cancelled).
    fn is_cancelled(&self) -> bool {
        false
    }
}

impl Watch for () {}
