//! The checks that the AWS CLI makes before it sends: what has to be there, types, least lengths
//! and numbers, unknown members; all that is wrong at once, in its order and words.
//!
//! What it does not check goes to the server, which alone knows greatest lengths, words of
//! enumerations and sizes of lists.

use crate::model::{Kind, Member, Model, Operation, ShapeId};
use crate::python::{quoted_bytes, shown, type_of};
use crate::timestamp;
use crate::value::Value;
use thiserror::Error;

/// Something that is wrong with the parameters of an operation.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Violation {
    /// A member that has to be there is not.
    #[error("Missing required parameter in {place}: \"{member}\"")]
    Missing {
        /// The structure
        place: String,
        /// The member
        member: String,
    },
    /// A member that the structure does not have.
    #[error("Unknown parameter in {place}: \"{member}\", must be one of: {known}")]
    Unknown {
        /// The structure
        place: String,
        /// The member
        member: String,
        /// Those that it has
        known: String,
    },
    /// A value of another type.
    #[error("Invalid type for parameter {place}, value: {value}, type: {is}, valid types: {valid}")]
    Type {
        /// Where
        place: String,
        /// The value
        value: String,
        /// Its type
        is: &'static str,
        /// The types that it could have
        valid: &'static str,
    },
    /// A text that is too short.
    #[error("Invalid length for parameter {place}, value: {length}, valid min length: {min}")]
    Length {
        /// Where
        place: String,
        /// Its length
        length: i64,
        /// The least
        min: i64,
    },
    /// A number that is too small.
    #[error("Invalid value for parameter {place}, value: {value}, valid min value: {min}")]
    Range {
        /// Where
        place: String,
        /// The number
        value: i64,
        /// The least
        min: i64,
    },
}

impl Violation {
    /// Bytes where a text, a list or a structure should be: SWF has no members of bytes.
    pub(crate) fn bytes(member: &Member, bytes: &[u8]) -> Violation {
        Violation::Type {
            place: member.name.clone(),
            value: quoted_bytes(bytes),
            is: "<class 'bytes'>",
            valid: valid_types(&Model::get().shape(member.shape).kind),
        }
    }
}

/// Everything that is wrong with the parameters of an operation.
pub(crate) fn check(operation: &Operation, parameters: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    Check { found: &mut found }.value(parameters, operation.input, "");
    found
}

/// Makes whole seconds of all timestamps among parameters that were checked.
pub(crate) fn settle(value: &mut Value, shape: ShapeId) {
    match (&Model::get().shape(shape).kind, &mut *value) {
        (Kind::Timestamp, moment) => {
            *value = Value::Integer(timestamp::parse(moment).expect("it was checked"));
        }
        (Kind::Structure { members, .. }, Value::Map(entries)) => {
            for (name, value) in entries {
                let member = members.iter().find(|member| member.name == *name);
                settle(value, member.expect("it was checked").shape);
            }
        }
        (Kind::List { member, .. }, Value::List(items)) => {
            for item in items {
                settle(item, *member);
            }
        }
        (
            Kind::Text { .. }
            | Kind::Integer { .. }
            | Kind::Boolean
            | Kind::Structure { .. }
            | Kind::List { .. },
            _,
        ) => (),
    }
}

struct Check<'a> {
    found: &'a mut Vec<Violation>,
}

impl Check<'_> {
    fn value(&mut self, value: &Value, shape: ShapeId, place: &str) {
        let kind = &Model::get().shape(shape).kind;
        match (kind, value) {
            (Kind::Structure { members, required }, Value::Map(entries)) => {
                self.structure(entries, members, required, place);
            }
            (Kind::List { member, .. }, Value::List(items)) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(item, *member, &format!("{place}[{index}]"));
                }
            }
            (Kind::Text { length_min, .. }, Value::Text(text)) => {
                let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
                if let Some(min) = length_min.filter(|min| length < *min) {
                    self.found.push(Violation::Length { place: place.to_owned(), length, min });
                }
            }
            (Kind::Integer { min, .. }, Value::Integer(number)) => {
                if let Some(min) = min.filter(|min| number < min) {
                    let (place, value) = (place.to_owned(), *number);
                    self.found.push(Violation::Range { place, value, min });
                }
            }
            // A truth value is a number in Python, and goes out as it is.
            (Kind::Boolean | Kind::Integer { .. }, Value::Bool(_)) => (),
            (Kind::Timestamp, moment) if timestamp::parse(moment).is_some() => (),
            (kind, value) => self.found.push(Violation::Type {
                place: name(place).to_owned(),
                value: shown(value),
                is: type_of(value),
                valid: valid_types(kind),
            }),
        }
    }

    fn structure(
        &mut self,
        entries: &[(String, Value)],
        members: &[Member],
        required: &[String],
        place: &str,
    ) {
        let here = || name(place).to_owned();
        for member in required {
            if !entries.iter().any(|(name, _)| name == member) {
                self.found.push(Violation::Missing { place: here(), member: member.clone() });
            }
        }
        let member_of = |name: &str| members.iter().find(|member| member.name == name);
        for (name, _) in entries {
            if member_of(name).is_none() {
                let known: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
                let (member, known) = (name.clone(), known.join(", "));
                self.found.push(Violation::Unknown { place: here(), member, known });
            }
        }
        for (name, value) in entries {
            if let Some(member) = member_of(name) {
                let inner = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
                self.value(value, member.shape, &inner);
            }
        }
    }
}

