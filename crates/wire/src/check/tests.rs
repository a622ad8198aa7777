//! Holds our types against the API model, and the texts of refusals against the live service's.

use super::*;
use crate::{
    BackupDetail, BackupRows, DecisionType, Event, EventAttributes, ImportProgress, Model,
    OWN_MODEL_JSON, Operation, OwnOperation, OwnRequest, ServerDetail, decision::Decision, shapes,
    values,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// What the model says of an operation, as it stands in the file.
fn described(operation: Operation) -> Value {
    let text = include_str!("../swf-2012-01-25.json");
    let model: Value = serde_json::from_str(text).expect("the embedded model is JSON");
    model["operations"][operation.name()].clone()
}

fn sample_of(shape: &Shape) -> Value {
    sample_in(Model::get(), shape)
}

/// A value of the shape with every member set.
fn sample_in(model: &Model, shape: &Shape) -> Value {
    let sample = |id| sample_in(model, model.shape(id));
    match &shape.kind {
        Kind::Text { words, .. } => match (shape.name.as_str(), words.first()) {
            (_, Some(word)) => json!(word),
            ("DurationInSeconds" | "DurationInSecondsOptional" | "DurationInDays", _) => json!("7"),
            ("TaskPriority", _) => json!("-5"),
            _ => json!("x"),
        },
        Kind::Integer { .. } => json!(1),
        Kind::Boolean => json!(true),
        Kind::Timestamp => json!(1326593394.566),
        Kind::List { member, .. } => json!([sample(*member)]),
        Kind::Structure { members } => {
            // An event has the attributes of its type alone.
            let attributes = "workflowExecutionStartedEventAttributes";
            let belongs = |name: &str| name == attributes || !name.ends_with("EventAttributes");
            let is_event = shape.name == "HistoryEvent";
            let members = members.iter().filter(|m| !is_event || belongs(&m.name));
            members.map(|m| (m.name.clone(), sample(m.shape))).collect()
        }
    }
}

fn named(name: &str) -> &'static Shape {
    named_in(Model::get(), name)
}

fn named_in<'m>(model: &'m Model, name: &str) -> &'m Shape {
    model.shape_named(name).unwrap_or_else(|| panic!("the model has no shape {name}"))
}

/// The type has every member of the shape and no other, each of the same JSON type, and exactly
/// the required ones must be there.
fn check_shape<T: Serialize + DeserializeOwned>(name: &str) {
    check_shape_in::<T>(Model::get(), name);
}

fn check_shape_in<T: Serialize + DeserializeOwned>(model: &Model, name: &str) {
    let shape = named_in(model, name);
    let full = sample_in(model, shape);
    let typed: T = serde_json::from_value(full.clone()).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(serde_json::to_value(&typed).expect("encodes"), full, "{name}");
    let Kind::Structure { members } = &shape.kind else { panic!("{name} is no structure") };
    for member in members {
        let mut lacking = full.clone();
        lacking.as_object_mut().expect("an object").remove(&member.name);
        let accepted = serde_json::from_value::<T>(lacking).is_ok();
        // Ids that are always written, as 0 if need be, are plain members of ours.
        let always_written = member.name.ends_with("EventId") && !accepted;
        assert!(
            accepted != member.required || always_written,
            "{name}.{}: required {}, but {}",
            member.name,
            member.required,
            if accepted { "optional here" } else { "required here" }
        );
    }
}

#[test]
fn every_operation_takes_the_models_members() {
    for operation in Operation::ALL {
        let mut body = sample_of(Model::get().input(operation.name()));
        let members = body.as_object_mut().expect("an input is a structure");
        // One filter of each exclusive group.
        if members.remove("executionFilter").is_some() {
            members.remove("tagFilter");
            members.remove("closeStatusFilter");
            members.remove("closeTimeFilter");
        }
        // The sample decision carries the attributes of every type; ours keeps its own.
        members.remove("decisions");
        let request = Model::get()
            .check(*operation, body.clone())
            .unwrap_or_else(|fault| panic!("{}: {fault:?}", operation.name()));
        assert_eq!(request.to_json(), body, "{}", operation.name());
        assert_eq!(request.operation(), *operation);
    }
    assert_eq!(Operation::ALL.len(), 39);
}

