//! Every link of the pages has a target: in the repository, and in the generated documentation, whose addresses are listed in
//! `src/lib.rs` and `src/docs.rs`. rustdoc checks that those addresses exist.

use std::fs;
use std::path::{Path, PathBuf};

#[path = "support/repository.rs"]
mod repository;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every page but the list of changes, from the root on.
fn pages() -> Vec<PathBuf> {
    let names = ["", "docs", "benches"].into_iter().flat_map(|folder| {
        let entries = fs::read_dir(root().join(folder)).unwrap();
        entries.map(move |entry| Path::new(folder).join(entry.unwrap().file_name()))
    });
    let mut pages: Vec<PathBuf> = names.filter(|name| name.extension().is_some_and(|kind| kind == "md")).collect();
    pages.retain(|name| name != Path::new("CHANGELOG.md"));
    assert!(pages.len() > 10, "{pages:?}");
    pages
}

fn text(page: &Path) -> String {
    fs::read_to_string(root().join(page)).unwrap()
}

/// Labels and targets of `[label]: target`.
fn definitions(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| line.strip_prefix('[')?.split_once("]: "))
}

/// Targets of `[text](target)`.
fn inline(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0))
}

/// What a link to a heading of this page ends in, as GitHub and rustdoc derive it.
fn anchors(text: &str) -> Vec<String> {
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    headings.map(|heading| heading.to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")).collect()
}

/// What is wrong with a link of this page, if anything is.
fn fault(page: &Path, target: &str) -> Option<String> {
    let (file, anchor) = target.split_once('#').map_or((target, None), |(file, anchor)| (file, Some(anchor)));
    let path = if file.is_empty() { page.to_owned() } else { page.parent().unwrap().join(file) };
    if !root().join(&path).exists() {
        return Some(format!("there is no {}", path.display()));
    }
    let anchor = anchor.filter(|anchor| !anchors(&text(&path)).iter().any(|known| known == anchor))?;
    Some(format!("{} has no heading #{anchor}", path.display()))
}

#[test]
fn links_lead_to_files_and_headings() {
    if repository::root().is_none() {
        return;
    }
    for page in pages() {
        let text = text(&page);
        for target in inline(&text).chain(definitions(&text).map(|(_, target)| target)) {
            let fault = fault(&page, target);
            assert!(fault.is_none(), "{}: {target}: {}", page.display(), fault.unwrap_or_default());
        }
    }
    let readme = Path::new("README.md");
    assert!(fault(readme, "docs/layouts.md#numbers").is_none());
    assert!(fault(readme, "docs/layouts.md#letters").is_some() && fault(readme, "layouts.md").is_some());
}

#[test]
fn rustdoc_has_every_page_and_knows_every_link_to_one() {
    if repository::root().is_none() {
        return;
    }
    let (front, others) = (text(Path::new("src/lib.rs")), text(Path::new("src/docs.rs")));
    for page in pages() {
        let (name, text) = (page.display(), text(&page));
        let (source, comment) = if page == Path::new("README.md") { (&front, "//!") } else { (&others, "///") };
        assert!(source.contains(&format!("\"../{name}\"")), "rustdoc has no {name}");
        for (label, _) in definitions(&text) {
            assert!(source.contains(&format!("{comment} [{label}]: ")), "{name}: rustdoc does not know [{label}]");
        }
        // Only a definition can lead elsewhere there.
        let file = inline(&text).find(|target| !target.starts_with('#'));
        assert_eq!(file, None, "{name}: a link to a file needs a definition, [label]: target");
    }
}

#[test]
fn every_example_is_listed_once() {
    let files =
        fs::read_dir(root().join("examples")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut programs: Vec<String> = files.filter(|name| name.ends_with(".rs")).collect();
    programs.sort();
    let list = fs::read_to_string(root().join("examples/README.md")).unwrap();
    let mut listed: Vec<&str> = list.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    listed.sort_unstable();
    assert_eq!(listed, programs, "examples/README.md lists the programs in examples/");
}
