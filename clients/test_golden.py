"""Whole histories, event by event, as recorded from the real service or its own SDKs' tests."""

from driver import (
    WORKFLOW,
    attributes,
    cancel_activity,
    cancel_timer,
    cancel_workflow,
    check_history,
    check_one_instant,
    complete_workflow,
    continue_as_new,
    fail_workflow,
    marker,
    schedule,
    seconds_between,
    start_timer,
)


def test_a_one_activity(domain):
    run = domain.start()
    domain.decide(schedule("a"))
    domain.work()
    domain.decide(complete_workflow(result="done"))
    events = domain.history(run)
    check_history(
        events,
        """
        1 WorkflowExecutionStarted parentInitiated=0
        2 DecisionTaskScheduled
        3 DecisionTaskStarted scheduled=2
        4 DecisionTaskCompleted scheduled=2 started=3
        5 ActivityTaskScheduled decisionTaskCompleted=4 activityId=a
        6 ActivityTaskStarted scheduled=5
        7 ActivityTaskCompleted scheduled=5 started=6
        8 DecisionTaskScheduled
        9 DecisionTaskStarted scheduled=8
        10 DecisionTaskCompleted scheduled=8 started=9
        11 WorkflowExecutionCompleted decisionTaskCompleted=10
        """,
    )
    check_one_instant(events, (1, 2), (4, 5), (7, 8), (10, 11))
    times = [event["eventTimestamp"] for event in events]
    assert times == sorted(times)
    assert domain.history(run) == events, "a second read is identical"


def test_b_event_while_a_decider_works(domain):
    run = domain.start()
    domain.decide(schedule("a"))
    activity = domain.poll_activity()
    domain.signal(run)
    decision = domain.poll_decision()
    domain.complete(activity)
    domain.respond(decision)
    domain.decide(complete_workflow())
    events = domain.history(run)
    check_history(
        events,
        """
        ...
        7 WorkflowExecutionSignaled externalInitiated=0 signalName=hello
        8 DecisionTaskScheduled
        9 DecisionTaskStarted scheduled=8
        10 ActivityTaskCompleted scheduled=5 started=6
        11 DecisionTaskScheduled
        12 DecisionTaskCompleted scheduled=8 started=9
        13 DecisionTaskStarted scheduled=11
        14 DecisionTaskCompleted scheduled=11 started=13
        15 WorkflowExecutionCompleted decisionTaskCompleted=14
        """,
    )
    check_one_instant(events, (7, 8), (10, 11), (14, 15))


def test_c_unhandled_close(domain):
    run = domain.start()
    for _ in range(8):
        domain.signal(run)
    first = domain.poll_decision()
    domain.signal(run)
    domain.respond(first, schedule("a"))
    second = domain.poll_decision()
    domain.work()
    domain.respond(second, complete_workflow())
    domain.poll_decision()
    events = domain.history(run)
    check_history(
        events,
        """
        ...
        11 DecisionTaskStarted scheduled=2
        12 WorkflowExecutionSignaled externalInitiated=0 signalName=hello
        13 DecisionTaskScheduled
        14 DecisionTaskCompleted scheduled=2 started=11
        15 ActivityTaskScheduled decisionTaskCompleted=14 activityId=a
        16 DecisionTaskStarted scheduled=13
        17 ActivityTaskStarted scheduled=15
        18 ActivityTaskCompleted scheduled=15 started=17
        19 DecisionTaskScheduled
        20 DecisionTaskCompleted scheduled=13 started=16
        21 CompleteWorkflowExecutionFailed decisionTaskCompleted=20 cause=UNHANDLED_DECISION
        22 DecisionTaskStarted scheduled=19
        """,
    )
    check_one_instant(events, (12, 13), (14, 15), (18, 19), (20, 21))
    assert domain.describe(run)["executionInfo"]["executionStatus"] == "OPEN"


def test_d_cancel_with_a_running_activity(domain):
    run = domain.start()
    domain.decide(schedule("a"))
    domain.poll_activity()
    domain.request_cancel(run)
    domain.decide(cancel_workflow(details="gone"))
    events = domain.history(run)
    check_history(
        events,
        """
        ...
        6 ActivityTaskStarted scheduled=5
        7 WorkflowExecutionCancelRequested externalInitiated=0
        8 DecisionTaskScheduled
        9 DecisionTaskStarted scheduled=8
        10 DecisionTaskCompleted scheduled=8 started=9
        11 WorkflowExecutionCanceled decisionTaskCompleted=10
        """,
    )
    assert domain.describe(run)["openCounts"] == {
        "openActivityTasks": 1,
        "openDecisionTasks": 0,
        "openTimers": 0,
        "openChildWorkflowExecutions": 0,
        "openLambdaFunctions": 0,
    }, "the counts stay as they stood at the close"