macro_rules! check_shapes {
    ($($name:ident),* $(,)?) => { $(check_shape::<shapes::$name>(stringify!($name));)* };
}

#[test]
fn every_answer_has_the_models_members() {
    check_shapes!(
        ActivityTask,
        ActivityTaskStatus,
        ActivityTypeDetail,
        ActivityTypeInfos,
        DomainDetail,
        DomainInfos,
        ListTagsForResourceOutput,
        PendingTaskCount,
        Run,
        WorkflowExecutionCount,
        WorkflowExecutionDetail,
        WorkflowExecutionInfos,
        WorkflowTypeDetail,
        WorkflowTypeInfos,
    );
    let checked = [
        "ActivityTask",
        "ActivityTaskStatus",
        "ActivityTypeDetail",
        "ActivityTypeInfos",
        "DomainDetail",
        "DomainInfos",
        "ListTagsForResourceOutput",
        "PendingTaskCount",
        "Run",
        "WorkflowExecutionCount",
        "WorkflowExecutionDetail",
        "WorkflowExecutionInfos",
        "WorkflowTypeDetail",
        "WorkflowTypeInfos",
        // Written from stored bytes; the service's tests hold them.
        "History",
        "DecisionTask",
    ];
    for operation in Operation::ALL {
        if let Some(output) = described(*operation)["output"].as_str() {
            assert!(checked.contains(&output), "{output} is not checked");
        }
    }
}

#[test]
fn every_event_has_the_models_members() {
    let Kind::Text { words, .. } = &named("EventType").kind else {
        panic!("event types are words")
    };
    assert_eq!(EventAttributes::TYPES, words);
    for event_type in words {
        let shape = format!("{event_type}EventAttributes");
        let key = format!("{}{}", shape[..1].to_lowercase(), &shape[1..]);
        let full = json!({
            "eventTimestamp": 1326593394.566,
            "eventType": event_type,
            "eventId": 7,
            key: sample_of(named(&shape)),
        });
        let event: Event = serde_json::from_value(full.clone()).expect("an event");
        assert_eq!(event.attributes.event_type(), event_type);
        assert_eq!(serde_json::to_value(&event).expect("encodes"), full);
    }
}

#[test]
fn every_decision_has_the_models_members() {
    let types: Vec<&str> = DecisionType::ALL.iter().map(|t| t.as_str()).collect();
    let Kind::Text { words, .. } = &named("DecisionType").kind else { panic!("words") };
    assert_eq!(&types, words);
    for decision_type in types {
        let shape = format!("{decision_type}DecisionAttributes");
        let key = format!("{}{}", shape[..1].to_lowercase(), &shape[1..]);
        let full = json!({ "decisionType": decision_type, key: sample_of(named(&shape)) });
        let decision: Decision = serde_json::from_value(full.clone()).expect("a decision");
        assert_eq!(decision.decision_type().as_str(), decision_type);
        assert_eq!(serde_json::to_value(&decision).expect("encodes"), full);
    }
}

