"""Each operation, for somebody who may do nothing and for somebody who may do just that."""

import functools

import pytest

from driver import ACTIVITY, DECISIONS, WORKFLOW, Domain, fault, schedule, unique
from identities import ACCOUNT, allow, describe, key_of, user_arn, verified
from server import Server

ROLE = f"arn:aws:iam::{ACCOUNT}:role/lambda"


class Scene:
    """A domain, and what is in it as soon as an operation needs it."""

    def __init__(self, domain: Domain):
        self.domain = domain
        self.within = {"domain": domain.name}
        self.activity_type = self.within | {"activityType": ACTIVITY}
        self.workflow_type = self.within | {"workflowType": WORKFLOW}
        self.idle = self.within | {"taskList": {"name": "idle"}}
        self.started_ever = self.within | {"startTimeFilter": {"oldestDate": 0}}

    @functools.cached_property
    def execution(self) -> dict:
        return self.domain.start()

    @property
    def run(self) -> dict:
        return self.within | self.execution

    @functools.cached_property
    def decision(self) -> dict:
        self.execution  # noqa: B018
        return {"taskToken": self.domain.poll_decision()["taskToken"]}

    @functools.cached_property
    def activity(self) -> dict:
        self.execution  # noqa: B018
        self.domain.decide(schedule("a"))
        return {"taskToken": self.domain.poll_activity()["taskToken"]}

    @functools.cached_property
    def new_name(self) -> str:
        return unique("new")


# What is asked of each operation, and what comes of it for somebody who may: a fault, or a reply.
OPERATIONS = {
    "CountClosedWorkflowExecutions": (lambda scene: scene.started_ever, None),
    "CountOpenWorkflowExecutions": (lambda scene: scene.started_ever, None),
    "CountPendingActivityTasks": (lambda scene: scene.idle, None),
    "CountPendingDecisionTasks": (lambda scene: scene.idle, None),
    "DeleteActivityType": (lambda scene: scene.activity_type, "TypeNotDeprecatedFault"),
    "DeleteWorkflowType": (lambda scene: scene.workflow_type, "TypeNotDeprecatedFault"),
    "DeprecateActivityType": (lambda scene: scene.activity_type, None),
    "DeprecateDomain": (lambda scene: {"name": scene.domain.name}, None),
    "DeprecateWorkflowType": (lambda scene: scene.workflow_type, None),
    "DescribeActivityType": (lambda scene: scene.activity_type, None),
    "DescribeDomain": (lambda scene: {"name": scene.domain.name}, None),
    "DescribeWorkflowExecution": (
        lambda scene: scene.within | {"execution": scene.execution},
        None,
    ),
    "DescribeWorkflowType": (lambda scene: scene.workflow_type, None),
    "GetWorkflowExecutionHistory": (
        lambda scene: scene.within | {"execution": scene.execution},
        None,
    ),
    "ListActivityTypes": (lambda scene: scene.within | {"registrationStatus": "REGISTERED"}, None),
    "ListClosedWorkflowExecutions": (lambda scene: scene.started_ever, None),
    "ListDomains": (lambda scene: {"registrationStatus": "REGISTERED"}, None),
    "ListOpenWorkflowExecutions": (lambda scene: scene.started_ever, None),
    "ListTagsForResource": (lambda scene: {"resourceArn": scene.domain.arn}, None),
    "ListWorkflowTypes": (lambda scene: scene.within | {"registrationStatus": "REGISTERED"}, None),
    "PollForActivityTask": (lambda scene: scene.idle, None),
    "PollForDecisionTask": (lambda scene: scene.idle, None),
    "RecordActivityTaskHeartbeat": (lambda scene: scene.activity, None),
    "RegisterActivityType": (lambda scene: scene.within | ACTIVITY, "TypeAlreadyExistsFault"),
    "RegisterDomain": (
        lambda scene: {"name": scene.new_name, "workflowExecutionRetentionPeriodInDays": "1"},
        None,
    ),
    "RegisterWorkflowType": (lambda scene: scene.within | WORKFLOW, "TypeAlreadyExistsFault"),
    "RequestCancelWorkflowExecution": (lambda scene: scene.run, None),
    "RespondActivityTaskCanceled": (lambda scene: scene.activity, None),
    "RespondActivityTaskCompleted": (lambda scene: scene.activity, None),
    "RespondActivityTaskFailed": (lambda scene: scene.activity, None),
    "RespondDecisionTaskCompleted": (lambda scene: scene.decision, None),
    "SignalWorkflowExecution": (lambda scene: scene.run | {"signalName": "s"}, None),
    "StartWorkflowExecution": (lambda scene: scene.workflow_type | {"workflowId": "w"}, None),
    "TagResource": (
        lambda scene: {"resourceArn": scene.domain.arn, "tags": [{"key": "k", "value": "v"}]},
        None,
    ),
    "TerminateWorkflowExecution": (lambda scene: scene.run, None),
    "UndeprecateActivityType": (lambda scene: scene.activity_type, "TypeAlreadyExistsFault"),
    "UndeprecateDomain": (lambda scene: {"name": scene.domain.name}, "DomainAlreadyExistsFault"),
    "UndeprecateWorkflowType": (lambda scene: scene.workflow_type, "TypeAlreadyExistsFault"),
    "UntagResource": (lambda scene: {"resourceArn": scene.domain.arn, "tagKeys": ["k"]}, None),
}
# A token says which task it is, and so which domain; the others name none that is there.
NAMING_NO_DOMAIN = {
    "ListDomains",
    "RecordActivityTaskHeartbeat",
    "RegisterDomain",
    "RespondActivityTaskCanceled",
    "RespondActivityTaskCompleted",
    "RespondActivityTaskFailed",
    "RespondDecisionTaskCompleted",
}


