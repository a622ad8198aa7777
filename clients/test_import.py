"""Workflows that are left in the middle on one server are imported into another one, and finished
there by the same deciders and workers."""

import contextlib
import json
import subprocess

import pytest

from driver import (
    WORKFLOW,
    WORKFLOW_DEFAULTS,
    Domain,
    complete_workflow,
    continue_as_new,
    decision,
    marker,
    schedule,
    start_timer,
    unique,
)
from server import UNVERIFIED, Server, binary, without_settings

REGION = "us-east-1"
KEYS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any", "AWS_REGION": REGION}


@contextlib.contextmanager
def running(directory):
    server = Server(directory, auth=UNVERIFIED).start()
    try:
        yield server
    finally:
        assert server.terminate() == 0
        run("check", "--data-dir", str(directory))


@pytest.fixture
def source(tmp_path):
    with running(tmp_path / "source") as server:
        yield server


@pytest.fixture
def target(tmp_path):
    with running(tmp_path / "target") as server:
        yield server


def run(*words: str, code: int = 0, stdin: str | None = None) -> str:
    environment = without_settings("TIDEWHEEL_", "AWS_") | KEYS
    done = subprocess.run(
        [binary(), *words], input=stdin, capture_output=True, text=True, env=environment, timeout=60
    )
    assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def take_over(source, target, *words: str, code: int = 0) -> str:
    return run(
        "import", "--from-aws", "--source-endpoint-url", source.url, "--endpoint-url", target.url,
        *words, code=code,
    )


def child(workflow_id: str, task_list: str) -> dict:
    named = {"workflowId": workflow_id, "workflowType": WORKFLOW}
    return decision("StartChildWorkflowExecution", **named, taskList={"name": task_list})


def types(events: list) -> list:
    return [event["eventType"] for event in events]


class Shapes:
    """Executions of one domain, each left in the middle in its own way and with its own lists."""

    def __init__(self, domain: Domain):
        self.domain = domain
        self.executions = {}
        for name in ["fresh", "held", "working", "waiting", "parent", "renewed", "closed"]:
            self.start(name)
        self.held = domain.poll_decision("held")
        domain.respond(domain.poll_decision("working"), schedule("taken"), schedule("free"))
        self.taken = domain.poll_activity()
        domain.respond(domain.poll_decision("waiting"), start_timer("soon", "2"), start_timer("late", "3000"))
        domain.respond(domain.poll_decision("parent"), child("child", "child"))
        task = domain.poll_decision("child")
        self.executions["child"] = task["workflowExecution"]
        domain.respond(domain.poll_decision("parent"))
        domain.signal(self.executions["parent"])
        again = continue_as_new(taskList={"name": "renewed"})
        domain.respond(domain.poll_decision("renewed"), again)
        domain.respond(domain.poll_decision("closed"), complete_workflow())

    def start(self, name: str):
        arguments = {"workflowId": name, "taskList": {"name": name}}
        self.executions[name] = self.domain.start(**arguments)

    def finish(self, domain: Domain):
        """Plays deciders and workers to the end, on whichever server."""
        domain.respond(domain.poll_decision("fresh"), complete_workflow())
        domain.respond(domain.poll_decision("held"), complete_workflow())
        work = domain.poll_activity()
        assert work["activityId"] == "free"
        domain.complete(work, result="done")
        task = domain.poll_decision("working")
        assert task["events"][-3]["eventType"] == "ActivityTaskCompleted"
        domain.respond(task, complete_workflow())
        task = domain.poll_decision("waiting")
        assert "TimerFired" in types(task["events"])
        domain.respond(task, complete_workflow())
        domain.respond(domain.poll_decision("child"), complete_workflow())
        while "ChildWorkflowExecutionCompleted" not in types(
            (task := domain.poll_decision("parent"))["events"]
        ):
            domain.respond(task)
        domain.respond(task, complete_workflow())
        domain.respond(domain.poll_decision("renewed"), complete_workflow())


