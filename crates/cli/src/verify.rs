//! `evariste verify`: reads everything, changes nothing, says what it found.

use std::io::Write;

use anyhow::Result;
use evariste::Codec;

use crate::args;
use crate::exit::Exit;
use crate::health::{self, Verdict};
use crate::set::Set;
use crate::walk::Purpose;

pub(crate) fn run(args: &args::Verify, out: &mut dyn Write) -> Result<Exit> {
    let backend = args.compute.backend.open()?;
    let mut set = Set::open(&args.dir)?;
    let codec = Codec::on(set.code.clone(), backend);
    let health = health::check(Purpose::Verify, &mut set, &codec)?;
    health.write(&set, out)?;
    Ok(match health.verdict {
        Verdict::Whole => Exit::Whole,
        Verdict::Repairable => Exit::Damaged,
        Verdict::BeyondRepair(_) => Exit::BeyondRepair,
    })
}