def test_e_cancel_an_unstarted_activity(domain):
    run = domain.start()
    domain.decide(schedule("a"), start_timer("t", "0"))
    domain.decide(cancel_activity("a"))
    domain.decide(cancel_workflow())
    events = domain.history(run)
    check_history(
        events,
        """
        ...
        5 ActivityTaskScheduled decisionTaskCompleted=4 activityId=a
        6 TimerStarted decisionTaskCompleted=4 timerId=t
        7 TimerFired started=6 timerId=t
        8 DecisionTaskScheduled
        9 DecisionTaskStarted scheduled=8
        10 DecisionTaskCompleted scheduled=8 started=9
        11 ActivityTaskCancelRequested decisionTaskCompleted=10 activityId=a
        12 ActivityTaskCanceled latestCancelRequested=11 scheduled=5 started=0
        13 DecisionTaskScheduled
        14 DecisionTaskStarted scheduled=13
        15 DecisionTaskCompleted scheduled=13 started=14
        16 WorkflowExecutionCanceled decisionTaskCompleted=15
        """,
    )
    check_one_instant(events, (4, 5, 6), (7, 8), (10, 11, 12, 13), (15, 16))
    assert "details" not in attributes(events[11])


def test_f_cancel_a_closed_activity(domain):
    run = domain.start()
    domain.decide(schedule("a"))
    domain.work()
    domain.decide(cancel_activity("a"))
    domain.decide(fail_workflow(reason="r", details="d"))
    events = domain.history(run)
    failed = "11 RequestCancelActivityTaskFailed decisionTaskCompleted=10"
    check_history(
        events,
        f"""
        ...
        10 DecisionTaskCompleted scheduled=8 started=9
        {failed} activityId=a cause=ACTIVITY_ID_UNKNOWN
        12 DecisionTaskScheduled
        13 DecisionTaskStarted scheduled=12
        14 DecisionTaskCompleted scheduled=12 started=13
        15 WorkflowExecutionFailed decisionTaskCompleted=14
        """,
    )
    check_one_instant(events, (10, 11, 12), (14, 15))
    assert attributes(events[14]) == {
        "decisionTaskCompletedEventId": 14,
        "reason": "r",
        "details": "d",
    }


def test_g_cancel_a_running_activity(domain):
    run = domain.start()
    domain.decide(schedule("a"), start_timer("t", "2"))
    activity = domain.poll_activity()
    domain.decide(cancel_activity("a"))
    domain.client.respond_activity_task_canceled(taskToken=activity["taskToken"])
    domain.decide(cancel_workflow())
    events = domain.history(run)
    check_history(
        events,
        """
        ...
        7 ActivityTaskStarted scheduled=5
        8 TimerFired started=6 timerId=t
        9 DecisionTaskScheduled
        10 DecisionTaskStarted scheduled=9
        11 DecisionTaskCompleted scheduled=9 started=10
        12 ActivityTaskCancelRequested decisionTaskCompleted=11 activityId=a
        13 ActivityTaskCanceled latestCancelRequested=12 scheduled=5 started=7
        14 DecisionTaskScheduled
        15 DecisionTaskStarted scheduled=14
        16 DecisionTaskCompleted scheduled=14 started=15
        17 WorkflowExecutionCanceled decisionTaskCompleted=16
        """,
    )
    check_one_instant(events, (8, 9), (11, 12), (13, 14))


def test_k_five_signals_before_the_first_decision(domain):
    run = domain.start()
    for number in range(5):
        domain.signal(run, f"s{number}", input=str(number))
    domain.decide(complete_workflow())
    events = domain.history(run)
    check_history(
        events,
        """
        1 WorkflowExecutionStarted parentInitiated=0
        2 DecisionTaskScheduled
        3 WorkflowExecutionSignaled externalInitiated=0 signalName=s0
        4 WorkflowExecutionSignaled externalInitiated=0 signalName=s1
        5 WorkflowExecutionSignaled externalInitiated=0 signalName=s2
        6 WorkflowExecutionSignaled externalInitiated=0 signalName=s3
        7 WorkflowExecutionSignaled externalInitiated=0 signalName=s4
        8 DecisionTaskStarted scheduled=2
        9 DecisionTaskCompleted scheduled=2 started=8
        10 WorkflowExecutionCompleted decisionTaskCompleted=9
        """,
    )
    assert [attributes(event)["input"] for event in events[2:7]] == ["0", "1", "2", "3", "4"]


