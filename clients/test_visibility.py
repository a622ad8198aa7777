"""Lists, counts and descriptions of runs and of pending tasks."""

import pytest

from driver import (
    WORKFLOW,
    cancel_workflow,
    complete_workflow,
    continue_as_new,
    fail_workflow,
    fault,
    invalid,
    marker,
    schedule,
    start_timer,
    unknown_execution,
)
from wire import VALIDATION, Wire

SINCE = {"oldestDate": 0}
OTHER = {"name": "order", "version": "2"}


class Listing:
    """The four list and count calls of a domain; counts are checked along with every list."""

    def __init__(self, domain):
        self.domain = domain

    def arguments(self, filters: dict) -> dict:
        if "startTimeFilter" not in filters and "closeTimeFilter" not in filters:
            filters = filters | {"startTimeFilter": SINCE}
        return {"domain": self.domain.name} | filters

    def infos(self, state: str, reverseOrder=None, **filters) -> list:
        arguments = self.arguments(filters)
        count = getattr(self.domain.client, f"count_{state}_workflow_executions")(**arguments)
        if reverseOrder is not None:
            arguments["reverseOrder"] = reverseOrder
        listed = getattr(self.domain.client, f"list_{state}_workflow_executions")(**arguments)
        assert count["count"] == len(listed["executionInfos"])
        assert count["truncated"] is False
        return listed["executionInfos"]

    def ids(self, state: str, **filters) -> list:
        return [info["execution"]["workflowId"] for info in self.infos(state, **filters)]


@pytest.fixture
def listing(domain):
    return Listing(domain)


@pytest.fixture
def crowd(domain, listing):
    """Open runs a, b, c and closed runs v to z, each started in this order."""
    domain.register_workflow(OTHER, **_defaults())
    domain.start(workflowId="a", tagList=["red", "round"])
    domain.start(workflowId="b", workflowType=OTHER, tagList=["red"])
    domain.start(workflowId="c")
    closing = {
        "v": complete_workflow(),
        "w": fail_workflow(),
        "x": cancel_workflow(),
        "y": continue_as_new(tagList=["reborn"], taskList={"name": "idle"}),
    }
    for name, decision in closing.items():
        lists = {"name": f"list-{name}"}
        domain.start(workflowId=name, workflowType=OTHER, taskList=lists, tagList=["red"])
        domain.respond(domain.poll_decision(lists["name"]), decision)
    domain.terminate(domain.start(workflowId="z"))
    return listing


def _defaults():
    return {
        "defaultTaskList": {"name": "other"},
        "defaultExecutionStartToCloseTimeout": "3600",
        "defaultTaskStartToCloseTimeout": "NONE",
        "defaultChildPolicy": "TERMINATE",
    }


def test_open_runs(crowd):
    assert crowd.ids("open") == ["y", "c", "b", "a"], "newest first"
    assert crowd.ids("open", reverseOrder=True) == ["a", "b", "c", "y"]
    assert crowd.ids("open", reverseOrder=False) == ["y", "c", "b", "a"]
    assert crowd.ids("open", tagFilter={"tag": "red"}) == ["b", "a"]
    assert crowd.ids("open", tagFilter={"tag": "round"}) == ["a"]
    assert crowd.ids("open", tagFilter={"tag": "re"}) == []
    assert crowd.ids("open", executionFilter={"workflowId": "b"}) == ["b"]
    assert crowd.ids("open", executionFilter={"workflowId": "v"}) == []
    assert crowd.ids("open", typeFilter={"name": "order"}) == ["y", "c", "b", "a"]
    assert crowd.ids("open", typeFilter=WORKFLOW) == ["c", "a"]
    assert crowd.ids("open", typeFilter=OTHER) == ["y", "b"]
    assert crowd.ids("open", typeFilter={"name": "order", "version": ""}) == ["y", "c", "b", "a"]
    assert crowd.ids("open", typeFilter={"name": "unknown"}) == []


