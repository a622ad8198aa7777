"""Domains and types: registering, deprecating, deleting, and every fault on the way."""

import pytest

from driver import WORKFLOW, fault, invalid, unique

KINDS = ["Workflow", "Activity"]
each_kind = pytest.mark.parametrize("kind", KINDS)
BAD_NAMES = ["a:b", "a/b", "a|b", "a\x00", "a\x1f", "a\x7f", "a\x9f", "arn"]
GOOD_NAMES = ["arns", "barn", "a b", "Größe", "a.b_c-d+e=f@g#h"]


class Types:
    """The calls for one kind of type in one domain."""

    def __init__(self, domain, kind: str):
        self.domain, self.kind = domain, kind
        self.member = kind.lower() + "Type"

    def call(self, verb: str, **arguments) -> dict:
        name = f"{verb}_{self.kind.lower()}_type" + ("s" if verb == "list" else "")
        return getattr(self.domain.client, name)(domain=self.domain.name, **arguments)

    def on(self, verb: str, name: str, version: str = "1") -> dict:
        return self.call(verb, **{self.member: {"name": name, "version": version}})

    def register(self, name: str, version: str = "1", **defaults):
        self.call("register", name=name, version=version, **defaults)

    def named(self, name: str, version: str = "1") -> str:
        return f"{self.kind}Type=[name={name}, version={version}]"

    def listed(self, status: str = "REGISTERED", **arguments) -> list:
        infos = self.call("list", registrationStatus=status, **arguments)["typeInfos"]
        return [(info[self.member]["name"], info[self.member]["version"]) for info in infos]


@pytest.fixture
def types(domain, kind):
    return Types(domain, kind)


def test_a_domain_and_its_arn(domain):
    name = unique("d")
    domain.client.register_domain(
        name=name, description="text", workflowExecutionRetentionPeriodInDays="90"
    )
    described = domain.client.describe_domain(name=name)
    assert described["domainInfo"] == {
        "name": name,
        "status": "REGISTERED",
        "description": "text",
        "arn": f"arn:aws:swf:{domain.region}:000000000000:/domain/{name}",
    }
    assert described["configuration"] == {"workflowExecutionRetentionPeriodInDays": "90"}
    assert "description" not in domain.client.describe_domain(name=domain.name)["domainInfo"]


@pytest.mark.parametrize("days", ["0", "1", "90", "NONE"])
def test_retention_comes_back_as_registered(domain, days):
    name = unique("d")
    domain.client.register_domain(name=name, workflowExecutionRetentionPeriodInDays=days)
    described = domain.client.describe_domain(name=name)
    assert described["configuration"] == {"workflowExecutionRetentionPeriodInDays": days}


@pytest.mark.parametrize("days", ["91", "-1", "abc", "1.5", "none"])
def test_bad_retention(domain, days):
    refusal = fault(
        domain.client.register_domain,
        name=unique("d"),
        workflowExecutionRetentionPeriodInDays=days,
    )
    assert refusal[0] == "ValidationException"


def test_domain_faults(domain):
    client, name, unknown = domain.client, domain.name, unique("unknown")
    register = {"name": name, "workflowExecutionRetentionPeriodInDays": "1"}
    for call in (client.describe_domain, client.deprecate_domain, client.undeprecate_domain):
        assert fault(call, name=unknown) == ("UnknownResourceFault", f"Unknown domain: {unknown}")
    assert fault(client.register_domain, **register) == ("DomainAlreadyExistsFault", name)
    assert fault(client.undeprecate_domain, name=name) == ("DomainAlreadyExistsFault", name)
    client.deprecate_domain(name=name)
    assert fault(client.deprecate_domain, name=name) == ("DomainDeprecatedFault", name)
    assert fault(client.register_domain, **register) == ("DomainAlreadyExistsFault", name)
    assert client.describe_domain(name=name)["domainInfo"]["status"] == "DEPRECATED"
    client.undeprecate_domain(name=name)
    assert client.describe_domain(name=name)["domainInfo"]["status"] == "REGISTERED"


