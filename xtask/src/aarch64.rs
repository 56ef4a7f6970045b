//! The step `AArch64`: the NEON kernel, on a machine that has no NEON.
//!
//! Where an emulator and a linker are there (CI installs them), the CPU backend's own tests run under it; that takes minutes,
//! most of them for the dependencies. Elsewhere the library is compiled only, and that is said.

use std::process::Command;

use anyhow::{Result, ensure};

use crate::cargo::{PROFILE, cargo, output, root, run as execute, succeeds};
use crate::setup;

const TARGET: &str = "aarch64-unknown-linux-gnu";
const LINKER: &str = "aarch64-linux-gnu-gcc";
const EMULATOR: &str = "qemu-aarch64";
/// Where Debian keeps the libraries to link with, and to run with.
const SYSTEM: &str = "/usr/aarch64-linux-gnu";
const PACKAGES: [&str; 3] = ["qemu-user", "gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross"];

pub(crate) fn run() -> Result<()> {
    let is_required = std::env::var("EVARISTE_REQUIRE").is_ok_and(|names| names.split(',').any(|name| name == "neon"));
    if !has_target() && !succeeds(Command::new("rustup").args(["target", "add", TARGET]).current_dir(root())) {
        ensure!(!is_required, "EVARISTE_REQUIRE names neon, and rustup does not install the target {TARGET}");
        println!("NOT compiled for NEON: rustup does not install the target {TARGET}");
        return Ok(());
    }
    if !has_emulator() && std::env::var_os("CI").is_some() {
        // Without them the library is still compiled, and what is missing is named.
        setup::install(&PACKAGES).unwrap_or_else(|error| println!("{error:#}"));
    }
    if has_emulator() {
        return execute(
            library("test")
                .arg("cpu")
                .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", LINKER)
                .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER", format!("{EMULATOR} -L {SYSTEM}")),
        );
    }
    ensure!(!is_required, "EVARISTE_REQUIRE names neon, and {EMULATOR} or {LINKER} is missing");
    println!("NOT testing neon, only compiling it: {EMULATOR} or {LINKER} is missing (Debian: {})", PACKAGES.join(" "));
    execute(&mut library("check"))
}

fn has_target() -> bool {
    let installed = output(Command::new("rustup").args(["target", "list", "--installed"]).current_dir(root()));
    installed.is_ok_and(|targets| targets.lines().any(|target| target.trim() == TARGET))
}

fn has_emulator() -> bool {
    [EMULATOR, LINKER].iter().all(|program| succeeds(Command::new(program).arg("--version")))
}

fn library(command: &str) -> Command {
    let mut cargo = cargo();
    cargo.args([command, "--locked", "--package", "evariste", "--lib", "--profile", PROFILE, "--target", TARGET]);
    cargo
}
