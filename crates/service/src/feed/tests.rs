//! Rows of what happens to a feed, and what it says.

use super::*;
use crate::api::Pending;
use crate::tests::fixture::scope;

/// A feed, a clock, and who waits by name.
struct Bench {
    feed: Feed<String>,
    now: Timestamp,
    callers: BTreeMap<String, Pending>,
    /// Where each who was answered goes on.
    places: BTreeMap<String, Position>,
}

impl Bench {
    fn new() -> Bench {
        let (callers, places) = (BTreeMap::new(), BTreeMap::new());
        Bench { feed: Feed::new(7), now: Timestamp(0), callers, places }
    }

    /// Waits for a second. A name goes on where it was answered last.
    fn watcher(&mut self, name: &str, domain: &str, of: Option<&str>) -> Watcher<String> {
        let (pending, answer) = Pending::new(None);
        self.callers.insert(name.to_owned(), pending);
        let execution = of.map(|of| match of.split_once('.') {
            Some((id, run)) => {
                WatchedExecution { workflow_id: id.into(), run_id: Some(run.into()) }
            }
            None => WatchedExecution { workflow_id: of.into(), run_id: None },
        });
        Watcher {
            domain: (scope(), domain.into()),
            execution,
            after: self.places.get(name).copied(),
            deadline: Timestamp(self.now.0 + 1_000),
            principal: None,
            presence: answer.presence(),
            poll: name.to_owned(),
        }
    }

    fn step(&mut self, input: Input<String>) -> Vec<String> {
        let outputs = self.feed.step(input, self.now);
        self.say(outputs)
    }

    fn say(&mut self, outputs: Vec<Output<String>>) -> Vec<String> {
        let say = |output: Output<String>| match output {
            Output::Tell(_, name, Telling { events, next, missed }) => {
                self.places.insert(name.clone(), next);
                let events = events.iter().map(|news| String::from_utf8_lossy(&news.json));
                let events = events.collect::<Vec<_>>().join(",");
                format!("{name}[{events}]{}", if missed { " missed" } else { "" })
            }
            Output::Refuse(name, full) => format!("{name} {full:?}"),
        };
        outputs.into_iter().map(say).collect()
    }

    /// One row: a verb with where it is about `d`, and arguments.
    fn act(&mut self, row: &str) -> Vec<String> {
        let words: Vec<&str> = row.split(' ').collect();
        let (verb, domain) = words[0].split_once('/').unwrap_or((words[0], "d"));
        match (verb, &words[1..]) {
            ("wait", [name]) => {
                let watcher = self.watcher(name, domain, None);
                self.step(Input::Wait(Box::new(watcher)))
            }
            ("wait", [name, of]) => {
                let watcher = self.watcher(name, domain, Some(of));
                self.step(Input::Wait(Box::new(watcher)))
            }
            ("news", events) => {
                let news = events.iter().map(|event| news(domain, event)).collect();
                self.step(Input::News(news))
            }
            ("lost", []) => self.step(Input::Lost(Lost::Everything)),
            ("lost", domains) => {
                let domains = domains.iter().map(|name| (scope(), (*name).into()));
                self.step(Input::Lost(Lost::Of(domains.collect())))
            }
            ("leave", [name]) => {
                self.callers.remove(*name).expect("somebody of that name");
                Vec::new()
            }
            ("dismiss", []) => self.step(Input::DismissGone),
            ("drain", []) => self.step(Input::Drain),
            ("pass", [ms]) => {
                self.now.0 += ms.parse::<i64>().expect("milliseconds");
                let mut outputs = Vec::new();
                self.feed.expire(self.now, &mut outputs);
                self.say(outputs)
            }
            (verb, arguments) => panic!("no such row: {verb} {arguments:?}"),
        }
    }
}

/// The event `id.run:text`; its JSON here is all of that.
fn news(domain: &str, event: &str) -> News {
    let (execution, _) = event.split_once(':').expect("an execution and a text");
    let (id, run) = execution.split_once('.').expect("an id and a run");
    let identity = RunIdentity {
        scope: scope(),
        domain: domain.into(),
        workflow_id: id.into(),
        run_id: run.into(),
    };
    let workflow_type = WorkflowType { name: "w".into(), version: "1".into() };
    News { identity: Arc::new(identity), workflow_type, json: event.as_bytes().into() }
}

