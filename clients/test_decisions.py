"""What becomes of decisions: failure events, refused batches, and when a new task follows."""

import pytest

from driver import (
    ACTIVITY,
    ACTIVITY_DEFAULTS,
    WORKFLOW,
    WORKFLOW_DEFAULTS,
    attributes,
    cancel_activity,
    cancel_timer,
    cancel_workflow,
    check_history,
    check_one_instant,
    complete_workflow,
    continue_as_new,
    event_ids,
    event_names,
    fail_workflow,
    fault,
    marker,
    render,
    schedule,
    start_timer,
)

CLOSES = {
    "Complete": complete_workflow(),
    "Fail": fail_workflow(reason="r"),
    "Cancel": cancel_workflow(),
    "ContinueAsNew": continue_as_new(),
}
each_close = pytest.mark.parametrize("close", list(CLOSES))


def check_failed(domain, run, event: str, cause: str, **members):
    """The last batch ended with one failure event, and a decision task came of it."""
    failed, scheduled = domain.history(run)[-2:]
    assert failed["eventType"] == event
    completed_id = failed["eventId"] - 1
    assert attributes(failed) == {
        "cause": cause,
        "decisionTaskCompletedEventId": completed_id,
        **members,
    }
    assert scheduled["eventType"] == "DecisionTaskScheduled"
    assert scheduled["eventTimestamp"] == failed["eventTimestamp"]
    assert domain.describe(run)["executionInfo"]["executionStatus"] == "OPEN"


def test_an_activity_type_that_does_not_exist(domain):
    run = domain.start()
    unknown = {"name": "step", "version": "2"}
    domain.decide(schedule("a", unknown))
    check_failed(
        domain,
        run,
        "ScheduleActivityTaskFailed",
        "ACTIVITY_TYPE_DOES_NOT_EXIST",
        activityType=unknown,
        activityId="a",
    )
    assert domain.pending_activities() == 0


def test_a_deprecated_activity_type(domain):
    run = domain.start()
    domain.decide(schedule("before"), start_timer("t", "0"))
    domain.client.deprecate_activity_type(domain=domain.name, activityType=ACTIVITY)
    domain.decide(schedule("after"))
    check_failed(
        domain,
        run,
        "ScheduleActivityTaskFailed",
        "ACTIVITY_TYPE_DEPRECATED",
        activityType=ACTIVITY,
        activityId="after",
    )
    assert domain.poll_activity()["activityId"] == "before", "what is scheduled goes on"


@pytest.mark.parametrize("started", [False, True])
def test_an_activity_id_in_use(domain, started):
    run = domain.start()
    domain.decide(schedule("a"), start_timer("t", "0"))
    if started:
        domain.poll_activity()
    domain.decide(schedule("a"))
    check_failed(
        domain,
        run,
        "ScheduleActivityTaskFailed",
        "ACTIVITY_ID_ALREADY_IN_USE",
        activityType=ACTIVITY,
        activityId="a",
    )


@pytest.mark.parametrize(
    "missing, cause",
    [
        ("defaultTaskList", "DEFAULT_TASK_LIST_UNDEFINED"),
        (
            "defaultTaskScheduleToStartTimeout",
            "DEFAULT_SCHEDULE_TO_START_TIMEOUT_UNDEFINED",
        ),
        (
            "defaultTaskScheduleToCloseTimeout",
            "DEFAULT_SCHEDULE_TO_CLOSE_TIMEOUT_UNDEFINED",
        ),
        ("defaultTaskStartToCloseTimeout", "DEFAULT_START_TO_CLOSE_TIMEOUT_UNDEFINED"),
        ("defaultTaskHeartbeatTimeout", "DEFAULT_HEARTBEAT_TIMEOUT_UNDEFINED"),
    ],
)
def test_an_activity_setting_without_a_default(domain, missing, cause):
    type_ = {"name": "lacking", "version": "1"}
    defaults = {name: value for name, value in ACTIVITY_DEFAULTS.items() if name != missing}
    domain.register_activity(type_, **defaults)
    run = domain.start()
    domain.decide(schedule("a", type_))
    check_failed(
        domain, run, "ScheduleActivityTaskFailed", cause, activityType=type_, activityId="a"
    )
    own = missing.removeprefix("defaultTask")
    own = "taskList" if own == "List" else own[0].lower() + own[1:]
    domain.decide(schedule("a", type_, **{own: ACTIVITY_DEFAULTS[missing]}))
    assert event_names(domain.history(run))[-1] == "ActivityTaskScheduled"


def test_an_activity_id_is_free_again_after_its_close(domain):
    run = domain.start()
    domain.decide(schedule("a"))
    domain.work()
    domain.decide(schedule("a"))
    assert render(domain.history(run)[-1]) == (
        "11 ActivityTaskScheduled decisionTaskCompleted=10 activityId=a"
    )


def test_cancel_of_an_unknown_activity(domain):
    run = domain.start()
    domain.decide(cancel_activity("ghost"))
    check_failed(
        domain, run, "RequestCancelActivityTaskFailed", "ACTIVITY_ID_UNKNOWN", activityId="ghost"
    )


