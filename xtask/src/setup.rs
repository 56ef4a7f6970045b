//! `cargo xtask setup`: provides what the tests need and says what this machine offers.

use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::cargo::{PROFILE, build_folder, cargo, metadata, output, root, run as execute, succeeds, workspace};

/// Mesa's software driver, and the loader that finds drivers.
const DRIVER_PACKAGES: [&str; 2] = ["mesa-vulkan-drivers", "libvulkan1"];

pub(crate) fn run() -> Result<()> {
    toolchain()?;
    driver()
}

/// The part that needs no build: prints what this machine offers, and installs missing tools of Rust.
pub(crate) fn toolchain() -> Result<()> {
    println!("{}", output(Command::new("rustc").arg("--version").current_dir(root()))?.trim());
    println!("CPU: {}", processor_features().join(", "));
    components()
}

/// rustfmt and clippy: a minimal toolchain has neither.
fn components() -> Result<()> {
    for (command, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if succeeds(cargo().args([command, "--version"])) {
            continue;
        }
        println!("cargo {command} is missing: installing the component {component} with rustup");
        execute(Command::new("rustup").args(["component", "add", component]).current_dir(root()))
            .with_context(|| format!("`cargo {command}` is missing and could not be installed"))?;
    }
    Ok(())
}

/// The part that needs the library: a Vulkan driver. Any driver will do; if there is none, the software driver is installed. The
/// example `devices` finds and tries a device, so that this program does not depend on the library.
pub(crate) fn driver() -> Result<()> {
    execute(workspace("build").args(["--example", "devices"]))?;
    let example = build_folder(&metadata()?, PROFILE)?.join("examples/devices");
    let devices = || output(Command::new(&example).current_dir(root()));
    let is_open = |devices: &str| devices.lines().any(|line| line.starts_with("opened: "));
    let mut found = devices()?;
    if !is_open(&found) {
        println!("{}", found.trim_end());
        install_driver()?;
        found = devices()?;
    }
    println!("{}", found.trim_end());
    ensure!(is_open(&found), "no Vulkan adapter opens, although {} are installed", DRIVER_PACKAGES.join(" and "));
    Ok(())
}

fn install_driver() -> Result<()> {
    for variable in ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"] {
        if let Ok(value) = std::env::var(variable) {
            bail!("no Vulkan driver here, as far as {variable}={value} lets the loader look: unset it");
        }
    }
    println!("no Vulkan driver here");
    install(&DRIVER_PACKAGES).context("no Vulkan driver here; any will do, Mesa's lavapipe too")
}

/// Installs packages with apt-get, and says so first.
pub(crate) fn install(packages: &[&str]) -> Result<()> {
    let names = packages.join(" ");
    if !is_debian_like() {
        bail!("install what is missing (on Debian: {names}) and run this again");
    }
    let prefix: &[&str] = if is_root() {
        &[]
    } else if succeeds(Command::new("sudo").args(["-n", "true"])) {
        &["sudo", "-n"]
    } else {
        bail!("no right to install {names}: run `sudo apt-get install {names}` and then this again");
    };
    println!("installing {names} with apt-get");
    let apt = |arguments: &[&str]| {
        let words: Vec<&str> = [prefix, &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"], arguments].concat();
        execute(Command::new(words[0]).args(&words[1..]))
    };
    apt(&["update"])?;
    apt(&[&["install", "-y", "--no-install-recommends"][..], packages].concat())
}

fn is_debian_like() -> bool {
    let release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    release
        .lines()
        .filter_map(|line| line.strip_prefix("ID=").or_else(|| line.strip_prefix("ID_LIKE=")))
        .flat_map(|value| value.trim_matches('"').split_whitespace())
        .any(|name| name == "debian" || name == "ubuntu")
}

fn is_root() -> bool {
    output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

/// The features by which the CPU backend chooses a kernel, present or not.
fn processor_features() -> Vec<String> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut features = vec![std::env::consts::ARCH.to_owned(), format!("{threads} threads")];
    #[cfg(target_arch = "x86_64")]
    for (name, present) in [
        ("avx2", is_x86_feature_detected!("avx2")),
        ("gfni", is_x86_feature_detected!("gfni")),
        ("avx512f", is_x86_feature_detected!("avx512f")),
        ("avx512bw", is_x86_feature_detected!("avx512bw")),
    ] {
        features.push(format!("{}{name}", if present { "" } else { "no " }));
    }
    features
}
