//! Codes by name, as values of flags.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use evariste_store::CodeName;

/// Reads the name of a code; `--help` lists them.
pub fn parser() -> impl TypedValueParser<Value = CodeName> {
    PossibleValuesParser::new(CodeName::ALL.map(|code| PossibleValue::new(code.as_str()).help(help(code))))
        .try_map(|name| CodeName::from_name(&name).ok_or("not a code"))
}

fn help(code: CodeName) -> &'static str {
    match code {
        CodeName::Vandermonde => {
            "Reed-Solomon, the bytes of reed-solomon-erasure and klauspost/reedsolomon; any 256 shards"
        }
        CodeName::Cauchy => "Reed-Solomon, the bytes of ISA-L's cauchy1; any 256 shards",
        CodeName::Raid5 => "One parity shard, the XOR of the data",
        CodeName::Raid6 => "Two parity shards, the P and Q of Linux md",
        CodeName::IsalRs => {
            "Powers of two, the bytes of ISA-L's gf_gen_rs_matrix; up to 21+4, 4+21 or 5+5, or 3 shards of either kind"
        }
        CodeName::JerasureVan => "Reed-Solomon, the bytes of Jerasure's reed_sol_van; any 256 shards",
        CodeName::Snapraid => "raid6's P and Q and further parities, the bytes of SnapRAID; any 256 shards",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_can_be_named() {
        let command = clap::Command::new("x").arg(clap::Arg::new("code").value_parser(parser()));
        for code in CodeName::ALL {
            let matches = command.clone().try_get_matches_from(["x", code.as_str()]).unwrap();
            assert_eq!(matches.get_one::<CodeName>("code"), Some(&code));
        }
    }
}
