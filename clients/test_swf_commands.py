"""`tidewheel swf` beside the AWS CLI: the same words, the same requests, the same output.

The AWS CLI is version 1. Where it does otherwise than version 2, which `tidewheel swf` follows, the
table does not go, but for exit codes and the mark before errors, which are told apart here. What is
version 2's alone is in test_swf_transcripts.py.
"""

import difflib
import itertools
import json
import os
import pathlib
import re
import shlex
import string
import subprocess
import sys

import boto3
import pytest
from botocore import xform_name

from driver import complete_workflow, schedule
from server import ADMINISTRATOR, binary, without_settings
from tape import Tape

TABLE = pathlib.Path(__file__).with_name("swf-commands.txt")
LINES_MIN = 300
SECONDS_MAX = 90
# Files that the command lines read.
FILES = {
    "text": "hello\n",
    "umlaut": "grüße",
    "type.json": '{"name": "order", "version": "1"}',
    "type.yaml": "domain: d\nworkflowType:\n  name: order\n  version: '1'\n",
    "list.json": '["a", "b"]',
    "tags.json": '[{"key": "a", "value": "b"}]',
    "broken.json": '{"name": ',
    "domains.json": '{"registrationStatus": "REGISTERED", "reverseOrder": true}',
    "decisions.json": '[{"decisionType": "RecordMarker", "recordMarkerDecisionAttributes":'
    ' {"markerName": "m", "details": "a,b"}}]',
}
# The options that are not called as the members are.
RENAMED = {
    ("RegisterActivityType", "version"): "activity-version",
    ("RegisterWorkflowType", "version"): "workflow-version",
}
# What version 1 exits with, what it says then, and what version 2 exits with. The first that fits.
EXIT_CODES = (
    (0, r"", 0),
    (2, r"", 252),
    (255, r"^An error occurred \(\w+\) when calling", 254),
    (255, r"^(You must specify a region|Unable to locate credentials)", 253),
    (
        255,
        r"^(Parameter validation failed|Error parsing parameter|Bad value for --"
        r"|Unknown options|Cannot specify --no-paginate|Invalid type: expecting map|Bad jmespath)",
        252,
    ),
    (255, r"", 255),
)
# What is a variable and no word.
VARIABLE = re.compile(r"[A-Z_]+=")
# What version 2 puts before an error that is none of the service, and behind any.
MARK = re.compile(r"^An error occurred \(\w+\): ")
BEHIND = re.compile(r"\n\n(?:Additional error details:|usage: ).*", re.DOTALL)
# What the two word in their own way: which words there are, and what readers of JSON and of
# queries say.
CHOICE = re.compile(r"^(argument \S+): (?:Found i|I)nvalid choice.*", re.DOTALL)
NO_JSON = re.compile(r"(?<=: Invalid JSON: ).*")
NO_QUERY = re.compile(r"^(Bad value for --query [^:]*: ).*", re.DOTALL)


def _read(text: str) -> dict:
    """Groups of command lines, by their headings."""
    groups = {}
    for line in text.splitlines():
        if line.startswith("## "):
            lines = groups.setdefault(line.removeprefix("## "), [])
        elif line and not line.startswith("# "):
            lines.append(line)
    return groups


GROUPS = _read(TABLE.read_text())


