"""HTTP as it goes over the wire: what boto3 and the CLI hide from their users."""

import json
import socket
import urllib.parse
import uuid

import pytest

from driver import complete_workflow, marker, schedule, unique
from wire import FAULTS, JSON_1_0, SERVICE, TARGET, VALIDATION, Wire, receive

LIST = {"registrationStatus": "REGISTERED"}
UNKNOWN_OPERATION = b"<UnknownOperationException/>\n"
SERIALIZATION = SERVICE + "SerializationException"


@pytest.fixture
def wire(domain):
    return Wire(domain.url, domain.region)


@pytest.mark.parametrize("prefix", ["", "com.amazonaws.swf.service.model."])
@pytest.mark.parametrize(
    "content_type", [JSON_1_0, "application/json; charset=UTF-8", "application/json"]
)
@pytest.mark.parametrize("encoding", [{}, {"Content-Encoding": "amz-1.0"}])
def test_spellings_of_a_request(wire, domain, prefix, content_type, encoding):
    headers = {"X-Amz-Target": f"{prefix}{TARGET}.ListDomains", "Content-Type": content_type}
    reply = wire.call("ListDomains", LIST, headers=headers | encoding)
    assert reply.status == 200
    assert domain.name in [info["name"] for info in reply.json()["domainInfos"]]
    check_headers(reply)


def check_headers(reply):
    assert reply.headers["Content-Type"] == JSON_1_0
    assert uuid.UUID(reply.headers["x-amzn-RequestId"])
    assert int(reply.headers["Content-Length"]) == len(reply.body)


def test_every_request_has_its_own_id(wire):
    replies = [wire.call("ListDomains", LIST) for _ in range(3)]
    assert len({reply.headers["x-amzn-RequestId"] for reply in replies}) == 3


def test_operations_without_output_answer_with_no_bytes(wire, domain):
    name = unique("d")
    done = []

    def silent(operation, **body):
        reply = wire.call(operation, body)
        assert (reply.status, reply.body) == (200, b""), operation
        assert reply.headers["Content-Length"] == "0", operation
        check_headers(reply)
        done.append(operation)

    silent("RegisterDomain", name=name, workflowExecutionRetentionPeriodInDays="1")
    arn = wire.ok("DescribeDomain", {"name": name})["domainInfo"]["arn"]
    silent("TagResource", resourceArn=arn, tags=[{"key": "k", "value": "v"}])
    silent("UntagResource", resourceArn=arn, tagKeys=["k"])
    for kind in ("Workflow", "Activity"):
        type_ = {"name": "t", "version": "1"}
        on = {"domain": name, kind.lower() + "Type": type_}
        silent(f"Register{kind}Type", domain=name, **type_)
        silent(f"Deprecate{kind}Type", **on)
        silent(f"Undeprecate{kind}Type", **on)
        wire.call(f"Deprecate{kind}Type", on)
        silent(f"Delete{kind}Type", **on)
    silent("DeprecateDomain", name=name)
    silent("UndeprecateDomain", name=name)

    run = {"domain": domain.name} | domain.start()
    silent("SignalWorkflowExecution", signalName="s", **run)
    silent("RequestCancelWorkflowExecution", **run)
    task = domain.poll_decision()
    decisions = [schedule(activity_id) for activity_id in "abc"]
    silent("RespondDecisionTaskCompleted", taskToken=task["taskToken"], decisions=decisions)
    for outcome in ("Completed", "Failed", "Canceled"):
        token = domain.poll_activity()["taskToken"]
        silent(f"RespondActivityTask{outcome}", taskToken=token)
    silent("TerminateWorkflowExecution", **run)
    assert len(set(done)) == 20


def test_errors_name_their_family(wire):
    unknown = wire.call("DescribeDomain", {"name": "nowhere"})
    assert unknown.status == 400
    assert unknown.json() == {
        "__type": FAULTS + "UnknownResourceFault",
        "message": "Unknown domain: nowhere",
    }
    check_headers(unknown)
    missing = wire.call("DescribeDomain", {})
    assert missing.json() == {
        "__type": VALIDATION,
        "message": "1 validation error detected: Value null at 'name' failed to satisfy "
        "constraint: Member must not be null",
    }
    check_headers(missing)


def test_several_errors_at_once(wire):
    body = {"domain": "", "registrationStatus": "BOGUS", "maximumPageSize": -1}
    status, code, text = wire.call("ListWorkflowTypes", body).error()
    assert (status, code) == (400, VALIDATION)
    count, items = text.split(" detected: ")
    assert count == "3 validation errors"
    assert set(items.split("; ")) == {
        "Value '' at 'domain' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1",
        "Value 'BOGUS' at 'registrationStatus' failed to satisfy constraint: "
        "Member must satisfy enum value set: [REGISTERED, DEPRECATED]",
        "Value '-1' at 'maximumPageSize' failed to satisfy constraint: "
        "Member must have value greater than or equal to 0",
    }


@pytest.mark.parametrize(
    "operation, body, text",
    [
        ("DescribeDomain", {"name": 5}, "NUMBER_VALUE cannot be converted to String"),
        ("DescribeDomain", {"name": True}, "TRUE_VALUE cannot be converted to String"),
        (
            "DescribeDomain",
            {"name": {"a": "b"}},
            "Start of structure or map found where not expected",
        ),
        ("DescribeDomain", {"name": ["a"]}, "Unrecognized collection type class java.lang.String"),
        (
            "RespondDecisionTaskCompleted",
            {"taskToken": "t", "decisions": "none"},
            "Unexpected field type",
        ),
        (
            "StartWorkflowExecution",
            {"domain": "", "workflowId": "w", "workflowType": {"name": 1, "version": "1"}},
            "NUMBER_VALUE cannot be converted to String",
        ),
    ],
)
def test_wrong_json_types(wire, operation, body, text):
    reply = wire.call(operation, body)
    assert reply.status == 400
    assert reply.json()["__type"] == SERIALIZATION
    assert reply.json()["Message"].rstrip(".") == text
    check_headers(reply)


