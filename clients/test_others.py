"""What executions do to each other: children, signals, and requests to cancel."""

import pytest
from driver import (
    WORKFLOW,
    attributes,
    check_history,
    complete_workflow,
    continue_as_new,
    decision,
    event_names,
    fail_workflow,
    unique,
)

CHILD_LIST = {"name": "children"}


def start_child(workflow_id: str, **settings) -> dict:
    settings = {"workflowType": WORKFLOW, "taskList": CHILD_LIST} | settings
    return decision("StartChildWorkflowExecution", workflowId=workflow_id, **settings)


def signal(workflow_id: str, **settings) -> dict:
    settings = {"workflowId": workflow_id, "signalName": "hello"} | settings
    return decision("SignalExternalWorkflowExecution", **settings)


def request_cancel(workflow_id: str, **settings) -> dict:
    return decision("RequestCancelExternalWorkflowExecution", workflowId=workflow_id, **settings)


def decide_child(domain, *decisions):
    task = domain.poll_decision(CHILD_LIST["name"])
    domain.respond(task, *decisions)
    return task


def find(events: list, kind: str) -> dict:
    (event,) = [event for event in events if event["eventType"] == kind]
    return attributes(event)


def test_h_child(domain):
    run, child_id = domain.start(), unique("child")
    domain.decide(start_child(child_id, input="in", control="mine", tagList=["t"]))
    domain.decide()
    child = decide_child(domain, complete_workflow(result="out"))
    domain.decide(complete_workflow())
    events = domain.history(run)
    check_history(
        events,
        """
        1 WorkflowExecutionStarted parentInitiated=0
        2 DecisionTaskScheduled
        3 DecisionTaskStarted scheduled=2
        4 DecisionTaskCompleted scheduled=2 started=3
        5 StartChildWorkflowExecutionInitiated decisionTaskCompleted=4
        6 ChildWorkflowExecutionStarted initiated=5
        7 DecisionTaskScheduled
        8 DecisionTaskStarted scheduled=7
        9 DecisionTaskCompleted scheduled=7 started=8
        10 ChildWorkflowExecutionCompleted initiated=5 started=6
        11 DecisionTaskScheduled
        12 DecisionTaskStarted scheduled=11
        13 DecisionTaskCompleted scheduled=11 started=12
        14 WorkflowExecutionCompleted decisionTaskCompleted=13
        """,
    )
    assert attributes(events[4])["control"] == "mine"
    assert attributes(events[9])["result"] == "out"
    assert attributes(events[9])["workflowExecution"] == child["workflowExecution"]
    started = attributes(child["events"][0])
    assert started["parentWorkflowExecution"] == run
    assert started["parentInitiatedEventId"] == 5
    assert (started["input"], started["tagList"]) == ("in", ["t"])
    assert "control" not in started
    assert domain.describe(child["workflowExecution"])["executionInfo"]["parent"] == run


def test_i_child_fails_while_its_parent_decides(domain):
    run, child_id = domain.start(), unique("child")
    domain.decide(start_child(child_id))
    task = domain.poll_decision()
    child = decide_child(domain, fail_workflow(reason="why", details="how"))["workflowExecution"]
    # The report is there once a decision task waits behind the one that is held.
    while not domain.pending_decisions():
        domain.describe(child)
    domain.respond(task)
    domain.decide(complete_workflow())
    check_history(
        domain.history(run),
        """
        ...
        7 DecisionTaskScheduled
        8 DecisionTaskStarted scheduled=7
        9 ChildWorkflowExecutionFailed initiated=5 started=6
        10 DecisionTaskScheduled
        11 DecisionTaskCompleted scheduled=7 started=8
        12 DecisionTaskStarted scheduled=10
        13 DecisionTaskCompleted scheduled=10 started=12
        14 WorkflowExecutionCompleted decisionTaskCompleted=13
        """,
    )


@pytest.mark.parametrize("known", [True, False])
def test_j_external_cancel(domain, known):
    other = domain.start(taskList=CHILD_LIST) if known else {"workflowId": unique("nobody")}
    run = domain.start()
    domain.decide(request_cancel(other["workflowId"], control="c"))
    domain.decide(complete_workflow())
    outcome = (
        "6 ExternalWorkflowExecutionCancelRequested initiated=5"
        if known
        else "6 RequestCancelExternalWorkflowExecutionFailed decisionTaskCompleted=4 initiated=5"
        " cause=UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION"
    )
    check_history(
        domain.history(run),
        f"""
        ...
        4 DecisionTaskCompleted scheduled=2 started=3
        5 RequestCancelExternalWorkflowExecutionInitiated decisionTaskCompleted=4
        {outcome}
        7 DecisionTaskScheduled
        8 DecisionTaskStarted scheduled=7
        9 DecisionTaskCompleted scheduled=7 started=8
        10 WorkflowExecutionCompleted decisionTaskCompleted=9
        """,
    )
    if known:
        request = find(domain.history(other), "WorkflowExecutionCancelRequested")
        assert request["externalWorkflowExecution"] == run
        assert request["externalInitiatedEventId"] == 5


def test_p_child_times_out_before_its_parent_is_polled(domain):
    run, child_id = domain.start(), unique("child")
    domain.decide(start_child(child_id, executionStartToCloseTimeout="1"))
    domain.elapse(2)
    domain.decide(complete_workflow())
    check_history(
        domain.history(run),
        """
        ...
        5 StartChildWorkflowExecutionInitiated decisionTaskCompleted=4
        6 ChildWorkflowExecutionStarted initiated=5
        7 DecisionTaskScheduled
        8 ChildWorkflowExecutionTimedOut initiated=5 started=6 timeoutType=START_TO_CLOSE
        9 DecisionTaskStarted scheduled=7
        10 DecisionTaskCompleted scheduled=7 started=9
        11 WorkflowExecutionCompleted decisionTaskCompleted=10
        """,
    )


