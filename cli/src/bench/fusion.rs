//! The suite `fusion`: what is won by doing two things in one call, while memory or PCIe is crossed once.
//!
//! A section, a file each, measures the plain call, the one that does both, and as many calls as there are things to do, in
//! turn. Each row says how many bytes crossed, and its speed against the plain call.

mod registered;
mod resident;
mod row;

use std::io::Write;

use anyhow::Result;

use super::args::{Fusion, Section};
use super::random::Random;
use super::row::Rows;
use crate::exit::Exit;

const SECTIONS: [Section; 2] = [Section::ResidentChecksums, Section::RegisteredChecksums];

pub(super) fn run(args: &Fusion, out: &mut dyn Write) -> Result<Exit> {
    let sections = if args.sections.is_empty() { &SECTIONS[..] } else { &args.sections };
    let mut random = Random::fresh()?;
    let mut rows = Rows::new(&args.output, out);
    for section in sections {
        match section {
            Section::ResidentChecksums => resident::measure(args, &mut rows, &mut random)?,
            Section::RegisteredChecksums => registered::measure(args, &mut rows, &mut random)?,
        }
    }
    rows.finish()
}
