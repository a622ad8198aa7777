//! What each command does, and to which run.

use super::*;

#[test]
fn a_workflow_id_has_one_open_run() {
    let mut rig = Rig::new();
    assert_eq!(rig.start("w", "r1"), Ok(Outcome::Started("r1".into())));
    assert_eq!(rig.start("w", "r2"), fault(Fault::WorkflowExecutionAlreadyStarted));
    assert_eq!(rig.start("v", "r3"), Ok(Outcome::Started("r3".into())));
    let both = vec![start("u", "r4", json!({})), start("u", "r5", json!({}))];
    let started = Ok(Outcome::Started("r4".into()));
    let refused = fault(Fault::WorkflowExecutionAlreadyStarted);
    assert_eq!(rig.steps(both), [started, refused], "in one batch, too");
    rig.decide(json!([finish()]));
    assert_eq!(rig.start("w", "r2"), Ok(Outcome::Started("r2".into())), "once it has closed");
}

#[test]
fn what_cannot_start_leaves_no_trace() {
    let mut rig = Rig::new();
    let unknown = json!({"workflowType": {"name": "w", "version": "2"}});
    let named = WorkflowType { name: "w".into(), version: "2".into() };
    let refusal = fault(Fault::unknown_workflow_type(&named));
    assert_eq!(rig.step(start("w", "r1", unknown)), refusal);
    assert_eq!(audit::runs(&rig.memory), []);
    assert_eq!(rig.offers, []);
}

#[test]
fn a_run_is_found_by_its_workflow_id_its_run_id_and_its_token() {
    let mut rig = Rig::new();
    rig.start("w", "r1").expect("the first of its id");
    for target in [open("w"), run("w", "r1"), token("r1")] {
        assert_eq!(rig.step(signal(target, "x")), Ok(Outcome::Done));
    }
    let unknown = |text: &str| fault(Fault::UnknownResource(text.to_owned()));
    let other_scope = Scope { region: "eu-west-1".into(), ..scope() };
    let other_scope = Target::Run(other_scope, "d".into(), "r1".into());
    let other_domain = Target::Run(scope(), "e".into(), "r1".into());
    for (target, text) in [
        (open("v"), "Unknown execution, workflowId = v"),
        (run("v", "r1"), "Unknown execution: WorkflowExecution=[workflowId=v, runId=r1]"),
        (run("w", "r2"), "Unknown execution: WorkflowExecution=[workflowId=w, runId=r2]"),
        (token("r2"), "Unknown execution: WorkflowExecution=[runId=r2]"),
        (other_scope, "Unknown execution: WorkflowExecution=[runId=r1]"),
        (other_domain, "Unknown execution: WorkflowExecution=[runId=r1]"),
    ] {
        assert_eq!(rig.step(signal(target.clone(), "y")), unknown(text));
        assert_eq!(rig.step(ShardCommand::Describe(target)), unknown(text));
    }
    let signals = rig.history("r1").into_iter().filter(|t| *t == "WorkflowExecutionSignaled");
    assert_eq!(signals.count(), 3);
}

#[test]
fn a_closed_run_takes_no_commands_and_is_still_described() {
    let mut rig = Rig::new();
    rig.start("w", "r1").expect("the first of its id");
    rig.decide(json!([finish()]));
    for target in [run("w", "r1"), token("r1")] {
        let refusal = fault(Fault::unknown_run(&"w".into(), &"r1".into()));
        assert_eq!(rig.step(signal(target, "x")), refusal);
    }
    let unknown = fault(Fault::unknown_workflow(&"w".into()));
    assert_eq!(rig.step(signal(open("w"), "x")), unknown);
    let closed = rig.describe("w", "r1").execution_info;
    assert_eq!(closed.close_status, Some(CloseStatus::Completed));
}

#[test]
fn continuing_as_new_moves_the_workflow_id_to_the_next_run() {
    let mut rig = Rig::new();
    rig.start("w", "r1").expect("the first of its id");
    rig.decide(json!([{"decisionType": "ContinueAsNewWorkflowExecution"}]));
    assert_eq!(rig.start("w", "r9"), fault(Fault::WorkflowExecutionAlreadyStarted));
    assert_eq!(rig.step(signal(open("w"), "x")), Ok(Outcome::Done));
    let next = ["WorkflowExecutionStarted", "DecisionTaskScheduled", "WorkflowExecutionSignaled"];
    assert_eq!(rig.history("r1+"), next);
    assert_eq!(rig.history("r1").last(), Some(&"WorkflowExecutionContinuedAsNew"));
    rig.decide(json!([finish()]));
    assert_eq!(rig.start("w", "r9"), Ok(Outcome::Started("r9".into())));
}

