//! How many random cases a property is tried on.

use proptest::prelude::ProptestConfig;

/// This number of cases, or the number in `PROPTEST_CASES`. A failure prints its case; no file is written.
pub(crate) fn cases(cases: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { cases };
    ProptestConfig { cases, failure_persistence: None, ..default }
}