def at(server, name: str) -> Domain:
    return Domain(server, REGION, name)


def test_executions_go_on_where_they_were_left(source, target, tmp_path):
    domain = Domain.create(source, REGION)
    old = {"name": "old", "version": "1"}
    domain.register_workflow(old, **WORKFLOW_DEFAULTS)
    domain.client.deprecate_workflow_type(domain=domain.name, workflowType=old)
    shapes = Shapes(domain)
    before = {name: domain.history(execution) for name, execution in shapes.executions.items()}
    file = tmp_path / "export.jsonl"
    run("export", domain.name, "--endpoint-url", source.url, "-o", str(file))

    report = take_over(source, target)
    assert "domains and types: 4 to register" in report
    assert "open executions: 7 to import, 0 there already, 0 refused" in report
    assert "held run" in report and "a decider has a decision task in hand" in report
    assert "a worker has activity taken in hand, which has no timeout" in report
    assert "nothing was changed; --execute does it" in report
    domains = target.client(REGION).list_domains(registrationStatus="REGISTERED")["domainInfos"]
    assert domains == []

    report = take_over(source, target, "--closed", "--execute")
    assert "imported 9 executions; 0 were there already, 0 were refused" in report
    there = at(target, domain.name)
    for name, execution in shapes.executions.items():
        here = there.history(execution)
        assert here[: len(before[name])] == before[name], name
    listed = there.client.list_workflow_types(
        domain=domain.name, registrationStatus="DEPRECATED"
    )
    assert [info["workflowType"] for info in listed["typeInfos"]] == [old]

    # Once more, as after an import that was cut off. Timers fire at the source, too, and so it is a file
    # of what was there before.
    report = run("import", str(file), "--endpoint-url", target.url)
    assert "imported 0 executions; 9 were there already, 0 were refused" in report
    assert "domains and types: 0 to register, 4 there already" in report

    shapes.finish(there)
    left = there.client.count_open_workflow_executions(
        domain=domain.name, startTimeFilter={"oldestDate": 0}
    )
    assert left["count"] == 0
    # Nothing of that has reached the source.
    left = domain.client.count_open_workflow_executions(
        domain=domain.name, startTimeFilter={"oldestDate": 0}
    )
    assert left["count"] == 7


