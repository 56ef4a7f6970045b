//! The damage that is done to shards before they are corrected.

use anyhow::Result;
use evariste::Report;
use evariste::backend::BLOCK_BYTES;

use crate::args::Sizes;
use crate::error::UsageError;
use crate::setup::{self, Setup};

/// Which bytes are wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    Nothing,
    /// One block of one shard.
    Block,
    /// All of one shard.
    Shard,
    /// All of two shards.
    TwoShards,
}

impl Damage {
    pub(super) const ALL: [Self; 4] = [Self::Nothing, Self::Block, Self::Shard, Self::TwoShards];

    pub(super) fn case(self) -> &'static str {
        match self {
            Self::Nothing => "correct clean",
            Self::Block => "correct block",
            Self::Shard => "correct shard",
            Self::TwoShards => "correct 2 shards",
        }
    }

    /// Whether the code can locate it: e errors need 2e syndromes.
    pub(super) fn is_within(self, setup: &Setup) -> bool {
        2 * self.extent(setup).1.len() <= setup.code.parity_shards()
    }

    /// How many bytes of each wrong shard are wrong, from its first byte on; and the wrong shards.
    pub(super) fn extent(self, setup: &Setup) -> (usize, &'static [usize]) {
        // Every code with two parity shards has these.
        const SHARDS: [usize; 2] = [2, 0];
        match self {
            Self::Nothing => (0, &[]),
            Self::Block => (BLOCK_BYTES.min(setup.unit_bytes), &SHARDS[..1]),
            Self::Shard => (setup.unit_bytes, &SHARDS[..1]),
            Self::TwoShards => (setup.unit_bytes, &SHARDS),
        }
    }

    /// Bytes of all shards that are wrong.
    pub(super) fn wrong_bytes(self, setup: &Setup) -> usize {
        let (bytes, wrong) = self.extent(setup);
        bytes * wrong.len()
    }

    /// Whether a report names these shards and no other, with about as many wrong bytes as random bytes make.
    pub(super) fn is_reported(self, setup: &Setup, report: &Report) -> bool {
        let (bytes, shards) = self.extent(setup);
        let count = |shard: usize| -> usize {
            let of_shard = report.corrections.iter().filter(|found| found.slot == shard);
            of_shard.map(|found| found.count as usize).sum()
        };
        let total: usize = report.corrections.iter().map(|found| found.count as usize).sum();
        let right = |&shard: &usize| (bytes.saturating_sub(bytes / 64 + 8)..=bytes).contains(&count(shard));
        report.uncorrectable.is_empty()
            && report.mismatches.is_empty()
            && shards.iter().all(right)
            && total == shards.iter().map(|&shard| count(shard)).sum::<usize>()
    }
}

/// Checks that every chosen code can locate an error.
pub(super) fn check(sizes: &Sizes) -> Result<()> {
    for setup in Setup::all(sizes, None, setup::CORRECT)? {
        if setup.code.parity_shards() < 2 {
            let text = "one parity shard cannot locate an error: choose a --shape with more, or a --section without correction";
            return Err(UsageError(text.to_owned()).into());
        }
        setup.code.grs().map_err(|error| UsageError(error.to_string()))?;
    }
    Ok(())
}