def test_closed_runs(crowd):
    assert crowd.ids("closed") == ["z", "y", "x", "w", "v"]
    assert crowd.ids("closed", closeTimeFilter=SINCE) == ["z", "y", "x", "w", "v"]
    assert crowd.ids("closed", closeTimeFilter=SINCE, reverseOrder=True) == list("vwxyz")
    assert crowd.ids("closed", tagFilter={"tag": "red"}) == ["y", "x", "w", "v"]
    assert crowd.ids("closed", executionFilter={"workflowId": "y"}) == ["y"]
    assert crowd.ids("closed", executionFilter={"workflowId": "a"}) == []
    assert crowd.ids("closed", typeFilter=OTHER) == ["y", "x", "w", "v"]
    assert crowd.ids("closed", typeFilter=WORKFLOW) == ["z"]
    statuses = {
        "COMPLETED": "v",
        "FAILED": "w",
        "CANCELED": "x",
        "CONTINUED_AS_NEW": "y",
        "TERMINATED": "z",
    }
    for status, name in statuses.items():
        assert crowd.ids("closed", closeStatusFilter={"status": status}) == [name]
    assert crowd.ids("closed", closeStatusFilter={"status": "TIMED_OUT"}) == []


def test_deprecated_domains_and_types_stay_visible(domain, crowd):
    domain.client.deprecate_domain(name=domain.name)
    assert crowd.ids("open", typeFilter=OTHER) == ["y", "b"]
    assert crowd.ids("closed") == ["z", "y", "x", "w", "v"]
    run = crowd.infos("open")[0]["execution"]
    assert domain.describe(run)["executionInfo"]["executionStatus"] == "OPEN"
    assert len(domain.history(run)) == 2
    assert domain.pending_decisions("idle") == 1
    domain.respond(domain.poll_decision("idle"), complete_workflow())


def test_what_is_known_of_a_run(domain, listing):
    run = domain.start(tagList=["one"])
    (info,) = listing.infos("open")
    started = domain.history(run)[0]["eventTimestamp"]
    expected = {
        "execution": run,
        "workflowType": WORKFLOW,
        "startTimestamp": started,
        "executionStatus": "OPEN",
        "tagList": ["one"],
        "cancelRequested": False,
    }
    assert info == expected
    assert domain.describe(run)["executionInfo"] == expected
    domain.request_cancel(run)
    assert listing.infos("open") == [expected | {"cancelRequested": True}]

    domain.decide(cancel_workflow())
    (info,) = listing.infos("closed")
    assert info == expected | {
        "executionStatus": "CLOSED",
        "closeStatus": "CANCELED",
        "closeTimestamp": domain.history(run)[-1]["eventTimestamp"],
        "cancelRequested": False,
    }
    assert domain.describe(run)["executionInfo"] == info
    assert listing.infos("open") == []
    domain.start()
    assert "tagList" not in listing.infos("open")[0]


def test_closed_runs_are_ordered_by_the_time_asked_for(domain, listing):
    for name in ("early", "late"):
        domain.start(workflowId=name, taskList={"name": name})
    for name in ("late", "early"):
        domain.respond(domain.poll_decision(name), complete_workflow())
    assert listing.ids("closed", startTimeFilter=SINCE) == ["late", "early"]
    assert listing.ids("closed", closeTimeFilter=SINCE) == ["early", "late"]
    assert listing.ids("closed", closeTimeFilter=SINCE, reverseOrder=True) == ["late", "early"]