#[test]
fn every_enumeration_has_the_models_words() {
    macro_rules! check_words {
        ($($name:ident),* $(,)?) => { $({
            let words: Vec<&str> = values::$name::ALL.iter().map(|word| word.as_str()).collect();
            let Kind::Text { words: expected, .. } = &named(stringify!($name)).kind else {
                panic!("{} is not an enumeration", stringify!($name));
            };
            assert_eq!(&words, expected);
        })* };
    }
    check_words!(
        ActivityTaskTimeoutType,
        CancelTimerFailedCause,
        CancelWorkflowExecutionFailedCause,
        ChildPolicy,
        CloseStatus,
        CompleteWorkflowExecutionFailedCause,
        ContinueAsNewWorkflowExecutionFailedCause,
        DecisionTaskTimeoutType,
        ExecutionStatus,
        FailWorkflowExecutionFailedCause,
        LambdaFunctionTimeoutType,
        RecordMarkerFailedCause,
        RegistrationStatus,
        RequestCancelActivityTaskFailedCause,
        RequestCancelExternalWorkflowExecutionFailedCause,
        ScheduleActivityTaskFailedCause,
        ScheduleLambdaFunctionFailedCause,
        SignalExternalWorkflowExecutionFailedCause,
        StartChildWorkflowExecutionFailedCause,
        StartLambdaFunctionFailedCause,
        StartTimerFailedCause,
        WorkflowExecutionCancelRequestedCause,
        WorkflowExecutionTerminatedCause,
        WorkflowExecutionTimeoutType,
    );
}

#[test]
fn every_fault_of_the_model_is_one_of_ours() {
    let text = String::new;
    let ours: Vec<&str> = [
        Fault::UnknownResource(text()),
        Fault::DomainAlreadyExists("d".into()),
        Fault::DomainDeprecated("d".into()),
        Fault::TypeAlreadyExists(text()),
        Fault::TypeDeprecated(text()),
        Fault::TypeNotDeprecated,
        Fault::WorkflowExecutionAlreadyStarted,
        Fault::DefaultUndefined("taskList"),
        Fault::LimitExceeded(text()),
        Fault::TooManyTags(text()),
    ]
    .iter()
    .map(|fault| fault.type_name().trim_start_matches("com.amazonaws.swf.base.model#"))
    .collect();
    for operation in Operation::ALL {
        for fault in described(*operation)["errors"].as_array().expect("a list of faults") {
            let fault = fault.as_str().expect("a fault has a name");
            // Access control brings the one that is missing.
            assert!(ours.contains(&fault) || fault == "OperationNotPermittedFault", "{fault}");
        }
    }
}

/// Two shapes of one name would have one of them hidden, and what it demands unchecked.
#[test]
fn no_shape_of_ours_has_the_name_of_one_of_the_apis() {
    let shapes =
        |text| -> Value { serde_json::from_str(text).expect("the embedded model is JSON") };
    let (api, own) = (shapes(crate::MODEL_JSON), shapes(OWN_MODEL_JSON));
    for name in own["shapes"].as_object().expect("the model has shapes").keys() {
        assert_eq!(api["shapes"].get(name), None, "{name}");
    }
}

#[test]
fn every_operation_of_ours_has_its_models_members() {
    let model: Value = serde_json::from_str(OWN_MODEL_JSON).expect("the embedded model is JSON");
    let described = model["operations"].as_object().expect("the model has operations");
    let known: Vec<&str> = OwnOperation::ALL.iter().map(|operation| operation.name()).collect();
    assert_eq!(described.keys().map(String::as_str).collect::<Vec<_>>(), known, "by name");
    for operation in OwnOperation::ALL {
        let body = sample_in(Model::own(), Model::own().input(operation.name()));
        let request = OwnRequest::check(*operation, body.clone());
        let request = request.unwrap_or_else(|fault| panic!("{}: {fault:?}", operation.name()));
        assert_eq!(request.to_json(), body, "{}", operation.name());
    }
}

#[test]
fn every_answer_of_ours_has_its_models_members() {
    check_shape_in::<BackupDetail>(Model::own(), "BackupDetail");
    check_shape_in::<BackupRows>(Model::own(), "BackupRows");
    check_shape_in::<ServerDetail>(Model::own(), "ServerDetail");
    check_shape_in::<ImportProgress>(Model::own(), "ImportProgress");
    check_shape_in::<crate::DomainLoads>(Model::own(), "DomainLoads");
    check_shape_in::<crate::DomainLoad>(Model::own(), "DomainLoad");
    check_shape_in::<crate::TaskListDetails>(Model::own(), "TaskListDetails");
    check_shape_in::<crate::TaskListDetail>(Model::own(), "TaskListDetail");
    check_shape_in::<crate::PollerDetail>(Model::own(), "PollerDetail");
    check_shape_in::<crate::Backlog>(Model::own(), "Backlog");
}

