//! The kinds of errors: one for each thing that a caller can do about an error.

use super::Error;

/// What a caller can do about an [`Error`], from [`Error::kind`].
///
/// The variants of [`Error`] hold the numbers. The kind is enough to choose between a corrected call, a repair, another
/// attempt, and another backend:
///
/// ```
/// use evariste::{Code, Codec, Cpu, ErrorKind};
/// use std::sync::Arc;
///
/// let codec = Codec::on(Code::reed_solomon(4, 2)?, Arc::new(Cpu::new()?));
/// let mut shards = codec.split(b"an object of a few bytes");
/// let advice = match codec.reconstruct(&mut shards, &[0, 1, 2]).map_err(|error| error.kind()) {
///     Ok(()) => "the shards are complete",
///     Err(ErrorKind::BeyondRepair) => "find another copy of a lost shard",
///     Err(ErrorKind::Device | ErrorKind::DeviceCapacity) => "run the call on the CPU",
///     Err(_) => "show the error's message",
/// };
/// assert_eq!(advice, "find another copy of a lost shard");
/// # Ok::<(), evariste::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An argument is wrong, or does not fit the code, the shards or the memory: correct the call.
    InvalidInput,
    /// The arguments are valid, but this code, backend, processor or build cannot do it: choose another.
    Unsupported,
    /// An environment variable or a stored calibration cannot be used: correct the setting.
    Configuration,
    /// Too much is lost or wrong for the code: find more shards, or another copy of the data.
    BeyondRepair,
    /// A shard that the call reads is missing or too short: rebuild it, or list it as lost, and call again.
    Incomplete,
    /// A reader or writer of the caller failed, or the system refused a file or a thread. The error's source says why.
    Io,
    /// The host does not have enough memory: call again with less, or later.
    OutOfMemory,
    /// The device does not have the memory or the limits for this call: a smaller call may succeed on it, and the same call on
    /// another backend.
    DeviceCapacity,
    /// There is no usable device, or it failed or computes wrong results: use another backend.
    Device,
}

impl Error {
    /// What a caller can do about the error. The kind of [`Error::Stripe`] is that of the error in the stripe.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        // Every variant is named, so that a new one does not compile before it has a kind.
        match self {
            Self::TooFewShards { .. }
            | Self::TooManyShards { .. }
            | Self::NotMds { .. }
            | Self::TooWide { .. }
            | Self::UnevenGroups { .. }
            | Self::UnevenStripes { .. }
            | Self::LayoutName { .. }
            | Self::OwnParity { .. }
            | Self::LayoutCount { .. }
            | Self::Hours { .. }
            | Self::MatrixShape { .. }
            | Self::PlanShape { .. }
            | Self::NotSystematic { .. }
            | Self::ShardIndex { .. }
            | Self::NotData { .. }
            | Self::Duplicate { .. }
            | Self::NotLost { .. }
            | Self::ShardCount { .. }
            | Self::ShardLength { .. }
            | Self::EmptyShards
            | Self::UnevenBuffer { .. }
            | Self::ObjectLength { .. }
            | Self::ColumnRange { .. }
            | Self::CodewordShape { .. }
            | Self::FirstRoot { .. }
            | Self::CodewordPart { .. }
            | Self::Position { .. }
            | Self::RegionTooSmall { .. }
            | Self::Overlap { .. }
            | Self::Alignment { .. }
            | Self::SlotIndex { .. }
            | Self::BlockIndex { .. }
            | Self::ReadOnlySlot { .. }
            | Self::PlanCount { .. }
            | Self::PlanIndex { .. }
            | Self::ChecksumCount { .. }
            | Self::ChecksumBlocks { .. }
            | Self::ChecksumTask { .. }
            | Self::Variant { .. } => ErrorKind::InvalidInput,
            Self::CannotLocate { .. } | Self::NoKernel { .. } | Self::UnknownTask { .. } => ErrorKind::Unsupported,
            Self::Environment { .. } | Self::Calibration { .. } | Self::CalibrationRead { .. } => {
                ErrorKind::Configuration
            }
            Self::Unrecoverable { .. }
            | Self::AllMissing { .. }
            | Self::TooManyErasures { .. }
            | Self::Uncorrectable { .. } => ErrorKind::BeyondRepair,
            Self::MissingShard { .. } | Self::ShardEnds { .. } => ErrorKind::Incomplete,
            Self::ObjectRead { .. }
            | Self::ObjectWrite { .. }
            | Self::ShardRead { .. }
            | Self::ShardWrite { .. }
            | Self::CalibrationWrite { .. }
            | Self::Thread { .. } => ErrorKind::Io,
            Self::HostMemory { .. } => ErrorKind::OutOfMemory,
            Self::DeviceTooSmall { .. } | Self::DeviceMemory { .. } => ErrorKind::DeviceCapacity,
            Self::NoDevice { .. } | Self::DeviceLost { .. } | Self::Device { .. } | Self::SelfTest { .. } => {
                ErrorKind::Device
            }
            Self::Stripe { error, .. } => error.kind(),
        }
    }

    /// Whether the device is the cause, not the call: the same call may succeed on another backend. True of the kinds
    /// [`ErrorKind::Device`] and [`ErrorKind::DeviceCapacity`].
    #[must_use]
    pub fn is_device_failure(&self) -> bool {
        matches!(self.kind(), ErrorKind::Device | ErrorKind::DeviceCapacity)
    }
}
