"""Who is let in: keys that are right, wrong, unknown, disabled, deleted and rotated."""

import dataclasses

import pytest
from botocore.exceptions import ClientError

from aws import Aws
from driver import fault, unique
from identities import ACCOUNT, Iam, allow, user_arn
from server import ADMINISTRATOR, Key
from wire import SERVICE, Wire

LIST = {"registrationStatus": "REGISTERED"}
LIST_WORDS = ("--registration-status", "REGISTERED")
WRONG_SIGNATURE = (
    "InvalidSignatureException",
    "The request signature we calculated does not match the signature you provided. Check your AWS "
    "Secret Access Key and signing method. Consult the service documentation for details.",
)
UNKNOWN_KEY = (
    "UnrecognizedClientException",
    "The security token included in the request is invalid.",
)
UNKNOWN = Key("AKIAIOSFODNN7NOBODY0", ADMINISTRATOR.secret)


@dataclasses.dataclass
class Clients:
    """The clients of whoever has a key."""

    domain: object

    def boto3(self, key: Key):
        return self.domain.seen_with(key).client

    def cli(self, key: Key) -> Aws:
        return Aws(self.domain.url, self.domain.region, key)

    def let_in(self, key: Key):
        self.boto3(key).list_domains(**LIST)

    def shut_out(self, key: Key, answer: tuple):
        assert fault(self.boto3(key).list_domains, **LIST) == answer

    def all_shut_out(self, key: Key, answer: tuple):
        """All clients are, at once: nothing of this is worth another attempt."""
        code, text = answer
        with pytest.raises(ClientError) as caught:
            self.domain.server.sdk_client(self.domain.region, key).list_domains(**LIST)
        reply = caught.value.response
        assert (reply["Error"]["Code"], reply["Error"]["Message"]) == answer
        assert reply["ResponseMetadata"]["RetryAttempts"] == 0
        line = f"An error occurred ({code}) when calling the ListDomains operation: {text}"
        assert self.cli(key).refused("list-domains", *LIST_WORDS) == line
        reply = Wire(self.domain.url, self.domain.region, key).call("ListDomains", LIST)
        assert reply.error() == (400, SERVICE + code, text)
        assert reply.headers["x-amzn-RequestId"]
        assert reply.headers["Date"]


@pytest.fixture
def clients(domain):
    return Clients(domain)


@pytest.fixture
def iam(server):
    return Iam(server)


@pytest.fixture
def user(iam):
    """A user of one test, who may list domains, and its key."""
    name = unique("user")
    return name, iam.create_user(name, allow("swf:ListDomains"))


def test_a_right_key(clients, user):
    _, key = user
    for right in (ADMINISTRATOR, key):
        clients.let_in(right)
        clients.cli(right).json("list-domains", *LIST_WORDS)


def test_a_wrong_secret(clients, user):
    _, key = user
    clients.all_shut_out(dataclasses.replace(key, secret=ADMINISTRATOR.secret), WRONG_SIGNATURE)
    clients.shut_out(dataclasses.replace(key, secret=key.secret.swapcase()), WRONG_SIGNATURE)
    clients.let_in(key)


def test_an_unknown_key(clients):
    clients.all_shut_out(UNKNOWN, UNKNOWN_KEY)


def test_a_key_with_a_token_that_is_not_its_own(clients, user):
    _, key = user
    clients.shut_out(dataclasses.replace(key, token="nonsense"), UNKNOWN_KEY)


def test_a_disabled_key(clients, iam, user):
    name, key = user
    iam.disable(name, key)
    clients.all_shut_out(key, UNKNOWN_KEY)
    iam.enable(name, key)
    clients.let_in(key)


def test_a_deleted_key(clients, iam, user):
    name, key = user
    iam.delete_key(name, key)
    clients.all_shut_out(key, UNKNOWN_KEY)


def test_a_rotated_key(clients, iam, user):
    """Two keys side by side while the one takes the other's place."""
    name, old = user
    new = iam.create_key(name)
    clients.let_in(old)
    clients.let_in(new)
    refused = iam.refused("create-access-key", user_name=name)
    assert "(LimitExceeded)" in refused
    iam.disable(name, old)
    clients.shut_out(old, UNKNOWN_KEY)
    clients.let_in(new)
    iam.delete_key(name, old)
    third = iam.create_key(name)
    clients.let_in(third)
    clients.all_shut_out(old, UNKNOWN_KEY)
    for key in (new, third):
        clients.cli(key).json("list-domains", *LIST_WORDS)


def test_a_deleted_user(clients, iam, user):
    name, key = user
    assert "(DeleteConflict)" in iam.refused("delete-user", user_name=name)
    iam.delete_key(name, key)
    iam.do("delete-user-policy", user_name=name, policy_name="its")
    iam.do("delete-user", user_name=name)
    clients.shut_out(key, UNKNOWN_KEY)


def test_a_user_without_rights(clients, iam):
    name = unique("user")
    key = iam.create_user(name)
    resource = f"arn:aws:swf:{clients.domain.region}:{ACCOUNT}:/domain/*"
    clients.all_shut_out(
        key,
        (
            "AccessDeniedException",
            f"User: {user_arn(name)} is not authorized to perform: swf:ListDomains on resource: "
            f"{resource} because no identity-based policy allows the swf:ListDomains action",
        ),
    )
    iam.permit(name, allow("swf:ListDomains"))
    clients.let_in(key)


def test_identities_are_for_who_may_administer_them(iam, server, user):
    name, key = user
    other = Iam(server, key)
    refused = other.refused("create-access-key", user_name="administrator")
    assert refused == (
        "An error occurred (AccessDenied) when calling the CreateAccessKey operation: "
        f"User: {user_arn(name)} is not authorized to perform: iam:CreateAccessKey on resource: "
        f"{user_arn('administrator')} because no identity-based policy allows the "
        "iam:CreateAccessKey action"
    )
    assert other.do("get-caller-identity")["Arn"] == user_arn(name)
    iam.permit(name, allow("iam:*"))
    assert name in [user["UserName"] for user in other.do("list-users")["Users"]]


def test_each_key_acts_in_its_own_region(clients, regions, user):
    """What is registered in one region is not seen in another, with the same key."""
    _, key = user
    there = clients.domain.server.client(regions.fresh(), key)
    names = [info["name"] for info in there.list_domains(**LIST)["domainInfos"]]
    assert clients.domain.name not in names
    here = clients.boto3(key).list_domains(**LIST)["domainInfos"]
    assert clients.domain.name in [info["name"] for info in here]
