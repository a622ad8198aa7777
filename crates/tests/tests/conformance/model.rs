//! AWS's model of the API, read by the tests themselves: what the service makes of it is what they
//! check.

use serde_json::Value;
use std::sync::LazyLock;

static MODEL: LazyLock<Value> = LazyLock::new(|| {
    let text = include_str!("../../../wire/src/swf-2012-01-25.json");
    serde_json::from_str(text).expect("the model is JSON")
});

/// A shape, by its name.
pub fn shape(name: &str) -> &'static Value {
    MODEL["shapes"].get(name).unwrap_or_else(|| panic!("the model has no shape {name}"))
}

/// The names of all operations.
pub fn operations() -> impl Iterator<Item = &'static str> {
    MODEL["operations"].as_object().into_iter().flatten().map(|(name, _)| name.as_str())
}

/// The name of an operation's input.
pub fn input(operation: &str) -> &'static str {
    MODEL["operations"][operation]["input"].as_str().expect("every operation has an input")
}

/// Whether an operation answers anything.
pub fn has_output(operation: &str) -> bool {
    MODEL["operations"][operation]["output"].is_string()
}

/// The words of an enumeration.
pub fn words(name: &str) -> Vec<&'static str> {
    let words = shape(name)["enum"].as_array().into_iter().flatten();
    words.map(|word| word.as_str().expect("a word")).collect()
}

/// Events that say why a decision failed, with each of their causes.
pub fn causes() -> Vec<(String, String)> {
    let names = MODEL["shapes"].as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    let failures = names.filter_map(|name| Some((name.strip_suffix("Cause")?, name)));
    failures
        .filter(|(event_type, _)| event_type.ends_with("Failed"))
        .flat_map(|(event, name)| {
            words(name).into_iter().map(move |cause| (event.to_owned(), cause.to_owned()))
        })
        .collect()
}
