"""Closed executions go when their domain's period is over."""

import pytest
from driver import Domain, complete_workflow, fault, unknown_execution


@pytest.mark.parametrize("retention", ["0", "NONE"])
def test_without_retention_an_execution_goes_when_it_closes(server, regions, retention):
    domain = Domain.create(server, regions.shared(), retention)
    run = domain.start()
    domain.decide(complete_workflow())
    closed = {"domain": domain.name, "closeTimeFilter": {"oldestDate": 0}}
    while domain.client.count_closed_workflow_executions(**closed)["count"]:
        pass
    for call in (
        domain.client.describe_workflow_execution,
        domain.client.get_workflow_execution_history,
    ):
        assert fault(call, domain=domain.name, execution=run) == unknown_execution(run)
    listed = domain.client.list_closed_workflow_executions(**closed)
    assert listed["executionInfos"] == []
    again = domain.start(workflowId=run["workflowId"])
    assert again["runId"] != run["runId"]


def test_with_retention_it_stays(domain):
    run = domain.start()
    domain.decide(complete_workflow())
    assert domain.describe(run)["executionInfo"]["closeStatus"] == "COMPLETED"
