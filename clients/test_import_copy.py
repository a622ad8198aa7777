"""A domain is copied to another name on its own server."""

import json

import pytest

from driver import Domain, complete_workflow, continue_as_new, schedule, unique
from test_import import at, child, run, source, types  # noqa: F401


def test_a_domain_is_copied_on_its_own_server(source, tmp_path):
    domain = Domain.create(source, "us-east-1")
    executions = {}
    # Enough for some to be in the shard that they are in under the other name, which must not matter.
    for index in range(100):
        executions[f"w{index}"] = domain.start(workflowId=f"w{index}", taskList={"name": "idle"})
    for name in ["parent", "renewed"]:
        executions[name] = domain.start(workflowId=name, taskList={"name": name})
    domain.respond(domain.poll_decision("parent"), child("child", "child"))
    domain.respond(domain.poll_decision("parent"), schedule("a", input="run " + executions["parent"]["runId"]))
    domain.respond(domain.poll_decision("renewed"), continue_as_new(taskList={"name": "renewed"}))
    file = tmp_path / "export.jsonl"
    to = ("--endpoint-url", source.url)
    run("export", domain.name, "-o", str(file), *to)
    copy = unique("copy")
    into = ("import", str(file), "--domain", copy, *to)

    # Under the run ids that they have, none is taken, and the report says so.
    report = run(*into, "--dry-run", code=1)
    assert "open executions: 0 to import, 0 there already, 103 refused" in report
    assert f"that run is there in domain {domain.name}" in report and "--new-run-ids" in report
    # And nothing is left of the attempt.
    told = run(*into, code=1)
    assert f"nothing of domain {copy} is registered" in told
    with pytest.raises(domain.client.exceptions.UnknownResourceFault):
        domain.client.describe_domain(name=copy)
    report = run(*into, "--dry-run", "--new-run-ids")
    assert "open executions: 103 to import, 0 there already, 0 refused" in report
    assert "closed executions: 1 to import" in report
    assert "imported 104 executions" in run(*into, "--new-run-ids")
    assert "imported 0 executions; 104 were there already" in run(*into, "--new-run-ids")
    # A domain of that name in another region is another one, and its runs have other ids.
    beside = run(*into, "--new-run-ids", "--region", "eu-west-1")
    assert "imported 104 executions; 0 were there already, 0 were refused" in beside
    here, elsewhere = [
        {
            info["execution"]["runId"]
            for info in source.client(region).list_open_workflow_executions(
                domain=copy, startTimeFilter={"oldestDate": 0}
            )["executionInfos"]
        }
        for region in ["us-east-1", "eu-west-1"]
    ]
    assert len(here) == len(elsewhere) == 103 and here.isdisjoint(elsewhere)
    # Nor by whoever writes the name of another domain into the file.
    text = file.read_text().replace(json.dumps(domain.name), json.dumps(unique("other")))
    file.write_text(text)
    refused = run("import", str(file), *to, code=1)
    assert "imported 0 executions; 0 were there already, 104 were refused" in refused
    assert f"The run id {executions['w0']['runId']} is taken" in refused

    there = at(source, copy)
    work = there.poll_activity()
    assert work["input"] == "run " + executions["parent"]["runId"]
    assert work["workflowExecution"]["runId"] != executions["parent"]["runId"]
    there.complete(work)
    there.respond(there.poll_decision("child"), complete_workflow())
    seen = []
    while "ChildWorkflowExecutionCompleted" not in seen:
        task = there.poll_decision("parent")
        seen = types(task["events"])
        there.respond(task)
    there.respond(there.poll_decision("renewed"), complete_workflow())
    # Nothing of that has reached the original.
    assert types(domain.history(executions["parent"]))[-1] == "ActivityTaskScheduled"
    domain.work()
    domain.respond(domain.poll_decision("child"), complete_workflow())
