//! Constraints that AWS states in prose alone, as tables over the model's shapes and members.
//!
//! Which text the live service answers with is unknown for most of these; the error's type
//! (`ValidationException`) is certain (api.md, sections 2 and 8).

use crate::fault::Fault;
use crate::request::Operation;
use crate::values::Timeout;
use serde_json::Value;

/// The longest retention, in days.
pub const RETENTION_DAYS_MAX: u32 = 90;

/// The longest start-to-close timeout of a Lambda task, in seconds.
pub const LAMBDA_SECONDS_MAX: u32 = 900;

const NAME_RULE: &str = "Member must not contain ':', '/', '|' or control characters \
     and must not be 'arn'";
const TRIMMED_RULE: &str = "Member must not start or end with whitespace";
const DURATION_RULE: &str = "Member must be a number of seconds of at most 8 digits, or NONE";
const LIMITED_RULE: &str = "Member must be a number of seconds of at most 8 digits";
const LAMBDA_RULE: &str = "Member must be a number of seconds from 1 to 900";
const RETENTION_RULE: &str = "Member must be a number of days from 0 to 90, or NONE";
const PRIORITY_RULE: &str = "Member must be a whole number from -2147483648 to 2147483647";
const TAG_RULE: &str = "Member must consist of letters, digits, whitespace and any of _.:/=+-@";

/// Optional texts for which clients send `""` when they mean nothing.
pub(crate) fn empty_is_absent(shape: &str) -> bool {
    matches!(
        shape,
        "DurationInSecondsOptional" | "WorkflowRunIdOptional" | "VersionOptional" | "PageToken"
    )
}

/// The rule of its shape that a text breaks.
pub(crate) fn broken_by_text(shape: &str, text: &str) -> Option<&'static str> {
    let (holds, rule) = match shape {
        "DurationInSeconds" | "DurationInSecondsOptional" => {
            (Timeout::parse(text).is_some(), DURATION_RULE)
        }
        "DurationInDays" => (is_retention(text), RETENTION_RULE),
        "TaskPriority" => (text.parse::<i32>().is_ok(), PRIORITY_RULE),
        "ResourceTagKey" | "ResourceTagValue" => (text.chars().all(is_tag_character), TAG_RULE),
        _ => (true, ""),
    };
    (!holds).then_some(rule)
}

/// The rule of its member that a value breaks, with the text that breaks it. A task list's rule
/// is about its name.
pub(crate) fn broken_by_member<'v>(
    structure: &str,
    member: &str,
    value: &'v Value,
) -> Option<(&'v str, &'static str)> {
    let text = value.as_str().or_else(|| value.get("name").and_then(Value::as_str))?;
    let limited = || !matches!(Timeout::parse(text), Some(Timeout::Unlimited));
    let (holds, rule) = match (structure, member) {
        ("RegisterDomainInput", "name") if is_name(text) => (text.trim() == text, TRIMMED_RULE),
        // Only where things are named for the first time: executions that exist under freer
        // names, as children do in the field, can still be polled, signalled and described.
        ("RegisterDomainInput", "name")
        | ("RegisterActivityTypeInput", "name" | "version" | "defaultTaskList")
        | ("RegisterWorkflowTypeInput", "name" | "version" | "defaultTaskList")
        | ("StartWorkflowExecutionInput", "workflowId" | "taskList") => (is_name(text), NAME_RULE),
        // Children and continuations may ask for NONE (engine.md, section 13, row 22).
        ("RegisterWorkflowTypeInput", "defaultExecutionStartToCloseTimeout")
        | ("StartWorkflowExecutionInput", "executionStartToCloseTimeout")
        | ("StartTimerDecisionAttributes", "startToFireTimeout") => (limited(), LIMITED_RULE),
        ("ScheduleLambdaFunctionDecisionAttributes", "startToCloseTimeout") => (
            text.parse().is_ok_and(|seconds| (1..=LAMBDA_SECONDS_MAX).contains(&seconds)),
            LAMBDA_RULE,
        ),
        _ => (true, ""),
    };
    (!holds).then_some((text, rule))
}

/// The words of an enumeration in the order in which the service prints them.
pub(crate) fn words_in_order<'w>(shape: &str, words: &'w [String]) -> Vec<&'w str> {
    // Seen by two independent observers of the live service; the model's order differs.
    const DECISION_TYPES: &[&str] = &[
        "CompleteWorkflowExecution",
        "StartTimer",
        "RequestCancelExternalWorkflowExecution",
        "SignalExternalWorkflowExecution",
        "CancelTimer",
        "RecordMarker",
        "ScheduleActivityTask",
        "ContinueAsNewWorkflowExecution",
        "ScheduleLambdaFunction",
        "FailWorkflowExecution",
        "RequestCancelActivityTask",
        "StartChildWorkflowExecution",
        "CancelWorkflowExecution",
    ];
    if shape == "DecisionType" {
        return DECISION_TYPES.to_vec();
    }
    words.iter().map(String::as_str).collect()
}

/// Filters that exclude each other, and the time filter that some operations need. `body` has
/// passed all other checks.
pub(crate) fn check_filters(operation: Operation, body: &Value) -> Result<(), Fault> {
    const EXCLUSIVE: [&str; 4] =
        ["executionFilter", "typeFilter", "tagFilter", "closeStatusFilter"];
    let given = |name: &str| body.get(name).is_some();
    // The members of these names mean this in every operation that has them.
    let filters: Vec<&str> = EXCLUSIVE.into_iter().filter(|name| given(name)).collect();
    let closed =
        [Operation::ListClosedWorkflowExecutions, Operation::CountClosedWorkflowExecutions];
    let text =
        if closed.contains(&operation) && !given("startTimeFilter") && !given("closeTimeFilter") {
            "Must specify time filter".to_owned()
        } else if given("startTimeFilter") && given("closeTimeFilter") {
            "Cannot specify both a startTimeFilter and a closeTimeFilter".to_owned()
        } else if filters.len() > 1 {
            let filters = filters.join(", ");
            format!("Cannot specify more than one exclusive filters in the same query: [{filters}]")
        } else {
            return Ok(());
        };
    Err(Fault::Validation(text))
}

fn is_name(text: &str) -> bool {
    text != "arn"
        && !text.chars().any(|c| matches!(c, ':' | '/' | '|' | '\0'..='\x1f' | '\x7f'..='\u{9f}'))
}

fn is_retention(text: &str) -> bool {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text == "NONE" || (digits && text.parse::<u32>().is_ok_and(|days| days <= RETENTION_DAYS_MAX))
}

fn is_tag_character(c: char) -> bool {
    c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c)
}
