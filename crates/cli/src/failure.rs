//! The message of each error, some with advice, and its exit code.

use anyhow::Error;
use evariste_store::{BeyondRepair, Error as StoreError, Headerless, PathProblem, Reason, shard_name};

use crate::exit::{Exit, UsageError};
use crate::health;
use crate::interrupt::Interrupted;
use crate::ranges::counted;

/// Too little is left for a repair. The state of the set was printed before.
#[derive(Debug, thiserror::Error)]
#[error("beyond repair: nothing was changed{}", why.as_ref().map(|why| format!("; {why}")).unwrap_or_default())]
pub(crate) struct NotRepaired {
    /// Why the code cannot locate errors, if that was requested.
    pub(crate) why: Option<String>,
}

/// The exit code of an error, under any context.
pub(crate) fn exit(error: &Error) -> Exit {
    if error.is::<UsageError>() {
        return Exit::Usage;
    }
    let is_beyond_repair = error.is::<NotRepaired>()
        || match error.downcast_ref() {
            Some(StoreError::BeyondRepair(_)) => true,
            // A file of an unknown version may be undamaged.
            Some(StoreError::NoUsableHeader(files)) => !files.has_unknown(),
            _ => false,
        };
    if is_beyond_repair { Exit::BeyondRepair } else { Exit::Failed }
}

/// The message of an error, without the program's name.
pub(crate) fn message(error: &Error) -> String {
    let mut contexts = String::new();
    for cause in error.chain() {
        if let Some(store) = cause.downcast_ref::<StoreError>() {
            return contexts + &of_store(store);
        }
        contexts += &format!("{cause}: ");
    }
    format!("{error:#}")
}

/// The message of an error of the store.
fn of_store(error: &StoreError) -> String {
    match error {
        StoreError::BeyondRepair(beyond) => beyond_repair(beyond),
        StoreError::NoUsableHeader(files) => no_usable_header(files),
        StoreError::AmbiguousSet { dir, shards, ids } => {
            let (dir, sets, shards) = (dir.display(), ids.len(), counted(*shards as u64, "shard"));
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            let ids = ids.join(", ");
            format!("{dir} holds {sets} sets of {shards} each ({ids}): move all but one of them elsewhere")
        }
        StoreError::HoldsShards { .. } | StoreError::NameTaken { .. } => {
            format!("{error}: choose another directory")
        }
        StoreError::NotAFile { problem: PathProblem::Pipe, .. } => {
            format!("{error}: write its output to a file first")
        }
        StoreError::CorrectionUnknown => format!("{error}: try again, or with --backend cpu"),
        StoreError::PartlyRepaired { source, .. } => {
            format!("{error}: {}; run repair again to finish it", of_store(source))
        }
        StoreError::Cancelled => Interrupted.to_string(),
        _ => with_causes(error),
    }
}

/// An error and its causes, in one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |line, cause| format!("{line}: {cause}"))
}

fn beyond_repair(beyond: &BeyondRepair) -> String {
    let reasons: Vec<String> = beyond.reasons.iter().map(health::reason).collect();
    let mut message = format!("beyond repair: {}", reasons.join("; "));
    let is_missing_shards = matches!(beyond.reasons[..], [Reason::Shards(_)]);
    if is_missing_shards {
        for (index, lost) in &beyond.lost {
            message += &format!("\n  {}: {}", shard_name(*index), health::lost(lost));
        }
    }
    if beyond.may_be_located {
        message += if is_missing_shards { "\n  " } else { "; " };
        message += &health::locate(&beyond.dir);
    }
    message
}

fn no_usable_header(files: &Headerless) -> String {
    const SHOWN: usize = 16;
    let mut message = format!("no shard in {} has a header that can be used", files.dir.display());
    if !files.has_unknown() {
        message.insert_str(0, "beyond repair: ");
    }
    for (name, flaw) in files.flaws.iter().take(SHOWN) {
        message += &format!("\n  {}: {flaw}", name.display());
    }
    if files.flaws.len() > SHOWN {
        message += &format!("\n  and {} more", files.flaws.len() - SHOWN);
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;
    use std::path::PathBuf;

    fn wrapped(error: Error) -> Error {
        Err::<(), _>(error).context("while trying").unwrap_err()
    }

    #[test]
    fn an_error_keeps_its_code_under_context() {
        assert_eq!(exit(&wrapped(UsageError("x".into()).into())), Exit::Usage);
        assert_eq!(exit(&wrapped(NotRepaired { why: None }.into())), Exit::BeyondRepair);
        assert_eq!(exit(&wrapped(std::io::Error::other("x").into())), Exit::Failed);
        assert_eq!(exit(&wrapped(StoreError::NoShards { dir: PathBuf::new() }.into())), Exit::Failed);
    }

    #[test]
    fn an_error_of_the_store_keeps_its_context_and_gets_advice() {
        let error = || StoreError::HoldsShards { dir: "here".into(), name: "000.shard".into() };
        let words = "here already holds shards (000.shard): choose another directory";
        assert_eq!(message(&error().into()), words);
        assert_eq!(message(&wrapped(error().into())), format!("while trying: {words}"));
        assert_eq!(message(&wrapped(UsageError("x".into()).into())), "while trying: x");
        assert_eq!(message(&StoreError::Cancelled.into()), "interrupted");
    }
}
