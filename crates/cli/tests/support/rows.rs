//! The rows that `bench` writes as JSON.

use serde_json::Value;

use super::Ran;

/// Rows of a run that must exit so; `None` where there is no GPU and none is required.
pub(crate) fn rows(ran: Ran, code: i32, fields: &[&str]) -> Option<Vec<Value>> {
    let required = std::env::var("EVARISTE_REQUIRE").is_ok_and(|names| names.split(',').any(|name| name == "gpu"));
    if ran.code == 3 && ran.err.contains("no usable GPU") && !required {
        eprintln!("NOT testing bench on a GPU: {}", ran.err);
        return None;
    }
    let ran = ran.expect(code);
    let rows: Vec<Value> = serde_json::from_str(&ran.out).unwrap();
    assert!(!rows.is_empty());
    for row in &rows {
        let row = row.as_object().unwrap();
        let mut found: Vec<&str> = row.keys().map(String::as_str).collect();
        let mut expected = fields.to_vec();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected);
        assert_eq!(row["verified"], code == 0, "{row:?}");
        assert!(row["threads"].as_u64().unwrap() > 0 && !row["device"].as_str().unwrap().is_empty(), "{row:?}");
        for (field, value) in row.iter().filter(|(_, value)| value.is_f64()) {
            assert!(value.as_f64().unwrap() > 0.0, "{field} of {row:?}");
        }
    }
    Some(rows)
}
