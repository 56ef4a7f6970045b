//! Other programs, cargo first: how the commands here call them and read what they say.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// The profile of every build here: optimised, with debug assertions. With one profile the dependencies are built once.
pub(crate) const PROFILE: &str = "ci";

/// The folder of the workspace's `Cargo.toml`.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace")
}

/// The cargo that runs us, ready for arguments.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// A cargo command over all packages. The selection of packages decides the features of shared dependencies, so it is always the
/// same: another one would build them again.
pub(crate) fn workspace(command: &str) -> Command {
    let mut cargo = cargo();
    cargo.args([command, "--locked", "--workspace", "--profile", PROFILE]);
    cargo
}

/// Runs a command with its output passed through; anything but success is an error that shows the command.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let line = line(command);
    println!("$ {line}");
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("cannot start `{line}`"))?;
    ensure!(status.success(), "`{line}`: {status}");
    Ok(())
}

/// Whether a command can be started and succeeds; its output is dropped.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Whether `EVARISTE_REQUIRE` names something that must not be missing.
pub(crate) fn requires(name: &str) -> bool {
    std::env::var("EVARISTE_REQUIRE").is_ok_and(|names| names.split(',').any(|known| known == name))
}

/// Whether this runs in continuous integration, where missing packages are installed.
pub(crate) fn is_ci() -> bool {
    std::env::var_os("CI").is_some()
}

/// What a command prints.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let line = line(command);
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start `{line}`"))?;
    ensure!(output.status.success(), "`{line}`: {}", output.status);
    String::from_utf8(output.stdout).with_context(|| format!("`{line}` printed no UTF-8"))
}

/// `cargo metadata`: packages, targets and the resolved dependencies for this platform.
pub(crate) fn metadata() -> Result<Value> {
    let version = output(Command::new("rustc").arg("-vV").current_dir(root()))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).context("`rustc -vV` names no host")?;
    let text = output(cargo().args(["metadata", "--locked", "--format-version", "1", "--filter-platform", host]))?;
    serde_json::from_str(&text).context("`cargo metadata` printed no JSON")
}

/// Where the programs of a profile are built.
pub(crate) fn build_folder(metadata: &Value, profile: &str) -> Result<PathBuf> {
    let target = metadata["target_directory"].as_str().context("no target_directory in `cargo metadata`")?;
    Ok(Path::new(target).join(profile))
}

/// The packages of the workspace itself.
pub(crate) fn members(metadata: &Value) -> impl Iterator<Item = &Value> {
    let ids = metadata["workspace_members"].as_array();
    packages(metadata).filter(move |package| ids.is_some_and(|ids| ids.contains(&package["id"])))
}

/// Every package `cargo metadata` names.
pub(crate) fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    metadata["packages"].as_array().into_iter().flatten()
}

fn line(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy();
    let mut line = String::new();
    for (name, value) in command.get_envs() {
        line += &format!("{}={:?} ", name.to_string_lossy(), value.unwrap_or_default());
    }
    line += &program;
    for argument in command.get_args() {
        line += " ";
        line += &argument.to_string_lossy();
    }
    line
}
