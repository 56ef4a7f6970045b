//! The project's chores, one file a command. `cargo xtask` without arguments lists them.

mod aarch64;
mod cargo;
mod setup;
mod shaders;
mod test;
mod versions;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test       everything a change must pass: the other three commands, format, clippy, the NEON kernel, tests, doc tests, docs, examples
  setup      provide what the tests need on this machine (a Vulkan driver, rustfmt, clippy) and say what is there
  shaders    validate every shader and compile it to SPIR-V
  versions   check that versions agree and that no dependency needs a newer Rust than we promise";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["test"] => test::run(),
        ["setup"] => setup::run(),
        ["shaders"] => shaders::run(),
        ["versions"] => versions::run(),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(64);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
