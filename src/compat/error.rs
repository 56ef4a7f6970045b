//! The errors of these calls: those of reed-solomon-erasure and one more, and how the library's errors become one of them.

use crate::ErrorKind;

/// The variants of that crate's `Error`, by the same names, and [`Error::Backend`].
///
/// The texts differ from that crate's: compare variants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Fewer shards were passed than the code has.
    #[error("fewer shards than the code has")]
    TooFewShards,
    /// More shards were passed than the code has, or a code was asked for with more shards than the field allows.
    #[error("more shards than the code has, or more than the 256 a code can have")]
    TooManyShards,
    /// Fewer data shards were passed than the code has, or a code was asked for without data shards.
    #[error("fewer data shards than the code has, or a code without any")]
    TooFewDataShards,
    /// More data shards were passed than the code has.
    #[error("more data shards than the code has")]
    TooManyDataShards,
    /// Fewer parity shards were passed than the code has, or a code was asked for without parity shards.
    #[error("fewer parity shards than the code has, or a code without any")]
    TooFewParityShards,
    /// More parity shards were passed than the code has.
    #[error("more parity shards than the code has")]
    TooManyParityShards,
    /// The buffer has fewer slices than the code has parity shards.
    #[error("fewer slices in the buffer than the code has parity shards")]
    TooFewBufferShards,
    /// The buffer has more slices than the code has parity shards.
    #[error("more slices in the buffer than the code has parity shards")]
    TooManyBufferShards,
    /// Shards of different lengths.
    #[error("shards of different lengths")]
    IncorrectShardSize,
    /// Fewer shards are present than the code has data shards, so the others cannot be rebuilt.
    #[error("fewer shards are present than the code has data shards, so the missing ones cannot be rebuilt")]
    TooFewShardsPresent,
    /// A shard without a single byte.
    #[error("a shard is 0 bytes long")]
    EmptyShard,
    /// Never returned. That crate has it for flags beside the shards, which its calls no longer take.
    #[error("another number of flags than of shards")]
    InvalidShardFlags,
    /// The code has no data shard of this number.
    #[error("the code has no data shard of this number")]
    InvalidIndex,
    /// Not in that crate. The backend could not be opened, or could not run the call.
    ///
    /// On the automatic backend this means that an environment variable cannot be used, or that host memory ran out: a call
    /// whose GPU fails runs again on the CPU. The library's whole error is logged, at level error. The variables are listed in
    /// [`docs::environment`](crate::docs::environment).
    #[error("the backend did not run this call because of {cause}; the log says more")]
    Backend {
        /// The environment variable's name, or another cause in a few words.
        cause: &'static str,
    },
}

impl From<crate::Error> for Error {
    /// Arguments have been checked before. Shards have a wrong shape here only if a caller's `AsRef` or `AsMut` returns
    /// something else the second time.
    fn from(error: crate::Error) -> Self {
        let cause = match &error {
            crate::Error::ShardLength { .. } => return Self::IncorrectShardSize,
            crate::Error::EmptyShards => return Self::EmptyShard,
            crate::Error::Environment { variable, .. } => variable,
            error => match error.kind() {
                ErrorKind::BeyondRepair => return Self::TooFewShardsPresent,
                ErrorKind::OutOfMemory => "a lack of host memory",
                ErrorKind::Device | ErrorKind::DeviceCapacity => "a device failure",
                _ => "an unforeseen error",
            },
        };
        log::error!("{}", error.with_sources());
        Self::Backend { cause }
    }
}

/// The errors of [`ShardByShard`](super::ShardByShard).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SBSError {
    /// Every data shard has been added already.
    #[error("every data shard has been added already")]
    TooManyCalls,
    /// Some data shards have been added, but not all: parity is not ready.
    #[error("some data shards have been added but not all, so the parity shards are not ready")]
    LeftoverShards,
    /// The error of the call itself.
    #[error("{0}")]
    RSError(Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_variable_is_named() {
        let reason = "it is not there".to_owned();
        let error = crate::Error::Environment { variable: "EVARISTE_CPU", value: "abacus".to_owned(), reason };
        let error = Error::from(error);
        assert_eq!(error, Error::Backend { cause: "EVARISTE_CPU" });
        assert!(error.to_string().contains("EVARISTE_CPU"), "{error}");
    }

    #[test]
    fn device_failures_are_told_from_wrong_shapes() {
        let lost = crate::Error::DeviceLost { device: "d".to_owned(), doing: "x".to_owned(), reason: "y".to_owned() };
        assert_eq!(Error::from(lost), Error::Backend { cause: "a device failure" });
        let length = crate::Error::ShardLength { index: 1, given: 2, reference: 0, expected: 3 };
        assert_eq!(Error::from(length), Error::IncorrectShardSize);
        assert_eq!(Error::from(crate::Error::EmptyShards), Error::EmptyShard);
    }
}
