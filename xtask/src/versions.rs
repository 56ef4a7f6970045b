//! `cargo xtask versions`: the version and the minimum Rust version stand once in Cargo.toml; README and CHANGELOG repeat them,
//! and every dependency must live with them.

use std::collections::{HashMap, HashSet};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::cargo::{members, metadata, packages, root};

/// The packages that users build.
const PUBLISHED: [&str; 3] = ["evariste", "evariste-store", "evariste-cli"];

pub(crate) fn run() -> Result<()> {
    let metadata = metadata()?;
    let mut published = members(&metadata).filter(|package| PUBLISHED.iter().any(|name| package["name"] == *name));
    let first = published.next().context("no published package in `cargo metadata`")?;
    let version = first["version"].as_str().context("no version in `cargo metadata`")?;
    let rust = first["rust_version"].as_str().context("no rust-version in Cargo.toml")?;
    for package in published {
        ensure!(
            package["version"] == version && package["rust_version"] == rust,
            "{} is {} on Rust {}, {} is {version} on Rust {rust}",
            package["name"],
            package["version"],
            package["rust_version"],
            first["name"],
        );
    }

    let mut errors = documents(version, rust)?;
    let (dependencies, too_new) = dependencies(&metadata, rust)?;
    errors.extend(too_new);
    for error in &errors {
        eprintln!("{error}");
    }
    ensure!(errors.is_empty(), "{} disagreements with version {version}, Rust {rust}", errors.len());
    println!(
        "version {version}, Rust {rust}: README and CHANGELOG agree, {dependencies} dependencies need no newer Rust"
    );
    Ok(())
}

/// README and CHANGELOG name this version and this Rust, and no other.
fn documents(version: &str, rust: &str) -> Result<Vec<String>> {
    let read = |name: &str| std::fs::read_to_string(root().join(name)).with_context(|| format!("cannot read {name}"));
    let mut errors = Vec::new();

    let readme = read("README.md")?;
    let series = version.rsplit_once('.').context("the version has no dot")?.0;
    expect(&mut errors, "README.md", "evariste = \"", &readme, series);
    expect(&mut errors, "README.md", "Rust 1.", &readme, rust.trim_start_matches("1."));

    let changelog = read("CHANGELOG.md")?;
    let mut releases = changelog.split("\n## [").skip(1).filter(|section| !section.starts_with("Unreleased"));
    match releases.next() {
        Some(newest) => {
            if !newest.starts_with(&format!("{version}]")) {
                let heading = newest.lines().next().unwrap_or_default();
                errors.push(format!("CHANGELOG.md: the newest release is [{heading}, Cargo.toml says {version}"));
            }
            expect(&mut errors, "CHANGELOG.md", "Rust 1.", newest, rust.trim_start_matches("1."));
        }
        None => errors.push("CHANGELOG.md: no heading `## [version]`".to_owned()),
    }
    Ok(errors)
}

/// Whatever number follows `before` in `text`, it is `expected`; and it does follow somewhere.
fn expect(errors: &mut Vec<String>, file: &str, before: &str, text: &str, expected: &str) {
    let mut found = 0;
    for (at, _) in text.match_indices(before) {
        let rest = &text[at + before.len()..];
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number = rest[..end].trim_end_matches('.');
        if number != expected {
            let line = 1 + text[..at].matches('\n').count();
            errors.push(format!(
                "{file}: `{before}{number}` (line {line} of its section) should be `{before}{expected}`"
            ));
        }
        found += 1;
    }
    if found == 0 {
        errors.push(format!("{file}: `{before}{expected}` is nowhere to be found"));
    }
}

/// How many packages users compile, and those among them that need a newer Rust than `rust`.
fn dependencies(metadata: &Value, rust: &str) -> Result<(usize, Vec<String>)> {
    let nodes = metadata["resolve"]["nodes"].as_array().context("no resolved dependencies in `cargo metadata`")?;
    let nodes: HashMap<&str, &Value> = nodes.iter().filter_map(|node| Some((node["id"].as_str()?, node))).collect();
    let roots = members(metadata).filter(|package| PUBLISHED.iter().any(|name| package["name"] == *name));
    let mut open: Vec<&str> = roots.filter_map(|package| package["id"].as_str()).collect();
    let mut seen: HashSet<&str> = open.iter().copied().collect();
    while let Some(id) = open.pop() {
        let node = nodes.get(id).with_context(|| format!("{id} is not resolved"))?;
        for dependency in node["deps"].as_array().into_iter().flatten() {
            let kinds = dependency["dep_kinds"].as_array().into_iter().flatten();
            let needed = kinds.into_iter().any(|kind| kind["kind"] != "dev");
            if let Some(id) = dependency["pkg"].as_str()
                && needed
                && seen.insert(id)
            {
                open.push(id);
            }
        }
    }

    let limit = numbers(rust)?;
    let mut too_new = Vec::new();
    for package in packages(metadata).filter(|package| package["id"].as_str().is_some_and(|id| seen.contains(id))) {
        if let Some(needs) = package["rust_version"].as_str()
            && numbers(needs)? > limit
        {
            too_new.push(format!("{} {} needs Rust {needs}", package["name"], package["version"]));
        }
    }
    Ok((seen.len(), too_new))
}

/// "1.89" and "1.89.0" are the same version.
fn numbers(version: &str) -> Result<[u32; 3]> {
    let mut numbers = [0; 3];
    for (number, part) in numbers.iter_mut().zip(version.split('.')) {
        *number = part.parse().with_context(|| format!("`{version}` is no Rust version"))?;
    }
    Ok(numbers)
}
