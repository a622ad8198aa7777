"""`tidewheel swf` beside the AWS CLI: the same words, the same server, the same output.

The CLI is version 1. Where it does otherwise than version 2, which `tidewheel swf` follows, the
table below does not go: exit codes of refusals and the layout of errors are compared by what they
say, and timestamps are shown as they come, which is version 1's default and a setting of both.
"""

import base64
import difflib
import json
import os
import re
import subprocess

import pytest

from driver import WORKFLOW, complete_workflow, schedule
from server import ADMINISTRATOR, binary, without_settings

SECONDS_MAX = 90
# Exit codes of version 1 and the ones of version 2 that they became.
SUCCEEDED, REFUSED = (0, 0), (255, 254)
OUTPUTS = ("json", "text", "table")
# How many times the AWS CLI is started at once: it takes a second to start.
AT_ONCE = 4
# Of the service, and of the command line.
TOKEN = re.compile(r"\b(?:Ag|eyJ)[A-Za-z0-9+/]{40,}=*")
SINCE = ("--start-time-filter", "oldestDate=0")


class Swf:
    """Our command, set up as the AWS CLI is."""

    def __init__(self, url: str, region: str, directory):
        config = directory / "config"
        config.write_text("[default]\ncli_timestamp_format = wire\n")
        self.url = url
        self.environment = without_settings("AWS_", "TIDEWHEEL_") | {
            "AWS_ACCESS_KEY_ID": ADMINISTRATOR.id,
            "AWS_SECRET_ACCESS_KEY": ADMINISTRATOR.secret,
            "AWS_REGION": region,
            "AWS_CONFIG_FILE": str(config),
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }

    def run(self, *words: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [binary(), "swf", *words, "--endpoint-url", self.url],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env=self.environment,
            timeout=SECONDS_MAX,
        )


@pytest.fixture
def swf(domain, tmp_path):
    return Swf(domain.url, domain.region, tmp_path)


@pytest.fixture
def busy(domain):
    """A domain in which something has happened: five executions, two of them closed."""
    for name in ("a", "b", "c", "d", "e"):
        domain.start(workflowId=name, tagList=[f"tag-{name}", "all"], input='{"日": [1, "x\ty"]}')
    open_task, closing, failing = (domain.poll_decision() for _ in range(3))
    domain.respond(open_task, schedule("one"), schedule("two"))
    domain.respond(closing, complete_workflow(result="done"))
    domain.terminate(failing["workflowExecution"], reason="enough")
    return domain, open_task["workflowExecution"]


def _queries(execution: dict, name: str):
    """Command lines, without their output format."""
    run = f"workflowId={execution['workflowId']},runId={execution['runId']}"
    named = ("--domain", name)
    of_run = (*named, "--execution", run)
    registered = ("--registration-status", "REGISTERED")
    opened = ("list-open-workflow-executions", *named, *SINCE)
    closed = ("list-closed-workflow-executions", *named, *SINCE)
    history = ("get-workflow-execution-history", *of_run)
    types = ("list-workflow-types", *named, *registered)
    yield from (
        ("describe-domain", "--name", name),
        ("describe-workflow-execution", *of_run),
        ("list-activity-types", *named, *registered),
        types,
        (*types, "--query", "typeInfos[0].activityType"),
        ("describe-workflow-type", *named, "--workflow-type", json.dumps(WORKFLOW)),
        opened,
        (*opened, "--page-size", "2"),
        (*opened, "--reverse-order", "--max-items", "2"),
        (*opened, "--tag-filter", "tag=tag-b"),
        (*opened, "--tag-filter", "tag=none"),
        (*opened, "--no-paginate"),
        (*opened, "--maximum-page-size", "1", "--query", "executionInfos[].execution"),
        (*opened, "--query", "executionInfos[].execution.workflowId"),
        (*opened, "--query", "executionInfos[].[execution.workflowId,executionStatus]"),
        (*opened, "--query", "executionInfos[].{id:execution.workflowId,all:tagList}"),
        (*opened, "--query", "executionInfos[].{z:cancelRequested,a:executionStatus}"),
        (*opened, "--query", "length(executionInfos)"),
        (*opened, "--query", "sort_by(executionInfos,&execution.workflowId)[0].tagList"),
        (*opened, "--query", "missing"),
        (*opened, "--page-size", "1", "--query", "executionInfos[0].execution.workflowId"),
        closed,
        (*closed, "--close-status-filter", "status=COMPLETED"),
        ("count-open-workflow-executions", *named, *SINCE),
        ("count-closed-workflow-executions", *named, *SINCE),
        ("count-pending-activity-tasks", *named, "--task-list", "name=nobody"),
        history,
        (*history, "--page-size", "3"),
        (*history, "--reverse-order", "--max-items", "2"),
        (*history, "--query", "events[].eventType"),
        (*history, "--query", "events[?eventId==`1`]"),
        (*history, "--query", "events[0].workflowExecutionStartedEventAttributes"),
        (*history, "--query", "max_by(events,&eventId).eventType"),
    )