/// Plays rows; behind `=>` is what is said.
#[track_caller]
fn check(script: &str) {
    let mut bench = Bench::new();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (row, expected) = line.split_once("=>").unwrap_or((line, ""));
        assert_eq!(bench.act(row.trim()).join(" "), expected.trim(), "{line}");
    }
}

#[test]
fn who_waits_is_told_and_goes_on_where_he_was() {
    check(
        "
        news v.1:before
        wait a
        news v.1:x w.2:y => a[v.1:x,w.2:y]
        news v.1:z
        wait a => a[v.1:z]
        wait a
        pass 999
        pass 1 => a[]
        wait a
        news/other v.1:x
        news v.1:u => a[v.1:u]
        ",
    );
}

#[test]
fn who_waits_for_an_execution_is_told_of_no_other() {
    check(
        "
        wait a v
        wait b v.2
        news w.1:x
        news v.1:x w.1:y => a[v.1:x]
        news v.2:x => b[v.2:x]
        wait a v => a[v.2:x]
        wait a v
        wait b v.2
        pass 1000 => a[] b[]
        ",
    );
}

#[test]
fn who_may_have_missed_something_is_told_so_once() {
    check(
        "
        wait a
        news v.1:x => a[v.1:x]
        wait a
        lost => a[] missed
        wait a
        news v.1:y => a[v.1:y]
        lost
        news v.1:z
        wait a => a[v.1:z] missed
        wait a
        pass 1000 => a[]
        ",
    );
}

#[test]
fn who_watches_another_domain_has_missed_nothing() {
    check(
        "
        wait a
        wait/other b
        lost other third => b[] missed
        wait/other b
        news v.1:x => a[v.1:x]
        wait a
        lost d third => a[] missed
        wait a
        lost third
        pass 1000 => b[] a[]
        lost => 
        wait a => a[] missed
        wait/other b => b[] missed
        ",
    );
}

#[test]
fn losses_add_up() {
    let of =
        |names: &[&str]| Lost::Of(names.iter().map(|name| (scope(), (*name).into())).collect());
    let rows = [
        (Lost::Nothing, Lost::Nothing, Lost::Nothing),
        (Lost::Nothing, of(&["a"]), of(&["a"])),
        (of(&["a"]), Lost::Nothing, of(&["a"])),
        (of(&["a"]), of(&["b"]), of(&["a", "b"])),
        (of(&["a"]), Lost::Everything, Lost::Everything),
        (Lost::Everything, of(&["a"]), Lost::Everything),
        (Lost::Everything, Lost::Nothing, Lost::Everything),
    ];
    for (mut sum, other, expected) in rows {
        sum.join(other);
        assert_eq!(sum, expected);
        assert_eq!(sum.is_nothing(), sum == Lost::Nothing);
    }
}

#[test]
fn what_nobody_watches_is_kept_for_a_minute() {
    check(
        "
        wait a
        pass 1000 => a[]
        news v.1:x
        pass 59999
        wait a => a[v.1:x]
        pass 60000
        news v.1:y
        wait a => a[] missed
        wait a
        news v.1:z => a[v.1:z]
        ",
    );
}

#[test]
fn another_domain_does_not_go_on_where_the_first_was() {
    check(
        "
        wait a
        news v.1:x => a[v.1:x]
        wait/other a => a[] missed
        ",
    );
}

#[test]
fn who_has_gone_away_makes_room() {
    check(
        "
        wait a
        wait b
        leave a
        news v.1:x => b[v.1:x]
        wait b
        leave b
        dismiss
        pass 59999
        wait c
        pass 1000 => c[]
        ",
    );
    let mut bench = Bench::new();
    for n in 0..DOMAIN_WATCHERS_MAX {
        assert_eq!(bench.act(&format!("wait a{n}")), Vec::<String>::new());
    }
    assert_eq!(bench.act("wait b"), ["b Domain"]);
    bench.act("leave a7");
    assert_eq!(bench.act("wait b"), Vec::<String>::new());
    assert_eq!(bench.act("wait c"), ["c Domain"]);
}

#[test]
fn draining_answers_all_and_who_comes_later() {
    check("wait a\ndrain => a[]\nwait a => a[]");
}

