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

from between import between
from driver import (
    ACTIVITIES,
    DECISIONS,
    Domain,
    complete_workflow,
    continue_as_new,
    schedule,
    unique,
)
from identities import Iam, allow
from server import ADMINISTRATOR, binary, without_settings

SECONDS_MAX = 60
ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"


class Commands:
    def __init__(self, url: str, region: str, key=ADMINISTRATOR):
        self.url = url
        self.environment = without_settings("AWS_", "TIDEWHEEL_") | {
            "AWS_ACCESS_KEY_ID": key.id,
            "AWS_SECRET_ACCESS_KEY": key.secret,
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
        assert decisions["handedOut"]["lastFiveMinutes"] == 1
        assert decisions["pollers"][0]["waiting"] == 0
        assert load["openExecutions"] == 1
        assert load["decisionTasksHandedOut"]["lastFiveMinutes"] == 1
        client.respond_decision_task_completed(
            taskToken=task["taskToken"], decisions=[schedule("step-1")]
        )
        assert idle.result(SECONDS_MAX)["activityId"] == "step-1"
        activities = commands.top(domain)[0]["activity", ACTIVITIES]
        assert activities["scheduled"]["lastFiveMinutes"] == 1
        assert activities["handedOut"]["lastFiveMinutes"] == 1
        client.terminate_workflow_execution(domain=domain.name, workflowId="v")
        assert commands.top(domain)[1]["terminated"]["lastFiveMinutes"] == 1


@pytest.mark.parametrize("end", ["q", "SIGINT", "SIGTERM"])
def test_top_has_the_terminal_until_it_is_left(own_server, regions, end):
    domain = Domain.create(own_server, regions.shared())
    commands = Commands(domain.url, domain.region)
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
        assert "has just begun to look" in seen, "the server is new"
        assert "\x1b[1;31m!" not in seen, "so it is not known that nobody polls the list"
        seen = ""
        os.write(ours, b"\x1a\x1c")  # Ctrl-Z and Ctrl-\ would leave the screen as it is.
        domain.start(workflowId="w")
        read_until(rf"{DECISIONS} +decision +2 ")
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


def test_top_says_it_once_on_a_terminal_that_is_no_screen(domain, commands):
    ours, its = pty.openpty()
    done = subprocess.run(
        commands.words("top", domain.name),
        stdin=its,
        stdout=its,
        env=commands.environment | {"TERM": "dumb"},
        timeout=SECONDS_MAX,
    )
    os.close(its)
    seen = os.read(ours, 65536).decode()
    os.close(ours)
    assert done.returncode == 0
    assert "DOMAIN" in seen and ENTER not in seen


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


def ended(commands, *words: str, **environment: str) -> subprocess.CompletedProcess:
    """A command that ends by itself, however."""
    return subprocess.run(
        commands.words(*words),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=commands.environment | environment,
        timeout=SECONDS_MAX,
    )


def test_what_is_denied_is_said_with_the_action_that_it_takes(domain):
    iam, name = Iam(domain.server), unique("reader")
    key = iam.create_user(name, allow("swf:*"))
    commands = Commands(domain.url, domain.region, key)
    for words, action in [
        (("top",), "tidewheel:DescribeLoad"),
        (("top", domain.name), "tidewheel:DescribeLoad"),
        (("tail", domain.name), "tidewheel:WaitForEvents"),
    ]:
        refused = ended(commands, *words)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert f"{action} is denied to whoever asks here" in refused.stderr
        assert len(refused.stderr.splitlines()) == 1
    assert "with one named" in ended(commands, "top").stderr
    iam.permit(name, allow("swf:*", "tidewheel:DescribeLoad"))
    domain.start()
    top = json.loads(commands.run("top", domain.name, "--json"))
    why = "tidewheel:DescribeTaskLists is denied: its task lists are not shown"
    assert top["problems"] == [f"{domain.name}: {why}"]


class Tail:
    """`tidewheel tail` while it runs."""

    def __init__(self, commands: Commands, *words: str):
        self.process = subprocess.Popen(
            commands.words("tail", *words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=commands.environment,
        )

    def __enter__(self):
        return self.process

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate(timeout=SECONDS_MAX)


def test_lines_in_a_pipe_are_whole(domain, commands):
    """An input is as long as it is, and so is a workflow id, in one line, without anything that a
    terminal would obey."""
    name = "v" * 256
    text = "x" * 5000 + "\x1b[31m\n" + "y" * 100
    execution = domain.start(workflowId=name, input=text)
    expected = text.replace("\x1b", " ").replace("\n", " ")
    with Tail(commands, domain.name, "--workflow-id", name, "--since-start") as tail:
        line = tail.stdout.readline()
        assert f"Z {name} " in line
        assert line.endswith(f"input={expected}\n")
    line = commands.words("show", domain.name, name, execution["runId"], "--follow")
    show = subprocess.Popen(
        line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, env=commands.environment
    )
    try:
        while "Pending" not in show.stdout.readline():
            pass
        domain.signal(execution, "s", input=text)
        for line in show.stdout:
            if "WorkflowExecutionSignaled" in line:
                assert line.endswith(f"input={expected}\n")
                break
    finally:
        show.kill()
        show.communicate(timeout=SECONDS_MAX)


@pytest.mark.parametrize("words", [("tail", "--workflow-id", "v"), ("show", "v", "--follow")])
def test_who_follows_ends_when_nobody_reads_any_more(domain, commands, words):
    """And not with the next event, which may never come."""
    domain.start(workflowId="v")
    command, *options = words
    following = subprocess.Popen(
        commands.words(command, domain.name, *options),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=commands.environment,
    )
    try:
        assert following.stderr.readline()
        following.stdout.close()
        assert following.wait(SECONDS_MAX) == 0
    finally:
        following.kill()
        following.wait(SECONDS_MAX)
        following.stderr.close()


def test_what_is_watched_is_said_before_what_has_happened(domain, commands):
    domain.start(workflowId="v")
    both = subprocess.Popen(
        commands.words("tail", domain.name, "--workflow-id", "v", "--since-start"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=commands.environment,
    )
    try:
        said = [both.stdout.readline() for _ in range(3)]
        assert f"watching v in domain {domain.name}: its history, and then what happens" in said[0]
        assert "WorkflowExecutionStarted" in said[1]
        assert "DecisionTaskScheduled" in said[2]
    finally:
        both.kill()
        both.communicate(timeout=SECONDS_MAX)
    with Tail(commands, domain.name, "--workflow-id", "w", "--since-start") as tail:
        assert "watching w" in tail.stderr.readline()
        assert "w has no run yet that is known" in tail.stderr.readline()
        domain.start(workflowId="w")
        assert "WorkflowExecutionStarted" in tail.stdout.readline()


def told_until(tail, is_last) -> list:
    told = []
    for line in tail.stdout:
        event = json.loads(line)
        told.append((event["runId"], event["event"]["eventId"]))
        if is_last(*told[-1]):
            break
    return told


def test_who_asks_again_and_again_misses_no_run(open_server, regions):
    """Where the server does not tell of events: whatever is new from the second look on is shown,
    though runs have begun and ended in between."""
    domain = Domain.create(open_server, regions.shared())
    runs = []

    def act(operation, number):
        if operation != "ListOpenWorkflowExecutions":
            return
        if number == 1:
            runs.append(domain.start(workflowId="v")["runId"])
        if number == 2:
            for _ in range(2):
                domain.decide(continue_as_new())
            domain.decide(complete_workflow())
            runs.append(domain.start(workflowId="v")["runId"])

    with between(open_server, act, lacks=["WaitForEvents"]) as passing:
        commands = Commands(passing.url, domain.region)
        with Tail(commands, domain.name, "--workflow-id", "v", "--json") as tail:
            told = told_until(tail, lambda run_id, number: runs[1:] == [run_id] and number == 2)
    assert [number for _, number in told] == [1, 2] + [3, 4, 5] + 2 * [1, 2, 3, 4, 5] + [1, 2]
    assert told[0][0] == runs[0] == told[4][0]
    assert told[-1][0] == runs[1]
    assert len({run_id for run_id, _ in told}) == 4


def test_who_asks_again_and_again_from_now_on_is_told_nothing_of_before(open_server, regions):
    domain = Domain.create(open_server, regions.shared())
    execution = domain.start(workflowId="v")

    def act(operation, number):
        if (operation, number) == ("ListOpenWorkflowExecutions", 1):
            domain.signal(execution)

    with between(open_server, act, lacks=["WaitForEvents"]) as passing:
        commands = Commands(passing.url, domain.region)
        with Tail(commands, domain.name, "--workflow-id", "v", "--json") as tail:
            told = told_until(tail, lambda _, number: number == 3)
    assert told == [(execution["runId"], 3)]


@pytest.mark.parametrize("told", ["flag", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SWF", "profile"])
def test_an_endpoint_is_all_that_the_commands_need(open_server, tmp_path, told):
    """Of a server without access control, however it is named; what they suggest needs no more
    either."""
    driver = Domain.create(open_server, "us-east-1")
    execution = driver.start(workflowId="it's \"ü\" $HOME")
    bare = without_settings("AWS_", "TIDEWHEEL_") | {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
    }
    (tmp_path / "tidewheel").symlink_to(binary())

    def run(*words: str, **options) -> subprocess.CompletedProcess:
        return subprocess.run(
            words, capture_output=True, text=True, env=bare, timeout=SECONDS_MAX, **options
        )

    of = []
    if told == "flag":
        of = ["--endpoint-url", driver.url]
    elif told == "profile":
        config = tmp_path / "config"
        config.write_text(f"[default]\nendpoint_url = {driver.url}\n")
        bare["AWS_CONFIG_FILE"] = str(config)
    else:
        bare[told] = driver.url
    assert run(binary(), "top", *of).returncode == 0
    assert run(binary(), "show", driver.name, execution["workflowId"], *of).returncode == 0
    refused = run(binary(), "swf", "list-domains", "--registration-status", "REGISTERED", *of)
    assert refused.returncode == 253, "this is as the AWS CLI has it"
    driver.decide()
    explained = run(binary(), "explain", driver.name, execution["workflowId"], "--json", *of)
    findings = json.loads(explained.stdout)["findings"]
    lines = [command["line"] for finding in findings for command in finding["commands"]]
    assert len(lines) == 3
    for line in lines:
        done = run("sh", "-c", line)
        assert done.returncode == 0, (line, done.stderr)
    closed = run(binary(), "explain", driver.name, execution["workflowId"], "--json", *of)
    assert json.loads(closed.stdout)["status"] == "TERMINATED"
    unknown = run(binary(), "tail", "elsewhere", *of)
    assert unknown.stderr.endswith("Unknown domain: elsewhere (in region us-east-1)\n")


def test_who_has_no_credentials_is_told_so_by_a_server_that_wants_some(server):
    bare = without_settings("AWS_", "TIDEWHEEL_") | {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    words = [binary(), "top", "--endpoint-url", server.url]
    refused = subprocess.run(words, capture_output=True, text=True, env=bare, timeout=SECONDS_MAX)
    assert refused.returncode == 1
    assert "(no credentials are configured: " in refused.stderr
