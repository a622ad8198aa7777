//! The order of `src/order.rs` from its start to its end, with every turn taken when it is due.

use aws_sdk_swf::Client;
use aws_sdk_swf::primitives::DateTime;
use aws_sdk_swf::types::{
    CloseStatus, EventType, ExecutionTimeFilter, HistoryEvent, WorkflowExecution,
    WorkflowExecutionInfo, WorkflowType,
};
use std::time::SystemTime;
use tidewheel_rust_client_tests::domain::{self, Domain, VERSION};
use tidewheel_rust_client_tests::history::line;
use tidewheel_rust_client_tests::order::{
    INSURANCE, INVOICE, ORDER, PARCEL, PRINT_LABEL, TRACKING, decide,
};
use tidewheel_rust_client_tests::server::with_server;

/// Written once for all clients: how an event reads must not depend on who reads it.
const ORDER_HISTORY: &str = include_str!("../../order-history.txt");
const EXECUTIONS_PER_PAGE: i32 = 2;

#[tokio::test]
async fn an_order_and_the_executions_that_it_starts() {
    with_server(&[], async |url| {
        let client = Client::from_conf(domain::config(&url).build());
        let domain = Domain::register(client, "shop").await;
        for workflow_type in [ORDER, PARCEL, INVOICE, INSURANCE, TRACKING] {
            domain.register_workflow(workflow_type).await;
        }
        domain.register_activity(PRINT_LABEL).await;
        let before = DateTime::from(SystemTime::now());
        let order = start(&domain).await;
        play(&domain, &order, before).await;

        let history = domain.history(&order).await;
        let lines: Vec<String> = history.iter().map(line).collect();
        assert_eq!(lines, ORDER_HISTORY.lines().collect::<Vec<_>>());
        check_times(&history, before);
        check_attributes(&history);
        check_children(&domain, &history, &order).await;
        assert_eq!(open(&domain, before).await, Vec::<String>::new());
        let closed = closed(&domain, before).await;
        assert_eq!(
            closed.iter().map(|(name, status)| (name.as_str(), status)).collect::<Vec<_>>(),
            [
                (INSURANCE, &CloseStatus::Canceled),
                (INVOICE, &CloseStatus::Failed),
                (ORDER, &CloseStatus::Completed),
                (PARCEL, &CloseStatus::Completed),
                (TRACKING, &CloseStatus::Completed),
                (TRACKING, &CloseStatus::ContinuedAsNew),
            ]
        );
    })
    .await;
}

async fn start(domain: &Domain) -> WorkflowExecution {
    let workflow_type = WorkflowType::builder().name(ORDER).version(VERSION).build();
    let workflow_type = workflow_type.expect("it is complete");
    let start = domain.client.start_workflow_execution().domain(domain.name).workflow_id("order-1");
    let started = start.workflow_type(workflow_type).input("two books").send().await;
    let run_id = started.expect("the order starts").run_id.expect("a run has an id");
    let execution = WorkflowExecution::builder().workflow_id("order-1").run_id(run_id).build();
    execution.expect("it is complete")
}

