"""A whole workflow, and the errors along the way, through the AWS CLI alone."""

import json

import pytest

from driver import unique

RETENTION = ("--workflow-execution-retention-period-in-days", "3")


def error(code: str, operation: str, text: str) -> str:
    return f"An error occurred ({code}) when calling the {operation} operation: {text}"


@pytest.fixture
def shop(aws):
    """A domain with its two types, registered through the CLI."""
    name = unique("shop")
    aws.silent(
        "register-domain", "--name", name, *RETENTION, "--description", "a shop",
        "--tags", "key=team,value=sales", "key=empty,value=",
    )  # fmt: skip
    aws.silent(
        "register-workflow-type", "--domain", name, "--name", "order",
        "--workflow-version", "1.0", "--default-task-list", "name=orders",
        "--default-execution-start-to-close-timeout", "3600",
        "--default-task-start-to-close-timeout", "60", "--default-child-policy", "ABANDON",
    )  # fmt: skip
    aws.silent(
        "register-activity-type", "--domain", name, "--name", "pack",
        "--activity-version", "2.1", "--default-task-list", "name=packing",
        "--default-task-heartbeat-timeout", "NONE",
        "--default-task-schedule-to-start-timeout", "NONE",
        "--default-task-schedule-to-close-timeout", "NONE",
        "--default-task-start-to-close-timeout", "300", "--default-task-priority", "-5",
    )  # fmt: skip
    return name


def test_registrations(aws, shop):
    described = aws.json("describe-domain", "--name", shop)
    arn = f"arn:aws:swf:{aws.region}:000000000000:/domain/{shop}"
    assert described == {
        "domainInfo": {
            "name": shop,
            "status": "REGISTERED",
            "description": "a shop",
            "arn": arn,
        },
        "configuration": {"workflowExecutionRetentionPeriodInDays": "3"},
    }
    tags = aws.json("list-tags-for-resource", "--resource-arn", arn)["tags"]
    assert {tag["key"]: tag.get("value", "") for tag in tags} == {"team": "sales", "empty": ""}

    on = ("--domain", shop, "--activity-type", "name=pack,version=2.1")
    described = aws.json("describe-activity-type", *on)
    assert described["typeInfo"]["activityType"] == {"name": "pack", "version": "2.1"}
    assert isinstance(described["typeInfo"]["creationDate"], float), "v1 shows what was received"
    assert described["configuration"] == {
        "defaultTaskStartToCloseTimeout": "300",
        "defaultTaskHeartbeatTimeout": "NONE",
        "defaultTaskList": {"name": "packing"},
        "defaultTaskPriority": "-5",
        "defaultTaskScheduleToStartTimeout": "NONE",
        "defaultTaskScheduleToCloseTimeout": "NONE",
    }
    aws.silent("deprecate-activity-type", *on)
    aws.silent("delete-activity-type", *on)
    assert aws.refused("describe-activity-type", *on) == error(
        "UnknownResourceFault",
        "DescribeActivityType",
        "Unknown type: ActivityType=[name=pack, version=2.1]",
    )


def test_a_whole_workflow(aws, shop):
    named = ("--domain", shop)
    run_id = aws.json(
        "start-workflow-execution", *named, "--workflow-id", "order-1",
        "--workflow-type", "name=order,version=1.0", "--input", '{"item": 1}',
        "--tag-list", "red", "two words",
    )["runId"]  # fmt: skip
    execution = {"workflowId": "order-1", "runId": run_id}
    of_run = (*named, "--execution", f"workflowId=order-1,runId={run_id}")

    decision = aws.json("poll-for-decision-task", *named, "--task-list", "name=orders")
    assert decision["workflowExecution"] == execution
    assert decision["previousStartedEventId"] == 0
    attributes = {
        "activityId": "pack-1",
        "activityType": {"name": "pack", "version": "2.1"},
        "input": "box",
    }
    decisions = [
        {
            "decisionType": "ScheduleActivityTask",
            "scheduleActivityTaskDecisionAttributes": attributes,
        }
    ]
    aws.silent(
        "respond-decision-task-completed", "--task-token", decision["taskToken"],
        "--decisions", json.dumps(decisions), "--execution-context", "packing",
    )  # fmt: skip

    counted = aws.json("count-pending-activity-tasks", *named, "--task-list", "name=packing")
    assert counted == {"count": 1, "truncated": False}
    activity = aws.json(
        "poll-for-activity-task", *named, "--task-list", "name=packing", "--identity", "packer"
    )
    assert activity["activityId"] == "pack-1"
    assert activity["input"] == "box"
    token = activity["taskToken"]
    beat = aws.json("record-activity-task-heartbeat", "--task-token", token, "--details", "half")
    assert beat == {"cancelRequested": False}
    aws.silent("respond-activity-task-completed", "--task-token", token, "--result", "packed")

    described = aws.json("describe-workflow-execution", *of_run)
    info = described["executionInfo"]
    assert info["executionStatus"] == "OPEN"
    assert info["tagList"] == ["red", "two words"]
    assert info["cancelRequested"] is False
    assert described["latestExecutionContext"] == "packing"
    assert described["executionConfiguration"] == {
        "taskStartToCloseTimeout": "60",
        "executionStartToCloseTimeout": "3600",
        "taskList": {"name": "orders"},
        "childPolicy": "ABANDON",
    }

    words = ("--task-list", "name=orders", "--page-size", "4")
    decision = aws.json("poll-for-decision-task", *named, *words)
    assert [event["eventId"] for event in decision["events"]] == list(range(1, 10))
    assert (decision["previousStartedEventId"], decision["startedEventId"]) == (3, 9)
    assert decision["workflowType"] == {"name": "order", "version": "1.0"}
    shorthand = (
        "decisionType=CompleteWorkflowExecution,"
        "completeWorkflowExecutionDecisionAttributes={result=ok}"
    )
    aws.silent(
        "respond-decision-task-completed", "--task-token", decision["taskToken"],
        "--decisions", shorthand,
    )  # fmt: skip

    events = aws.json("get-workflow-execution-history", *of_run, "--page-size", "3")["events"]
    assert [event["eventId"] for event in events] == list(range(1, 12))
    assert events[-1]["workflowExecutionCompletedEventAttributes"] == {
        "result": "ok",
        "decisionTaskCompletedEventId": 10,
    }
    assert events[0]["workflowExecutionStartedEventAttributes"]["parentInitiatedEventId"] == 0
    assert events[5]["activityTaskStartedEventAttributes"]["identity"] == "packer"
    assert aws.refused(
        "respond-activity-task-failed", "--task-token", token, "--reason", "late"
    ) == error(
        "UnknownResourceFault",
        "RespondActivityTaskFailed",
        f"Unknown execution: WorkflowExecution=[workflowId=order-1, runId={run_id}]",
    )


