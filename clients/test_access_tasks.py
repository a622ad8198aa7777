"""Tasks and pages for whom they are: polls that wait while rights change, and tokens of others."""

import base64

import pytest

from driver import (
    ACTIVITIES,
    DECISIONS,
    Domain,
    complete_workflow,
    fault,
    marker,
    render_all,
    schedule,
    unique,
    unknown_activity,
    unknown_decision,
)
from identities import Iam, allow, describe, key_of, user_arn, verified
from server import Server
from test_access import UNKNOWN_KEY
from wire import SERVICE, Wire, receive

INVALID = ("ValidationException", "Invalid token")
POLLS = ("swf:PollForActivityTask", "swf:PollForDecisionTask")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The user of another account may do everything there."""
    directory = tmp_path_factory.mktemp("tasks")
    file = describe(directory, {"worker": [allow("swf:*")]}, {"stranger": [allow("swf:*")]})
    server = Server(directory / "data", auth=verified(file)).start()
    yield server
    assert server.terminate() == 0


@pytest.fixture
def iam(server):
    return Iam(server)


@pytest.fixture
def poller(iam):
    """A user of one test, who may poll, and its key."""
    name = unique("poller")
    return name, iam.create_user(name, allow(*POLLS))


def poll(domain: Domain, key, operation: str, task_list: str):
    """A poll that waits."""
    wire = Wire(domain.url, domain.region, key)
    connection = wire.send(operation, {"domain": domain.name, "taskList": {"name": task_list}})
    Wire(domain.url, domain.region).settle()
    return connection


# Polls that wait.


def test_a_key_that_is_disabled_meanwhile_gets_no_task(domain, iam, poller):
    name, key = poller
    waiting = poll(domain, key, "PollForDecisionTask", DECISIONS)
    iam.disable(name, key)
    execution = domain.start()
    code, text = UNKNOWN_KEY
    assert receive(waiting).error() == (400, SERVICE + code, text)
    assert domain.pending_decisions() == 1, "nobody has been given it"
    task = domain.poll_decision()
    assert task["workflowExecution"] == execution
    domain.respond(task, schedule("a"))

    iam.enable(name, key)
    waiting = poll(domain, key, "PollForActivityTask", "idle")
    iam.delete_key(name, key)
    domain.start()
    domain.decide(schedule("b", taskList={"name": "idle"}))
    assert receive(waiting).error() == (400, SERVICE + code, text)
    assert domain.poll_activity("idle")["activityId"] == "b"


def test_a_right_that_is_taken_meanwhile_is_not_there(domain, iam, poller):
    name, key = poller
    waiting = poll(domain, key, "PollForDecisionTask", DECISIONS)
    elsewhere = {"StringEquals": {"swf:taskList.name": "elsewhere"}}
    iam.permit(name, allow(*POLLS, condition=elsewhere))
    execution = domain.start()
    text = (
        f"User: {user_arn(name)} is not authorized to perform: swf:PollForDecisionTask on resource:"
        f" {domain.arn} because no identity-based policy allows the swf:PollForDecisionTask action"
    )
    assert receive(waiting).error() == (400, SERVICE + "AccessDeniedException", text)
    assert domain.poll_decision()["workflowExecution"] == execution


def test_a_key_of_whom_nothing_has_changed_gets_the_task(domain, iam, poller):
    """Others' identities change all the time."""
    _, key = poller
    waiting = poll(domain, key, "PollForDecisionTask", DECISIONS)
    iam.create_user(unique("other"), allow("swf:*"))
    domain.start()
    assert receive(waiting).json()["startedEventId"] == 3


# Tokens.


