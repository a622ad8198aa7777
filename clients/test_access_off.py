"""Without access control: anybody may do everything, but for what would outlive that."""

import pytest

from aws import Aws
from driver import Domain, complete_workflow
from identities import Iam
from server import Key
from wire import SERVICE, Wire

REGION = "us-east-1"
ANYBODY = Key("anybody", "any", token="any")
LIST = {"registrationStatus": "REGISTERED"}


@pytest.fixture
def domain(open_server):
    return Domain.create(open_server, REGION).seen_with(ANYBODY)


def test_anybody_may_do_everything(domain):
    execution = domain.start()
    domain.decide(complete_workflow())
    assert domain.describe(execution)["executionInfo"]["closeStatus"] == "COMPLETED"
    aws = Aws(domain.url, REGION, ANYBODY)
    assert aws.json("describe-domain", "--name", domain.name)["domainInfo"]["arn"] == domain.arn


def test_credentials_are_there_all_the_same(domain):
    """As AWS wants it, whose error it is; but nobody looks at them."""
    code = SERVICE + "MissingAuthenticationTokenException"
    reply = Wire(domain.url, REGION).call("ListDomains", LIST, signed=False)
    assert reply.error() == (400, code, "Request is missing Authentication Token")


def test_nobody_makes_keys_that_would_outlive_it(open_server):
    refused = Iam(open_server, ANYBODY).refused("list-users")
    assert refused.startswith(
        "An error occurred (AccessDenied) when calling the ListUsers operation"
    )


def test_a_page_of_another_name_may_not_use_it(domain):
    """A browser that was told that its server is here calls this one by that server's name."""
    wire = Wire(domain.url, REGION, ANYBODY)
    assert wire.call("ListDomains", LIST, headers={"Host": "rebound.example"}).status == 403
    assert wire.call("ListDomains", LIST, headers={"Host": "localhost:7933"}).status == 200


def test_it_says_so(open_server):
    line = "access control is off: whoever reaches the server may do everything"
    (said,) = [text for text in open_server.log.read_text().splitlines() if line in text]
    assert " WARN " in said
