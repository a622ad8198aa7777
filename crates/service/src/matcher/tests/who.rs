//! Who polls, as it is told.

use super::*;
use crate::matcher::pollers::{LISTS_REMEMBERED_MAX, POLLERS_PER_LIST_MAX, REMEMBERED_MS};
use crate::matcher::{ListPollers, Poller};

fn poller(name: &str) -> Poller {
    let identity = Some(name.into());
    Poller { identity, principal: None, address: Some([10, 0, 0, 1].into()) }
}

/// One who calls himself as his poll is called up to a dash.
fn poll(bench: &mut Bench, on: &str, name: &str) {
    let identity = name.split('-').next().unwrap_or(name);
    let waiter = Waiter { poller: poller(identity), ..bench.waiter(name) };
    bench.matcher.step(Input::Poll(list(on), waiter), bench.now);
}

/// The pollers of a list: name, when seen, how many wait.
fn who(bench: &Bench, on: &str) -> (u32, Vec<String>) {
    let ListPollers { waiting, pollers } = bench.matcher.who_polls(&list(on), bench.now);
    let say = |seen: &crate::matcher::SeenPoller| {
        let name = seen.poller.identity.as_ref().expect("all have a name");
        format!("{name} {} {}", seen.last_seen_at.0, seen.waiting)
    };
    (waiting, pollers.iter().map(say).collect())
}

fn says(expected: &[&str]) -> Vec<String> {
    expected.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn those_that_wait_come_first_and_are_seen_now() {
    let mut bench = Bench::new();
    poll(&mut bench, "l", "a");
    poll(&mut bench, "l", "b-1");
    poll(&mut bench, "l", "b-2");
    poll(&mut bench, "other", "c");
    bench.now = Timestamp(5);
    assert_eq!(who(&bench, "l"), (3, says(&["a 5 1", "b 5 2"])));
    // One is given a task, one is gone away, one waits.
    let task = parse("0@1");
    bench.matcher.step(Input::Offer(list("l"), task), bench.now);
    bench.callers.remove("b-1");
    bench.now = Timestamp(7);
    assert_eq!(who(&bench, "l"), (1, says(&["b 7 1", "a 5 0"])));
    assert_eq!(who(&bench, "nobody"), (0, vec![]));
}

#[test]
fn who_went_away_was_last_seen_when_he_came() {
    let mut bench = Bench::new();
    poll(&mut bench, "l", "a");
    bench.callers.remove("a");
    bench.now = Timestamp(HOLD_MS + 3);
    bench.matcher.step(Input::DismissGone, bench.now);
    assert_eq!(who(&bench, "l"), (0, says(&["a 0 0"])));
    poll(&mut bench, "l", "b");
    let came = bench.now.0;
    bench.now = Timestamp(came + HOLD_MS);
    bench.matcher.expire(bench.now, &mut Vec::new());
    assert_eq!(who(&bench, "l").1[0], format!("b {} 0", bench.now.0));
}

#[test]
fn who_has_not_come_for_long_is_forgotten() {
    let mut bench = Bench::new();
    poll(&mut bench, "l", "a");
    bench.callers.clear();
    bench.now = Timestamp(REMEMBERED_MS - 1);
    assert_eq!(who(&bench, "l").1.len(), 1);
    let lists = |bench: &Bench| bench.matcher.polled_lists(&list(""), 9, bench.now).len();
    assert_eq!(lists(&bench), 1);
    bench.now = Timestamp(REMEMBERED_MS);
    assert_eq!(who(&bench, "l").1, says(&[]));
    assert_eq!(lists(&bench), 0);
}

/// However many names somebody finds for himself.
#[test]
fn who_is_remembered_is_bounded_and_those_who_wait_are_told() {
    let mut bench = Bench::new();
    let waiter = Waiter { poller: poller("waits"), ..bench.waiter("waits") };
    let waiter = Waiter { deadline: Timestamp::MAX, ..waiter };
    bench.matcher.step(Input::Poll(list("l"), waiter), bench.now);
    for n in 0..POLLERS_PER_LIST_MAX as i64 + 10 {
        bench.now = Timestamp(1 + n);
        poll(&mut bench, "l", &format!("p{n}"));
        bench.callers.remove(&format!("p{n}"));
    }
    let (waiting, pollers) = who(&bench, "l");
    assert_eq!((waiting, pollers.len()), (1, POLLERS_PER_LIST_MAX));
    assert!(pollers[0].starts_with("waits "), "{pollers:?}");
    assert!(pollers[1].starts_with("p109 "), "{pollers:?}");
    for n in 0..LISTS_REMEMBERED_MAX {
        bench.now.0 += 1;
        poll(&mut bench, &format!("list-{n}"), "a");
        bench.callers.remove("a");
    }
    assert_eq!(who(&bench, "l"), (1, vec![format!("waits {} 1", bench.now.0)]));
}

#[test]
fn lists_that_are_polled_are_told_by_name() {
    let mut bench = Bench::new();
    for name in ["c", "a", "b", "d"] {
        poll(&mut bench, name, name);
    }
    bench.callers.clear();
    poll(&mut bench, "b2", "waits");
    let names = |from: &str, most: usize| -> Vec<String> {
        let lists = bench.matcher.polled_lists(&list(from), most, bench.now);
        lists.iter().map(|list| list.name.to_string()).collect()
    };
    assert_eq!(names("", 9), ["a", "b", "b2", "c", "d"]);
    assert_eq!(names("b", 2), ["b", "b2"]);
    assert_eq!(names("b\0", 2), ["b2", "c"]);
    assert_eq!(names("e", 2), Vec::<String>::new());
}
