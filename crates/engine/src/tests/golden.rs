//! The golden histories of engine.md, section 11: recorded from the real service, or rebuilt from
//! tests that ran against it. H, I, J and P need children and other executions.

use super::check;

#[test]
fn a_plain() {
    check(
        "
        at 0 start
        => 1 WorkflowExecutionStarted parent=0
        => 2 DecisionTaskScheduled
        at 1 poll
        => 3 DecisionTaskStarted sched=2
        at 2 decide schedule a
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 ActivityTaskScheduled dtc=4
        at 3 take a
        => 6 ActivityTaskStarted sched=5
        at 4 completed a
        => 7 ActivityTaskCompleted sched=5 started=6
        => 8 DecisionTaskScheduled
        at 5 poll
        => 9 DecisionTaskStarted sched=8
        at 6 decide complete
        => 10 DecisionTaskCompleted sched=8 started=9
        => 11 WorkflowExecutionCompleted dtc=10
        ",
    );
}

#[test]
fn b_event_during_a_decision() {
    check(
        "
        ~ at 0 start
        ~ at 1 poll
        at 2 decide schedule a; schedule b
        => 4 DecisionTaskCompleted sched=2 started=3
        => 5 ActivityTaskScheduled dtc=4
        => 6 ActivityTaskScheduled dtc=4
        at 3 take a
        => 7 ActivityTaskStarted sched=5
        at 3 signal go
        => 8 WorkflowExecutionSignaled external=0
        => 9 DecisionTaskScheduled
        at 4 poll
        => 10 DecisionTaskStarted sched=9
        at 5 completed a
        => 11 ActivityTaskCompleted sched=5 started=7
        => 12 DecisionTaskScheduled
        at 6 decide
        => 13 DecisionTaskCompleted sched=9 started=10
        at 7 poll
        => 14 DecisionTaskStarted sched=12
        at 8 decide complete
        => 15 DecisionTaskCompleted sched=12 started=14
        => 16 WorkflowExecutionCompleted dtc=15
        ",
    );
}
