"""Long polls: who is given a task, when, and what becomes of those who wait or go away."""

import threading
import time

import pytest

from aws import Aws
from driver import (
    ACTIVITIES,
    DECISIONS,
    Domain,
    attributes,
    complete_workflow,
    event_names,
    fault,
    schedule,
    start_timer,
)
from wire import Wire, receive

# An answer to a waiting poll comes in milliseconds; a machine under load gets this long.
PROMPT_SECONDS_MAX = 10
HOLD_SECONDS_MIN, HOLD_SECONDS_MAX = 50, 66
POLLS = {
    "PollForDecisionTask": DECISIONS,
    "PollForActivityTask": ACTIVITIES,
}


class Waiting:
    """Polls in flight, without a thread for each."""

    def __init__(self, domain):
        self.domain = domain
        self.wire = Wire(domain.url, domain.region)

    def poll(self, operation: str, task_list: str | None = None):
        body = {"domain": self.domain.name, "taskList": {"name": task_list or POLLS[operation]}}
        return self.wire.send(operation, body)

    def settle(self):
        self.wire.settle()


@pytest.fixture
def waiting(domain):
    return Waiting(domain)


def test_an_empty_poll_holds_for_a_minute(server, regions):
    """All the clients at once, since the wait is the cost."""
    domain = Domain.create(server, regions.shared())
    client, name = domain.client, domain.name
    waiting = Waiting(domain)
    aws = Aws(domain.url, domain.region)
    words = ("--domain", name, "--task-list", "name=idle")
    replies, seconds = {}, {}

    def timed(label, call, *arguments, **named):
        began = time.monotonic()
        replies[label] = call(*arguments, **named)
        seconds[label] = time.monotonic() - began

    arguments = {"domain": name, "taskList": {"name": "idle"}}
    raw = {operation: waiting.poll(operation, "idle") for operation in POLLS}
    calls = [
        ("boto3 activity", lambda: client.poll_for_activity_task(**arguments)),
        ("boto3 decision", lambda: client.poll_for_decision_task(**arguments)),
        ("cli activity", lambda: aws.json("poll-for-activity-task", *words)),
        ("cli decision", lambda: aws.json("poll-for-decision-task", *words)),
        ("raw activity", lambda: receive(raw["PollForActivityTask"]).body),
        ("raw decision", lambda: receive(raw["PollForDecisionTask"]).body),
    ]
    threads = [threading.Thread(target=timed, args=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(replies) == len(calls)
    for label in ("boto3 activity", "boto3 decision", "raw activity", "raw decision"):
        assert HOLD_SECONDS_MIN < seconds[label] < HOLD_SECONDS_MAX, (label, seconds[label])
    for reply in (replies["boto3 activity"], replies["boto3 decision"]):
        reply.pop("ResponseMetadata")
    assert replies["boto3 activity"] == {"startedEventId": 0}
    assert replies["boto3 decision"] == {"startedEventId": 0, "previousStartedEventId": 0}
    assert replies["raw activity"] == b'{"startedEventId":0}'
    assert replies["raw decision"] in (
        b'{"previousStartedEventId":0,"startedEventId":0}',
        b'{"startedEventId":0,"previousStartedEventId":0}',
    )
    assert replies["cli activity"] == {"startedEventId": 0}
    assert replies["cli decision"]["startedEventId"] == 0
    assert replies["cli decision"].get("taskToken") is None


@pytest.mark.parametrize("operation", list(POLLS))
def test_a_waiting_poll_is_answered_when_a_task_appears(domain, waiting, operation):
    domain.start(taskList={"name": "elsewhere"})
    decision = domain.poll_decision("elsewhere")
    poll = waiting.poll(operation)
    waiting.settle()
    began = time.monotonic()
    if operation == "PollForDecisionTask":
        domain.start()
    else:
        domain.respond(decision, schedule("a"))
    task = receive(poll).json()
    assert time.monotonic() - began < PROMPT_SECONDS_MAX
    assert task["taskToken"]


def test_a_zero_timer_wakes_its_decider_promptly(domain):
    domain.start()
    began = time.monotonic()
    for _ in range(10):
        domain.decide(start_timer("wake", "0"))
    domain.decide(complete_workflow())
    assert time.monotonic() - began < PROMPT_SECONDS_MAX


def test_activities_come_by_priority_and_then_by_age(domain):
    domain.start()
    priorities = {"low": "-3", "none": None, "one": "1", "five": "5", "also five": "5"}
    decisions = [
        schedule(name, **({"taskPriority": priority} if priority else {}))
        for name, priority in priorities.items()
    ]
    domain.decide(*decisions)
    order = [domain.poll_activity()["activityId"] for _ in priorities]
    assert order == ["five", "also five", "one", "none", "low"]


def test_decision_tasks_come_by_priority_and_then_by_age(domain):
    for name, priority in {"low": "-1", "first": "0", "second": "0", "high": "7"}.items():
        domain.start(workflowId=name, taskPriority=priority)
    order = [domain.poll_decision()["workflowExecution"]["workflowId"] for _ in range(4)]
    assert order == ["high", "first", "second", "low"]


def test_each_task_goes_to_one_poller(domain):
    pollers, tasks = 8, 40
    run = domain.start()
    real = [schedule(f"real-{n}") for n in range(tasks)]
    stops = [schedule(f"stop-{n}", taskPriority="-100") for n in range(pollers)]
    taken = [[] for _ in range(pollers)]

    def poll(mine):
        while not mine or not mine[-1].startswith("stop"):
            mine.append(domain.poll_activity()["activityId"])

    threads = [threading.Thread(target=poll, args=(mine,)) for mine in taken]
    for thread in threads:
        thread.start()
    domain.decide(*real, *stops)
    for thread in threads:
        thread.join()
    everything = sum(taken, [])
    assert len(everything) == tasks + pollers
    assert set(everything) == {d["scheduleActivityTaskDecisionAttributes"]["activityId"]
                               for d in real + stops}
    started = [
        attributes(event)["scheduledEventId"]
        for event in domain.history(run)
        if event["eventType"] == "ActivityTaskStarted"
    ]
    assert sorted(started) == list(range(5, 5 + tasks + pollers))


@pytest.mark.parametrize("operation", list(POLLS))
def test_a_poller_that_has_gone_gets_nothing(domain, waiting, operation):
    domain.start(taskList={"name": "elsewhere"})
    decision = domain.poll_decision("elsewhere")
    gone = [waiting.poll(operation) for _ in range(5)]
    waiting.settle()
    for poll in gone:
        poll.close()
    waiting.settle()
    began = time.monotonic()
    if operation == "PollForDecisionTask":
        domain.start()
        task = domain.poll_decision()
    else:
        domain.respond(decision, schedule("a"))
        task = domain.poll_activity()
    assert task["taskToken"]
    assert time.monotonic() - began < PROMPT_SECONDS_MAX


def test_a_poller_that_has_gone_makes_way_for_one_that_waits(domain, waiting):
    gone = [waiting.poll("PollForDecisionTask") for _ in range(3)]
    waiting.settle()
    patient = waiting.poll("PollForDecisionTask")
    waiting.settle()
    for poll in gone:
        poll.close()
    waiting.settle()
    run = domain.start()
    assert receive(patient).json()["workflowExecution"] == run
    assert event_names(domain.history(run)).count("DecisionTaskStarted") == 1


def test_sigterm_answers_open_polls_and_ends_well(own_server):
    domain = Domain.create(own_server, "us-east-1")
    waiting = Waiting(domain)
    polls = [waiting.poll(operation) for operation in POLLS for _ in range(3)]
    waiting.settle()
    began = time.monotonic()
    own_server.signal_terminate()
    for poll in polls:
        reply = receive(poll)
        assert reply.status == 200
        assert reply.json()["startedEventId"] == 0
        assert "taskToken" not in reply.json()
    assert own_server.wait() == 0
    assert time.monotonic() - began < PROMPT_SECONDS_MAX


def test_an_unknown_domain_fails_at_once(domain):
    began = time.monotonic()
    arguments = {"domain": "nowhere", "taskList": {"name": "x"}}
    unknown = ("UnknownResourceFault", "Unknown domain: nowhere")
    assert fault(domain.client.poll_for_activity_task, **arguments) == unknown
    assert fault(domain.client.poll_for_decision_task, **arguments) == unknown
    assert time.monotonic() - began < PROMPT_SECONDS_MAX


def test_a_held_back_task_waits_for_the_one_before(domain, waiting):
    run = domain.start()
    first = domain.poll_decision()
    poll = waiting.poll("PollForDecisionTask")
    waiting.settle()
    domain.signal(run)
    waiting.settle()
    assert event_names(domain.history(run)).count("DecisionTaskStarted") == 1
    domain.respond(first)
    assert receive(poll).json()["startedEventId"] == 7
    assert event_names(domain.history(run))[2:] == [
        "DecisionTaskStarted",
        "WorkflowExecutionSignaled",
        "DecisionTaskScheduled",
        "DecisionTaskCompleted",
        "DecisionTaskStarted",
    ]


def test_lists_of_one_name_are_two(domain):
    lists = {"name": "shared"}
    domain.start(taskList=lists)
    domain.respond(domain.poll_decision("shared"), schedule("a", taskList=lists))
    domain.start(taskList=lists)
    assert domain.pending_decisions("shared") == 1
    assert domain.pending_activities("shared") == 1
    assert domain.poll_activity("shared")["activityId"] == "a"
    assert domain.poll_decision("shared")["startedEventId"] == 3


def test_lists_of_two_domains_are_two(server, domain):
    other = Domain.create(server, domain.region)
    there = other.start(workflowId="same")
    here = domain.start(workflowId="same")
    assert domain.poll_decision()["workflowExecution"] == here
    assert other.poll_decision()["workflowExecution"] == there


def test_a_deprecated_domain_is_still_polled(domain):
    domain.start()
    domain.client.deprecate_domain(name=domain.name)
    domain.decide(start_timer("t", "0"))
    domain.decide(complete_workflow())
