//! What is shown, as text.

use super::*;
use serde_json::{Value, json};

const NOW_S: f64 = 1_326_593_394.0;

fn recent(last_minute: u64) -> Value {
    json!({ "lastMinute": last_minute, "lastFiveMinutes": last_minute * 5 })
}

fn backlog(count: u32, age: f64) -> Value {
    match count {
        0 => json!({ "count": 0, "truncated": false }),
        10_000 => {
            json!({ "count": count, "truncated": true, "oldestTaskScheduledAt": NOW_S - age })
        }
        _ => json!({ "count": count, "truncated": false, "oldestTaskScheduledAt": NOW_S - age }),
    }
}

fn domain(name: &str, open: u64, decisions: Value, activities: Value) -> DomainLoad {
    let load = json!({
        "domain": name, "openExecutions": open,
        "started": recent(12), "completed": recent(7), "failed": recent(1), "canceled": recent(0),
        "terminated": recent(1), "continuedAsNew": recent(2), "timedOut": recent(1),
        "decisionTasksHandedOut": recent(40), "activityTasksHandedOut": recent(30),
        "tasksTimedOut": recent(3),
        "decisionBacklog": decisions, "activityBacklog": activities,
    });
    serde_json::from_value(load).expect("a load")
}

fn poller(identity: Option<&str>, waiting: u32, seen: f64) -> Value {
    let mut poller = json!({
        "address": "10.0.0.7", "waiting": waiting, "lastSeenAt": NOW_S - seen,
    });
    if let Some(identity) = identity {
        poller["identity"] = json!(identity);
    }
    poller
}

fn list(
    kind: &str,
    name: &str,
    backlog: Value,
    pollers: Vec<Value>,
    rate: u64,
) -> (DomainName, TaskListDetail) {
    let waiting: u64 = pollers.iter().filter_map(|poller| poller["waiting"].as_u64()).sum();
    let detail = json!({
        "kind": kind, "name": name, "backlog": backlog, "waitingPollers": waiting,
        "pollers": pollers, "scheduled": recent(rate), "handedOut": recent(rate),
    });
    ("orders".into(), serde_json::from_value(detail).expect("a list"))
}

fn top() -> Top {
    let now = Timestamp(NOW_S as i64 * 1000);
    let many = (0..5).map(|n| poller(Some(&format!("i-{n}/mailer")), 2, 0.0)).collect();
    Top {
        place: "http://127.0.0.1:7933".to_owned(),
        now,
        counted_since: Timestamp(now.0 - 7_200_000),
        domains: vec![
            domain("idle", 3, backlog(0, 0.0), backlog(0, 0.0)),
            domain("orders", 1234, backlog(1, 2.0), backlog(10_000, 840.0)),
        ],
        lists: vec![
            list("activity", "well", backlog(0, 0.0), vec![poller(None, 1, 0.0)], 30),
            list("activity", "mail", backlog(3, 840.0), vec![poller(Some("i-0/old"), 0, 800.0)], 0),
            list("activity", "slow", backlog(10_000, 61.0), many, 5),
            list("decision", "deciders", backlog(1, 2.0), vec![poller(Some("d"), 0, 1.0)], 40),
            list("activity", "never", backlog(2, 5.0), vec![], 0),
            list("activity", "quiet", backlog(0, 0.0), vec![poller(Some("q"), 0, 900.0)], 0),
        ],
        problems: vec![],
    }
}

#[test]
fn the_worst_stands_first() {
    let text = top().draw(View { columns: 200, rows: None, colored: false });
    assert_eq!(text, include_str!("whole.txt"));
}

#[test]
fn it_fits_the_screen() {
    let text = top().draw(View { columns: 60, rows: Some(8), colored: false });
    assert_eq!(text, include_str!("small.txt"));
    for rows in 0..20 {
        for columns in [0, 1, 10, 80] {
            let text = top().draw(View { columns, rows: Some(rows), colored: false });
            assert!(text.lines().count() <= rows, "{rows}: {text}");
            assert!(text.lines().all(|line| width(line) <= columns.max(1)), "{columns}: {text}");
        }
    }
}

/// On the narrowest terminal that people use, all numbers are seen, whatever things are called.
#[test]
fn in_eighty_columns_names_give_way_to_numbers() {
    let mut top = top();
    for (name, count) in
        [("production.eu-west-1.orders-fulfilment", 1), ("production.eu-west-1.mail", 2)]
    {
        top.domains.push(domain(name, 123_456, backlog(count, 2.0), backlog(0, 0.0)));
        for (domain, list) in &mut top.lists {
            *domain = name.into();
            list.name = format!("{name}-{}", list.name).as_str().into();
        }
    }
    top.problems = (0..50).map(|number| format!("d-{number}: denied")).collect();
    let text = top.draw(View { columns: 80, rows: None, colored: false });
    assert!(text == include_str!("eighty.txt"), "{text}");
}

