//! What the end of a parent does to its children: something when it is terminated or times out,
//! nothing when a decision closes it (engine.md, sections 1.4 and 1.6).

use super::check;

/// A parent `w` (r1) of the policy and a child `c` (r2).
fn parent(policy: &str) -> String {
    format!(
        "~ at 0 start childPolicy={policy}\n~ poll\n~ decide child c childPolicy=REQUEST_CANCEL"
    )
}

#[test]
fn terminate_ends_the_child() {
    let ended = "=> r2 3 WorkflowExecutionTerminated cause=CHILD_POLICY_APPLIED childPolicy=REQUEST_CANCEL reason=- details=-";
    check(&format!(
        "
        {}
        at 1000 wake
        => 8 WorkflowExecutionTimedOut timeout=START_TO_CLOSE childPolicy=TERMINATE
        {ended}
        r2 ? executionInfo.closeStatus=TERMINATED
        ? openCounts.openChildWorkflowExecutions=1
        ",
        parent("TERMINATE")
    ));
    check(&format!(
        "
        {}
        terminate reason=why childPolicy=TERMINATE
        => 8 WorkflowExecutionTerminated cause=OPERATOR_INITIATED childPolicy=TERMINATE
        {ended}
        ",
        parent("ABANDON")
    ));
}

/// Engine.md, section 13, row 11.
#[test]
fn request_cancel_asks_the_child() {
    check(&format!(
        "
        {}
        terminate
        => 8 WorkflowExecutionTerminated cause=OPERATOR_INITIATED childPolicy=REQUEST_CANCEL
        => r2 3 WorkflowExecutionCancelRequested external=0 cause=CHILD_POLICY_APPLIED externalWorkflowExecution=-
        r2 ? executionInfo.executionStatus=OPEN executionInfo.cancelRequested=true
        ~ r2 poll
        r2 decide cancel
        => r2 5 DecisionTaskCompleted sched=2 started=4
        => r2 6 WorkflowExecutionCanceled dtc=5
        ",
        parent("REQUEST_CANCEL")
    ));
    check(&format!(
        "
        {}
        ~ r2 poll
        ~ r2 decide
        at 1000 wake
        => 8 WorkflowExecutionTimedOut timeout=START_TO_CLOSE childPolicy=REQUEST_CANCEL
        => r2 5 WorkflowExecutionCancelRequested external=0 cause=CHILD_POLICY_APPLIED
        => r2 6 DecisionTaskScheduled
        ",
        parent("REQUEST_CANCEL")
    ));
}

#[test]
fn abandon_leaves_the_child_alone() {
    check(&format!(
        "
        {}
        at 1000 wake
        => 8 WorkflowExecutionTimedOut timeout=START_TO_CLOSE childPolicy=ABANDON
        r2 ? executionInfo.executionStatus=OPEN executionInfo.cancelRequested=false
        ",
        parent("ABANDON")
    ));
    check(&format!(
        "
        {}
        terminate childPolicy=ABANDON
        => 8 WorkflowExecutionTerminated cause=OPERATOR_INITIATED childPolicy=ABANDON
        r2 ? executionInfo.executionStatus=OPEN executionInfo.cancelRequested=false
        ",
        parent("TERMINATE")
    ));
}

#[test]
fn a_decision_that_closes_the_parent_applies_no_policy() {
    for (close, closed) in [
        ("complete", "WorkflowExecutionCompleted"),
        ("fail", "WorkflowExecutionFailed"),
        ("cancel", "WorkflowExecutionCanceled"),
    ] {
        for policy in ["TERMINATE", "REQUEST_CANCEL"] {
            check(&format!(
                "
                {}
                ~ poll
                decide {close}
                => 9 DecisionTaskCompleted sched=7 started=8
                => 10 {closed} dtc=9
                r2 ? executionInfo.executionStatus=OPEN executionInfo.cancelRequested=false
                ",
                parent(policy)
            ));
        }
    }
}

/// The new run does not know the children of the old one, so its end does nothing to them.
#[test]
fn children_of_a_run_that_continues_as_new_are_on_their_own() {
    check(&format!(
        "
        {}
        ~ poll
        ~ decide continue childPolicy=TERMINATE
        r3 terminate
        => r3 3 WorkflowExecutionTerminated cause=OPERATOR_INITIATED childPolicy=TERMINATE
        r2 ? executionInfo.executionStatus=OPEN executionInfo.cancelRequested=false
        ",
        parent("TERMINATE")
    ));
}