def only(action: str) -> str:
    return "only-" + action


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Somebody who may do nothing, and somebody for each operation. Its polls do not wait."""
    directory = tmp_path_factory.mktemp("operations")
    users = {only(operation): [allow("swf:" + operation)] for operation in OPERATIONS}
    file = describe(directory, {"nobody": []} | users)
    flags = ("--poll-hold-seconds", "1")
    server = Server(directory / "data", *flags, auth=verified(file)).start()
    yield server
    assert server.terminate() == 0


@pytest.fixture
def scene(domain):
    return Scene(domain)


def call(domain: Domain, operation: str):
    """The method of an operation."""
    methods = domain.client.meta.method_to_api_mapping
    (method,) = [method for method, name in methods.items() if name == operation]
    return getattr(domain.client, method)


def denied(user: str, action: str, resource: str) -> tuple:
    return (
        "AccessDeniedException",
        f"User: {user_arn(user)} is not authorized to perform: {action} on resource: {resource}"
        f" because no identity-based policy allows the {action} action",
    )


def test_the_table_has_all_operations(domain):
    assert sorted(OPERATIONS) == sorted(domain.client.meta.service_model.operation_names)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation(scene, operation):
    """Denied to who may not, whatever else they may; for who may do nothing else, it is done."""
    arguments, outcome = OPERATIONS[operation]
    arguments = arguments(scene)
    domain = scene.domain
    resource = domain.arn
    if operation == "ListDomains":
        resource = resource.replace(domain.name, "*")
    if operation == "RegisterDomain":
        resource = resource.replace(domain.name, scene.new_name)
    other = "ListDomains" if operation == "DescribeDomain" else "DescribeDomain"
    for user in ("nobody", only(other)):
        refused = fault(call(domain.seen_with(key_of(user)), operation), **arguments)
        assert refused == denied(user, "swf:" + operation, resource)
    permitted = call(domain.seen_with(key_of(only(operation))), operation)
    if outcome is None:
        permitted(**arguments)
    else:
        code, _ = fault(permitted, **arguments)
        assert code == outcome


@pytest.mark.parametrize("operation", sorted(set(OPERATIONS) - NAMING_NO_DOMAIN))
def test_nothing_is_said_of_what_is_not_there(scene, operation):
    """Neither domains nor types nor executions: who may not ask hears that alone."""
    arguments, _ = OPERATIONS[operation]
    arguments = dict(arguments(scene))
    resource = scene.domain.arn.replace(scene.domain.name, "nowhere")
    for member in ("domain", "name"):
        if arguments.get(member) == scene.domain.name:
            arguments[member] = "nowhere"
    if "resourceArn" in arguments:
        arguments["resourceArn"] = resource
    nobody = call(scene.domain.seen_with(key_of("nobody")), operation)
    assert fault(nobody, **arguments) == denied("nobody", "swf:" + operation, resource)


def test_tags_of_a_new_domain_need_a_right_of_their_own(domain):
    user = only("RegisterDomain")
    name = unique("tagged")
    refused = fault(
        domain.seen_with(key_of(user)).client.register_domain,
        name=name,
        workflowExecutionRetentionPeriodInDays="1",
        tags=[{"key": "k", "value": "v"}],
    )
    assert refused == denied(user, "swf:TagResource", domain.arn.replace(domain.name, name))
    code, _ = fault(domain.client.describe_domain, name=name)
    assert code == "UnknownResourceFault"


def test_a_role_is_passed_only_by_who_may(domain):
    user = only("StartWorkflowExecution")
    start = domain.seen_with(key_of(user)).client.start_workflow_execution
    arguments = {"domain": domain.name, "workflowId": "w", "workflowType": WORKFLOW}
    refused = fault(start, **arguments, lambdaRole=ROLE)
    assert refused == denied(user, "iam:PassRole", ROLE)
    assert domain.pending_decisions(DECISIONS) == 0
    start(**arguments)
