//! The four clocks of an activity (engine.md, section 5.2), and heartbeats (5.3).

use super::check;

/// An activity with these timeouts, started at 2 s if `taken`, times out at `at` as `timeout`,
/// and not a millisecond before.
#[track_caller]
fn check_timeout(timeouts: &str, taken: bool, at: f64, timeout: &str) {
    let take = if taken { "~ at 2 take a" } else { "" };
    let (id, started) = if taken { (7, 6) } else { (6, 0) };
    check(&format!(
        "
        ~ at 0 start
        ~ poll
        ~ at 1 decide schedule a {timeouts}
        {take}
        at {} wake
        at {at} wake
        => {id} ActivityTaskTimedOut sched=5 started={started} timeout={timeout} details=-
        => {} DecisionTaskScheduled
        completed a
        => ! UnknownResourceFault: Unknown activity, scheduledEventId = 5
        ",
        at - 0.001,
        id + 1
    ));
}

#[test]
fn each_clock_runs_from_its_own_start() {
    check_timeout("scheduleToStartTimeout=5", false, 6.0, "SCHEDULE_TO_START");
    check_timeout("scheduleToCloseTimeout=5", false, 6.0, "SCHEDULE_TO_CLOSE");
    check_timeout("scheduleToCloseTimeout=5", true, 6.0, "SCHEDULE_TO_CLOSE");
    check_timeout("startToCloseTimeout=5", true, 7.0, "START_TO_CLOSE");
    check_timeout("heartbeatTimeout=5", true, 7.0, "HEARTBEAT");
}

#[test]
fn the_earliest_clock_names_the_time_out() {
    let all = |s2s, s2c, stc, hb| {
        format!(
            "scheduleToStartTimeout={s2s} scheduleToCloseTimeout={s2c} \
             startToCloseTimeout={stc} heartbeatTimeout={hb}"
        )
    };
    check_timeout(&all(3, 4, 1, 1), false, 4.0, "SCHEDULE_TO_START");
    check_timeout(&all(4, 3, 1, 1), false, 4.0, "SCHEDULE_TO_CLOSE");
    check_timeout(&all(1, 5, 9, 9), true, 6.0, "SCHEDULE_TO_CLOSE");
    check_timeout(&all(1, 9, 5, 9), true, 7.0, "START_TO_CLOSE");
    check_timeout(&all(1, 9, 9, 5), true, 7.0, "HEARTBEAT");
}

#[test]
fn of_clocks_that_end_together_the_first_in_order_names_the_time_out() {
    let tie = "scheduleToStartTimeout=5 scheduleToCloseTimeout=5";
    check_timeout(tie, false, 6.0, "SCHEDULE_TO_START");
    let three = "scheduleToCloseTimeout=6 startToCloseTimeout=5 heartbeatTimeout=5";
    check_timeout(three, true, 7.0, "START_TO_CLOSE");
    let two = "scheduleToCloseTimeout=6 startToCloseTimeout=9 heartbeatTimeout=5";
    check_timeout(two, true, 7.0, "SCHEDULE_TO_CLOSE");
    check_timeout("startToCloseTimeout=5 heartbeatTimeout=5", true, 7.0, "START_TO_CLOSE");
}

#[test]
fn zero_is_immediate() {
    for (timeout, name) in [
        ("scheduleToStartTimeout", "SCHEDULE_TO_START"),
        ("scheduleToCloseTimeout", "SCHEDULE_TO_CLOSE"),
    ] {
        check(&format!(
            "
            ~ start
            ~ poll
            ~ decide schedule a {timeout}=0
            wake
            => 6 ActivityTaskTimedOut sched=5 started=0 timeout={name}
            => 7 DecisionTaskScheduled
            "
        ));
    }
    for (timeout, name) in
        [("startToCloseTimeout", "START_TO_CLOSE"), ("heartbeatTimeout", "HEARTBEAT")]
    {
        check(&format!(
            "
            ~ start
            ~ poll
            ~ decide schedule a {timeout}=0
            wake
            take a
            => 6 ActivityTaskStarted sched=5
            wake
            => 7 ActivityTaskTimedOut sched=5 started=6 timeout={name}
            => 8 DecisionTaskScheduled
            "
        ));
    }
}

