"""The operators' page on access control: its ten lines, run as they are, do what it says, and so does
the program that has a session renewed."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import textwrap

import boto3
import pytest
from botocore.config import Config

from driver import WORKFLOW_DEFAULTS, complete_workflow, fault, start_timer
from identities import Iam, allow, policy, user_arn
from server import READY, Key, binary, without_settings
from test_access_tls import AUTHORITY, FILES

PAGE = pathlib.Path(__file__).resolve().parent.parent / "docs" / "access.md"
LINES = 10
STOP_SECONDS_MAX = 10
REGION = "us-east-1"
ARN = f"arn:aws:swf:{REGION}:000000000000:/domain/shop"
ORDER = {"name": "order", "version": "1"}


class House:
    """A directory in which the lines were run, and the server that the last of them started."""

    def __init__(self, directory: pathlib.Path):
        self.directory = directory
        shutil.copyfile(FILES / "server.pem", directory / "cert.pem")
        shutil.copyfile(FILES / "server-key.pem", directory / "key.pem")
        (directory / "key.pem").chmod(0o600)
        programs = directory / "bin"
        programs.mkdir()
        (programs / "tidewheel").symlink_to(binary())
        (lines,) = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
        assert len(lines.splitlines()) == LINES
        environment = without_settings("AWS_", "TIDEWHEEL_") | {
            "PATH": f"{programs}:{os.environ['PATH']}",
            "TIDEWHEEL_LISTEN": "127.0.0.1:0",
        }
        self.process = subprocess.Popen(
            ["bash", "-euc", lines],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        said = []
        for line in self.process.stdout:
            if ready := READY.match(line.rstrip("\n")):
                self.url = ready.group(1)
                return
            said.append(line)
        raise AssertionError("".join(said))

    def key(self, name: str) -> dict:
        """The key in one of the files."""
        return json.loads((self.directory / f"{name}.json").read_text())["AccessKey"]

    def client(self, name: str):
        """A client with the key in one of the files."""
        key = self.key(name)
        return boto3.session.Session().client(
            "swf",
            region_name=REGION,
            endpoint_url=self.url,
            verify=AUTHORITY,
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
            config=Config(read_timeout=70, retries={"total_max_attempts": 1}, proxies={}),
        )

    def stop(self):
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(STOP_SECONDS_MAX)


@pytest.fixture
def house(tmp_path):
    house = House(tmp_path)
    yield house
    house.stop()


def denied(user: str, action: str) -> tuple:
    return (
        "AccessDeniedException",
        f"User: {user_arn(user)} is not authorized to perform: swf:{action} on resource: {ARN}"
        f" because no identity-based policy allows the swf:{action} action",
    )


def test_ten_lines_lock_a_server_down(house):
    for name in ("root.json", "decider.json", "auditor.json", "tidewheel-data"):
        assert (house.directory / name).stat().st_mode & 0o077 == 0, "it is the operator's alone"
    root, decider, auditor = (house.client(name) for name in ("root", "decider", "auditor"))
    root.register_domain(name="shop", workflowExecutionRetentionPeriodInDays="1")
    defaults = WORKFLOW_DEFAULTS | {"defaultTaskList": {"name": "orders"}}
    root.register_workflow_type(domain="shop", **ORDER, **defaults)
    start = {"domain": "shop", "workflowType": ORDER}
    orders = {"domain": "shop", "taskList": {"name": "orders"}}
    others = {"domain": "shop", "taskList": {"name": "others"}}
    run = root.start_workflow_execution(**start, workflowId="mine")
    execution = {"workflowId": "mine", "runId": run["runId"]}
    root.start_workflow_execution(**start, workflowId="another's", taskList={"name": "others"})

    # The decider takes tasks from its list and from no other, and decides.
    task = decider.poll_for_decision_task(**orders)
    assert task["workflowExecution"] == execution
    refused = fault(decider.poll_for_decision_task, **others)
    assert refused == denied("decider", "PollForDecisionTask")
    assert root.count_pending_decision_tasks(**others)["count"] == 1
    decisions = [start_timer("t", "60"), complete_workflow()]
    decider.respond_decision_task_completed(taskToken=task["taskToken"], decisions=decisions)
    for call, action, arguments in [
        (decider.start_workflow_execution, "StartWorkflowExecution", start | {"workflowId": "w"}),
        (decider.poll_for_activity_task, "PollForActivityTask", orders),
        (decider.describe_domain, "DescribeDomain", {"name": "shop"}),
    ]:
        assert fault(call, **arguments) == denied("decider", action)

    # The auditor reads, and changes nothing.
    assert [
        info["name"]
        for info in auditor.list_domains(registrationStatus="REGISTERED")["domainInfos"]
    ] == ["shop"]
    history = auditor.get_workflow_execution_history(domain="shop", execution=execution)["events"]
    assert history[-1]["eventType"] == "WorkflowExecutionCompleted"
    ever = {"domain": "shop", "startTimeFilter": {"oldestDate": 0}}
    assert auditor.count_closed_workflow_executions(**ever)["count"] == 1
    assert len(auditor.list_open_workflow_executions(**ever)["executionInfos"]) == 1
    for call, action, arguments in [
        (auditor.start_workflow_execution, "StartWorkflowExecution", start | {"workflowId": "w"}),
        (auditor.poll_for_decision_task, "PollForDecisionTask", others),
        (
            auditor.signal_workflow_execution,
            "SignalWorkflowExecution",
            {"domain": "shop", "workflowId": "another's", "signalName": "s"},
        ),
        (
            auditor.terminate_workflow_execution,
            "TerminateWorkflowExecution",
            {"domain": "shop", "workflowId": "another's"},
        ),
        (auditor.deprecate_domain, "DeprecateDomain", {"name": "shop"}),
    ]:
        assert fault(call, **arguments) == denied("auditor", action)
    assert auditor.count_open_workflow_executions(**ever)["count"] == 1


def test_the_auditor_of_the_ten_lines_watches_everything(house):
    """With `tidewheel top`, `tail`, `show` and `explain`, none of which has anything denied."""
    root = house.client("root")
    root.register_domain(name="shop", workflowExecutionRetentionPeriodInDays="1")
    defaults = WORKFLOW_DEFAULTS | {"defaultTaskList": {"name": "orders"}}
    root.register_workflow_type(domain="shop", **ORDER, **defaults)
    start = {"domain": "shop", "workflowType": ORDER, "workflowId": "v"}
    run = root.start_workflow_execution(**start)["runId"]
    key = house.key("auditor")
    environment = without_settings("AWS_", "TIDEWHEEL_") | {
        "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
        "AWS_REGION": REGION,
        "AWS_CA_BUNDLE": str(AUTHORITY),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "TIDEWHEEL_ENDPOINT_URL": house.url,
    }

    def asked(*words: str) -> str:
        line = [binary(), *words]
        done = subprocess.run(line, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert "denied" not in done.stdout + done.stderr
        return done.stdout

    top = json.loads(asked("top", "--json"))
    assert [load["openExecutions"] for load in top["domains"]] == [1]
    assert [named["name"] for named in top["taskLists"]] == ["orders"]
    assert json.loads(asked("explain", "shop", "v", "--json"))["pollersAreTold"]
    assert "OPEN" in asked("show", "shop", "v")
    for words in [("tail", "shop"), ("show", "shop", "v", run, "--follow")]:
        watching = subprocess.Popen(
            [binary(), *words, "--json"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            first = watching.stderr if words[0] == "tail" else watching.stdout
            assert first.readline()
            root.signal_workflow_execution(domain="shop", workflowId="v", signalName="s")
            assert "WorkflowExecutionSignaled" in watching.stdout.readline()
        finally:
            watching.kill()
            _, complaints = watching.communicate(timeout=STOP_SECONDS_MAX)
        assert "denied" not in complaints


def test_a_profile_has_its_session_from_the_program_of_the_page(house, monkeypatch):
    """AWS's form of a `credential_process` is made of what `assume-role` answers."""
    root = house.client("root")
    root.register_domain(name="shop", workflowExecutionRetentionPeriodInDays="1")
    key = house.key("root")
    iam = Iam(house, Key(key["AccessKeyId"], key["SecretAccessKey"]), AWS_CA_BUNDLE=str(AUTHORITY))
    trusted = {"AWS": user_arn("auditor")}
    trust = policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": trusted})
    iam.do("create-role", role_name="operator", assume_role_policy_document=trust)
    rights = policy(allow("swf:DescribeDomain"))
    iam.do("put-role-policy", role_name="operator", policy_name="its", policy_document=rights)

    (program,) = re.findall(r"^    #!/bin/sh -e\n(?:    .*\n)+", PAGE.read_text(), re.M)
    program = textwrap.dedent(program)
    for written, here in [
        ("/home/ada/ada.json", str(house.directory / "auditor.json")),
        ("https://tidewheel.example:7933", house.url),
    ]:
        assert written in program
        program = program.replace(written, here)
    file = house.directory / "operator"
    file.write_text(program)
    file.chmod(0o700)
    config = house.directory / "config"
    config.write_text(f"[profile operator]\ncredential_process = {file}\n")
    for name in [name for name in os.environ if name.startswith(("AWS_", "TIDEWHEEL_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_CA_BUNDLE", str(AUTHORITY))
    monkeypatch.setenv("PATH", f"{house.directory / 'bin'}:{os.environ['PATH']}")

    session = boto3.session.Session(profile_name="operator", region_name=REGION)
    swf = session.client("swf", endpoint_url=house.url, config=Config(proxies={}))
    assert swf.describe_domain(name="shop")["domainInfo"]["arn"] == ARN
    code, text = fault(swf.deprecate_domain, name="shop")
    assert code == "AccessDeniedException"
    assert "arn:aws:sts::000000000000:assumed-role/operator/nightly is not authorized" in text
    # It is one that boto3 has renewed by itself, as it knows when it ends.
    assert session.get_credentials().method == "custom-process"
    assert session.get_credentials()._expiry_time is not None


def test_the_policy_of_the_page_ends_sessions(house):
    """All that a session may, whatever it is, and nothing that begins later."""

    def iam_of(key: Key) -> Iam:
        return Iam(house, key, AWS_CA_BUNDLE=str(AUTHORITY))

    def key_of(name: str) -> Key:
        key = house.key(name)
        return Key(key["AccessKeyId"], key["SecretAccessKey"])

    house.client("root").register_domain(name="shop", workflowExecutionRetentionPeriodInDays="1")
    iam = iam_of(key_of("root"))
    trusted = {"AWS": user_arn("auditor")}
    trust = policy({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": trusted})
    iam.do("create-role", role_name="operator", assume_role_policy_document=trust)
    rights = policy(allow("*"))
    iam.do("put-role-policy", role_name="operator", policy_name="its", policy_document=rights)
    session = iam_of(key_of("auditor")).assume("operator")
    client = boto3.session.Session().client(
        "swf",
        region_name=REGION,
        endpoint_url=house.url,
        verify=AUTHORITY,
        aws_access_key_id=session.id,
        aws_secret_access_key=session.secret,
        aws_session_token=session.token,
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )
    line = r"--policy-name (older-sessions --policy-document .*)$"
    (older,) = re.findall(line, PAGE.read_text(), re.M)
    name, _, document = older.split(" ", 2)
    (date,) = re.findall(r'"(\d{4}-[^"]*Z)"', document)

    def end_those_before(year: str):
        dated = document.strip("'").replace(date, f"{year}-01-01T00:00:00Z")
        iam.do("put-role-policy", role_name="operator", policy_name=name, policy_document=dated)

    end_those_before("2020")
    assert client.describe_domain(name="shop")["domainInfo"]["arn"] == ARN
    end_those_before("2100")
    code, text = fault(client.describe_domain, name="shop")
    assert code == "AccessDeniedException"
    assert text.endswith(f"{ARN} with an explicit deny in an identity-based policy")
    refused = iam_of(session).refused("list-users")
    assert refused.endswith("user/* with an explicit deny in an identity-based policy")
