//! `cargo xtask test`: everything a change must pass, the same at home and in CI. The first step that fails ends the run.
//!
//! The order is by cost: what fails in seconds comes before what is built for minutes. All steps build with one profile.

mod binaries;

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::cargo::{PROFILE, build_folder, cargo, members, metadata, root, run as execute, workspace};
use crate::{aarch64, platforms, setup, versions};

type Step = (&'static str, fn() -> Result<()>);

const STEPS: [Step; 11] = [
    ("toolchain", setup::toolchain),
    ("versions", versions::run),
    ("format", format),
    ("clippy", clippy),
    ("AArch64", aarch64::run),
    ("platforms", platforms::run),
    ("driver", setup::driver),
    ("tests", binaries::run),
    ("doc tests", doc_tests),
    ("documentation", documentation),
    ("examples", examples),
];

pub(crate) fn run() -> Result<()> {
    let start = Instant::now();
    let mut times: Vec<(&str, Duration)> = Vec::new();
    for (name, step) in STEPS {
        println!("\n== {name}");
        let start = Instant::now();
        step().with_context(|| format!("step `{name}` failed"))?;
        println!("== {name}: passed in {:.1} s", start.elapsed().as_secs_f64());
        times.push((name, start.elapsed()));
    }
    println!("\nall {} steps passed in {:.0} s:", times.len(), start.elapsed().as_secs_f64());
    for (name, time) in times {
        println!("{:8.1} s  {name}", time.as_secs_f64());
    }
    Ok(())
}

fn format() -> Result<()> {
    execute(cargo().args(["fmt", "--all", "--check"]))
}

fn clippy() -> Result<()> {
    execute(workspace("clippy").args(["--all-targets", "--", "-D", "warnings"]))
}

fn doc_tests() -> Result<()> {
    execute(workspace("test").arg("--doc"))
}

fn documentation() -> Result<()> {
    execute(workspace("doc").args(["--lib", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
}

/// Every example verifies its own result, so running it is the test.
fn examples() -> Result<()> {
    execute(workspace("build").arg("--examples"))?;
    let metadata = metadata()?;
    let folder = build_folder(&metadata, PROFILE)?.join("examples");
    let targets = members(&metadata).flat_map(|package| package["targets"].as_array().into_iter().flatten());
    let examples = targets
        .filter(|target| target["kind"].as_array().is_some_and(|kind| kind.iter().any(|kind| kind == "example")));
    let mut count = 0;
    for name in examples.filter_map(|target| target["name"].as_str()) {
        execute(Command::new(folder.join(name)).current_dir(root()))?;
        count += 1;
    }
    ensure!(count > 0, "the workspace has no examples");
    Ok(())
}
