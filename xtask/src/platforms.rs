//! The step `platforms`: what this machine does not test compiles for the systems and with the features that have it.
//!
//! Each interface of wgpu is checked on a system that has it, so one check covers a system and a feature. A check needs the
//! target's standard library, which rustup installs, but no linker. If rustup cannot install it, the step says so and goes on;
//! that is an error if `EVARISTE_REQUIRE` names `platforms`.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Result, bail, ensure};

use crate::cargo::{PROFILE, cargo, output, requires, root, run as execute, succeeds};

/// Each target (`None` for this machine), the packages, and the only features that are on. `blake3/pure` needs no C compiler for
/// the target.
const CHECKS: [(Option<&str>, &[&str], &str); 4] = [
    (None, &["evariste"], ""),
    (Some("i686-unknown-linux-gnu"), &["evariste"], "gles"),
    (Some("x86_64-pc-windows-gnu"), &ALL, "evariste/dx12,blake3/pure"),
    (Some("aarch64-apple-darwin"), &ALL, "evariste/metal,blake3/pure"),
];
const ALL: [&str; 4] = ["evariste", "evariste-store", "evariste-bench", "evariste-cli"];

/// The library without features depends on fewer packages than this, itself included.
const PACKAGES: usize = 25;

pub(crate) fn run() -> Result<()> {
    count_packages()?;
    let mut missing = Vec::new();
    for (target, packages, features) in CHECKS {
        if let Some(target) = target
            && !provide(target)
        {
            println!("NOT checked for {target} with the features [{features}]: rustup does not install this target");
            missing.push(target);
            continue;
        }
        let mut check = cargo();
        // RUSTFLAGS would build the dependencies of the step `clippy` again.
        check.arg(if target.is_some() { "check" } else { "clippy" });
        check.args([
            "--locked",
            "--profile",
            PROFILE,
            "--lib",
            "--bins",
            "--no-default-features",
            "--features",
            features,
        ]);
        check.args(packages.iter().flat_map(|package| ["--package", package]));
        match target {
            None => check.args(["--", "-D", "warnings"]),
            Some(target) => check.args(["--target", target]).env("RUSTFLAGS", "-D warnings"),
        };
        execute(&mut check)?;
    }
    if !missing.is_empty() && requires("platforms") {
        bail!("{} targets were not checked: {}", missing.len(), missing.join(", "));
    }
    Ok(())
}

fn count_packages() -> Result<()> {
    let tree = ["tree", "--locked", "--package", "evariste", "--no-default-features", "--edges", "normal"];
    let tree = output(cargo().args(tree).args(["--prefix", "none", "--format", "{p}"]))?;
    // A package that is listed again ends with a mark.
    let lines = tree.lines().map(|line| line.trim_end_matches(" (*)"));
    let packages: BTreeSet<&str> = lines.filter(|line| !line.is_empty()).collect();
    let count = packages.len();
    ensure!(count > 1, "`cargo tree` lists {count} packages");
    ensure!(count < PACKAGES, "the library without features has {count} packages, not fewer than {PACKAGES}:\n{tree}");
    println!("the library without features has {count} packages");
    Ok(())
}

/// Installs the standard library of a target unless it is there, and says whether it is there now.
pub(crate) fn provide(target: &str) -> bool {
    let installed = output(Command::new("rustup").args(["target", "list", "--installed"]).current_dir(root()));
    installed.is_ok_and(|targets| targets.lines().any(|installed| installed.trim() == target))
        || succeeds(Command::new("rustup").args(["target", "add", target]).current_dir(root()))
}
