"""kill -9 at any moment: nothing acknowledged is lost, nothing happens twice, all goes on."""

import random

import pytest

from checker import problems, unfinished
from driver import (
    Domain,
    attributes,
    cancel_activity,
    check_history,
    complete_workflow,
    event_names,
    fault,
    schedule,
    start_timer,
    unknown_activity,
)
from load import SECONDS_MAX, Load, Log, collect

REGION = "us-east-1"
ROUNDS = 4


@pytest.fixture
def crashing(own_server):
    """A domain on a server of its own, and how to crash and restart it."""
    return Crashing(own_server)


class Crashing:
    def __init__(self, server):
        self.server = server
        self.domain = Domain.create(server, REGION)

    def crash(self) -> Domain:
        self.server.kill()
        return self.restart()

    def restart(self) -> Domain:
        self.server.start()
        self.domain = Domain(self.server, REGION, self.domain.name)
        return self.domain


@pytest.mark.parametrize("case", [1, 2])
def test_a_load_survives_kills(crashing, case):
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    moments = random.Random(seed)
    log = Log()
    workflow_ids = [f"workflow-{n}" for n in range(30)]
    for _ in range(ROUNDS):
        load = Load(crashing.domain, log, workflow_ids, moments.randrange(1 << 32))
        load.spawn(load.start_runs, load.signal, *[load.decide] * 3, *[load.work] * 3)
        reached = log.wait_for_acknowledged(moments.randint(10, 150))
        crashing.server.kill()
        load.join()
        assert reached
        domain = crashing.restart()
        assert problems(collect(domain), log.calls) == []

    load = Load(crashing.domain, log, workflow_ids, seed)
    load.check_all_closed()
    load.spawn(*[load.decide] * 3, *[load.work] * 3)
    finished = load.all_closed.wait(SECONDS_MAX)
    load.stopped.set()
    assert crashing.server.terminate() == 0
    load.join()
    assert finished
    histories = collect(crashing.restart())
    assert problems(histories, log.calls) == []
    assert unfinished(histories) == []
    assert histories


def test_timers_and_timeouts_fall_due_while_the_server_is_down(crashing, domain):
    clock, down = domain, crashing.domain
    slow = down.start()
    down.decide(schedule("a", startToCloseTimeout="2"))
    activity = down.poll_activity()
    timers = [down.start() for _ in range(10)]
    for _ in timers:
        down.decide(start_timer("t", "2"), start_timer("never", "600"))
    short = down.start(executionStartToCloseTimeout="1", taskList={"name": "idle"})
    lost = down.start(taskStartToCloseTimeout="1", taskList={"name": "lost"})
    down.poll_decision("lost")
    crashing.server.kill()
    clock.elapse(3)

    up = crashing.restart()
    for _ in range(len(timers) + 1):
        up.decide()
    for run in timers:
        check_history(
            up.history(run),
            """
            ...
            5 TimerStarted decisionTaskCompleted=4 timerId=t
            6 TimerStarted decisionTaskCompleted=4 timerId=never
            7 TimerFired started=5 timerId=t
            8 DecisionTaskScheduled
            9 DecisionTaskStarted scheduled=8
            10 DecisionTaskCompleted scheduled=8 started=9
            """,
        )
        assert up.describe(run)["openCounts"]["openTimers"] == 1
    timed_out = up.history(slow)[6]
    assert attributes(timed_out)["timeoutType"] == "START_TO_CLOSE"
    assert fault(up.complete, task=activity) == unknown_activity(5)
    up.poll_decision("lost")
    assert event_names(up.history(lost))[3:] == [
        "DecisionTaskTimedOut",
        "DecisionTaskScheduled",
        "DecisionTaskStarted",
    ]
    assert event_names(up.history(short))[-1] == "WorkflowExecutionTimedOut"