def test_lists_with_filters(aws, shop):
    named = ("--domain", shop)
    since = ("--start-time-filter", "oldestDate=0")
    for name in ("a", "b", "c"):
        aws.json(
            "start-workflow-execution", *named, "--workflow-id", name,
            "--workflow-type", "name=order,version=1.0", "--tag-list", f"tag-{name}", "all",
        )  # fmt: skip
    aws.silent("signal-workflow-execution", *named, "--workflow-id", "a", "--signal-name", "s")
    aws.silent("request-cancel-workflow-execution", *named, "--workflow-id", "a")
    aws.silent(
        "terminate-workflow-execution", *named, "--workflow-id", "c",
        "--reason", "enough", "--child-policy", "TERMINATE",
    )  # fmt: skip

    def ids(operation, *words):
        infos = aws.json(operation, *named, *words)["executionInfos"]
        return [info["execution"]["workflowId"] for info in infos]

    opened, closed = "list-open-workflow-executions", "list-closed-workflow-executions"
    assert ids(opened, *since, "--page-size", "1") == ["b", "a"], "pages are merged"
    assert ids(opened, *since, "--reverse-order", "--tag-filter", "tag=all") == ["a", "b"]
    assert ids(opened, *since, "--type-filter", "name=order,version=9") == []
    assert ids(closed, "--close-time-filter", "oldestDate=0") == ["c"]
    terminated = ("--close-status-filter", "status=TERMINATED")
    assert ids(closed, *since, *terminated) == ["c"]
    limited = aws.json(opened, *named, *since, "--max-items", "1")
    assert len(limited["executionInfos"]) == 1
    assert ids(opened, *since, "--starting-token", limited["NextToken"]) == ["a"]
    count = aws.json(
        "count-open-workflow-executions", *named, *since, "--execution-filter", "workflowId=a"
    )
    assert count == {"count": 1, "truncated": False}
    assert aws.refused("list-closed-workflow-executions", *named) == error(
        "ValidationException", "ListClosedWorkflowExecutions", "Must specify time filter"
    )


def test_error_texts(aws, shop):
    assert aws.refused("describe-domain", "--name", "nowhere") == error(
        "UnknownResourceFault", "DescribeDomain", "Unknown domain: nowhere"
    )
    assert aws.refused("register-domain", "--name", shop, *RETENTION) == error(
        "DomainAlreadyExistsFault", "RegisterDomain", shop
    )
    assert aws.refused(
        "register-workflow-type", "--domain", shop, "--name", "order", "--workflow-version", "1.0"
    ) == error(
        "TypeAlreadyExistsFault",
        "RegisterWorkflowType",
        "WorkflowType=[name=order, version=1.0]",
    )
    assert aws.refused("list-domains", "--registration-status", "BOGUS") == error(
        "ValidationException",
        "ListDomains",
        "1 validation error detected: Value 'BOGUS' at 'registrationStatus' failed to satisfy "
        "constraint: Member must satisfy enum value set: [REGISTERED, DEPRECATED]",
    )
    too_many = ("--registration-status", "REGISTERED", "--page-size", "5000")
    assert aws.refused("list-domains", *too_many) == error(
        "ValidationException",
        "ListDomains",
        "1 validation error detected: Value '5000' at 'maximumPageSize' failed to satisfy "
        "constraint: Member must have value less than or equal to 1000",
    )
    lacking = ("--domain", shop, "--name", "lacking", "--workflow-version", "1")
    aws.silent("register-workflow-type", *lacking)
    assert aws.refused(
        "start-workflow-execution", "--domain", shop, "--workflow-id", "w",
        "--workflow-type", "name=lacking,version=1",
    ) == error(
        "DefaultUndefinedFault", "StartWorkflowExecution", "executionStartToCloseTimeout"
    )  # fmt: skip


def test_a_second_start_has_no_text(aws, shop):
    words = (
        "start-workflow-execution", "--domain", shop, "--workflow-id", "w",
        "--workflow-type", "name=order,version=1.0",
    )  # fmt: skip
    aws.json(*words)
    assert aws.refused(*words) == error(
        "WorkflowExecutionAlreadyStartedFault", "StartWorkflowExecution", ""
    ).strip()
