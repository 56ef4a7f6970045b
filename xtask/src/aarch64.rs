//! The step `AArch64`: the NEON kernel, on a machine that has no NEON.
//!
//! With an emulator and a linker (CI installs them) the CPU backend's own tests run under the emulator. Without them the library
//! is only compiled, and the step says so. The feature `gpu` is off: the NEON kernel does not need it, and most of the step's
//! time would go to its dependencies.

use std::process::Command;

use anyhow::{Result, ensure};

use crate::cargo::{PROFILE, cargo, is_ci, requires, run as execute, succeeds};
use crate::platforms::provide;
use crate::setup;

const TARGET: &str = "aarch64-unknown-linux-gnu";
const LINKER: &str = "aarch64-linux-gnu-gcc";
const EMULATOR: &str = "qemu-aarch64";
/// Where Debian installs the libraries of the target.
const SYSTEM: &str = "/usr/aarch64-linux-gnu";
const PACKAGES: [&str; 3] = ["qemu-user", "gcc-aarch64-linux-gnu", "libc6-dev-arm64-cross"];

pub(crate) fn run() -> Result<()> {
    let is_required = requires("neon");
    if !provide(TARGET) {
        ensure!(!is_required, "EVARISTE_REQUIRE names neon, and rustup does not install the target {TARGET}");
        println!("NOT compiled for NEON: rustup does not install the target {TARGET}");
        return Ok(());
    }
    if !has_emulator() && is_ci() {
        // If that fails, the error names what is missing, and the library is still compiled.
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

fn has_emulator() -> bool {
    [EMULATOR, LINKER].iter().all(|program| succeeds(Command::new(program).arg("--version")))
}

fn library(command: &str) -> Command {
    let mut cargo = cargo();
    cargo.args([command, "--locked", "--package", "evariste", "--lib", "--no-default-features", "--profile", PROFILE]);
    cargo.args(["--target", TARGET]);
    cargo
}
