"""`tidewheel batch`: what is meant is shown first, acted on once, and nothing else is touched."""

import json
import os
import pty
import re
import signal
import subprocess

import pytest

from driver import Domain, unique
from identities import Iam, allow
from server import ADMINISTRATOR, Key, binary, without_settings

SECONDS_MAX = 60
OTHER = {"name": "order", "version": "2"}


class Batch:
    """The command, in a directory of its own."""

    def __init__(self, domain, directory):
        self.domain = domain
        self.directory = directory
        self.job = directory / "job.jsonl"

    def spawn(self, *words: str, key: Key = ADMINISTRATOR, **options) -> subprocess.Popen:
        environment = without_settings("AWS_", "TIDEWHEEL_") | {
            "AWS_ACCESS_KEY_ID": key.id,
            "AWS_SECRET_ACCESS_KEY": key.secret,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }
        options = {"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE} | options
        return subprocess.Popen(
            [binary(), "batch", *words],
            cwd=self.directory,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            **options,
        )

    def run(self, *words: str, code: int = 0, **options) -> tuple[str, str]:
        """Standard output and standard error of a command that ends with an exit code."""
        process = self.spawn(*words, **options)
        out, err = process.communicate(timeout=SECONDS_MAX)
        assert process.returncode == code, (out, err)
        return out, err

    def where(self) -> tuple:
        return ("--endpoint-url", self.domain.url, "--region", self.domain.region)

    def make(self, action: str, query: str, *words: str, **options) -> tuple[str, str]:
        """A dry run, unless the words say otherwise."""
        return self.run(*self.making(action, query, *words), **options)

    def making(self, action: str, query: str, *words: str) -> tuple:
        job = ("--job", str(self.job))
        return (action, self.domain.name, "--query", query, *job, *self.where(), *words)

    def lines(self) -> list:
        """The whole lines of the job file."""
        return [json.loads(line) for line in self.job.read_text().splitlines(keepends=True)
                if line.endswith("\n")]  # fmt: skip

    def outcomes(self) -> list:
        return [line for line in self.lines() if "outcome" in line]

    def wait_for_outcomes(self, process: subprocess.Popen, count: int):
        """Until so many are written; the process is still at work then."""
        while len(self.outcomes()) < count:
            assert process.poll() is None, process.communicate()


@pytest.fixture
def batch(domain, tmp_path):
    domain.register_workflow(OTHER, defaultChildPolicy="TERMINATE",
        defaultTaskList={"name": "other"}, defaultExecutionStartToCloseTimeout="3600",
        defaultTaskStartToCloseTimeout="60")  # fmt: skip
    return Batch(domain, tmp_path)


def start(domain, count: int, prefix: str = "many", **arguments) -> list:
    return [domain.start(workflowId=f"{prefix}-{n:02}", **arguments) for n in range(count)]


def occurrences(domain, execution: dict, event_type: str) -> int:
    history = domain.client.get_workflow_execution_history(domain=domain.name, execution=execution)
    return [event["eventType"] for event in history["events"]].count(event_type)


def status(domain, execution: dict) -> str:
    described = domain.client.describe_workflow_execution(domain=domain.name, execution=execution)
    return described["executionInfo"]["executionStatus"]


def test_a_dry_run_shows_what_is_meant_and_does_nothing(domain, batch):
    first = start(domain, 12, tagList=["nightly"])
    start(domain, 3, "other", workflowType=OTHER, tagList=["nightly"])
    start(domain, 2, "untagged")
    out, err = batch.make("terminate", 'tag = "nightly" and age < 1h', "--reason", "it's over")
    assert err == ""
    assert out.startswith(f"terminate 15 executions of domain {domain.name}\n")
    assert "  reason  it's over\n" in out
    assert re.search(r"\nBy type:\n  12  order 1\n  3   order 2\n\n", out)
    assert re.search(r"\n  oldest  .* ago +many-00 ", out)
    assert re.search(r"\n  newest  .* ago +other-02 ", out)
    assert len(re.findall(r"\n  \d+\. ", out)) == 10
    assert "  and 5 more, which are in the job file\n" in out
    assert out.endswith(f"Nothing was done yet. To do it:\n  tidewheel batch run {batch.job}\n")
    assert all(status(domain, execution) == "OPEN" for execution in first)
    header, *targets = batch.lines()
    assert header["targets"] == len(targets) == 15
    assert header["parameters"] == {"reason": "it's over"}
    assert {(t["workflowId"], t["runId"]) for t in targets} >= {
        (e["workflowId"], e["runId"]) for e in first
    }
    out, _ = batch.run("status", str(batch.job), code=5)
    assert "it was not begun: 0 terminated, 0 closed before, 0 failed, 15 left\n" in out
    _, err = batch.make("terminate", "all", code=1)
    assert "is there already" in err


def test_a_job_that_was_killed_goes_on_and_a_new_run_is_left_alone(domain, batch):
    executions = start(domain, 40)
    batch.make("terminate", 'id ~ "many-*"', "--reason", "cleanup", "--child-policy", "ABANDON")
    # Newest first: this one has its turn late.
    domain.client.terminate_workflow_execution(domain=domain.name, **executions[0])
    again = domain.start(workflowId=executions[0]["workflowId"])
    process = batch.spawn("run", str(batch.job), "--rate", "50")
    batch.wait_for_outcomes(process, 5)
    _, err = batch.run("run", str(batch.job), code=1)
    assert "another process uses the job file" in err
    out, _ = batch.run("status", str(batch.job), code=5)
    assert "it is being run: " in out
    process.kill()
    process.communicate(timeout=SECONDS_MAX)
    cut = len(batch.outcomes())
    assert 5 <= cut < 40
    # As if it had been killed while it wrote.
    with batch.job.open("a") as file:
        file.write('{"target":40,"outc')
    out, _ = batch.run("run", str(batch.job), "--rate", "1000")
    told = re.fullmatch(r"(\d+) terminated, (\d+) closed before, 0 failed, 0 left\n", out)
    # What was under way when it was killed may have been done already.
    assert int(told[1]) + int(told[2]) == 40
    assert 1 <= int(told[2]) <= 9
    assert sorted(line["target"] for line in batch.outcomes()) == list(range(1, 41))
    for execution in executions:
        assert occurrences(domain, execution, "WorkflowExecutionTerminated") == 1
    assert status(domain, again) == "OPEN"
    out, _ = batch.run("status", str(batch.job))
    assert "it is over: " in out
    out, _ = batch.run("run", str(batch.job))
    assert "40 left" not in out and ", 0 left\n" in out


def test_an_interrupted_job_goes_on_with_each_signal_sent_once(domain, batch):
    executions = start(domain, 30)
    words = ("--signal-name", "wake up", "--input", "x", "--execute", "--yes", "--rate", "40")
    process = batch.spawn(*batch.making("signal", "all", *words))
    while not batch.job.exists():
        assert process.poll() is None, process.communicate()
    batch.wait_for_outcomes(process, 4)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=SECONDS_MAX)
    assert process.returncode == 130
    assert f"It ended early: it was interrupted. To go on:\n  tidewheel batch run {batch.job}" in out
    assert out.endswith("--rate 40\n")
    assert 4 <= len(batch.outcomes()) < 30
    out, _ = batch.run("run", str(batch.job), "--rate", "1000")
    assert out == "30 signaled, 0 closed before, 0 failed, 0 left\n"
    for execution in executions:
        assert occurrences(domain, execution, "WorkflowExecutionSignaled") == 1


