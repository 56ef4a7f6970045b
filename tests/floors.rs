//! The floors hold: rooms and packages use only what stands below them, and unsafe code stays where ARCHITECTURE.md says.
//!
//! The test reads ARCHITECTURE.md's lists, every `use` and every path of `src/`, macro arguments included, and follows
//! re-exports. It cannot see a method of a type reached without its path, as an `impl Code` in a higher room that a lower room
//! calls. Test modules and development dependencies may look upward: a test of a
//! low room may use a higher one to make its data. Documentation may link anywhere.

#[path = "floors/packages.rs"]
mod packages;
#[path = "floors/page.rs"]
mod page;
#[path = "support/repository.rs"]
mod repository;
#[path = "floors/rules.rs"]
mod rules;
#[path = "floors/tree.rs"]
mod tree;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use page::Page;
use tree::{Sources, Tree};

/// The repository, as it was when the test was built.
const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");

fn read(file: impl AsRef<Path>) -> String {
    let file = Path::new(REPOSITORY).join(file);
    let why = "this test reads the repository it was built in";
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}; {why}", file.display()))
}

fn page() -> Page {
    Page::read(&read("ARCHITECTURE.md"))
}

/// Every source file below a folder of the repository.
fn sources(folder: &str) -> Sources {
    let mut sources = Sources::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let entries = fs::read_dir(Path::new(REPOSITORY).join(&folder));
        for entry in entries.unwrap_or_else(|error| panic!("{folder}: {error}")) {
            let entry = entry.expect("an entry of a folder that was opened");
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                open.push(path);
            } else if path.ends_with(".rs") {
                sources.insert(path.clone(), read(path));
            }
        }
    }
    sources
}

const ROOMS: &str = "A room uses only rooms with a line above its own in ARCHITECTURE.md, section Floors. A new room src/NAME.rs \
    needs a line \"- `NAME`: what it holds.\" there, below the rooms it uses and above the rooms that use it.";
const CIRCLES: &str = "Move what both files need into a file of its own that uses neither, or the code that closes the circle into \
    the file that uses both. An item that modules share belongs in a module, not in lib.rs or main.rs.";
const UNSAFE: &str = "Move the code into a file that is listed, or add a line \"- `src/path/of/file.rs`: why.\" to ARCHITECTURE.md, \
    section Unsafe code. A file that moved, or that has no unsafe code any more, needs its line changed.";
const PACKAGES: &str = "A package depends only on packages with a line above its own in ARCHITECTURE.md, section Floors. A new \
    package needs a line \"- `crates/NAME/`: what it holds.\" there, below the packages it depends on.";

/// Fails with all findings, and says how to mend them.
fn assert_none(findings: &[String], advice: &str) {
    assert!(findings.is_empty(), "{} findings:\n{}\n{advice}", findings.len(), findings.join("\n"));
}

#[test]
fn rooms_use_only_rooms_below_them() {
    if repository::root().is_none() {
        return;
    }
    let tree = Tree::read(&sources("src"), "src/lib.rs");
    assert_none(&rules::rooms(&page(), &tree), ROOMS);
    let edges = tree.edges();
    assert!(edges.len() > 500, "of the library's paths between modules only {} were seen", edges.len());
}

#[test]
fn no_files_of_a_room_use_each_other_in_a_circle() {
    if repository::root().is_none() {
        return;
    }
    assert_none(&rules::circles(&Tree::read(&sources("src"), "src/lib.rs")), CIRCLES);
}

#[test]
fn no_files_of_a_package_use_each_other_in_a_circle() {
    if repository::root().is_none() {
        return;
    }
    let members = packages::members(&read("Cargo.toml"));
    for member in &members {
        let sources = sources(&format!("{member}/src"));
        let roots = ["lib.rs", "main.rs"].map(|root| format!("{member}/src/{root}"));
        let roots: Vec<&String> = roots.iter().filter(|root| sources.contains_key(*root)).collect();
        assert!(!roots.is_empty(), "{member} has neither a library nor a program");
        for root in roots {
            assert_none(&rules::circles(&Tree::read(&sources, root)), CIRCLES);
        }
    }
}

#[test]
fn unsafe_code_stays_in_its_files() {
    if repository::root().is_none() {
        return;
    }
    let mut all = sources("src");
    for member in packages::members(&read("Cargo.toml")) {
        all.extend(sources(&format!("{member}/src")));
    }
    assert_none(&rules::unsafe_code(&page(), &all), UNSAFE);
}

