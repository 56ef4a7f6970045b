//! The outcome of a suite.

/// How a suite ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// Every result was right.
    Right,
    /// At least one result was wrong; its row says so.
    Wrong,
}
