//! Lists and counts of executions against a naive model: every run as it describes itself,
//! filtered and sorted here.

use super::client::{Client, play};
use super::fixture::Prng;
use serde_json::{Value, json};

const RUNS: usize = 110;

fn call(client: &Client, operation: &str, body: Value) -> Value {
    client.call(operation, body.clone()).unwrap_or_else(|f| panic!("{operation} {body}: {f:?}"))
}

/// Runs of several types and tags, most of them closed, in one of six ways. Several begin and end
/// within the same millisecond. Returns how each describes itself.
fn populate(client: &Client, prng: &mut Prng) -> Vec<Value> {
    for (name, version) in [("w", "2"), ("v", "1")] {
        let body = json!({
            "domain": "d", "name": name, "version": version,
            "defaultTaskList": {"name": "l"}, "defaultTaskStartToCloseTimeout": "NONE",
            "defaultExecutionStartToCloseTimeout": "100000", "defaultChildPolicy": "TERMINATE",
        });
        call(client, "RegisterWorkflowType", body);
    }
    let mut executions = Vec::new();
    for index in 0..RUNS {
        client.advance(prng.below(3) as i64);
        let (name, version) = *prng.pick(&[("w", "1"), ("w", "2"), ("v", "1")]);
        let tags = prng.pick(&[vec![], vec!["red"], vec!["red", "blue"], vec!["green"]]).clone();
        // A workflow id is used again once its run has closed.
        let workflow_id = format!("w{}", index % (RUNS / 2));
        let list = json!({"name": format!("l{index}")});
        let start = json!({
            "domain": "d", "workflowId": workflow_id, "tagList": tags, "taskList": list,
            "workflowType": {"name": name, "version": version},
            "executionStartToCloseTimeout": if index % 7 == 3 { "1" } else { "90000" },
        });
        let Ok(started) = client.call("StartWorkflowExecution", start) else { continue };
        let execution = json!({"workflowId": workflow_id, "runId": started["runId"]});
        executions.push(execution.clone());
        client.advance(prng.below(2) as i64);
        let close = *prng.pick(&["Complete", "Fail", "Cancel", "ContinueAsNew", "", "terminate"]);
        if index % 7 == 3 {
            continue; // These time out.
        }
        if close == "terminate" {
            let body = json!({"domain": "d", "workflowId": workflow_id});
            call(client, "TerminateWorkflowExecution", body);
        } else if !close.is_empty() {
            let body = json!({"domain": "d", "taskList": list});
            let task = call(client, "PollForDecisionTask", body);
            let decisions = json!([{"decisionType": format!("{close}WorkflowExecution")}]);
            let body = json!({"taskToken": task["taskToken"], "decisions": decisions});
            call(client, "RespondDecisionTaskCompleted", body);
        }
        if close == "ContinueAsNew" {
            let body = json!({"domain": "d", "execution": execution, "reverseOrder": true});
            let history = call(client, "GetWorkflowExecutionHistory", body);
            let member = "workflowExecutionContinuedAsNewEventAttributes";
            let next = &history["events"][0][member]["newExecutionRunId"];
            executions.push(json!({"workflowId": workflow_id, "runId": next}));
        }
    }
    client.advance(10); // By now the short ones have timed out.
    let describe = |execution: &Value| {
        let body = json!({"domain": "d", "execution": execution});
        call(client, "DescribeWorkflowExecution", body)["executionInfo"].clone()
    };
    // Twice: the first round lets every shard look at the clock.
    executions.iter().for_each(|execution| drop(describe(execution)));
    executions.iter().map(describe).collect()
}

/// A list that can be asked for, and which runs are in it at which moment.
struct List {
    name: &'static str,
    times: &'static str,
    at: &'static str,
    status: &'static str,
}

const LISTS: [List; 3] = [
    List { name: "Open", times: "startTimeFilter", at: "startTimestamp", status: "OPEN" },
    List { name: "Closed", times: "startTimeFilter", at: "startTimestamp", status: "CLOSED" },
    List { name: "Closed", times: "closeTimeFilter", at: "closeTimestamp", status: "CLOSED" },
];

fn filters() -> Vec<(&'static str, Value)> {
    vec![
        ("", Value::Null),
        ("executionFilter", json!({"workflowId": "w7"})),
        ("typeFilter", json!({"name": "w"})),
        ("typeFilter", json!({"name": "w", "version": "2"})),
        ("typeFilter", json!({"name": "none"})),
        ("tagFilter", json!({"tag": "blue"})),
        ("closeStatusFilter", json!({"status": "TIMED_OUT"})),
        ("closeStatusFilter", json!({"status": "CONTINUED_AS_NEW"})),
    ]
}

