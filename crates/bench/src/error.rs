//! Errors of a suite.

/// Why a suite did not finish.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The arguments are well formed but impossible, alone or together.
    #[error("{0}")]
    Usage(String),
    /// A measurement could not be made.
    #[error(transparent)]
    Failed(anyhow::Error),
}

/// The inner error that becomes [`Error::Usage`].
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
    fn usage_errors_are_distinguished_from_failures() {
        let usage = Error::from(anyhow::Error::new(UsageError("no".to_owned())));
        assert!(matches!(&usage, Error::Usage(text) if text == "no"), "{usage:?}");
        let failed = std::fs::File::open("/nonexistent/file").context("while trying").map(drop).unwrap_err();
        let text = format!("{:#}", Error::from(failed));
        assert!(text.starts_with("while trying: "), "{text}");
    }
}
