"""Every kind of timeout, with real seconds: it fires, never early, and kills the token."""

import threading
import time

import pytest

from driver import (
    attributes,
    check_history,
    check_one_instant,
    complete_workflow,
    event_names,
    fault,
    render,
    schedule,
    seconds_between,
    start_timer,
    unknown_activity,
    unknown_decision,
    unknown_execution,
)

# Timestamps are milliseconds and the two clocks compared are the same one, truncated.
CLOCK_SLACK = 0.002


@pytest.mark.parametrize("seconds", [0, 1])
@pytest.mark.parametrize(
    "kind, member",
    [
        ("SCHEDULE_TO_START", "scheduleToStartTimeout"),
        ("SCHEDULE_TO_CLOSE", "scheduleToCloseTimeout"),
    ],
)
def test_an_activity_nobody_takes(domain, kind, member, seconds):
    run = domain.start()
    domain.decide(schedule("a", **{member: str(seconds)}))
    domain.poll_decision()
    events = domain.history(run)
    check_history(
        events,
        f"""
        ...
        5 ActivityTaskScheduled decisionTaskCompleted=4 activityId=a
        6 ActivityTaskTimedOut scheduled=5 started=0 timeoutType={kind}
        7 DecisionTaskScheduled
        8 DecisionTaskStarted scheduled=7
        """,
    )
    check_one_instant(events, (6, 7))
    assert seconds_between(events, 5, 6) >= seconds
    assert "details" not in attributes(events[5])
    assert domain.pending_activities() == 0, "the task has left its list"
    assert domain.describe(run)["openCounts"]["openActivityTasks"] == 0


@pytest.mark.parametrize(
    "kind, member, clock_starts_at",
    [
        ("START_TO_CLOSE", "startToCloseTimeout", 6),
        ("SCHEDULE_TO_CLOSE", "scheduleToCloseTimeout", 5),
        ("HEARTBEAT", "heartbeatTimeout", 6),
    ],
)
def test_an_activity_that_never_ends(domain, kind, member, clock_starts_at):
    run = domain.start()
    domain.decide(schedule("a", **{member: "1"}))
    activity = domain.poll_activity()
    domain.poll_decision()
    events = domain.history(run)
    check_history(
        events,
        f"""
        ...
        5 ActivityTaskScheduled decisionTaskCompleted=4 activityId=a
        6 ActivityTaskStarted scheduled=5
        7 ActivityTaskTimedOut scheduled=5 started=6 timeoutType={kind}
        8 DecisionTaskScheduled
        9 DecisionTaskStarted scheduled=8
        """,
    )
    check_one_instant(events, (7, 8))
    assert seconds_between(events, clock_starts_at, 7) >= 1
    assert "details" not in attributes(events[6])
    for call in (
        domain.client.respond_activity_task_completed,
        domain.client.respond_activity_task_failed,
        domain.client.respond_activity_task_canceled,
        domain.client.record_activity_task_heartbeat,
    ):
        assert fault(call, taskToken=activity["taskToken"]) == unknown_activity(5)
    assert domain.history(run) == events, "a late answer changes nothing"


def test_the_earliest_deadline_names_the_timeout(domain):
    run = domain.start()
    domain.decide(
        schedule(
            "a",
            scheduleToStartTimeout="30",
            scheduleToCloseTimeout="20",
            startToCloseTimeout="1",
            heartbeatTimeout="10",
        )
    )
    domain.poll_activity()
    domain.poll_decision()
    assert attributes(domain.history(run)[6])["timeoutType"] == "START_TO_CLOSE"


def test_a_started_activity_has_no_schedule_to_start_timeout(domain):
    run = domain.start()
    domain.decide(schedule("a", scheduleToStartTimeout="1", startToCloseTimeout="2"))
    domain.poll_activity()
    domain.poll_decision()
    assert attributes(domain.history(run)[6])["timeoutType"] == "START_TO_CLOSE"


