"""Histories as the AWS CLI prints them, of executions in every state, go on at another server."""

import itertools
import json

import pytest

from driver import (
    ACTIVITY,
    ACTIVITY_DEFAULTS,
    WORKFLOW,
    WORKFLOW_DEFAULTS,
    Domain,
    complete_workflow,
    continue_as_new,
    decision,
    fault,
    schedule,
    start_timer,
)
from functions import FunctionServer, Gate, Reply
from server import UNVERIFIED, Server
from test_import import at, child, run, target, types  # noqa: F401

REGION = "us-east-1"
ROLE = "arn:aws:iam::000000000000:role/lambda"


@pytest.fixture
def functions():
    functions = FunctionServer()
    yield functions
    functions.close()


@pytest.fixture
def source(tmp_path, functions):
    server = Server(tmp_path / "source", "--lambda-endpoint", functions.url, auth=UNVERIFIED).start()
    yield server
    assert server.terminate() == 0


@pytest.fixture
def domain(source):
    return Domain.create(source, REGION)


@pytest.fixture
def there(target, domain):
    """The domain at the target, with the same types."""
    there = at(target, domain.name)
    there.client.register_domain(name=domain.name, workflowExecutionRetentionPeriodInDays="7")
    there.register_workflow(WORKFLOW, **WORKFLOW_DEFAULTS)
    there.register_activity(ACTIVITY, **ACTIVITY_DEFAULTS)
    return there


def start(domain, name, **arguments):
    return domain.start(workflowId=name, taskList={"name": name}, **arguments)


class Moving:
    """Prints histories at one server and imports them at the other."""

    def __init__(self, aws, domain, there, directory):
        self.aws, self.domain, self.there, self.directory = aws, domain, there, directory

    def printed(self, execution, *words):
        return self.printing(execution, *words)()

    def printing(self, execution, *words):
        named = f"workflowId={execution['workflowId']},runId={execution['runId']}"
        running = self.aws.spawn(
            "get-workflow-execution-history", "--domain", self.domain.name, "--execution", named, *words
        )

        def printed():
            done = running.result()
            assert done.returncode == 0, done.stderr
            return done.stdout

        return printed

    def take(self, execution, *words, text=None, code=0):
        """What is said of it."""
        file = self.directory / "history.json"
        file.write_text(self.printed(execution) if text is None else text)
        return run(
            "import", str(file), "--domain", self.there.name, "--workflow-id", execution["workflowId"],
            "--run-id", execution["runId"], "--endpoint-url", self.there.url, *words, code=code,
        )


@pytest.fixture
def moving(aws, domain, there, tmp_path):
    return Moving(aws, domain, there, tmp_path)


def test_what_fell_due_on_the_way_happens_at_once_and_is_said(domain, there, moving):
    timers = start(domain, "timers")
    over = start(domain, "over", executionStartToCloseTimeout="1")
    working = start(domain, "working")
    waiting = start(domain, "waiting")
    domain.respond(domain.poll_decision("timers"), start_timer("a", "1"), start_timer("b", "1"))
    beating = schedule("beating", heartbeatTimeout="2", taskList={"name": "beating"})
    domain.respond(domain.poll_decision("working"), beating)
    domain.heartbeat(domain.poll_activity("beating"), details="10 %")
    late = schedule("late", scheduleToStartTimeout="1", taskList={"name": "late"})
    domain.respond(domain.poll_decision("waiting"), late)
    domain.elapse(3)
    said = []
    for execution in [timers, over, working, waiting]:
        # As it was when all that was still to come.
        history = json.loads(moving.printed(execution))
        happened = ["TimerFired", "ActivityTaskTimedOut", "WorkflowExecutionTimedOut"]
        kinds = types(history["events"])
        first = min(kinds.index(kind) for kind in happened if kind in kinds)
        history["events"] = history["events"][:first]
        said.append(moving.take(execution, text=json.dumps(history)))
    assert "2 timers have fallen due: they fire at once" in said[0]
    assert "its time is over: it times out at once" in said[1]
    assert "a worker has activity beating in hand: its time is over" in said[2]
    assert "an activity has waited for too long: it times out at once" in said[3]
    seen = there.poll_decision("timers")
    assert types(seen["events"]).count("TimerFired") == 2
    seen = there.poll_decision("working")["events"]
    timed_out = [e for e in seen if e["eventType"] == "ActivityTaskTimedOut"]
    assert timed_out[0]["activityTaskTimedOutEventAttributes"]["timeoutType"] == "HEARTBEAT"
    seen = there.poll_decision("waiting")["events"]
    timed_out = [e for e in seen if e["eventType"] == "ActivityTaskTimedOut"]
    assert timed_out[0]["activityTaskTimedOutEventAttributes"]["timeoutType"] == "SCHEDULE_TO_START"
    there.elapse(1)
    assert types(there.history(over))[-1] == "WorkflowExecutionTimedOut"


def test_news_that_no_decider_has_seen_waits_for_the_next_one(domain, there, moving):
    signaled = start(domain, "signaled")
    canceled = start(domain, "canceled", tagList=["red", "blue"], taskPriority="7")
    domain.poll_decision("signaled")
    domain.signal(signaled, "one")
    domain.signal(signaled, "two")
    domain.respond(domain.poll_decision("canceled"), schedule("a", taskPriority="-3"))
    domain.request_cancel(canceled)
    moving.take(signaled)
    # As it is printed in the other order, too.
    moving.take(canceled, text=moving.printed(canceled, "--reverse-order"))
    seen = types(there.poll_decision("signaled")["events"])
    assert seen.count("WorkflowExecutionSignaled") == 2 and "DecisionTaskTimedOut" in seen
    described = there.describe(canceled)
    assert described["executionInfo"]["cancelRequested"]
    assert described["executionInfo"]["tagList"] == ["red", "blue"]
    assert described["executionConfiguration"]["taskPriority"] == "7"
    tagged = there.client.list_open_workflow_executions(
        domain=there.name, startTimeFilter={"oldestDate": 0}, tagFilter={"tag": "blue"}
    )
    assert [info["execution"] for info in tagged["executionInfos"]] == [canceled]
    task = there.poll_decision("canceled")
    assert "WorkflowExecutionCancelRequested" in types(task["events"])
    there.respond(task, decision("CancelWorkflowExecution"))