@pytest.mark.parametrize(
    "body", ["", "{", "nonsense", '{"name": "x"', '{"name": "x"} trailing', "[]", '"name"', "5"]
)
def test_bodies_that_are_no_json_object(wire, body):
    reply = wire.call("DescribeDomain", body)
    assert (reply.status, reply.json()["__type"]) == (400, SERIALIZATION)


@pytest.mark.parametrize(
    "target",
    [f"{TARGET}.Bogus", "Other.ListDomains", TARGET, f"{TARGET}.", f"{TARGET}.listDomains"],
)
def test_an_unknown_operation(wire, target):
    reply = wire.call("", LIST, headers={"X-Amz-Target": target})
    assert reply.status == 400
    assert reply.json() == {"__type": SERVICE + "UnknownOperationException"}


def test_what_is_no_call_at_all(wire):
    for reply in (
        wire.call("ListDomains", "", method="GET"),
        wire.call("ListDomains", json.dumps(LIST), method="PUT"),
        wire.call("ListDomains", LIST, headers={"Content-Type": "text/plain"}),
    ):
        assert (reply.status, reply.body) == (404, UNKNOWN_OPERATION)


def test_without_credentials(wire):
    reply = wire.call("ListDomains", LIST, signed=False)
    assert reply.error() == (
        400,
        SERVICE + "MissingAuthenticationTokenException",
        "Request is missing Authentication Token",
    )
    mangled = {"Authorization": "AWS4-HMAC-SHA256 nonsense"}
    reply = wire.call("ListDomains", LIST, signed=False, headers=mangled)
    assert (reply.status, reply.json()["__type"]) == (
        400,
        SERVICE + "IncompleteSignatureException",
    )


def test_the_order_of_checks(wire):
    def code(body, **options):
        return wire.call(options.pop("operation", "DescribeDomain"), body, **options).error()[1]

    unknown_operation = SERVICE + "UnknownOperationException"
    assert code("{", operation="Bogus", signed=False) == unknown_operation
    assert code("{", operation="Bogus") == unknown_operation
    missing = SERVICE + "MissingAuthenticationTokenException"
    assert code({"name": 5}, signed=False) == missing
    assert code("{", signed=False) == missing, "what strangers send is not read"
    two_ways_wrong = {"registrationStatus": "BOGUS", "maximumPageSize": "many"}
    assert code(two_ways_wrong, operation="ListDomains") == SERIALIZATION


def test_a_body_over_a_megabyte(wire, domain):
    body = json.dumps({"name": "x" * 1_200_000})
    assert wire.call("DescribeDomain", body).status == 413
    assert wire.call("DescribeDomain", body, signed=False).status == 413, "even from a stranger"
    domain.start()
    task = domain.poll_decision()
    big = [marker(f"m{n}", details="x" * 32768) for n in range(30)]
    domain.respond(task, *big, complete_workflow())


@pytest.mark.parametrize("opening, closing", [('{"a":', "}"), ("[", "]")])
@pytest.mark.parametrize("closed", [True, False])
def test_deep_nesting_is_refused(wire, opening, closing, closed):
    depth = 100_000
    nested = opening * depth + "1" + (closing * depth if closed else "")
    body = '{"registrationStatus": "REGISTERED", "surprise": ' + nested + "}"
    reply = wire.call("ListDomains", body)
    assert (reply.status, reply.json()["__type"]) == (400, SERIALIZATION)
    assert wire.call("ListDomains", LIST).status == 200


def test_a_connection_serves_many_requests(wire):
    address = urllib.parse.urlsplit(wire.url)
    body = json.dumps(LIST).encode()
    headers = {"Content-Type": JSON_1_0, "X-Amz-Target": f"{TARGET}.ListDomains"}
    headers = wire.sign("POST", body, headers) | {"Host": address.netloc}
    headers["Content-Length"] = len(body)
    lines = ["POST / HTTP/1.1"] + [f"{name}: {value}" for name, value in headers.items()]
    request = "\r\n".join(lines + ["", ""]).encode() + body
    with socket.create_connection((address.hostname, address.port), timeout=10) as stream:
        reader = stream.makefile("rb")
        for _ in range(3):
            stream.sendall(request)
            assert reader.readline() == b"HTTP/1.1 200 OK\r\n"
            length = 0
            while (line := reader.readline()) != b"\r\n":
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            assert "domainInfos" in json.loads(reader.read(length))


def test_empty_polls_have_these_very_bytes(own_server):
    wire = Wire(own_server.url, "us-east-1")
    body = {"name": "d", "workflowExecutionRetentionPeriodInDays": "1"}
    assert wire.call("RegisterDomain", body).status == 200
    poll = {"domain": "d", "taskList": {"name": "idle"}}
    activity, decision = (
        wire.send(f"PollFor{kind}Task", poll) for kind in ("Activity", "Decision")
    )
    wire.settle()
    own_server.signal_terminate()
    replies = [receive(activity), receive(decision)]
    assert [json.loads(reply.body) for reply in replies] == [
        {"startedEventId": 0},
        {"startedEventId": 0, "previousStartedEventId": 0},
    ]
    assert [len(reply.body) for reply in replies] == [20, 47]
    for reply in replies:
        assert reply.status == 200
        assert reply.headers["Content-Type"] == JSON_1_0
        assert uuid.UUID(reply.headers["x-amzn-RequestId"])
    assert own_server.wait() == 0