def test_deprecating_a_domain_deprecates_its_types(domain):
    run = domain.start()
    types = [Types(domain, kind) for kind in KINDS]
    for kind in types:
        kind.register("old")
        kind.on("deprecate", "old")
    domain.client.deprecate_domain(name=domain.name)
    for kind in types:
        assert kind.listed() == []
        assert len(kind.listed("DEPRECATED")) == 2
        code, _ = fault(kind.register, name="new")
        assert code in ("DomainDeprecatedFault", "UnknownResourceFault")
    start = fault(domain.start)
    assert start == ("TypeDeprecatedFault", "WorkflowType=[name=order, version=1]")
    assert domain.describe(run)["executionInfo"]["executionStatus"] == "OPEN"

    domain.client.undeprecate_domain(name=domain.name)
    for kind in types:
        assert kind.listed() == [], "types stay deprecated"
        kind.register("new")


def test_list_domains_by_status(server, regions):
    client = server.client(regions.fresh())
    for name in ("b", "a", "c"):
        client.register_domain(name=name, workflowExecutionRetentionPeriodInDays="1")
    client.deprecate_domain(name="b")

    def names(status, **arguments):
        infos = client.list_domains(registrationStatus=status, **arguments)["domainInfos"]
        return [info["name"] for info in infos]

    assert names("REGISTERED") == ["a", "c"]
    assert names("REGISTERED", reverseOrder=True) == ["c", "a"]
    assert names("DEPRECATED") == ["b"]


def test_regions_are_apart(server, domain, regions):
    elsewhere = server.client(regions.fresh())
    assert fault(elsewhere.describe_domain, name=domain.name)[0] == "UnknownResourceFault"
    elsewhere.register_domain(name=domain.name, workflowExecutionRetentionPeriodInDays="1")
    listed = elsewhere.list_workflow_types(domain=domain.name, registrationStatus="REGISTERED")
    assert listed["typeInfos"] == []


def test_an_account_holds_a_hundred_domains(server, regions):
    client = server.client(regions.fresh())
    register = client.register_domain
    for number in range(100):
        register(name=f"d{number}", workflowExecutionRetentionPeriodInDays="1")
    client.deprecate_domain(name="d0")
    refusal = fault(register, name="one-more", workflowExecutionRetentionPeriodInDays="1")
    assert refusal[0] == "LimitExceededFault", "deprecated domains count"


def test_registration_status_is_an_enum(domain):
    assert fault(domain.client.list_domains, registrationStatus="BOGUS") == invalid(
        "BOGUS",
        "registrationStatus",
        "Member must satisfy enum value set: [REGISTERED, DEPRECATED]",
    )


@pytest.mark.parametrize("name", BAD_NAMES + [" a", "a "])
def test_bad_domain_names(domain, name):
    refusal = fault(
        domain.client.register_domain, name=name, workflowExecutionRetentionPeriodInDays="1"
    )
    assert refusal[0] == "ValidationException"


@each_kind
def test_type_names(types):
    for name in BAD_NAMES:
        assert fault(types.register, name=name)[0] == "ValidationException", name
        assert fault(types.register, name="n", version=name)[0] == "ValidationException", name
    for name in GOOD_NAMES:
        types.register(name)
    assert set(GOOD_NAMES) < {name for name, _ in types.listed()}


@each_kind
def test_type_faults(types):
    unknown = ("UnknownResourceFault", f"Unknown type: {types.named('x', '2')}")
    for verb in ("describe", "deprecate", "undeprecate", "delete"):
        assert fault(types.on, verb=verb, name="x", version="2") == unknown
    types.register("n")
    exists = ("TypeAlreadyExistsFault", types.named("n"))
    assert fault(types.register, name="n") == exists
    assert fault(types.on, verb="undeprecate", name="n") == exists
    assert fault(types.on, verb="delete", name="n") == (
        "TypeNotDeprecatedFault",
        "The type is currently registered and cannot be deleted in its current state",
    )
    types.on("deprecate", "n")
    assert fault(types.on, verb="deprecate", name="n") == (
        "TypeDeprecatedFault",
        types.named("n"),
    )
    assert fault(types.register, name="n") == exists
    types.on("undeprecate", "n")
    assert types.on("describe", "n")["typeInfo"]["status"] == "REGISTERED"