/// Every decision and all work of an order.
async fn play(domain: &Domain, order: &WorkflowExecution, before: DateTime) {
    let turn = async |workflow_type| domain.decide(workflow_type, decide).await;

    turn(ORDER).await; // Starts the first, and each other once the one before it has started.
    for _ in [PARCEL, INVOICE, INSURANCE, TRACKING] {
        turn(ORDER).await;
    }
    for waiting in [PARCEL, INSURANCE] {
        turn(waiting).await;
    }
    turn(INVOICE).await; // Fails.
    turn(ORDER).await;
    turn(TRACKING).await; // Goes on as a new run, of which the order hears nothing.
    turn(TRACKING).await;

    let label = domain.poll_activity(PRINT_LABEL).await;
    assert_eq!(label.activity_id(), "label");
    assert_eq!(label.workflow_execution(), Some(order));
    assert!(!is_cancel_requested(&domain.client, label.task_token()).await);

    assert_eq!(open(domain, before).await, [INSURANCE, ORDER, PARCEL, TRACKING]);
    let signal = domain.client.signal_workflow_execution().domain(domain.name);
    let signal = signal.workflow_id("order-1").set_run_id(order.run_id.clone().into());
    let signal = signal.signal_name("address").input("12 Quay Street");
    signal.send().await.expect("the order takes signals");
    turn(ORDER).await; // Passes the address on to the parcel.
    turn(ORDER).await; // Hears that it was.
    turn(PARCEL).await; // Says that it is packed.
    turn(ORDER).await; // Wants no label any more.
    turn(PARCEL).await; // Completes.
    turn(ORDER).await;

    assert!(is_cancel_requested(&domain.client, label.task_token()).await);
    let canceled = domain.client.respond_activity_task_canceled().task_token(label.task_token());
    canceled.details("half printed").send().await.expect("the worker may cancel");
    turn(ORDER).await; // Cancels one timer and starts another.
    turn(ORDER).await; // The timer has fired; asks the insurance to cancel.
    turn(ORDER).await; // Hears that it was asked.
    turn(INSURANCE).await; // Cancels itself.
    turn(ORDER).await; // Tells the tracking that the parcel has arrived.
    turn(ORDER).await; // Hears that it was told.
    turn(TRACKING).await; // Completes.
    let last = turn(ORDER).await; // Completes too.
    assert_eq!(last.execution(), order);
    assert!(last.first.previous_started_event_id() > 0);
    let history = domain.history(order).await;
    assert_eq!(last.events, history[..last.events.len()], "a decider reads what everybody reads");
}

async fn is_cancel_requested(client: &Client, task_token: &str) -> bool {
    let heartbeat = client.record_activity_task_heartbeat().task_token(task_token);
    heartbeat.details("50 %").send().await.expect("the worker is alive").cancel_requested()
}

/// No time is before the one above it, and all are of this run.
fn check_times(history: &[HistoryEvent], before: DateTime) {
    let seconds = |time: &DateTime| time.as_secs_f64();
    let times: Vec<f64> = history.iter().map(|event| seconds(event.event_timestamp())).collect();
    assert!(times.is_sorted(), "{times:?}");
    let now = DateTime::from(SystemTime::now());
    assert!(times[0] >= seconds(&before) - 0.001, "{} and {before}", times[0]);
    assert!(times[times.len() - 1] <= seconds(&now), "{times:?} and {now}");
}

/// What the events of the order's history say besides their ids.
fn check_attributes(history: &[HistoryEvent]) {
    let started = history[0].workflow_execution_started_event_attributes().expect("the first");
    assert_eq!(started.input(), Some("two books"));
    assert_eq!(started.workflow_type().map(WorkflowType::name), Some(ORDER));
    assert_eq!(started.parent_workflow_execution(), None);

    let signals = all(history, HistoryEvent::workflow_execution_signaled_event_attributes);
    let [address, packed] = signals[..] else { panic!("{signals:?}") };
    assert_eq!(address.input(), Some("12 Quay Street"));
    assert_eq!(
        address.external_workflow_execution(),
        None,
        "nobody is behind a signal from outside"
    );
    let sender = packed.external_workflow_execution().expect("it came from the parcel");
    assert_eq!(sender.workflow_id(), "order-1/parcel");

    let failed = one(history, HistoryEvent::child_workflow_execution_failed_event_attributes);
    assert_eq!((failed.reason(), failed.details()), (Some("no account"), Some("asked twice")));
    let marker = one(history, HistoryEvent::marker_recorded_event_attributes);
    assert_eq!((marker.marker_name(), marker.details()), ("invoice failed", Some("no account")));
    let label = one(history, HistoryEvent::activity_task_canceled_event_attributes);
    assert_eq!(label.details(), Some("half printed"));
    let canceled = one(history, HistoryEvent::timer_canceled_event_attributes);
    assert_eq!(canceled.timer_id(), "patience");
    assert_eq!(one(history, HistoryEvent::timer_fired_event_attributes).timer_id(), "pause");
    let asked = one(
        history,
        HistoryEvent::request_cancel_external_workflow_execution_initiated_event_attributes,
    );
    assert_eq!(asked.control(), Some("no longer needed"));
    let insurance = one(history, HistoryEvent::child_workflow_execution_canceled_event_attributes);
    assert_eq!(insurance.details(), Some("refunded"));
    let completed = one(history, HistoryEvent::workflow_execution_completed_event_attributes);
    assert_eq!(completed.result(), Some("arrived"));

    let started = all(history, HistoryEvent::child_workflow_execution_started_event_attributes);
    let first = started[started.len() - 1].workflow_execution().expect("the tracking");
    let ended = all(history, HistoryEvent::child_workflow_execution_completed_event_attributes);
    let last = ended[ended.len() - 1].workflow_execution().expect("the tracking");
    assert_eq!(last.workflow_id(), first.workflow_id());
    assert_ne!(last.run_id(), first.run_id(), "what completed is not the run that was started");
}

