//! What a repair says about a file that it renamed.

use std::ffi::OsString;

/// A file that a repair gave another name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Renaming {
    /// Its name before.
    pub from: OsString,
    /// Its name now.
    pub to: OsString,
    /// Whether it had to make way for a shard, rather than to get its own name.
    pub is_aside: bool,
}
