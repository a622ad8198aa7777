"""Each decision, for a decider who may only answer and for one who may decide just that."""

import pytest

from driver import (
    WORKFLOW,
    attributes,
    cancel_activity,
    cancel_timer,
    cancel_workflow,
    check_history,
    complete_workflow,
    continue_as_new,
    decision,
    event_names,
    fail_workflow,
    marker,
    render,
    schedule,
    start_timer,
)
from identities import ACCOUNT, allow, deny, describe, key_of, verified
from server import Server

ROLE = f"arn:aws:iam::{ACCOUNT}:role/lambda"

# A decision, and its event for a decider who may decide that: some find nothing to act on.
DECISIONS = {
    "CancelTimer": (cancel_timer("t"), "CancelTimerFailed", "TIMER_ID_UNKNOWN"),
    "CancelWorkflowExecution": (cancel_workflow(), "WorkflowExecutionCanceled", None),
    "CompleteWorkflowExecution": (complete_workflow(), "WorkflowExecutionCompleted", None),
    "ContinueAsNewWorkflowExecution": (
        continue_as_new(),
        "WorkflowExecutionContinuedAsNew",
        None,
    ),
    "FailWorkflowExecution": (fail_workflow(), "WorkflowExecutionFailed", None),
    "RecordMarker": (marker("m"), "MarkerRecorded", None),
    "RequestCancelActivityTask": (
        cancel_activity("a"),
        "RequestCancelActivityTaskFailed",
        "ACTIVITY_ID_UNKNOWN",
    ),
    "RequestCancelExternalWorkflowExecution": (
        decision("RequestCancelExternalWorkflowExecution", workflowId="other"),
        "RequestCancelExternalWorkflowExecutionInitiated",
        None,
    ),
    "ScheduleActivityTask": (schedule("a"), "ActivityTaskScheduled", None),
    "SignalExternalWorkflowExecution": (
        decision("SignalExternalWorkflowExecution", workflowId="other", signalName="s"),
        "SignalExternalWorkflowExecutionInitiated",
        None,
    ),
    "StartChildWorkflowExecution": (
        decision("StartChildWorkflowExecution", workflowId="child", workflowType=WORKFLOW),
        "StartChildWorkflowExecutionInitiated",
        None,
    ),
    "StartTimer": (start_timer("t", "60"), "TimerStarted", None),
}
ANSWER = allow("swf:RespondDecisionTaskCompleted")
# There is no action for it: what it needs is the role of its run.
NO_ACTION = {"ScheduleLambdaFunction"}


