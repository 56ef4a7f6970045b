//! The rows that `bench` writes as JSON.

use serde_json::Value;

use super::{Ran, not_testing};

/// Keys that every suite has, besides those that a test names.
const EVERY_ROW: [&str; 4] = ["machine", "commit", "date", "samples"];

/// The rows of a run that must exit with `code` and must have `fields`. `None` if there is no GPU and none is required.
pub(crate) fn rows(ran: Ran, code: i32, fields: &[&str]) -> Option<Vec<Value>> {
    if ran.code == 3 && ran.err.contains("no usable GPU") {
        not_testing("bench on a GPU", &ran.err);
        return None;
    }
    let ran = ran.expect(code);
    let rows: Vec<Value> = serde_json::from_str(&ran.out).unwrap();
    assert!(!rows.is_empty());
    for row in &rows {
        let row = row.as_object().unwrap();
        let mut found: Vec<&str> = row.keys().map(String::as_str).collect();
        let mut expected = [fields, &EVERY_ROW].concat();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected);
        assert_eq!(row["verified"], code == 0, "{row:?}");
        assert!(row["threads"].as_u64().unwrap() > 0 && !row["device"].as_str().unwrap().is_empty(), "{row:?}");
        let samples: Vec<f64> =
            row["samples"].as_array().unwrap().iter().map(|sample| sample.as_f64().unwrap()).collect();
        assert!(!samples.is_empty() && samples.iter().all(|&seconds| seconds > 0.0), "{row:?}");
        let of = |upper: usize| {
            samples.iter().filter(|&&sample| sample < row["median_s"].as_f64().unwrap()).count() <= upper
        };
        assert!(
            !row.contains_key("median_s")
                || of(samples.len() / 2) && samples.contains(&row["median_s"].as_f64().unwrap())
        );
        assert!(!row["machine"]["cpu"].as_str().unwrap().is_empty() && row["machine"]["threads"].as_u64() > Some(0));
        let date = row["date"].as_str().unwrap().replace(|digit: char| digit.is_ascii_digit(), "0");
        assert_eq!(date, "0000-00-00T00:00:00Z");
        assert!(!row["commit"].as_str().unwrap().is_empty());
        for (field, value) in row.iter().filter(|(_, value)| value.is_f64()) {
            assert!(value.as_f64().unwrap() > 0.0, "{field} of {row:?}");
        }
    }
    Some(rows)
}
