//! Flat codes by name, as values of flags.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use evariste::Layout;

/// The default of every flag that names a code.
pub const DEFAULT: &str = Layout::FLAT[0];

/// The help text of each of [`Layout::FLAT`].
const HELP: [(&str, &str); Layout::FLAT.len()] = [
    (
        "vandermonde",
        "Reed-Solomon, the bytes of reed-solomon-erasure and klauspost/reedsolomon; up to 256 shards; rs is short for it",
    ),
    ("cauchy", "Reed-Solomon, the bytes of ISA-L's cauchy1; up to 256 shards"),
    ("raid5", "One parity shard, the XOR of the data"),
    ("raid6", "Two parity shards, the P and Q of Linux md"),
    (
        "isal-rs",
        "Powers of two, the bytes of ISA-L's gf_gen_rs_matrix; up to 21+4, 4+21 or 5+5, or 3 shards of either kind",
    ),
    ("jerasure-van", "Reed-Solomon, the bytes of Jerasure's reed_sol_van; up to 256 shards"),
    ("snapraid", "raid6's P and Q and further parities, the bytes of SnapRAID; up to 256 shards"),
];

/// The name of the default code in a [`Layout`], such as `rs:10+4`. It is read as [`DEFAULT`].
const ALIAS: &str = "rs";

/// Reads the name of a flat code, one of [`Layout::FLAT`]; `--help` lists them.
pub fn parser() -> impl TypedValueParser<Value = String> {
    let values = HELP.map(|(name, help)| match name {
        DEFAULT => PossibleValue::new(name).help(help).alias(ALIAS),
        _ => PossibleValue::new(name).help(help),
    });
    PossibleValuesParser::new(values).map(|name| if name == ALIAS { DEFAULT.to_owned() } else { name })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_can_be_named() {
        let command = clap::Command::new("x").arg(clap::Arg::new("code").value_parser(parser()));
        let read = |name: &str| {
            let matches = command.clone().try_get_matches_from(["x", name])?;
            Ok::<_, clap::Error>(matches.get_one::<String>("code").cloned())
        };
        for name in Layout::FLAT {
            assert_eq!(read(name).unwrap().as_deref(), Some(name));
        }
        assert_eq!(read("rs").unwrap().as_deref(), Some(DEFAULT));
        assert!(read("raid9").is_err());
    }
}