#[test]
fn packages_depend_only_on_packages_below_them() {
    if repository::root().is_none() {
        return;
    }
    let root = read("Cargo.toml");
    let mut manifests: BTreeMap<String, String> = packages::members(&root)
        .into_iter()
        .map(|folder| (folder.clone(), read(format!("{folder}/Cargo.toml"))))
        .collect();
    manifests.insert(String::new(), root);
    assert_none(&rules::packages(&page(), &packages::read(&manifests)), PACKAGES);
}

/// The test's own tests: small made-up trees, each with one thing wrong.
mod made_up {
    use super::*;

    const PAGE: &str = "## Floors\n\n- `low`: the ground\n- `left`: stands on it\n- `right`: too\n- `high`: the roof\n\
        - `crates/store/`: files\n- `crates/cli/`: words\n- `left`, `right`: side by side\n\n## Unsafe code\n\n\
        - `src/low.rs`: pointers\n\n## Other\n\n- `other`: not read\n";

    /// A library whose four rooms are right, with some files in place of those.
    fn library(changed: &[(&str, &str)]) -> Sources {
        let right = [
            ("src/lib.rs", "pub mod high; pub mod left; mod low; mod right;\npub use high::High;\npub use low::Low;"),
            ("src/low.rs", "pub struct Low;\nfn zero() { unsafe { std::hint::unreachable_unchecked() } }"),
            ("src/left.rs", "use crate::Low;\npub fn left(_: Low) {}"),
            ("src/right.rs", "pub fn right() -> crate::low::Low { crate::low::Low }"),
            ("src/high.rs", "mod a; mod b;\npub struct High;\npub use b::B;\nuse crate::{left, right};"),
            ("src/high/a.rs", "use super::b::B; use super::High;"),
            ("src/high/b.rs", "use crate::high::High;\npub struct B;"),
        ];
        right.into_iter().chain(changed.iter().copied()).map(|(file, text)| (file.into(), text.into())).collect()
    }

    fn rooms(changed: &[(&str, &str)]) -> Vec<String> {
        rules::rooms(&Page::read(PAGE), &Tree::read(&library(changed), "src/lib.rs"))
    }

    fn circles(changed: &[(&str, &str)]) -> Vec<String> {
        rules::circles(&Tree::read(&library(changed), "src/lib.rs"))
    }

    fn unsafe_code(changed: &[(&str, &str)]) -> Vec<String> {
        rules::unsafe_code(&Page::read(PAGE), &library(changed))
    }

    #[test]
    fn a_tree_that_is_right_passes() {
        assert_none(&rooms(&[]), "");
        assert_none(&circles(&[]), "");
        assert_none(&unsafe_code(&[]), "");
    }

    #[test]
    fn an_upward_import_is_found() {
        let upward = "src/low.rs:1: crate::high::High: `low` uses `high`, which stands above it";
        assert_eq!(rooms(&[("src/low.rs", "use crate::high::High;\npub struct Low;")]), [upward]);
        // By the root's re-export, in a group, renamed.
        let by_root = "src/low.rs:2: crate::High: `low` uses `high`, which stands above it";
        let grouped = "pub struct Low;\nuse crate::{self as root, High as Roof};";
        assert_eq!(rooms(&[("src/low.rs", grouped)]), [by_root]);
    }

    #[test]
    fn an_upward_path_without_a_use_is_found() {
        let text = |body: &str| format!("pub struct Low;\n{body}");
        for body in [
            "fn up() { crate::high::High; }",
            "fn up(_: &super::high::High) {}",
            "fn up() { drop(format!(\"{:?}\", [crate::high::High])); }",
            "fn up() { use self::super::High; }",
            "impl From<crate::high::High> for Low { fn from(_: crate::High) -> Self { Self } }",
            "macro_rules! up { () => { $crate::high::High } }",
            "pub use super::high::*;",
            "use crate as root; fn up(_: root::high::High) {}",
            "macro_rules! up { () => { $crate::{left::{left}, high::High} } }",
        ] {
            let found = rooms(&[("src/low.rs", &text(body))]);
            assert!(
                !found.is_empty() && found.iter().all(|line| line.starts_with("src/low.rs:2: ")),
                "{body}: {found:?}"
            );
        }
    }