@pytest.mark.parametrize(
    "kind, member",
    [
        ("START_TO_CLOSE", "startToCloseTimeout"),
        ("SCHEDULE_TO_CLOSE", "scheduleToCloseTimeout"),
    ],
)
def test_heartbeats_postpone_only_the_heartbeat_timeout(domain, kind, member):
    run = domain.start()
    domain.decide(schedule("a", heartbeatTimeout="2", **{member: "4"}))
    activity = domain.poll_activity()
    over = threading.Event()
    beats = []

    def beat():
        while not over.wait(0.3):
            try:
                domain.heartbeat(activity, details=str(len(beats)))
            except domain.client.exceptions.UnknownResourceFault:
                return
            beats.append(time.monotonic())

    worker = threading.Thread(target=beat)
    worker.start()
    domain.poll_decision()
    over.set()
    worker.join()
    events = domain.history(run)
    timed_out = attributes(events[6])
    assert timed_out["timeoutType"] == kind
    assert seconds_between(events, 5, 7) >= 4
    assert timed_out["details"] == str(len(beats) - 1), "the last heartbeat's details"


def test_a_heartbeat_restarts_the_clock_and_leaves_its_details(domain):
    run = domain.start()
    domain.decide(schedule("a", heartbeatTimeout="1"))
    activity = domain.poll_activity()
    domain.heartbeat(activity, details="10%")
    sent = time.time()
    assert domain.heartbeat(activity, details="50%") is False
    domain.poll_decision()
    timed_out = domain.history(run)[6]
    assert render(timed_out) == (
        "7 ActivityTaskTimedOut scheduled=5 started=6 timeoutType=HEARTBEAT"
    )
    assert attributes(timed_out)["details"] == "50%"
    assert timed_out["eventTimestamp"].timestamp() >= sent + 1 - CLOCK_SLACK
    assert fault(domain.heartbeat, task=activity) == unknown_activity(5)


def test_a_heartbeat_without_details_clears_them(domain):
    run = domain.start()
    domain.decide(schedule("a", heartbeatTimeout="1"))
    activity = domain.poll_activity()
    domain.heartbeat(activity, details="50%")
    domain.heartbeat(activity)
    domain.poll_decision()
    assert "details" not in attributes(domain.history(run)[6])


def test_a_timed_out_decision_kills_its_token(domain):
    run = domain.start(taskStartToCloseTimeout="1")
    lost = domain.poll_decision()
    domain.poll_decision()
    respond = domain.client.respond_decision_task_completed
    before = domain.history(run)
    assert fault(respond, taskToken=lost["taskToken"]) == unknown_decision(2)
    assert domain.history(run) == before


def test_a_dead_decider_times_out_again_and_again(domain):
    run = domain.start(taskStartToCloseTimeout="1")
    for _ in range(3):
        domain.poll_decision()
    check_history(
        domain.history(run)[:9],
        """
        ...
        3 DecisionTaskStarted scheduled=2
        4 DecisionTaskTimedOut scheduled=2 started=3 timeoutType=START_TO_CLOSE
        5 DecisionTaskScheduled
        6 DecisionTaskStarted scheduled=5
        7 DecisionTaskTimedOut scheduled=5 started=6 timeoutType=START_TO_CLOSE
        8 DecisionTaskScheduled
        9 DecisionTaskStarted scheduled=8
        """,
    )


def test_a_timeout_frees_the_held_back_task_and_adds_no_other(domain):
    run = domain.start(taskStartToCloseTimeout="2")
    domain.poll_decision()
    domain.signal(run)
    domain.poll_decision()
    check_history(
        domain.history(run)[:7],
        """
        ...
        3 DecisionTaskStarted scheduled=2
        4 WorkflowExecutionSignaled externalInitiated=0 signalName=hello
        5 DecisionTaskScheduled
        6 DecisionTaskTimedOut scheduled=2 started=3 timeoutType=START_TO_CLOSE
        7 DecisionTaskStarted scheduled=5
        """,
    )


