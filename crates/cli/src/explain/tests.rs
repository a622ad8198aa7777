//! Facts in, explanations out. The histories are recorded ones (`recorded.rs`), most of what is known
//! of lists is not: it depends on who happens to poll.

use super::*;
use crate::recorded::Recorded;
use wire::TaskListKind as K;
use wire::{Event, TaskListKind, TaskListName};

const LOOK: Look = Look { columns: 100, colored: false };

/// What is said of lists where the server does not tell who polls.
fn counted_lists() -> TaskLists {
    let counted = |kind, name: &str, count, truncated| {
        let count = wire::PendingTaskCount { count, truncated };
        (TaskListName { kind, name: name.into() }, Ok(count))
    };
    let counts = vec![
        counted(TaskListKind::Decision, "orders-blue", 3, None),
        counted(TaskListKind::Activity, "mail", 10_000, Some(true)),
    ];
    TaskLists::Counted { untold: Untold::NotHere, counts }
}

fn nothing_told() -> TaskLists {
    TaskLists::Counted { untold: Untold::NotHere, counts: Vec::new() }
}

/// A list, with who polled it how many seconds ago; 0 is who polls it now.
type Polled<'a> = (TaskListKind, &'a str, &'a [(&'a str, i64)]);

/// What the server tells of lists: an hour before `now` it has begun to remember who polls.
fn told(now: Timestamp, lists: &[Polled<'_>]) -> TaskLists {
    told_for(3_600, now, lists)
}

/// The same of a server that has begun to remember so many seconds before `now`.
fn told_for(seconds: i64, now: Timestamp, lists: &[Polled<'_>]) -> TaskLists {
    let lists = lists.iter().map(|(kind, name, pollers)| list(now, *kind, name, pollers));
    TaskLists::Told { since: Timestamp(now.0 - seconds * 1000), lists: lists.collect() }
}

/// A list with those who poll it, or did so many seconds before `now`; 4 tasks wait on it, and two a
/// minute are handed out.
fn list(
    now: Timestamp,
    kind: TaskListKind,
    name: &str,
    pollers: &[(&str, i64)],
) -> wire::TaskListDetail {
    let waiting = pollers.iter().filter(|(_, ago)| *ago == 0).count();
    let pollers = pollers.iter().map(|(identity, ago)| wire::PollerDetail {
        identity: Some((*identity).into()),
        principal: None,
        address: Some("10.0.0.7".into()),
        last_seen_at: Timestamp(now.0 - ago * 1000),
        waiting: u32::from(*ago == 0),
    });
    let recent = || wire::RecentCount { last_minute: 2, last_five_minutes: 10 };
    wire::TaskListDetail {
        kind,
        name: name.into(),
        backlog: wire::Backlog { count: 4, truncated: false, oldest_task_scheduled_at: None },
        waiting_pollers: waiting as u32,
        pollers: pollers.collect(),
        scheduled: recent(),
        handed_out: recent(),
    }
}

struct Asked {
    recorded: Recorded,
    lists: TaskLists,
    later: Vec<LaterRun>,
}

impl Asked {
    fn of(json: &str, lists: TaskLists) -> Asked {
        Asked { recorded: Recorded::of(json), lists, later: Vec::new() }
    }

    fn explained<T>(&self, see: impl FnOnce(&Explanation<'_>) -> T) -> T {
        let timeline = self.recorded.timeline();
        let snapshot = self.recorded.snapshot("shop", &timeline);
        see(&explain(Facts {
            snapshot,
            lists: &self.lists,
            later: &self.later,
            asking: &[],
            endpoint: None,
        }))
    }

    /// Held against a text; what differs is shown whole, to be read and taken over. Whatever it is,
    /// its commands can be run.
    #[track_caller]
    fn check(&self, expected: &str) {
        let drawn = self.explained(|explanation| {
            check_commands(explanation);
            explanation.draw(LOOK)
        });
        assert!(drawn == expected, "{drawn}");
    }
}

/// Every command on the API is one that `tidewheel swf` takes, once a shell has read it.
fn check_commands(explanation: &Explanation<'_>) {
    struct NoFiles;
    impl crate::Files for NoFiles {
        fn read(&self, path: &str) -> Result<Vec<u8>, String> {
            panic!("{path} is no file")
        }
    }
    for command in explanation.findings.iter().flat_map(|finding| &finding.commands) {
        let words = shlex::split(&command.line).expect(&command.line);
        let (program, words) = words.split_first().expect("a program");
        assert_eq!(program, "tidewheel");
        match words[0].as_str() {
            "swf" => {
                let read = crate::read(&words[1..], &NoFiles);
                assert!(read.is_ok(), "{}: {read:?}", command.line);
            }
            // Their words are read by the binary, where a test looks at them.
            "show" | "explain" => assert!(4 <= words.len(), "{}", command.line),
            _ => panic!("{} is no command", command.line),
        }
    }
}

macro_rules! golden {
    ($($(#[$doc:meta])* $name:ident $file:literal $lists:expr;)*) => {
        $(
            $(#[$doc])*
            #[test]
            fn $name() {
                let json = include_str!(concat!("../recorded/", $file, ".json"));
                Asked::of(json, $lists).check(include_str!(concat!($file, ".txt")));
            }
        )*
    };
}

golden! {
    decisions_that_are_refused_are_explained_by_their_cause "refused" nothing_told();
    a_decider_that_times_out_is_named_with_what_came_before "deciding-late" nothing_told();
    what_is_at_work_is_told_with_its_deadlines "at-work" nothing_told();
    nothing_is_pending_as_the_decider_returned_no_decisions "no-decisions" nothing_told();
    /// The trap that Simple Workflow's own frameworks fell into.
    a_closing_decision_that_was_unhandled_and_not_repeated "unhandled" nothing_told();
    a_request_to_cancel_that_is_not_answered "cancel-unanswered" nothing_told();
    children_that_failed_and_one_that_is_open "children" nothing_told();
    functions_that_failed_and_one_that_runs "lambda" nothing_told();
    activities_that_failed_and_what_the_decider_did_then "failing" nothing_told();
    an_execution_that_its_decider_failed "failed" nothing_told();
    an_execution_that_timed_out "timed-out" nothing_told();
    an_execution_that_was_canceled "canceled" nothing_told();
    an_execution_that_somebody_terminated "terminated" nothing_told();
    an_execution_that_was_terminated_with_its_parent "terminated-by-parent" nothing_told();
    a_run_that_continues_another "continuing" nothing_told();
}

/// What starts an execution again gives it all that it had, whatever that looks like to a command line.
#[test]
fn an_execution_is_started_again_as_it_was() {
    let json = include_str!("../recorded/terminated.json");
    let mut recorded: serde_json::Value = serde_json::from_str(json).expect("a recording");
    let started = &mut recorded["events"][0]["workflowExecutionStartedEventAttributes"];
    started["tagList"] = serde_json::json!(["nightly", "--x", "file://y", "it's"]);
    started["taskPriority"] = "-5".into();
    started["lambdaRole"] = "arn:aws:iam::123456789012:role/r".into();
    Asked::of(&recorded.to_string(), nothing_told()).explained(|explanation| {
        check_commands(explanation);
        let mut commands = explanation.findings.iter().flat_map(|finding| &finding.commands);
        let again = commands.find(|command| command.purpose == "start it again");
        let words = shlex::split(&again.expect("it can be").line).expect("a line for a shell");
        let value = |option: &str| {
            let place = words.iter().position(|word| word == option).expect(option);
            words[place + 1].as_str()
        };
        assert_eq!(value("--tag-list"), r#"["nightly","--x","file://y","it's"]"#);
        assert!(words.iter().any(|word| word == "--task-priority=-5"), "{words:?}");
        assert_eq!(value("--lambda-role"), "arn:aws:iam::123456789012:role/r");
    });
}

const UNDECIDED: &str = include_str!("../recorded/undecided.json");
const UNPOLLED: &str = include_str!("../recorded/unpolled.json");

fn now(json: &str) -> Timestamp {
    Recorded::of(json).now
}

/// As in a deployment that names its lists otherwise.
#[test]
fn nobody_polls_a_list_and_one_like_it_is_polled() {
    let at = now(UNDECIDED);
    let lists = told(
        at,
        &[
            (K::Decision, "orders-blue", &[("i-0abc/orders", 611), ("i-0abd/orders", 900)]),
            (K::Decision, "orders-green", &[("i-0fff/orders", 0), ("i-0ffe/orders", 7)]),
            (K::Decision, "payments", &[("i-0111/pay", 0)]),
            (K::Activity, "orders-blue-2", &[("i-0222/work", 0)]),
        ],
    );
    Asked::of(UNDECIDED, lists).check(include_str!("renamed.txt"));
}

#[test]
fn nobody_ever_polled_a_list_and_its_name_is_polled_for_the_other_kind() {
    let at = now(UNDECIDED);
    let lists = told(
        at,
        &[(K::Decision, "orders-blue", &[]), (K::Activity, "orders-blue", &[("i-0222/work", 0)])],
    );
    Asked::of(UNDECIDED, lists).check(include_str!("other-kind.txt"));
}

/// After a start, pollers have to come back first.
#[test]
fn a_server_that_has_just_begun_to_look_calls_nothing_stuck() {
    let at = now(UNDECIDED);
    let lists = told_for(
        20,
        at,
        &[(K::Decision, "orders-blue", &[]), (K::Decision, "orders-green", &[("i-0fff", 0)])],
    );
    Asked::of(UNDECIDED, lists).check(include_str!("just-started.txt"));
    let severities = |seconds| {
        let lists = told_for(seconds, at, &[(K::Decision, "orders-blue", &[])]);
        let first = |explanation: &Explanation<'_>| explanation.findings[0].severity;
        Asked::of(UNDECIDED, lists).explained(first)
    };
    assert_eq!(severities(299), Severity::Waiting);
    assert_eq!(severities(300), Severity::Stuck);
}

/// A server forgets a poller after a day, however long it has counted.
#[test]
fn that_nobody_polled_is_said_of_a_day_at_most() {
    let at = now(UNDECIDED);
    let lists = told_for(40 * 86_400, at, &[(K::Decision, "orders-blue", &[])]);
    Asked::of(UNDECIDED, lists).explained(|explanation| {
        let found = &explanation.findings[0];
        assert_eq!(found.severity, Severity::Stuck);
        let sentence = &found.sentence;
        assert!(sentence.contains("as long as the server remembers, which is 1d00h"), "{sentence}");
        let day = Timestamp(at.0 - 86_400_000);
        assert!(found.evidence.iter().any(|evidence| evidence.at == Some(day)), "{found:?}");
    });
}

/// That something has waited for long on a list that was not asked for does not say that nobody polls.
#[test]
fn a_list_that_was_not_asked_for_is_not_called_stuck() {
    let lists = told(now(UNDECIDED), &[(K::Decision, "another", &[("d", 0)])]);
    Asked::of(UNDECIDED, lists).explained(|explanation| {
        let found = &explanation.findings[0];
        assert_eq!((found.kind, found.severity), (FindingKind::PollersUnknown, Severity::Waiting));
        assert!(found.sentence.contains(" Who polls it was not asked: "), "{}", found.sentence);
        assert!(!found.sentence.contains("most likely"), "{}", found.sentence);
    });
}

/// Ten tasks were handed out, in how long?
#[test]
fn how_long_a_backlog_takes_is_not_said_from_the_counts_of_seconds() {
    let at = now(UNPOLLED);
    let sentence = |seconds| {
        let lists = told_for(seconds, at, &[(K::Activity, "mail", &[("worker-1", 4)])]);
        let first = |explanation: &Explanation<'_>| explanation.findings[0].sentence.clone();
        Asked::of(UNPOLLED, lists).explained(first)
    };
    assert!(!sentence(30).contains("a minute"), "{}", sentence(30));
    assert!(sentence(120).contains("5.0 a minute are handed out"), "{}", sentence(120));
    assert!(sentence(3600).contains("2.0 a minute are handed out"), "{}", sentence(3600));
}

/// Whoever took six of ten may be gone: what is left does not get less.
#[test]
fn how_long_a_backlog_takes_is_not_said_where_nothing_is_handed_out_any_more() {
    let at = now(UNPOLLED);
    let mut lists = told(at, &[(K::Activity, "mail", &[("worker-1", 100)])]);
    let TaskLists::Told { lists: told, .. } = &mut lists else { panic!("they are told") };
    told[0].handed_out.last_minute = 0;
    let first = |explanation: &Explanation<'_>| explanation.findings[0].sentence.clone();
    let sentence = Asked::of(UNPOLLED, lists).explained(first);
    assert!(sentence.contains("none was handed out in the last minute."), "{sentence}");
    assert!(!sentence.contains("all of it in"), "{sentence}");
}

/// What a policy denies is another thing than what a server cannot.
#[test]
fn what_is_denied_is_told_with_the_action_that_it_takes() {
    let list = TaskListName { kind: K::Decision, name: "orders-blue".into() };
    let denied = |action: &str| Untold::Denied(action.to_owned());
    let lists = TaskLists::Counted {
        untold: denied("tidewheel:DescribeTaskLists"),
        counts: vec![(list, Err(denied("swf:CountPendingDecisionTasks")))],
    };
    Asked::of(UNDECIDED, lists).check(include_str!("denied.txt"));
}

#[test]
fn where_the_server_does_not_say_who_polls_it_is_likely_that_nobody_does() {
    Asked::of(UNDECIDED, counted_lists()).check(include_str!("undecided.txt"));
}

#[test]
fn activities_that_wait_on_the_same_list_are_told_together() {
    Asked::of(UNPOLLED, counted_lists()).check(include_str!("unpolled.txt"));
}

#[test]
fn pollers_that_were_seen_lately_are_at_work() {
    let at = now(UNPOLLED);
    let lists = told(at, &[(K::Activity, "mail", &[("worker-1", 40), ("worker-2", 75)])]);
    Asked::of(UNPOLLED, lists).check(include_str!("busy.txt"));
}

#[test]
fn a_poller_that_waits_is_about_to_be_given_it() {
    let at = now(UNPOLLED);
    let lists = told(at, &[(K::Activity, "mail", &[("worker-1", 0)])]);
    Asked::of(UNPOLLED, lists).check(include_str!("polled.txt"));
}

/// The name of a list says what it may have been renamed to, if it is polled.
#[test]
fn the_most_alike_of_the_lists_that_are_polled_is_named() {
    let at = now(UNPOLLED);
    let meant = |name: &str, others: &[&str]| {
        let polled: Vec<Polled<'_>> =
            others.iter().map(|other| (K::Activity, *other, &[("w", 0)][..])).collect();
        let lists = told(at, &polled);
        let list = TaskListName { kind: K::Activity, name: name.into() };
        lists.meant(&list, at).map(|list| list.name.to_string())
    };
    let some = |name: &str| Some(name.to_owned());
    assert_eq!(meant("mail", &["mail-v2", "payments"]), some("mail-v2"));
    assert_eq!(meant("mail", &["Mail", "mails"]), some("Mail"));
    assert_eq!(meant("mail", &["production-eu-west-1-mail", "payments"]), None);
    assert_eq!(
        meant("orders", &["orders-with-a-much-longer-name"]),
        some("orders-with-a-much-longer-name")
    );
    assert_eq!(meant("mail", &[]), None);
    // One family of lists, in which none stands for another.
    assert_eq!(meant("eu-mail", &["eu-sms", "eu-main"]), some("eu-main"));
    assert_eq!(meant("eu-mail", &["eu-mails", "eu-main", "eu-maid"]), None);
}

#[test]
fn a_chain_of_runs_is_followed_to_its_end() {
    let mut asked = Asked::of(include_str!("../recorded/continued.json"), nothing_told());
    let run = |id: &str, close_status| LaterRun { run_id: RunId::from(id), close_status };
    asked.later = vec![
        run("run-2", Some(CloseStatus::ContinuedAsNew)),
        run("run-3", Some(CloseStatus::ContinuedAsNew)),
        run("run-4", None),
    ];
    asked.check(include_str!("continued.txt"));
}

/// A long history is that of a short one with the same signal again and again.
fn with_events(json: &str, count: u64) -> Recorded {
    let mut recorded = Recorded::of(json);
    let signal = recorded.events.iter().find(|event| {
        matches!(event.attributes, wire::EventAttributes::WorkflowExecutionSignaled(_))
    });
    let signal = signal.expect("there is a signal").clone();
    while recorded.events.len() < count as usize {
        let event_id = recorded.events.last().expect("there are some").event_id.next();
        let event_timestamp = recorded.now;
        recorded.events.push(wire::Event { event_id, event_timestamp, ..signal.clone() });
    }
    recorded
}

#[test]
fn a_history_near_its_most_events_and_an_execution_near_its_time_out() {
    let mut asked = Asked::of(UNDECIDED, nothing_told());
    asked.recorded = with_events(include_str!("../recorded/unhandled.json"), 20_000);
    let end = asked.recorded.timeline().started_at().expect("it began").0 + 3_600_000;
    asked.recorded.now = Timestamp(end - 300_000);
    asked.check(include_str!("near-limits.txt"));
}

#[test]
fn the_server_terminated_it_for_its_events() {
    let mut asked = Asked::of(include_str!("../recorded/terminated.json"), nothing_told());
    let last = asked.recorded.events.last_mut().expect("there are events");
    if let wire::EventAttributes::WorkflowExecutionTerminated(terminated) = &mut last.attributes {
        terminated.cause = Some(wire::WorkflowExecutionTerminatedCause::EventLimitExceeded);
        terminated.reason = None;
    }
    asked.check(include_str!("event-limit.txt"));
}

#[test]
fn a_message_that_is_under_way_is_told() {
    let mut asked = Asked::of(include_str!("../recorded/children.json"), nothing_told());
    let reaches = |event: &Event| {
        matches!(event.attributes, wire::EventAttributes::ExternalWorkflowExecutionSignaled(_))
    };
    let at = asked.recorded.events.iter().position(reaches).expect("it arrives");
    asked.recorded.events.truncate(at);
    asked.check(include_str!("under-way.txt"));
}

#[test]
fn an_explanation_is_one_json_object() {
    let asked = Asked::of(include_str!("../recorded/no-decisions.json"), nothing_told());
    let json = asked.explained(|found| found.json());
    let text = serde_json::to_string_pretty(&json).expect("it is written to memory") + "\n";
    assert!(text == include_str!("no-decisions.out.json"), "{text}");
}

#[test]
fn colours_are_added_and_change_nothing_else() {
    let asked = Asked::of(include_str!("../recorded/failing.json"), nothing_told());
    let colored = asked.explained(|found| found.draw(Look { colored: true, ..LOOK }));
    assert!(colored.contains("\u{1b}[1;31mStuck"), "{colored}");
    let mut plain = colored;
    for code in ["0", "1", "2", "1;31", "1;33", "1;36"] {
        plain = plain.replace(&format!("\u{1b}[{code}m"), "");
    }
    assert_eq!(plain, include_str!("failing.txt"));
}

#[test]
fn no_line_but_those_of_commands_is_wider_than_the_terminal() {
    let asked = Asked::of(include_str!("../recorded/refused.json"), nothing_told());
    for columns in [60, 80, 133] {
        let drawn = asked.explained(|found| found.draw(Look { columns, ..LOOK }));
        for line in drawn.lines().skip(1).filter(|line| !line.starts_with("  tidewheel ")) {
            let columns = columns + if line.starts_with("  # ") { 60 } else { 0 };
            assert!(crate::timeline::length::width(line) <= columns, "{columns}: {line}");
        }
    }
}

/// What was given to ask with is part of every command.
#[test]
fn commands_ask_the_same_server_as_the_same() {
    let recorded = Recorded::of(UNDECIDED);
    let timeline = recorded.timeline();
    let asking = ["--endpoint-url", "http://127.0.0.1:7933", "--profile", "it's"];
    let asking: Vec<String> = asking.iter().map(|word| (*word).to_owned()).collect();
    let lists = nothing_told();
    let snapshot = recorded.snapshot("a shop", &timeline);
    let explained =
        explain(Facts { snapshot, lists: &lists, later: &[], asking: &asking, endpoint: None });
    let commands: Vec<&str> =
        explained.findings[0].commands.iter().map(|command| command.line.as_str()).collect();
    for line in &commands {
        let words = shlex::split(line).expect("a shell reads it");
        assert_eq!(words[words.len() - 4..], asking[..], "{line}");
        assert!(words.contains(&"a shop".to_owned()), "{line}");
    }
    assert!(!commands.is_empty());
}

/// `tidewheel swf` wants a region and credentials with an endpoint, and none with our variable.
#[test]
fn who_has_no_region_is_told_commands_that_need_none() {
    let recorded = Recorded::of(include_str!("../recorded/terminated.json"));
    let timeline = recorded.timeline();
    let (snapshot, lists) = (recorded.snapshot("shop", &timeline), nothing_told());
    let endpoint = Some("http://127.0.0.1:9001/it's");
    let facts = Facts { snapshot, lists: &lists, later: &[], asking: &[], endpoint };
    let explained = explain(facts);
    let mut lines = explained.findings.iter().flat_map(|finding| &finding.commands);
    assert!(lines.clone().next().is_some());
    assert!(lines.all(|command| {
        let words = shlex::split(&command.line).expect("a line for a shell");
        words[..2] == ["TIDEWHEEL_ENDPOINT_URL=http://127.0.0.1:9001/it's", "tidewheel"]
    }));
}

/// Ids may have spaces and look like anything, also where they are part of what was wanted.
#[test]
fn whether_another_execution_is_open_is_asked_by_its_whole_id() {
    let id = "nobody 'here' x";
    let json = include_str!("../recorded/refused.json").replace("\"nobody\"", &format!("{id:?}"));
    let mut recorded: serde_json::Value = serde_json::from_str(&json).expect("a recording");
    let child = recorded["events"]
        .as_array_mut()
        .expect("events")
        .iter_mut()
        .filter_map(|event| event.get_mut("startChildWorkflowExecutionFailedEventAttributes"))
        .next()
        .expect("a child was refused");
    child["cause"] = "WORKFLOW_ALREADY_RUNNING".into();
    child["workflowId"] = "a child of mine".into();
    Asked::of(&recorded.to_string(), nothing_told()).explained(|explanation| {
        check_commands(explanation);
        let commands = explanation.findings.iter().flat_map(|finding| &finding.commands);
        let asked: Vec<&str> = commands
            .filter(|command| command.line.contains("list-open-workflow-executions"))
            .map(|command| command.purpose.as_str())
            .collect();
        for id in [id, "a child of mine"] {
            assert!(asked.contains(&&*format!("see whether {id:?} is open")), "{asked:?}");
        }
    });
}

/// Names may look like options.
#[test]
fn commands_tell_names_from_options() {
    let mut recorded = Recorded::of(include_str!("../recorded/failed.json"));
    recorded.detail.execution_info.execution.workflow_id = "--follow".into();
    if let wire::EventAttributes::WorkflowExecutionStarted(started) =
        &mut recorded.events[0].attributes
    {
        started.input = Some("-1".into());
        started.continued_execution_run_id = Some("run-0".into());
    }
    let timeline = recorded.timeline();
    let snapshot = recorded.snapshot("-d", &timeline);
    let lists = nothing_told();
    let explained =
        explain(Facts { snapshot, lists: &lists, later: &[], asking: &[], endpoint: None });
    check_commands(&explained);
    let lines = explained.findings.iter().flat_map(|finding| &finding.commands);
    let lines: Vec<&str> = lines.map(|command| command.line.as_str()).collect();
    let words = shlex::split(lines[0]).expect("a shell reads it");
    for word in ["--domain=-d", "--workflow-id=--follow", "--input=-1"] {
        assert!(words.contains(&word.to_owned()), "{words:?}");
    }
    assert_eq!(lines.last(), Some(&"tidewheel explain -- -d --follow run-0"));
}

/// A kind of finding that no recording shows is one that no test has looked at.
#[test]
fn every_kind_of_finding_occurs_and_is_documented() {
    let at = now(UNDECIDED);
    let mut asked: Vec<Asked> = [
        include_str!("../recorded/at-work.json"),
        include_str!("../recorded/cancel-unanswered.json"),
        include_str!("../recorded/children.json"),
        include_str!("../recorded/continuing.json"),
        include_str!("../recorded/deciding-late.json"),
        include_str!("../recorded/lambda.json"),
        include_str!("../recorded/refused.json"),
        include_str!("../recorded/terminated-by-parent.json"),
        UNDECIDED,
    ]
    .into_iter()
    .map(|json| Asked::of(json, nothing_told()))
    .collect();
    for pollers in [&[("a", 0)][..], &[("a", 40)], &[("a", 4000)]] {
        let lists = told(at, &[(K::Decision, "orders-blue", pollers)]);
        asked.push(Asked::of(UNDECIDED, lists));
    }
    let mut near = Asked::of(UNDECIDED, nothing_told());
    near.recorded = with_events(include_str!("../recorded/unhandled.json"), 20_000);
    near.recorded.now = Timestamp(near.recorded.now.0 + 3_400_000);
    asked.push(near);
    let mut under_way = Asked::of(include_str!("../recorded/children.json"), nothing_told());
    under_way.recorded.events.truncate(10);
    asked.push(under_way);
    let mut found: Vec<&str> = Vec::new();
    for asked in &asked {
        found.extend(asked.explained(|explanation| {
            explanation.findings.iter().map(|finding| finding.kind.name()).collect::<Vec<_>>()
        }));
    }
    found.sort_unstable();
    found.dedup();
    let page = include_str!("../../../../docs/explain.md");
    let rows = page.split("## The findings").nth(1).expect("there is a table").lines();
    let cells = rows.filter_map(|row| row.strip_prefix("| `")?.split(" |").next());
    let mut told: Vec<&str> = cells.flat_map(|cell| cell.split("`, `")).collect();
    for name in &mut told {
        *name = name.trim_matches('`');
    }
    told.sort_unstable();
    assert_eq!(found, told);
}