def test_l_two_timers(domain):
    run = domain.start()
    domain.decide(start_timer("long", "120"), start_timer("short", "2"))
    domain.decide(cancel_timer("long"), start_timer("wake", "0"))
    domain.poll_decision()
    events = domain.history(run)
    check_history(
        events,
        """
        ...
        5 TimerStarted decisionTaskCompleted=4 timerId=long
        6 TimerStarted decisionTaskCompleted=4 timerId=short
        7 TimerFired started=6 timerId=short
        8 DecisionTaskScheduled
        9 DecisionTaskStarted scheduled=8
        10 DecisionTaskCompleted scheduled=8 started=9
        11 TimerCanceled decisionTaskCompleted=10 started=5 timerId=long
        12 TimerStarted decisionTaskCompleted=10 timerId=wake
        13 TimerFired started=12 timerId=wake
        14 DecisionTaskScheduled
        15 DecisionTaskStarted scheduled=14
        """,
    )
    check_one_instant(events, (4, 5, 6), (7, 8), (10, 11, 12), (13, 14))
    assert seconds_between(events, 6, 7) >= 2
    assert attributes(events[4])["startToFireTimeout"] == "120"
    assert "control" not in attributes(events[4])


def test_m_markers_schedule_nothing(domain):
    run = domain.start()
    domain.decide(marker("m", details="1"), marker("m"), marker("n"), start_timer("t", "0"))
    domain.poll_decision()
    events = domain.history(run)
    check_history(
        events,
        """
        ...
        4 DecisionTaskCompleted scheduled=2 started=3
        5 MarkerRecorded decisionTaskCompleted=4 markerName=m
        6 MarkerRecorded decisionTaskCompleted=4 markerName=m
        7 MarkerRecorded decisionTaskCompleted=4 markerName=n
        8 TimerStarted decisionTaskCompleted=4 timerId=t
        9 TimerFired started=8 timerId=t
        10 DecisionTaskScheduled
        11 DecisionTaskStarted scheduled=10
        """,
    )
    check_one_instant(events, (4, 5, 6, 7, 8), (9, 10))
    assert [attributes(event).get("details") for event in events[4:7]] == ["1", None, None]


def test_n_decision_timeout(domain):
    run = domain.start(taskStartToCloseTimeout="2")
    domain.poll_decision()
    domain.decide()
    events = domain.history(run)
    check_history(
        events,
        """
        ...
        2 DecisionTaskScheduled
        3 DecisionTaskStarted scheduled=2
        4 DecisionTaskTimedOut scheduled=2 started=3 timeoutType=START_TO_CLOSE
        5 DecisionTaskScheduled
        6 DecisionTaskStarted scheduled=5
        7 DecisionTaskCompleted scheduled=5 started=6
        """,
    )
    check_one_instant(events, (4, 5))
    assert seconds_between(events, 3, 4) >= 2


def test_o_continue_as_new(domain):
    old = domain.start(
        input="old", tagList=["old"], childPolicy="ABANDON", taskStartToCloseTimeout="17"
    )
    domain.decide(continue_as_new(executionStartToCloseTimeout="99"))
    new = domain.decide(complete_workflow())["workflowExecution"]
    assert new["workflowId"] == old["workflowId"]
    assert new["runId"] != old["runId"]

    events = domain.history(old)
    check_history(
        events,
        """
        1 WorkflowExecutionStarted parentInitiated=0
        2 DecisionTaskScheduled
        3 DecisionTaskStarted scheduled=2
        4 DecisionTaskCompleted scheduled=2 started=3
        5 WorkflowExecutionContinuedAsNew decisionTaskCompleted=4
        """,
    )
    check_one_instant(events, (4, 5))
    # What the decision leaves out comes from the type, not from the old run.
    settings = {
        "workflowType": WORKFLOW,
        "taskList": {"name": "decisions"},
        "childPolicy": "TERMINATE",
        "executionStartToCloseTimeout": "99",
        "taskStartToCloseTimeout": "60",
    }
    assert attributes(events[4]) == settings | {
        "decisionTaskCompletedEventId": 4,
        "newExecutionRunId": new["runId"],
    }

    events = domain.history(new)
    check_history(
        events,
        """
        1 WorkflowExecutionStarted parentInitiated=0
        2 DecisionTaskScheduled
        3 DecisionTaskStarted scheduled=2
        4 DecisionTaskCompleted scheduled=2 started=3
        5 WorkflowExecutionCompleted decisionTaskCompleted=4
        """,
    )
    assert attributes(events[0]) == settings | {
        "parentInitiatedEventId": 0,
        "continuedExecutionRunId": old["runId"],
    }
    assert domain.describe(old)["executionInfo"]["closeStatus"] == "CONTINUED_AS_NEW"