def test_time_bounds_are_inclusive_to_the_millisecond(domain):
    run = domain.start()
    domain.elapse(1)
    domain.terminate(run)
    info = domain.describe(run)["executionInfo"]
    start = round(info["startTimestamp"].timestamp(), 3)
    close = round(info["closeTimestamp"].timestamp(), 3)
    wire = Wire(domain.url, domain.region)

    def found(member, oldest, latest=None):
        bounds = {"oldestDate": oldest} | ({} if latest is None else {"latestDate": latest})
        body = {"domain": domain.name, member: bounds}
        body["executionFilter"] = {"workflowId": run["workflowId"]}
        listed = len(wire.ok("ListClosedWorkflowExecutions", body)["executionInfos"])
        assert wire.ok("CountClosedWorkflowExecutions", body)["count"] == listed
        return listed

    for member, at in (("startTimeFilter", start), ("closeTimeFilter", close)):
        later, earlier = round(at + 0.001, 3), round(at - 0.001, 3)
        assert found(member, at, at) == 1
        assert found(member, at) == 1
        assert found(member, later) == 0
        assert found(member, 0, earlier) == 0
        assert found(member, -1, later) == 1
        assert found(member, int(at), int(at) + 1) == 1


@pytest.mark.parametrize("call", ["list_closed", "count_closed"])
def test_closed_runs_need_exactly_one_time_filter(domain, call):
    method = getattr(domain.client, f"{call}_workflow_executions")
    assert fault(method, domain=domain.name) == ("ValidationException", "Must specify time filter")
    code, text = fault(
        method, domain=domain.name, startTimeFilter=SINCE, closeTimeFilter=SINCE
    )
    assert code == "ValidationException"
    assert text.startswith("Cannot specify both a ")


@pytest.mark.parametrize("state", ["open", "closed"])
def test_filters_exclude_each_other(domain, state):
    filters = {
        "executionFilter": {"workflowId": "a"},
        "typeFilter": {"name": "order"},
        "tagFilter": {"tag": "red"},
    }
    if state == "closed":
        filters["closeStatusFilter"] = {"status": "COMPLETED"}
    for first in filters:
        for second in filters:
            if first != second:
                pair = {first: filters[first], second: filters[second]}
                for verb in ("list", "count"):
                    method = getattr(domain.client, f"{verb}_{state}_workflow_executions")
                    refusal = fault(
                        method, domain=domain.name, startTimeFilter=SINCE, **pair
                    )
                    assert refusal[0] == "ValidationException", pair


@pytest.mark.parametrize("operation", ["ListOpenWorkflowExecutions", "CountOpenWorkflowExecutions"])
def test_open_runs_need_a_start_time(domain, operation):
    wire = Wire(domain.url, domain.region)
    for body, path in (
        ({}, "startTimeFilter"),
        ({"startTimeFilter": {"latestDate": 1}}, "startTimeFilter.oldestDate"),
    ):
        reply = wire.call(operation, {"domain": domain.name} | body)
        _, text = invalid(None, path, "Member must not be null")
        assert reply.error() == (400, VALIDATION, text)


def test_close_status_is_an_enum(domain):
    code, text = fault(
        domain.client.list_closed_workflow_executions,
        domain=domain.name,
        startTimeFilter=SINCE,
        closeStatusFilter={"status": "DONE"},
    )
    assert code == "ValidationException"
    assert text.startswith(
        "1 validation error detected: Value 'DONE' at 'closeStatusFilter.status' failed to "
        "satisfy constraint: Member must satisfy enum value set: ["
    )


def test_an_unknown_domain(domain):
    client, unknown = domain.client, ("UnknownResourceFault", "Unknown domain: nowhere")
    for state in ("open", "closed"):
        for verb in ("list", "count"):
            method = getattr(client, f"{verb}_{state}_workflow_executions")
            assert fault(method, domain="nowhere", startTimeFilter=SINCE) == unknown
    for method in (client.count_pending_activity_tasks, client.count_pending_decision_tasks):
        assert fault(method, domain="nowhere", taskList={"name": "x"}) == unknown
    execution = {"workflowId": "w", "runId": "r"}
    for method in (client.describe_workflow_execution, client.get_workflow_execution_history):
        assert fault(method, domain="nowhere", execution=execution) == unknown


