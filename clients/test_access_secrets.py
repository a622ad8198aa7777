"""What is secret is in no log, even at the loudest level."""

import base64
import dataclasses

import pytest

from aws import Aws
from driver import ACTIVITIES, Domain, complete_workflow, fault, marker, schedule
from identities import Iam, allow, policy, user_arn
from server import ADMINISTRATOR, Key, Server
from test_access import LIST, UNKNOWN, UNKNOWN_KEY, WRONG_SIGNATURE
from wire import Wire

REGION = "us-east-1"
CANARY = "c4n4ry"


@pytest.fixture(params=["text", "json"])
def loud_server(tmp_path, request):
    flags = ("--log-level", "trace", "--log-format", request.param)
    server = Server(tmp_path / "data", *flags).start()
    yield server
    server.kill()


class Secrets:
    """All that must not be logged, by what it is."""

    def __init__(self):
        self.named = {"the canary": CANARY}
        self.add("the administrator's secret", ADMINISTRATOR.secret)

    def add(self, name: str, secret: str):
        assert len(secret) > 8
        self.named[name] = secret
        self.named[name + " in base64"] = base64.b64encode(secret.encode()).decode().rstrip("=")

    def key(self, name: str, key: Key) -> Key:
        self.add(name + "'s secret", key.secret)
        if key.token is not None:
            self.add(name + "'s token", key.token)
        return key


def test_no_secret_is_logged(loud_server):
    secrets = Secrets()
    iam = Iam(loud_server)
    user = secrets.key("the user", iam.create_user("user", allow("swf:*")))
    imported = Key("IMPORTED", f"an-imported-{CANARY}")
    iam.do(
        "import-access-key", user_name="user",
        access_key_id=imported.id, secret_access_key=imported.secret,
    )  # fmt: skip
    trusted = {
        "Effect": "Allow",
        "Principal": {"AWS": user_arn("administrator")},
        "Action": "sts:AssumeRole",
    }
    iam.do("create-role", role_name="role", assume_role_policy_document=policy(trusted))
    document = policy(allow("swf:*"))
    iam.do("put-role-policy", role_name="role", policy_name="p", policy_document=document)
    session = secrets.key("the session", iam.assume("role"))

    domain = Domain.create(loud_server, REGION)
    for key in (ADMINISTRATOR, user, imported, session):
        play(domain.seen_with(key), secrets)
        domain.seen_with(key).client.list_domains(**LIST)
    Aws(domain.url, REGION, session).json("list-domains", "--registration-status", "REGISTERED")
    refuse(domain, secrets, user, session)
    iam.disable("user", user)
    assert fault(domain.seen_with(user).client.list_domains, **LIST) == UNKNOWN_KEY
    assert loud_server.terminate() == 0

    log = loud_server.log.read_text()
    assert "RespondActivityTaskCompleted" in log and user.id in log, "it says what happened"
    for name, secret in secrets.named.items():
        assert [line for line in log.splitlines() if secret in line] == [], name


def play(domain: Domain, secrets: Secrets):
    """A run whose every text is somebody's business."""
    execution = domain.start(input=f"input {CANARY}", tagList=[f"tag {CANARY}"])
    task = domain.poll_decision()
    secrets.add("a token", task["taskToken"])
    domain.respond(
        task,
        schedule("a", input=CANARY, control=CANARY),
        marker("m", details=CANARY),
        executionContext=CANARY,
    )
    activity = domain.poll_activity(ACTIVITIES, identity=f"worker {CANARY}")
    secrets.add("a token of an activity", activity["taskToken"])
    domain.heartbeat(activity, details=CANARY)
    domain.complete(activity, result=CANARY)
    domain.signal(execution, input=CANARY)
    domain.decide(complete_workflow(result=CANARY))


def refuse(domain: Domain, secrets: Secrets, user: Key, session: Key):
    """What is refused is logged no louder than what is done."""
    wrong = secrets.key("a wrong one", dataclasses.replace(user, secret=f"a wrong secret {CANARY}"))
    assert fault(domain.seen_with(wrong).client.list_domains, **LIST) == WRONG_SIGNATURE
    unknown = secrets.key("an unknown one", dataclasses.replace(UNKNOWN, token=f"token {CANARY}"))
    assert fault(domain.seen_with(unknown).client.list_domains, **LIST) == UNKNOWN_KEY
    torn = dataclasses.replace(session, token=session.token[:-4] + "AAAA")
    assert fault(domain.seen_with(torn).client.list_domains, **LIST) == UNKNOWN_KEY
    client = domain.client
    for token in (CANARY, base64.b64encode(CANARY.encode() * 9).decode()):
        code, _ = fault(client.respond_activity_task_completed, taskToken=token, result=CANARY)
        assert code == "ValidationException"
    wire = Wire(domain.url, REGION)
    headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={CANARY}, Signature={CANARY}"}
    for reply in (
        wire.call("ListDomains", LIST, signed=False, headers=headers),
        wire.call("ListDomains", "{" + CANARY),
        wire.call(CANARY, LIST),
        wire.call("ListDomains", {"registrationStatus": CANARY}),
    ):
        assert reply.status == 400
