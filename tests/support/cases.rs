//! How many random cases a property is tried on.

use proptest::prelude::ProptestConfig;

/// So many, or as many as `PROPTEST_CASES` says. A failure prints its case; no file is written.
pub(crate) fn cases(cases: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { cases };
    ProptestConfig { cases, failure_persistence: None, ..default }
}
