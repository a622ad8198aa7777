"""Temporary credentials: sessions of roles, cut down by a policy of their own."""

import dataclasses

import pytest

from aws import Aws
from driver import complete_workflow, fault, unique
from identities import ACCOUNT, Iam, allow, deny, policy, user_arn
from server import ADMINISTRATOR
from test_access import UNKNOWN_KEY, WRONG_SIGNATURE

STATUS = ("--registration-status", "REGISTERED")


@pytest.fixture
def iam(server):
    return Iam(server)


@pytest.fixture
def role(iam):
    """A role of one test that the administrator may assume; it may do everything in SWF."""
    name = unique("role")
    make_role(iam, name, user_arn("administrator"))
    return name


def make_role(iam: Iam, name: str, trusted: str):
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": trusted},
        "Action": "sts:AssumeRole",
    }
    iam.do("create-role", role_name=name, assume_role_policy_document=policy(statement))
    put_rights(iam, name, "swf:*")


def put_rights(iam: Iam, name: str, *actions: str):
    document = policy(allow(*actions))
    iam.do("put-role-policy", role_name=name, policy_name="its", policy_document=document)


def session_arn(role: str) -> str:
    return f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/tests"


def denied(principal: str, action: str, resource: str, kind: str) -> tuple:
    return (
        "AccessDeniedException",
        f"User: {principal} is not authorized to perform: {action} on resource: {resource}"
        f" because no {kind} policy allows the {action} action",
    )


def test_a_session_does_what_its_role_may(domain, iam, role):
    key = iam.assume(role)
    here = domain.seen_with(key)
    execution = here.start()
    here.decide(complete_workflow())
    assert here.describe(execution)["executionInfo"]["closeStatus"] == "COMPLETED"
    aws = Aws(domain.url, domain.region, key)
    assert aws.json("describe-domain", "--name", domain.name)["domainInfo"]["arn"] == domain.arn
    assert Iam(iam.server, key).do("get-caller-identity")["Arn"] == session_arn(role)


def test_a_session_may_be_cut_down(domain, iam, role):
    """It may do what its role may and its own policy allows, and no more than either."""
    key = iam.assume(role, policy=policy(allow("swf:DescribeDomain", "iam:*")))
    here = domain.seen_with(key)
    here.client.describe_domain(name=domain.name)
    refused = fault(here.client.deprecate_domain, name=domain.name)
    assert refused == denied(session_arn(role), "swf:DeprecateDomain", domain.arn, "session")
    line = Aws(domain.url, domain.region, key).refused("deprecate-domain", "--name", domain.name)
    assert line == (
        f"An error occurred ({refused[0]}) when calling the DeprecateDomain operation: {refused[1]}"
    )
    refused = Iam(iam.server, key).refused("create-user", user_name="mallory")
    assert "no identity-based policy allows the iam:CreateUser action" in refused


def test_a_session_is_as_good_as_its_role_is_now(domain, iam, role):
    key = iam.assume(role)
    here = domain.seen_with(key)
    here.client.describe_domain(name=domain.name)
    put_rights(iam, role, "swf:List*")
    refused = fault(here.client.describe_domain, name=domain.name)
    assert refused == denied(session_arn(role), "swf:DescribeDomain", domain.arn, "identity-based")
    iam.do("delete-role-policy", role_name=role, policy_name="its")
    iam.do("delete-role", role_name=role)
    assert fault(here.client.describe_domain, name=domain.name) == UNKNOWN_KEY


def test_sessions_of_before_can_be_ended(domain, iam, role):
    """By a statement of their role, which later sessions do not meet."""

    def deny_before(date: str):
        old = {"DateLessThan": {"aws:TokenIssueTime": date}}
        document = policy(deny("swf:*", condition=old))
        iam.do("put-role-policy", role_name=role, policy_name="old", policy_document=document)

    here = domain.seen_with(iam.assume(role))
    deny_before("2020-01-01T00:00:00Z")
    here.client.describe_domain(name=domain.name)
    deny_before("2100-01-01T00:00:00Z")
    code, text = fault(here.client.describe_domain, name=domain.name)
    assert code == "AccessDeniedException"
    assert text.endswith(f"{domain.arn} with an explicit deny in an identity-based policy")


def test_a_session_is_a_key_and_its_token(domain, iam, role):
    key, other = iam.assume(role), iam.assume(role)
    for wrong, answer in [
        (dataclasses.replace(key, token=None), UNKNOWN_KEY),
        (dataclasses.replace(key, token=other.token), UNKNOWN_KEY),
        (dataclasses.replace(key, token=key.token[:-8] + "AAAAAAAA"), UNKNOWN_KEY),
        (dataclasses.replace(key, id=ADMINISTRATOR.id), UNKNOWN_KEY),
        (dataclasses.replace(key, secret=other.secret), WRONG_SIGNATURE),
    ]:
        client = domain.seen_with(wrong).client
        assert fault(client.describe_domain, name=domain.name) == answer
    alone = dataclasses.replace(key, token=None)
    line = Aws(domain.url, domain.region, alone).refused("list-domains", *STATUS)
    assert line == (
        f"An error occurred ({UNKNOWN_KEY[0]}) when calling the ListDomains operation: "
        f"{UNKNOWN_KEY[1]}"
    )
    domain.seen_with(key).client.describe_domain(name=domain.name)


def test_a_role_is_assumed_by_whom_it_trusts(iam, role):
    """It takes both: what the role says of the user, and that the user is there."""
    name, trusted = unique("user"), unique("role")
    key = iam.create_user(name, allow("swf:*"))
    make_role(iam, trusted, user_arn(name))
    user = Iam(iam.server, key)
    arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
    refused = user.refused("assume-role", role_arn=arn, role_session_name="tests")
    assert refused == (
        "An error occurred (AccessDenied) when calling the AssumeRole operation: "
        f"User: {user_arn(name)} is not authorized to perform: sts:AssumeRole on resource: {arn}"
    )
    session = user.assume(trusted)
    assert Iam(iam.server, session).do("get-caller-identity")["Arn"] == session_arn(trusted)
