//! What does not reach the feed is said to be missing, where it is missing.

use super::client::{TestClock, TestEntropy};
use super::fixture::scope;
use crate::Options;
use crate::api::{Pending, Reply};
use crate::feed::{DomainKey, Feed, Input, Lost, News, Watcher};
use crate::shared::{Shared, Watch};
use engine::RunIdentity;
use serde_json::Value;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64};
use std::task::{Context, Poll, Waker};
use store::memory::Memory;
use wire::{Timestamp, WorkflowType};

fn domain(name: &str) -> DomainKey {
    (scope(), name.into())
}

fn news(name: &str, text: &str) -> Vec<News> {
    let (workflow_id, run_id) = ("v".into(), "r".into());
    let identity = RunIdentity { scope: scope(), domain: name.into(), workflow_id, run_id };
    let workflow_type = WorkflowType { name: "w".into(), version: "1".into() };
    let json = format!("\"{text}\"").into_bytes().into();
    vec![News { identity: Arc::new(identity), workflow_type, json }]
}

/// What the parts share, a feed that takes its turns by hand, and who waits, by domain.
struct Bench {
    shared: Shared,
    feed: Feed<Watch>,
    waiting: BTreeMap<&'static str, Pending>,
}

impl Bench {
    fn new() -> Bench {
        let clock = Arc::new(TestClock(AtomicI64::new(0)));
        let entropy = Arc::new(TestEntropy(AtomicU64::new(1)));
        let opened = Shared::open(Arc::new(Memory::default()), clock, entropy, &Options::default());
        let (shared, _parts) = opened.expect("a store in memory opens");
        let feed = Feed::new(shared.feed_instance);
        Bench { shared, feed, waiting: BTreeMap::new() }
    }

    fn wait(&mut self, name: &'static str) {
        let (pending, answer) = Pending::new(None);
        let presence = answer.presence();
        let watcher = Watcher {
            domain: domain(name),
            execution: None,
            after: None,
            deadline: Timestamp(1_000),
            principal: None,
            presence,
            poll: Watch { answer, asker: None },
        };
        self.shared.feed.put(Input::Wait(Box::new(watcher)));
        self.waiting.insert(name, pending);
    }

    /// The feed takes what waits; then, what those hear who wait.
    fn turn(&mut self) -> Vec<String> {
        let inputs = self.shared.feed.take(usize::MAX, Some(std::time::Duration::ZERO));
        self.shared.feed_turn(&mut self.feed, inputs.unwrap_or_default());
        let mut context = Context::from_waker(Waker::noop());
        let mut said = Vec::new();
        self.waiting.retain(|name, pending| match Pin::new(pending).poll(&mut context) {
            Poll::Pending => true,
            Poll::Ready(Ok(Reply::Json(body))) => {
                let body: Value = serde_json::from_slice(&body).expect("JSON");
                let events = body["events"].as_array().expect("events").iter();
                let events: Vec<&str> = events.filter_map(|told| told["event"].as_str()).collect();
                let lengths = events.iter().map(|event| event.chars().take(9).collect::<String>());
                let missed = if body["missed"] == true { " missed" } else { "" };
                said.push(format!("{name}{:?}{missed}", lengths.collect::<Vec<_>>()));
                false
            }
            Poll::Ready(other) => panic!("{other:?}"),
        });
        said
    }

    fn tell(&self, name: &str, text: &str) {
        self.shared.tell(Lost::Nothing, news(name, text), Lost::Nothing);
    }
}

#[test]
fn what_finds_no_room_is_said_behind_what_waits_before_it() {
    let mut bench = Bench::new();
    ["d", "e", "f", "g"].into_iter().for_each(|name| bench.wait(name));
    assert_eq!(bench.turn(), Vec::<String>::new());
    bench.tell("e", "first");
    bench.tell("d", &"x".repeat(16 << 20));
    // Behind a gap nothing is told before that is said.
    bench.tell("d", "behind");
    bench.tell("f", "behind");
    assert_eq!(bench.turn(), ["d[] missed", "e[\"first\"]", "f[] missed"]);
    ["d", "e", "f"].into_iter().for_each(|name| bench.wait(name));
    assert_eq!(bench.turn(), Vec::<String>::new());
    ["d", "e", "f", "g"].into_iter().for_each(|name| bench.tell(name, "more"));
    let all = ["d[\"more\"]", "e[\"more\"]", "f[\"more\"]", "g[\"more\"]"];
    assert_eq!(bench.turn(), all);
}

#[test]
fn what_is_missing_before_is_said_before_and_what_is_missing_behind_behind() {
    let mut bench = Bench::new();
    let of = |name: &str| Lost::Of([domain(name)].into());
    bench.wait("d");
    bench.turn();
    bench.shared.tell(of("d"), news("d", "x"), Lost::Nothing);
    assert_eq!(bench.turn(), ["d[] missed"]);
    bench.wait("d");
    bench.wait("e");
    bench.turn();
    bench.shared.tell(Lost::Nothing, news("d", "x"), of("d"));
    assert_eq!(bench.turn(), ["d[\"x\"]"]);
    bench.shared.tell(Lost::Nothing, Vec::new(), Lost::Everything);
    assert_eq!(bench.turn(), ["e[] missed"]);
}
