//! What must occur in the scripts: every operation, event and cause, every text of a refusal, the
//! golden histories and the traps by name. And what cannot occur yet, with the reason.

use super::play::Seen;
use super::{IN_PROCESS, OVER_TCP, SCRIPTS, model};
use std::collections::BTreeSet;

/// Why something does not occur in this build.
type Reason = &'static str;

const LAMBDA_IDS: Reason = "the live service takes an id that is in use, whatever the cause is for";
const ACCESS: Reason = "the scripts play on a server without access control";

/// Causes that do not occur.
const CAUSES_ABSENT: &[(&str, &str, Reason)] =
    &[("ScheduleLambdaFunctionFailed", "ID_ALREADY_IN_USE", LAMBDA_IDS)];

/// The texts of refusals that the service is known for (api.md, section 1.4): names, and texts with
/// `*` for what differs; an empty one stands for none.
const FAULTS: &[(&str, &str)] = &[
    ("UnknownResourceFault", "Unknown domain: *"),
    ("UnknownResourceFault", "Unknown type: WorkflowType=[name=*, version=*]"),
    ("UnknownResourceFault", "Unknown type: ActivityType=[name=*, version=*]"),
    ("UnknownResourceFault", "Unknown execution: WorkflowExecution=[workflowId=*, runId=*]"),
    ("UnknownResourceFault", "Unknown execution, workflowId = *"),
    ("UnknownResourceFault", "Unknown activity, scheduledEventId = *"),
    ("UnknownResourceFault", "Unknown decision task, scheduledEventId = *"),
    ("DomainAlreadyExistsFault", "d"),
    ("DomainDeprecatedFault", "d"),
    ("TypeAlreadyExistsFault", "WorkflowType=[name=*, version=*]"),
    ("TypeAlreadyExistsFault", "ActivityType=[name=*, version=*]"),
    ("TypeDeprecatedFault", "WorkflowType=[name=*, version=*]"),
    ("TypeDeprecatedFault", "ActivityType=[name=*, version=*]"),
    (
        "TypeNotDeprecatedFault",
        "The type is currently registered and cannot be deleted in its current state",
    ),
    ("WorkflowExecutionAlreadyStartedFault", ""),
    ("DefaultUndefinedFault", "executionStartToCloseTimeout"),
    ("DefaultUndefinedFault", "taskList"),
    ("DefaultUndefinedFault", "taskStartToCloseTimeout"),
    ("DefaultUndefinedFault", "childPolicy"),
    ("LimitExceededFault", "Limit on maximum concurrent poll requests per task list reached"),
    ("LimitExceededFault", "*"),
    ("LimitExceededFault", "Limit of 2 open executions reached"),
    ("ThrottlingException", "Rate exceeded"),
    ("TooManyTagsFault", "*"),
    ("InternalFailure", ""),
    ("SerializationException", ""),
    ("SerializationException", "NUMBER_VALUE cannot be converted to String"),
    ("SerializationException", "TRUE_VALUE cannot be converted to String"),
    ("SerializationException", "Start of structure or map found where not expected"),
    ("SerializationException", "Unrecognized collection type class java.lang.String"),
    ("SerializationException", "Unexpected field type"),
    ("UnknownOperationException", ""),
    ("MissingAuthenticationTokenException", "Request is missing Authentication Token"),
    ("IncompleteSignatureException", "*"),
    (
        "AccessDeniedException",
        "User: arn:aws:iam::*:user/* is not authorized to perform: swf:* on resource: \
         arn:aws:swf:*:*:/domain/* because no identity-based policy allows the swf:* action",
    ),
    (
        "AccessDeniedException",
        "User: arn:aws:iam::*:user/* is not authorized to perform: swf:* on resource: \
         arn:aws:swf:*:*:/domain/* with an explicit deny in an identity-based policy",
    ),
    ("OperationNotPermittedFault", "User: * is not authorized to perform: *"),
    ("RequestEntityTooLargeException", "HTTP content length exceeded 1049600 bytes."),
    (
        "ValidationException",
        "1 validation error detected: Value null at '*' failed to satisfy constraint: \
         Member must not be null",
    ),
    ("ValidationException", "2 validation errors detected: *; *"),
    ("ValidationException", "10 validation errors detected: *"),
    ("ValidationException", "*Member must have length less than or equal to *"),
    ("ValidationException", "*Member must have length greater than or equal to *"),
    ("ValidationException", "*Member must have value less than or equal to *"),
    ("ValidationException", "*Member must have value greater than or equal to *"),
    ("ValidationException", "*Member must satisfy enum value set: [REGISTERED, DEPRECATED]"),
    (
        "ValidationException",
        "*Member must satisfy enum value set: [CompleteWorkflowExecution, StartTimer, \
         RequestCancelExternalWorkflowExecution, SignalExternalWorkflowExecution, CancelTimer, \
         RecordMarker, ScheduleActivityTask, ContinueAsNewWorkflowExecution, \
         ScheduleLambdaFunction, FailWorkflowExecution, RequestCancelActivityTask, \
         StartChildWorkflowExecution, CancelWorkflowExecution]",
    ),
    ("ValidationException", "*at 'decisions.1.member.recordMarkerDecisionAttributes.markerName'*"),
    ("ValidationException", "Invalid token"),
    ("ValidationException", "Specified token has exceeded its maximum lifetime"),
    ("ValidationException", "Close must be last decision in list"),
    (
        "ValidationException",
        "StartTimerDecisionAttributes must be specified for decision of type StartTimer",
    ),
    ("ValidationException", "Must specify time filter"),
    ("ValidationException", "Cannot specify both a * and a *"),
    (
        "ValidationException",
        "Cannot specify more than one exclusive filters in the same query: [*]",
    ),
];