def test_timer_ids(domain):
    run = domain.start()
    domain.decide(start_timer("t", "0"), start_timer("t", "600"))
    failed, scheduled = domain.history(run)[5:7]
    assert render(failed) == (
        "6 StartTimerFailed decisionTaskCompleted=4 timerId=t cause=TIMER_ID_ALREADY_IN_USE"
    )
    assert render(scheduled) == "7 DecisionTaskScheduled"
    domain.elapse(1)
    domain.decide(start_timer("t", "600"))
    started = domain.history(run)[-1]
    assert render(started) == "11 TimerStarted decisionTaskCompleted=10 timerId=t"


def test_cancel_of_an_unknown_timer(domain):
    run = domain.start()
    domain.decide(cancel_timer("ghost"))
    check_failed(domain, run, "CancelTimerFailed", "TIMER_ID_UNKNOWN", timerId="ghost")


def test_a_fired_or_canceled_timer_is_unknown_and_its_id_free(domain):
    run = domain.start()
    domain.decide(start_timer("fired", "0"))
    domain.decide(cancel_timer("fired"))
    check_failed(domain, run, "CancelTimerFailed", "TIMER_ID_UNKNOWN", timerId="fired")
    domain.decide(
        start_timer("fired", "600"), cancel_timer("fired"), start_timer("fired", "600")
    )
    check_history(
        domain.history(run),
        """
        ...
        13 DecisionTaskCompleted scheduled=11 started=12
        14 TimerStarted decisionTaskCompleted=13 timerId=fired
        15 TimerCanceled decisionTaskCompleted=13 started=14 timerId=fired
        16 TimerStarted decisionTaskCompleted=13 timerId=fired
        """,
    )


def test_continue_as_new_with_a_type_that_is_no_more(domain):
    run = domain.start()
    failed = "ContinueAsNewWorkflowExecutionFailed"
    domain.decide(continue_as_new(workflowTypeVersion="9"))
    check_failed(domain, run, failed, "WORKFLOW_TYPE_DOES_NOT_EXIST")
    domain.client.deprecate_workflow_type(domain=domain.name, workflowType=WORKFLOW)
    domain.decide(continue_as_new())
    check_failed(domain, run, failed, "WORKFLOW_TYPE_DEPRECATED")


@pytest.mark.parametrize(
    "missing, cause",
    [
        (
            "defaultExecutionStartToCloseTimeout",
            "DEFAULT_EXECUTION_START_TO_CLOSE_TIMEOUT_UNDEFINED",
        ),
        ("defaultTaskList", "DEFAULT_TASK_LIST_UNDEFINED"),
        ("defaultTaskStartToCloseTimeout", "DEFAULT_TASK_START_TO_CLOSE_TIMEOUT_UNDEFINED"),
        ("defaultChildPolicy", "DEFAULT_CHILD_POLICY_UNDEFINED"),
    ],
)
def test_continue_as_new_without_a_default(domain, missing, cause):
    version = {"name": WORKFLOW["name"], "version": "lacking"}
    defaults = {name: value for name, value in WORKFLOW_DEFAULTS.items() if name != missing}
    domain.register_workflow(version, **defaults)
    run = domain.start()
    domain.decide(continue_as_new(workflowTypeVersion="lacking"))
    check_failed(domain, run, "ContinueAsNewWorkflowExecutionFailed", cause)

    member = missing.removeprefix("default")
    member = member[0].lower() + member[1:]
    given = {member: WORKFLOW_DEFAULTS[missing]}
    domain.decide(continue_as_new(workflowTypeVersion="lacking", **given))
    last = domain.history(run)[-1]
    assert last["eventType"] == "WorkflowExecutionContinuedAsNew"
    assert attributes(last)["workflowType"] == version


@each_close
def test_a_close_waits_for_the_decider_to_see_everything(domain, close):
    run = domain.start()
    task = domain.poll_decision()
    domain.signal(run)
    domain.respond(task, marker("kept"), CLOSES[close])
    domain.poll_decision()
    events = domain.history(run)
    failed = f"8 {close}WorkflowExecutionFailed decisionTaskCompleted=6"
    check_history(
        events,
        f"""
        ...
        4 WorkflowExecutionSignaled externalInitiated=0 signalName=hello
        5 DecisionTaskScheduled
        6 DecisionTaskCompleted scheduled=2 started=3
        7 MarkerRecorded decisionTaskCompleted=6 markerName=kept
        {failed} cause=UNHANDLED_DECISION
        9 DecisionTaskStarted scheduled=5
        """,
    )
    check_one_instant(events, (6, 7, 8))


@each_close
def test_a_close_waits_for_what_its_own_batch_brought_about(domain, close):
    run = domain.start()
    domain.decide(schedule("a"), start_timer("t", "0"))
    domain.decide(cancel_activity("a"), CLOSES[close])
    events = domain.history(run)
    failed = f"13 {close}WorkflowExecutionFailed decisionTaskCompleted=10"
    check_history(
        events,
        f"""
        ...
        10 DecisionTaskCompleted scheduled=8 started=9
        11 ActivityTaskCancelRequested decisionTaskCompleted=10 activityId=a
        12 ActivityTaskCanceled latestCancelRequested=11 scheduled=5 started=0
        {failed} cause=UNHANDLED_DECISION
        14 DecisionTaskScheduled
        """,
    )
    check_one_instant(events, (10, 11, 12, 13, 14))


