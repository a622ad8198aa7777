"""Canceling activities: what the worker is told, and its answer through the AWS CLI."""

import pytest

from aws import EXIT_SERVICE_ERROR
from driver import (
    attributes,
    cancel_activity,
    check_history,
    complete_workflow,
    fault,
    render,
    schedule,
    start_timer,
    unknown_activity,
)


@pytest.fixture
def canceling(domain):
    """A run whose activity is running and has been asked to cancel: events 1 to 11."""
    run = domain.start()
    domain.decide(schedule("a"))
    activity = domain.poll_activity()
    assert domain.heartbeat(activity) is False
    domain.signal(run)
    domain.decide(cancel_activity("a"))
    return run, activity


def test_a_heartbeat_tells_of_the_request(domain, canceling):
    run, activity = canceling
    assert domain.heartbeat(activity, details="half") is True
    check_history(
        domain.history(run),
        """
        ...
        10 DecisionTaskCompleted scheduled=8 started=9
        11 ActivityTaskCancelRequested decisionTaskCompleted=10 activityId=a
        """,
    )
    assert domain.describe(run)["openCounts"]["openDecisionTasks"] == 0


def test_a_cancel_request_to_the_workflow_is_not_passed_on(domain):
    run = domain.start()
    domain.decide(schedule("a"))
    activity = domain.poll_activity()
    domain.request_cancel(run)
    assert domain.heartbeat(activity) is False
    assert domain.describe(run)["executionInfo"]["cancelRequested"] is True


def test_respond_canceled_through_the_cli(domain, aws, canceling):
    run, activity = canceling
    token = activity["taskToken"]
    aws.silent("respond-activity-task-canceled", "--task-token", token, "--details", "tidied up")
    domain.decide(complete_workflow())
    events = domain.history(run)
    check_history(
        events,
        """
        ...
        12 ActivityTaskCanceled latestCancelRequested=11 scheduled=5 started=6
        13 DecisionTaskScheduled
        14 DecisionTaskStarted scheduled=13
        15 DecisionTaskCompleted scheduled=13 started=14
        16 WorkflowExecutionCompleted decisionTaskCompleted=15
        """,
    )
    assert attributes(events[11])["details"] == "tidied up"


def test_respond_canceled_without_details_then_again(domain, aws, canceling):
    run, activity = canceling
    words = ["respond-activity-task-canceled", "--task-token", activity["taskToken"]]
    aws.silent(*words)
    canceled = domain.history(run)[11]
    assert render(canceled) == (
        "12 ActivityTaskCanceled latestCancelRequested=11 scheduled=5 started=6"
    )
    assert "details" not in attributes(canceled)

    again = aws.run(*words)
    assert again.returncode == EXIT_SERVICE_ERROR
    assert again.stdout == ""
    assert again.stderr.strip() == (
        "An error occurred (UnknownResourceFault) when calling the RespondActivityTaskCanceled "
        "operation: Unknown activity, scheduledEventId = 5"
    )


def test_a_token_that_is_none_through_the_cli(aws):
    assert aws.refused("respond-activity-task-canceled", "--task-token", "garbage") == (
        "An error occurred (ValidationException) when calling the RespondActivityTaskCanceled "
        "operation: Invalid token"
    )


def test_canceled_without_a_request(domain):
    run = domain.start()
    domain.decide(schedule("a"))
    activity = domain.poll_activity()
    domain.client.respond_activity_task_canceled(taskToken=activity["taskToken"], details="mine")
    domain.poll_decision()
    check_history(
        domain.history(run),
        """
        ...
        6 ActivityTaskStarted scheduled=5
        7 ActivityTaskCanceled scheduled=5 started=6
        8 DecisionTaskScheduled
        9 DecisionTaskStarted scheduled=8
        """,
    )


def test_an_unstarted_activity_is_canceled_at_once(domain):
    run = domain.start()
    domain.decide(schedule("a"), schedule("b"), start_timer("t", "0"))
    domain.decide(cancel_activity("a"))
    domain.poll_decision()
    check_history(
        domain.history(run),
        """
        ...
        12 ActivityTaskCancelRequested decisionTaskCompleted=11 activityId=a
        13 ActivityTaskCanceled latestCancelRequested=12 scheduled=5 started=0
        14 DecisionTaskScheduled
        15 DecisionTaskStarted scheduled=14
        """,
    )
    assert domain.pending_activities() == 1
    assert domain.poll_activity()["activityId"] == "b", "the canceled task is never delivered"


def test_repeated_requests_move_the_latest_id(domain, canceling):
    run, activity = canceling
    domain.signal(run)
    domain.decide(cancel_activity("a"), cancel_activity("a"))
    domain.client.respond_activity_task_canceled(taskToken=activity["taskToken"])
    check_history(
        domain.history(run)[:18],
        """
        ...
        15 DecisionTaskCompleted scheduled=13 started=14
        16 ActivityTaskCancelRequested decisionTaskCompleted=15 activityId=a
        17 ActivityTaskCancelRequested decisionTaskCompleted=15 activityId=a
        18 ActivityTaskCanceled latestCancelRequested=17 scheduled=5 started=6
        """,
    )


@pytest.mark.parametrize(
    "answer, event",
    [
        ("respond_activity_task_completed", "ActivityTaskCompleted"),
        ("respond_activity_task_failed", "ActivityTaskFailed"),
    ],
)
def test_a_worker_may_ignore_the_request(domain, canceling, answer, event):
    run, activity = canceling
    getattr(domain.client, answer)(taskToken=activity["taskToken"])
    assert render(domain.history(run)[11]) == f"12 {event} scheduled=5 started=6"
    assert fault(domain.heartbeat, task=activity) == unknown_activity(5)


def test_a_canceling_activity_may_time_out(domain):
    run = domain.start()
    domain.decide(schedule("a", startToCloseTimeout="2"))
    domain.poll_activity()
    domain.signal(run)
    domain.decide(cancel_activity("a"))
    domain.poll_decision()
    assert render(domain.history(run)[11]) == (
        "12 ActivityTaskTimedOut scheduled=5 started=6 timeoutType=START_TO_CLOSE"
    )
