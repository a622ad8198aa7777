"""Starting a run and steering it from outside: checks, defaults and faults."""

import threading

import pytest

from driver import (
    attributes,
    check_history,
    check_one_instant,
    complete_workflow,
    event_names,
    fault,
    invalid,
    unique,
    unknown_execution,
)
from wire import FAULTS, Wire

BARE = {"name": "bare", "version": "1"}
SETTINGS = {
    "executionStartToCloseTimeout": "100",
    "taskList": {"name": "mine"},
    "taskStartToCloseTimeout": "NONE",
    "childPolicy": "ABANDON",
}


def test_settings_of_the_request_win(domain):
    run = domain.start(
        input="",
        tagList=["b", "a", ""],
        taskPriority="-7",
        lambdaRole="arn:aws:iam::000000000000:role/lambda",
        **SETTINGS,
    )
    started, scheduled = domain.history(run)
    assert attributes(started) == SETTINGS | {
        "workflowType": {"name": "order", "version": "1"},
        "input": "",
        "tagList": ["b", "a", ""],
        "taskPriority": "-7",
        "lambdaRole": "arn:aws:iam::000000000000:role/lambda",
        "parentInitiatedEventId": 0,
    }
    assert attributes(scheduled) == {
        "taskList": {"name": "mine"},
        "taskPriority": "-7",
        "startToCloseTimeout": "NONE",
        "scheduleToStartTimeout": "NONE",
    }
    check_one_instant([started, scheduled], (1, 2))


@pytest.mark.parametrize("missing", list(SETTINGS))
def test_a_setting_without_a_default(domain, missing):
    domain.register_workflow(BARE)
    given = {name: value for name, value in SETTINGS.items() if name != missing}
    refusal = fault(domain.start, workflowType=BARE, **given)
    assert refusal == ("DefaultUndefinedFault", missing)


def test_missing_settings_are_reported_in_order(domain):
    domain.register_workflow(BARE)
    given = {}
    for member in ("executionStartToCloseTimeout", "taskList", "taskStartToCloseTimeout"):
        refusal = fault(domain.start, workflowType=BARE, **given)
        assert refusal == ("DefaultUndefinedFault", member)
        given[member] = SETTINGS[member]


def test_an_unknown_type_or_domain(domain):
    type_ = {"name": "order", "version": "9"}
    assert fault(domain.start, workflowType=type_) == (
        "UnknownResourceFault",
        "Unknown type: WorkflowType=[name=order, version=9]",
    )
    domain.name = "nowhere"
    assert fault(domain.start) == ("UnknownResourceFault", "Unknown domain: nowhere")


def test_a_deprecated_type(domain):
    type_ = {"name": "order", "version": "1"}
    domain.client.deprecate_workflow_type(domain=domain.name, workflowType=type_)
    assert fault(domain.start) == ("TypeDeprecatedFault", "WorkflowType=[name=order, version=1]")


def test_one_open_run_per_workflow_id(domain):
    run = domain.start()
    body = {"domain": domain.name, "workflowId": run["workflowId"]}
    body["workflowType"] = {"name": "order", "version": "1"}
    reply = Wire(domain.url, domain.region).call("StartWorkflowExecution", body)
    assert reply.status == 400
    assert reply.json() == {"__type": FAULTS + "WorkflowExecutionAlreadyStartedFault"}
    domain.terminate(run)
    assert domain.start(workflowId=run["workflowId"])["runId"] != run["runId"]


def test_concurrent_starts_make_one_run(domain):
    workflow_id = unique("contended")
    outcomes = []
    barrier = threading.Barrier(8)

    def start():
        barrier.wait()
        try:
            outcomes.append(domain.start(workflowId=workflow_id)["runId"])
        except domain.client.exceptions.WorkflowExecutionAlreadyStartedFault:
            outcomes.append(None)

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 8
    assert len([outcome for outcome in outcomes if outcome]) == 1


@pytest.mark.parametrize("name", ["a:b", "a/b", "a|b", "a\x00", "a\x9f", "arn"])
def test_bad_names(domain, name):
    assert fault(domain.start, workflowId=name)[0] == "ValidationException"
    assert fault(domain.start, taskList={"name": name})[0] == "ValidationException"


