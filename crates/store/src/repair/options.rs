//! How a set is repaired.

/// How a set is repaired. The default, [`RepairOptions::new`], trusts the checksums.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
#[must_use = "options do nothing until a set is repaired with them"]
pub struct RepairOptions {
    /// Whether the code may locate errors. Default: no.
    pub locate: bool,
}

impl RepairOptions {
    /// The default.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether a set that is beyond repair by its checksums is checked again by the code: shards with damaged tables are used,
    /// and blocks that pass their checksum may be wrong too. A code that cannot locate errors takes such blocks as they are.
    /// The file's hash decides in either case.
    pub fn locate(self, locate: bool) -> Self {
        Self { locate, ..self }
    }
}