/// Checks a body and compares the fault: its short name, a space, its text; or `ok`.
#[track_caller]
fn check(operation: Operation, body: Value, expected: &str) {
    let outcome = match Model::get().check(operation, body) {
        Ok(_) => "ok".to_owned(),
        Err(fault) => {
            let name = fault.type_name().rsplit('#').next().unwrap_or_default();
            format!("{name} {}", fault.message().unwrap_or_default()).trim_end().to_owned()
        }
    };
    assert_eq!(outcome, expected);
}

#[test]
fn constraints_are_refused_in_the_services_words() {
    use Operation as O;
    let one = "ValidationException 1 validation error detected: ";
    check(
        O::DescribeDomain,
        json!({}),
        &format!("{one}Value null at 'name' failed to satisfy constraint: Member must not be null"),
    );
    check(
        O::DescribeDomain,
        json!({ "name": "" }),
        &format!(
            "{one}Value '' at 'name' failed to satisfy constraint: \
             Member must have length greater than or equal to 1"
        ),
    );
    check(O::DescribeDomain, json!({ "name": "é".repeat(256) }), "ok");
    // Two UTF-16 units each.
    let clefs = "𝄞".repeat(129);
    check(
        O::DescribeDomain,
        json!({ "name": clefs }),
        &format!(
            "{one}Value '{clefs}' at 'name' failed to satisfy constraint: \
             Member must have length less than or equal to 256"
        ),
    );
    check(
        O::ListDomains,
        json!({ "registrationStatus": "BOGUS", "maximumPageSize": 1001 }),
        "ValidationException 2 validation errors detected: Value '1001' at 'maximumPageSize' \
         failed to satisfy constraint: Member must have value less than or equal to 1000; \
         Value 'BOGUS' at 'registrationStatus' failed to satisfy constraint: \
         Member must satisfy enum value set: [REGISTERED, DEPRECATED]",
    );
    check(
        O::StartWorkflowExecution,
        json!({ "domain": "d", "workflowId": "w", "workflowType": { "name": "n", "version": "v" },
                "tagList": ["a", "b", "c", "d", "e", "f"] }),
        &format!(
            "{one}Value '[a, b, c, d, e, f]' at 'tagList' failed to satisfy constraint: \
             Member must have length less than or equal to 5"
        ),
    );
    check(
        O::RespondDecisionTaskCompleted,
        json!({ "taskToken": "t", "decisions": [{
            "decisionType": "CompleteWorkflowExecution",
            "recordMarkerDecisionAttributes": { "markerName": "" } }] }),
        &format!(
            "{one}Value '' at 'decisions.1.member.recordMarkerDecisionAttributes.markerName' \
             failed to satisfy constraint: Member must have length greater than or equal to 1"
        ),
    );
}

