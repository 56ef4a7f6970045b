//! Flags that several suites have.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};

use crate::code;
use crate::error::UsageError;
use crate::size;

/// Codes, and sizes of shards.
#[derive(Debug, Args)]
pub(crate) struct Sizes {
    /// Data and parity shards, K+M; repeatable [default: depends on suite and machine]
    #[arg(long = "shape", value_name = "K+M")]
    pub(crate) shapes: Vec<Shape>,
    /// Code: how parity follows from data
    #[arg(long, value_name = "NAME", value_parser = code::parser(), default_value = code::DEFAULT)]
    pub(crate) code: String,
    /// Bytes of one shard, in all its stripes; repeatable
    #[arg(long = "shard", value_name = "SIZE", value_parser = size::parse, conflicts_with = "bytes")]
    pub(crate) shard: Vec<u64>,
    /// Bytes of data in all shards together; repeatable [default: depends on suite and machine]
    #[arg(long = "bytes", value_name = "SIZE", value_parser = size::parse)]
    pub(crate) bytes: Vec<u64>,
}

/// Codes and sizes, the division of shards into stripes, and the cases to measure.
#[derive(Debug, Args)]
pub(crate) struct Work {
    #[command(flatten)]
    pub(crate) sizes: Sizes,
    /// Bytes of a shard in one stripe; makes many stripes [default: one stripe]
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    pub(crate) unit: Option<u64>,
    /// What to measure; repeatable [default: encode, reconstruct, check]
    #[arg(long = "case", value_name = "CASE", value_enum)]
    cases: Vec<Case>,
}

impl Work {
    /// The requested cases, or the default ones.
    ///
    /// # Errors
    /// If the case `patterns` is requested without a unit.
    pub(crate) fn cases(&self) -> Result<&[Case], UsageError> {
        if self.cases.contains(&Case::Patterns) && self.unit.is_none() {
            return Err(UsageError("the case patterns needs --unit".to_owned()));
        }
        Ok(if self.cases.is_empty() { &[Case::Encode, Case::Reconstruct, Case::Check] } else { &self.cases })
    }
}

/// Where to write the rows, and whether to inject a fault.
#[derive(Debug, Args)]
pub(crate) struct Output {
    /// Write the rows as JSON; - writes them, and nothing else, to standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Flip one bit of each result before it is verified: every row must then be wrong
    #[arg(long)]
    pub(crate) inject_fault: bool,
}

/// Data and parity shards of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) data_shards: usize,
    pub(crate) parity_shards: usize,
}

impl FromStr for Shape {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| text.parse().ok().filter(|&count| count > 0);
        let shape = text
            .split_once('+')
            .and_then(|(data, parity)| Some(Self { data_shards: number(data)?, parity_shards: number(parity)? }));
        shape.ok_or_else(|| format!("\"{text}\" is not a shape: write data and parity shards as 10+4"))
    }
}

/// An operation on the shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Case {
    /// Compute parity from data
    Encode,
    /// Rebuild the first data shards, as many as there are parity shards
    Reconstruct,
    /// Check that parity follows from data
    Check,
    /// Rebuild 1 to M random shards of every stripe, different ones in each, in one call; needs --unit
    Patterns,
}

impl Case {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Encode => "encode",
            Self::Reconstruct => "reconstruct",
            Self::Check => "check",
            Self::Patterns => "patterns",
        }
    }
}

/// Where to compute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Where {
    /// A GPU
    Gpu,
    /// The CPU
    Cpu,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_read() {
        assert_eq!("10+4".parse(), Ok(Shape { data_shards: 10, parity_shards: 4 }));
        for text in ["", "10", "10+", "+4", "0+4", "10+0", "10+4+1", "-1+4", "10 + 4"] {
            assert!(text.parse::<Shape>().is_err(), "{text}");
        }
    }
}