@each_kind
def test_a_deleted_type_is_gone_and_its_name_free(types):
    types.register("n")
    types.on("deprecate", "n")
    types.on("delete", "n")
    assert fault(types.on, verb="describe", name="n")[0] == "UnknownResourceFault"
    assert fault(types.on, verb="delete", name="n")[0] == "UnknownResourceFault"
    assert ("n", "1") not in types.listed("DEPRECATED")
    types.register("n", description="again")
    assert types.on("describe", "n")["typeInfo"]["description"] == "again"


@each_kind
def test_types_in_an_unknown_domain(domain, types):
    missing = Types(domain, types.kind)
    missing.domain = type("Missing", (), {"client": domain.client, "name": "nowhere"})
    unknown = ("UnknownResourceFault", "Unknown domain: nowhere")
    assert fault(missing.register, name="n") == unknown
    assert fault(missing.listed) == unknown
    assert fault(missing.on, verb="describe", name="n") == unknown


@each_kind
def test_type_dates(types):
    types.register("n")
    info = types.on("describe", "n")["typeInfo"]
    assert "deprecationDate" not in info
    types.on("deprecate", "n")
    deprecated = types.on("describe", "n")["typeInfo"]
    assert deprecated["status"] == "DEPRECATED"
    assert deprecated["creationDate"] == info["creationDate"]
    assert deprecated["deprecationDate"] >= info["creationDate"]
    types.on("undeprecate", "n")
    assert types.on("describe", "n")["typeInfo"] == info


@each_kind
def test_listing_types(types):
    for name, version in (("b", "1"), ("a", "2"), ("a", "1"), ("c", "1")):
        types.register(name, version)
    types.on("deprecate", "c")
    ours = [item for item in types.listed() if item[0] in "abc"]
    assert ours == [("a", "1"), ("a", "2"), ("b", "1")]
    assert [i for i in types.listed(reverseOrder=True) if i[0] in "abc"] == ours[::-1]
    assert types.listed(name="a") == [("a", "1"), ("a", "2")]
    assert types.listed("DEPRECATED") == [("c", "1")]
    assert types.listed("DEPRECATED", name="a") == []


@pytest.mark.parametrize(
    "kind, defaults",
    [
        (
            "Workflow",
            {
                "defaultTaskStartToCloseTimeout": "NONE",
                "defaultExecutionStartToCloseTimeout": "31536000",
                "defaultTaskList": {"name": "list"},
                "defaultTaskPriority": "-5",
                "defaultChildPolicy": "REQUEST_CANCEL",
                "defaultLambdaRole": "arn:aws:iam::000000000000:role/lambda",
            },
        ),
        (
            "Activity",
            {
                "defaultTaskStartToCloseTimeout": "60",
                "defaultTaskHeartbeatTimeout": "NONE",
                "defaultTaskList": {"name": "list"},
                "defaultTaskPriority": "2147483647",
                "defaultTaskScheduleToStartTimeout": "0",
                "defaultTaskScheduleToCloseTimeout": "99999999",
            },
        ),
    ],
)
def test_the_configuration_is_what_was_registered(types, defaults):
    types.register("full", **defaults)
    assert types.on("describe", "full")["configuration"] == defaults
    for member, value in defaults.items():
        types.register(member, **{member: value})
        assert types.on("describe", member)["configuration"] == {member: value}
    types.register("none")
    assert types.on("describe", "none")["configuration"] == {}


DURATIONS = {
    "Workflow": ["defaultTaskStartToCloseTimeout", "defaultExecutionStartToCloseTimeout"],
    "Activity": [
        "defaultTaskStartToCloseTimeout",
        "defaultTaskHeartbeatTimeout",
        "defaultTaskScheduleToStartTimeout",
        "defaultTaskScheduleToCloseTimeout",
    ],
}


