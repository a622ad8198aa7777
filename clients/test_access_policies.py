"""Policies as SWF's developer guide writes them, each with the users who have it."""

import pytest

from driver import (
    ACTIVITY_DEFAULTS,
    DECISIONS,
    WORKFLOW,
    WORKFLOW_DEFAULTS,
    Domain,
    attributes,
    decision,
    fault,
    schedule,
    start_timer,
    unique,
)
from identities import ACCOUNT, allow, deny, describe, key_of, verified
from server import Server

ANYWHERE = f"arn:aws:swf:*:{ACCOUNT}:/domain/*"
ANSWER = allow("swf:RespondDecisionTaskCompleted")
START = "swf:StartWorkflowExecution"
OTHER = {"name": "other", "version": "1"}
SECOND = {"name": "order", "version": "2"}


def team(name: str) -> str:
    return f"arn:aws:swf:*:{ACCOUNT}:/domain/{name}-*"


def when(operator: str, **values) -> dict:
    """A condition on keys of the service, whose dots are written as underscores here."""
    return {operator: {"swf:" + name.replace("_", "."): value for name, value in values.items()}}


FIRST_TAG = when("StringEqualsIfExists", tagList_member_0=["red", "green"])
USERS = {
    # Full access, to all domains and to two kinds of them.
    "full": [allow("swf:*", resource=ANYWHERE)],
    "two-teams": [allow("swf:*", resource=team("blue")), allow("swf:*", resource=team("green"))],
    "no-region": [allow("swf:*", resource=f"arn:aws:swf::{ACCOUNT}:/domain/blue-*")],
    # Starting only what is named.
    "one-type": [
        allow(
            START,
            condition=when("StringEquals", workflowType_name="order", workflowType_version="1"),
        )
    ],
    "one-list": [allow(START, condition=when("StringEquals", taskList_name="mine"))],
    "perhaps-one-list": [
        allow(START, condition=when("StringEqualsIfExists", taskList_name="mine"))
    ],
    # Tags: any second one gets past the first of these.
    "insecure-tags": [allow(START, condition=FIRST_TAG)],
    "secure-tags": [
        allow(START, condition=FIRST_TAG | when("Null", tagList_member_1="true")),
    ],
    # Deciders.
    "one-activity": [
        ANSWER,
        allow("swf:ScheduleActivityTask", condition=when("StringEquals", activityType_name="step")),
    ],
    "one-activity-list": [
        ANSWER,
        allow(
            "swf:ScheduleActivityTask", condition=when("StringEquals", taskList_name="activities")
        ),
    ],
    "one-decider-list": [
        allow("swf:PollForDecisionTask", condition=when("StringEquals", taskList_name=DECISIONS)),
        ANSWER,
    ],
    "one-child": [
        ANSWER,
        allow(
            "swf:StartChildWorkflowExecution",
            condition=when("StringEquals", workflowType_name="order"),
        ),
    ],
    # What the service refuses, whatever a policy says.
    "impossible": [
        allow(
            "swf:ListOpenWorkflowExecutions",
            condition=when("StringEquals", typeFilter_name="order", tagFilter_tag="red"),
        )
    ],
    "production": [
        allow("swf:*", condition={"StringEquals": {"aws:ResourceTag/environment": "production"}})
    ],
    "not-production": [
        allow("swf:*"),
        deny("swf:*", condition={"StringEquals": {"aws:ResourceTag/environment": "production"}}),
    ],
    "new-domains-tagged": [
        allow(
            "swf:RegisterDomain",
            "swf:TagResource",
            condition={"StringEquals": {"aws:RequestTag/team": "blue"}},
        )
    ],
    "own-domain": [allow("swf:*", resource=f"arn:aws:swf:*:{ACCOUNT}:/domain/${{aws:username}}-*")],
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    directory = tmp_path_factory.mktemp("policies")
    file = describe(directory, USERS)
    server = Server(directory / "data", "--poll-hold-seconds", "1", auth=verified(file)).start()
    yield server
    assert server.terminate() == 0


def start(domain: Domain, user: str, **arguments):
    """Whether a user may start this: a run begins, or the right fault says that it may not."""
    client = domain.seen_with(key_of(user)).client
    arguments = {"workflowId": unique("w"), "workflowType": WORKFLOW} | arguments
    return attempt(client.start_workflow_execution, domain=domain.name, **arguments)


def attempt(call, **arguments) -> bool:
    """Whether a call is permitted; one that is succeeds."""
    try:
        call(**arguments)
    except call.__self__.exceptions.ClientError as error:
        assert error.response["Error"]["Code"] == "AccessDeniedException", error
        return False
    return True


def decide(domain: Domain, user: str, decided: dict) -> dict:
    """The first event that a decision of a user led to."""
    execution = domain.start()
    task = domain.poll_decision()
    assert task["workflowExecution"] == execution
    domain.seen_with(key_of(user)).respond(task, decided)
    event = domain.history(execution)[4]
    domain.terminate(execution)  # Its next task would be in the way of the next one.
    return event


def permitted(event: dict) -> bool:
    return attributes(event).get("cause") != "OPERATION_NOT_PERMITTED"


def test_full_access_is_to_the_account_as_well(domain):
    client = domain.seen_with(key_of("full")).client
    client.list_domains(registrationStatus="REGISTERED")
    client.register_domain(name=unique("d"), workflowExecutionRetentionPeriodInDays="1")
    assert permitted(decide(domain, "full", start_timer("t", "60")))


@pytest.mark.parametrize("user, teams", [("two-teams", ["blue", "green"]), ("no-region", ["blue"])])
def test_access_to_some_domains(domain, user, teams):
    client = domain.seen_with(key_of(user)).client
    for name in ("blue", "green", "red", "Blue"):
        arguments = {"name": unique(name), "workflowExecutionRetentionPeriodInDays": "1"}
        assert attempt(client.register_domain, **arguments) == (name in teams)
        if name in teams:
            client.describe_domain(name=arguments["name"])
    assert not attempt(client.list_domains, registrationStatus="REGISTERED")
    assert not attempt(client.describe_domain, name=domain.name)


def test_starting_one_type_alone(domain):
    for type_ in (OTHER, SECOND):
        domain.register_workflow(type_, **WORKFLOW_DEFAULTS)
    assert start(domain, "one-type")
    assert not start(domain, "one-type", workflowType=OTHER)
    assert not start(domain, "one-type", workflowType=SECOND)
    assert not start(domain, "one-type", workflowType={"name": "nothing", "version": "1"})


def test_a_default_counts_as_if_it_was_given(domain):
    without = {key: value for key, value in WORKFLOW_DEFAULTS.items() if key != "defaultTaskList"}
    domain.register_workflow(OTHER, **without, defaultTaskList={"name": "mine"})
    domain.register_workflow(SECOND, **without)
    for user in ("one-list", "perhaps-one-list"):
        assert not start(domain, user), "its default is another list"
        assert start(domain, user, taskList={"name": "mine"})
        assert start(domain, user, workflowType=OTHER), "its default is the list"
        assert not start(domain, user, workflowType=OTHER, taskList={"name": "yours"})
        assert start(domain, user, workflowType=SECOND, taskList={"name": "mine"})
    # There is no list at all: one policy minds, and for the other the service does.
    assert not start(domain, "one-list", workflowType=SECOND)
    code, _ = fault(
        domain.seen_with(key_of("perhaps-one-list")).client.start_workflow_execution,
        domain=domain.name,
        workflowId="w",
        workflowType=SECOND,
    )
    assert code == "DefaultUndefinedFault"


def test_the_rule_of_tags_that_lets_a_second_one_through(domain):
    for user in ("insecure-tags", "secure-tags"):
        assert start(domain, user)
        assert start(domain, user, tagList=["red"])
        assert start(domain, user, tagList=["green"])
        assert not start(domain, user, tagList=["blue"])
        assert not start(domain, user, tagList=["blue", "red"])
    assert start(domain, "insecure-tags", tagList=["red", "smuggled"])
    assert not start(domain, "secure-tags", tagList=["red", "smuggled"])
    assert not start(domain, "secure-tags", tagList=["red", "green"])


def test_a_decider_of_one_activity(domain):
    domain.register_activity(OTHER, **ACTIVITY_DEFAULTS)
    assert permitted(decide(domain, "one-activity", schedule("a")))
    assert not permitted(decide(domain, "one-activity", schedule("a", OTHER)))
    assert not permitted(decide(domain, "one-activity", start_timer("t", "60")))


def test_a_decider_of_one_list_of_activities(domain):
    user = "one-activity-list"
    assert permitted(decide(domain, user, schedule("a"))), "by default"
    assert permitted(decide(domain, user, schedule("a", taskList={"name": "activities"})))
    assert not permitted(decide(domain, user, schedule("a", taskList={"name": "others"})))


def test_a_decider_of_one_list(domain):
    here = domain.seen_with(key_of("one-decider-list"))
    execution = domain.start()
    domain.start(taskList={"name": "others"})
    task = here.poll_decision()
    assert task["workflowExecution"] == execution
    here.respond(task)
    others = {"domain": domain.name, "taskList": {"name": "others"}}
    assert not attempt(here.client.poll_for_decision_task, **others)
    assert domain.poll_decision("others")["taskToken"]


def test_a_decider_of_one_kind_of_child(domain):
    domain.register_workflow(OTHER, **WORKFLOW_DEFAULTS)

    def child(type_: dict) -> dict:
        named = {"workflowId": unique("child"), "workflowType": type_}
        return decision("StartChildWorkflowExecution", **named)

    assert permitted(decide(domain, "one-child", child(WORKFLOW)))
    assert not permitted(decide(domain, "one-child", child(OTHER)))


def test_a_policy_may_demand_what_the_service_refuses(domain):
    list_open = domain.seen_with(key_of("impossible")).client.list_open_workflow_executions
    arguments = {"domain": domain.name, "startTimeFilter": {"oldestDate": 0}}
    by_type, by_tag = {"typeFilter": {"name": "order"}}, {"tagFilter": {"tag": "red"}}
    assert not attempt(list_open, **arguments, **by_type)
    assert not attempt(list_open, **arguments, **by_tag)
    code, _ = fault(list_open, **arguments, **by_type, **by_tag)
    assert code == "ValidationException"


def test_access_by_the_tags_of_a_domain(domain):
    """From the moment on at which it has the tag; for its decisions as well."""

    def may(user: str) -> tuple:
        describe_domain = domain.seen_with(key_of(user)).client.describe_domain
        event = decide(domain, user, start_timer("t", "60")) if attempt_answer(user) else None
        return attempt(describe_domain, name=domain.name), event is not None and permitted(event)

    def attempt_answer(user: str) -> bool:
        domain.start()
        respond = domain.seen_with(key_of(user)).client.respond_decision_task_completed
        task = domain.poll_decision()
        answered = attempt(respond, taskToken=task["taskToken"], decisions=[])
        if not answered:
            domain.respond(task)
        return answered

    tag = domain.client.tag_resource
    nobody, everybody = (False, False), (True, True)
    assert (may("production"), may("not-production")) == (nobody, everybody)
    tag(resourceArn=domain.arn, tags=[{"key": "environment", "value": "Production"}])
    assert (may("production"), may("not-production")) == (nobody, everybody)
    tag(resourceArn=domain.arn, tags=[{"key": "environment", "value": "production"}])
    assert (may("production"), may("not-production")) == (everybody, nobody)


def test_new_domains_only_with_a_tag(domain):
    register = domain.seen_with(key_of("new-domains-tagged")).client.register_domain
    retention = {"workflowExecutionRetentionPeriodInDays": "1"}
    for tags, may in [
        ({}, False),
        ({"tags": [{"key": "team", "value": "red"}]}, False),
        ({"tags": [{"key": "team", "value": "blue"}]}, True),
    ]:
        assert attempt(register, name=unique("d"), **retention, **tags) == may


def test_a_domain_named_after_its_user(domain):
    register = domain.seen_with(key_of("own-domain")).client.register_domain
    retention = {"workflowExecutionRetentionPeriodInDays": "1"}
    assert attempt(register, name=unique("own-domain"), **retention)
    assert not attempt(register, name=unique("full"), **retention)