class Forked:
    """The AWS CLI, a process for each command line."""

    def __init__(self, directory):
        self._directory = directory
        script = pathlib.Path(__file__).with_name("forked_aws.py")
        self._process = subprocess.Popen(
            [sys.executable, str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=without_settings("AWS_"),
        )

    def run(self, words: list, directory, environment: dict) -> tuple:
        out, err = (str(self._directory / name) for name in ("out", "err"))
        task = {"words": words, "directory": str(directory), "environment": environment}
        self._process.stdin.write(json.dumps(task | {"out": out, "err": err}) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        return code, *(pathlib.Path(path).read_bytes().decode() for path in (out, err))

    def end(self):
        self._process.stdin.close()
        assert self._process.wait(SECONDS_MAX) == 0


@pytest.fixture(scope="session")
def forked(tmp_path_factory):
    forked = Forked(tmp_path_factory.mktemp("aws"))
    yield forked
    forked.end()


@pytest.fixture
def directory(tmp_path):
    directory = tmp_path / "files"
    directory.mkdir()
    for name, text in FILES.items():
        (directory / name).write_text(text)
    return directory


def _environment(url: str, region: str, directory) -> dict:
    """Both are set up by the same; timestamps are shown as version 1 shows them."""
    config = directory.with_name("config")
    config.write_text("[default]\ncli_timestamp_format = wire\nretry_mode = standard\n")
    return without_settings("AWS_", "TIDEWHEEL_") | {
        "AWS_ACCESS_KEY_ID": ADMINISTRATOR.id,
        "AWS_SECRET_ACCESS_KEY": ADMINISTRATOR.secret,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": url,
        "AWS_CONFIG_FILE": str(config),
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "COLUMNS": "80",
    }


def _prepare(domain) -> dict:
    """A domain in which something has happened, and what the table calls it: five executions, two
    of them closed, and one that waits for two activities."""
    for name in ("a", "b", "c", "d", "e"):
        domain.start(workflowId=name, tagList=[f"tag-{name}", "all"], input='{"日": [1, "x\ty"]}')
    opened, closing, failing = (domain.poll_decision() for _ in range(3))
    domain.respond(opened, schedule("one", input="x"), schedule("two"))
    domain.respond(closing, complete_workflow(result="done"))
    domain.terminate(failing["workflowExecution"], reason="enough")
    run, closed = opened["workflowExecution"], closing["workflowExecution"]
    return {
        "domain": domain.name,
        "arn": domain.arn,
        "run": run["runId"],
        "execution": f"workflowId={run['workflowId']},runId={run['runId']}",
        "closed": f"workflowId={closed['workflowId']},runId={closed['runId']}",
    }


def _ours(words: list, directory, environment: dict) -> tuple:
    done = subprocess.run(
        [binary(), "swf", *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        cwd=directory,
        env=environment,
        timeout=SECONDS_MAX,
    )
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def _exit_code(code: int, error: str) -> int:
    fits = (ours for theirs, says, ours in EXIT_CODES if theirs == code and re.search(says, error))
    return next(fits)


def _alike(text: str) -> str:
    text = NO_QUERY.sub(r"\1...", CHOICE.sub(r"\1: invalid choice", text.strip()))
    return NO_JSON.sub("...", text)


def _their_error(text: str) -> str:
    """What an error of version 1 says. How to get help stands before it."""
    text = text.strip()
    if text.startswith("usage: "):
        text = text.rpartition(": error: ")[2].rpartition("help\n\n")[2]
    return _alike(text.removeprefix("Error during pagination: "))


def _our_error(text: str) -> str:
    text = BEHIND.sub("", text.strip().rpartition("aws: [ERROR]: ")[2])
    return _alike(MARK.sub("", text))


def _difference(what: str, theirs: str, ours: str) -> list:
    if theirs == ours:
        return []
    lines = difflib.unified_diff(
        theirs.splitlines(), ours.splitlines(), f"aws: {what}", f"tidewheel: {what}", lineterm=""
    )
    return list(lines)


def with_variables(words: list) -> tuple:
    """The variables that stand before the words of a command line, and the words."""
    said = itertools.takewhile(VARIABLE.match, words)
    variables = dict(word.split("=", 1) for word in said)
    return variables, words[len(variables) :]


def _compare(line: str, tape: Tape, play) -> tuple:
    """What differs, and what the AWS CLI printed."""
    tape.record()
    code, out, err = play("aws")
    asked = "\n".join(map(str, tape.requests))
    tape.play()
    our_code, our_out, our_err = play("tidewheel")
    error = _their_error(err)
    differing = _difference("requests", asked, "\n".join(map(str, tape.requests)))
    differing += _difference("exit code", str(_exit_code(code, error)), str(our_code))
    differing += _difference("standard output", out, our_out)
    differing += _difference("standard error", error, _our_error(our_err))
    return ["", f"$ {line}", *differing] if differing else [], out


@pytest.mark.parametrize("group", GROUPS)
def test_it_does_what_the_aws_cli_does(group, forked, domain, directory):
    names = _prepare(domain)
    differing = []
    with Tape(domain.url).running() as tape:
        environment = _environment(tape.url, domain.region, directory)
        for line in GROUPS[group]:
            command, _, name = line.partition(" > ")
            words = shlex.split(string.Template(command).substitute(names))
            said, words = with_variables(words)
            players = {
                "aws": lambda: forked.run(words, directory, environment | said),
                "tidewheel": lambda: _ours(words, directory, environment | said),
            }
            found, out = _compare(line, tape, lambda who: players[who]())
            differing += found
            if name:
                # A query of pages has found nothing on some of them.
                names[name] = next(word for word in out.split() if word != "None")
    assert not differing, "\n".join(differing)


def test_the_table_is_long_and_has_every_operation():
    lines = [line for lines in GROUPS.values() for line in lines]
    assert len(set(lines)) >= LINES_MIN
    words = {word for line in lines for word in line.split()}
    operations = boto3.session.Session().client("swf", "us-east-1").meta.method_to_api_mapping
    commands = {name.replace("_", "-") for name in operations}
    assert len(commands) == 39
    assert commands <= words


def test_the_table_has_every_option_of_every_operation():
    service = boto3.session.Session().client("swf", "us-east-1").meta.service_model
    lines = [shlex.split(line) for lines in GROUPS.values() for line in lines]
    given = {(command, word.partition("=")[0]) for words in lines for command in words[:5]
             for word in words if word.startswith("--")}  # fmt: skip
    missing = []
    for name in service.operation_names:
        command = xform_name(name, "-")
        shape = service.operation_model(name).input_shape
        for member, of in shape.members.items() if shape else ():
            option = RENAMED.get((name, member), xform_name(member, "-"))
            options = [f"--{option}"] + [f"--no-{option}"] * (of.type_name == "boolean")
            missing += [(command, option) for option in options if (command, option) not in given]
    assert not missing
