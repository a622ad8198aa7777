//! Decisions with the attributes that an order gives them.

use crate::domain::VERSION;
use aws_sdk_swf::error::BuildError;
use aws_sdk_swf::types::builders::DecisionBuilder;
use aws_sdk_swf::types::{
    ActivityType, CancelTimerDecisionAttributes, CancelWorkflowExecutionDecisionAttributes,
    CompleteWorkflowExecutionDecisionAttributes, ContinueAsNewWorkflowExecutionDecisionAttributes,
    Decision, DecisionType, FailWorkflowExecutionDecisionAttributes,
    RecordMarkerDecisionAttributes, RequestCancelActivityTaskDecisionAttributes,
    RequestCancelExternalWorkflowExecutionDecisionAttributes,
    ScheduleActivityTaskDecisionAttributes, SignalExternalWorkflowExecutionDecisionAttributes,
    StartChildWorkflowExecutionDecisionAttributes, StartTimerDecisionAttributes, WorkflowType,
};

type Built = Result<Decision, BuildError>;

fn decision(decision_type: DecisionType) -> DecisionBuilder {
    Decision::builder().decision_type(decision_type)
}

pub(crate) fn schedule_activity(activity_type: &str, id: &str, input: &str) -> Built {
    let activity_type = ActivityType::builder().name(activity_type).version(VERSION).build()?;
    let attributes = ScheduleActivityTaskDecisionAttributes::builder().activity_id(id);
    let attributes = attributes.activity_type(activity_type).input(input).build()?;
    decision(DecisionType::ScheduleActivityTask)
        .schedule_activity_task_decision_attributes(attributes)
        .build()
}

pub(crate) fn request_cancel_activity(id: &str) -> Built {
    let attributes = RequestCancelActivityTaskDecisionAttributes::builder().activity_id(id);
    decision(DecisionType::RequestCancelActivityTask)
        .request_cancel_activity_task_decision_attributes(attributes.build()?)
        .build()
}

pub(crate) fn start_timer(id: &str, seconds: u32) -> Built {
    let attributes = StartTimerDecisionAttributes::builder().timer_id(id);
    decision(DecisionType::StartTimer)
        .start_timer_decision_attributes(
            attributes.start_to_fire_timeout(seconds.to_string()).build()?,
        )
        .build()
}

pub(crate) fn cancel_timer(id: &str) -> Built {
    let attributes = CancelTimerDecisionAttributes::builder().timer_id(id);
    decision(DecisionType::CancelTimer)
        .cancel_timer_decision_attributes(attributes.build()?)
        .build()
}

pub(crate) fn record_marker(name: &str, details: Option<&str>) -> Built {
    let attributes = RecordMarkerDecisionAttributes::builder().marker_name(name);
    let attributes = attributes.set_details(details.map(str::to_owned)).build()?;
    decision(DecisionType::RecordMarker).record_marker_decision_attributes(attributes).build()
}

pub(crate) fn start_child(workflow_id: &str, workflow_type: &str) -> Built {
    let attributes = StartChildWorkflowExecutionDecisionAttributes::builder();
    let attributes = attributes
        .workflow_type(WorkflowType::builder().name(workflow_type).version(VERSION).build()?)
        .workflow_id(workflow_id)
        .control(workflow_type)
        .build()?;
    decision(DecisionType::StartChildWorkflowExecution)
        .start_child_workflow_execution_decision_attributes(attributes)
        .build()
}

pub(crate) fn signal(workflow_id: &str, name: &str, input: Option<&str>) -> Built {
    let attributes = SignalExternalWorkflowExecutionDecisionAttributes::builder();
    let attributes = attributes
        .workflow_id(workflow_id)
        .signal_name(name)
        .set_input(input.map(str::to_owned))
        .control(name)
        .build()?;
    decision(DecisionType::SignalExternalWorkflowExecution)
        .signal_external_workflow_execution_decision_attributes(attributes)
        .build()
}

pub(crate) fn request_cancel(workflow_id: &str, control: &str) -> Built {
    let attributes = RequestCancelExternalWorkflowExecutionDecisionAttributes::builder();
    let attributes = attributes.workflow_id(workflow_id).control(control).build()?;
    decision(DecisionType::RequestCancelExternalWorkflowExecution)
        .request_cancel_external_workflow_execution_decision_attributes(attributes)
        .build()
}

pub(crate) fn complete(result: Option<&str>) -> Built {
    let attributes = CompleteWorkflowExecutionDecisionAttributes::builder();
    let attributes = attributes.set_result(result.map(str::to_owned)).build();
    decision(DecisionType::CompleteWorkflowExecution)
        .complete_workflow_execution_decision_attributes(attributes)
        .build()
}

pub(crate) fn fail(reason: &str, details: &str) -> Built {
    let attributes = FailWorkflowExecutionDecisionAttributes::builder().reason(reason);
    decision(DecisionType::FailWorkflowExecution)
        .fail_workflow_execution_decision_attributes(attributes.details(details).build())
        .build()
}

pub(crate) fn cancel(details: &str) -> Built {
    let attributes = CancelWorkflowExecutionDecisionAttributes::builder().details(details).build();
    decision(DecisionType::CancelWorkflowExecution)
        .cancel_workflow_execution_decision_attributes(attributes)
        .build()
}

pub(crate) fn continue_as_new(input: &str) -> Built {
    let attributes = ContinueAsNewWorkflowExecutionDecisionAttributes::builder().input(input);
    decision(DecisionType::ContinueAsNewWorkflowExecution)
        .continue_as_new_workflow_execution_decision_attributes(attributes.build())
        .build()
}
