//! How long one evaluation takes over ten statements with conditions: a decision of a
//! `RespondDecisionTaskCompleted`, of which there may be hundreds in one request.
//!
//! Runs with `cargo bench -p tidewheel-tests --bench policies`. The budget is a microsecond. The
//! quickest batch of each row counts: what else the machine does makes the others slower.

use access::{
    Action, Check, Permissions, Policy, PolicyPlace, Principal, PrincipalKind, ServiceKey,
    ServiceValues, Verdict,
};
use serde_json::{Value, json};
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wire::Timestamp;

/// How long each row measures.
const ROW_TIME: Duration = Duration::from_secs(2);
/// How many evaluations are timed together: so few that most batches are not interrupted.
const BATCH: u32 = 500;
/// How many statements there are.
const STATEMENTS: usize = 10;

const DOMAIN: &str = "arn:aws:swf:us-east-1:123456789012:/domain/orders";

fn principal() -> Principal {
    Principal {
        arn: "arn:aws:iam::123456789012:user/decider".into(),
        role_arn: None,
        account: "123456789012".into(),
        kind: PrincipalKind::User,
        user_name: Some("decider".into()),
        user_id: "AIDAEXAMPLE".into(),
        tags: [("team".into(), "orders".into())].into(),
        token_issued_at: None,
        permissions: Permissions::default(),
    }
}

/// Ten statements that all speak of the action, of which the last one allows it.
fn permissions(condition: impl Fn(usize) -> Value, resource: &str) -> Permissions {
    let statement = |index: usize| {
        json!({ "Effect": "Allow", "Action": "swf:*", "Resource": resource,
                "Condition": condition(index) })
    };
    let statements: Vec<Value> = (1..=STATEMENTS).map(statement).collect();
    let document = json!({ "Version": "2012-10-17", "Statement": statements }).to_string();
    let policy = Policy::parse(&document, PolicyPlace::Role).expect("the benchmark's policy");
    Permissions { identity: vec![Arc::new(policy)], ..Permissions::default() }
}

fn measure(row: &str, permissions: &Permissions, check: &Check<'_>) {
    let principal = principal();
    let verdict = permissions.judge(&principal, check);
    assert!(matches!(verdict, Verdict::Allowed(_)), "{row}: the last statement allows it");
    let (mut quickest, begin) = (Duration::MAX, Instant::now());
    while begin.elapsed() < ROW_TIME {
        let batch = Instant::now();
        for _ in 0..BATCH {
            black_box(permissions.judge(black_box(&principal), black_box(check)));
        }
        quickest = quickest.min(batch.elapsed());
    }
    let each = quickest.as_nanos() as f64 / f64::from(BATCH);
    println!("{row:45} {each:8.0} ns");
}

fn main() {
    // `cargo test --benches` runs this without `--bench`; there is nothing to test.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let mut values = ServiceValues::default();
    values.set(ServiceKey::ActivityTypeName, Some("pack10"));
    values.set(ServiceKey::ActivityTypeVersion, Some("1.0"));
    values.set(ServiceKey::TaskListName, Some("packers-10"));
    let check = Check {
        action: Action::ScheduleActivityTask,
        resource: DOMAIN,
        values,
        resource_tags: None,
        request_tags: &[],
        tag_keys: &[],
        origin: None,
        region: "us-east-1",
        now: Timestamp(1_700_000_000_000),
    };
    let equal = |index| {
        json!({ "StringEquals": {
        "swf:activityType.version": "1.0", "swf:activityType.name": format!("pack{index}") } })
    };
    measure("two texts each, one domain", &permissions(equal, DOMAIN), &check);
    let pattern = "arn:aws:swf:*:123456789012:/domain/or*";
    measure("two texts each, domains by pattern", &permissions(equal, pattern), &check);
    let like = |index| {
        json!({
        "StringLike": { "swf:taskList.name": format!("*-{index}") },
        "StringEqualsIfExists": { "swf:activityType.name": [format!("pack{index}"), "ship"] } })
    };
    measure("a pattern and a list each, by pattern", &permissions(like, pattern), &check);
    let variables = |index| {
        json!({
        "DateGreaterThan": { "aws:CurrentTime": "2020-01-01T00:00:00Z" },
        "StringLike": { "swf:taskList.name": format!("*${{aws:nobody, 'ers'}}-{index}") } })
    };
    let own = "arn:aws:swf:*:123456789012:/domain/${aws:PrincipalTag/team}";
    measure("a date and a variable each, own domain", &permissions(variables, own), &check);
}
