//! The rules of the floors. Each returns what breaks it, one line a finding.

use std::collections::{BTreeMap, BTreeSet};

use super::page::Page;
use super::tree::{Edge, ROOT, Sources, Tree, unsafe_lines};

/// Packages by folder, and the folders of the workspace's packages that each depends on. The root package's folder is empty.
pub(crate) type Packages = BTreeMap<String, BTreeSet<String>>;

/// A room uses only rooms listed before it; the list names every room, and no other.
pub(crate) fn rooms(page: &Page, tree: &Tree) -> Vec<String> {
    let mut findings = Vec::new();
    let rooms: BTreeSet<&str> = tree.rooms().collect();
    for room in rooms.iter().filter(|room| !page.rooms.iter().any(|listed| listed == *room)) {
        findings.push(format!("ARCHITECTURE.md does not list the room `{room}`"));
    }
    for room in page.rooms.iter().filter(|room| !rooms.contains(room.as_str())) {
        findings.push(format!("ARCHITECTURE.md lists the room `{room}`, which does not exist"));
    }
    let position = |name: &str| page.rooms.iter().position(|room| room == name);
    for Edge { from, to, place, .. } in tree.edges().into_iter().filter(|edge| edge.around.is_empty()) {
        if let (Some(user), Some(used)) = (position(&from), position(&to))
            && user < used
        {
            findings.push(format!("{place}: `{from}` uses `{to}`, which stands above it"));
        }
        if are_strangers(page, &from, &to) {
            findings.push(format!("{place}: `{from}` uses `{to}`, and neither may use the other"));
        }
    }
    findings
}

/// No modules side by side use each other in a circle, and no module uses an item of the crate's root file, which uses it.
pub(crate) fn circles(tree: &Tree) -> Vec<String> {
    let mut findings = Vec::new();
    let mut by_parent: BTreeMap<Vec<String>, Vec<Edge>> = BTreeMap::new();
    for edge in tree.edges() {
        if edge.to == ROOT {
            let root = &tree.modules[0].file;
            findings.push(format!("{}: `{}` uses an item of {root}", edge.place, edge.from));
        } else {
            by_parent.entry(edge.around.clone()).or_default().push(edge);
        }
    }
    for (parent, edges) in by_parent {
        let leads = reachable(&edges);
        let mut known = BTreeSet::new();
        for edge in edges.iter().filter(|edge| leads(&edge.to, &edge.from)) {
            let (from, to) = (&edge.from, &edge.to);
            let parent = if parent.is_empty() { ROOT.to_owned() } else { parent.join("::") };
            // One finding for each pair, however often one names the other.
            if known.insert((from, to)) {
                findings.push(format!("{}: in `{parent}`, `{from}` uses `{to}`, which leads back to it", edge.place));
            }
        }
    }
    findings
}

/// Whether one module leads to another over these edges.
fn reachable(edges: &[Edge]) -> impl Fn(&str, &str) -> bool {
    let mut next: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for edge in edges {
        next.entry(&edge.from).or_default().insert(&edge.to);
    }
    move |from, to| {
        let (mut open, mut seen) = (vec![from.to_owned()], BTreeSet::new());
        while let Some(module) = open.pop() {
            if module == to {
                return true;
            }
            if seen.insert(module.clone()) {
                open.extend(next.get(module.as_str()).into_iter().flatten().map(|&name| name.to_owned()));
            }
        }
        false
    }
}

/// `unsafe` stands only in the listed files, and each entry of the list has some.
pub(crate) fn unsafe_code(page: &Page, sources: &Sources) -> Vec<String> {
    let mut findings = Vec::new();
    let mut used = BTreeSet::new();
    for (file, text) in sources {
        let lines = unsafe_lines(file, text);
        let listed = |entry: &&String| file == *entry || entry.ends_with('/') && file.starts_with(entry.as_str());
        match (page.unsafe_files.iter().find(listed), lines.first()) {
            (Some(entry), Some(_)) => drop(used.insert(entry)),
            (None, Some(line)) => {
                findings
                    .push(format!("{file}:{line}: unsafe code in a file that ARCHITECTURE.md does not list for it"));
            }
            (_, None) => {}
        }
    }
    for entry in page.unsafe_files.iter().filter(|entry| !used.contains(entry)) {
        findings.push(format!("ARCHITECTURE.md lists {entry} for unsafe code, and there is none"));
    }
    findings
}

/// The library depends on no package of the workspace, and a package only on those listed before it.
pub(crate) fn packages(page: &Page, packages: &Packages) -> Vec<String> {
    let mut findings = Vec::new();
    let position = |folder: &str| page.packages.iter().position(|listed| listed == folder);
    for folder in packages.keys().filter(|folder| !folder.is_empty() && position(folder).is_none()) {
        findings.push(format!("ARCHITECTURE.md does not list the package {folder}/"));
    }
    for folder in page.packages.iter().filter(|folder| !packages.contains_key(*folder)) {
        findings.push(format!("ARCHITECTURE.md lists the package {folder}/, which does not exist"));
    }
    for (user, used) in packages.iter().flat_map(|(user, used)| used.iter().map(move |used| (user, used))) {
        // The library stands below them all.
        let is_below = used.is_empty() || position(user).zip(position(used)).is_some_and(|(user, used)| used < user);
        let name = if user.is_empty() { "the library".to_owned() } else { format!("{user}/") };
        if !is_below {
            findings.push(format!("{name} depends on {used}/, which stands above it"));
        }
        if are_strangers(page, user, used) {
            findings.push(format!("{name} depends on {used}/, and neither may use the other"));
        }
    }
    findings
}

fn are_strangers(page: &Page, one: &str, other: &str) -> bool {
    page.strangers.iter().any(|(a, b)| (a == one && b == other) || (a == other && b == one))
}