#[test]
fn what_nobody_polls_is_red() {
    let text = top().draw(View { columns: 200, rows: None, colored: true });
    let red: Vec<&str> = text.lines().filter(|line| line.starts_with("\u{1b}[1;31m")).collect();
    assert_eq!(red.len(), 2, "{text}");
    assert!(red[0].contains("mail") && red[1].contains("never"), "{red:?}");
}

#[test]
fn how_a_list_stands() {
    let rows = [
        (backlog(0, 0.0), vec![], 0, Severity::Well),
        (backlog(1, 5.0), vec![], 0, Severity::Abandoned),
        (backlog(1, 5.0), vec![poller(None, 0, 301.0)], 0, Severity::Abandoned),
        // It may be at work.
        (backlog(1, 5.0), vec![poller(None, 0, 299.0)], 0, Severity::Waiting),
        (backlog(1, 60.0), vec![poller(None, 0, 299.0)], 0, Severity::Late),
        (backlog(1, 5.0), vec![poller(None, 1, 0.0)], 0, Severity::Waiting),
        (backlog(1, 60.0), vec![poller(None, 1, 0.0)], 0, Severity::Late),
        (backlog(1, 60.0), vec![], 1, Severity::Late),
    ];
    for (backlog, pollers, rate, expected) in rows {
        let (_, list) = list("activity", "l", backlog.clone(), pollers.clone(), rate);
        assert_eq!(top().severity(&list), expected, "{backlog} {pollers:?}");
    }
}

#[test]
fn after_a_start_nothing_is_called_abandoned() {
    let now = Timestamp(NOW_S as i64 * 1000);
    let mut top = Top { counted_since: Timestamp(now.0 - 20_000), ..top() };
    let severity = |top: &Top, age| {
        let (_, list) = list("activity", "l", backlog(1, age), vec![], 0);
        top.severity(&list)
    };
    assert_eq!(severity(&top, 5.0), Severity::Waiting);
    assert_eq!(severity(&top, 900.0), Severity::Late);
    let text = top.draw(View { columns: 200, rows: None, colored: false });
    assert!(text.contains("\nIt has just begun to look: "), "{text}");
    assert!(text.contains("nobody in 20.0s"), "{text}");
    assert!(!text.lines().any(|line| line.starts_with('!')), "{text}");
    top.counted_since = Timestamp(now.0 - 300_000);
    assert_eq!(severity(&top, 5.0), Severity::Abandoned);
    assert!(!top.draw(View { columns: 200, rows: None, colored: false }).contains("just begun"));
}

#[test]
fn as_json_it_is_what_the_server_said() {
    let value: Value = serde_json::from_str(&top().json()).expect("JSON");
    assert_eq!(value["domains"][1]["activityBacklog"], backlog(10_000, 840.0));
    assert_eq!(value["taskLists"].as_array().map(Vec::len), Some(6), "quiet ones, too");
    assert_eq!(value["taskLists"][0]["domain"], "orders");
}

/// A server forgets a poller after a day, however long it has counted.
#[test]
fn that_nobody_polled_is_said_of_a_day_at_most() {
    let counted_since = Timestamp(NOW_S as i64 * 1000 - 40 * 24 * 3_600_000);
    let text =
        Top { counted_since, ..top() }.draw(View { columns: 200, rows: None, colored: false });
    assert!(text.contains("counting for 40d00h"), "{text}");
    assert!(text.contains("nobody in 1d00h"), "{text}");
}

/// Whoever waits for the longest time is not among those that are left out, whatever a domain is
/// called.
#[test]
fn of_many_domains_the_task_lists_of_the_worst_are_asked_for() {
    let idle = || domain("0-idle", 0, backlog(0, 0.0), backlog(0, 0.0));
    let busy = |number: u32| {
        let age = f64::from(number);
        domain(&format!("d-{number:02}"), 1, backlog(0, 0.0), backlog(1, age))
    };
    let asked = |domains: Vec<DomainLoad>| {
        let mut top = Top { domains, ..top() };
        let names: Vec<String> = top.to_ask().iter().map(ToString::to_string).collect();
        (names, top)
    };
    let (names, top) = asked((1..50).map(busy).chain([idle()]).collect());
    assert_eq!((names.len(), top.problems.len()), (50, 0));
    assert_eq!((names[0].as_str(), names[49].as_str()), ("d-49", "0-idle"), "it may be polled");
    let (names, top) = asked([idle()].into_iter().chain((1..53).map(busy)).collect());
    let expected: Vec<String> = (3..53).rev().map(|number| format!("d-{number:02}")).collect();
    assert_eq!(names, expected);
    let [problem] = &top.problems[..] else { panic!("{:?}", top.problems) };
    assert!(problem.starts_with("the task lists of 3 domains are not shown"), "{problem}");
    let value: Value = serde_json::from_str(&top.json()).expect("JSON");
    assert_eq!(value["problems"], json!([problem]));
}
