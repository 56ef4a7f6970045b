//! The step `platforms`: the library compiles for systems and features that this machine does not test.
//!
//! Each interface of wgpu is checked on the system that has it, so one check covers a system and a feature. A check needs the
//! target's standard library, which rustup installs, but no linker. If rustup cannot install it, the step says so and goes on;
//! that is an error if `EVARISTE_REQUIRE` names `platforms`.

use std::process::Command;

use anyhow::{Result, bail};

use crate::cargo::{PROFILE, cargo, output, requires, root, run as execute, succeeds};

/// Each target (`None` for this machine), and the only features that are on.
const CHECKS: [(Option<&str>, &str); 4] = [
    (None, ""),
    (Some("i686-unknown-linux-gnu"), "gles"),
    (Some("x86_64-pc-windows-gnu"), "dx12"),
    (Some("aarch64-apple-darwin"), "metal"),
];

pub(crate) fn run() -> Result<()> {
    let mut missing = Vec::new();
    for (target, features) in CHECKS {
        if let Some(target) = target
            && !provide(target)
        {
            println!("NOT checked for {target} with the features [{features}]: rustup does not install this target");
            missing.push(target);
            continue;
        }
        let library = ["--locked", "--package", "evariste", "--lib", "--profile", PROFILE];
        let features = ["--no-default-features", "--features", features];
        match target {
            // Shares its dependencies with the step `clippy`, which RUSTFLAGS would build again.
            None => execute(cargo().arg("clippy").args(library).args(features).args(["--", "-D", "warnings"]))?,
            Some(target) => execute(
                cargo()
                    .arg("check")
                    .args(library)
                    .args(features)
                    .args(["--target", target])
                    .env("RUSTFLAGS", "-D warnings"),
            )?,
        }
    }
    if !missing.is_empty() && requires("platforms") {
        bail!("{} targets were not checked: {}", missing.len(), missing.join(", "));
    }
    Ok(())
}

/// Installs the standard library of a target unless it is there, and says whether it is there now.
pub(crate) fn provide(target: &str) -> bool {
    let installed = output(Command::new("rustup").args(["target", "list", "--installed"]).current_dir(root()));
    installed.is_ok_and(|targets| targets.lines().any(|installed| installed.trim() == target))
        || succeeds(Command::new("rustup").args(["target", "add", target]).current_dir(root()))
}