/// Refusals of the same section that cannot occur.
const FAULTS_ABSENT: &[(&str, Reason)] =
    &[("UnrecognizedClientException", ACCESS), ("InvalidSignatureException", ACCESS)];

const GOLDEN_HISTORIES: std::ops::RangeInclusive<char> = 'A'..='P';
const TRAPS: std::ops::RangeInclusive<u32> = 1..=34;

fn seen() -> Seen {
    let mut seen = IN_PROCESS.seen.clone();
    seen.merge(OVER_TCP.seen.clone());
    seen
}

/// What is wrong with what was seen of events.
fn events_wrong(seen: &Seen) -> Vec<String> {
    let all = model::words("EventType");
    assert_eq!(all.len(), 54);
    wrong(
        all.into_iter().map(str::to_owned),
        |event_type| seen.event_types.contains(event_type),
        |_| false,
    )
}

/// What is wrong with what was seen of causes.
fn causes_wrong(seen: &Seen) -> Vec<String> {
    let named: BTreeSet<String> = seen.causes.iter().map(|(e, c)| format!("{e} {c}")).collect();
    wrong(
        model::causes().into_iter().map(|(event, cause)| format!("{event} {cause}")),
        |name| named.contains(name),
        |name| {
            let (event, cause) = name.split_once(' ').expect("an event and a cause");
            CAUSES_ABSENT.iter().any(|absent| (absent.0, absent.1) == (event, cause))
        },
    )
}

/// What is wrong with what was seen of refusals.
fn faults_wrong(seen: &Seen) -> Vec<String> {
    let has = |name: &str, pattern: &str| {
        seen.faults.iter().any(|(known, text)| {
            known == name && fits(text.as_deref().unwrap_or_default(), pattern)
        })
    };
    let all = FAULTS.iter().filter(|(name, pattern)| !has(name, pattern));
    let mut wrong: Vec<String> =
        all.map(|(name, pattern)| format!("{name} {pattern} does not occur")).collect();
    let absent = FAULTS_ABSENT.iter().filter(|(name, _)| has(name, "*"));
    wrong.extend(absent.map(|(name, _)| format!("{name} occurs, though it is said not to")));
    wrong
}

fn operations_wrong(seen: &Seen) -> Vec<String> {
    let has = |name: &String| seen.operations.contains(name);
    wrong(model::operations().map(str::to_owned), has, |_| false)
}