    /// A glob of the root may bring in anything, so it counts as a use of the root file.
    #[test]
    fn a_glob_of_the_root_is_found() {
        let found = circles(&[("src/left.rs", "use crate::*;")]);
        assert_eq!(found, ["src/left.rs:1: crate: `left` uses an item of src/lib.rs"]);
    }

    #[test]
    fn an_upward_use_of_an_exported_macro_is_found() {
        let high = ("src/high.rs", "mod a; mod b;\npub struct High;\n#[macro_export] macro_rules! up { () => {} }");
        let found = rooms(&[high, ("src/low.rs", "pub struct Low;\nfn up() { crate::up!(); }")]);
        assert_eq!(found, ["src/low.rs:2: crate::up: `low` uses `high`, which stands above it"]);
    }

    #[test]
    fn ways_around_the_test_are_refused() {
        for text in ["extern crate self as evariste;", "include!(\"high.rs\");"] {
            let read = || Tree::read(&library(&[("src/left.rs", text)]), "src/lib.rs").modules.len();
            assert!(std::panic::catch_unwind(read).is_err(), "{text}");
        }
    }

    #[test]
    fn an_upward_import_through_a_lower_room_is_found() {
        let changed = [
            ("src/left.rs", "pub use crate::high::High;"),
            ("src/right.rs", "pub fn right() -> crate::low::Low { crate::low::Low }"),
        ];
        assert_eq!(rooms(&changed), ["src/left.rs:1: crate::high::High: `left` uses `high`, which stands above it"]);
    }

    #[test]
    fn strangers_are_found_in_both_directions() {
        let expected = "uses `left`, and neither may use the other";
        let found = rooms(&[("src/right.rs", "use crate::left::left;")]);
        assert!(matches!(&found[..], [line] if line.ends_with(expected)), "{found:?}");
        let found = rooms(&[("src/left.rs", "use crate::right::right;")]);
        assert_eq!(found.len(), 2, "upward, and a stranger: {found:?}");
    }

    #[test]
    fn a_room_that_the_list_lacks_is_found_and_one_that_is_gone() {
        let with = "pub mod high; pub mod left; mod low; mod attic;\npub use high::High;\npub use low::Low;";
        let changed = [("src/lib.rs", with), ("src/attic.rs", ""), ("src/high.rs", "mod a; mod b; pub struct High;")];
        let lists = [
            "ARCHITECTURE.md does not list the room `attic`",
            "ARCHITECTURE.md lists the room `right`, which does not exist",
        ];
        assert_eq!(rooms(&changed), lists);
    }

    #[test]
    fn a_circle_within_a_room_is_found() {
        let back = [("src/high/b.rs", "pub struct B;\nfn back() { super::a::back(); }")];
        let expected = [
            "src/high/a.rs:1: super::b::B: in `high`, `a` uses `b`, which leads back to it",
            "src/high/b.rs:2: super::a::back: in `high`, `b` uses `a`, which leads back to it",
        ];
        assert_eq!(circles(&back), expected);
        // By the parent's re-export.
        let renamed =
            [("src/high/a.rs", "use super::B;\npub struct A;"), ("src/high/b.rs", "use super::a::A;\npub struct B;")];
        assert_eq!(circles(&renamed).len(), 2);
        // Three in a row, the last one in a folder.
        let three = [
            ("src/high.rs", "mod a; mod b; mod c; pub struct High;"),
            ("src/high/a.rs", "use super::b::B;"),
            ("src/high/b.rs", "mod below; pub struct B;"),
            ("src/high/b/below.rs", "use crate::high::c::C;"),
            ("src/high/c.rs", "pub struct C;\nconst A: fn() = crate::high::a::a;"),
        ];
        assert_eq!(circles(&three).len(), 3);
    }

    #[test]
    fn a_circle_with_the_root_file_is_found() {
        let program = |text: &str| {
            let main = ("src/main.rs".to_owned(), "mod verb; const NAME: &str = \"x\"; fn main() {}".to_owned());
            let sources = Sources::from([main, ("src/verb.rs".to_owned(), text.to_owned())]);
            rules::circles(&Tree::read(&sources, "src/main.rs"))
        };
        let expected = "src/verb.rs:1: crate::NAME: `verb` uses an item of src/main.rs";
        assert_eq!(program("fn verb() { crate::NAME; }"), [expected]);
        assert_none(&program("use anyhow::anyhow; fn verb() { anyhow!(\"NAME\"); }"), "");
    }

