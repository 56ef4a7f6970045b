//! `bench`: the suites of `evariste-bench` as a verb, with the command's exit codes.

use std::io::Write;

use anyhow::Result;
use clap::Command;
use evariste_bench::{Error, Outcome};

use crate::exit::{self, Exit, UsageError};

pub(crate) use evariste_bench::Bench;

/// Runs a suite and writes its rows.
pub(crate) fn run(args: &Bench, out: &mut dyn Write) -> Result<Exit> {
    match evariste_bench::run(args, out) {
        Ok(Outcome::Right) => Ok(Exit::Whole),
        Ok(Outcome::Wrong) => Ok(Exit::Damaged),
        Err(Error::Usage(text)) => Err(UsageError(text).into()),
        Err(Error::Failed(error)) => Err(error),
        Err(error) => Err(error.into()),
    }
}

/// Adds the table of exit codes to the help of every suite.
pub(crate) fn with_exit_codes(bench: Command) -> Command {
    bench.mut_subcommands(|suite| suite.after_help(exit::HELP))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_help_of_every_suite_lists_the_exit_codes() {
        let mut command = crate::command();
        command.build();
        let bench = command.find_subcommand_mut("bench").unwrap();
        let suites: Vec<String> = bench.get_subcommands().map(|suite| suite.get_name().to_owned()).collect();
        for suite in suites.iter().filter(|suite| *suite != "help") {
            let help = bench.find_subcommand_mut(suite).unwrap().render_help().to_string();
            assert!(help.contains("Exit codes:"), "{suite}: {help}");
        }
        assert_eq!(suites.len(), 11, "ten suites and help");
    }
}
