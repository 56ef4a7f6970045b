//! The error type of this crate.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::format::SetId;
use crate::loss::{BeyondRepair, Headerless};
use crate::renaming::Renaming;
use crate::shape::ShapeError;

/// Every error of this crate, with the paths and numbers that a caller needs to act.
///
/// An operation writes under temporary names and removes those files when it fails, so after an error no file has changed. There
/// are two exceptions: [`Error::PartlyRepaired`], and [`Error::Io`] with [`Action::SyncDirectory`] from a restore.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Too little of the set is left, or the rebuilt file does not have the recorded hash.
    #[error("{0}")]
    BeyondRepair(Box<BeyondRepair>),
    /// The directory holds no shards.
    #[error("no shards in {}", dir.display())]
    NoShards {
        /// The directory.
        dir: PathBuf,
    },
    /// The directory holds files that look like shards, but none of them has a usable header.
    #[error("{0}")]
    NoUsableHeader(Box<Headerless>),
    /// Several sets in one directory have the same, largest number of shards.
    #[error("{} holds {} sets of {shards} shards each", dir.display(), ids.len())]
    AmbiguousSet {
        /// The directory.
        dir: PathBuf,
        /// How many shards each of these sets has there.
        shards: usize,
        /// The sets, in ascending order.
        ids: Vec<SetId>,
    },
    /// The numbers do not make a set.
    #[error(transparent)]
    Shape(#[from] ShapeError),
    /// The file to protect does not fit the format.
    #[error("cannot protect {}", path.display())]
    FileTooLong {
        /// The file.
        path: PathBuf,
        /// Its length and the limit.
        source: ShapeError,
    },
    /// The code of a set cannot be built.
    #[error("set {id} in {}", dir.display())]
    Code {
        /// The set.
        id: SetId,
        /// The directory of its shards.
        dir: PathBuf,
        /// The cause.
        source: evariste::Error,
    },
    /// The file to protect changed its length while it was read.
    #[error("{} changed while it was read: it was {file_bytes} bytes and became {}", path.display(), if *grew { "longer" } else { "shorter" })]
    FileChanged {
        /// The file.
        path: PathBuf,
        /// Its length at the beginning.
        file_bytes: u64,
        /// Whether it became longer rather than shorter.
        grew: bool,
    },
    /// The directory for new shards holds shards already.
    #[error("{} already holds shards ({})", dir.display(), name.display())]
    HoldsShards {
        /// The directory.
        dir: PathBuf,
        /// The first of them.
        name: OsString,
    },
    /// A directory, a pipe or the like has the name of a shard that would be written.
    #[error("{} holds {name}, which is not a file", dir.display())]
    NameTaken {
        /// The directory.
        dir: PathBuf,
        /// The name.
        name: String,
    },
    /// A path that cannot be read or written as a file.
    #[error("{} {problem}", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// The reason.
        problem: PathProblem,
    },
    /// The system refused to read or write.
    #[error("{action} {}", path.display())]
    Io {
        /// The operation.
        action: Action,
        /// The file or directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The system refused to rename a file.
    #[error("cannot rename {} to {}", from.display(), to.display())]
    Rename {
        /// The file.
        from: PathBuf,
        /// Its new name.
        to: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The system refused to write a shard, for example because the disk is full.
    #[error("cannot write shard {shard}")]
    WriteShard {
        /// The shard's index.
        shard: usize,
        /// The system's reason.
        source: io::Error,
    },
    /// The system gave no random number for the set's id.
    #[error("the system gives no random number for the set")]
    Random(#[source] getrandom::Error),
    /// There is no memory for a batch of stripes.
    #[error("cannot hold {stripes} stripes of {stripe_bytes} bytes in memory")]
    Memory {
        /// Stripes of a batch.
        stripes: usize,
        /// Bytes of all units of one stripe.
        stripe_bytes: u64,
        /// The cause.
        source: evariste::Error,
    },
    /// The backend failed, for example because a device was lost.
    #[error(transparent)]
    Backend(#[from] evariste::Error),
    /// The backend reported a place that does not exist, so nothing in its report can be used. Backends of this project do not.
    #[error("the backend reported {what} {index}, but there are only {count}")]
    BackendReport {
        /// `shard`, or `byte` for a byte of a shard in a batch.
        what: &'static str,
        /// Its index, counted from 0.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// A device failed while it corrected errors. Its corrections up to then are unknown, so the operation must be repeated,
    /// preferably on the CPU.
    #[error("a device failed while it corrected")]
    CorrectionUnknown,
    /// A repair failed while files got their names, after its new shards were complete. The fields list the changes
    /// that were made. Running the repair again makes the other changes.
    #[error("the repair stopped after {} renamings and {} of {wanted} new shards", renamed.len(), placed.len())]
    PartlyRepaired {
        /// Files that were renamed.
        renamed: Vec<Renaming>,
        /// Indices of new shards that have their names.
        placed: Vec<usize>,
        /// How many new shards there were.
        wanted: usize,
        /// The cause.
        source: Box<Error>,
    },
    /// The system refused to start a thread.
    #[error("cannot start a thread")]
    Thread {
        /// The system's reason.
        source: io::Error,
    },
    /// [`Watch::is_cancelled`](crate::Watch::is_cancelled) returned true.
    #[error("cancelled")]
    Cancelled,
}

/// An operation that the system refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// To read a file.
    Read,
    /// To write a file.
    Write,
    /// To list a directory.
    ReadDirectory,
    /// To make a directory.
    MakeDirectory,
    /// To put a directory's names on disk.
    SyncDirectory,
    /// To make a file in a directory.
    CreateIn,
    /// To resolve a path.
    Resolve,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "cannot read",
            Self::Write => "cannot write",
            Self::ReadDirectory => "cannot read the directory",
            Self::MakeDirectory => "cannot make the directory",
            Self::SyncDirectory => "cannot sync the directory",
            Self::CreateIn => "cannot create a file in",
            Self::Resolve => "cannot find",
        })
    }
}

/// Why a path cannot be read or written as a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PathProblem {
    /// The file to protect is a directory.
    Directory,
    /// The file to protect is a pipe, which has no length.
    Pipe,
    /// Something that is not a file has the name of the file to write.
    Occupied,
    /// The path ends in `..` or is empty.
    NoName,
    /// The file's name is not UTF-8.
    NotUtf8,
}

impl fmt::Display for PathProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Directory => "is a directory",
            Self::Pipe => "is a pipe",
            Self::Occupied => "exists and is not a file",
            Self::NoName => "does not name a file",
            Self::NotUtf8 => "is not UTF-8",
        })
    }
}

impl From<BeyondRepair> for Error {
    fn from(beyond: BeyondRepair) -> Self {
        Self::BeyondRepair(Box::new(beyond))
    }
}

impl Error {
    /// For `map_err`: the system refused this.
    pub(crate) fn io(action: Action, path: &Path) -> impl Fn(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path: path.clone(), source }
    }
}
