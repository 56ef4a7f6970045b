//! Reports tests that need a GPU on a machine without one.

use std::fmt::Display;
use std::io::Write;

/// Prints on stderr, past the test harness, what is not tested on a GPU, and why.
///
/// # Panics
/// If `EVARISTE_REQUIRE` names `gpu`.
#[track_caller]
pub(crate) fn not_testing(what: impl Display, why: &str) {
    let required = std::env::var("EVARISTE_REQUIRE").unwrap_or_default();
    let is_required = required.split(',').any(|name| name.trim() == "gpu");
    assert!(!is_required, "EVARISTE_REQUIRE names gpu, and {what} cannot be tested: {why}");
    // Not eprintln!, which the test harness captures.
    let _ = writeln!(std::io::stderr(), "NOT testing {what}: {}", why.trim());
}
