//! Tables of values and what the AWS CLI's own code, or a library of it, makes of them.
//!
//! Each entry is a line with a name, a line of JSON, a line of dashes, and the text.

use crate::value::Value;

/// Compares what `print` makes of each value with the text below it.
#[track_caller]
pub fn check(golden: &str, print: impl Fn(&Value) -> String) {
    let mut count = 0;
    for entry in golden.split("\n== ").map(|entry| entry.trim_start_matches("== ")) {
        let (name, rest) = entry.split_once('\n').expect("a name");
        let (json, expected) = rest.split_once("\n--\n").unwrap_or((rest, ""));
        let json = json.trim_end_matches("\n--");
        let printed = print(&Value::parse(json).expect("JSON"));
        for (number, lines) in printed.lines().zip(expected.lines()).enumerate() {
            assert_eq!(lines.0, lines.1, "{name}, line {number}");
        }
        assert_eq!(printed.lines().count(), expected.lines().count(), "{name}");
        count += 1;
    }
    assert!(count > 20, "the entries were found");
}