#[test]
fn prose_rules_are_enforced_where_things_are_named() {
    use Operation as O;
    let start = |member: &str, value: Value| {
        let mut body = json!({ "domain": "d", "workflowId": "w",
            "workflowType": { "name": "n", "version": "v" } });
        body[member] = value;
        match Model::get().check(O::StartWorkflowExecution, body) {
            Ok(_) => "ok".to_owned(),
            Err(fault) => fault.message().unwrap_or_default().to_owned(),
        }
    };
    for refused in ["a:b", "a/b", "a|b", "a\u{1}", "a\u{80}", "arn"] {
        assert!(start("workflowId", json!(refused)).contains("at 'workflowId'"), "{refused:?}");
        assert!(start("taskList", json!({ "name": refused })).contains("at 'taskList.name'"));
    }
    for accepted in ["arn1", "a b", " a", "Ärger"] {
        assert_eq!(start("workflowId", json!(accepted)), "ok", "{accepted:?}");
    }
    assert!(start("executionStartToCloseTimeout", json!("NONE")).contains("at 'executionStart"));
    assert_eq!(start("taskStartToCloseTimeout", json!("NONE")), "ok");
    assert_eq!(start("taskStartToCloseTimeout", json!("")), "ok");
    for refused in ["-1", "1.5", "x", "123456789", "none"] {
        assert!(start("taskStartToCloseTimeout", json!(refused)).contains("at 'taskStart"));
    }
    assert!(start("taskPriority", json!("high")).contains("at 'taskPriority'"));
    assert_eq!(start("taskPriority", json!("-2147483648")), "ok");
    for (retention, accepted) in [("0", true), ("90", true), ("NONE", true), ("91", false)] {
        let body = json!({ "name": "d", "workflowExecutionRetentionPeriodInDays": retention });
        assert_eq!(Model::get().check(O::RegisterDomain, body).is_ok(), accepted, "{retention}");
    }
}

#[test]
fn wrong_types_end_the_check() {
    use Operation as O;
    let name = |value: Value| json!({ "name": value, "unknown": 1 });
    let prefix = "SerializationException ";
    let rows = [
        (json!(5), "NUMBER_VALUE cannot be converted to String"),
        (json!(true), "TRUE_VALUE cannot be converted to String"),
        (json!({}), "Start of structure or map found where not expected"),
        (json!([]), "Unrecognized collection type class java.lang.String"),
    ];
    for (value, text) in rows {
        check(O::DescribeDomain, name(value), &format!("{prefix}{text}"));
    }
    check(O::DescribeDomain, json!("x"), &format!("{prefix}Unexpected field type"));
    check(O::DescribeDomain, name(json!("d")), "ok");
    check(
        O::ListDomains,
        json!({ "registrationStatus": "REGISTERED", "reverseOrder": "true",
                "nextPageToken": null, "maximumPageSize": 5.0 }),
        "ok",
    );
}

#[test]
fn a_bad_list_of_decisions_is_refused_whole() {
    let decide = |decisions: Value, expected: &str| {
        check(
            Operation::RespondDecisionTaskCompleted,
            json!({ "taskToken": "t", "decisions": decisions }),
            expected,
        );
    };
    let complete = json!({ "decisionType": "CompleteWorkflowExecution" });
    let marker = json!({ "decisionType": "RecordMarker",
        "recordMarkerDecisionAttributes": { "markerName": "m" } });
    decide(json!([marker, complete]), "ok");
    decide(json!([complete, marker]), "ValidationException Close must be last decision in list");
    decide(json!([complete, complete]), "ValidationException Close must be last decision in list");
    decide(
        json!([{ "decisionType": "StartTimer" }]),
        "ValidationException StartTimerDecisionAttributes must be specified for decision of type \
         StartTimer",
    );
}

#[test]
fn filters_that_exclude_each_other_are_refused() {
    use Operation as O;
    let time = json!({ "oldestDate": 0 });
    check(
        O::ListClosedWorkflowExecutions,
        json!({ "domain": "d" }),
        "ValidationException Must specify time filter",
    );
    check(
        O::CountClosedWorkflowExecutions,
        json!({ "domain": "d", "startTimeFilter": time, "closeTimeFilter": time }),
        "ValidationException Cannot specify both a startTimeFilter and a closeTimeFilter",
    );
    check(
        O::ListOpenWorkflowExecutions,
        json!({ "domain": "d", "startTimeFilter": time, "tagFilter": { "tag": "t" },
                "typeFilter": { "name": "n", "version": "" } }),
        "ValidationException Cannot specify more than one exclusive filters in the same query: \
         [typeFilter, tagFilter]",
    );
}