/// Each child knows its parent, in every run.
async fn check_children(domain: &Domain, history: &[HistoryEvent], order: &WorkflowExecution) {
    let mut ends = Vec::new();
    for event in history {
        ends.extend(match event.event_type() {
            EventType::ChildWorkflowExecutionCompleted => event
                .child_workflow_execution_completed_event_attributes()
                .map(|end| (end.workflow_execution(), end.initiated_event_id())),
            EventType::ChildWorkflowExecutionFailed => event
                .child_workflow_execution_failed_event_attributes()
                .map(|end| (end.workflow_execution(), end.initiated_event_id())),
            EventType::ChildWorkflowExecutionCanceled => event
                .child_workflow_execution_canceled_event_attributes()
                .map(|end| (end.workflow_execution(), end.initiated_event_id())),
            _ => None,
        });
    }
    assert_eq!(ends.len(), 4);
    for (execution, initiated_event_id) in ends {
        let child = domain.history(execution.expect("an end names the child")).await;
        let started = child[0].workflow_execution_started_event_attributes().expect("the first");
        assert_eq!(started.parent_workflow_execution(), Some(order));
        assert_eq!(started.parent_initiated_event_id(), initiated_event_id);
    }
}

/// The attributes of all events of one type.
fn all<'a, A>(
    history: &'a [HistoryEvent],
    of: impl Fn(&'a HistoryEvent) -> Option<&'a A>,
) -> Vec<&'a A> {
    history.iter().filter_map(of).collect()
}

/// The attributes of the only event of one type.
fn one<'a, A>(
    history: &'a [HistoryEvent],
    of: impl Fn(&'a HistoryEvent) -> Option<&'a A>,
) -> &'a A {
    let found = all(history, of);
    assert_eq!(found.len(), 1);
    found[0]
}

fn since(oldest: DateTime) -> ExecutionTimeFilter {
    ExecutionTimeFilter::builder().oldest_date(oldest).build().expect("it is complete")
}

fn type_name(info: &WorkflowExecutionInfo) -> String {
    info.workflow_type().expect("an execution has a type").name().to_owned()
}

/// The workflow types of the open executions, sorted; read page by page.
async fn open(domain: &Domain, oldest: DateTime) -> Vec<String> {
    let list = domain.client.list_open_workflow_executions().domain(domain.name);
    let list = list.start_time_filter(since(oldest)).into_paginator();
    let mut pages = list.page_size(EXECUTIONS_PER_PAGE).send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.expect("a page can be read");
        assert!(page.execution_infos().len() <= 2, "{page:?}");
        found.extend(page.execution_infos().iter().map(type_name));
    }
    found.sort();
    found
}

/// The workflow types of the closed executions and how they ended, sorted; read page by page.
async fn closed(domain: &Domain, oldest: DateTime) -> Vec<(String, CloseStatus)> {
    let list = domain.client.list_closed_workflow_executions().domain(domain.name);
    let list = list.close_time_filter(since(oldest)).into_paginator();
    let list = list.page_size(EXECUTIONS_PER_PAGE).items().send();
    let found: Vec<WorkflowExecutionInfo> = list.try_collect().await.expect("all can be read");
    let status = |info: &WorkflowExecutionInfo| info.close_status().expect("it is closed").clone();
    let mut found: Vec<_> = found.iter().map(|info| (type_name(info), status(info))).collect();
    found.sort();
    found
}