@each_kind
def test_bad_defaults(types):
    for member in DURATIONS[types.kind]:
        for value in ("-1", "abc", "1.5", "none"):
            refusal = fault(types.register, name="n", **{member: value})
            assert refusal[0] == "ValidationException", (member, value)
        assert fault(types.register, name="n", **{member: "123456789"}) == invalid(
            "123456789", member, "Member must have length less than or equal to 8"
        )
    for priority in ("abc", "1.5", "2147483648", "-2147483649"):
        refusal = fault(types.register, name="n", defaultTaskPriority=priority)
        assert refusal[0] == "ValidationException", priority


def test_a_workflow_type_may_not_run_for_ever(domain):
    types = Types(domain, "Workflow")
    refusal = fault(types.register, name="n", defaultExecutionStartToCloseTimeout="NONE")
    assert refusal[0] == "ValidationException"


def test_child_policy_is_an_enum(domain):
    code, text = fault(Types(domain, "Workflow").register, name="n", defaultChildPolicy="BOGUS")
    assert code == "ValidationException"
    assert text.startswith(
        "1 validation error detected: Value 'BOGUS' at 'defaultChildPolicy' failed to satisfy "
        "constraint: Member must satisfy enum value set: ["
    )


def test_tags_of_a_domain(domain):
    client, name = domain.client, unique("tagged")
    client.register_domain(
        name=name,
        workflowExecutionRetentionPeriodInDays="1",
        tags=[{"key": "a", "value": "1"}, {"key": "b", "value": ""}],
    )
    arn = client.describe_domain(name=name)["domainInfo"]["arn"]

    def tags():
        listed = client.list_tags_for_resource(resourceArn=arn)["tags"]
        return {tag["key"]: tag.get("value", "") for tag in listed}

    assert tags() == {"a": "1", "b": ""}
    client.tag_resource(
        resourceArn=arn, tags=[{"key": "a", "value": "2"}, {"key": "c d", "value": "é/=+-@:._"}]
    )
    assert tags() == {"a": "2", "b": "", "c d": "é/=+-@:._"}
    client.untag_resource(resourceArn=arn, tagKeys=["a", "unknown"])
    assert tags() == {"b": "", "c d": "é/=+-@:._"}
    client.untag_resource(resourceArn=arn, tagKeys=["b", "c d"])
    assert client.list_tags_for_resource(resourceArn=arn)["tags"] == []


def test_tag_faults(domain):
    client = domain.client
    arn = client.describe_domain(name=domain.name)["domainInfo"]["arn"]
    many = [{"key": f"k{n}", "value": "v"} for n in range(51)]
    client.tag_resource(resourceArn=arn, tags=many[:50])
    assert fault(client.tag_resource, resourceArn=arn, tags=many[50:])[0] == "TooManyTagsFault"
    client.tag_resource(resourceArn=arn, tags=many[:1])
    refusal = fault(
        client.register_domain,
        name=unique("d"),
        workflowExecutionRetentionPeriodInDays="1",
        tags=many,
    )
    assert refusal[0] == "TooManyTagsFault"
    unknown = arn + "-unknown"
    assert fault(client.list_tags_for_resource, resourceArn=unknown)[0] == "UnknownResourceFault"
    refusal = fault(client.tag_resource, resourceArn=unknown, tags=many[:1])
    assert refusal[0] == "UnknownResourceFault"
    refusal = fault(client.untag_resource, resourceArn=unknown, tagKeys=["a"])
    assert refusal[0] == "UnknownResourceFault"
    bad_key = [{"key": "a*b", "value": "v"}]
    assert fault(client.tag_resource, resourceArn=arn, tags=bad_key)[0] == "ValidationException"


def test_one_type_name_serves_both_kinds(domain):
    domain.register_activity(WORKFLOW)
    assert fault(domain.register_workflow, type_=WORKFLOW)[0] == "TypeAlreadyExistsFault"