#[test]
fn none_is_no_limit_but_the_executions() {
    check(
        "
        ~ at 0 start
        ~ poll
        ~ at 1 decide schedule a
        ? due=1000:Execution
        ~ at 2 take a
        ? due=1000:Execution
        at 999 wake
        at 999.5 completed a
        => 7 ActivityTaskCompleted sched=5 started=6
        => 8 DecisionTaskScheduled
        ",
    );
}

#[test]
fn the_defaults_of_the_type_hold_where_the_decision_says_nothing() {
    check(
        "
        ~ at 0 start
        ~ poll
        decide schedule a activityType=work/2
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 ActivityTaskScheduled dtc=4 activityType=work/2 taskList=workers-2 scheduleToStartTimeout=20 scheduleToCloseTimeout=50 startToCloseTimeout=40 heartbeatTimeout=10 taskPriority=9
        ? tasks=5@workers-2^9 due=20:Activity(EventId(5),ScheduleToStart)
        ~ signal s
        ~ poll
        decide schedule b activityType=work/2 taskList=mine heartbeatTimeout=NONE taskPriority=0
        => 9 DecisionTaskCompleted sched=7 started=8
        => 10 ActivityTaskScheduled dtc=9 taskList=mine startToCloseTimeout=40 heartbeatTimeout=NONE taskPriority=0
        ",
    );
}

#[test]
fn a_heartbeat_restarts_only_its_own_clock_and_writes_no_event() {
    check(
        "
        ~ at 0 start
        ~ poll
        ~ decide schedule a heartbeatTimeout=5 scheduleToCloseTimeout=12
        ~ take a
        ? due=5:Activity(EventId(5),Heartbeat)
        at 4 beat a
        ? due=9:Activity(EventId(5),Heartbeat)
        at 5 wake
        at 8.5 beat a details=more
        ? due=12:Activity(EventId(5),ScheduleToClose)
        at 12 wake
        => 7 ActivityTaskTimedOut sched=5 started=6 timeout=SCHEDULE_TO_CLOSE details=more
        => 8 DecisionTaskScheduled
        beat a
        => ! UnknownResourceFault: Unknown activity, scheduledEventId = 5
        ",
    );
}

#[test]
fn the_last_heartbeats_details_count_even_if_there_are_none() {
    check(
        "
        ~ at 0 start
        ~ poll
        ~ decide schedule a heartbeatTimeout=5
        ~ take a
        ~ at 1 beat a details=one
        ~ at 2 beat a details=two
        at 7 wake
        => 7 ActivityTaskTimedOut sched=5 started=6 timeout=HEARTBEAT details=two
        => 8 DecisionTaskScheduled
        ~ poll
        ~ decide schedule a heartbeatTimeout=5
        ~ take a
        ~ at 8 beat a details=one
        ~ at 9 beat a
        at 14 wake
        => 13 ActivityTaskTimedOut sched=11 started=12 timeout=HEARTBEAT details=-
        => 14 DecisionTaskScheduled
        ",
    );
}

#[test]
fn the_time_of_heartbeats_never_goes_backwards() {
    check(
        "
        ~ at 0 start
        ~ poll
        ~ decide schedule a heartbeatTimeout=5
        ~ take a
        ~ at 4 beat a details=x
        at 2 beat a details=y  # counts as 4
        ? due=9:Activity(EventId(5),Heartbeat)
        at 8.999 wake
        at 9 wake
        => 7 ActivityTaskTimedOut sched=5 started=6 timeout=HEARTBEAT details=y
        => 8 DecisionTaskScheduled
        ",
    );
}

#[test]
fn heartbeats_of_two_activities_are_their_own() {
    check(
        "
        ~ at 0 start
        ~ poll
        ~ decide schedule a heartbeatTimeout=5; schedule b heartbeatTimeout=5
        beat a
        => ! UnknownResourceFault: Unknown activity, scheduledEventId = 5
        ~ take a
        ~ take b
        ~ at 3 beat b details=fine
        at 5 wake
        => 9 ActivityTaskTimedOut sched=5 started=7 timeout=HEARTBEAT details=-
        => 10 DecisionTaskScheduled
        at 8 wake
        => 11 ActivityTaskTimedOut sched=6 started=8 timeout=HEARTBEAT details=fine
        ",
    );
}

#[test]
fn two_tasks_may_start_in_the_other_order() {
    check(
        "
        ~ start
        ~ poll
        ~ decide schedule a; schedule b
        take b
        => 7 ActivityTaskStarted sched=6
        take a
        => 8 ActivityTaskStarted sched=5
        ",
    );
}
