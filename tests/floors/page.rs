//! What ARCHITECTURE.md says about rooms, packages and unsafe code, read from its lists.

use std::collections::BTreeSet;

/// The lists of the page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    /// Modules of the library, from the ground up.
    pub(crate) rooms: Vec<String>,
    /// Folders of the packages above the library, from the ground up.
    pub(crate) packages: Vec<String>,
    /// Rooms or packages of which neither may use the other, whatever their order.
    pub(crate) strangers: Vec<(String, String)>,
    /// Files with unsafe code, and folders of them, which end with `/`.
    pub(crate) unsafe_files: Vec<String>,
}

impl Page {
    /// Reads the entries of the sections `Floors` and `Unsafe code`: a line "- `name`: sentence" for a room, a package (which
    /// is a folder: `crates/...` or one of the repository's root followed by `/`) or a file, a line "- `one`, `other`:
    /// sentence" for strangers.
    ///
    /// # Panics
    /// If a section is missing, an entry has another form, or a name stands there twice.
    pub(crate) fn read(text: &str) -> Self {
        let mut page = Self { unsafe_files: entries(text, "Unsafe code").concat(), ..Self::default() };
        for entry in entries(text, "Floors") {
            match &entry[..] {
                [name] if name.ends_with('/') => page.packages.push(name.trim_end_matches('/').to_owned()),
                [name] => page.rooms.push(name.clone()),
                [one, other] => page.strangers.push((trimmed(one), trimmed(other))),
                names => panic!("ARCHITECTURE.md lists {names:?} in one line"),
            }
        }
        let listed = page.rooms.iter().chain(&page.packages).chain(&page.unsafe_files);
        let mut seen = BTreeSet::new();
        listed.for_each(|name| assert!(seen.insert(name), "ARCHITECTURE.md lists {name} twice"));
        page
    }
}

fn trimmed(name: &str) -> String {
    name.trim_end_matches('/').to_owned()
}

/// The names that begin each list entry of a section.
fn entries(text: &str, section: &str) -> Vec<Vec<String>> {
    let heading = format!("## {section}");
    let mut lines = text.lines().skip_while(|line| *line != heading);
    assert!(lines.next().is_some(), "ARCHITECTURE.md has no section `{heading}`");
    let entries = lines.take_while(|line| !line.starts_with("## ")).filter(|line| line.starts_with("- "));
    entries.map(names).collect()
}

/// The names in code marks before the colon of an entry.
fn names(line: &str) -> Vec<String> {
    let read = |name: &str| Some(name.trim().strip_prefix('`')?.strip_suffix('`')?.to_owned());
    let names = line[2..].split_once(": ").and_then(|(names, _)| names.split(',').map(read).collect());
    names.unwrap_or_else(|| panic!("ARCHITECTURE.md: an entry begins with \"- `name`: \", got {line:?}"))
}