def test_cancel_asks_each_execution_once_and_the_query_can_leave_those_out(domain, batch):
    executions = start(domain, 3)
    out, _ = batch.make("cancel", "all", "--execute", "--yes", "--rate", "1000")
    assert out.endswith("3 asked to cancel, 0 closed before, 0 failed, 0 left\n")
    for execution in executions:
        assert occurrences(domain, execution, "WorkflowExecutionCancelRequested") == 1
    batch.job.unlink()
    _, err = batch.make("cancel", "not cancel-requested", code=3)
    assert "no open execution" in err
    assert not batch.job.exists()


def test_queries_mean_the_same_whatever_the_server_judges(domain, batch):
    start(domain, 2, "a", tagList=["x", "y"])
    start(domain, 2, "b", workflowType=OTHER, tagList=["y"])
    start(domain, 1, "c")
    for query, expected in [
        ("all", "a-00 a-01 b-00 b-01 c-00"),
        ("id = a-01", "a-01"),
        ("id = a-01 or id = c-00", "a-01 c-00"),
        ("id in (a-00, b-00, d)", "a-00 b-00"),
        ("type = order", "a-00 a-01 b-00 b-01 c-00"),
        ("type = order and version = 2", "b-00 b-01"),
        ("version = 2", "b-00 b-01"),
        ("tag = y", "a-00 a-01 b-00 b-01"),
        ("tag = y and version != 2", "a-00 a-01"),
        ("not tag", "c-00"),
        ("tag = y and id ~ '*-01' and age < 1h and not parent", "a-01 b-01"),
        ("age > 0s and started < 2100-01-01 and started > 2001-01-01", "a-00 a-01 b-00 b-01 c-00"),
    ]:
        batch.make("terminate", query)
        ids = sorted(line["workflowId"] for line in batch.lines() if "workflowId" in line)
        assert ids == expected.split(), query
        batch.job.unlink()
    for query in ["age > 1h", "started < 2001-01-01", "type = order and version = 3", "id = a"]:
        batch.make("terminate", query, code=3)