def test_children_find_their_parents_in_whichever_order_they_come(domain, there, moving):
    parent = start(domain, "parent")
    domain.respond(
        domain.poll_decision("parent"),
        child("one", "one"),
        child("two", "two"),
    )
    one = domain.poll_decision("one")["workflowExecution"]
    two = domain.poll_decision("two")["workflowExecution"]
    domain.respond(domain.poll_decision("parent"))
    said = moving.take(one)
    assert f"its parent, run {parent['runId']}, is not imported with it" in said
    said = moving.take(parent)
    assert "its child one of event" in said and "its child two of event" in said
    moving.take(two)
    there.respond(there.poll_decision("one"), complete_workflow(result="1"))
    while "ChildWorkflowExecutionCompleted" not in types(
        (task := there.poll_decision("parent"))["events"]
    ):
        there.respond(task)
    there.terminate(parent)
    there.elapse(1)
    # The parent's policy for its children.
    assert types(there.history(two))[-1] == "WorkflowExecutionTerminated"


def test_lambda_tasks_are_called_or_time_out(domain, there, moving, functions):
    gate = Gate()

    def held(body):
        gate.pass_through()
        return Reply(body)

    functions.functions |= {"held": held, "echo": Reply}
    lambda_ = lambda id_, name: decision("ScheduleLambdaFunction", id=id_, name=name)
    done = start(domain, "done", lambdaRole=ROLE)
    called = start(domain, "called", lambdaRole=ROLE)
    domain.respond(domain.poll_decision("done"), lambda_("e", "echo"))
    assert "LambdaFunctionCompleted" in types(domain.poll_decision("done")["events"])
    domain.respond(domain.poll_decision("called"), lambda_("h", "held"))
    gate.await_begin()
    said = moving.take(done) + moving.take(called, "--time-out-started")
    gate.open()
    assert "a Lambda function is being called: its task times out" in said
    assert "LambdaFunctionCompleted" in types(there.poll_decision("done")["events"])
    assert "LambdaFunctionTimedOut" in types(there.poll_decision("called")["events"])


def test_types_that_are_not_there_or_deprecated_are_named(domain, there, moving):
    gone, old = {"name": "gone", "version": "1"}, {"name": "old", "version": "1"}
    for workflow_type in [gone, old]:
        domain.register_workflow(workflow_type, **WORKFLOW_DEFAULTS)
    for activity_type in [gone, old]:
        domain.register_activity(activity_type, **ACTIVITY_DEFAULTS)
    there.register_workflow(old, **WORKFLOW_DEFAULTS)
    there.client.deprecate_workflow_type(domain=there.name, workflowType=old)
    there.register_activity(old, **ACTIVITY_DEFAULTS)
    there.client.deprecate_activity_type(domain=there.name, activityType=old)
    first = start(domain, "gone", workflowType=gone)
    second = start(domain, "old", workflowType=old)
    domain.respond(domain.poll_decision("gone"), schedule("a", gone), schedule("b", old))
    said = moving.take(first) + moving.take(second)
    assert "its type gone 1 is not registered: it cannot continue as new until it is" in said
    named = dict.fromkeys(["gone", "old"])
    for line, following in itertools.pairwise(said.splitlines()):
        for name in named:
            if following == f"  activity type {name} 1 of {there.name}":
                named[name] = line
    assert named == {
        "gone": "in histories, and registered neither there nor here; they cannot be scheduled until they are:",
        "old": "in histories, and deprecated there; they cannot be scheduled before that is undone:",
    }
    assert "its type old 1 is deprecated there" in said
    # They go on all the same.
    there.work()
    there.work()
    there.respond(there.poll_decision("gone"), continue_as_new())
    causes = [
        event["continueAsNewWorkflowExecutionFailedEventAttributes"]["cause"]
        for event in there.history(first)
        if event["eventType"] == "ContinueAsNewWorkflowExecutionFailed"
    ]
    assert causes == ["WORKFLOW_TYPE_DOES_NOT_EXIST"]
    there.respond(there.poll_decision("gone"), complete_workflow())
    there.respond(there.poll_decision("old"), complete_workflow())


def test_what_is_printed_otherwise_is_refused_with_what_helps(domain, there, moving):
    execution = start(domain, "w")
    for _ in range(5):
        domain.signal(execution)
    printing = {
        words: moving.printing(execution, *words.split())
        for words in [
            "--output=json",
            "--max-items=3",
            "--no-paginate --maximum-page-size=3",
            "--output=text",
            "--output=table",
        ]
    }
    printed = {words: text() for words, text in printing.items()}
    printed["--output=json"] = printed["--output=json"][:500]
    said = {words: moving.take(execution, text=text, code=1) for words, text in printed.items()}
    assert "it is cut off in line" in said["--output=json"]
    for words in ["--max-items=3", "--no-paginate --maximum-page-size=3"]:
        assert "it is one page of several: print the whole history" in said[words]
    for words in ["--output=text", "--output=table"]:
        assert "which the AWS CLI prints with --output json" in said[words]
