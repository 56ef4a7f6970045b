//! Passes the build's commit to the records: `EVARISTE_COMMIT` if it is set, else the description that git gives.
//!
//! A build with debug assertions does not ask git: its figures are not worth keeping, and it would be rebuilt after
//! every commit.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=EVARISTE_COMMIT");
    println!("cargo::rerun-if-changed=build.rs");
    let given = std::env::var("EVARISTE_COMMIT").ok().filter(|commit| !commit.is_empty());
    let is_kept = std::env::var_os("CARGO_CFG_DEBUG_ASSERTIONS").is_none();
    if let Some(commit) = given.or_else(|| if is_kept { described() } else { None }) {
        println!("cargo::rustc-env=EVARISTE_BENCH_COMMIT={commit}");
    }
}

/// The commit of the working tree, with `-dirty` if files have changed since.
fn described() -> Option<String> {
    // This log changes with every commit and checkout.
    if let Some(log) = git(&["rev-parse", "--git-path", "logs/HEAD"]) {
        println!("cargo::rerun-if-changed={log}");
    }
    git(&["describe", "--always", "--dirty", "--abbrev=12"])
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|text| output.status.success() && !text.is_empty())
}
