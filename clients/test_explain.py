"""`tidewheel explain` and `tidewheel show` on a live server: what they say of executions that wait,
and how they end.

How an explanation is worded and drawn is held by golden texts of recorded histories; here it is
looked at that the facts are asked for and found.
"""

import json
import os
import signal
import subprocess
import threading

import pytest

from driver import (
    WORKFLOW,
    Domain,
    complete_workflow,
    continue_as_new,
    marker,
    schedule,
    unique,
)
from identities import Iam, allow
from server import ADMINISTRATOR, binary, without_settings

SECONDS_MAX = 60


class Command:
    """Our commands on executions, as somebody."""

    def __init__(self, domain, key=ADMINISTRATOR):
        self.domain = domain
        self.environment = without_settings("AWS_", "TIDEWHEEL_") | {
            "AWS_ACCESS_KEY_ID": key.id,
            "AWS_SECRET_ACCESS_KEY": key.secret,
            "AWS_REGION": domain.region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def line(self, command: str, execution: dict, *options: str) -> list:
        of = [self.domain.name, execution["workflowId"], execution["runId"]]
        return [binary(), command, *of, "--endpoint-url", self.domain.url, *options]

    def run(self, *line: str) -> str:
        ended = subprocess.run(
            line,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=SECONDS_MAX,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def show(self, execution: dict, *options: str) -> str:
        return self.run(*self.line("show", execution, *options))

    def findings(self, execution: dict) -> dict:
        """The findings by kind; none of these executions has two of a kind."""
        explained = json.loads(self.run(*self.line("explain", execution, "--json")))
        return {finding["kind"]: finding for finding in explained["findings"]}

    def first(self, execution: dict) -> dict:
        explained = json.loads(self.run(*self.line("explain", execution, "--json")))
        return explained["findings"][0]

    def started(self, *line: str) -> subprocess.Popen:
        return subprocess.Popen(
            line,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
        )


@pytest.fixture
def command(domain):
    return Command(domain)


def event_ids(finding: dict) -> list:
    return [evidence["eventId"] for evidence in finding["evidence"] if evidence["eventId"]]


def test_nobody_polls_the_list_yet_and_one_with_a_similar_name_is_polled(own_server, regions):
    """What nobody has polled since the server began to look a moment ago is not called stuck."""
    domain = Domain.create(own_server, regions.shared())
    command = Command(domain)
    execution = domain.start(taskList={"name": "orders-blue"})
    other = domain.start(taskList={"name": "orders-green"})
    domain.respond(domain.poll_decision("orders-green", identity="green-1"), complete_workflow())
    found = command.first(execution)
    assert (found["kind"], found["severity"]) == ("pollersUnknown", "Waiting")
    assert "Nobody has polled it yet, which says little" in found["sentence"]
    assert '1 poller is on "orders-green"' in found["sentence"]
    assert any("green-1" in evidence["text"] for evidence in found["evidence"])
    assert event_ids(found) == [2]
    assert command.first(other)["kind"] == "closed"


def test_a_decider_times_out_again_and_again(command, domain):
    execution = domain.start(taskStartToCloseTimeout="1")
    for _ in range(3):
        domain.poll_decision(identity="slow-1")
    found = command.findings(execution)["deciderTimesOut"]
    assert found["severity"] == "Failing"
    assert "decision tasks in a row, taken by slow-1" in found["sentence"]
    # On a slow machine the third has timed out by now, too.
    assert event_ids(found)[-4:] == [7, 6, 4, 3]


def test_an_activity_is_at_work_until_its_deadline(command, domain):
    execution = domain.start()
    domain.decide(schedule("a", startToCloseTimeout="900"))
    domain.poll_activity(identity="worker-1")
    found = command.first(execution)
    assert (found["kind"], found["severity"]) == ("activityAtWork", "Waiting")
    assert found["sentence"].startswith("Activity step [a] is at work by worker-1 for ")
    assert "It times out in 14m" in found["sentence"]
    assert "(START_TO_CLOSE)" in found["sentence"]
    assert event_ids(found) == [5, 6]


def test_the_decider_returned_no_decisions_and_the_command_gives_it_another_task(command, domain):
    execution = domain.start()
    domain.decide()
    found = command.first(execution)
    assert (found["kind"], found["severity"]) == ("nothingPending", "Stuck")
    assert "answered decision task #2 with no decisions" in found["sentence"]
    assert event_ids(found) == [3, 4]
    line = found["commands"][0]["line"]
    assert line.startswith("tidewheel swf signal-workflow-execution ")
    # As a shell has it, with our binary as tidewheel.
    shell = line.replace("tidewheel", binary(), 1)
    subprocess.run(["sh", "-c", shell], env=command.environment, check=True, timeout=SECONDS_MAX)
    domain.decide(complete_workflow())
    assert command.first(execution)["kind"] == "closed"


def test_a_request_to_cancel_is_not_answered(command, domain):
    execution = domain.start()
    domain.decide(schedule("a"))
    domain.request_cancel(execution)
    found = command.findings(execution)["cancelUnanswered"]
    assert "its decider has not seen that yet" in found["sentence"]
    domain.decide(marker("heard"))
    found = command.findings(execution)["cancelUnanswered"]
    assert found["severity"] == "Failing"
    assert "goes on: it recorded marker heard" in found["sentence"]
    assert event_ids(found) == [6, 9]


def test_a_chain_of_runs_leads_to_the_newest(command, domain):
    execution = domain.start()
    runs = [execution["runId"]]
    for _ in range(3):
        domain.decide(continue_as_new())
        runs.append(domain.client.list_open_workflow_executions(
            domain=domain.name,
            startTimeFilter={"oldestDate": 0},
            executionFilter={"workflowId": execution["workflowId"]},
        )["executionInfos"][0]["execution"]["runId"])
    found = command.first(execution)
    assert f"3 runs later, {runs[3]} is open" in found["sentence"]
    assert runs[3] in found["commands"][0]["line"]


def test_who_may_not_ask_who_polls_is_told_so_and_how_much_waits(domain):
    execution = domain.start(taskList={"name": "nobody"})
    iam, name = Iam(domain.server), unique("reader")
    key = iam.create_user(name, allow("swf:*"))
    found = Command(domain, key).first(execution)
    assert (found["kind"], found["severity"]) == ("pollersUnknown", "Waiting")
    assert "tidewheel:DescribeTaskLists is denied to whoever asks here" in found["sentence"]
    assert any("1 decision task of all" in evidence["text"] for evidence in found["evidence"])
    iam.permit(name, allow("swf:Describe*", "swf:Get*"))
    found = Command(domain, key).first(execution)
    texts = [evidence["text"] for evidence in found["evidence"]]
    assert any("swf:CountPendingDecisionTasks is denied" in text for text in texts)


def test_who_may_not_wait_for_events_asks_for_them_again_and_again(domain):
    execution = domain.start()
    key = Iam(domain.server).create_user(unique("reader"), allow("swf:*"))
    command = Command(domain, key)
    following = command.started(*command.line("show", execution, "--follow", "--json"))
    assert json.loads(following.stdout.readline())["status"] == "OPEN"
    domain.decide(complete_workflow())
    told, complaints = following.communicate(timeout=SECONDS_MAX)
    assert following.returncode == 0, complaints
    assert "tidewheel:WaitForEvents is denied to whoever asks here; the end of" in complaints
    assert json.loads(told.splitlines()[-1])["eventType"] == "WorkflowExecutionCompleted"


def test_of_all_lists_of_an_execution_it_is_asked_who_polls_them(own_server, regions):
    """A list for each host is usual. Those behind the first hundred are found among all of the domain,
    though all of the first are polled."""
    domain = Domain.create(own_server, regions.shared())
    execution = domain.start()
    hosts = [f"host-{number:03}" for number in range(120)]
    for try_ in ("first", "second"):
        for some in (hosts[:60], hosts[60:]):
            lists = [schedule(f"{host}-{try_}", taskList={"name": host}) for host in some]
            domain.decide(*lists)
            domain.signal(execution)
    for host in hosts[:101]:
        domain.poll_activity(host)
    explained = json.loads(Command(domain).run(*Command(domain).line("explain", execution, "--json")))
    sentences = [finding["sentence"] for finding in explained["findings"]]
    polled = [s for s in sentences if "1 worker was seen in the last 5 minutes" in s]
    unpolled = [s for s in sentences if "for a worker on" in s and "Nobody has polled it yet" in s]
    assert (len(polled), len(unpolled)) == (101, 19)


def test_a_history_of_several_pages_is_shown_in_whole(command, domain):
    execution = domain.start()
    for number in range(1100):
        domain.signal(execution, f"s-{number}")
    shown = json.loads(command.show(execution, "--json"))
    assert len([group for group in shown["groups"] if group["kind"] == "signal"]) == 1100


def test_following_goes_on_in_the_next_run_and_ends_with_the_last(command, domain):
    execution = domain.start(workflowId=unique("loop"), workflowType=WORKFLOW)
    following = command.started(*command.line("show", execution, "--follow", "--json"))
    first = following.stdout.readline()
    assert json.loads(first)["status"] == "OPEN"
    domain.decide(continue_as_new())
    domain.decide(complete_workflow(result="done"))
    told, complaints = following.communicate(timeout=SECONDS_MAX)
    assert following.returncode == 0, complaints
    types = [json.loads(line)["eventType"] for line in told.splitlines()]
    assert types == [
        "DecisionTaskStarted",
        "DecisionTaskCompleted",
        "WorkflowExecutionContinuedAsNew",
        "WorkflowExecutionStarted",
        "DecisionTaskScheduled",
        "DecisionTaskStarted",
        "DecisionTaskCompleted",
        "WorkflowExecutionCompleted",
    ]


def test_an_interrupt_ends_following_with_130(command, domain):
    execution = domain.start()
    following = command.started(*command.line("show", execution, "--follow"))
    shown = threading.Event()

    def read():
        for line in following.stdout:
            if "Pending" in line:
                shown.set()

    threading.Thread(target=read, daemon=True).start()
    assert shown.wait(SECONDS_MAX), "it was shown"
    following.send_signal(signal.SIGINT)
    assert following.wait(SECONDS_MAX) == 130


def test_an_execution_that_is_not_there_is_no_finding(command, domain):
    line = command.line("explain", {"workflowId": "none", "runId": "none"})
    ended = subprocess.run(line, capture_output=True, text=True, env=command.environment)
    assert ended.returncode == 1
    assert "UnknownResourceFault" in ended.stderr


@pytest.mark.parametrize(
    "text",
    ["plain", "two\nlines", "at the end\n\n", "long " * 6_000, "file:///etc/hostname", "it's \"$HOME\" é", ""],
    ids=["plain", "lines", "trailing", "long", "file", "quoted", "empty"],
)
def test_an_execution_is_started_again_with_the_same_input(command, domain, text, tmp_path):
    """As its command stands there, in a shell."""
    execution = domain.start(input=text)
    domain.terminate(execution)
    commands = command.first(execution)["commands"]
    [again] = [line["line"] for line in commands if line["purpose"] == "start it again"]
    (tmp_path / "tidewheel").symlink_to(binary())
    environment = command.environment | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    started = subprocess.run(
        ["bash", "-c", again], capture_output=True, text=True, env=environment, timeout=SECONDS_MAX
    )
    assert started.returncode == 0, started.stderr
    run = execution | {"runId": json.loads(started.stdout)["runId"]}
    first = domain.history(run)[0]
    assert first["workflowExecutionStartedEventAttributes"].get("input") == text
