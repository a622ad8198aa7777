"""What each event of a plain run holds, and what it leaves out."""

from driver import (
    ACTIVITY,
    WORKFLOW,
    attributes,
    check_one_instant,
    complete_workflow,
    render,
    schedule,
    start_timer,
)


def test_every_attribute_of_a_plain_run(domain):
    """Resolved values are written, and what nobody set is left out."""
    run = domain.start(input="in")
    decision = domain.poll_decision()
    domain.respond(decision, schedule("a", control="c", heartbeatTimeout="30"))
    activity = domain.poll_activity(identity="worker")
    domain.complete(activity, result="42")
    domain.decide(complete_workflow(result="done"))
    assert [attributes(event) for event in domain.history(run)] == [
        {
            "workflowType": WORKFLOW,
            "taskList": {"name": "decisions"},
            "executionStartToCloseTimeout": "3600",
            "taskStartToCloseTimeout": "60",
            "childPolicy": "TERMINATE",
            "parentInitiatedEventId": 0,
            "input": "in",
        },
        {
            "taskList": {"name": "decisions"},
            "startToCloseTimeout": "60",
            "scheduleToStartTimeout": "NONE",
        },
        {"scheduledEventId": 2},
        {"scheduledEventId": 2, "startedEventId": 3},
        {
            "activityType": ACTIVITY,
            "activityId": "a",
            "control": "c",
            "taskList": {"name": "activities"},
            "scheduleToStartTimeout": "NONE",
            "scheduleToCloseTimeout": "NONE",
            "startToCloseTimeout": "NONE",
            "heartbeatTimeout": "30",
            "decisionTaskCompletedEventId": 4,
        },
        {"scheduledEventId": 5, "identity": "worker"},
        {"scheduledEventId": 5, "startedEventId": 6, "result": "42"},
        {
            "taskList": {"name": "decisions"},
            "startToCloseTimeout": "60",
            "scheduleToStartTimeout": "NONE",
        },
        {"scheduledEventId": 8},
        {"scheduledEventId": 8, "startedEventId": 9},
        {"decisionTaskCompletedEventId": 10, "result": "done"},
    ]
    assert activity["startedEventId"] == 6
    assert activity["workflowExecution"] == run
    assert activity["activityType"] == ACTIVITY
    assert activity["activityId"] == "a"
    assert "input" not in activity


def test_what_only_some_set_is_written_only_for_them(domain):
    """Priorities, controls, identities and details appear where they were given, nowhere else."""
    run = domain.start(taskPriority="5")
    domain.signal(run, input="x")
    task = domain.poll_decision(identity="decider")
    domain.respond(
        task,
        schedule("a", taskPriority="-1", input="", taskList={"name": "special"}),
        schedule("b"),
        start_timer("t", "0", control="tick"),
        executionContext="context",
    )
    domain.client.respond_activity_task_failed(
        taskToken=domain.poll_activity("special")["taskToken"], reason="r", details="d"
    )
    domain.client.respond_activity_task_failed(taskToken=domain.poll_activity()["taskToken"])
    domain.decide()
    by_type = {}
    for event in domain.history(run):
        by_type.setdefault(event["eventType"], []).append(attributes(event))
    assert by_type["WorkflowExecutionSignaled"] == [
        {"signalName": "hello", "input": "x", "externalInitiatedEventId": 0}
    ]
    scheduled = by_type["DecisionTaskScheduled"]
    assert [members["taskPriority"] for members in scheduled] == ["5", "5"]
    assert by_type["DecisionTaskStarted"][0] == {"scheduledEventId": 2, "identity": "decider"}
    assert "identity" not in by_type["DecisionTaskStarted"][1]
    completed = by_type["DecisionTaskCompleted"]
    assert completed[0]["executionContext"] == "context"
    assert "executionContext" not in completed[1]
    a, b = by_type["ActivityTaskScheduled"]
    assert (a["taskPriority"], a["input"], a["taskList"]) == ("-1", "", {"name": "special"})
    assert not {"taskPriority", "input", "control"} & set(b), "a run's priority is its own"
    assert by_type["TimerStarted"][0]["control"] == "tick"
    failed = by_type["ActivityTaskFailed"]
    assert (failed[0]["reason"], failed[0]["details"]) == ("r", "d")
    assert set(failed[1]) == {"scheduledEventId", "startedEventId"}


def test_an_activity_type_gives_its_priority(domain):
    type_ = {"name": "urgent", "version": "1"}
    domain.register_activity(type_, defaultTaskPriority="9", defaultTaskList={"name": "x"})
    run = domain.start()
    timeouts = ("scheduleToStart", "scheduleToClose", "startToClose")
    given = {f"{name}Timeout": "NONE" for name in timeouts} | {"heartbeatTimeout": "0"}
    domain.decide(schedule("a", type_, **given))
    scheduled = attributes(domain.history(run)[4])
    assert scheduled["taskPriority"] == "9"
    assert scheduled["taskList"] == {"name": "x"}
    assert scheduled["heartbeatTimeout"] == "0"


def test_a_decider_sees_what_the_history_holds(domain):
    run = domain.start()
    domain.signal(run)
    task = domain.poll_decision()
    assert task["workflowExecution"] == run
    assert task["workflowType"] == WORKFLOW
    assert (task["startedEventId"], task["previousStartedEventId"]) == (4, 0)
    assert task["events"] == domain.history(run)
    assert render(task["events"][-1]) == "4 DecisionTaskStarted scheduled=2"
    check_one_instant(task["events"], (1, 2))
    domain.respond(task, complete_workflow())
    assert domain.history(run)[:4] == task["events"], "timestamps are never rounded again"
