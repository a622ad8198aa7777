"""Malformed batches of decisions: refused as a whole, and the token stays good."""

import pytest

from driver import (
    cancel_timer,
    cancel_workflow,
    complete_workflow,
    continue_as_new,
    event_names,
    fail_workflow,
    fault,
    invalid,
    marker,
    schedule,
    start_timer,
)
from wire import VALIDATION, Wire

CLOSE_LAST = ("ValidationException", "Close must be last decision in list")
NULL = "Member must not be null"
DECISION_TYPES = (
    "[CompleteWorkflowExecution, StartTimer, RequestCancelExternalWorkflowExecution, "
    "SignalExternalWorkflowExecution, CancelTimer, RecordMarker, ScheduleActivityTask, "
    "ContinueAsNewWorkflowExecution, ScheduleLambdaFunction, FailWorkflowExecution, "
    "RequestCancelActivityTask, StartChildWorkflowExecution, CancelWorkflowExecution]"
)


@pytest.fixture
def task(domain):
    """A started decision task; afterwards nothing was written, and it can still be answered."""
    run = domain.start()
    task = domain.poll_decision()
    yield task
    assert event_names(domain.history(run))[2:] == ["DecisionTaskStarted"]
    domain.respond(task, complete_workflow())
    assert domain.describe(run)["executionInfo"]["closeStatus"] == "COMPLETED"


def refused(domain, task, *decisions, **arguments) -> tuple:
    return fault(
        domain.client.respond_decision_task_completed,
        taskToken=task["taskToken"],
        decisions=list(decisions),
        **arguments,
    )


def refused_raw(domain, task, *decisions) -> str:
    """The text of a refusal of decisions that boto3 itself would not send."""
    body = {"taskToken": task["taskToken"], "decisions": list(decisions)}
    reply = Wire(domain.url, domain.region).call("RespondDecisionTaskCompleted", body)
    status, code, text = reply.error()
    assert (status, code) == (400, VALIDATION)
    return text


@pytest.mark.parametrize(
    "close", [complete_workflow(), fail_workflow(), cancel_workflow(), continue_as_new()]
)
def test_a_close_must_come_last(domain, task, close):
    timer = start_timer("t", "0")
    assert refused(domain, task, timer, close, marker("m")) == CLOSE_LAST
    assert refused(domain, task, close, timer) == CLOSE_LAST
    assert refused(domain, task, close, complete_workflow()) == CLOSE_LAST
    assert refused(domain, task, complete_workflow(), close) == CLOSE_LAST


@pytest.mark.parametrize(
    "kind",
    [
        "ScheduleActivityTask",
        "RequestCancelActivityTask",
        "RecordMarker",
        "StartTimer",
        "CancelTimer",
        "SignalExternalWorkflowExecution",
        "RequestCancelExternalWorkflowExecution",
        "StartChildWorkflowExecution",
        "ScheduleLambdaFunction",
    ],
)
def test_attributes_must_be_there(domain, task, kind):
    assert refused(domain, task, marker("m"), {"decisionType": kind}) == (
        "ValidationException",
        f"{kind}DecisionAttributes must be specified for decision of type {kind}",
    )
    other = {"decisionType": kind, "cancelWorkflowExecutionDecisionAttributes": {}}
    assert refused(domain, task, other)[0] == "ValidationException", "those of another kind"


def test_an_unknown_decision_type(domain, task):
    assert refused(domain, task, marker("m"), {"decisionType": "Bogus"}) == invalid(
        "Bogus",
        "decisions.2.member.decisionType",
        f"Member must satisfy enum value set: {DECISION_TYPES}",
    )


def test_no_decision_type(domain, task):
    _, text = invalid(None, "decisions.1.member.decisionType", NULL)
    assert refused_raw(domain, task, {}) == text


def test_attributes_are_checked_even_where_they_do_not_belong(domain, task):
    stray = complete_workflow() | {"startTimerDecisionAttributes": {}}
    count, items = refused_raw(domain, task, stray).split(" detected: ")
    assert count == "2 validation errors"
    path = "decisions.1.member.startTimerDecisionAttributes"
    assert set(items.split("; ")) == {
        f"Value null at '{path}.timerId' failed to satisfy constraint: {NULL}",
        f"Value null at '{path}.startToFireTimeout' failed to satisfy constraint: {NULL}",
    }


def test_at_most_ten_errors_are_told(domain, task):
    text = refused_raw(domain, task, *[marker("") for _ in range(12)])
    assert text.startswith("10 validation errors detected: ")
    assert len(text.split("; ")) == 10


