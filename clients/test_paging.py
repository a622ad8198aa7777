"""The seven paged operations, each over exactly five items."""

import dataclasses

import pytest

from driver import Domain, event_ids, event_names, fault, invalid, unique, unknown_decision

OPERATIONS = [
    "list_domains",
    "list_workflow_types",
    "list_activity_types",
    "list_open_workflow_executions",
    "list_closed_workflow_executions",
    "get_workflow_execution_history",
    "poll_for_decision_task",
]
INVALID_TOKEN = ("ValidationException", "Invalid token")
each_operation = pytest.mark.parametrize("operation", OPERATIONS)


@dataclasses.dataclass
class Paged:
    """One operation with arguments that select five items, and others that it also accepts."""

    domain: Domain
    operation: str
    arguments: dict
    other: dict
    result: str

    def call(self, **arguments) -> dict:
        """A page. Polling takes a task away, so its first page is that of a new run."""
        if self.operation == "poll_for_decision_task" and "nextPageToken" not in arguments:
            start_with_signals(self.domain, 2, self.arguments["taskList"])
        return self.again(**arguments)

    def again(self, **arguments) -> dict:
        """The same without a new run."""
        return getattr(self.domain.client, self.operation)(**self.arguments | arguments)

    def items(self, page: dict) -> list:
        return [identity(item) for item in page[self.result]]

    def pages(self, **arguments) -> list:
        """The items of every page, asked for with the tokens of the pages before."""
        page = self.call(**arguments)
        pages = [self.items(page)]
        while "nextPageToken" in page:
            assert len(pages) < 10, "paging does not end"
            page = self.call(nextPageToken=page["nextPageToken"], **arguments)
            pages.append(self.items(page))
        return pages


def identity(item: dict):
    for member in ("eventId", "name"):
        if member in item:
            return item[member]
    if "execution" in item:
        return item["execution"]["runId"]
    return (item.get("workflowType") or item["activityType"])["name"]


def start_with_signals(domain: Domain, signals: int, task_list: dict) -> dict:
    run = domain.start(taskList=task_list, taskStartToCloseTimeout="NONE")
    for _ in range(signals):
        domain.signal(run)
    return run


@pytest.fixture(scope="module")
def all_paged(server, lonely_region):
    """Five of everything; the tests only read."""
    domain = Domain.create(server, lonely_region)
    client = domain.client
    for number in range(4):
        client.register_domain(
            name=f"domain-z{number}", workflowExecutionRetentionPeriodInDays="1"
        )
        domain.register_workflow({"name": f"type-{number}", "version": "1"})
        domain.register_activity({"name": f"type-{number}", "version": "1"})
    for _ in range(5):
        domain.terminate(domain.start(tagList=["five"]))
        domain.start(tagList=["five"])
    idle = {"name": unique("idle")}
    run, other_run = (start_with_signals(domain, 3, idle) for _ in range(2))

    registered = {"registrationStatus": "REGISTERED"}
    deprecated = {"registrationStatus": "DEPRECATED"}
    named = {"domain": domain.name}
    since = {"startTimeFilter": {"oldestDate": 0}}
    five, six = ({"tagFilter": {"tag": tag}} for tag in ("five", "six"))
    history = named | {"execution": run}
    poll = named | {"taskList": {"name": "paged"}}
    shapes = {
        "list_domains": (registered, deprecated, "domainInfos"),
        "list_workflow_types": (named | registered, deprecated, "typeInfos"),
        "list_activity_types": (named | registered, deprecated, "typeInfos"),
        "list_open_workflow_executions": (named | since | five, six, "executionInfos"),
        "list_closed_workflow_executions": (named | since | five, six, "executionInfos"),
        "get_workflow_execution_history": (history, {"execution": other_run}, "events"),
        "poll_for_decision_task": (poll, {"taskList": idle}, "events"),
    }
    assert list(shapes) == OPERATIONS
    return {name: Paged(domain, name, *shape) for name, shape in shapes.items()}


@pytest.fixture
def paged(all_paged, operation):
    return all_paged[operation]