def test_nothing_is_done_without_a_word(domain, batch):
    (execution,) = start(domain, 1)
    _, err = batch.make("terminate", "all", "--execute", code=2)
    assert "--yes" in err
    assert not batch.job.exists()
    words = batch.making("terminate", "all", "--execute")
    for answer, code, expected in [(b"yes\n", 2, "OPEN"), (b"1\n", 0, "CLOSED")]:
        main, side = pty.openpty()
        process = batch.spawn(*words, stdin=side, stderr=side)
        os.close(side)
        said = b""
        while b"type their number: " not in said:
            said += os.read(main, 1000)
        os.write(main, answer)
        out, _ = process.communicate(timeout=SECONDS_MAX)
        os.close(main)
        assert process.returncode == code
        assert status(domain, execution) == expected
        batch.job.unlink()
    assert out.endswith("1 terminated, 0 closed before, 0 failed, 0 left\n")


def test_what_is_wrong_is_said_before_anything_is_asked(domain, batch):
    for words, text in [
        (("terminate", "type == x"), "the query is wrong: column 6: expected =, !=, ~ or in"),
        (("terminate", "all", "--reason", "x" * 257), "length less than or equal to 256"),
        (("signal", "all"), "--signal-name"),
        (("terminate", "all", "--rate", "0"), "0 is not in 1..=1000"),
        (("terminate", "all", "--yes"), "--execute"),
    ]:
        _, err = batch.make(*words, code=2)
        assert text in err, words
    _, err = batch.run("run", str(batch.job), code=1)
    assert "cannot read the job file" in err
    batch.job.write_text('{"tidewheelBatch":2}\n')
    _, err = batch.run("status", str(batch.job), code=1)
    assert "it has form 2, and form 1 is known here" in err


def test_who_may_not_do_it_stops_at_once_and_the_job_goes_on_for_another(domain, batch):
    start(domain, 3)
    batch.make("terminate", "all")
    nobody = Key("AKIDUNKNOWN", "secret")
    out, _ = batch.run("run", str(batch.job), "--rate", "1", key=nobody, code=1)
    assert "It ended early: the service refuses it:\n  UnrecognizedClientException: " in out
    assert "0 failed, 3 left" in out
    out, _ = batch.run("run", str(batch.job))
    assert out == "3 terminated, 0 closed before, 0 failed, 0 left\n"