/// What must be there and is not, and the reverse.
fn wrong(
    all: impl Iterator<Item = String>,
    is_seen: impl Fn(&String) -> bool,
    is_absent: impl Fn(&String) -> bool,
) -> Vec<String> {
    let judged = all.filter_map(|name| match (is_seen(&name), is_absent(&name)) {
        (true, false) | (false, true) => None,
        (false, false) => Some(format!("{name} does not occur")),
        (true, true) => Some(format!("{name} occurs, though it is said not to")),
    });
    judged.collect()
}

/// The golden histories and traps that no case is named for.
fn unnamed(names: &BTreeSet<&str>) -> Vec<String> {
    let golden = GOLDEN_HISTORIES.map(|letter| format!("golden {letter}"));
    let wanted = golden.chain(TRAPS.map(|number| format!("trap {number}")));
    let has = |wanted: &String| {
        names.iter().any(|name| name.split_once(':').is_some_and(|(head, _)| head == wanted))
    };
    wanted.filter(|wanted| !has(wanted)).collect()
}

fn names() -> BTreeSet<&'static str> {
    SCRIPTS.iter().flat_map(|script| &script.cases).map(|case| case.name.as_str()).collect()
}

/// Whether `text` is `pattern` with something for each `*`.
fn fits(text: &str, pattern: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return text == pattern };
    let Some(behind) = text.strip_prefix(head) else { return false };
    let places = behind.char_indices().map(|(index, _)| index).chain([behind.len()]);
    places.into_iter().any(|index| fits(&behind[index..], rest))
}

#[test]
fn every_operation_succeeds_somewhere() {
    assert_eq!(operations_wrong(&seen()), [""; 0]);
}

#[test]
fn every_event_occurs() {
    assert_eq!(events_wrong(&seen()), [""; 0]);
}

#[test]
fn every_decision_fails_for_every_cause() {
    assert_eq!(causes_wrong(&seen()), [""; 0]);
}

#[test]
fn every_text_of_a_refusal_occurs() {
    assert_eq!(faults_wrong(&seen()), [""; 0]);
}

#[test]
fn every_golden_history_and_every_trap_has_its_case() {
    assert_eq!(unnamed(&names()), [""; 0]);
    let cases: usize = SCRIPTS.iter().map(|script| script.cases.len()).sum();
    assert_eq!(names().len(), cases, "no two cases have the same name");
}

#[test]
fn the_tables_notice_what_is_missing() {
    let seen = seen();
    for event_type in &seen.event_types {
        let mut less = seen.clone();
        less.event_types.remove(event_type);
        assert!(events_wrong(&less).contains(&format!("{event_type} does not occur")));
    }
    for pair in seen.causes.iter().filter(|pair| model::causes().contains(pair)) {
        let mut less = seen.clone();
        less.causes.remove(pair);
        let named = format!("{} {} does not occur", pair.0, pair.1);
        assert!(causes_wrong(&less).contains(&named));
    }
    for operation in &seen.operations {
        let mut less = seen.clone();
        less.operations.remove(operation);
        assert!(operations_wrong(&less).contains(&format!("{operation} does not occur")));
    }
    for (name, pattern) in FAULTS.iter().filter(|(_, pattern)| *pattern != "*") {
        let mut less = seen.clone();
        less.faults.retain(|(known, text)| {
            known != name || !fits(text.as_deref().unwrap_or_default(), pattern)
        });
        assert!(faults_wrong(&less).contains(&format!("{name} {pattern} does not occur")));
    }
    for case in names().iter().filter(|n| n.starts_with("golden ") || n.starts_with("trap ")) {
        let mut less = names();
        less.remove(case);
        let head = case.split(':').next().expect("a name").to_owned();
        let others = less.iter().any(|name| name.starts_with(&format!("{head}:")));
        assert!(others || unnamed(&less) == [head]);
    }
    assert!(fits("a b c", "a * c") && fits("", "*") && !fits("a b", "a *c") && !fits("ab", "a"));
}