def _masked(text: str) -> str:
    """Tokens are never twice the same, but as long."""
    return TOKEN.sub(lambda found: "x" * len(found[0]), text)


def test_answers_are_shown_alike(aws, swf, busy):
    domain, execution = busy
    lines = [
        (*words, "--output", output)
        for words in _queries(execution, domain.name)
        for output in (OUTPUTS if "--query" not in words else OUTPUTS[:2])
    ]
    differing = []
    for some in range(0, len(lines), AT_ONCE):
        running = [(line, aws.spawn(*line)) for line in lines[some : some + AT_ONCE]]
        for line, told in running:
            told, ours = told.result(), swf.run(*line)
            assert (told.returncode, ours.returncode) == SUCCEEDED, (line, told, ours)
            assert (told.stderr, ours.stderr) == ("", "")
            theirs, ours = (_masked(text).splitlines() for text in (told.stdout, ours.stdout))
            if theirs != ours:
                differing += [" ".join(line), *difflib.unified_diff(theirs, ours, lineterm="")]
    assert not differing, "\n".join(differing)


def test_what_one_has_cut_the_other_goes_on_with(aws, swf, busy):
    domain, execution = busy
    of_run = f"workflowId={execution['workflowId']},runId={execution['runId']}"
    words = ("get-workflow-execution-history", "--domain", domain.name, "--execution", of_run)
    cut = ("--max-items", "3", "--page-size", "2")
    theirs, ours = aws.json(*words, *cut), json.loads(swf.run(*words, *cut).stdout)
    assert theirs["events"] == ours["events"]
    tokens = [json.loads(base64.b64decode(told["NextToken"])) for told in (theirs, ours)]
    assert [token["boto_truncate_amount"] for token in tokens] == [1, 1]
    on = json.loads(swf.run(*words, "--starting-token", theirs["NextToken"]).stdout)
    assert [event["eventId"] for event in on["events"]] == list(range(4, 7))
    assert aws.json(*words, "--starting-token", ours["NextToken"]) == on


def test_refusals_say_the_same(aws, swf, domain):
    """Version 2 puts a mark before the line, and what else it knows behind it."""
    named = ("--domain", domain.name)
    nowhere = ("--domain", "nowhere")
    for words in (
        ("describe-domain", "--name", "nowhere"),
        ("list-open-workflow-executions", *nowhere, *SINCE),
        ("list-closed-workflow-executions", *named),
        ("describe-workflow-execution", *named, "--execution", "workflowId=w,runId=r"),
        ("respond-activity-task-completed", "--task-token", "bad"),
        ("list-domains", "--registration-status", "BOGUS"),
        ("register-domain", "--name", domain.name)
        + ("--workflow-execution-retention-period-in-days", "1"),
    ):
        told, ours = aws.run(*words), swf.run(*words)
        assert (told.returncode, ours.returncode) == REFUSED, (told, ours)
        assert told.stdout == ours.stdout == ""
        line = ours.stderr.strip().split("\n\nAdditional error details:\n")[0]
        assert line == "aws: [ERROR]: " + told.stderr.strip().split("aws: [ERROR]: ")[-1]


def test_a_decision_task_is_handed_out_in_whole(aws, swf, domain):
    domain.start(workflowId="w")
    words = ("--domain", domain.name, "--task-list", "name=decisions", "--page-size", "1")
    task = json.loads(swf.run("poll-for-decision-task", *words).stdout)
    assert list(task) == [
        "events", "taskToken", "startedEventId", "workflowExecution", "workflowType",
        "previousStartedEventId",
    ]  # fmt: skip
    assert [event["eventId"] for event in task["events"]] == [1, 2, 3]
    done = swf.run(
        "respond-decision-task-completed", "--task-token", task["taskToken"], "--decisions",
        "decisionType=CompleteWorkflowExecution,"
        "completeWorkflowExecutionDecisionAttributes={result=ok}",
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    execution = f"workflowId=w,runId={task['workflowExecution']['runId']}"
    closed = aws.json("describe-workflow-execution", "--domain", domain.name, "--execution", execution)
    assert closed["executionInfo"]["closeStatus"] == "COMPLETED"
