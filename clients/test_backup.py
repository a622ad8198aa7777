"""`tidewheel backup` of a running server by somebody with a key, and the server that goes on with what
was restored: its executions, its workers, its users. And who may take a backup."""

import shutil
import subprocess

import pytest
from botocore.exceptions import ClientError

from driver import (
    WORKFLOW,
    Domain,
    complete_workflow,
    decision,
    event_names,
    fault,
    schedule,
    start_timer,
    unique,
)
from identities import Iam, allow, deny, describe, key_of, verified
from server import ADMINISTRATOR, Key, Server, binary, without_settings

REGION = "us-east-1"
SECONDS_MAX = 60
ALL_DOMAINS = "arn:aws:swf:*:*:/domain/*"
RIGHTS = [f"tidewheel:{name}Backup" for name in ("Begin", "Read", "End")]
INVALID_TOKEN = ("ValidationException", "Invalid token")
EXIT_FAILURE, EXIT_USAGE = 1, 2


def backup(*words, key: Key = ADMINISTRATOR, code: int = 0) -> str:
    environment = without_settings("TIDEWHEEL_", "AWS_") | {
        "AWS_ACCESS_KEY_ID": key.id,
        "AWS_SECRET_ACCESS_KEY": key.secret,
        "AWS_REGION": REGION,
    }
    done = subprocess.run(
        [binary(), *map(str, words)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=SECONDS_MAX,
    )
    assert done.returncode == code, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def create(repository, server, **arguments) -> str:
    return backup("backup", "create", repository, "--endpoint-url", server.url, **arguments)


def child(workflow_id: str, task_list: str) -> dict:
    named = {"workflowId": workflow_id, "workflowType": WORKFLOW}
    return decision("StartChildWorkflowExecution", **named, taskList={"name": task_list})


class Shop:
    """Executions that are left in the middle, each in its own way and with a list of its own."""

    def __init__(self, domain: Domain):
        self.domain = domain
        self.runs = {}
        self.finished = self.start("finished")
        self.decide("finished", complete_workflow(result="early"))
        # An activity that a worker has, one that waits, a timer, a decision that a decider has.
        self.start("worked")
        self.decide("worked", schedule("a", taskList={"name": "worked"}))
        self.held = domain.poll_activity("worked")
        self.start("waiting")
        self.decide("waiting", schedule("a", taskList={"name": "waiting"}))
        self.start("timed")
        self.decide("timed", start_timer("t", "2"))
        self.start("decided")
        self.decision = domain.poll_decision("decided")
        self.start("parent")
        self.decide("parent", child("the-child", "child"))
        self.parent = domain.poll_decision("parent")  # The start of its child is known.

    def start(self, name: str) -> dict:
        self.runs[name] = self.domain.start(workflowId=name, taskList={"name": name})
        return self.runs[name]

    def decide(self, name: str, *decisions: dict):
        self.domain.respond(self.domain.poll_decision(name), *decisions)


@pytest.fixture
def directories(tmp_path):
    return tmp_path / "data", tmp_path / "backups", tmp_path / "restored"


def kept_by(tmp_path, users: dict, others: dict | None = None) -> tuple:
    return verified(describe(tmp_path, users, others))


def test_open_executions_workers_and_users_go_on_where_they_are_restored(tmp_path, directories):
    data, backups, restored = directories
    users = {"keeper": [allow(*RIGHTS, resource=ALL_DOMAINS)], "clerk": [allow("swf:*")]}
    server = Server(data, auth=kept_by(tmp_path, users)).start()
    try:
        admin = Iam(server)
        late_key = admin.create_user("courier", allow("swf:*"))
        shop = Shop(Domain.create(server, REGION))
        made = create(backups, server, key=key_of("keeper"))
        # What comes now is not in it.
        after = shop.domain.poll_activity("waiting")
        new = shop.start("new")
        admin.create_user("nobody")
    finally:
        server.kill()
    assert made.startswith("made backup 20")
    assert backup("backup", "verify", backups).endswith(" rows: all agree\n")

    said = backup("backup", "restore", backups, "--data-dir", restored)
    assert "The master key is in no backup" in said
    # Only what is in the store: no file of identities.
    server = Server(restored, auth=("--auth", "sigv4"))
    with pytest.raises(AssertionError, match="master.key"):
        server.start()
    shutil.copy(data / "master.key", restored / "master.key")
    server.start()
    try:
        domain = Domain(server, REGION, shop.domain.name, key_of("clerk"))
        names = {user["UserName"] for user in Iam(server).do("list-users")["Users"]}
        assert names == {"administrator", "keeper", "clerk", "courier"}
        with pytest.raises(ClientError, match="AccessDenied"):
            domain.seen_with(key_of("keeper")).describe(shop.finished)

        # Whoever has had a task since before the backup answers it.
        domain.seen_with(late_key).complete(shop.held, result="done")
        domain.respond(shop.decision, complete_workflow())
        # A task from after it is nobody's, even when it has been given out again.
        uses = domain.client.respond_activity_task_completed
        assert fault(uses, taskToken=after["taskToken"]) == INVALID_TOKEN
        again = domain.poll_activity("waiting")
        assert (again["activityId"], again["startedEventId"]) == ("a", after["startedEventId"])
        assert fault(uses, taskToken=after["taskToken"]) == INVALID_TOKEN
        domain.complete(again)

        for name in ("worked", "waiting"):
            task = domain.poll_decision(name)
            assert "ActivityTaskCompleted" in event_names(task["events"])
            domain.respond(task, complete_workflow())
        task = domain.poll_decision("timed")
        assert event_names(task["events"])[-3:-1] == ["TimerFired", "DecisionTaskScheduled"]
        domain.respond(task, complete_workflow())
        domain.respond(domain.poll_decision("child"), complete_workflow(result="grown"))
        domain.respond(shop.parent)
        task = domain.poll_decision("parent")
        assert "ChildWorkflowExecutionCompleted" in event_names(task["events"])
        domain.respond(task, complete_workflow())

        closed = domain.client.list_closed_workflow_executions(
            domain=domain.name, startTimeFilter={"oldestDate": 0}
        )["executionInfos"]
        closed = {info["execution"]["workflowId"] for info in closed}
        assert closed == {"finished", "worked", "waiting", "timed", "decided", "parent", "the-child"}
        assert domain.describe(shop.finished)["executionInfo"]["closeStatus"] == "COMPLETED"
        code, _ = fault(
            domain.client.describe_workflow_execution, domain=domain.name, execution=new
        )
        assert code == "UnknownResourceFault"
        assert domain.start(workflowId="new", taskList={"name": "new"}) != new
    finally:
        assert server.terminate() == 0
    assert backup("check", "--data-dir", restored).endswith(" rows: all agree\n")
    # A restored server that starts again is no other one: its tokens stay good.
    server.start()
    try:
        domain = Domain(server, REGION, shop.domain.name, key_of("clerk"))
        task = domain.poll_decision("new")
        assert server.terminate() == 0
        server.start()
        domain = Domain(server, REGION, shop.domain.name, key_of("clerk"))
        domain.respond(task, complete_workflow())
    finally:
        server.kill()


def test_a_backup_takes_three_rights_on_all_domains_in_a_server_with_one_account(
    tmp_path, directories
):
    data, backups, _ = directories
    begin, read, end = RIGHTS
    users = {
        "all": [allow(*RIGHTS, resource=ALL_DOMAINS)],
        "nothing": [],
        "worker": [allow("swf:*")],
        "other-begins": [allow(begin, resource=ALL_DOMAINS)],
        "begins-not": [allow(read, end, resource=ALL_DOMAINS)],
        "one-domain": [allow(*RIGHTS, resource="arn:aws:swf:*:*:/domain/one")],
        "one-region": [allow(*RIGHTS, resource="arn:aws:swf:eu-west-1:*:/domain/*")],
        "denied": [allow("*"), deny(begin)],
    }
    server = Server(data, auth=kept_by(tmp_path, users)).start()
    try:
        domain = unique("domain")
        server.client(REGION).register_domain(
            name=domain, workflowExecutionRetentionPeriodInDays="1"
        )
        for name in ("nothing", "worker", "begins-not", "one-domain", "one-region", "denied"):
            said = create(backups, server, key=key_of(name), code=EXIT_FAILURE)
            assert "AccessDeniedException" in said and "BeginBackup" in said, (name, said)
            assert not backups.exists(), "nothing is made for who may not"
        forged = Key(key_of("all").id, "another-secret")
        said = create(backups, server, key=forged, code=EXIT_FAILURE)
        assert "InvalidSignatureException" in said
        said = create(backups, server, key=Key("NOBODY", "secret"), code=EXIT_FAILURE)
        assert "UnrecognizedClientException" in said
        assert not backups.exists()
        # Who may begin and not read is found out later; no backup is left.
        said = create(backups, server, key=key_of("other-begins"), code=EXIT_FAILURE)
        assert "ReadBackup" in said and "no backup was made" in said
        assert "holds no backup" in backup("backup", "list", backups)
        create(backups, server, key=key_of("all"))
        assert backup("backup", "verify", backups).endswith(" rows: all agree\n")
    finally:
        assert server.terminate() == 0


def test_no_account_backs_up_a_server_that_has_another(tmp_path, directories):
    data, backups, _ = directories
    mine = {"keeper": [allow(*RIGHTS, resource=ALL_DOMAINS)]}
    others = {"stranger": [allow("*")]}
    server = Server(data, auth=kept_by(tmp_path, mine, others)).start()
    try:
        for key in (key_of("keeper"), key_of("stranger"), ADMINISTRATOR):
            said = create(backups, server, key=key, code=EXIT_FAILURE)
            assert "AccessDeniedException" in said, said
            assert not backups.exists()
    finally:
        assert server.terminate() == 0
    # Whoever has the directory has all of it.
    backup("backup", "create", backups, "--data-dir", data)