def test_tokens_and_heartbeats_outlive_a_crash(crashing):
    domain = crashing.domain
    run = domain.start()
    domain.decide(schedule("a"), schedule("b", heartbeatTimeout="600"))
    first, second = domain.poll_activity(), domain.poll_activity()
    domain.signal(run)
    paged = domain.poll_decision(maximumPageSize=4)
    domain.heartbeat(second, details="half")
    domain.start()
    domain.start()
    listing = {"domain": domain.name, "startTimeFilter": {"oldestDate": 0}, "maximumPageSize": 2}
    page = domain.client.list_open_workflow_executions(**listing)

    domain = crashing.crash()
    rest = domain.client.list_open_workflow_executions(
        nextPageToken=page["nextPageToken"], **listing
    )
    assert [info["execution"] for info in rest["executionInfos"]] == [run]
    more = domain.poll_decision(nextPageToken=paged["nextPageToken"], maximumPageSize=4)
    assert [event["eventId"] for event in more["events"]] == [5, 6, 7, 8]
    assert more["taskToken"] == paged["taskToken"]
    domain.complete(first, result="done")
    assert domain.heartbeat(second) is False
    domain.respond(paged, cancel_activity("b"))
    assert domain.heartbeat(second) is True
    domain.client.respond_activity_task_canceled(taskToken=second["taskToken"])
    check_history(
        domain.history(run),
        """
        ...
        11 DecisionTaskStarted scheduled=10
        12 ActivityTaskCompleted scheduled=5 started=7
        13 DecisionTaskScheduled
        14 DecisionTaskCompleted scheduled=10 started=11
        15 ActivityTaskCancelRequested decisionTaskCompleted=14 activityId=b
        16 ActivityTaskCanceled latestCancelRequested=15 scheduled=6 started=8
        """,
    )


def test_pending_tasks_outlive_a_crash_and_started_ones_are_not_given_again(crashing):
    domain = crashing.domain
    for _ in range(3):
        domain.start()
    domain.decide(schedule("a"), schedule("b"))
    started = domain.poll_decision()
    assert domain.poll_activity()["activityId"] == "a"

    domain = crashing.crash()
    assert domain.pending_decisions() == 1
    assert domain.pending_activities() == 1
    waiting = domain.poll_decision()
    assert waiting["workflowExecution"] != started["workflowExecution"]
    assert domain.poll_activity()["activityId"] == "b"
    domain.respond(started, complete_workflow())
    domain.respond(waiting, complete_workflow())
    assert (domain.pending_decisions(), domain.pending_activities()) == (0, 0)


@pytest.mark.parametrize("how", ["kill", "terminate"])
def test_everything_reads_the_same_after_a_restart(crashing, how):
    domain = crashing.domain
    client = domain.client
    arn = client.describe_domain(name=domain.name)["domainInfo"]["arn"]
    client.tag_resource(resourceArn=arn, tags=[{"key": "k", "value": "v"}])
    domain.register_activity({"name": "old", "version": "1"})
    client.deprecate_activity_type(
        domain=domain.name, activityType={"name": "old", "version": "1"}
    )
    closed = domain.start(tagList=["x"])
    domain.decide(start_timer("t", "0"), executionContext="c")
    domain.decide(complete_workflow(result="\N{SNOWMAN}"))
    opened = domain.start(input="i")
    domain.decide(schedule("a"), start_timer("t", "600"))

    def everything(domain):
        client, name = domain.client, domain.name
        since = {"startTimeFilter": {"oldestDate": 0}}
        statuses = ("REGISTERED", "DEPRECATED")
        replies = [
            client.describe_domain(name=name),
            client.list_tags_for_resource(resourceArn=arn),
            *[client.list_domains(registrationStatus=status) for status in statuses],
            *[
                client.list_activity_types(domain=name, registrationStatus=status)
                for status in statuses
            ],
            client.describe_workflow_type(
                domain=name, workflowType={"name": "order", "version": "1"}
            ),
            client.list_open_workflow_executions(domain=name, **since),
            client.list_closed_workflow_executions(domain=name, **since),
            *[domain.describe(run) for run in (closed, opened)],
        ]
        for reply in replies:
            reply.pop("ResponseMetadata")
        return replies + [domain.history(run) for run in (closed, opened)]

    before = everything(domain)
    if how == "kill":
        domain = crashing.crash()
    else:
        assert crashing.server.terminate() == 0
        domain = crashing.restart()
    assert everything(domain) == before
