//! What the causes of failed decisions mean, and what helps.

/// What helps against a cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Help {
    /// A type that is deprecated.
    TypeDeprecated,
    /// A type that is not registered.
    TypeMissing,
    /// Neither the decision nor the type says it: its name.
    NoDefault(&'static str),
    /// There is no such open execution.
    UnknownExecution,
    /// There is one already.
    AlreadyRunning,
    /// What it means; the decider has to be changed, or permitted.
    Other(&'static str),
}

impl Help {
    /// What the cause means, as the end of a sentence.
    pub fn text(&self) -> String {
        let text = match self {
            Help::TypeDeprecated => "the type is deprecated, so that nothing new of it begins.",
            Help::TypeMissing => "no type of that name and version is registered in the domain.",
            Help::NoDefault(what) => {
                return format!(
                    "neither the decision nor the registered type says {what}. The decider has to \
                     say it: the defaults of a type cannot be changed, only a new version of it \
                     has others."
                );
            }
            Help::UnknownExecution => "no such execution is open in the domain.",
            Help::AlreadyRunning => "an execution with that id is open already.",
            Help::Other(text) => text,
        };
        text.to_owned()
    }
}

/// What a cause means; nothing of a word that is none.
pub fn help(cause: &str) -> Option<Help> {
    CAUSES.iter().find(|(name, _)| *name == cause).map(|(_, help)| *help)
}

const RATE: Help = Help::Other("decisions of this kind come faster than the quota lets them.");

/// All causes of decisions that fail.
const CAUSES: &[(&str, Help)] = &[
    (
        "UNHANDLED_DECISION",
        Help::Other(
            "there was news that the decider had not seen, so that the execution could not be \
             closed; it has to decide that again on the next decision task.",
        ),
    ),
    (
        "OPERATION_NOT_PERMITTED",
        Help::Other(
            "whoever answered the decision task is not permitted it by its policies; the server's \
             audit log names the policy.",
        ),
    ),
    ("ACTIVITY_TYPE_DEPRECATED", Help::TypeDeprecated),
    ("ACTIVITY_TYPE_DOES_NOT_EXIST", Help::TypeMissing),
    ("WORKFLOW_TYPE_DEPRECATED", Help::TypeDeprecated),
    ("WORKFLOW_TYPE_DOES_NOT_EXIST", Help::TypeMissing),
    (
        "ACTIVITY_ID_ALREADY_IN_USE",
        Help::Other("an activity with that id is open; ids are free again when it is closed."),
    ),
    (
        "TIMER_ID_ALREADY_IN_USE",
        Help::Other(
            "a timer with that id runs; ids are free again when it has fired or is canceled.",
        ),
    ),
    (
        "ID_ALREADY_IN_USE",
        Help::Other("a Lambda task with that id is open; ids are free again when it is closed."),
    ),
    (
        "ACTIVITY_ID_UNKNOWN",
        Help::Other("no activity with that id is open: it is closed already, or never was."),
    ),
    (
        "TIMER_ID_UNKNOWN",
        Help::Other("no timer with that id runs: it has fired or is canceled, or never was."),
    ),
    ("UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION", Help::UnknownExecution),
    ("WORKFLOW_ALREADY_RUNNING", Help::AlreadyRunning),
    ("DEFAULT_SCHEDULE_TO_CLOSE_TIMEOUT_UNDEFINED", Help::NoDefault("scheduleToCloseTimeout")),
    ("DEFAULT_SCHEDULE_TO_START_TIMEOUT_UNDEFINED", Help::NoDefault("scheduleToStartTimeout")),
    ("DEFAULT_START_TO_CLOSE_TIMEOUT_UNDEFINED", Help::NoDefault("startToCloseTimeout")),
    ("DEFAULT_HEARTBEAT_TIMEOUT_UNDEFINED", Help::NoDefault("heartbeatTimeout")),
    ("DEFAULT_TASK_LIST_UNDEFINED", Help::NoDefault("taskList")),
    (
        "DEFAULT_EXECUTION_START_TO_CLOSE_TIMEOUT_UNDEFINED",
        Help::NoDefault("executionStartToCloseTimeout"),
    ),
    ("DEFAULT_TASK_START_TO_CLOSE_TIMEOUT_UNDEFINED", Help::NoDefault("taskStartToCloseTimeout")),
    ("DEFAULT_CHILD_POLICY_UNDEFINED", Help::NoDefault("childPolicy")),
    (
        "OPEN_ACTIVITIES_LIMIT_EXCEEDED",
        Help::Other("the execution has as many open activities as the quota lets it have."),
    ),
    (
        "OPEN_TIMERS_LIMIT_EXCEEDED",
        Help::Other("the execution has as many running timers as the quota lets it have."),
    ),
    (
        "OPEN_CHILDREN_LIMIT_EXCEEDED",
        Help::Other("the execution has as many open children as the quota lets it have."),
    ),
    (
        "OPEN_LAMBDA_FUNCTIONS_LIMIT_EXCEEDED",
        Help::Other("the execution has as many open Lambda tasks as the quota lets it have."),
    ),
    (
        "OPEN_WORKFLOWS_LIMIT_EXCEEDED",
        Help::Other("the domain has as many open executions as the quota lets it have."),
    ),
    ("ACTIVITY_CREATION_RATE_EXCEEDED", RATE),
    ("TIMER_CREATION_RATE_EXCEEDED", RATE),
    ("CHILD_CREATION_RATE_EXCEEDED", RATE),
    ("LAMBDA_FUNCTION_CREATION_RATE_EXCEEDED", RATE),
    ("CONTINUE_AS_NEW_WORKFLOW_EXECUTION_RATE_EXCEEDED", RATE),
    ("SIGNAL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED", RATE),
    ("REQUEST_CANCEL_EXTERNAL_WORKFLOW_EXECUTION_RATE_EXCEEDED", RATE),
    (
        "LAMBDA_SERVICE_NOT_AVAILABLE_IN_REGION",
        Help::Other(
            "the server calls no Lambda functions; it does if it is started with --lambda-endpoint.",
        ),
    ),
    (
        "ASSUME_ROLE_FAILED",
        Help::Other(
            "the execution was started without a lambdaRole, or with one that cannot be assumed.",
        ),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The model's causes, those of requests to cancel and of terminations left out: they are not of
    /// decisions.
    #[test]
    fn every_cause_of_the_model_is_known_and_no_other() {
        let model: serde_json::Value = serde_json::from_str(wire::MODEL_JSON).expect("JSON");
        let shapes = model["shapes"].as_object().expect("there are shapes");
        let causes = shapes.iter().filter(|(name, _)| name.ends_with("FailedCause"));
        let of_model: BTreeSet<&str> = causes
            .flat_map(|(_, shape)| shape["enum"].as_array().expect("words"))
            .map(|word| word.as_str().expect("a word"))
            .collect();
        let known: Vec<&str> = CAUSES.iter().map(|(name, _)| *name).collect();
        assert_eq!(known.iter().copied().collect::<BTreeSet<_>>(), of_model);
        assert_eq!(known.len(), of_model.len(), "none is there twice");
    }
}
