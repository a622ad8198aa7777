"""`tidewheel top` and `tidewheel tail` while boto3's workers work."""

import concurrent.futures
import json
import os
import pty
import re
import select
import signal
import subprocess
import time

import pytest

from driver import ACTIVITIES, DECISIONS, schedule
from server import ADMINISTRATOR, binary, without_settings

SECONDS_MAX = 60
ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"


class Commands:
    def __init__(self, url: str, region: str):
        self.url = url
        self.environment = without_settings("AWS_", "TIDEWHEEL_") | {
            "AWS_ACCESS_KEY_ID": ADMINISTRATOR.id,
            "AWS_SECRET_ACCESS_KEY": ADMINISTRATOR.secret,
            "AWS_REGION": region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "TERM": "xterm",
        }

    def words(self, *words: str) -> list:
        return [binary(), *words, "--endpoint-url", self.url]

    def run(self, *words: str) -> str:
        done = subprocess.run(
            self.words(*words),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=SECONDS_MAX,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def top(self, domain) -> dict:
        """The task lists by kind and name, and what is said of the domain."""
        top = json.loads(self.run("top", domain.name, "--json"))
        lists = {(named["kind"], named["name"]): named for named in top["taskLists"]}
        return lists, top["domains"][0]


@pytest.fixture
def commands(domain):
    return Commands(domain.url, domain.region)


def test_workers_of_boto3_are_seen_while_they_poll_and_when_they_have_a_task(domain, commands):
    poll = {"domain": domain.name, "identity": "host-1/worker"}
    client = domain.client
    with concurrent.futures.ThreadPoolExecutor() as workers:
        polling = workers.submit(
            client.poll_for_decision_task, taskList={"name": DECISIONS}, **poll
        )
        idle = workers.submit(client.poll_for_activity_task, taskList={"name": ACTIVITIES}, **poll)
        deadline = time.monotonic() + SECONDS_MAX
        while len((lists := commands.top(domain)[0])) < 2:
            assert time.monotonic() < deadline, lists
        for kind, name in [("decision", DECISIONS), ("activity", ACTIVITIES)]:
            polled = lists[kind, name]
            assert polled["waitingPollers"] == 1
            [poller] = polled["pollers"]
            assert poller["identity"] == "host-1/worker"
            assert poller["address"] == "127.0.0.1"
            assert poller["principal"].startswith("arn:aws:iam::")
            assert poller["waiting"] == 1
        domain.start(workflowId="v")
        task = polling.result(SECONDS_MAX)
        assert task["taskToken"]
        lists, load = commands.top(domain)
        decisions = lists["decision", DECISIONS]
        assert decisions["waitingPollers"] == 0
        assert decisions["backlog"] == {"count": 0, "truncated": False}
        assert decisions["handedOut"]["lastMinute"] == 1
        assert decisions["pollers"][0]["waiting"] == 0
        assert load["openExecutions"] == 1
        assert load["decisionTasksHandedOut"]["lastMinute"] == 1
        client.respond_decision_task_completed(
            taskToken=task["taskToken"], decisions=[schedule("step-1")]
        )
        assert idle.result(SECONDS_MAX)["activityId"] == "step-1"
        activities = commands.top(domain)[0]["activity", ACTIVITIES]
        assert activities["scheduled"]["lastMinute"] == 1
        assert activities["handedOut"]["lastMinute"] == 1
        client.terminate_workflow_execution(domain=domain.name, workflowId="v")
        assert commands.top(domain)[1]["terminated"]["lastMinute"] == 1


@pytest.mark.parametrize("end", ["q", "SIGINT", "SIGTERM"])
def test_top_has_the_terminal_until_it_is_left(domain, commands, end):
    domain.start(workflowId="v")
    ours, its = pty.openpty()
    os.set_blocking(ours, False)
    words = commands.words("top", domain.name, "--interval", "1")
    top = subprocess.Popen(words, stdin=its, stdout=its, stderr=its, env=commands.environment)
    os.close(its)
    seen = ""

    def read_until(pattern: str):
        nonlocal seen
        deadline = time.monotonic() + SECONDS_MAX
        while not re.search(pattern, seen):
            assert time.monotonic() < deadline, seen
            ready, _, _ = select.select([ours], [], [], 1)
            if ready:
                try:
                    seen += os.read(ours, 65536).decode()
                except OSError:  # It has ended.
                    return

    try:
        read_until(rf"{DECISIONS} +decision")
        assert seen.startswith(ENTER)
        assert "\x1b[1;31m!" in seen, "nobody polls the list"
        seen = ""
        domain.start(workflowId="w")
        read_until(rf"{DECISIONS} +decision +\S+ +2 ")
        if end == "q":
            os.write(ours, b"q")
        else:
            top.send_signal(signal.Signals[end])
        read_until(re.escape(LEAVE))
        assert LEAVE in seen
        codes = {"q": 0, "SIGINT": 130, "SIGTERM": 143}
        assert top.wait(SECONDS_MAX) == codes[end]
    finally:
        top.kill()
        top.wait(SECONDS_MAX)
        os.close(ours)


def test_tail_shows_a_worker_at_work(domain, commands):
    words = commands.words("tail", domain.name, "--json")
    tail = subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=commands.environment,
    )
    try:
        assert "watching" in tail.stderr.readline()
        domain.start(workflowId="v")
        task = domain.client.poll_for_decision_task(
            domain=domain.name, taskList={"name": DECISIONS}, identity="host-1/decider"
        )
        domain.client.respond_decision_task_completed(
            taskToken=task["taskToken"],
            decisions=[{"decisionType": "CompleteWorkflowExecution"}],
        )
        told = [json.loads(tail.stdout.readline()) for _ in range(5)]
        assert [event["event"]["eventType"] for event in told] == [
            "WorkflowExecutionStarted",
            "DecisionTaskScheduled",
            "DecisionTaskStarted",
            "DecisionTaskCompleted",
            "WorkflowExecutionCompleted",
        ]
        assert {event["runId"] for event in told} == {task["workflowExecution"]["runId"]}
        started = told[2]["event"]["decisionTaskStartedEventAttributes"]
        assert started["identity"] == "host-1/decider"
    finally:
        tail.kill()
        tail.communicate(timeout=SECONDS_MAX)
