//! Flat codes by name, as values of flags.

use clap::builder::{PossibleValue, PossibleValuesParser};
use evariste::Layout;

/// The default of every flag that names a code.
pub const DEFAULT: &str = Layout::FLAT[0];

/// The help text of each of [`Layout::FLAT`].
const HELP: [(&str, &str); Layout::FLAT.len()] = [
    ("vandermonde", "Reed-Solomon, the bytes of reed-solomon-erasure and klauspost/reedsolomon; any 256 shards"),
    ("cauchy", "Reed-Solomon, the bytes of ISA-L's cauchy1; any 256 shards"),
    ("raid5", "One parity shard, the XOR of the data"),
    ("raid6", "Two parity shards, the P and Q of Linux md"),
    (
        "isal-rs",
        "Powers of two, the bytes of ISA-L's gf_gen_rs_matrix; up to 21+4, 4+21 or 5+5, or 3 shards of either kind",
    ),
    ("jerasure-van", "Reed-Solomon, the bytes of Jerasure's reed_sol_van; any 256 shards"),
    ("snapraid", "raid6's P and Q and further parities, the bytes of SnapRAID; any 256 shards"),
];

/// Reads the name of a flat code, one of [`Layout::FLAT`]; `--help` lists them.
pub fn parser() -> PossibleValuesParser {
    PossibleValuesParser::new(HELP.map(|(name, help)| PossibleValue::new(name).help(help)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_can_be_named() {
        let command = clap::Command::new("x").arg(clap::Arg::new("code").value_parser(parser()));
        for name in Layout::FLAT {
            let matches = command.clone().try_get_matches_from(["x", name]).unwrap();
            assert_eq!(matches.get_one::<String>("code").map(String::as_str), Some(name));
        }
    }
}
