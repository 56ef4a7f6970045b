//! What goes wrong when a suite runs.

/// Why a suite did not run to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The arguments are each well formed and together impossible.
    #[error("{0}")]
    Usage(String),
    /// A measurement could not be made.
    #[error(transparent)]
    Failed(anyhow::Error),
}

/// Arguments that are each well formed and together impossible: the inner error that becomes [`Error::Usage`].
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UsageError(pub(crate) String);

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        match error.downcast::<UsageError>() {
            Ok(UsageError(text)) => Self::Usage(text),
            Err(error) => Self::Failed(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context;

    #[test]
    fn wrong_usage_is_told_apart() {
        let usage = Error::from(anyhow::Error::new(UsageError("no".to_owned())));
        assert!(matches!(&usage, Error::Usage(text) if text == "no"), "{usage:?}");
        let failed = std::fs::File::open("/nonexistent/file").context("while trying").map(drop).unwrap_err();
        let text = format!("{:#}", Error::from(failed));
        assert!(text.starts_with("while trying: "), "{text}");
    }
}
