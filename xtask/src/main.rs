//! The project's chores, one file a command. `cargo xtask` without arguments lists them.

mod aarch64;
mod cargo;
mod platforms;
mod setup;
mod shaders;
mod soak;
mod test;
mod versions;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test       run everything a change must pass: versions, format, clippy, the NEON kernel, other platforms and features,
             tests, doc tests, documentation and examples
  setup      install what the tests need (rustfmt, clippy, a Vulkan driver) and print what this machine has
  shaders    validate every shader within WebGPU's default limits and compile it to SPIR-V
  versions   check that versions agree and that no dependency needs a newer Rust than we promise
  soak       run what takes hours: soak [--minutes N] [--allow-missing] [no-gpu|fuzz|properties|miri]...
             Each part gets N minutes (default 60); Miri takes the time it takes. Without a name all parts run.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["test"] => test::run(),
        ["setup"] => setup::run(),
        ["shaders"] => shaders::run(),
        ["versions"] => versions::run(),
        ["soak", ref options @ ..] => match soak::Options::read(options) {
            Ok(options) => soak::run(&options),
            Err(error) => return usage(&format!("{error:#}")),
        },
        ["--help" | "-h" | "help"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        [] => return usage("no command"),
        [command, ..] => return usage(&format!("unknown command `{command}`, or too many arguments")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn usage(error: &str) -> ExitCode {
    eprintln!("error: {error}\n\n{USAGE}");
    ExitCode::from(64)
}
