//! What is put comes out, in order, until the end.

use super::*;

const AT_ONCE: Option<Duration> = Some(Duration::ZERO);

#[test]
fn everything_that_waits_is_taken_in_order_up_to_a_bound() {
    let inbox = Inbox::new();
    assert_eq!(inbox.take(9, AT_ONCE), Some(vec![]), "nothing is there when the time is up");
    assert!((1..=5).all(|item| inbox.put(item).is_none()));
    assert_eq!(inbox.take(3, None), Some(vec![1, 2, 3]));
    assert_eq!(inbox.take(9, None), Some(vec![4, 5]));
}

#[test]
fn what_waits_at_the_close_is_taken_and_nothing_comes_after() {
    let inbox = Inbox::new();
    inbox.put(1);
    inbox.close();
    assert_eq!(inbox.put(2), Some(2), "given back");
    assert_eq!(inbox.put_bounded(3, 9), Some(3));
    assert_eq!(inbox.take(9, None), Some(vec![1]));
    assert_eq!(inbox.take(9, None), None);
}

#[test]
fn a_bounded_put_is_refused_when_so_many_wait() {
    let inbox = Inbox::new();
    assert_eq!(inbox.put_bounded(1, 2), None);
    assert_eq!(inbox.put_bounded(2, 2), None);
    assert_eq!(inbox.put_bounded(3, 2), Some(3));
    assert_eq!(inbox.put(4), None, "only the bounded one");
    assert_eq!(inbox.take(9, None), Some(vec![1, 2, 4]));
}

#[test]
fn takers_that_wait_are_woken_by_what_comes_and_by_the_close() {
    let inbox = Inbox::new();
    let taken = std::thread::scope(|scope| {
        let takers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut taken = Vec::new();
                    while let Some(items) = inbox.take(1, None) {
                        taken.extend(items);
                    }
                    taken
                })
            })
            .collect();
        assert!((0..100).all(|item| inbox.put(item).is_none()));
        inbox.close();
        let taken = takers.into_iter().flat_map(|t| t.join().expect("no taker panics"));
        taken.collect::<std::collections::BTreeSet<_>>()
    });
    assert!(taken.into_iter().eq(0..100), "each item once");
}

#[test]
fn at_rest_are_those_who_wait_and_have_nothing_to_take() {
    let inbox = Inbox::new();
    assert_eq!(inbox.at_rest(0), Some(0));
    assert_eq!(inbox.at_rest(1), None, "nobody waits");
    inbox.put(1);
    assert_eq!(inbox.at_rest(0), None, "something is there");
    assert_eq!(inbox.take(9, AT_ONCE), Some(vec![1]));
    assert_eq!(inbox.at_rest(0), Some(1));
    std::thread::scope(|scope| {
        let taker = scope.spawn(|| inbox.take(9, None));
        while inbox.at_rest(1).is_none() {
            std::thread::yield_now();
        }
        inbox.nudge();
        assert_eq!(taker.join().expect("the taker does not panic"), Some(vec![]));
        assert_eq!(inbox.at_rest(0), Some(1), "who was woken waits no more");
    });
}