def test_a_run_that_takes_too_long(domain):
    run = domain.start(executionStartToCloseTimeout="2", childPolicy="REQUEST_CANCEL")
    domain.decide(schedule("a"), schedule("b"), start_timer("t", "600"))
    activity = domain.poll_activity()
    domain.signal(run)
    decision = domain.poll_decision()
    domain.signal(run)
    domain.elapse(3)
    events = domain.history(run)
    assert event_names(events)[-3:] == [
        "WorkflowExecutionSignaled",
        "DecisionTaskScheduled",
        "WorkflowExecutionTimedOut",
    ]
    assert attributes(events[-1]) == {
        "timeoutType": "START_TO_CLOSE",
        "childPolicy": "REQUEST_CANCEL",
    }
    assert seconds_between(events, 1, events[-1]["eventId"]) >= 2

    described = domain.describe(run)
    assert described["executionInfo"]["executionStatus"] == "CLOSED"
    assert described["executionInfo"]["closeStatus"] == "TIMED_OUT"
    assert described["executionInfo"]["closeTimestamp"] == events[-1]["eventTimestamp"]
    assert described["openCounts"] == {
        "openActivityTasks": 2,
        "openDecisionTasks": 1,
        "openTimers": 1,
        "openChildWorkflowExecutions": 0,
        "openLambdaFunctions": 0,
    }
    assert domain.pending_decisions() == 0, "its tasks are never delivered"
    assert domain.pending_activities() == 0

    gone = unknown_execution(run)
    assert fault(domain.respond, task=decision) == gone
    assert fault(domain.heartbeat, task=activity) == gone
    assert fault(domain.complete, task=activity) == gone
    assert fault(domain.signal, execution=run) == gone
    assert domain.history(run) == events


def test_a_provisional_task_list_not_polled_in_time(domain):
    run = domain.start()
    domain.decide(
        start_timer("t", "0"), taskList={"name": "sticky"}, taskListScheduleToStartTimeout="1"
    )
    domain.poll_decision()
    events = domain.history(run)
    check_history(
        events,
        """
        ...
        4 DecisionTaskCompleted scheduled=2 started=3
        5 TimerStarted decisionTaskCompleted=4 timerId=t
        6 TimerFired started=5 timerId=t
        7 DecisionTaskScheduled
        8 DecisionTaskTimedOut scheduled=7 started=0 timeoutType=SCHEDULE_TO_START
        9 DecisionTaskScheduled
        10 DecisionTaskStarted scheduled=9
        """,
    )
    completed, provisional, original = (attributes(events[n - 1]) for n in (4, 7, 9))
    assert completed["taskList"] == {"name": "sticky"}
    assert completed["taskListScheduleToStartTimeout"] == "1"
    assert provisional["taskList"] == {"name": "sticky"}
    assert provisional["scheduleToStartTimeout"] == "1"
    assert original["taskList"] == {"name": "decisions"}
    assert original["scheduleToStartTimeout"] == "NONE"
    assert seconds_between(events, 7, 8) >= 1
    check_one_instant(events, (8, 9))


def test_a_provisional_task_list_whose_decider_dies(domain):
    run = domain.start(taskStartToCloseTimeout="2")
    domain.decide(
        start_timer("t", "0"), taskList={"name": "sticky"}, taskListScheduleToStartTimeout="30"
    )
    domain.poll_decision("sticky")
    domain.poll_decision()
    check_history(
        domain.history(run)[:11],
        """
        ...
        7 DecisionTaskScheduled
        8 DecisionTaskStarted scheduled=7
        9 DecisionTaskTimedOut scheduled=7 started=8 timeoutType=START_TO_CLOSE
        10 DecisionTaskScheduled
        11 DecisionTaskStarted scheduled=10
        """,
    )


def test_a_permanent_task_list_stays_until_replaced(domain):
    run = domain.start()
    domain.decide(start_timer("t", "0"), taskList={"name": "elsewhere"})
    domain.respond(domain.poll_decision("elsewhere"), start_timer("t", "0"))
    domain.respond(domain.poll_decision("elsewhere"), complete_workflow())
    described = domain.describe(run)
    assert described["executionInfo"]["closeStatus"] == "COMPLETED"
    assert described["executionConfiguration"]["taskList"] == {"name": "decisions"}