def test_a_denial_is_said_in_lines_with_the_action_that_it_takes(domain, batch):
    start(domain, 2)
    iam, name = Iam(domain.server), unique("reader")
    key = iam.create_user(name, allow("swf:Describe*"))
    words = ("terminate", domain.name, "--query", "ALL", "--job", str(batch.job), *batch.where())
    _, err = batch.run(*words, key=key, code=1)
    assert err.startswith(
        "tidewheel: swf:ListOpenWorkflowExecutions is denied to whoever asks here "
        "(AccessDeniedException):\n  User: arn:aws:iam::"
    )
    iam.permit(name, allow("swf:List*"))
    batch.make("terminate", "all")
    out, _ = batch.run("run", str(batch.job), key=key, code=1)
    assert "It ended early: the service refuses it:\n  AccessDeniedException: User:" in out
    assert f"\n\nTo go on:\n  tidewheel batch run {batch.job}" in out
    longest = max(len(line) for line in out.splitlines() if str(batch.job) not in line)
    assert longest <= 80, out


def test_a_server_that_is_gone_ends_the_run_and_not_the_job(own_server, regions, tmp_path):
    domain = Domain.create(own_server, regions.shared())
    batch = Batch(domain, tmp_path)
    start(domain, 2)
    batch.make("terminate", "all")
    own_server.kill()
    out, _ = batch.run("run", str(batch.job), code=1)
    assert "It ended early: the service cannot be reached:\n  Could not connect" in out
    assert "0 failed, 2 left" in out
    assert batch.outcomes() == []
    own_server.start()
    domain = Domain(own_server, domain.region, domain.name)
    out, _ = batch.run("run", str(batch.job), "--endpoint-url", own_server.url)
    assert out == "2 terminated, 0 closed before, 0 failed, 0 left\n"


def test_the_default_name_of_a_job_and_a_progress_bar_on_a_terminal(domain, batch):
    start(domain, 3)
    words = ("terminate", domain.name, "--query", "all", *batch.where())
    out, _ = batch.run(*words)
    (job,) = batch.directory.glob("tidewheel-batch-terminate-*.jsonl")
    assert out.endswith(f"tidewheel batch run {job.name}\n")
    main, side = pty.openpty()
    process = batch.spawn("run", str(job), "--rate", "2", stderr=side)
    os.close(side)
    process.communicate(timeout=SECONDS_MAX)
    drawn = os.read(main, 100_000).decode()
    os.close(main)
    assert process.returncode == 0
    assert re.search(r"\r\[#{8}-{16}\] 1/3, 2\.0/s, about \S+ left\x1b\[K", drawn), drawn


def test_executions_of_another_account_are_not_closed_ones(domain, batch):
    """Whoever has other credentials than those of the dry run finds none of its executions."""
    start(domain, 2)
    batch.make("terminate", "all")
    text = batch.job.read_text()
    batch.job.write_text(re.sub('"runId":"[0-9a-f]{4}', '"runId":"0000', text))
    out, _ = batch.run("run", str(batch.job), code=4)
    assert "0 terminated, 0 closed before, 2 failed, 0 left" in out
    assert {line["outcome"] for line in batch.outcomes()} == {"failed"}
    batch.job.write_text(text)
    assert "2 terminated" in batch.run("run", str(batch.job))[0]


def test_a_job_file_that_was_cut_within_a_character_goes_on(domain, batch):
    start(domain, 2)
    batch.make("terminate", "all", "--reason", "ärger")
    with open(batch.job, "ab") as file:
        file.write('{"target":1,"outcome":"failed","reason":"Ü'.encode()[:-1])
    assert "2 terminated" in batch.run("run", str(batch.job))[0]
