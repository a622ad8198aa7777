"""Values on the wire: nulls, numbers, booleans, timestamps and lengths."""

import json
import re

import pytest

from driver import DECISIONS, WORKFLOW, complete_workflow, marker, schedule, start_timer, unique
from wire import VALIDATION, Wire

LIST = {"registrationStatus": "REGISTERED"}
SMILE = "\N{SMILING FACE WITH SUNGLASSES}"  # Two UTF-16 units, four bytes.


@pytest.fixture
def wire(domain):
    return Wire(domain.url, domain.region)


def test_unknown_members_and_nulls_are_ignored(wire, domain):
    body = {
        "domain": domain.name,
        "workflowId": unique("w"),
        "workflowType": WORKFLOW | {"color": "red"},
        "input": None,
        "tagList": None,
        "taskList": None,
        "surprise": {"deep": [1, None, {"x": 5}]},
    }
    run_id = wire.ok("StartWorkflowExecution", body)["runId"]
    started = domain.history({"workflowId": body["workflowId"], "runId": run_id})[0]
    members = started["workflowExecutionStartedEventAttributes"]
    assert not {"input", "tagList"} & set(members)
    assert members["taskList"] == {"name": DECISIONS}
    _, code, text = wire.call("DescribeDomain", {"name": None}).error()
    assert code == VALIDATION
    assert text.startswith("1 validation error detected: Value null at 'name'")


def test_booleans_may_be_words(wire, domain):
    for number in ("2", "3"):
        domain.register_workflow(WORKFLOW | {"version": number})
    body = LIST | {"domain": domain.name, "name": "order"}

    def versions(**more):
        infos = wire.ok("ListWorkflowTypes", body | more)["typeInfos"]
        return [info["workflowType"]["version"] for info in infos]

    assert versions() == ["1", "2", "3"]
    assert versions(reverseOrder="true") == versions(reverseOrder=True) == ["3", "2", "1"]
    assert versions(reverseOrder="false") == ["1", "2", "3"]


def test_no_nulls_and_plain_decimal_timestamps(wire, domain):
    run = domain.start()
    domain.start(workflowId="idle", taskList={"name": "idle"})
    domain.decide(schedule("a"), schedule("b"), start_timer("t", "600"), marker("m"))
    named = {"domain": domain.name}
    activity = wire.ok("PollForActivityTask", named | {"taskList": {"name": "activities"}})
    domain.complete(activity)
    decision = wire.ok("PollForDecisionTask", named | {"taskList": {"name": "decisions"}})
    domain.respond(decision, complete_workflow())
    since = {"startTimeFilter": {"oldestDate": 0}}
    listed = named | LIST
    on = {"workflowType": WORKFLOW}
    bodies = {
        "DescribeDomain": {"name": domain.name},
        "DescribeWorkflowType": named | on,
        "DescribeWorkflowExecution": named | {"execution": run},
        "GetWorkflowExecutionHistory": named | {"execution": run},
        "ListActivityTypes": listed,
        "ListDomains": LIST,
        "ListOpenWorkflowExecutions": named | since,
        "ListClosedWorkflowExecutions": named | since,
        "ListWorkflowTypes": listed,
    }
    texts = [wire.call(operation, body).body.decode() for operation, body in bodies.items()]
    seen = 0
    for text in texts + [json.dumps(activity), json.dumps(decision)]:
        for member, value in members_of(json.loads(text, parse_float=Number, parse_int=Number)):
            assert value is not None, member
            if member.endswith(("Timestamp", "Date")):
                seen += 1
                assert re.fullmatch(r"\d{10}(\.\d{1,3})?", value), (member, value)
    assert seen > 20
    assert activity["startedEventId"] > 0


class Number(str):
    """A JSON number as it was written."""


def members_of(value, member=""):
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from members_of(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from members_of(inner, member)
    else:
        yield member, value


@pytest.mark.parametrize("oldest", [0, 1, 0.5, -1, -0.5, 1_000_000_000, 1e9, 1326593394.566])
def test_timestamps_in_requests(wire, domain, oldest):
    domain.start()
    body = {"domain": domain.name, "startTimeFilter": {"oldestDate": oldest}}
    assert wire.ok("CountOpenWorkflowExecutions", body)["count"] == 1


@pytest.mark.parametrize(
    "operation, path, units_max",
    [
        ("SignalWorkflowExecution", "signalName", 256),
        ("SignalWorkflowExecution", "input", 32768),
        ("TerminateWorkflowExecution", "reason", 256),
        ("TerminateWorkflowExecution", "details", 32768),
        ("RegisterDomain", "name", 256),
        ("RegisterDomain", "description", 1024),
        ("RegisterWorkflowType", "name", 256),
        ("RegisterWorkflowType", "version", 64),
        ("RegisterActivityType", "description", 1024),
        ("StartWorkflowExecution", "workflowId", 256),
        ("StartWorkflowExecution", "input", 32768),
    ],
)
@pytest.mark.parametrize("letter, units", [("x", 1), ("é", 1), (SMILE, 2)])
def test_lengths_count_utf_16_units(wire, domain, operation, path, units_max, letter, units):
    run = domain.start()
    body = {
        "SignalWorkflowExecution": {"domain": domain.name, "signalName": "s", **run},
        "TerminateWorkflowExecution": {"domain": domain.name, **run},
        "RegisterDomain": {"workflowExecutionRetentionPeriodInDays": "1"},
        "RegisterWorkflowType": {"domain": domain.name, "version": "v"},
        "RegisterActivityType": {"domain": domain.name, "version": "v"},
        "StartWorkflowExecution": {
            "domain": domain.name,
            "workflowId": "w",
            "workflowType": WORKFLOW,
        },
    }[operation]
    body["name"] = unique("name")
    prefix = unique("x")
    fitting = prefix + letter * ((units_max - len(prefix)) // units)
    reply = wire.call(operation, body | {path: fitting + "x"})
    status, code, text = reply.error()
    assert (status, code) == (400, VALIDATION)
    assert text == (
        f"1 validation error detected: Value '{fitting}x' at '{path}' failed to satisfy "
        f"constraint: Member must have length less than or equal to {units_max}"
    )
    assert wire.call(operation, body | {path: fitting}).status == 200