@each_operation
@pytest.mark.parametrize("size", [1, 2, 4])
def test_pages_join_into_the_whole(paged, size):
    whole = paged.items(paged.call())
    assert len(set(whole)) == 5
    pages = paged.pages(maximumPageSize=size)
    assert sum(pages, []) == whole
    assert [len(page) for page in pages] == [size] * (5 // size) + [5 % size] * (5 % size > 0)


@each_operation
def test_reverse_order_reverses_the_whole_and_then_pages(paged):
    whole = paged.items(paged.call())
    pages = paged.pages(maximumPageSize=3, reverseOrder=True)
    assert pages == [whole[:1:-1], whole[1::-1]]


@each_operation
def test_a_last_page_exactly_full_has_no_token(paged):
    page = paged.call(maximumPageSize=5)
    assert len(paged.items(page)) == 5
    assert "nextPageToken" not in page


@each_operation
@pytest.mark.parametrize("size", [0, 1000])
def test_zero_is_the_default_and_a_thousand_the_most(paged, size):
    assert len(paged.items(paged.call(maximumPageSize=size))) == 5


@each_operation
def test_page_sizes_above_a_thousand_are_refused(paged):
    assert fault(paged.again, maximumPageSize=1001) == invalid(
        1001, "maximumPageSize", "Member must have value less than or equal to 1000"
    )


@each_operation
def test_a_corrupt_token_is_refused(paged):
    token = paged.call(maximumPageSize=2)["nextPageToken"]
    middle = len(token) // 2
    flipped = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1:]
    for corrupt in ("garbage", "====", token[: middle], flipped):
        refusal = fault(paged.again, maximumPageSize=2, nextPageToken=corrupt)
        assert refusal == INVALID_TOKEN, corrupt


@each_operation
def test_a_token_is_bound_to_the_other_arguments(paged):
    token = paged.call(maximumPageSize=2)["nextPageToken"]
    for other in (paged.other, {"reverseOrder": True}):
        refusal = fault(paged.again, maximumPageSize=2, nextPageToken=token, **other)
        assert refusal == INVALID_TOKEN, other
    assert len(paged.items(paged.again(maximumPageSize=2, nextPageToken=token))) == 2


@each_operation
def test_a_token_is_bound_to_its_operation(paged, all_paged):
    token = paged.call(maximumPageSize=2)["nextPageToken"]
    for other in all_paged.values():
        if other is not paged:
            refusal = fault(other.again, maximumPageSize=2, nextPageToken=token)
            assert refusal == INVALID_TOKEN, other.operation


@each_operation
def test_boto3_paginators(paged):
    whole = paged.items(paged.call())
    if paged.operation == "poll_for_decision_task":
        start_with_signals(paged.domain, 2, paged.arguments["taskList"])
    paginator = paged.domain.client.get_paginator(paged.operation)
    pages = list(paginator.paginate(**paged.arguments, PaginationConfig={"PageSize": 2}))
    assert [len(page[paged.result]) for page in pages] == [2, 2, 1]
    assert sum([paged.items(page) for page in pages], []) == whole


def test_pages_of_a_decision_task_end_at_its_own_start(domain):
    run = domain.start()
    domain.signal(run)
    first = domain.poll_decision(maximumPageSize=2)
    assert event_ids(first["events"]) == [1, 2]
    domain.signal(run)
    second = domain.poll_decision(nextPageToken=first["nextPageToken"], maximumPageSize=2)
    assert event_names(second["events"]) == ["WorkflowExecutionSignaled", "DecisionTaskStarted"]
    assert "nextPageToken" not in second, "the second signal is not this task's business"
    for member in (
        "taskToken",
        "startedEventId",
        "previousStartedEventId",
        "workflowExecution",
        "workflowType",
    ):
        assert second[member] == first[member]
    assert first["startedEventId"] == 4
    assert event_ids(domain.history(run)) == [1, 2, 3, 4, 5, 6], "no further task was taken"


def test_reversed_pages_of_a_decision_task_begin_at_its_own_start(domain):
    run = domain.start()
    domain.signal(run)
    first = domain.poll_decision(maximumPageSize=2, reverseOrder=True)
    domain.signal(run)
    second = domain.poll_decision(
        nextPageToken=first["nextPageToken"], maximumPageSize=2, reverseOrder=True
    )
    assert event_ids(first["events"]) == [4, 3]
    assert event_ids(second["events"]) == [2, 1]
    assert "nextPageToken" not in second


def test_the_same_token_gives_the_same_page_again(domain):
    domain.start()
    first = domain.poll_decision(maximumPageSize=1)
    second, again = (
        domain.poll_decision(nextPageToken=first["nextPageToken"], maximumPageSize=1)
        for _ in range(2)
    )
    assert second["events"] == again["events"]
    assert event_ids(second["events"]) == [2]


def test_the_pages_of_a_closed_decision_task_are_gone(domain):
    domain.start()
    task = domain.poll_decision(maximumPageSize=1)
    domain.respond(task)
    refusal = fault(domain.poll_decision, nextPageToken=task["nextPageToken"], maximumPageSize=1)
    assert refusal == unknown_decision(2)


def test_history_pages_while_the_run_goes_on(domain):
    run = domain.start()
    arguments = {"domain": domain.name, "execution": run, "maximumPageSize": 2}
    first = domain.client.get_workflow_execution_history(**arguments)
    assert "nextPageToken" not in first
    domain.signal(run)
    first = domain.client.get_workflow_execution_history(**arguments)
    second = domain.client.get_workflow_execution_history(
        nextPageToken=first["nextPageToken"], **arguments
    )
    assert event_ids(first["events"] + second["events"]) == [1, 2, 3]
