//! Exit codes, and the command's own errors that choose them. `failure` knows which error has which code.

use std::process::ExitCode;

/// What a verb found. The codes are part of the command's interface: scripts read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The verb did what it was asked; the set is whole.
    Whole,
    /// `verify`: something is damaged, and `repair` can mend it. `bench`: a result is wrong.
    Damaged,
    /// Too little is left: this set cannot give its file back.
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
   1  verify: damaged, and repair can mend it; bench: a wrong result
   2  beyond repair: too little is left, or it is not the file that was protected
   3  could not run
  64  wrong usage

Sizes are bytes, or KiB, MiB, GiB that come to whole bytes: 4096, 64KiB, 1.25GiB.
Shard files: docs/shard-format.md. Environment: RUST_LOG=evariste=info says more, EVARISTE_DEVICE chooses a GPU.";

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

/// Arguments that are each well formed and together impossible.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);
