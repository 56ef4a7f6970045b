//! A repair's report of a file that it renamed.

use std::ffi::OsString;

/// A file that a repair renamed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Renaming {
    /// Its old name.
    pub from: OsString,
    /// Its new name.
    pub to: OsString,
    /// Whether it was moved aside to free its name for a shard. If not, it is a shard that got its own name.
    pub is_aside: bool,
}