def only(action: str) -> str:
    return "only-" + action


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Deciders: one who may only answer, one for each decision, and some with particular rights."""
    directory = tmp_path_factory.mktemp("decisions")
    users = {only(kind): [ANSWER, allow("swf:" + kind)] for kind in DECISIONS}
    encrypted = {"Bool": {"aws:SecureTransport": "true"}}
    unencrypted = {"BoolIfExists": {"aws:SecureTransport": "false"}}
    users |= {
        "answerer": [ANSWER],
        "everything": [allow("swf:*")],
        "all-but-timers": [allow("swf:*"), deny("swf:StartTimer")],
        "no-closing": [ANSWER, allow("swf:RecordMarker", "swf:StartTimer")],
        # Where a request comes from is nothing that a decision has.
        "encrypted": [ANSWER, allow("swf:StartTimer", condition=encrypted)],
        "not-unencrypted": [ANSWER, allow("swf:*"), deny("swf:StartTimer", condition=unencrypted)],
    }
    server = Server(directory / "data", auth=verified(describe(directory, users))).start()
    yield server
    assert server.terminate() == 0


def decide(domain, user: str, *decisions: dict, **start) -> list:
    """Starts a run that this user decides once, and returns what its decisions came to."""
    execution = domain.start(**start)
    task = domain.poll_decision()
    assert task["workflowExecution"] == execution
    domain.seen_with(key_of(user)).respond(task, *decisions)
    events = domain.history(execution)
    (completed,) = [n for n, e in enumerate(events) if e["eventType"] == "DecisionTaskCompleted"]
    return events[completed + 1 :]


def test_the_table_has_all_decisions(domain):
    shape = domain.client.meta.service_model.shape_for("DecisionType")
    assert set(DECISIONS) == set(shape.enum) - NO_ACTION


@pytest.mark.parametrize("kind", DECISIONS)
def test_a_decision_that_is_not_permitted_has_failed(domain, kind):
    """The answer is accepted, and history says what became of it. Nothing is said of timers,
    activities and executions that the decider may not ask for."""
    decided, _, _ = DECISIONS[kind]
    first, *rest = decide(domain, "answerer", decided)
    assert first["eventType"] == kind + "Failed"
    failed = attributes(first)
    assert failed["cause"] == "OPERATION_NOT_PERMITTED"
    assert failed["decisionTaskCompletedEventId"] == 4
    assert event_names(rest) == ["DecisionTaskScheduled"], "the decider is told"


@pytest.mark.parametrize("kind", DECISIONS)
def test_a_decision_that_is_permitted_is_taken(domain, kind):
    decided, event, cause = DECISIONS[kind]
    first, *_ = decide(domain, only(kind), decided)
    assert (first["eventType"], attributes(first).get("cause")) == (event, cause)


@pytest.mark.parametrize("user", ["answerer", "everything"])
def test_an_answer_without_decisions_needs_no_more(domain, user):
    assert decide(domain, user) == []


def test_each_decision_is_judged_by_itself(domain):
    events = decide(
        domain, "all-but-timers", marker("before"), start_timer("t", "60"), marker("after")
    )
    check_history(
        events,
        """
        5 MarkerRecorded decisionTaskCompleted=4 markerName=before
        6 StartTimerFailed decisionTaskCompleted=4 timerId=t cause=OPERATION_NOT_PERMITTED
        7 MarkerRecorded decisionTaskCompleted=4 markerName=after
        8 DecisionTaskScheduled
        """,
    )


def test_a_run_stays_open_if_it_may_not_be_closed(domain):
    execution = domain.start(workflowId="w")
    domain.seen_with(key_of("no-closing")).respond(
        domain.poll_decision(), marker("m"), complete_workflow()
    )
    check_history(
        domain.history(execution),
        """
        ...
        5 MarkerRecorded decisionTaskCompleted=4 markerName=m
        6 CompleteWorkflowExecutionFailed decisionTaskCompleted=4 cause=OPERATION_NOT_PERMITTED
        7 DecisionTaskScheduled
        """,
    )
    assert domain.describe(execution)["executionInfo"]["executionStatus"] == "OPEN"
    domain.decide(complete_workflow())
    assert domain.describe(execution)["executionInfo"]["executionStatus"] == "CLOSED"


@pytest.mark.parametrize("user", ["encrypted", "not-unencrypted"])
def test_decisions_do_not_know_how_a_request_came(domain, user):
    first, *_ = decide(domain, user, start_timer("t", "60"))
    assert render(first) == (
        "5 StartTimerFailed decisionTaskCompleted=4 timerId=t cause=OPERATION_NOT_PERMITTED"
    )


def test_a_child_gets_a_role_only_from_who_may_pass_it(domain):
    child = decision(
        "StartChildWorkflowExecution",
        workflowId="child",
        workflowType=WORKFLOW,
        lambdaRole=ROLE,
    )
    first, *_ = decide(domain, only("StartChildWorkflowExecution"), child)
    assert first["eventType"] == "StartChildWorkflowExecutionFailed"
    assert attributes(first)["cause"] == "OPERATION_NOT_PERMITTED"


def test_what_was_not_permitted_can_be_decided_again(domain):
    """The id of an activity that was not scheduled is free, and nothing was counted for it."""
    execution = domain.start()
    domain.seen_with(key_of("answerer")).respond(domain.poll_decision(), schedule("a"))
    assert domain.pending_activities() == 0
    domain.decide(schedule("a"))
    domain.work()
    check_history(
        domain.history(execution),
        """
        ...
        9 ActivityTaskScheduled decisionTaskCompleted=8 activityId=a
        10 ActivityTaskStarted scheduled=9
        11 ActivityTaskCompleted scheduled=9 started=10
        12 DecisionTaskScheduled
        """,
    )
