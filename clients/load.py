"""A load of starters, signallers, deciders and workers that notes what it was told.

Every workflow does two activities and waits for a timer; its decider is a function of the
history alone, so that any decider may go on where another was cut off.
"""

import random
import threading

from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from checker import CLOSED, Call, History, Outcome, task_mark
from driver import (
    ACTIVITIES,
    DECISIONS,
    WORKFLOW,
    Domain,
    attributes,
    complete_workflow,
    schedule,
    start_timer,
    unique,
)

LOST = (BotoCoreError, HTTPError, OSError)
STEPS = ("pack", "ship")
SECONDS_MAX = 60


class Log:
    """The calls made, with what came of them; shared by all threads."""

    def __init__(self):
        self.calls = []
        self._changed = threading.Condition()
        self._acknowledged = 0

    def make(self, kind: str, mark: str, method, **arguments):
        """Makes a call; returns its reply, or None if the service refused."""
        call = Call(kind, mark)
        with self._changed:
            self.calls.append(call)
        try:
            reply = method(**arguments)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
                raise
            call.outcome = Outcome.REFUSED
            return None
        self._acknowledge(call)
        return reply

    def receive(self, task: dict):
        mark = task_mark(task["workflowExecution"]["runId"], task["startedEventId"])
        call = Call("task", mark)
        with self._changed:
            self.calls.append(call)
        self._acknowledge(call)

    def wait_for_acknowledged(self, count: int) -> bool:
        """Waits for `count` further acknowledgements."""
        with self._changed:
            goal = self._acknowledged + count
            return self._changed.wait_for(lambda: self._acknowledged >= goal, SECONDS_MAX)

    def _acknowledge(self, call: Call):
        with self._changed:
            call.outcome = Outcome.ACKNOWLEDGED
            self._acknowledged += 1
            self._changed.notify_all()


class Load:
    """Threads at work on one domain of one running server, until it dies or they are stopped."""

    def __init__(self, domain: Domain, log: Log, workflow_ids: list, seed: int):
        self.domain, self.client, self.log = domain, domain.client, log
        self.workflow_ids = workflow_ids
        self.random = random.Random(seed)
        self.stopped = threading.Event()
        self.all_closed = threading.Event()
        self.failures = []
        self.threads = []

    def spawn(self, *roles):
        for role in roles:
            thread = threading.Thread(target=self._run, args=(role,))
            self.threads.append(thread)
            thread.start()

    def join(self):
        self.stopped.set()
        for thread in self.threads:
            thread.join()
        assert self.failures == []

    def _run(self, role):
        try:
            role()
        except LOST:
            pass  # The server has gone: that call's outcome stays unknown.
        except Exception as failure:  # noqa: BLE001 - told by `join`.
            self.failures.append(failure)

    def start_runs(self, count: int = 60):
        for _ in range(count):
            mark = unique("start")
            arguments = {
                "workflowId": self.random.choice(self.workflow_ids),
                "workflowType": WORKFLOW,
                "taskStartToCloseTimeout": "2",
                "input": mark,
            }
            method = self.client.start_workflow_execution
            self.log.make("start", mark, method, domain=self.domain.name, **arguments)

    def signal(self, count: int = 200):
        for _ in range(count):
            mark = unique("signal")
            target = {"workflowId": self.random.choice(self.workflow_ids), "signalName": mark}
            method = self.client.signal_workflow_execution
            self.log.make("signal", mark, method, domain=self.domain.name, **target)

    def decide(self):
        while not self.stopped.is_set():
            task = self.client.poll_for_decision_task(
                domain=self.domain.name, taskList={"name": DECISIONS}
            )
            if task.get("taskToken"):
                self.log.receive(task)
                mark = unique("decision")
                self.log.make(
                    "decision",
                    mark,
                    self.client.respond_decision_task_completed,
                    taskToken=task["taskToken"],
                    decisions=plan(task["events"]),
                    executionContext=mark,
                )
                self.check_all_closed()

    def work(self):
        while not self.stopped.is_set():
            task = self.client.poll_for_activity_task(
                domain=self.domain.name, taskList={"name": ACTIVITIES}
            )
            if task.get("taskToken"):
                self.log.receive(task)
                mark = unique("result")
                method = self.client.respond_activity_task_completed
                self.log.make("result", mark, method, taskToken=task["taskToken"], result=mark)

    def check_all_closed(self):
        count = self.client.count_open_workflow_executions(
            domain=self.domain.name, startTimeFilter={"oldestDate": 0}
        )
        if count["count"] == 0:
            self.all_closed.set()


def plan(events: list) -> list:
    """The decisions that a history calls for."""
    activities, completed, closed, fired = {}, set(), set(), False
    for event in events:
        kind, members = event["eventType"], attributes(event)
        if kind == "ActivityTaskScheduled":
            activities[event["eventId"]] = members["activityId"]
        elif kind == "ActivityTaskCompleted":
            completed.add(activities[members["scheduledEventId"]])
            closed.add(activities[members["scheduledEventId"]])
        elif kind == "ActivityTaskTimedOut":
            closed.add(activities[members["scheduledEventId"]])
        elif kind == "TimerFired":
            fired = True
    if not activities:
        timeouts = {"startToCloseTimeout": "3"}
        first = [schedule(f"{step}-0", **timeouts) for step in STEPS]
        return first + [start_timer("pause", "1")]
    done, decisions = 0, []
    for step in STEPS:
        attempts = [name for name in activities.values() if name.startswith(step)]
        if completed & set(attempts):
            done += 1
        elif closed.issuperset(attempts):
            decisions.append(schedule(f"{step}-{len(attempts)}", startToCloseTimeout="3"))
    if done == len(STEPS) and fired:
        decisions.append(complete_workflow())
    return decisions


def collect(domain: Domain) -> list:
    """Every history of the domain, page by page."""
    histories = []
    for state in ("open", "closed"):
        paginator = domain.client.get_paginator(f"list_{state}_workflow_executions")
        for page in paginator.paginate(domain=domain.name, startTimeFilter={"oldestDate": 0}):
            for info in page["executionInfos"]:
                histories.append(_history(domain, info["execution"]))
                is_closed = histories[-1].events[-1]["eventType"] in CLOSED
                assert is_closed == (state == "closed"), info
    return histories


def _history(domain: Domain, execution: dict) -> History:
    paginator = domain.client.get_paginator("get_workflow_execution_history")
    pages = paginator.paginate(domain=domain.name, execution=execution)
    events = [event for page in pages for event in page["events"]]
    return History(execution["workflowId"], execution["runId"], events)