def test_bad_settings(domain):
    for setting in (
        {"executionStartToCloseTimeout": "NONE"},
        {"executionStartToCloseTimeout": "-1"},
        {"taskStartToCloseTimeout": "soon"},
        {"taskPriority": "high"},
        {"childPolicy": "terminate"},
    ):
        assert fault(domain.start, **setting)[0] == "ValidationException", setting


def test_at_most_five_tags(domain):
    refusal = fault(domain.start, tagList=["t"] * 6)
    assert refusal[0] == "ValidationException"
    assert refusal[1].startswith("1 validation error detected: Value ")
    assert refusal[1].endswith(
        " at 'tagList' failed to satisfy constraint: "
        "Member must have length less than or equal to 5"
    )
    domain.start(tagList=["1", "2", "3", "4", "5"])


def test_empty_optional_settings_count_as_absent(domain):
    run = domain.start(executionStartToCloseTimeout="", taskStartToCloseTimeout="")
    started = attributes(domain.history(run)[0])
    assert started["executionStartToCloseTimeout"] == "3600"
    assert started["taskStartToCloseTimeout"] == "60"


@pytest.mark.parametrize("run_id", ["given", "absent", "empty"])
def test_signals_find_the_open_run(domain, run_id):
    run = domain.start()
    target = {"workflowId": run["workflowId"]}
    target |= {"given": run, "absent": {}, "empty": {"runId": ""}}[run_id]
    domain.signal(target, "s", input="x")
    domain.request_cancel(target)
    check_history(
        domain.history(run),
        """
        1 WorkflowExecutionStarted parentInitiated=0
        2 DecisionTaskScheduled
        3 WorkflowExecutionSignaled externalInitiated=0 signalName=s
        4 WorkflowExecutionCancelRequested externalInitiated=0
        """,
    )
    domain.terminate(target)
    assert event_names(domain.history(run))[-1] == "WorkflowExecutionTerminated"


def test_a_closed_or_unknown_run_cannot_be_steered(domain):
    run = domain.start()
    domain.decide(complete_workflow())
    before = domain.history(run)
    by_name = {"workflowId": run["workflowId"]}
    text = f"Unknown execution, workflowId = {run['workflowId']}"
    for call in (domain.signal, domain.request_cancel, domain.terminate):
        assert fault(call, execution=run) == unknown_execution(run)
        assert fault(call, execution=by_name) == ("UnknownResourceFault", text)
    assert domain.history(run) == before

    again = domain.start(workflowId=run["workflowId"])
    domain.signal(by_name)
    assert event_names(domain.history(again))[-1] == "WorkflowExecutionSignaled"
    assert fault(domain.signal, execution=run) == unknown_execution(run)


def test_cancel_requests_may_repeat(domain):
    run = domain.start()
    domain.request_cancel(run)
    domain.request_cancel(run)
    assert event_names(domain.history(run))[2:] == ["WorkflowExecutionCancelRequested"] * 2


def test_terminate_acts_at_once(domain):
    run = domain.start()
    task = domain.poll_decision()
    domain.terminate(run, reason="r", details="d", childPolicy="ABANDON")
    events = domain.history(run)
    assert event_names(events)[2:] == ["DecisionTaskStarted", "WorkflowExecutionTerminated"]
    assert attributes(events[-1]) == {
        "reason": "r",
        "details": "d",
        "childPolicy": "ABANDON",
        "cause": "OPERATOR_INITIATED",
    }
    assert fault(domain.respond, task=task) == unknown_execution(run)
    described = domain.describe(run)
    assert described["executionInfo"]["closeStatus"] == "TERMINATED"
    assert described["openCounts"]["openDecisionTasks"] == 1


def test_terminate_leaves_no_task_behind(domain):
    run = domain.start()
    domain.terminate(run)
    events = domain.history(run)
    assert attributes(events[-1]) == {"childPolicy": "TERMINATE", "cause": "OPERATOR_INITIATED"}
    assert domain.pending_decisions() == 0
    other = domain.start()
    assert domain.poll_decision()["workflowExecution"] == other


def test_terminate_with_a_bad_policy(domain):
    run = domain.start()
    assert fault(domain.terminate, execution=run, childPolicy="x")[0] == "ValidationException"
    assert fault(domain.terminate, execution=run, reason="r" * 257) == invalid(
        "r" * 257, "reason", "Member must have length less than or equal to 256"
    )
    assert len(domain.history(run)) == 2
