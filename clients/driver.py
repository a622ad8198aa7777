"""A domain as its users see it: starting runs, deciding, working, and reading histories.

Histories are compared as text, one line per event: id, type, every `...EventId` member (printed
without that suffix), then the few words that tell one event of a type from another.
"""

import textwrap
import uuid

import pytest
from botocore.exceptions import ClientError

from server import ADMINISTRATOR, Key

WORKFLOW = {"name": "order", "version": "1"}
ACTIVITY = {"name": "step", "version": "1"}
DECISIONS = "decisions"
ACTIVITIES = "activities"
WORDS = ["activityId", "timerId", "markerName", "signalName", "timeoutType", "cause"]

WORKFLOW_DEFAULTS = {
    "defaultTaskList": {"name": DECISIONS},
    "defaultExecutionStartToCloseTimeout": "3600",
    "defaultTaskStartToCloseTimeout": "60",
    "defaultChildPolicy": "TERMINATE",
}
ACTIVITY_DEFAULTS = {
    "defaultTaskList": {"name": ACTIVITIES},
    "defaultTaskScheduleToStartTimeout": "NONE",
    "defaultTaskScheduleToCloseTimeout": "NONE",
    "defaultTaskStartToCloseTimeout": "NONE",
    "defaultTaskHeartbeatTimeout": "NONE",
}