def test_lengths_inside_decisions(domain, task):
    path = "decisions.1.member.recordMarkerDecisionAttributes"
    assert refused(domain, task, marker("m" * 257)) == invalid(
        "m" * 257, f"{path}.markerName", "Member must have length less than or equal to 256"
    )
    _, text = invalid(
        "", f"{path}.markerName", "Member must have length greater than or equal to 1"
    )
    assert refused_raw(domain, task, marker("")) == text
    for decision in (
        marker("m", details="d" * 32769),
        fail_workflow(reason="r" * 257),
        start_timer("t", "123456789"),
        complete_workflow(result="r" * 32769),
        continue_as_new(tagList=["t"] * 6),
        schedule("a", taskPriority="high"),
    ):
        assert refused(domain, task, marker("ok"), decision)[0] == "ValidationException", decision
    assert refused(domain, task, executionContext="c" * 32769) == invalid(
        "c" * 32769, "executionContext", "Member must have length less than or equal to 32768"
    )


@pytest.mark.parametrize("name", ["a:b", "a/b", "a|b", "a\x00", "a\x85", "arn"])
def test_names_are_free_in_decisions(domain, name):
    """The name rule holds where things are registered or started; deciders name more freely
    (engine.md, section 15)."""
    run = domain.start()
    domain.decide(schedule(name, taskList={"name": name}), start_timer(name, "0"))
    events = domain.history(run)
    scheduled = [e for e in events if e["eventType"] == "ActivityTaskScheduled"]
    started = [e for e in events if e["eventType"] == "TimerStarted"]
    attributes = scheduled[0]["activityTaskScheduledEventAttributes"]
    assert attributes["activityId"] == attributes["taskList"]["name"] == name
    assert started[0]["timerStartedEventAttributes"]["timerId"] == name


@pytest.mark.parametrize("seconds", ["NONE", "-1", "soon", "1.5"])
def test_a_timer_needs_whole_seconds(domain, task, seconds):
    assert refused(domain, task, start_timer("t", seconds))[0] == "ValidationException"


def test_bad_activity_timeouts(domain, task):
    for member in (
        "scheduleToStartTimeout",
        "scheduleToCloseTimeout",
        "startToCloseTimeout",
        "heartbeatTimeout",
    ):
        decision = schedule("a", **{member: "soon"})
        assert refused(domain, task, decision)[0] == "ValidationException", member


def test_tokens_that_are_none(domain, task):
    client, invalid_token = domain.client, ("ValidationException", "Invalid token")
    decision_token = task["taskToken"]
    for token in ("garbage", "AAAA", decision_token[:-8], "=" * 1024):
        for call in (
            client.respond_decision_task_completed,
            client.respond_activity_task_completed,
            client.respond_activity_task_failed,
            client.respond_activity_task_canceled,
            client.record_activity_task_heartbeat,
        ):
            assert fault(call, taskToken=token) == invalid_token, token
    assert fault(client.respond_activity_task_completed, taskToken=decision_token) == invalid_token
    assert fault(client.record_activity_task_heartbeat, taskToken=decision_token) == invalid_token


def test_an_activity_token_does_not_answer_a_decision(domain):
    domain.start()
    domain.decide(schedule("a"))
    activity = domain.poll_activity()
    respond = domain.client.respond_decision_task_completed
    assert fault(respond, taskToken=activity["taskToken"]) == (
        "ValidationException",
        "Invalid token",
    )
    domain.complete(activity)


def test_heartbeat_details_are_shorter(domain):
    domain.start()
    domain.decide(schedule("a"))
    activity = domain.poll_activity()
    assert domain.heartbeat(activity, details="d" * 2048) is False
    assert fault(domain.heartbeat, task=activity, details="d" * 2049) == invalid(
        "d" * 2049, "details", "Member must have length less than or equal to 2048"
    )


def test_a_batch_of_a_hundred_decisions_and_a_wakeup(domain):
    run = domain.start()
    domain.decide(*[marker(f"m{n}") for n in range(100)], start_timer("wake", "0"))
    domain.decide(cancel_timer("wake"))
    names = event_names(domain.history(run))
    assert names[4:105] == ["MarkerRecorded"] * 100 + ["TimerStarted"]
    assert names[105:] == [
        "TimerFired",
        "DecisionTaskScheduled",
        "DecisionTaskStarted",
        "DecisionTaskCompleted",
        "CancelTimerFailed",
        "DecisionTaskScheduled",
    ]
