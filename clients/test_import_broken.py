"""Imports that are cut off: the server is killed between two pieces of a history, or the command is."""

import subprocess

import pytest

from between import between
from driver import (
    Domain,
    complete_workflow,
    fault,
    marker,
    schedule,
    start_timer,
    unique,
)
from server import binary, without_settings
from test_import import KEYS, at, run, source, target, types  # noqa: F401

PIECES_MIN = 8


@pytest.fixture
def export(source, tmp_path):
    """A domain with one execution that comes in many pieces and a short one, and the file of both."""
    domain = Domain.create(source, "us-east-1")
    long = domain.start(workflowId="long")
    for _ in range(3):
        task = domain.poll_decision()
        markers = [marker("m", details="d" * 10_000)] * 90
        domain.respond(task, *markers, schedule(unique("a")), start_timer(unique("t"), "0"))
    short = domain.start(workflowId="short", taskList={"name": "short"})
    file = tmp_path / "export.jsonl"
    run("export", domain.name, "--endpoint-url", source.url, "-o", str(file))
    return domain, [long, short], file


def whole(domain, execution):
    pages = domain.client.get_paginator("get_workflow_execution_history").paginate(
        domain=domain.name, execution=execution
    )
    return [event for page in pages for event in page["events"]]


def check(export, target):
    """Both executions are there as they were, and go on."""
    domain, executions, _ = export
    there = at(target, domain.name)
    for execution in executions:
        before = whole(domain, execution)
        assert whole(there, execution)[: len(before)] == before
    there.respond(there.poll_decision("short"), complete_workflow())
    for _ in range(3):
        there.work()
    there.respond(there.poll_decision(), complete_workflow())
    for execution in executions:
        assert types(whole(there, execution))[-1] == "WorkflowExecutionCompleted"


def at_piece(number, step, later=None):
    """Before that piece of the import `step` is done, or `later` behind it."""

    def act(operation, count):
        if operation == "ImportWorkflowExecution" and count == number:
            if later is None:
                step()
            return later

    return act


def test_a_server_that_is_killed_between_two_pieces_goes_on_when_it_is_back(export, target):
    """The command asks again, as for any call that failed, and so does not even notice."""

    def restart():
        target.kill()
        target.start()

    with between(target, at_piece(PIECES_MIN // 2, restart)) as passing:
        told = run("import", str(export[2]), "--endpoint-url", passing.url)
        assert passing.counts["ImportWorkflowExecution"] > PIECES_MIN
    assert "imported 2 executions" in told
    check(export, target)


@pytest.mark.parametrize("number", [1, PIECES_MIN // 2])
@pytest.mark.parametrize("is_taken", [False, True])
def test_an_import_whose_server_was_killed_is_run_again(export, target, number, is_taken):
    """Whether the piece had been taken, or had not, when the server died."""

    def die():
        target.kill()
        raise ConnectionError

    act = at_piece(number, None, die) if is_taken else at_piece(number, die)
    with between(target, act) as passing:
        told = run("import", str(export[2]), "--endpoint-url", passing.url, code=1)
    assert "0 executions were imported before that; the same import goes on" in told
    target.start()
    # What has come in is not found before it is whole.
    here = at(target, export[0].name)
    long, _ = export[1]
    assert fault(here.client.describe_workflow_execution, domain=here.name, execution=long)[0] == (
        "UnknownResourceFault"
    )
    told = run("import", str(export[2]), "--endpoint-url", target.url)
    assert "imported 2 executions; 0 were there already, 0 were refused" in told
    check(export, target)


def test_an_import_that_was_killed_is_run_again(export, target):
    importing = []

    def kill():
        importing[0].kill()
        importing[0].wait()
        raise ConnectionError

    with between(target, at_piece(PIECES_MIN // 2, kill)) as passing:
        command = [binary(), "import", str(export[2]), "--endpoint-url", passing.url]
        environment = without_settings("TIDEWHEEL_", "AWS_") | KEYS
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
            importing.append(process)
            assert process.wait(60) == -9
    told = run("import", str(export[2]), "--endpoint-url", target.url)
    assert "imported 2 executions; 0 were there already, 0 were refused" in told
    check(export, target)


def test_tokens_of_the_source_are_worth_nothing_at_the_target(source, target):
    """Whoever has a task in hand cannot end it at the target, nor any other one there."""
    domain = Domain.create(source, "us-east-1")
    execution = domain.start()
    domain.respond(domain.poll_decision(), schedule("a"), schedule("b"))
    activity = domain.poll_activity()
    domain.signal(execution)
    decision_task = domain.poll_decision()
    run(
        "import", "--from-aws", "--source-endpoint-url", source.url, "--endpoint-url", target.url,
        "--execute",
    )
    there = at(target, domain.name)
    # Here the same events are there, and tasks with the same numbers are under way.
    other = there.poll_activity()
    task = there.poll_decision()
    before = there.history(execution)
    client = there.client
    calls = [
        (client.respond_activity_task_completed, activity, {}),
        (client.respond_activity_task_failed, activity, {}),
        (client.respond_activity_task_canceled, activity, {}),
        (client.record_activity_task_heartbeat, activity, {}),
        (client.respond_decision_task_completed, decision_task, {"decisions": []}),
    ]
    for call, held, arguments in calls:
        refused = fault(call, taskToken=held["taskToken"], **arguments)
        assert refused == ("ValidationException", "Invalid token"), call
    assert there.history(execution) == before
    # At the source they are as good as before, and those of the target are good there.
    domain.complete(activity)
    domain.respond(decision_task)
    there.complete(other)
    there.respond(task, complete_workflow())
