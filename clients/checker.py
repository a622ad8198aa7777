"""The durability oracle: what a history must be, given what its clients were told.

Pure: it reads histories and the log of calls, and returns what is wrong in words.
Every call of the load carries a mark of its own, so that its event can be found again.
"""

import collections
import dataclasses
import enum

# Where the mark of each kind of call ends up in the history.
MARKS = {
    "WorkflowExecutionStarted": ("start", "input"),
    "WorkflowExecutionSignaled": ("signal", "signalName"),
    "ActivityTaskCompleted": ("result", "result"),
    "DecisionTaskCompleted": ("decision", "executionContext"),
}
TASKS_STARTED = ("DecisionTaskStarted", "ActivityTaskStarted")
CLOSED = {
    f"WorkflowExecution{how}"
    for how in ("Completed", "Failed", "Canceled", "TimedOut", "Terminated", "ContinuedAsNew")
}
# What may happen once to each thing scheduled or started, and by which member it is named.
ONCE = {
    "DecisionTaskStarted": ("decision task start", "scheduledEventId"),
    "DecisionTaskCompleted": ("decision task close", "scheduledEventId"),
    "DecisionTaskTimedOut": ("decision task close", "scheduledEventId"),
    "ActivityTaskStarted": ("activity start", "scheduledEventId"),
    "ActivityTaskCompleted": ("activity close", "scheduledEventId"),
    "ActivityTaskFailed": ("activity close", "scheduledEventId"),
    "ActivityTaskTimedOut": ("activity close", "scheduledEventId"),
    "ActivityTaskCanceled": ("activity close", "scheduledEventId"),
    "TimerFired": ("timer close", "startedEventId"),
    "TimerCanceled": ("timer close", "startedEventId"),
}
REFERENCES = {
    "decisionTaskCompletedEventId": ("DecisionTaskCompleted",),
    "scheduledEventId": ("DecisionTaskScheduled", "ActivityTaskScheduled"),
    "startedEventId": TASKS_STARTED + ("TimerStarted",),
}


class Outcome(enum.Enum):
    UNKNOWN = "unknown"  # The connection was lost: its event may be there or not.
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"


@dataclasses.dataclass
class Call:
    """A call of one of the kinds in `MARKS`, or a `task` received from a poll."""

    kind: str
    mark: str
    outcome: Outcome = Outcome.UNKNOWN


@dataclasses.dataclass
class History:
    workflow_id: str
    run_id: str
    events: list

    @property
    def closed(self) -> bool:
        return bool(self.events) and self.events[-1]["eventType"] in CLOSED


def problems(histories: list, calls: list) -> list:
    found = []
    for history in histories:
        found += [f"{history.run_id}: {problem}" for problem in problems_within(history)]
    return found + problems_of_runs(histories) + problems_of_marks(histories, calls)


def unfinished(histories: list) -> list:
    return [history.run_id for history in histories if not history.closed]


def task_mark(run_id: str, started_event_id: int) -> str:
    return f"{run_id} {started_event_id}"


def problems_within(history: History) -> list:
    """Whether one history could have been written by a sane server at all."""
    found = []
    events = history.events
    ids = [event["eventId"] for event in events]
    if ids != list(range(1, len(ids) + 1)):
        return [f"ids are not dense: {ids}"]
    if not events or events[0]["eventType"] != "WorkflowExecutionStarted":
        return ["does not begin with WorkflowExecutionStarted"]
    for before, after in zip(events, events[1:]):
        if after["eventTimestamp"] < before["eventTimestamp"]:
            found.append(f"time runs backwards at {after['eventId']}")
        if after["eventType"] == "WorkflowExecutionStarted":
            found.append(f"started again at {after['eventId']}")
        if before["eventType"] in CLOSED:
            found.append(f"{after['eventId']} comes after the close")
    happened = collections.Counter()
    for event in events:
        members = members_of(event)
        for member, kinds in REFERENCES.items():
            target = members.get(member, 0)
            if target and (target >= event["eventId"] or type_at(events, target) not in kinds):
                found.append(f"{event['eventId']} refers to {target} as {member}")
        if event["eventType"] in ONCE:
            what, member = ONCE[event["eventType"]]
            happened[what, members[member]] += 1
        if event["eventType"] == "TimerFired":
            found += problems_of_timer(events, event)
    found += [f"{what} of {of} happened {n} times" for (what, of), n in happened.items() if n > 1]
    return found


def problems_of_timer(events: list, fired: dict) -> list:
    started = events[members_of(fired)["startedEventId"] - 1]
    if started["eventType"] != "TimerStarted":
        return []
    waited = (fired["eventTimestamp"] - started["eventTimestamp"]).total_seconds()
    due = int(members_of(started)["startToFireTimeout"])
    return [f"timer {fired['eventId']} fired after {waited} s of {due}"] if waited < due else []


def problems_of_runs(histories: list) -> list:
    """Each run is there once, and the runs of one workflow id never overlap."""
    found = []
    by_workflow = collections.defaultdict(list)
    for history in histories:
        if history.events:
            by_workflow[history.workflow_id].append(history)
    run_ids = collections.Counter(history.run_id for history in histories)
    found += [f"run {run_id} is listed {n} times" for run_id, n in run_ids.items() if n > 1]
    for workflow_id, runs in by_workflow.items():
        runs.sort(key=lambda run: (run.events[0]["eventTimestamp"], not run.closed))
        for earlier, later in zip(runs, runs[1:]):
            ended = earlier.events[-1]["eventTimestamp"]
            if not earlier.closed or ended > later.events[0]["eventTimestamp"]:
                found.append(f"{workflow_id}: {earlier.run_id} and {later.run_id} overlap")
    return found


def problems_of_marks(histories: list, calls: list) -> list:
    """Nothing acknowledged is lost, nothing is doubled, refused or invented."""
    found = []
    seen = collections.Counter()
    for history in histories:
        seen.update(marks_of(history))
    received = collections.Counter()
    known = set()
    for call in calls:
        times = seen[call.kind, call.mark]
        what = f"{call.kind} {call.mark}"
        if call.kind == "task":
            received[call.mark] += 1
        known.add((call.kind, call.mark))
        if call.outcome is Outcome.ACKNOWLEDGED and times == 0:
            found.append(f"{what} is lost")
        if call.outcome is Outcome.REFUSED and times > 0:
            found.append(f"{what} was refused and is there")
    for (kind, mark), times in seen.items():
        if times > 1:
            found.append(f"{kind} {mark} is there {times} times")
        if kind != "task" and (kind, mark) not in known:
            found.append(f"{kind} {mark} was never asked for")
    found += [f"task {mark} was given to {n}" for mark, n in received.items() if n > 1]
    return found


def marks_of(history: History):
    for event in history.events:
        kind = event["eventType"]
        if kind in MARKS:
            call, member = MARKS[kind]
            yield call, members_of(event)[member]
        if kind in TASKS_STARTED:
            yield "task", task_mark(history.run_id, event["eventId"])


def members_of(event: dict) -> dict:
    kind = event["eventType"]
    return event[kind[0].lower() + kind[1:] + "EventAttributes"]


def type_at(events: list, event_id: int) -> str:
    return events[event_id - 1]["eventType"]
