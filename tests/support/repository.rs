//! The repository that a test was built in, for tests that read its files when they run.

use std::io::Write;
use std::path::Path;

/// The root of the repository. `None`, said on stderr past the test harness, if the test was carried to a machine without it.
///
/// # Panics
/// If it is missing and Cargo runs the test: Cargo runs tests only where it has their sources.
pub(crate) fn root() -> Option<&'static Path> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if root.join("Cargo.toml").exists() {
        return Some(root);
    }
    assert!(std::env::var_os("CARGO").is_none(), "{} is missing", root.display());
    let name = std::thread::current().name().unwrap_or("a test").to_owned();
    let _ = writeln!(std::io::stderr(), "NOT testing {name}: it reads {}, which is not here", root.display());
    None
}
