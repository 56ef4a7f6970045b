//! The suite `fusion`: the gain of doing several things in one call, which crosses memory or PCIe only once.
//!
//! A section measures in turn the plain call, the call that does everything, and separate public calls with the same result. Each
//! row says how many bytes crossed, and compares its speed with the plain call's.

mod damage;
mod registered;
mod registered_checksums;
mod registered_correct;
mod registered_patterns;
mod resident_checksums;
mod resident_correct;
mod ways;

use std::io::Write;

use anyhow::Result;
use clap::ValueEnum;

use crate::args::{Case, Output, Sizes};
use crate::outcome::Outcome;
use crate::random::Random;
use crate::rows::Rows;
use ways::Run;

pub(crate) use ways::TABLE;

/// Arguments of `bench fusion`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    sizes: Sizes,
    /// Section to measure; repeatable [default: each]
    #[arg(long = "section", value_name = "SECTION", value_enum)]
    sections: Vec<Section>,
    #[command(flatten)]
    output: Output,
}

/// Things that one call does together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Section {
    /// Encode and checksum every block, of shards in device memory
    ResidentChecksums,
    /// The same, of shards in host memory that is registered with the GPU
    RegisteredChecksums,
    /// Rebuild as many data shards as there are parity shards, and checksum everything read or written, in registered memory
    RegisteredRebuildChecksums,
    /// Check, locate the errors and correct them, in shards in device memory
    ResidentCorrect,
    /// The same, in shards in registered memory
    RegisteredCorrect,
    /// Rebuild many stripes, each with different lost shards, in registered memory
    RegisteredPatterns,
}

pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome> {
    let sections = if args.sections.is_empty() { Section::value_variants() } else { &args.sections };
    if sections.iter().any(|section| matches!(section, Section::ResidentCorrect | Section::RegisteredCorrect)) {
        damage::check(&args.sizes)?;
    }
    let mut run = Run {
        sizes: &args.sizes,
        inject_fault: args.output.inject_fault,
        rows: Rows::new(&TABLE, &args.output, out),
        random: Random::fresh()?,
    };
    for section in sections {
        match section {
            Section::ResidentChecksums => resident_checksums::measure(&mut run)?,
            Section::RegisteredChecksums => registered_checksums::measure(&mut run, Case::Encode)?,
            Section::RegisteredRebuildChecksums => registered_checksums::measure(&mut run, Case::Reconstruct)?,
            Section::ResidentCorrect => resident_correct::measure(&mut run)?,
            Section::RegisteredCorrect => registered_correct::measure(&mut run)?,
            Section::RegisteredPatterns => registered_patterns::measure(&mut run)?,
        }
    }
    run.rows.finish()
}