#[test]
fn a_task_is_started_once_and_only_for_a_poller_that_waits() {
    let mut rig = Rig::new();
    rig.start("w", "r1").expect("the first of its id");
    let (list, task) = rig.offers.pop().expect("a decision task");
    let (pending, answer) = crate::api::Pending::new(None);
    drop(pending);
    let presence = answer.presence();
    let gone =
        TaskStart { list: list.clone(), task: task.clone(), identity: None, presence, asker: None };
    assert_eq!(rig.step(ShardCommand::StartTask(gone)), Err(Refusal::CallerGone));
    let both = vec![start_task(list.clone(), task.clone()), start_task(list, task)];
    let [first, second]: [_; 2] = rig.steps(both).try_into().expect("two answers");
    let ids = StartedIds { scheduled: EventId(2), started: EventId(3) };
    assert_eq!(task_of(first).ids, ids);
    assert_eq!(second, fault(Fault::unknown_decision_task(EventId(2))));
}

#[test]
fn a_decision_task_is_held_back_while_another_one_is_started() {
    let mut rig = Rig::new();
    rig.start("w", "r1").expect("the first of its id");
    let task = rig.poll(TaskKind::Decision);
    rig.step(signal(open("w"), "x")).expect("the run is open");
    assert_eq!(rig.offers, [], "it waits, and is not to be handed out");
    rig.step(complete(&task, json!([]))).expect("the task is held");
    assert_eq!(rig.offers.len(), 1);
    assert_eq!(rig.poll(TaskKind::Decision).previous_started_event_id, task.ids.started);
}

#[test]
fn further_pages_of_a_decision_task_are_for_who_holds_it() {
    let mut rig = Rig::new();
    rig.start("w", "r1").expect("the first of its id");
    let task = rig.poll(TaskKind::Decision);
    let resume = |ids| ShardCommand::ResumeDecisionTask(token("r1"), ids);
    assert_eq!(rig.step(resume(task.ids)), Ok(Outcome::Task(task.clone())));
    let stale = fault(Fault::unknown_decision_task(EventId(2)));
    let other = StartedIds { started: EventId(9), ..task.ids };
    assert_eq!(rig.step(resume(other)), stale);
    rig.step(complete(&task, json!([]))).expect("the task is held");
    assert_eq!(rig.step(resume(task.ids)), stale);
    assert_eq!(rig.step(complete(&task, json!([]))), stale, "a token serves once");
}

#[test]
fn a_worker_is_told_of_a_request_to_cancel() {
    let mut rig = Rig::new();
    rig.start("w", "r1").expect("the first of its id");
    rig.decide(json!([activity("a1")]));
    let task = rig.poll(TaskKind::Activity);
    let told = |cancel_requested| Ok(Outcome::Heartbeat { cancel_requested });
    assert_eq!(rig.step(heartbeat(&task, "half")), told(false));
    rig.step(signal(open("w"), "x")).expect("the run is open");
    rig.decide(json!([{
        "decisionType": "RequestCancelActivityTask",
        "requestCancelActivityTaskDecisionAttributes": {"activityId": "a1"},
    }]));
    assert_eq!(rig.step(heartbeat(&task, "more")), told(true));
    assert_eq!(rig.step(close(&task)), Ok(Outcome::Done));
    let closed = fault(Fault::unknown_activity(task.ids.scheduled));
    assert_eq!(rig.step(close(&task)), closed);
    assert_eq!(rig.step(heartbeat(&task, "late")), fault(Fault::unknown_activity(EventId(5))));
}

#[test]
fn what_a_run_leaves_open_waits_no_more_once_it_is_terminated() {
    let mut rig = Rig::new();
    rig.start("w", "r1").expect("the first of its id");
    rig.decide(json!([activity("a1"), activity("a2"), timer("t", 5)]));
    let task = rig.poll(TaskKind::Activity);
    rig.step(heartbeat(&task, "half")).expect("the activity is open");
    let terminate = Command::Terminate { reason: None, details: None, child_policy: None };
    rig.step(ShardCommand::Apply(open("w"), terminate)).expect("the run is open");
    assert_eq!(rig.shard.wakes.next(), None);
    assert_eq!(rig.describe("w", "r1").open_counts.open_activity_tasks, 2, "as they stood");
    rig.restart();
    assert_eq!(rig.describe("w", "r1").open_counts.open_activity_tasks, 2);
}
