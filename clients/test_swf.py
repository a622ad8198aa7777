"""`tidewheel swf` after the AWS CLI on a live server: what one has begun the other goes on with.

What both print of the same answers is compared in test_swf_commands.py.
"""

import base64
import json
import os
import subprocess

import pytest
from botocore import xform_name

from driver import complete_workflow, schedule
from server import ADMINISTRATOR, binary, without_settings

SECONDS_MAX = 90

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


def test_every_operation_has_help(swf, domain):
    commands = [xform_name(name, "-") for name in domain.client.meta.method_to_api_mapping.values()]
    assert len(commands) == 39
    for words in (["help"], *([command, "help"] for command in commands)):
        done = swf.run(*words)
        assert (done.returncode, done.stderr) == (0, ""), words
        assert done.stdout.startswith("NAME\n       tidewheel-swf"), words
        assert "\nGLOBAL OPTIONS\n" in done.stdout, words


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