/// A place as it is named; the outermost is the input.
fn name(place: &str) -> &str {
    if place.is_empty() { "input" } else { place }
}

fn valid_types(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text { .. } => "<class 'str'>",
        Kind::Integer { .. } => "<class 'int'>",
        Kind::Boolean => "<class 'bool'>",
        Kind::Timestamp => "<class 'datetime.datetime'>, timestamp-string",
        Kind::List { .. } => "<class 'list'>, <class 'tuple'>",
        Kind::Structure { .. } => "<class 'dict'>",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_violations(operation: &str, parameters: &str, expected: &[&str]) {
        let operation = Model::get().operation(operation).expect("it is an operation");
        let parameters = Value::parse(parameters).expect("it is JSON");
        let found: Vec<String> =
            check(operation, &parameters).iter().map(ToString::to_string).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn all_that_is_wrong_is_told_at_once_and_in_order() {
        check_violations(
            "ListOpenWorkflowExecutions",
            r#"{"maximumPageSize": -1, "foo": 1, "startTimeFilter": {"latestDate": "never"},
                "domain": "", "reverseOrder": "yes"}"#,
            &[
                "Unknown parameter in input: \"foo\", must be one of: domain, startTimeFilter, \
                 typeFilter, tagFilter, nextPageToken, maximumPageSize, reverseOrder, \
                 executionFilter",
                "Invalid value for parameter maximumPageSize, value: -1, valid min value: 0",
                "Missing required parameter in startTimeFilter: \"oldestDate\"",
                "Invalid type for parameter startTimeFilter.latestDate, value: never, type: \
                 <class 'str'>, valid types: <class 'datetime.datetime'>, timestamp-string",
                "Invalid length for parameter domain, value: 0, valid min length: 1",
                "Invalid type for parameter reverseOrder, value: yes, type: <class 'str'>, valid \
                 types: <class 'bool'>",
            ],
        );
    }

    #[test]
    fn what_is_required_comes_first_in_the_models_order() {
        check_violations(
            "RegisterActivityType",
            r#"{"x": null}"#,
            &[
                "Missing required parameter in input: \"domain\"",
                "Missing required parameter in input: \"name\"",
                "Missing required parameter in input: \"version\"",
                "Unknown parameter in input: \"x\", must be one of: domain, name, version, \
                 description, defaultTaskStartToCloseTimeout, defaultTaskHeartbeatTimeout, \
                 defaultTaskList, defaultTaskPriority, defaultTaskScheduleToStartTimeout, \
                 defaultTaskScheduleToCloseTimeout",
            ],
        );
    }

    #[test]
    fn places_in_lists_have_their_number() {
        check_violations(
            "RespondDecisionTaskCompleted",
            r#"{"taskToken": "t", "decisions": [{}, {"decisionType": 5}, null]}"#,
            &[
                "Missing required parameter in decisions[0]: \"decisionType\"",
                "Invalid type for parameter decisions[1].decisionType, value: 5, type: \
                 <class 'int'>, valid types: <class 'str'>",
                "Invalid type for parameter decisions[2], value: None, type: <class 'NoneType'>, \
                 valid types: <class 'dict'>",
            ],
        );
        check_violations("UntagResource", r#"{"resourceArn": "a", "tagKeys": {"a": [1.0]}}"#, {
            &["Invalid type for parameter tagKeys, value: {'a': [1.0]}, type: <class 'dict'>, \
              valid types: <class 'list'>, <class 'tuple'>"]
        });
    }

    #[test]
    fn greatest_lengths_enumerations_and_sizes_are_the_servers() {
        let long = "x".repeat(400);
        check_violations(
            "StartWorkflowExecution",
            &format!(
                r#"{{"domain": "d", "workflowId": "w", "taskList": {{"name": "{long}"}},
                    "workflowType": {{"name": "n", "version": "v"}}, "childPolicy": "BOGUS",
                    "tagList": ["1", "2", "3", "4", "5", "6", "7"]}}"#
            ),
            &[],
        );
        check_violations(
            "ListDomains",
            r#"{"registrationStatus": "X", "maximumPageSize": 5000}"#,
            &[],
        );
    }

    #[test]
    fn timestamps_go_out_as_whole_seconds() {
        let operation = Model::get().operation("CountOpenWorkflowExecutions").expect("known");
        let mut parameters = Value::parse(
            r#"{"domain": "d", "startTimeFilter": {"oldestDate": "1970-01-02", "latestDate": 9.9}}"#,
        )
        .expect("it is JSON");
        assert_eq!(check(operation, &parameters), []);
        settle(&mut parameters, operation.input);
        let text = serde_json::to_string(&parameters).expect("it is written");
        let expected = r#"{"domain":"d","startTimeFilter":{"oldestDate":86400,"latestDate":9}}"#;
        assert_eq!(text, expected);
    }

    #[test]
    fn bytes_fit_nothing() {
        let operation = Model::get().operation("SignalWorkflowExecution").expect("known");
        let input = operation.members().iter().find(|member| member.name == "input");
        let violation = Violation::bytes(input.expect("it is a member"), b"\x00a");
        assert_eq!(
            violation.to_string(),
            "Invalid type for parameter input, value: b'\\x00a', type: <class 'bytes'>, valid \
             types: <class 'str'>"
        );
    }
}