/// Engine.md, section 13, row 27: each child's own policy goes on to its children.
#[test]
fn a_termination_goes_down_by_each_ones_own_policy() {
    let tree = "
        ~ start
        ~ poll
        ~ decide child c childPolicy=TERMINATE; child d childPolicy=REQUEST_CANCEL; child e childPolicy=ABANDON
        ~ r2 poll
        ~ r2 decide child cc
        ~ r3 poll
        ~ r3 decide child dd
        ~ r4 poll
        ~ r4 decide child ee
        ~ r5 poll
        ~ r5 decide child ccc
        ";
    check(&format!(
        "
        {tree}
        terminate
        => 12 WorkflowExecutionTerminated cause=OPERATOR_INITIATED childPolicy=TERMINATE
        => r2 8 WorkflowExecutionTerminated cause=CHILD_POLICY_APPLIED childPolicy=TERMINATE
        => r3 8 WorkflowExecutionTerminated cause=CHILD_POLICY_APPLIED childPolicy=REQUEST_CANCEL
        => r4 8 WorkflowExecutionTerminated cause=CHILD_POLICY_APPLIED childPolicy=ABANDON
        => r5 8 WorkflowExecutionTerminated cause=CHILD_POLICY_APPLIED childPolicy=TERMINATE
        => r6 3 WorkflowExecutionCancelRequested external=0 cause=CHILD_POLICY_APPLIED
        => r8 3 WorkflowExecutionTerminated cause=CHILD_POLICY_APPLIED childPolicy=TERMINATE
        r7 ? executionInfo.executionStatus=OPEN executionInfo.cancelRequested=false
        "
    ));
    // A request to cancel does not go down.
    check(&format!(
        "
        {tree}
        terminate childPolicy=REQUEST_CANCEL
        => 12 WorkflowExecutionTerminated cause=OPERATOR_INITIATED childPolicy=REQUEST_CANCEL
        => r2 8 WorkflowExecutionCancelRequested external=0 cause=CHILD_POLICY_APPLIED
        => r3 8 WorkflowExecutionCancelRequested external=0 cause=CHILD_POLICY_APPLIED
        => r4 8 WorkflowExecutionCancelRequested external=0 cause=CHILD_POLICY_APPLIED
        "
    ));
}

#[test]
fn a_policy_reaches_whichever_run_of_the_child_is_open() {
    check(&format!(
        "
        {}
        ~ r2 poll
        ~ r2 decide continue
        terminate
        => 8 WorkflowExecutionTerminated cause=OPERATOR_INITIATED
        => r3 3 WorkflowExecutionTerminated cause=CHILD_POLICY_APPLIED
        ",
        parent("TERMINATE")
    ));
}

/// A run that happens to have the child's id is a stranger.
#[test]
fn a_policy_spares_a_run_that_only_has_the_childs_id() {
    check(&format!(
        "
        {}
        hold
        ~ r2 terminate
        ~ start workflowId=c
        r1 terminate
        => 8 WorkflowExecutionTerminated cause=OPERATOR_INITIATED
        deliver
        ? executionInfo.executionStatus=OPEN executionInfo.execution=c/r3
        ",
        parent("TERMINATE")
    ));
}

#[test]
fn a_policy_and_the_childs_own_end_may_cross() {
    check(&format!(
        "
        {}
        hold
        ~ r2 terminate
        ~ terminate
        deliver
        ",
        parent("TERMINATE")
    ));
}

/// Whoever carries a start out looks first whether it was recalled (engine.md, section 13, row 9).
/// Here that was not seen any more; see `child_policies`.
#[test]
fn a_child_whose_start_crosses_its_parents_end_ends_at_once() {
    let announced = |policy: &str| {
        format!("~ start childPolicy={policy}\n~ poll\nhold\n~ decide child c\n~ terminate")
    };
    let started = "
        => r2 1 WorkflowExecutionStarted parent=5
        => r2 2 DecisionTaskScheduled
        ";
    check(&format!(
        "
        {}
        deliver
        {started}
        => r2 3 WorkflowExecutionTerminated cause=CHILD_POLICY_APPLIED
        r2 ? tasks=
        ",
        announced("TERMINATE")
    ));
    check(&format!(
        "
        {}
        deliver
        {started}
        => r2 3 WorkflowExecutionCancelRequested external=0 cause=CHILD_POLICY_APPLIED
        ",
        announced("REQUEST_CANCEL")
    ));
    check(&format!("{}\ndeliver\n{started}", announced("ABANDON")));
}

/// Its id was taken: there is no child, and whoever has the id is spared.
#[test]
fn a_child_that_never_starts_knows_no_policy() {
    check(
        "
        ~ start workflowId=c
        ~ start
        ~ on r2
        ~ poll
        hold
        ~ decide child c
        ~ terminate
        deliver
        r1 ? executionInfo.executionStatus=OPEN
        ",
    );
}
