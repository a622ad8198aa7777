"""The durability oracle itself: it accepts a sound history and sees each way to break one."""

import datetime

import pytest

from checker import Call, History, Outcome, problems, task_mark, unfinished

EPOCH = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)


def event(event_id: int, kind: str, **members) -> dict:
    return {
        "eventId": event_id,
        "eventType": kind,
        "eventTimestamp": EPOCH + datetime.timedelta(seconds=event_id),
        kind[0].lower() + kind[1:] + "EventAttributes": members,
    }


def sound_history() -> History:
    first_task, second_task = (
        {"scheduledEventId": 2, "startedEventId": 3},
        {"scheduledEventId": 9, "startedEventId": 12},
    )
    return History(
        "w",
        "run",
        [
            event(1, "WorkflowExecutionStarted", input="start-1", parentInitiatedEventId=0),
            event(2, "DecisionTaskScheduled"),
            event(3, "DecisionTaskStarted", scheduledEventId=2),
            event(4, "DecisionTaskCompleted", executionContext="decision-1", **first_task),
            event(5, "ActivityTaskScheduled", decisionTaskCompletedEventId=4),
            event(6, "TimerStarted", startToFireTimeout="2", decisionTaskCompletedEventId=4),
            event(7, "ActivityTaskStarted", scheduledEventId=5),
            event(8, "WorkflowExecutionSignaled", signalName="signal-1"),
            event(9, "DecisionTaskScheduled"),
            event(10, "ActivityTaskCompleted", scheduledEventId=5, startedEventId=7, result="r-1"),
            event(11, "TimerFired", startedEventId=6),
            event(12, "DecisionTaskStarted", scheduledEventId=9),
            event(13, "DecisionTaskCompleted", executionContext="decision-2", **second_task),
            event(14, "WorkflowExecutionCompleted", decisionTaskCompletedEventId=13),
        ],
    )


def sound_calls() -> list:
    made = [
        ("start", "start-1"),
        ("signal", "signal-1"),
        ("result", "r-1"),
        ("decision", "decision-1"),
        ("decision", "decision-2"),
        ("task", task_mark("run", 3)),
        ("task", task_mark("run", 7)),
    ]
    calls = [Call(kind, mark, Outcome.ACKNOWLEDGED) for kind, mark in made]
    return calls + [
        Call("signal", "lost with the connection"),
        Call("result", "too late", Outcome.REFUSED),
    ]


def renumber(history: History):
    for number, one in enumerate(history.events, start=1):
        one["eventId"] = number


def insert(history: History, after: int, kind: str, **members):
    one = event(after, kind, **members)
    history.events.insert(after, one)
    renumber(history)


def test_a_sound_history_has_no_problems():
    assert problems([sound_history()], sound_calls()) == []
    assert unfinished([sound_history()]) == []


def test_an_unacknowledged_call_may_have_happened():
    calls = sound_calls()
    calls[1].outcome = Outcome.UNKNOWN
    assert problems([sound_history()], calls) == []


def test_an_open_history_is_unfinished():
    history = sound_history()
    history.events.pop()
    assert problems([history], sound_calls()) == []
    assert unfinished([history]) == ["run"]


def lose_an_event(histories, calls):
    del histories[0].events[7]


def lose_a_signal_and_close_the_gap(histories, calls):
    del histories[0].events[7]
    renumber(histories[0])


def lose_the_whole_run(histories, calls):
    histories.clear()


def lose_the_beginning(histories, calls):
    del histories[0].events[0]
    renumber(histories[0])


def double_a_signal(histories, calls):
    insert(histories[0], 8, "WorkflowExecutionSignaled", signalName="signal-1")


def invent_a_signal(histories, calls):
    insert(histories[0], 8, "WorkflowExecutionSignaled", signalName="nobody's")


def keep_a_refused_result(histories, calls):
    calls[2].outcome = Outcome.REFUSED


def start_an_activity_twice(histories, calls):
    insert(histories[0], 7, "ActivityTaskStarted", scheduledEventId=5)


def close_an_activity_twice(histories, calls):
    insert(histories[0], 10, "ActivityTaskTimedOut", scheduledEventId=5, startedEventId=7)


def fire_a_timer_twice(histories, calls):
    insert(histories[0], 11, "TimerFired", startedEventId=6)


def fire_a_timer_early(histories, calls):
    started = histories[0].events[5]
    started["timerStartedEventAttributes"]["startToFireTimeout"] = "6"


def give_a_task_to_two(histories, calls):
    calls.append(Call("task", task_mark("run", 7), Outcome.ACKNOWLEDGED))


def give_a_task_that_is_not_started(histories, calls):
    calls.append(Call("task", task_mark("run", 9), Outcome.ACKNOWLEDGED))


def go_on_after_the_close(histories, calls):
    insert(histories[0], 14, "DecisionTaskScheduled")


def turn_back_time(histories, calls):
    histories[0].events[8]["eventTimestamp"] = EPOCH


def refer_to_something_else(histories, calls):
    histories[0].events[9]["activityTaskCompletedEventAttributes"]["scheduledEventId"] = 6


def refer_to_the_future(histories, calls):
    histories[0].events[2]["decisionTaskStartedEventAttributes"]["scheduledEventId"] = 9


def list_a_run_twice(histories, calls):
    histories.append(histories[0])


def open_two_runs(histories, calls):
    second = sound_history()
    second.run_id = "second"
    second.events = [event(1, "WorkflowExecutionStarted", input="start-2")]
    second.events[0]["eventTimestamp"] = EPOCH + datetime.timedelta(seconds=5)
    histories.append(second)
    calls.append(Call("start", "start-2", Outcome.ACKNOWLEDGED))


@pytest.mark.parametrize(
    "damage, symptom",
    [
        (lose_an_event, "ids are not dense"),
        (lose_a_signal_and_close_the_gap, "signal signal-1 is lost"),
        (lose_the_whole_run, "start start-1 is lost"),
        (lose_the_beginning, "does not begin with WorkflowExecutionStarted"),
        (double_a_signal, "signal signal-1 is there 2 times"),
        (invent_a_signal, "signal nobody's was never asked for"),
        (keep_a_refused_result, "result r-1 was refused and is there"),
        (start_an_activity_twice, "activity start of 5 happened 2 times"),
        (close_an_activity_twice, "activity close of 5 happened 2 times"),
        (fire_a_timer_twice, "timer close of 6 happened 2 times"),
        (fire_a_timer_early, "fired after 5.0 s of 6"),
        (give_a_task_to_two, "task run 7 was given to 2"),
        (give_a_task_that_is_not_started, "task run 9 is lost"),
        (go_on_after_the_close, "15 comes after the close"),
        (turn_back_time, "time runs backwards at 9"),
        (refer_to_something_else, "10 refers to 6 as scheduledEventId"),
        (refer_to_the_future, "3 refers to 9 as scheduledEventId"),
        (list_a_run_twice, "run run is listed 2 times"),
        (open_two_runs, "w: run and second overlap"),
    ],
)
def test_each_kind_of_damage_is_seen(damage, symptom):
    histories, calls = [sound_history()], sound_calls()
    damage(histories, calls)
    found = problems(histories, calls)
    assert [problem for problem in found if symptom in problem], found
