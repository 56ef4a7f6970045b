//! The suite `correct`: shards that are wrong nobody knows where are made right, beside a check of the same shards.
//!
//! `resident` measures shards in device memory by the device's clock, `registered` calls on shards in host memory by the
//! wall's. Damage is done anew before each call and not timed.

mod registered;
mod resident;
mod row;

use std::io::Write;

use anyhow::Result;
use evariste::Report;

use super::args::Correct;
use super::lab::{Lab, NoRoom};
use super::random::Random;
use super::row::Rows;
use super::setup::{self, Setup};
use crate::exit::{Exit, UsageError};
use crate::interrupt;

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Damage {
    Nothing,
    /// One block of one shard.
    Block,
    /// One shard, all of it.
    Shard,
    /// Two shards, all of both.
    TwoShards,
}

impl Damage {
    const ALL: [Self; 4] = [Self::Nothing, Self::Block, Self::Shard, Self::TwoShards];

    fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "clean",
            Self::Block => "block",
            Self::Shard => "shard",
            Self::TwoShards => "2 shards",
        }
    }

    /// Bytes of each shard that are wrong, from its first on, and which shards.
    fn extent(self, setup: &Setup) -> (usize, &'static [usize]) {
        // Every code with two parity shards has these.
        const SHARDS: [usize; 2] = [2, 0];
        match self {
            Self::Nothing => (0, &[]),
            Self::Block => (evariste::backend::BLOCK_BYTES.min(setup.unit_bytes), &SHARDS[..1]),
            Self::Shard => (setup.unit_bytes, &SHARDS[..1]),
            Self::TwoShards => (setup.unit_bytes, &SHARDS),
        }
    }

    /// Whether a report names these shards and nothing else, and of each about as many bytes as random ones are wrong.
    fn is_reported(self, setup: &Setup, report: &Report) -> bool {
        let (bytes, shards) = self.extent(setup);
        let count = |shard: usize| -> usize {
            let of_shard = report.corrections.iter().filter(|found| found.slot as usize == shard);
            of_shard.map(|found| found.count as usize).sum()
        };
        let total: usize = report.corrections.iter().map(|found| found.count as usize).sum();
        let right = |&shard: &usize| (bytes - bytes / 64..=bytes).contains(&count(shard));
        report.uncorrectable.is_empty()
            && report.mismatches.is_empty()
            && shards.iter().all(right)
            && total == shards.iter().map(|&shard| count(shard)).sum::<usize>()
    }
}

pub(super) fn run(args: &Correct, out: &mut dyn Write) -> Result<Exit> {
    let lab = Lab::open()?;
    let defaults = if lab.software { setup::CORRECT_SOFTWARE } else { setup::CORRECT };
    let mut random = Random::fresh()?;
    let mut rows = Rows::new(&args.output, out);
    for setup in Setup::all(&args.sizes, None, defaults)? {
        if setup.code.parity_shards() < 2 {
            return Err(UsageError("one parity shard locates nothing: --shape must have more".to_owned()).into());
        }
        for damage in Damage::ALL {
            // Two errors need four syndromes.
            if damage == Damage::TwoShards && setup.code.parity_shards() < 4 {
                continue;
            }
            interrupt::check()?;
            let what = format!("{} {} of {} bytes", damage.as_str(), setup.shape(), setup.shard_bytes());
            rows.doing(what.clone());
            match resident::measure(&lab, &setup, damage, args.output.inject_fault, &mut random) {
                Ok(measured) => measured.into_iter().try_for_each(|row| rows.push(row))?,
                Err(error) if setup.by_default && error.is::<NoRoom>() => log::warn!("left out: {what}: {error}"),
                Err(error) => return Err(error),
            }
        }
        rows.doing(format!("calls on {} of {} bytes", setup.shape(), setup.shard_bytes()));
        registered::measure(&setup, args.output.inject_fault, &mut random)?
            .into_iter()
            .try_for_each(|row| rows.push(row))?;
    }
    rows.finish()
}