    #[test]
    fn a_circle_between_files_of_a_program_is_found() {
        let sources = [
            ("src/main.rs", "mod args; mod bench; fn main() {}"),
            ("src/args.rs", "use crate::bench::Suite;"),
            ("src/bench.rs", "pub struct Suite; fn run(_: &super::args::Args) {}"),
        ];
        let sources = sources.map(|(file, text)| (file.to_owned(), text.to_owned())).into();
        let expected = [
            "src/args.rs:1: crate::bench::Suite: in `crate`, `args` uses `bench`, which leads back to it",
            "src/bench.rs:1: super::args::Args: in `crate`, `bench` uses `args`, which leads back to it",
        ];
        assert_eq!(rules::circles(&Tree::read(&sources, "src/main.rs")), expected);
    }

    #[test]
    fn test_modules_may_look_upward() {
        let low = "pub struct Low;\n#[cfg(test)]\nmod tests { use crate::High; fn up(_: High) {} }\n\
            #[cfg(all(test, feature = \"gpu\"))]\nmod more { use crate::High; }\n\
            impl Low { #[cfg(test)] fn up() { crate::High; } }";
        assert_none(&rooms(&[("src/low.rs", low)]), "");
    }

    #[test]
    fn stray_unsafe_code_is_found() {
        let stray = |text: &str| unsafe_code(&[("src/left.rs", text)]);
        for text in [
            "fn f(p: *const u8) -> u8 { unsafe { *p } }",
            "unsafe fn f() {}",
            "unsafe impl Send for X {}",
            "unsafe extern \"C\" { fn f(); }",
            "#[unsafe(no_mangle)] fn f() {}",
            "fn f() { assert_eq!(unsafe { g() }, 1); }",
            "#[cfg(test)] mod tests { unsafe fn f() {} }",
        ] {
            let expected = "src/left.rs:1: unsafe code in a file that ARCHITECTURE.md does not list for it";
            assert_eq!(stray(text), [expected], "{text}");
        }
        assert_none(&stray("// unsafe\nconst WORD: &str = \"unsafe\"; /// unsafe\nfn f() {}"), "");
        let gone = "ARCHITECTURE.md lists src/low.rs for unsafe code, and there is none";
        assert_eq!(unsafe_code(&[("src/low.rs", "pub struct Low;")]), [gone]);
    }

    #[test]
    fn a_package_that_looks_upward_is_found() {
        let manifest = |name: &str, rest: &str| format!("[package]\nname = \"{name}\"\n\n{rest}\n");
        let check = |library: &str, store: &str| {
            let manifests = BTreeMap::from([
                (String::new(), manifest("evariste", library)),
                ("crates/store".to_owned(), manifest("evariste-store", store)),
                ("crates/cli".to_owned(), manifest("evariste-cli", "[dependencies]\nevariste-store.workspace = true")),
            ]);
            rules::packages(&Page::read(PAGE), &packages::read(&manifests))
        };
        let right = "[dependencies]\nevariste = { path = \"../..\" }\n[dev-dependencies]\nevariste-cli = \"1\"";
        assert_none(&check("", right), "");
        for store in [
            "[dependencies]\nevariste-cli = { path = \"../cli\" }",
            "[target.'cfg(unix)'.dependencies]\nevariste-cli.workspace = true",
            "[build-dependencies]\nwords = { package = \"evariste-cli\", version = \"1\" }",
            "[dependencies.evariste-cli]\npath = \"../cli\"",
            "[dependencies]\n\"evariste-cli\" = \"1\"",
        ] {
            let expected = "crates/store/ depends on crates/cli/, which stands above it";
            assert_eq!(check("", store), [expected], "{store}");
        }
        let library = check("[dependencies]\nevariste-store = \"1\"", "");
        assert_eq!(library, ["the library depends on crates/store/, which stands above it"]);
        assert_eq!(
            packages::members("[workspace]\nmembers = [\".\", \"crates/store\",\n  \"xtask\"]"),
            ["crates/store", "xtask"]
        );
    }

    #[test]
    #[should_panic(expected = "an entry begins with")]
    fn an_entry_without_a_name_is_refused() {
        drop(Page::read("## Floors\n\n- the low room: a sentence\n\n## Unsafe code\n"));
    }

    #[test]
    #[should_panic(expected = "lists low twice")]
    fn a_name_that_stands_twice_is_refused() {
        drop(Page::read("## Floors\n- `low`: one\n- `low`: two\n## Unsafe code\n"));
    }
}