#[test]
fn a_principal_takes_only_so_much_room() {
    let mut bench = Bench::new();
    let wait = |bench: &mut Bench, name: String, principal: &str| {
        let domain = format!("d{}", bench.callers.len() % 2);
        let watcher = bench.watcher(&name, &domain, None);
        let principal = Some(principal.into());
        bench.step(Input::Wait(Box::new(Watcher { principal, ..watcher })))
    };
    for n in 0..PRINCIPAL_WATCHERS_MAX {
        assert_eq!(wait(&mut bench, format!("a{n}"), "p"), Vec::<String>::new());
    }
    assert_eq!(wait(&mut bench, "b".to_owned(), "p"), ["b Principal"]);
    assert_eq!(wait(&mut bench, "b".to_owned(), "q"), Vec::<String>::new());
    bench.act("pass 1000");
    assert_eq!(wait(&mut bench, "c".to_owned(), "p"), Vec::<String>::new());
    assert_eq!(bench.feed.principals.len(), 1, "who does not wait is not remembered");
}

/// Waits for events of a domain of an account, under their names.
fn wait_in(bench: &mut Bench, account: &str, domain: &str) -> Vec<String> {
    let watcher = bench.watcher(&format!("{account}-{domain}"), domain, None);
    let scope = Scope { account: account.into(), ..scope() };
    let domain = (scope, domain.into());
    bench.step(Input::Wait(Box::new(Watcher { domain, ..watcher })))
}

#[test]
fn an_account_watches_only_so_many_domains_and_all_only_so_many() {
    let mut bench = Bench::new();
    let accounts = DOMAINS_WATCHED_MAX / ACCOUNT_DOMAINS_WATCHED_MAX;
    for account in (0..accounts).map(|account| format!("a{account}")) {
        for n in 0..ACCOUNT_DOMAINS_WATCHED_MAX {
            assert_eq!(wait_in(&mut bench, &account, &format!("d{n}")), Vec::<String>::new());
        }
        let refused = wait_in(&mut bench, &account, "more");
        assert_eq!(refused, [format!("{account}-more AccountDomains")]);
    }
    assert_eq!(wait_in(&mut bench, "b", "d0"), ["b-d0 Domains"]);
    // Those that nobody watches any more are kept as long as there is room.
    bench.act("pass 1000");
    assert_eq!(wait_in(&mut bench, "b", "d0"), Vec::<String>::new());
    assert_eq!(bench.feed.domains.len(), DOMAINS_WATCHED_MAX);
}

/// Between two of its waits a domain is watched by nobody: whoever watches one domain after the
/// other must not make others miss what happens then.
#[test]
fn an_account_that_watches_many_domains_pushes_out_its_own() {
    let mut bench = Bench::new();
    wait_in(&mut bench, "a", "d");
    bench.act("pass 1000");
    for n in 0..2 * DOMAINS_WATCHED_MAX {
        wait_in(&mut bench, "b", &format!("d{n}"));
        bench.now.0 += 1;
        bench.act("drain");
        bench.feed.draining = false;
    }
    assert_eq!(bench.feed.domains.len(), 1 + ACCOUNT_DOMAINS_WATCHED_MAX);
    assert_eq!(wait_in(&mut bench, "a", "d"), Vec::<String>::new(), "and nothing was missed");
    bench.act("drain");
    bench.feed.draining = false;
    // Where accounts are many, those that keep most give way.
    for n in 0..DOMAINS_WATCHED_MAX - 2 {
        wait_in(&mut bench, &format!("c{n}"), "d");
        bench.now.0 += 1;
    }
    let kept = |account: &str| {
        let domains = bench.feed.domains.keys();
        domains.filter(|(scope, _)| &*scope.account == account).count()
    };
    assert_eq!((kept("a"), kept("b"), kept("c0")), (1, 1, 1));
    assert_eq!(bench.feed.domains.len(), DOMAINS_WATCHED_MAX);
}

