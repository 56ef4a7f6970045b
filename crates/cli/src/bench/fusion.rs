//! The suite `fusion`: what is won by doing several things in one call, while memory or PCIe is crossed once.
//!
//! A section measures the plain call, the one that does it all, and the public calls that come to the same one after another,
//! in turn. Each row says how many bytes crossed, and its speed against the plain call.

mod damage;
mod registered;
mod registered_checksums;
mod registered_correct;
mod registered_patterns;
mod resident_checksums;
mod resident_correct;
mod row;

use std::io::Write;

use anyhow::Result;

use super::args::{Case, Fusion, Section};
use super::random::Random;
use super::row::Rows;
use crate::exit::Exit;

const SECTIONS: [Section; 6] = [
    Section::ResidentChecksums,
    Section::RegisteredChecksums,
    Section::RegisteredRebuildChecksums,
    Section::ResidentCorrect,
    Section::RegisteredCorrect,
    Section::RegisteredPatterns,
];

pub(super) fn run(args: &Fusion, out: &mut dyn Write) -> Result<Exit> {
    let sections = if args.sections.is_empty() { &SECTIONS[..] } else { &args.sections };
    if sections.iter().any(|section| matches!(section, Section::ResidentCorrect | Section::RegisteredCorrect)) {
        damage::check(&args.sizes)?;
    }
    let mut random = Random::fresh()?;
    let mut rows = Rows::new(&args.output, out);
    for section in sections {
        match section {
            Section::ResidentChecksums => resident_checksums::measure(args, &mut rows, &mut random)?,
            Section::RegisteredChecksums => {
                registered_checksums::measure(args, Case::Encode, &mut rows, &mut random)?;
            }
            Section::RegisteredRebuildChecksums => {
                registered_checksums::measure(args, Case::Reconstruct, &mut rows, &mut random)?;
            }
            Section::ResidentCorrect => resident_correct::measure(args, &mut rows, &mut random)?,
            Section::RegisteredCorrect => registered_correct::measure(args, &mut rows, &mut random)?,
            Section::RegisteredPatterns => registered_patterns::measure(args, &mut rows, &mut random)?,
        }
    }
    rows.finish()
}
