//! Which packages of the workspace depend on which, read from their manifests.

use std::collections::{BTreeMap, BTreeSet};

use super::rules::Packages;

/// The packages of some manifests by folder. Development dependencies are left out, as test modules are.
///
/// # Panics
/// If a manifest has no package name.
pub(crate) fn read(manifests: &BTreeMap<String, String>) -> Packages {
    let name = |text: &String| value(text, "[package]", "name").expect("a manifest names its package");
    let folders: BTreeMap<String, &String> = manifests.iter().map(|(folder, text)| (name(text), folder)).collect();
    let of_manifest = |text: &str| -> BTreeSet<String> {
        dependencies(text).into_iter().filter_map(|name| folders.get(&name).map(|&folder| folder.clone())).collect()
    };
    manifests.iter().map(|(folder, text)| (folder.clone(), of_manifest(text))).collect()
}

/// The folders that a workspace's manifest lists as members.
///
/// # Panics
/// If there is no such list.
pub(crate) fn members(manifest: &str) -> Vec<String> {
    let start = manifest.find("\nmembers = [").expect("the workspace lists its members");
    let list = manifest[start..].split_once('[').and_then(|(_, rest)| rest.split_once(']'));
    let quoted = list.expect("a list ends").0.split('"').skip(1).step_by(2);
    quoted.filter(|folder| *folder != ".").map(str::to_owned).collect()
}

/// The names of the packages that a manifest's normal and build dependencies mean.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut lists = false;
    for line in manifest.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            let is_for_tests = section.contains("dev-dependencies");
            lists = !is_for_tests && section.ends_with("dependencies");
            // `[dependencies.name]`
            if let Some((_, name)) = section.rsplit_once("dependencies.").filter(|_| !is_for_tests) {
                names.insert(name.to_owned());
            }
        } else if lists && !line.starts_with('#') {
            let name = line.split(['=', '.', ' ']).next().unwrap_or_default().trim_matches('"');
            let renamed = line.split_once("package = \"").and_then(|(_, rest)| rest.split_once('"'));
            names.insert(renamed.map_or(name, |(package, _)| package).to_owned());
        }
    }
    names
}

/// The value of a key in a section.
fn value(manifest: &str, section: &str, key: &str) -> Option<String> {
    let mut lines = manifest.lines().skip_while(|line| *line != section).skip(1);
    let line = lines.find(|line| line.split('=').next().is_some_and(|name| name.trim() == key))?;
    Some(line.split_once('=')?.1.trim().trim_matches('"').to_owned())
}