@each_close
def test_open_work_does_not_block_a_close(domain, close):
    run = domain.start()
    domain.decide(schedule("a"), schedule("b"), start_timer("t", "600"), start_timer("u", "0"))
    running = domain.poll_activity()["activityId"]
    domain.decide(cancel_activity(running), CLOSES[close])
    described = domain.describe(run)
    assert described["executionInfo"]["executionStatus"] == "CLOSED"
    assert described["openCounts"]["openActivityTasks"] == 2
    assert described["openCounts"]["openTimers"] == 1
    assert domain.pending_activities() == 0


def test_a_failing_decision_does_not_stop_the_others(domain):
    run = domain.start()
    domain.decide(
        marker("one"), cancel_timer("ghost"), schedule("a"), cancel_activity("ghost"), marker("two")
    )
    events = domain.history(run)
    no_activity = "8 RequestCancelActivityTaskFailed decisionTaskCompleted=4 activityId=ghost"
    check_history(
        events,
        f"""
        ...
        4 DecisionTaskCompleted scheduled=2 started=3
        5 MarkerRecorded decisionTaskCompleted=4 markerName=one
        6 CancelTimerFailed decisionTaskCompleted=4 timerId=ghost cause=TIMER_ID_UNKNOWN
        7 ActivityTaskScheduled decisionTaskCompleted=4 activityId=a
        {no_activity} cause=ACTIVITY_ID_UNKNOWN
        9 MarkerRecorded decisionTaskCompleted=4 markerName=two
        10 DecisionTaskScheduled
        """,
    )
    check_one_instant(events, (4, 5, 6, 7, 8, 9, 10))


@pytest.mark.parametrize(
    "batch",
    [
        [],
        [marker("m")],
        [start_timer("t", "600"), cancel_timer("t")],
        [schedule("a")],
    ],
)
def test_no_decision_task_follows(domain, batch):
    run = domain.start()
    domain.decide(*batch)
    assert event_names(domain.history(run)).count("DecisionTaskScheduled") == 1
    assert len(domain.history(run)) == 4 + len(batch)
    assert domain.describe(run)["openCounts"]["openDecisionTasks"] == 0
    assert domain.pending_decisions() == 0


def test_a_response_without_decisions_is_an_empty_one(domain):
    run = domain.start()
    task = domain.poll_decision()
    domain.client.respond_decision_task_completed(taskToken=task["taskToken"])
    assert event_names(domain.history(run))[-1] == "DecisionTaskCompleted"
    respond = domain.client.respond_decision_task_completed
    assert fault(respond, taskToken=task["taskToken"])[0] == "UnknownResourceFault"


def test_execution_context_is_kept_as_given(domain):
    run = domain.start()
    domain.decide(start_timer("t", "0"), executionContext="c")
    domain.decide(start_timer("t", "0"), executionContext="")
    domain.decide()
    events = domain.history(run)
    completed = [event for event in events if event["eventType"] == "DecisionTaskCompleted"]
    contexts = [attributes(event).get("executionContext") for event in completed]
    assert contexts == ["c", "", None]


def test_previous_started_event_id_skips_timed_out_attempts(domain):
    domain.start(taskStartToCloseTimeout="2")
    first = domain.decide(start_timer("t", "0"))
    assert (first["startedEventId"], first["previousStartedEventId"]) == (3, 0)
    second = domain.poll_decision()
    assert (second["startedEventId"], second["previousStartedEventId"]) == (8, 3)
    third = domain.poll_decision()
    assert (third["startedEventId"], third["previousStartedEventId"]) == (11, 3)
    domain.respond(third, start_timer("t", "0"))
    fourth = domain.poll_decision()
    assert fourth["previousStartedEventId"] == 11


def test_a_task_from_where_the_previous_one_started(domain):
    domain.start()
    first = domain.poll_decision(startAtPreviousStartedEvent=True)
    assert event_ids(first["events"]) == [1, 2, 3], "the first task has no previous one"
    domain.respond(first, start_timer("t", "0"))
    second = domain.poll_decision(startAtPreviousStartedEvent=True)
    assert event_ids(second["events"]) == [3, 4, 5, 6, 7, 8]
    domain.respond(second, start_timer("t", "0"))
    third = domain.poll_decision(startAtPreviousStartedEvent=True, reverseOrder=True)
    assert event_ids(third["events"]) == [13, 12, 11, 10, 9, 8]


def test_reverse_order(domain):
    run = domain.start()
    task = domain.poll_decision(reverseOrder=True)
    assert event_ids(task["events"]) == [3, 2, 1]
    assert domain.history(run, reverseOrder=True) == domain.history(run)[::-1]
    assert task["events"] == domain.history(run)[::-1]
