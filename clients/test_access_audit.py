"""What an operator sees of those who call: a line for each call. And who fails too often waits."""

import dataclasses
import json

import pytest
from botocore.exceptions import ClientError

from driver import Domain, complete_workflow, start_timer
from identities import Iam, allow, describe, key_of, user_arn, verified
from server import ADMINISTRATOR, Server
from test_access import LIST, UNKNOWN
from test_access_raw import Raw, signed_head
from wire import Wire

REGION = "us-east-1"
ALLOWED = allow("swf:Describe*", "swf:PollForDecisionTask", "swf:RespondDecisionTaskCompleted")
FAILURES_MAX = 100


@pytest.fixture
def server(tmp_path):
    named = ALLOWED | {"Sid": "Mine"}
    file = describe(tmp_path, {"ada": [named]})
    flags = ("--log-format", "json", "--log-level", "off,audit=info,server=warn")
    server = Server(tmp_path / "data", *flags, auth=verified(file)).start()
    yield server
    server.kill()


def request_id(call, **arguments) -> str:
    """The id of the answer, whatever it says."""
    try:
        return call(**arguments)["ResponseMetadata"]["RequestId"]
    except ClientError as error:
        return error.response["ResponseMetadata"]["RequestId"]


def test_every_call_leaves_a_line(server):
    domain = Domain.create(server, REGION)
    ada = domain.seen_with(key_of("ada"))
    wrong = dataclasses.replace(key_of("ada"), secret="some-other-secret")
    named = {"name": domain.name}
    domain.start()
    task = ada.poll_decision()
    decisions = [start_timer("t", "60"), complete_workflow()]
    answer = ada.client.respond_decision_task_completed
    known = {"principal": user_arn("ada"), "key": key_of("ada").id, "resource": domain.arn}
    policy = f"its of {user_arn('ada')}"
    allowed = {"decision": "allowed", "policy": policy, "statement": 1, "sid": "Mine"}
    denied = {"decision": "denied", "reason": "implicit-identity"}
    wrongly = {"decision": "unauthenticated", "reason": "wrong-signature"}
    strange = {"decision": "unauthenticated", "reason": "unknown-key"}
    denied_decisions = {
        "decisions_denied": 2,
        "denied_actions": "swf:CompleteWorkflowExecution,swf:StartTimer",
        "run_id": task["workflowExecution"]["runId"],
    }
    done, refused = {"status": 200}, {"status": 400}
    expected = {
        request_id(ada.client.describe_domain, **named): known
        | allowed | done | {"action": "swf:DescribeDomain"},
        request_id(ada.client.deprecate_domain, **named): known
        | denied | refused | {"action": "swf:DeprecateDomain"},
        request_id(ada.client.describe_domain, name="nowhere"): known
        | allowed | refused | {"action": "swf:DescribeDomain"}
        | {"resource": domain.arn.replace(domain.name, "nowhere")},
        request_id(answer, taskToken=task["taskToken"], decisions=decisions): known
        | allowed | done | {"action": "swf:RespondDecisionTaskCompleted"} | denied_decisions,
        request_id(domain.seen_with(wrong).client.describe_domain, **named): {"key": wrong.id}
        | wrongly | refused | {"action": "swf:DescribeDomain"},
        request_id(domain.seen_with(UNKNOWN).client.describe_domain, **named): {"key": UNKNOWN.id}
        | strange | refused | {"action": "swf:DescribeDomain"},
    }  # fmt: skip
    Iam(server).do("get-user", user_name="ada")
    assert server.terminate() == 0

    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    assert {line["target"] for line in lines} == {"audit"}
    audited = {line["fields"]["request_id"]: line["fields"] for line in lines}
    assert len(audited) == len(lines), "one line for each"
    for id_, fields in expected.items():
        assert audited[id_] == fields | {
            "message": "call",
            "request_id": id_,
            "source": "127.0.0.1",
        }
    (administered,) = [fields for fields in audited.values() if fields["action"] == "iam:GetUser"]
    assert administered["principal"] == user_arn("administrator")
    assert (administered["resource"], administered["decision"]) == (user_arn("ada"), "allowed")


def test_who_fails_again_and_again_waits(server):
    """Even with the right secret, until some is forgiven: the key waits, where it comes from."""
    wrong = Wire(server.url, REGION, dataclasses.replace(ADMINISTRATOR, secret="some-other-secret"))
    right = Wire(server.url, REGION)
    body = json.dumps(LIST).encode()
    request = signed_head(wrong, body) + body.decode()
    raw = Raw(server.url)
    # All at once, so that nothing is forgiven meanwhile.
    raw.send(request * (2 * FAILURES_MAX - 1))
    raw.send(signed_head(wrong, body, Connection="close") + body.decode())
    answers = raw.read_all()
    invalid = answers.count("InvalidSignatureException")
    throttled = answers.count("ThrottlingException")
    assert invalid + throttled == 2 * FAILURES_MAX
    assert invalid >= FAILURES_MAX and throttled > 0
    while right.call("ListDomains", LIST).status != 200:
        pass
    # The operator is told when it begins, and not again and again.
    assert server.terminate() == 0
    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    (warning,) = [line["fields"] for line in lines if line["level"] == "WARN"]
    assert warning["message"].startswith("too many requests from there had wrong credentials")
    assert (warning["source"], warning["key"]) == ("127.0.0.1", ADMINISTRATOR.id)


def test_denials_can_be_those_of_the_model(tmp_path):
    """For clients that expect what SWF's API reference says, and not what it sends."""
    file = describe(tmp_path, {"ada": []})
    flags = ("--denials", "operation-not-permitted")
    server = Server(tmp_path / "data", *flags, auth=verified(file)).start()
    client = server.client(REGION, key_of("ada"))
    with pytest.raises(client.exceptions.OperationNotPermittedFault) as caught:
        client.list_domains(**LIST)
    assert "is not authorized to perform: swf:ListDomains" in str(caught.value)
    assert server.terminate() == 0
