"""A source that does not stand still while it is read, or answers in small pages."""

import json

from between import between
from driver import (
    ACTIVITY_DEFAULTS,
    WORKFLOW_DEFAULTS,
    Domain,
    complete_workflow,
    continue_as_new,
    marker,
)
from test_import import at, child, source, take_over, target, types  # noqa: F401


def read_while(source, *steps):
    """Before history number n is read, `steps[n]` is done; before those that follow, the last one."""

    def act(operation, number):
        if operation == "GetWorkflowExecutionHistory" and steps:
            steps[min(number, len(steps) - 1)]()

    return between(source, act)


def nothing():
    pass


def open_runs(domain):
    infos = domain.client.list_open_workflow_executions(
        domain=domain.name, startTimeFilter={"oldestDate": 0}
    )["executionInfos"]
    return sorted((info["execution"]["workflowId"], info["execution"]["runId"]) for info in infos)


def start(domain, name):
    """One with a task list of its own."""
    return domain.start(workflowId=name, taskList={"name": name})


def renew(domain, name):
    """The execution goes on as another run."""
    domain.respond(domain.poll_decision(name), continue_as_new(taskList={"name": name}))


def test_what_continues_as_new_while_it_is_read_comes_along(source, target):
    domain = Domain.create(source, "us-east-1")
    for name in ["before", "after", "twice", "last"]:
        start(domain, name)

    def when_listed():
        for name in ["before", "twice", "twice"]:
            renew(domain, name)

    def when_read():
        renew(domain, "after")

    # Read are two runs of `before`, then `after`, three of `twice`, and then `last`.
    steps = [when_listed, *[nothing] * 5, when_read, nothing]
    with read_while(source, *steps) as moving:
        report = take_over(moving, target, "--execute")
        # `after` was there twice, and then what it went on as.
        assert moving.counts["GetWorkflowExecutionHistory"] == 9
        assert moving.counts["ListOpenWorkflowExecutions"] == 3
    assert "there more than once; the most events count, and of equals the last:\n" in report
    assert report.count("the one with 5 events counts, and one with 2 does not\n") == 1
    assert "open executions: 4 to import, 0 there already, 0 refused" in report
    there = at(target, domain.name)
    assert open_runs(there) == open_runs(domain) and len(open_runs(there)) == 4
    for name in ["before", "after", "twice", "last"]:
        there.respond(there.poll_decision(name), complete_workflow())
    assert open_runs(there) == []


def test_what_starts_or_closes_while_it_is_read_comes_along(source, target):
    domain = Domain.create(source, "us-east-1")
    start(domain, "parent")
    domain.respond(domain.poll_decision("parent"), child("child", "child"))
    # The child has started, and the parent is told.
    domain.respond(domain.poll_decision("parent"))

    def when_the_parent_is_read():
        domain.respond(domain.poll_decision("child"), complete_workflow(result="done"))
        start(domain, "new")

    with read_while(source, nothing, when_the_parent_is_read, nothing) as moving:
        report = take_over(moving, target, "--execute")
    assert "child run" in report and "it has closed since it was listed" in report
    there = at(target, domain.name)
    assert open_runs(there) == open_runs(domain)
    assert [workflow_id for workflow_id, _ in open_runs(there)] == ["new", "parent"]
    told = there.poll_decision("parent")
    assert "ChildWorkflowExecutionCompleted" in types(told["events"])
    there.respond(told, complete_workflow())


def test_a_source_that_does_not_come_to_rest_is_told_of(source, target):
    domain = Domain.create(source, "us-east-1")
    start(domain, "restless")
    with read_while(source, lambda: renew(domain, "restless")) as moving:
        told = take_over(moving, target, code=1)
    assert "restless goes on as one run after the other, and 100 of them were read" in told
    assert "Stop its decider" in told
    with read_while(source, lambda: domain.start()) as moving:
        told = take_over(moving, target, code=1)
    assert f"domain {domain.name} does not come to rest" in told


def test_all_that_is_listed_is_read_page_by_page(source, target):
    domains = [Domain.create(source, "us-east-1") for _ in range(4)]
    domain = domains[0]
    for name in ["w", "x", "y", "z"]:
        domain.register_workflow({"name": name, "version": "1"}, **WORKFLOW_DEFAULTS)
        domain.register_activity({"name": name, "version": "1"}, **ACTIVITY_DEFAULTS)
    for version in ["1", "2", "3"]:
        old = {"name": "old", "version": version}
        domain.register_workflow(old, **WORKFLOW_DEFAULTS)
        domain.client.deprecate_workflow_type(domain=domain.name, workflowType=old)
    domain.client.deprecate_domain(name=domains[3].name)
    for index in range(5):
        start(domain, f"open {index}")
        start(domain, f"closed {index}")
        domain.respond(domain.poll_decision(f"closed {index}"), marker("m"), complete_workflow())

    def in_pages_of_two(operation, body):
        asked = json.loads(body)
        if "maximumPageSize" in asked:
            asked["maximumPageSize"] = 2
        return json.dumps(asked).encode()

    with between(source, change=in_pages_of_two) as paged:
        report = take_over(paged, target, "--closed", "--execute")
        assert paged.counts["ListDomains"] >= 3
        assert paged.counts["ListOpenWorkflowExecutions"] >= 6
        assert paged.counts["GetWorkflowExecutionHistory"] >= 20
    assert "domains and types: 23 to register, 0 there already, 0 there and different" in report
    assert "imported 10 executions; 0 were there already, 0 were refused" in report
    assert open_runs(at(target, domain.name)) == open_runs(domain)
    assert "23 there already, 0 there and different" in take_over(source, target)
