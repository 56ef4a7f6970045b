//! `cargo xtask soak`: what takes too long for `cargo xtask test`.
//!
//! - `fuzz` feeds mutated input to the library's parsers: layouts, codes, calibration files. The mutations are our own and start
//!   from valid input and a seed that is printed, so that they need neither a nightly compiler nor libFuzzer, the same tests
//!   run briefly in `cargo xtask test`, and a failure is repeated by its seed.
//! - `properties` tries the random tests with other seeds and many more cases; one of them forges shard headers.
//! - `no-gpu` runs the tests of the library and of the store, built without the feature `gpu`.
//! - `miri` interprets the tests of `src/memory.rs` and of the portable CPU kernel, and reports undefined behaviour. It needs the
//!   component `miri` of a nightly toolchain, which it installs if rustup can.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::cargo::{PROFILE, cargo, root, run as execute, succeeds, workspace};

/// Random cases of a round of `properties`.
const CASES: u32 = 2000;
/// The test programs with random tests. `cargo xtask test` runs them too, most with fewer cases.
const RANDOM_TESTS: [&str; 4] = ["properties", "correct", "codewords", "hostile"];

pub(crate) struct Options {
    time: Duration,
    /// Whether a part that cannot run here is only reported.
    allow_missing: bool,
    parts: Vec<&'static str>,
}

type Part = (&'static str, fn(&Options) -> Result<()>);

const PARTS: [Part; 4] = [("no-gpu", no_gpu), ("miri", miri), ("fuzz", fuzz), ("properties", properties)];

impl Options {
    pub(crate) fn read(arguments: &[&str]) -> Result<Self> {
        let mut options = Self { time: Duration::from_secs(3600), allow_missing: false, parts: Vec::new() };
        let mut arguments = arguments.iter();
        while let Some(&argument) = arguments.next() {
            match argument {
                "--minutes" => {
                    let minutes = arguments.next().context("--minutes needs a number")?;
                    let minutes: u64 = minutes.parse().with_context(|| format!("`{minutes}` is not a number"))?;
                    options.time = Duration::from_secs(60 * minutes);
                }
                "--allow-missing" => options.allow_missing = true,
                name => match PARTS.iter().find(|(part, _)| *part == name) {
                    Some((part, _)) => options.parts.push(part),
                    None => bail!("`{name}` is not a part of soak"),
                },
            }
        }
        Ok(options)
    }
}

pub(crate) fn run(options: &Options) -> Result<()> {
    for (name, part) in PARTS {
        if options.parts.is_empty() || options.parts.contains(&name) {
            println!("\n== {name}");
            let start = Instant::now();
            part(options).with_context(|| format!("part `{name}` failed"))?;
            println!("== {name}: ended without a failure after {:.0} s", start.elapsed().as_secs_f64());
        }
    }
    Ok(())
}

fn no_gpu(_: &Options) -> Result<()> {
    let tests = ["test", "--locked", "--profile", PROFILE, "--lib", "--tests", "--no-default-features"];
    execute(cargo().args(tests).args(["--package", "evariste", "--package", "evariste-store"]))
}

fn fuzz(options: &Options) -> Result<()> {
    let seed = seed();
    println!("EVARISTE_FUZZ_SEED={seed} repeats this run");
    let seconds = options.time.as_secs().to_string();
    execute(
        workspace("test")
            .args(["--test", "parsers", "--", "--nocapture"])
            .env("EVARISTE_FUZZ_SECONDS", seconds)
            .env("EVARISTE_FUZZ_SEED", seed.to_string()),
    )
}

/// Runs rounds of the random tests, each with a new seed, until the time is over. The last round is finished.
fn properties(options: &Options) -> Result<()> {
    let start = Instant::now();
    for round in 1.. {
        let seed = seed();
        println!("round {round}: PROPTEST_RNG_SEED={seed} PROPTEST_CASES={CASES} repeats it");
        execute(
            workspace("test")
                .args(RANDOM_TESTS.iter().flat_map(|test| ["--test", test]))
                .env("PROPTEST_RNG_SEED", seed.to_string())
                .env("PROPTEST_CASES", CASES.to_string()),
        )?;
        if start.elapsed() >= options.time {
            break;
        }
    }
    Ok(())
}

fn miri(options: &Options) -> Result<()> {
    let has_miri = || succeeds(Command::new("cargo").args(["+nightly", "miri", "--version"]).current_dir(root()));
    if !has_miri() {
        let components = ["--profile", "minimal", "--component", "miri", "--component", "rust-src"];
        let mut install = Command::new("rustup");
        install.args(["toolchain", "install", "nightly"]).args(components).current_dir(root());
        if let Err(error) = execute(&mut install) {
            println!("NOT run under Miri: {error:#}");
        }
    }
    if !has_miri() {
        ensure!(
            options.allow_missing,
            "Miri did not run: there is no nightly toolchain with it (--allow-missing to go on)"
        );
        println!("NOT run under Miri: there is no nightly toolchain with it");
        return Ok(());
    }
    for filter in MIRI_TESTS {
        execute(
            Command::new("cargo")
                .args([
                    "+nightly",
                    "miri",
                    "test",
                    "--locked",
                    "--package",
                    "evariste",
                    "--lib",
                    "--no-default-features",
                ])
                .arg(filter)
                .current_dir(root())
                .env("MIRIFLAGS", MIRI_FLAGS)
                .env("EVARISTE_CPU", "portable"),
        )?;
    }
    Ok(())
}

/// Filters of the library's unit tests. Miri finds no instruction set of the CPU, so tests of kernels run the portable one; those
/// that try every length would take hours.
const MIRI_TESTS: [&str; 3] =
    ["memory::", "cpu::tests::every_coefficient_times_every_byte", "cpu::tests::slices_of_other_lengths_are_refused"];
/// Reads variables of the environment and the clock. The pool of rayon never ends, so memory of its threads is not a leak.
const MIRI_FLAGS: &str = "-Zmiri-disable-isolation -Zmiri-ignore-leaks";

/// The time in nanoseconds, which differs in each run.
fn seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    now.as_secs().wrapping_mul(1_000_000_007) ^ u64::from(now.subsec_nanos())
}