#[test]
fn the_domains_are_said_anew_when_they_change() {
    let mut bench = Bench::new();
    assert_eq!(bench.feed.watched_anew(), None);
    bench.act("wait a");
    assert_eq!(bench.feed.watched_anew().map(|domains| domains.len()), Some(1));
    bench.act("wait b");
    assert_eq!(bench.feed.watched_anew(), None);
    bench.act("pass 1000");
    assert_eq!(bench.feed.next_wake(), Some(Timestamp(1_000 + KEPT_MS)));
    bench.act("pass 60000");
    assert_eq!(bench.feed.watched_anew().map(|domains| domains.len()), Some(0));
    assert_eq!(bench.feed.next_wake(), None);
}

#[test]
fn an_answer_is_bounded_and_the_next_goes_on_behind_it() {
    let mut bench = Bench::new();
    bench.act("wait a");
    bench.act("pass 1000");
    let many = (0..ANSWER_EVENTS_MAX + 3).map(|n| news("d", &format!("v.1:{n}"))).collect();
    bench.step(Input::News(many));
    let first = bench.act("wait a");
    assert_eq!(first[0].matches("v.1:").count(), ANSWER_EVENTS_MAX);
    let rest: Vec<String> = (0..3).map(|n| format!("v.1:{}", ANSWER_EVENTS_MAX + n)).collect();
    assert_eq!(bench.act("wait a"), [format!("a[{}]", rest.join(","))]);
    // By length; one event is told whatever its length.
    let long = |n: usize| news("d", &format!("v.1:{n}{}", "x".repeat(ANSWER_BYTES_MAX / 2)));
    bench.step(Input::News((0..3).map(long).collect()));
    for n in 0..3 {
        let answer = bench.act("wait a");
        assert_eq!(answer[0].matches("v.1:").count(), 1);
        assert!(answer[0].starts_with(&format!("a[v.1:{n}x")) && !answer[0].contains("missed"));
    }
}

#[test]
fn a_ring_is_bounded_and_says_what_it_has_lost() {
    let mut bench = Bench::new();
    bench.act("wait a");
    bench.act("pass 1000");
    let many = (0..RING_EVENTS_MAX + 1).map(|n| news("d", &format!("v.1:{n}"))).collect();
    bench.step(Input::News(many));
    let first = bench.act("wait a");
    assert!(
        first[0].starts_with("a[v.1:1,") && first[0].ends_with(" missed"),
        "{}",
        &first[0][..9]
    );
    assert!(!bench.act("wait a")[0].contains("missed"));
    let long = |n: usize| news("d", &format!("v.1:{n}{}", "x".repeat(RING_BYTES_MAX / 2)));
    bench.step(Input::News((0..3).map(long).collect()));
    let ring = bench.feed.domains.values().next().expect("it is watched");
    assert_eq!((ring.ring.len(), ring.ring_bytes <= RING_BYTES_MAX), (1, true));
}

#[test]
fn a_place_is_read_as_it_was_written_and_nothing_else_is() {
    let place = Position { instance: 0xfeed, number: 12 };
    let token = place.token();
    assert_eq!(token.as_str(), "000000000000feed000000000000000c");
    assert_eq!(Position::parse(&token), Ok(place));
    for wrong in ["", "x", "000000000000feed000000000000000", "+00000000000feed000000000000000c"] {
        assert!(Position::parse(&wrong.into()).is_err(), "{wrong}");
    }
    // Of another process, or from a time that has not come.
    for (instance, number) in [(8, 0), (8, 99), (7, 99)] {
        let mut bench = Bench::new();
        bench.places.insert("a".to_owned(), Position { instance, number });
        assert_eq!(bench.act("wait a"), ["a[] missed"]);
    }
}

#[test]
fn an_answer_is_json() {
    let news = |json: &str| {
        let news = news("d", "v.1:x");
        Arc::new(News { json: json.as_bytes().into(), ..news })
    };
    let events = vec![news("{\"eventId\":1}"), news("{\"eventId\":2}")];
    let next = Position { instance: 1, number: 2 };
    let body = Telling { events, next, missed: true }.to_json();
    let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    let told = |id: u64| {
        serde_json::json!({
            "workflowId": "v", "runId": "1", "workflowType": {"name": "w", "version": "1"},
            "event": {"eventId": id},
        })
    };
    let expected = serde_json::json!({
        "events": [told(1), told(2)], "next": next.token(), "missed": true,
    });
    assert_eq!(body, expected);
}
