//! Exit codes, and the error for wrong usage. `failure` decides the code of an error.

use std::process::ExitCode;

/// The result of a verb. The codes are part of the command's interface: scripts read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The verb succeeded. For `verify`, the set is whole.
    Whole,
    /// `verify`: something is damaged, but `repair` can rebuild it. `bench`: a result is wrong.
    Damaged,
    /// The file of the set cannot be restored.
    BeyondRepair,
    /// The verb could not run.
    Failed,
    /// The command line was wrong.
    Usage,
}

/// The table that `--help` shows.
pub(crate) const HELP: &str = "\
Exit codes:
   0  done; verify: the set is whole
   1  verify: damaged, but repairable; bench: a wrong result
   2  beyond repair: too few good shards or blocks, or the file's hash is wrong
   3  could not run
  64  wrong usage

A size is a whole number of bytes, such as 4096, 64KiB, 1.25GiB or 4TB.
Environment: RUST_LOG=evariste=info prints more, EVARISTE_DEVICE chooses a GPU.
docs/command.md describes the verbs, docs/shard-format.md the shard files.";

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Whole => 0,
            Exit::Damaged => 1,
            Exit::BeyondRepair => 2,
            Exit::Failed => 3,
            Exit::Usage => 64,
        })
    }
}

/// Arguments that are well formed but impossible, alone or together.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);
