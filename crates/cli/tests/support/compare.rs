//! Comparisons that say where the values differ.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Fails with the first offset at which bytes differ, or with the lengths.
#[track_caller]
pub(crate) fn assert_same_bytes(expected: &[u8], actual: &[u8], context: &str) {
    if let Some(at) = expected.iter().zip(actual).position(|(e, a)| e != a) {
        panic!("{context}: byte {at} is {:#04x}, expected {:#04x}", actual[at], expected[at]);
    }
    assert_eq!(expected.len(), actual.len(), "{context}: length");
}

/// The names and contents of all files in a directory, including hidden files. Compare two snapshots with `==`.
pub(crate) fn snapshot(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&path).unwrap())).collect()
}