def test_a_child_that_runs_already(domain):
    other = domain.start(taskList=CHILD_LIST)
    run = domain.start()
    domain.decide(start_child(other["workflowId"], control="c"))
    domain.decide(complete_workflow())
    failed = find(domain.history(run), "StartChildWorkflowExecutionFailed")
    assert failed["cause"] == "WORKFLOW_ALREADY_RUNNING"
    assert (failed["initiatedEventId"], failed["control"]) == (5, "c")


@pytest.mark.parametrize(
    "settings, cause",
    [
        ({"workflowType": {"name": "none", "version": "1"}}, "WORKFLOW_TYPE_DOES_NOT_EXIST"),
        ({"workflowType": {"name": "old", "version": "1"}}, "WORKFLOW_TYPE_DEPRECATED"),
        (
            {"workflowType": {"name": "bare", "version": "1"}},
            "DEFAULT_EXECUTION_START_TO_CLOSE_TIMEOUT_UNDEFINED",
        ),
    ],
)
def test_a_child_that_is_refused_at_once(domain, settings, cause):
    domain.register_workflow({"name": "old", "version": "1"})
    domain.client.deprecate_workflow_type(
        domain=domain.name, workflowType={"name": "old", "version": "1"}
    )
    domain.register_workflow({"name": "bare", "version": "1"})
    run = domain.start()
    domain.decide(start_child(unique("child"), **settings))
    events = domain.history(run)
    assert event_names(events)[4:] == [
        "StartChildWorkflowExecutionFailed",
        "DecisionTaskScheduled",
    ]
    failed = attributes(events[4])
    assert (failed["cause"], failed["initiatedEventId"]) == (cause, 0)


def test_a_child_continues_as_new(domain):
    run, child_id = domain.start(), unique("child")
    domain.decide(start_child(child_id))
    domain.decide()
    first = decide_child(domain, continue_as_new(taskList=CHILD_LIST))["workflowExecution"]
    second = decide_child(domain, complete_workflow())
    assert attributes(second["events"][0])["parentWorkflowExecution"] == run
    assert attributes(second["events"][0])["parentInitiatedEventId"] == 5
    domain.decide(complete_workflow())
    closed = find(domain.history(run), "ChildWorkflowExecutionCompleted")
    assert closed["workflowExecution"] == second["workflowExecution"] != first
    assert (closed["initiatedEventId"], closed["startedEventId"]) == (5, 6)


@pytest.mark.parametrize("policy", ["TERMINATE", "REQUEST_CANCEL", "ABANDON"])
def test_child_policy_of_a_terminated_parent(domain, policy):
    run, child_id = domain.start(childPolicy=policy), unique("child")
    domain.decide(start_child(child_id))
    domain.decide()
    child = decide_child(domain)["workflowExecution"]
    domain.terminate(run)
    if policy == "ABANDON":
        names = event_names(domain.history(child))
        assert names[-1] == "DecisionTaskCompleted"
        return
    if policy == "REQUEST_CANCEL":
        task = domain.poll_decision(CHILD_LIST["name"])
        request = find(task["events"], "WorkflowExecutionCancelRequested")
        assert request == {"externalInitiatedEventId": 0, "cause": "CHILD_POLICY_APPLIED"}
        return
    while domain.describe(child)["executionInfo"]["executionStatus"] == "OPEN":
        pass
    terminated = find(domain.history(child), "WorkflowExecutionTerminated")
    assert terminated["cause"] == "CHILD_POLICY_APPLIED"
    assert event_names(domain.history(run))[-1] == "WorkflowExecutionTerminated"


def test_child_policy_is_not_applied_when_a_parent_completes(domain):
    run, child_id = domain.start(), unique("child")
    domain.decide(start_child(child_id))
    domain.decide(complete_workflow())
    child = decide_child(domain, complete_workflow())["workflowExecution"]
    assert event_names(domain.history(child))[-1] == "WorkflowExecutionCompleted"
    assert event_names(domain.history(run))[-1] == "WorkflowExecutionCompleted"


def test_signals_to_others_and_to_oneself(domain):
    other = domain.start(taskList=CHILD_LIST)
    run = domain.start()
    domain.decide(signal(other["workflowId"], input="in", control="c"))
    domain.decide(signal(run["workflowId"], runId=run["runId"]))
    domain.decide(signal(other["workflowId"], runId="nobody", control="d"))
    received = find(domain.history(other), "WorkflowExecutionSignaled")
    assert received == {
        "signalName": "hello",
        "input": "in",
        "externalWorkflowExecution": run,
        "externalInitiatedEventId": 5,
    }
    task = domain.poll_decision()
    names = event_names(task["events"])
    assert names.index("WorkflowExecutionSignaled") > 8
    own = find(task["events"], "WorkflowExecutionSignaled")
    assert own["externalWorkflowExecution"] == run
    told = [e for e in task["events"] if e["eventType"] == "ExternalWorkflowExecutionSignaled"]
    assert [attributes(e)["workflowExecution"] for e in told] == [other, run]
    while "SignalExternalWorkflowExecutionFailed" not in names:
        domain.respond(task)
        task = domain.poll_decision()
        names = event_names(task["events"])
    failed = find(task["events"], "SignalExternalWorkflowExecutionFailed")
    assert failed["cause"] == "UNKNOWN_EXTERNAL_WORKFLOW_EXECUTION"
    assert (failed["runId"], failed["control"]) == ("nobody", "d")
