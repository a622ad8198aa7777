"""Clocks that disagree: signatures too old or not yet good, and credentials that expire."""

import datetime
import re

import pytest

from aws import Aws
from clock import cli_ahead, clients_ahead, server_ahead
from driver import Domain, fault
from identities import Iam, user_arn
from server import Server

LIST = {"registrationStatus": "REGISTERED"}
SKEW = datetime.timedelta(minutes=15)
TIME = "%Y%m%dT%H%M%SZ"
EXPIRED = re.compile(r"Signature expired: (\w+) is now earlier than (\w+) \((\w+) - 15 min\.\)")
NOT_YET = re.compile(
    r"Signature not yet current: (\w+) is still later than (\w+) \((\w+) \+ 15 min\.\)"
)
EXPIRED_TOKEN = ("ExpiredTokenException", "The security token included in the request is expired")
MINUTE = 60


def check_skew(text: str, minutes: int):
    """The text says when the request was signed, when it may have been, and what time it is."""
    late = minutes > 0
    matched = (NOT_YET if late else EXPIRED).fullmatch(text)
    assert matched, text
    signed, bound, now = (datetime.datetime.strptime(time, TIME) for time in matched.groups())
    assert bound == now + SKEW * (1 if late else -1)
    expected = now + datetime.timedelta(minutes=minutes)
    assert abs(signed - expected) < datetime.timedelta(seconds=30)


@pytest.mark.parametrize("minutes", [20, -20])
def test_a_clock_that_is_wrong(domain, tmp_path, minutes):
    with clients_ahead(minutes * MINUTE):
        code, text = fault(domain.client.list_domains, **LIST)
        assert code == "InvalidSignatureException"
        check_skew(text, minutes)
    wrong = Aws(domain.url, domain.region, **cli_ahead(tmp_path, minutes * MINUTE))
    line = wrong.refused("list-domains", "--registration-status", "REGISTERED")
    prefix = (
        "An error occurred (InvalidSignatureException) when calling the ListDomains operation: "
    )
    assert line.startswith(prefix)
    check_skew(line.removeprefix(prefix), minutes)


@pytest.mark.parametrize("minutes", [14, -14])
def test_a_clock_that_is_a_little_wrong(domain, tmp_path, minutes):
    with clients_ahead(minutes * MINUTE):
        domain.client.list_domains(**LIST)
    wrong = Aws(domain.url, domain.region, **cli_ahead(tmp_path, minutes * MINUTE))
    wrong.json("list-domains", "--registration-status", "REGISTERED")


def test_credentials_that_have_expired(tmp_path):
    """A session of the shortest length, and a server whose clock goes on without it."""
    server = Server(tmp_path / "data").start()
    iam = Iam(server)
    administrator = user_arn("administrator")
    trust = {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"AWS": administrator},
            "Action": "sts:AssumeRole",
        },
    }
    rights = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "swf:*", "Resource": "*"},
    }
    iam.do("create-role", role_name="operator", assume_role_policy_document=trust)
    iam.do("put-role-policy", role_name="operator", policy_name="its", policy_document=rights)
    key = iam.assume("operator", duration_seconds="900")
    here = Domain.create(server, "us-east-1").seen_with(key)
    here.client.describe_domain(name=here.name)
    assert server.terminate() == 0

    ahead = 14 * MINUTE
    server.environment = server_ahead(tmp_path, ahead)
    server.start()
    with clients_ahead(ahead):
        server.client("us-east-1", key).describe_domain(name=here.name)
    assert server.terminate() == 0

    ahead = 16 * MINUTE
    server.environment = server_ahead(tmp_path, ahead)
    server.start()
    with clients_ahead(ahead):
        refused = fault(server.client("us-east-1", key).describe_domain, name=here.name)
        assert refused == EXPIRED_TOKEN
        server.client("us-east-1").describe_domain(name=here.name)
    cli = Aws(server.url, "us-east-1", key, **cli_ahead(tmp_path, ahead))
    assert cli.refused("describe-domain", "--name", here.name) == (
        "An error occurred (ExpiredTokenException) when calling the DescribeDomain operation: "
        "The security token included in the request is expired"
    )
    assert server.terminate() == 0

    # A clock that is set back revives no session.
    server.environment = {}
    server.start()
    refused = fault(server.client("us-east-1", key).describe_domain, name=here.name)
    assert refused == EXPIRED_TOKEN
    assert server.terminate() == 0