fn passes(info: &Value, filter: &str, value: &Value) -> bool {
    match filter {
        "" => true,
        "executionFilter" => info["execution"]["workflowId"] == value["workflowId"],
        "typeFilter" => {
            let version = &value["version"];
            info["workflowType"]["name"] == value["name"]
                && (version.is_null() || info["workflowType"]["version"] == *version)
        }
        "tagFilter" => info["tagList"].as_array().is_some_and(|tags| tags.contains(&value["tag"])),
        "closeStatusFilter" => info["closeStatus"] == value["status"],
        other => panic!("no such filter: {other}"),
    }
}

fn place(info: &Value, at: &str) -> (i64, String, String) {
    let ms = (info[at].as_f64().expect("a time") * 1000.0).round() as i64;
    let text = |name: &str| info["execution"][name].as_str().expect("a text").to_owned();
    (ms, text("workflowId"), text("runId"))
}

/// What the list must hold, in order.
fn expected(
    infos: &[Value],
    list: &List,
    filter: &(&str, Value),
    (oldest, latest): (i64, i64),
    reverse: bool,
) -> Vec<Value> {
    let mut wanted: Vec<Value> = infos
        .iter()
        .filter(|info| info["executionStatus"] == list.status)
        .filter(|info| passes(info, filter.0, &filter.1))
        .filter(|info| (oldest..=latest).contains(&place(info, list.at).0))
        .cloned()
        .collect();
    wanted.sort_by_key(|info| place(info, list.at));
    if !reverse {
        wanted.reverse(); // Newest first is the default.
    }
    wanted
}

/// Every page of a list; all but the last are full.
fn listed(client: &Client, operation: &str, mut body: Value, size: usize) -> Vec<Value> {
    let mut infos = Vec::new();
    body["maximumPageSize"] = json!(size);
    loop {
        let page = call(client, operation, body.clone());
        let on_page = page["executionInfos"].as_array().expect("a page").clone();
        let count = on_page.len();
        infos.extend(on_page);
        if page["nextPageToken"].is_null() {
            assert!(count <= size);
            return infos;
        }
        assert_eq!(count, size, "{operation} {body}");
        body["nextPageToken"] = page["nextPageToken"].clone();
    }
}

#[test]
fn lists_hold_what_every_run_says_of_itself_whatever_is_asked() {
    let client = Client::new();
    let infos = populate(&client, &mut Prng(1));
    let statuses: std::collections::BTreeSet<&str> =
        infos.iter().filter_map(|info| info["closeStatus"].as_str()).collect();
    assert_eq!(statuses.len(), 6, "all six ways to close: {statuses:?}");
    for list in &LISTS {
        let mut times: Vec<i64> = infos
            .iter()
            .filter(|info| info["executionStatus"] == list.status)
            .map(|info| place(info, list.at).0)
            .collect();
        times.sort_unstable();
        // Both ends of a time filter are included.
        let between = (times[times.len() / 4], times[times.len() * 3 / 4]);
        for filter in filters() {
            if list.status == "OPEN" && filter.0 == "closeStatusFilter" {
                continue;
            }
            for (times, sizes) in [((0, i64::MAX), &[3, 1000][..]), (between, &[1, 10])] {
                let mut body = json!({"domain": "d"});
                body[list.times] = json!({"oldestDate": times.0 as f64 / 1000.0});
                if times.1 < i64::MAX {
                    body[list.times]["latestDate"] = json!(times.1 as f64 / 1000.0);
                }
                if !filter.0.is_empty() {
                    body[filter.0] = filter.1.clone();
                }
                let count = format!("Count{}WorkflowExecutions", list.name);
                let wanted = expected(&infos, list, &filter, times, false);
                let counted = json!({"count": wanted.len(), "truncated": false});
                assert_eq!(call(&client, &count, body.clone()), counted, "{count} {body}");
                for reverse in [false, true] {
                    body["reverseOrder"] = json!(reverse);
                    let wanted = expected(&infos, list, &filter, times, reverse);
                    for size in sizes {
                        let operation = format!("List{}WorkflowExecutions", list.name);
                        let listed = listed(&client, &operation, body.clone(), *size);
                        assert_eq!(listed, wanted, "{operation} {body} {size}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_list_takes_one_time_filter_and_one_other() {
    play(
        &Client::new(),
        r#"
        ListClosedWorkflowExecutions {"domain": "d"}
        => ValidationException Must specify time filter
        ListClosedWorkflowExecutions {"domain": "d", "startTimeFilter": {"oldestDate": 0}, "closeTimeFilter": {"oldestDate": 0}}
        => ValidationException
        CountOpenWorkflowExecutions {"domain": "d", "startTimeFilter": {"oldestDate": 0}, "tagFilter": {"tag": "t"}, "executionFilter": {"workflowId": "w"}}
        => ValidationException
        ListOpenWorkflowExecutions {"domain": "d", "startTimeFilter": {"oldestDate": 5, "latestDate": 4}}
        => {"executionInfos": []}
        "#,
    );
}