def altered(token: str) -> list:
    """The token with one bit changed, here and there, and cut short, and with something behind."""
    raw = base64.b64decode(token + "=" * (-len(token) % 4))
    places = {0, 1, len(raw) // 2, len(raw) - 1}
    changed = [raw[:n] + bytes([raw[n] ^ 1]) + raw[n + 1 :] for n in sorted(places)]
    changed += [raw[:-1], raw + b"\0"]
    return [base64.b64encode(bytes_).decode().rstrip("=") for bytes_ in changed]


def answers(client) -> list:
    """The four operations that take the token of an activity task."""
    return [
        client.record_activity_task_heartbeat,
        client.respond_activity_task_canceled,
        client.respond_activity_task_completed,
        client.respond_activity_task_failed,
    ]


def working(domain: Domain) -> tuple:
    """A run with an activity task and a decision task, both held, and their tokens."""
    execution = domain.start()
    domain.decide(schedule("a"))
    activity = domain.poll_activity()
    domain.signal(execution)
    decision = domain.poll_decision()
    return execution, decision["taskToken"], activity["taskToken"]


def test_tokens_that_are_nobodys(domain):
    """Forged, altered, or those of the other kind of task; whoever presents them."""
    execution, decision, activity = working(domain)
    before = domain.history(execution)
    for key in (key_of("worker"), key_of("stranger")):
        client = domain.seen_with(key).client
        for token in ["forged", base64.b64encode(bytes(80)).decode(), decision, *altered(activity)]:
            for answer in answers(client):
                assert fault(answer, taskToken=token) == INVALID, token
        for token in ["forged", activity, *altered(decision)]:
            answer = client.respond_decision_task_completed
            assert fault(answer, taskToken=token, decisions=[complete_workflow()]) == INVALID, token
    assert domain.history(execution) == before
    assert domain.heartbeat({"taskToken": activity}) is False, "it is as open as it was"


def test_tokens_of_another_account(domain):
    """Who has everything in its own account has nothing in this one."""
    execution, decision, activity = working(domain)
    before = domain.history(execution)
    stranger = domain.seen_with(key_of("stranger")).client
    for answer in answers(stranger):
        assert fault(answer, taskToken=activity) == INVALID
    answer = stranger.respond_decision_task_completed
    assert fault(answer, taskToken=decision, decisions=[complete_workflow()]) == INVALID
    assert fault(stranger.describe_domain, name=domain.name) == (
        "UnknownResourceFault",
        f"Unknown domain: {domain.name}",
    )
    assert domain.history(execution) == before


def test_tokens_of_another_region(domain, server, regions):
    execution, decision, activity = working(domain)
    before = domain.history(execution)
    elsewhere = server.client(regions.fresh(), key_of("worker"))
    for answer in answers(elsewhere):
        assert fault(answer, taskToken=activity) == INVALID
    answer = elsewhere.respond_decision_task_completed
    assert fault(answer, taskToken=decision, decisions=[]) == INVALID
    assert domain.history(execution) == before


def test_tokens_that_have_been_used(domain):
    execution, decision, activity = working(domain)
    worker = domain.seen_with(key_of("worker"))
    worker.respond({"taskToken": decision}, marker("m"))
    worker.complete({"taskToken": activity}, result="first")
    before = domain.history(execution)
    for answer in answers(worker.client):
        assert fault(answer, taskToken=activity) == unknown_activity(5)
    answer = worker.client.respond_decision_task_completed
    scheduled = [e["eventId"] for e in before if e["eventType"] == "DecisionTaskScheduled"]
    refused = fault(answer, taskToken=decision, decisions=[complete_workflow()])
    assert refused == unknown_decision(scheduled[1])
    assert domain.history(execution) == before, render_all(before)


def test_page_tokens_are_for_who_asked_and_what_was_asked(domain, server):
    """Within an account they are handed on; across accounts and requests they are not."""
    for _ in range(3):
        domain.start()
    pages = {"maximumPageSize": 1, "startTimeFilter": {"oldestDate": 0}}
    first = domain.client.list_open_workflow_executions(domain=domain.name, **pages)
    token = {"nextPageToken": first["nextPageToken"]}
    worker = domain.seen_with(key_of("worker")).client
    worker.list_open_workflow_executions(domain=domain.name, **pages, **token)
    narrowed = {"typeFilter": {"name": "order"}}
    listing = worker.list_open_workflow_executions
    assert fault(listing, domain=domain.name, **pages, **narrowed, **token) == INVALID
    for changed in altered(first["nextPageToken"]):
        assert fault(listing, domain=domain.name, **pages, nextPageToken=changed) == INVALID
    stranger = Domain(server, domain.region, domain.name, key_of("stranger")).client
    stranger.register_domain(name=domain.name, workflowExecutionRetentionPeriodInDays="1")
    listing = stranger.list_open_workflow_executions
    assert listing(domain=domain.name, **pages)["executionInfos"] == []
    assert fault(listing, domain=domain.name, **pages, **token) == INVALID


def test_what_is_pending_in_another_account_is_not_seen(domain, server):
    """Two accounts with a domain of the same name, side by side."""
    domain.start()
    stranger = Domain(server, domain.region, domain.name, key_of("stranger"))
    stranger.client.register_domain(name=domain.name, workflowExecutionRetentionPeriodInDays="1")
    assert domain.pending_decisions() == 1
    assert stranger.pending_decisions() == 0
    assert stranger.pending_activities(ACTIVITIES) == 0
    arn = stranger.client.describe_domain(name=domain.name)["domainInfo"]["arn"]
    assert arn == domain.arn.replace("000000000000", "111111111111")
    assert domain.poll_decision()["taskToken"]