def test_an_export_is_a_file(source, target, tmp_path):
    domain = Domain.create(source, REGION)
    execution = domain.start()
    domain.respond(domain.poll_decision(), schedule("a"))
    file = tmp_path / "export.jsonl"
    run("export", domain.name, "--endpoint-url", source.url, "-o", str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    kinds = [next(iter(line)) for line in lines]
    assert kinds[:5] == ["tidewheelExport", "domain", "workflowType", "activityType", "execution"]
    assert kinds[-2:] == ["executionEnd", "end"] and set(kinds[5:-2]) == {"event"}
    to = ("--endpoint-url", target.url)
    assert "1 to import" in run("import", str(file), "--dry-run", *to)
    assert "imported 1 executions" in run("import", "-", *to, stdin=file.read_text())
    assert "1 there already" in run("import", str(file), *to)
    there = at(target, domain.name)
    there.work()
    there.respond(there.poll_decision(), complete_workflow())
    assert types(there.history(execution))[-1] == "WorkflowExecutionCompleted"
    # A file that was cut off, or that somebody has changed, is seen before anything is sent.
    file.write_text("".join(line + "\n" for line in map(json.dumps, lines[:-1])))
    assert "is cut off behind line" in run("import", str(file), *to, code=1)
    broken = [line for line in lines if line.get("event", {}).get("eventId") != 3]
    file.write_text("".join(json.dumps(line) + "\n" for line in broken))
    assert "event 3 comes next" in run("import", str(file), *to, code=1)


def test_what_the_aws_cli_prints_of_one_execution(source, target, tmp_path):
    domain = Domain.create(source, REGION)
    there = Domain.create(target, REGION)
    execution = domain.start()
    domain.respond(domain.poll_decision(), start_timer("t", "1"))
    named = (
        "--domain", domain.name, "--execution",
        f"workflowId={execution['workflowId']},runId={execution['runId']}",
    )
    printed = run(
        "swf", "get-workflow-execution-history", *named, "--endpoint-url", source.url,
        "--output", "json",
    )
    file = tmp_path / "history.json"
    file.write_text(printed)
    to = ("--endpoint-url", target.url)
    assert "a history does not say whose it is" in run("import", str(file), *to, code=2)
    whose = (
        "--domain", there.name, "--workflow-id", execution["workflowId"], "--run-id",
        execution["runId"],
    )
    assert "imported 1 executions" in run("import", str(file), *whose, *to)
    task = there.poll_decision()
    assert task["workflowExecution"] == execution
    there.respond(task, complete_workflow())
    # One that cannot be.
    history = json.loads(printed)
    history["events"][3]["decisionTaskCompletedEventAttributes"]["startedEventId"] = 1
    file.write_text(json.dumps(history))
    refused = run("import", str(file), *whose[:-1], "other", *to, code=1)
    assert "event 4: DecisionTaskCompleted names startedEventId 1 where 3 belongs to it" in refused


def test_a_long_history_comes_in_pieces(source, target):
    domain = Domain.create(source, REGION)
    execution = domain.start(workflowId=unique("long"))
    task = domain.poll_decision()
    markers = [marker("m", details="d" * 10_000)] * 90
    for _ in range(12):
        domain.respond(task, *markers, start_timer(unique("t"), "0"))
        task = domain.poll_decision(maximumPageSize=10, reverseOrder=True)
    before = domain.client.get_paginator("get_workflow_execution_history").paginate(
        domain=domain.name, execution=execution
    )
    before = [event for page in before for event in page["events"]]
    assert len(before) > 1000
    take_over(source, target, "--domains", domain.name, "--execute")
    there = at(target, domain.name)
    there.respond(there.poll_decision(maximumPageSize=10, reverseOrder=True), complete_workflow())
    after = there.client.get_paginator("get_workflow_execution_history").paginate(
        domain=domain.name, execution=execution
    )
    after = [event for page in after for event in page["events"]]
    assert after[: len(before)] == before
    assert types(after[len(before) :]) == [
        "DecisionTaskTimedOut",
        "DecisionTaskScheduled",
        "DecisionTaskStarted",
        "DecisionTaskCompleted",
        "WorkflowExecutionCompleted",
    ]


def test_the_source_is_not_the_target(source):
    said = take_over(source, source, code=2)
    assert "the source and the target are the same server" in said


def test_what_is_there_stays_as_it_is(source, target):
    """A domain that is in use is not deprecated because it is so where executions come from; nor is a run
    that differs said to be the same."""
    there = Domain.create(source, REGION)
    here = at(target, there.name)
    execution = there.start(workflowId="w", taskList={"name": "w"})
    assert "imported 1 executions" in take_over(source, target, "--execute")
    there.signal(execution)
    there.client.deprecate_domain(name=there.name)
    # The report knows what the import will refuse, and has no history of its own there.
    before = here.history(execution)
    for words in [(), ("--execute",)]:
        told = take_over(source, target, *words, code=1)
        assert f"domain {there.name}: status" in told and "has another event 3" in told
        assert "0 to import, 0 there already, 1 refused" in told
    assert here.history(execution) == before
    assert here.client.describe_domain(name=here.name)["domainInfo"]["status"] == "REGISTERED"


def test_an_export_that_fails_leaves_the_last_one(tmp_path):
    output = tmp_path / "export.jsonl"
    output.write_text("yesterday's")
    nobody = "http://127.0.0.1:1"
    run("export", "d", "-o", str(output), "--endpoint-url", nobody, code=1)
    assert output.read_text() == "yesterday's" and list(tmp_path.iterdir()) == [output]
