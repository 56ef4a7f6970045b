//! Problems of a file in the directory of a set.

use std::ffi::OsString;
use std::io;
use std::sync::Arc;

use crate::format::{FormatError, SetId};

/// Why a file cannot be used as a shard.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Flaw {
    /// The system cannot read it.
    #[error("unreadable: {0}")]
    Unreadable(Arc<io::Error>),
    /// It is not a complete shard file.
    #[error("{0}")]
    Format(#[from] FormatError),
}

impl From<io::Error> for Flaw {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(Arc::new(error))
    }
}

/// Why a file in the directory does not belong to the set.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StrayKind {
    /// It is a shard of another set.
    Foreign(SetId),
    /// It has the set's id but other counts or sizes, so one of the headers is wrong.
    Contradicting,
    /// It has no usable header, so its set is unknown.
    Flawed(Flaw),
}

/// Why no file can be used for a shard.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Lost {
    /// No file holds it.
    Missing,
    /// A directory, a pipe or the like has its name.
    NotAFile,
    /// Its file cannot be used.
    Flawed {
        /// The file's name, if it is not the canonical one.
        found_as: Option<OsString>,
        /// What is wrong with it.
        flaw: Flaw,
    },
    /// The file with its name does not belong to the set.
    Stray(StrayKind),
}

impl StrayKind {
    /// Whether the file may still be useful. Such a file is never overwritten.
    pub(crate) fn is_worth_keeping(&self) -> bool {
        match self {
            Self::Foreign(_) | Self::Contradicting => true,
            Self::Flawed(Flaw::Format(error)) => error.is_unknown(),
            Self::Flawed(Flaw::Unreadable(_)) => false,
        }
    }
}