def unique(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


class Domain:
    def __init__(self, server, region: str, name: str, key: Key = ADMINISTRATOR):
        self.server = server
        self.region = region
        self.url = server.url
        self.name = name
        self.client = server.client(region, key)

    @classmethod
    def create(cls, server, region: str, retention_days: str = "7") -> "Domain":
        domain = cls(server, region, unique("domain"))
        domain.client.register_domain(
            name=domain.name, workflowExecutionRetentionPeriodInDays=retention_days
        )
        domain.register_workflow(WORKFLOW, **WORKFLOW_DEFAULTS)
        domain.register_activity(ACTIVITY, **ACTIVITY_DEFAULTS)
        return domain

    def seen_with(self, key: Key) -> "Domain":
        """The same domain, for somebody else."""
        return Domain(self.server, self.region, self.name, key)

    @property
    def arn(self) -> str:
        return f"arn:aws:swf:{self.region}:000000000000:/domain/{self.name}"

    def register_workflow(self, type_: dict, **defaults):
        self.client.register_workflow_type(domain=self.name, **type_, **defaults)

    def register_activity(self, type_: dict, **defaults):
        self.client.register_activity_type(domain=self.name, **type_, **defaults)

    # Runs.

    def start(self, **arguments) -> dict:
        """Starts a run and returns its execution, as other calls name it."""
        arguments = {"workflowId": unique("workflow"), "workflowType": WORKFLOW} | arguments
        reply = self.client.start_workflow_execution(domain=self.name, **arguments)
        return {"workflowId": arguments["workflowId"], "runId": reply["runId"]}

    def signal(self, execution: dict, name: str = "hello", **arguments):
        arguments = execution | {"signalName": name} | arguments
        self.client.signal_workflow_execution(domain=self.name, **arguments)

    def terminate(self, execution: dict, **arguments):
        self.client.terminate_workflow_execution(domain=self.name, **execution, **arguments)

    def request_cancel(self, execution: dict):
        self.client.request_cancel_workflow_execution(domain=self.name, **execution)

    def describe(self, execution: dict) -> dict:
        return self.client.describe_workflow_execution(domain=self.name, execution=execution)

    def history(self, execution: dict, **arguments) -> list:
        return self.client.get_workflow_execution_history(
            domain=self.name, execution=execution, **arguments
        )["events"]

    # Tasks.

    def poll_decision(self, task_list: str = DECISIONS, **arguments) -> dict:
        task = self.client.poll_for_decision_task(
            domain=self.name, taskList={"name": task_list}, **arguments
        )
        assert task.get("taskToken"), f"no decision task came on {task_list}"
        return task

    def respond(self, task: dict, *decisions: dict, **arguments):
        self.client.respond_decision_task_completed(
            taskToken=task["taskToken"], decisions=list(decisions), **arguments
        )

    def decide(self, *decisions: dict, **arguments) -> dict:
        """Takes the next decision task and answers it; returns the task."""
        task = self.poll_decision()
        self.respond(task, *decisions, **arguments)
        return task

    def poll_activity(self, task_list: str = ACTIVITIES, **arguments) -> dict:
        task = self.client.poll_for_activity_task(
            domain=self.name, taskList={"name": task_list}, **arguments
        )
        assert task.get("taskToken"), f"no activity task came on {task_list}"
        return task

    def complete(self, task: dict, **arguments):
        self.client.respond_activity_task_completed(taskToken=task["taskToken"], **arguments)

    def heartbeat(self, task: dict, **arguments) -> bool:
        reply = self.client.record_activity_task_heartbeat(
            taskToken=task["taskToken"], **arguments
        )
        return reply["cancelRequested"]

    def work(self, **arguments):
        """Takes the next activity task and completes it."""
        self.complete(self.poll_activity(), **arguments)

    def pending_decisions(self, task_list: str = DECISIONS) -> int:
        return self.client.count_pending_decision_tasks(
            domain=self.name, taskList={"name": task_list}
        )["count"]

    def pending_activities(self, task_list: str = ACTIVITIES) -> int:
        return self.client.count_pending_activity_tasks(
            domain=self.name, taskList={"name": task_list}
        )["count"]

    def elapse(self, seconds: int):
        """Returns when a timer of a bystander, started now, has fired."""
        clock = unique("clock")
        self.start(workflowId=clock, taskList={"name": clock})
        self.respond(self.poll_decision(clock), start_timer("t", str(seconds)))
        self.respond(self.poll_decision(clock), complete_workflow())


# Decisions.


def decision(kind: str, **attributes) -> dict:
    return {"decisionType": kind, kind[0].lower() + kind[1:] + "DecisionAttributes": attributes}


def schedule(activity_id: str, activity_type: dict = ACTIVITY, **attributes) -> dict:
    return decision(
        "ScheduleActivityTask", activityId=activity_id, activityType=activity_type, **attributes
    )


def cancel_activity(activity_id: str) -> dict:
    return decision("RequestCancelActivityTask", activityId=activity_id)


def start_timer(timer_id: str, seconds: str, **attributes) -> dict:
    return decision("StartTimer", timerId=timer_id, startToFireTimeout=seconds, **attributes)


def cancel_timer(timer_id: str) -> dict:
    return decision("CancelTimer", timerId=timer_id)


def marker(name: str, **attributes) -> dict:
    return decision("RecordMarker", markerName=name, **attributes)


def complete_workflow(**attributes) -> dict:
    return decision("CompleteWorkflowExecution", **attributes)


def fail_workflow(**attributes) -> dict:
    return decision("FailWorkflowExecution", **attributes)


def cancel_workflow(**attributes) -> dict:
    return decision("CancelWorkflowExecution", **attributes)


def continue_as_new(**attributes) -> dict:
    return decision("ContinueAsNewWorkflowExecution", **attributes)


# Histories.


def attributes(event: dict) -> dict:
    kind = event["eventType"]
    return event[kind[0].lower() + kind[1:] + "EventAttributes"]


def event_names(events: list) -> list:
    return [event["eventType"] for event in events]


def event_ids(events: list) -> list:
    return [event["eventId"] for event in events]


def render(event: dict) -> str:
    members = attributes(event)
    named = [member for member in sorted(members) if member.endswith("EventId")]
    ids = [(member.removesuffix("EventId"), members[member]) for member in named]
    words = [(word, members[word]) for word in WORDS if word in members]
    shown = "".join(f" {name}={value}" for name, value in ids + words)
    return f"{event['eventId']} {event['eventType']}{shown}"


def render_all(events: list) -> list:
    return [render(event) for event in events]


def check_history(events: list, expected: str):
    """Compares the rendered events with the lines of `expected`; `...` skips the first ones."""
    lines = textwrap.dedent(expected).strip().splitlines()
    rendered = render_all(events)
    if lines[0] == "...":
        lines = lines[1:]
        rendered = rendered[-len(lines):]
    assert rendered == lines


def check_one_instant(events: list, *groups: tuple):
    """Events of one transaction bear one timestamp."""
    times = {event["eventId"]: event["eventTimestamp"] for event in events}
    for group in groups:
        assert len({times[event_id] for event_id in group}) == 1, f"{group}: {times}"


def seconds_between(events: list, first_id: int, second_id: int) -> float:
    times = {event["eventId"]: event["eventTimestamp"] for event in events}
    return (times[second_id] - times[first_id]).total_seconds()


# Faults.


def fault(call, **arguments) -> tuple:
    """The code and the message of the error that `call` must answer with."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return error["Code"], error["Message"]


def unknown_execution(execution: dict) -> tuple:
    return (
        "UnknownResourceFault",
        "Unknown execution: WorkflowExecution="
        f"[workflowId={execution['workflowId']}, runId={execution['runId']}]",
    )


def unknown_activity(scheduled_id: int) -> tuple:
    return "UnknownResourceFault", f"Unknown activity, scheduledEventId = {scheduled_id}"


def unknown_decision(scheduled_id: int) -> tuple:
    return "UnknownResourceFault", f"Unknown decision task, scheduledEventId = {scheduled_id}"


def invalid(value, path: str, rule: str) -> tuple:
    """One broken constraint, in the words of the shared front end."""
    shown = "null" if value is None else f"'{value}'"
    return (
        "ValidationException",
        f"1 validation error detected: Value {shown} at '{path}' "
        f"failed to satisfy constraint: {rule}",
    )
