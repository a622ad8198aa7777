//! The numbers of the quota page, and which requests share a bucket.

use super::*;
use crate::tests::fixture::{request, scope, tokens};
use crate::token::{TaskDelivery, TaskRef};
use serde_json::{Value, json};

fn rate(bucket: u32, refill_per_second: u32) -> Rate {
    Rate { bucket, refill_per_second }
}

fn admits(throttle: &Throttle, scope: &Scope, operation: &str, body: Value, now: i64) -> bool {
    let request = request(operation, body).expect("a right request");
    throttle.admit(scope, &request, &tokens(), Timestamp(now))
}

#[test]
fn every_request_has_awss_own_throttle() {
    let aws = Throttles::aws();
    let named: Vec<Operation> = aws.requests.keys().copied().collect();
    assert_eq!(named, Operation::ALL, "none is left out");
    let rows = [
        (Operation::StartWorkflowExecution, rate(2000, 200)),
        (Operation::RecordActivityTaskHeartbeat, rate(2000, 160)),
        (Operation::GetWorkflowExecutionHistory, rate(2000, 60)),
        (Operation::SignalWorkflowExecution, rate(2000, 30)),
        (Operation::CountOpenWorkflowExecutions, rate(2000, 6)),
        (Operation::RegisterActivityType, rate(200, 60)),
        (Operation::ListOpenWorkflowExecutions, rate(200, 48)),
        (Operation::ListClosedWorkflowExecutions, rate(200, 6)),
        (Operation::RegisterDomain, rate(100, 6)),
        (Operation::TagResource, rate(50, 30)),
    ];
    for (operation, expected) in rows {
        assert_eq!(aws.requests[&operation], expected, "{}", operation.name());
    }
    let named: Vec<Operation> = aws.workflow_requests.keys().copied().collect();
    assert_eq!(named, Throttles::WORKFLOW_REQUESTS);
    assert!(aws.decisions.keys().all(|named| Throttles::DECISIONS.contains(named)));
}

#[test]
fn a_bucket_is_one_operations_of_one_account_and_region() {
    let requests = [(Operation::DescribeDomain, rate(2, 1)), (Operation::ListDomains, rate(1, 1))];
    let throttle = Throttle::new(Throttles { requests: requests.into(), ..Throttles::default() });
    let describe =
        |scope: &Scope, now| admits(&throttle, scope, "DescribeDomain", json!({"name": "d"}), now);
    let list = json!({"registrationStatus": "REGISTERED"});
    let home = scope();
    let abroad = Scope { region: "eu-west-1".into(), ..scope() };
    let stranger = Scope { account: "210987654321".into(), ..scope() };
    assert!(describe(&home, 0) && describe(&home, 0));
    assert!(!describe(&home, 0));
    assert!(admits(&throttle, &home, "ListDomains", list, 0), "another operation");
    assert!(describe(&abroad, 0) && describe(&stranger, 0));
    assert!(!describe(&home, 999));
    assert!(describe(&home, 1000));
    for _ in 0..100 {
        assert!(
            admits(
                &throttle,
                &home,
                "RegisterDomain",
                json!({
                    "name": "e", "workflowExecutionRetentionPeriodInDays": "1",
                }),
                0
            ),
            "one without a throttle"
        );
    }
}

/// A workflow's bucket is its own, and a request that is refused for it takes nothing from the
/// account.
#[test]
fn a_refused_request_takes_no_token() {
    let operation = Operation::SignalWorkflowExecution;
    let throttle = Throttle::new(Throttles {
        requests: [(operation, rate(3, 1))].into(),
        workflow_requests: [(operation, rate(1, 1))].into(),
        ..Throttles::default()
    });
    let signal = |workflow_id: &str, run_id: &str| {
        let body = json!({
            "domain": "d", "workflowId": workflow_id, "runId": run_id, "signalName": "s",
        });
        admits(&throttle, &scope(), "SignalWorkflowExecution", body, 0)
    };
    assert!(signal("w", "r1"));
    for _ in 0..10 {
        assert!(!signal("w", "r2"), "whichever run of it");
    }
    assert!(signal("x", "r1") && signal("y", "r1"), "the account has two left");
    assert!(!signal("z", "r1"), "and now none");
}

#[test]
fn heartbeats_are_counted_by_the_run_of_their_token() {
    let operation = Operation::RecordActivityTaskHeartbeat;
    let throttle = Throttle::new(Throttles {
        workflow_requests: [(operation, rate(1, 1))].into(),
        ..Throttles::default()
    });
    let beat = |run_id: &str, event: u64| {
        let delivery = TaskDelivery {
            shard: 1,
            run_id: run_id.into(),
            scheduled_event_id: EventId(event),
            started_event_id: EventId(event + 1),
        };
        let task = TaskRef { scope: scope(), domain: "d".into(), delivery };
        let token = tokens().task(TaskKind::Activity, &task);
        let body = json!({"taskToken": token.as_str()});
        admits(&throttle, &scope(), "RecordActivityTaskHeartbeat", body, 0)
    };
    assert!(beat("r1", 5));
    assert!(!beat("r1", 7), "another task of the run");
    assert!(beat("r2", 5));
    let foreign = json!({"taskToken": "nonsense"});
    assert!(
        admits(&throttle, &scope(), "RecordActivityTaskHeartbeat", foreign, 0),
        "refused later"
    );
}
