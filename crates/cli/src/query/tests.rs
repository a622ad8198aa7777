//! Queries, compared with what Python's library finds, which is that of the AWS CLI.

use super::*;

/// What an expression finds, or what is wrong with it, as it stands in the file.
fn found(expression: &str, given: &Value) -> String {
    match Query::parse(expression).and_then(|query| query.search(given)) {
        Ok(found) => serde_json::to_string(&found).expect("it is written"),
        Err(QueryError::Malformed { .. }) => "! malformed".to_owned(),
        Err(error) => format!("! {error}"),
    }
}

/// The file has lines that begin with a hash for what is searched, and behind each of them pairs of
/// an expression and what Python finds.
#[test]
fn queries_find_what_python_finds() {
    let mut given = Value::Null;
    let mut lines = include_str!("python.txt").lines();
    let (mut count, mut differing) = (0, Vec::new());
    while let Some(line) = lines.next() {
        if let Some(json) = line.strip_prefix("# ") {
            given = Value::parse(json).expect("JSON");
            continue;
        }
        let (expected, found) = (lines.next().expect("a pair"), found(line, &given));
        if found != expected {
            differing.push(format!("{line}\n  found    {found}\n  expected {expected}"));
        }
        count += 1;
    }
    assert!(differing.is_empty(), "{}", differing.join("\n"));
    assert!(count > 300, "the expressions were found");
}

/// Each in a thread with as much room as the command has, as the calls are within each other.
#[test]
fn long_expressions_are_evaluated_or_refused() {
    let given = Value::parse(r#"{"a":{"a":1},"l":[[[1]]]}"#).expect("JSON");
    for part in ["a.", "a|", "a||", "a&&", "!", "l[0].", "*.", "l[].", "l[*].", "to_array("] {
        let end = if part.ends_with('(') { ")" } else { "" };
        let expression = |count: usize| format!("{}a{}", part.repeat(count), end.repeat(count));
        let parts = part.chars().filter(|letter| PARTS.contains(*letter)).count();
        let (fits, too_long) = (expression(PARTS_MAX / parts), expression(PARTS_MAX + 1));
        let given = given.clone();
        let evaluated = std::thread::Builder::new()
            .stack_size(32 * 1024 * 1024)
            .spawn(move || Query::parse(&fits).and_then(|query| query.search(&given)).is_ok());
        let evaluated = evaluated.expect("a thread").join();
        assert!(evaluated.expect("there is room"), "{part}");
        let refused = Query::parse(&too_long).expect_err("it is refused");
        assert!(refused.to_string().ends_with(": it is too long"), "{refused}");
    }
}
