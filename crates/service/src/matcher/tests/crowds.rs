//! Neither a domain nor a principal takes the room of others, and no kind of poll that of the other.

use super::*;
use engine::rows::TaskKind;

const ROOM: Room = Room { list: 3, domain: 5, principal: 4 };

/// A matcher with little room, and polls by number.
struct Hall {
    bench: Bench,
    polls: usize,
}

impl Hall {
    fn new() -> Hall {
        let mut bench = Bench::new();
        bench.matcher = Matcher::new(ROOM);
        Hall { bench, polls: 0 }
    }

    /// What is full for one more poll, which waits unless something is.
    fn poll(&mut self, list: &TaskListKey, principal: Option<&str>) -> Option<Full> {
        self.polls += 1;
        let name = format!("P{}", self.polls);
        let waiter = Waiter { principal: principal.map(Arc::from), ..self.bench.waiter(&name) };
        let outputs = self.bench.matcher.step(Input::Poll(list.clone(), waiter), self.bench.now);
        outputs.into_iter().find_map(|output| match output {
            Output::Refuse(refused, full) => {
                assert_eq!(refused, name);
                Some(full)
            }
            Output::Start(..) | Output::Refill(_) | Output::Empty(_) | Output::Fail(_) => None,
        })
    }

    fn waiting(&self) -> usize {
        self.bench.matcher.lists.values().map(|list| list.waiters.len()).sum()
    }
}

fn of_domain(domain: &str, name: &str) -> TaskListKey {
    TaskListKey { domain: domain.into(), ..list(name) }
}

fn deciders(list: TaskListKey) -> TaskListKey {
    TaskListKey { kind: TaskKind::Decision, ..list }
}

#[test]
fn a_domain_has_so_much_room_for_each_kind_of_poll() {
    let mut hall = Hall::new();
    for index in 0..5 {
        assert_eq!(hall.poll(&list(&format!("l{index}")), None), None);
    }
    assert_eq!(hall.poll(&list("l9"), None), Some(Full::Domain));
    assert_eq!(hall.poll(&of_domain("e", "l9"), None), None, "another domain");
    let region = engine::Scope { region: "eu-west-1".into(), ..list("l").scope };
    assert_eq!(hall.poll(&TaskListKey { scope: region, ..list("l9") }, None), None);
    for index in 0..5 {
        assert_eq!(hall.poll(&deciders(list(&format!("l{index}"))), None), None, "another kind");
    }
    assert_eq!(hall.poll(&deciders(list("l9")), None), Some(Full::Domain));
    assert_eq!(hall.waiting(), 12);
}

#[test]
fn a_principal_has_so_much_room_for_each_kind_of_poll_wherever_it_is() {
    let mut hall = Hall::new();
    for index in 0..4 {
        let list = of_domain(&format!("d{index}"), "l");
        assert_eq!(hall.poll(&list, Some("p")), None);
    }
    assert_eq!(hall.poll(&of_domain("e", "l"), Some("p")), Some(Full::Principal));
    assert_eq!(hall.poll(&of_domain("e", "l"), Some("q")), None, "another principal");
    assert_eq!(hall.poll(&of_domain("e", "l"), None), None, "nobody asks who it is");
    for index in 0..4 {
        let list = deciders(of_domain(&format!("d{index}"), "l"));
        assert_eq!(hall.poll(&list, Some("p")), None, "another kind");
    }
    assert_eq!(hall.poll(&deciders(of_domain("e", "l")), Some("p")), Some(Full::Principal));
}

#[test]
fn a_list_that_is_full_is_told_from_what_it_is_in() {
    let mut hall = Hall::new();
    for _ in 0..3 {
        assert_eq!(hall.poll(&list("l"), Some("p")), None);
    }
    assert_eq!(hall.poll(&list("l"), Some("p")), Some(Full::List));
    assert_eq!(hall.poll(&list("k"), Some("p")), None);
    assert_eq!(hall.poll(&list("k"), Some("p")), Some(Full::Principal));
}

/// However a poll ends, its room is another's.
#[test]
fn whoever_waits_no_more_makes_room() {
    let mut hall = Hall::new();
    let full = |hall: &mut Hall| {
        while hall.waiting() < 5 {
            let name = format!("l{}", hall.polls);
            assert_eq!(hall.poll(&list(&name), None), None);
        }
        assert_eq!(hall.poll(&list("full"), None), Some(Full::Domain));
    };
    full(&mut hall);
    // It is given a task.
    hall.bench.matcher.step(
        Input::Refilled { list: list("l0"), tasks: vec![task(0, 1, 1)], complete: true },
        Timestamp(0),
    );
    assert_eq!(hall.waiting(), 4);
    full(&mut hall);
    // Its time is up.
    hall.bench.act(&format!("at {HOLD_MS}"));
    assert_eq!(hall.waiting(), 0);
    assert_eq!(hall.bench.matcher.crowd, Crowd::default());
    full(&mut hall);
    // It has gone: that is looked for, but not for every poll that finds no room.
    let gone: Vec<String> = hall.bench.callers.keys().cloned().collect();
    for name in gone {
        hall.bench.act(&format!("hangup {name}"));
    }
    assert_eq!(hall.poll(&list("full"), None), Some(Full::Domain), "looked for a moment ago");
    hall.bench.now.0 += SEARCH_MS_MIN;
    assert_eq!(hall.poll(&list("full"), None), None);
    assert_eq!(hall.waiting(), 1);
}

/// Both kinds of two domains, or of four principals, have room in the service at once.
#[test]
fn nobody_takes_all_requests() {
    let room = Room::new(1_000);
    assert!(room.list <= room.principal && room.principal <= room.domain);
    assert!(2 * room.domain < crate::shared::REQUESTS_MAX as u64);
    assert!(2 * 2 * room.principal < crate::shared::REQUESTS_MAX as u64);
    // Whoever allows more on one list allows it in its domain.
    assert_eq!(Room::new(10_000).domain, 10_000);
}