def test_an_unknown_run(domain):
    run = domain.start()
    for stranger in (run | {"runId": "12Ow4i/+="}, run | {"workflowId": "stranger"}):
        for call in (domain.describe, domain.history):
            assert fault(call, execution=stranger) == unknown_execution(stranger)


def test_pending_tasks(domain):
    assert domain.pending_decisions() == 0
    assert domain.pending_activities("never used") == 0
    runs = [domain.start() for _ in range(3)]
    assert domain.pending_decisions() == 3
    reply = domain.client.count_pending_decision_tasks(
        domain=domain.name, taskList={"name": "decisions"}
    )
    assert reply["truncated"] is False
    task = domain.poll_decision()
    assert domain.pending_decisions() == 2, "a started task has left the list"
    domain.signal(task["workflowExecution"])
    assert domain.pending_decisions() == 3, "a held back task is pending"
    domain.respond(task, schedule("a"), schedule("b"))
    assert domain.pending_activities() == 2
    domain.poll_activity()
    assert domain.pending_activities() == 1
    for run in runs:
        domain.terminate(run)
    assert domain.pending_decisions() == 0
    assert domain.pending_activities() == 0


def test_the_description_of_a_new_run(domain):
    run = domain.start(taskPriority="3")
    described = domain.describe(run)
    described.pop("ResponseMetadata")
    described.pop("executionInfo")
    assert described == {
        "executionConfiguration": {
            "taskStartToCloseTimeout": "60",
            "executionStartToCloseTimeout": "3600",
            "taskList": {"name": "decisions"},
            "childPolicy": "TERMINATE",
            "taskPriority": "3",
        },
        "openCounts": {
            "openActivityTasks": 0,
            "openDecisionTasks": 1,
            "openTimers": 0,
            "openChildWorkflowExecutions": 0,
            "openLambdaFunctions": 0,
        },
    }


def test_open_counts_follow_the_run(domain):
    run = domain.start()

    def counts():
        counted = domain.describe(run)["openCounts"]
        return tuple(
            counted[f"open{kind}"] for kind in ("DecisionTasks", "ActivityTasks", "Timers")
        )

    assert counts() == (1, 0, 0)
    task = domain.poll_decision()
    assert counts() == (1, 0, 0)
    domain.signal(run)
    assert counts() == (1, 0, 0), "at most one, even when one is started and one is held back"
    domain.respond(task, schedule("a"), schedule("b"), start_timer("t", "600"), marker("m"))
    assert counts() == (1, 2, 1)
    activity = domain.poll_activity()
    assert counts() == (1, 2, 1)
    domain.decide()
    assert counts() == (0, 2, 1)
    domain.complete(activity)
    assert counts() == (1, 1, 1)
    domain.decide(complete_workflow())
    assert counts() == (0, 1, 1), "frozen at the close"


def test_the_latest_activity_timestamp(domain):
    run = domain.start()
    member = "latestActivityTaskTimestamp"
    domain.decide(start_timer("t", "0"))
    assert member not in domain.describe(run)
    domain.decide(schedule("a"))
    assert domain.describe(run)[member] == domain.history(run)[-1]["eventTimestamp"]
    activity = domain.poll_activity()
    assert domain.describe(run)[member] == domain.history(run)[-1]["eventTimestamp"]
    domain.complete(activity)
    events = domain.history(run)
    assert domain.describe(run)[member] == events[-2]["eventTimestamp"]
    domain.decide(complete_workflow())
    assert domain.describe(run)[member] == events[-2]["eventTimestamp"]


def test_the_latest_execution_context(domain):
    run = domain.start()
    member = "latestExecutionContext"
    domain.decide(start_timer("t", "0"))
    assert member not in domain.describe(run)
    domain.decide(start_timer("t", "0"), executionContext="first")
    assert domain.describe(run)[member] == "first"
    domain.decide(start_timer("t", "0"))
    assert domain.describe(run)[member] == "first", "a response without it changes nothing"
    domain.decide(executionContext="")
    assert domain.describe(run)[member] == ""
