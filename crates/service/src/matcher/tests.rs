//! Rows: what happens to a matcher, and what it wants done. The random test is beside this file.

use super::*;
use crate::api::Pending;
use crate::tests::fixture::{list, task};

mod crowds;
mod random;
mod who;

/// A matcher whose polls have names, and the starts that it has asked for.
struct Bench {
    matcher: Matcher<String>,
    now: Timestamp,
    callers: BTreeMap<String, Pending>,
    starts: BTreeMap<String, (TaskListKey, WaiterId, Waiter<String>)>,
}

/// How many polls may wait on one list.
const POLLERS_MAX: usize = 1000;

/// How long a poll waits here, in milliseconds.
const HOLD_MS: i64 = 60;

impl Bench {
    fn new() -> Bench {
        Bench {
            matcher: Matcher::new(Room::new(POLLERS_MAX as u64)),
            now: Timestamp(0),
            callers: BTreeMap::new(),
            starts: BTreeMap::new(),
        }
    }

    fn waiter(&mut self, name: &str) -> Waiter<String> {
        let (pending, answer) = Pending::new(None);
        self.callers.insert(name.to_owned(), pending);
        Waiter {
            poller: Poller::default(),
            principal: None,
            deadline: Timestamp(self.now.0 + HOLD_MS),
            presence: answer.presence(),
            poll: name.to_owned(),
        }
    }

    fn start(&mut self, name: &str) -> (TaskListKey, WaiterId, Waiter<String>) {
        self.starts.remove(name).expect("the poll was paired with a task")
    }

    /// Carries out one row's input: a verb, the list where it is not `l`, and arguments.
    fn act(&mut self, row: &str) -> Vec<Output<String>> {
        let words: Vec<&str> = row.split(' ').collect();
        let (verb, on) = words[0].split_once('/').unwrap_or((words[0], "l"));
        let input = match (verb, &words[1..]) {
            ("poll", [name]) => Input::Poll(list(on), self.waiter(name)),
            ("offer", [place]) => Input::Offer(list(on), parse(place)),
            ("lost", []) => Input::OffersLost,
            ("gone", [name]) => {
                let (list, id, waiter) = self.start(name);
                Input::TaskGone(list, id, waiter)
            }
            ("damaged", [name, place]) => {
                let (list, id, waiter) = self.start(name);
                Input::TaskDamaged(list, parse(place), id, waiter)
            }
            ("unsure", [name]) => {
                let (list, _, waiter) = self.start(name);
                Input::TaskUnsure(list, waiter)
            }
            ("dismiss", []) => Input::DismissGone,
            ("refilled", [tasks @ .., extent]) => Input::Refilled {
                list: list(on),
                tasks: tasks.iter().map(|place| parse(place)).collect(),
                complete: *extent == "all",
            },
            ("failed", []) => Input::RefillFailed(list(on)),
            ("drain", []) => Input::Drain,
            ("hangup", [name]) => {
                self.callers.remove(*name).expect("the caller is there");
                return Vec::new();
            }
            ("at", [ms]) => {
                self.now = Timestamp(ms.parse().expect("milliseconds"));
                let mut outputs = Vec::new();
                self.matcher.expire(self.now, &mut outputs);
                return outputs;
            }
            (verb, rest) => panic!("no such row: {verb} {rest:?}"),
        };
        self.matcher.step(input, self.now)
    }

    fn describe(&mut self, output: Output<String>) -> String {
        match output {
            Output::Start(list, task, id, waiter) => {
                let Task { place, .. } = &task;
                let text = format!("{}={}@{}", waiter.poll, place.priority.0, place.scheduled_at.0);
                self.starts.insert(waiter.poll.clone(), (list, id, waiter));
                text
            }
            Output::Refill(list) if list.name.as_str() == "l" => "refill".to_owned(),
            Output::Refill(list) => format!("refill/{}", list.name),
            Output::Empty(name) => format!("{name} empty"),
            Output::Refuse(name, _) => format!("{name} refused"),
            Output::Fail(name) => format!("{name} failed"),
        }
    }
}

/// A task from its place: priority, `@`, age.
fn parse(place: &str) -> Task {
    let (priority, at) = place.split_once('@').expect("priority@time");
    task(priority.parse().expect("a priority"), at.parse().expect("a time"), 1)
}

/// Each line is an input, `=>`, and the outputs it leads to, in order.
#[track_caller]
fn check(rows: &str) {
    let mut bench = Bench::new();
    for line in rows.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (input, expected) = line.split_once("=>").expect("input => outputs");
        let outputs = bench.act(input.trim());
        let outputs: Vec<String> = outputs.into_iter().map(|o| bench.describe(o)).collect();
        assert_eq!(outputs.join(", "), expected.trim(), "{line}");
    }
}

#[test]
fn the_higher_priority_goes_first_and_then_the_older() {
    check(
        "poll A => refill
         refilled 0@1 5@9 5@8 -1@0 all => A=5@8
         poll B => B=5@9
         offer 0@0 =>
         poll C => C=0@0
         poll D => D=0@1
         poll E => E=-1@0
         poll F =>
         offer 7@7 => F=7@7",
    );
}

#[test]
fn an_unknown_list_is_read_once_however_many_poll() {
    check(
        "offer 0@1 =>
         poll A => refill
         poll B =>
         poll/k C => refill/k
         refilled 0@1 all => A=0@1
         offer 0@2 => B=0@2
         refilled/k all =>",
    );
}

#[test]
fn an_offer_during_a_refill_is_not_lost() {
    check(
        "poll A => refill
         offer 0@2 => A=0@2
         offer 0@3 =>
         refilled 0@1 all =>
         poll B => B=0@1
         poll C => C=0@3",
    );
}

#[test]
fn a_task_beyond_an_incomplete_head_is_left_to_the_rows() {
    check(
        "poll A => refill
         refilled 0@1 0@5 more => A=0@1
         offer 0@6 =>
         offer 0@4 =>
         poll B => B=0@4
         poll C => C=0@5
         poll D => refill
         refilled 0@6 all => D=0@6",
    );
}

#[test]
fn a_list_that_is_short_and_incomplete_is_read_again() {
    check(
        "poll A => refill
         refilled more => refill
         refilled all =>
         offer 0@1 => A=0@1",
    );
}

#[test]
fn doubt_during_a_refill_leads_to_another_one() {
    check(
        "poll A => refill
         lost =>
         refilled all => refill
         refilled 0@1 all => A=0@1
         poll B =>",
    );
}

#[test]
fn lost_offers_make_every_list_that_is_polled_be_read_again() {
    check(
        "poll A => refill
         refilled all =>
         poll/k B => refill/k
         refilled/k 0@1 all => B=0@1
         lost => refill
         poll/k C => refill/k
         refilled all =>
         refilled/k all =>",
    );
}

#[test]
fn a_poller_whose_task_was_gone_keeps_its_place() {
    check(
        "poll A => refill
         refilled 0@1 all => A=0@1
         poll B =>
         gone A =>
         offer 0@2 => A=0@2
         offer 0@3 => B=0@3",
    );
}

#[test]
fn after_a_start_of_unknown_outcome_the_rows_are_read_again() {
    check(
        "poll A => refill
         refilled 0@1 all => A=0@1
         poll B =>
         unsure A => A failed, refill
         refilled 0@1 all => B=0@1",
    );
}

#[test]
fn polls_whose_callers_are_gone_are_dismissed_when_room_is_wanted() {
    check(
        "poll A => refill
         poll B =>
         hangup B =>
         dismiss => B empty
         refilled 0@1 0@2 all => A=0@1",
    );
}

/// A burst larger than the head while the rows are being read: what is cut off is read again.
#[test]
fn tasks_cut_off_during_a_refill_are_not_forgotten() {
    let mut bench = Bench::new();
    let tasks = i64::try_from(HEAD_MAX).expect("a small number") + 200;
    let mut handed_out = 0;
    let mut act = |row: &str| {
        let outputs = bench.act(row);
        let refill = outputs.iter().any(|output| matches!(output, Output::Refill(_)));
        let starts = outputs.iter().filter(|output| matches!(output, Output::Start(..)));
        handed_out += i64::try_from(starts.count()).expect("a small number");
        (refill, handed_out)
    };
    assert!(act("poll first").0);
    for at in 0..tasks {
        act(&format!("offer 0@{at}"));
    }
    act("refilled all");
    for poll in 1..tasks {
        let (refill, done) = act(&format!("poll p{poll}"));
        if refill {
            let rows: String = (done..tasks).map(|at| format!("0@{at} ")).collect();
            act(&format!("refilled {rows}all"));
        }
    }
    assert_eq!(handed_out, tasks);
}

#[test]
fn a_poller_that_is_gone_is_passed_over() {
    check(
        "poll A => refill
         poll B =>
         hangup A =>
         refilled 0@1 all => A empty, B=0@1
         poll C =>
         poll D =>
         hangup C =>
         hangup D =>
         offer 0@2 => C empty, D empty
         poll E => E=0@2",
    );
}

/// A poll waits for 60 ms here, so that others carry the wait on.
#[test]
fn a_refill_that_failed_is_tried_again_for_those_who_wait() {
    check(
        "poll A => refill
         at 10 =>
         failed =>
         poll B =>
         at 70 => A empty, B empty
         at 1009 =>
         poll C =>
         at 1010 => refill
         refilled 0@1 all => C=0@1
         poll D =>",
    );
    let mut bench = Bench::new();
    bench.act("poll A");
    bench.act("failed");
    bench.act("at 60");
    assert_eq!(bench.matcher.next_deadline(), Some(Timestamp(REFILL_RETRY_MS)));
}

/// There is nothing else to go by.
#[test]
fn while_rows_are_left_alone_what_is_offered_is_handed_out() {
    check(
        "poll A => refill
         failed =>
         offer 0@9 => A=0@9
         at 1000 =>
         poll B => refill",
    );
}

#[test]
fn damaged_tasks_are_passed_over() {
    check(
        "poll A => refill
         refilled 0@1 0@2 more => A=0@1
         damaged A 0@1 => A=0@2
         poll B => refill
         refilled 0@1 0@3 more => B=0@3
         offer 0@1 =>
         poll C => refill
         refilled 0@1 all =>
         offer 0@1 =>
         offer 0@4 => C=0@4",
    );
}

#[test]
fn rows_that_hold_nothing_but_damaged_tasks_are_not_read_in_a_tight_loop() {
    check(
        "poll A => refill
         refilled 0@1 more => A=0@1
         damaged A 0@1 => refill
         refilled 0@1 more =>
         offer 0@2 => A=0@2
         at 990 =>
         poll B =>
         at 1000 => refill
         refilled 0@1 more =>",
    );
}

#[test]
fn no_more_damaged_tasks_are_remembered_than_the_bound() {
    let mut bench = Bench::new();
    bench.act("poll A");
    let count = i64::try_from(DAMAGED_MAX).expect("a small number");
    for output in bench.act("refilled 0@0 more") {
        bench.describe(output);
    }
    for at in 0..count {
        let outputs = bench.act(&format!("damaged A 0@{at}"));
        let texts: Vec<String> = outputs.into_iter().map(|o| bench.describe(o)).collect();
        assert_eq!(texts, ["refill"]);
        let outputs = bench.act(&format!("refilled 0@{at} 0@{} more", at + 1));
        let texts: Vec<String> = outputs.into_iter().map(|o| bench.describe(o)).collect();
        assert_eq!(texts, [format!("A=0@{}", at + 1)]);
    }
    assert!(bench.act(&format!("damaged A 0@{count}")).is_empty(), "not at once");
    assert_eq!(bench.matcher.lists[&list("l")].damaged.len(), DAMAGED_MAX);
}

#[test]
fn polls_are_answered_empty_in_the_order_of_their_deadlines() {
    check(
        "poll A => refill
         at 10 =>
         poll/k B => refill/k
         at 20 =>
         poll C =>
         at 59 =>
         at 60 => A empty
         at 80 => B empty, C empty
         refilled 0@1 all =>
         poll D => D=0@1
         at 500 =>
         gone D => D empty",
    );
}

#[test]
fn a_draining_matcher_answers_every_poll_empty() {
    check(
        "poll A => refill
         refilled all =>
         poll/k B => refill/k
         drain => A empty, B empty
         poll C => C empty
         refilled/k 0@1 all =>
         poll/k D => D empty",
    );
}

/// A task that is started while the process goes down would be lost to its timeout.
#[test]
fn a_draining_matcher_hands_out_none_of_the_tasks_it_knows() {
    check(
        "poll A => refill
         refilled 0@1 0@2 0@3 all => A=0@1
         drain =>
         poll B => B empty
         gone A => A empty",
    );
}

#[test]
fn the_head_is_bounded_and_what_is_cut_is_read_again() {
    let mut bench = Bench::new();
    bench.act("poll A");
    bench.act("refilled all");
    bench.act("hangup A");
    // The list is known to be whole; the tasks come in the order in which they are handed out.
    let tasks = i64::try_from(HEAD_MAX).expect("a small number") + 1;
    for at in 1..=tasks {
        bench.act(&format!("offer 0@{at}"));
    }
    assert_eq!(bench.matcher.lists[&list("l")].head.len(), HEAD_MAX);
    for at in 1..tasks {
        let outputs = bench.act(&format!("poll P{at}"));
        let texts: Vec<String> = outputs.into_iter().map(|o| bench.describe(o)).collect();
        let started = format!("P{at}=0@{at}");
        let expected = if at == 1 { vec!["A empty".to_owned(), started] } else { vec![started] };
        assert_eq!(texts.last(), expected.last());
    }
    let outputs = bench.act("poll B");
    assert!(matches!(&outputs[..], [Output::Refill(_)]), "the one that was cut is in the rows");
}

#[test]
fn only_so_many_polls_wait_on_a_list_and_those_that_are_gone_do_not_count() {
    let mut bench = Bench::new();
    for index in 0..POLLERS_MAX {
        bench.act(&format!("poll P{index}"));
    }
    let outputs = bench.act("poll X");
    assert!(matches!(&outputs[..], [Output::Refuse(name, Full::List)] if name == "X"));
    let outputs = bench.act("poll/k Y");
    assert!(matches!(&outputs[..], [Output::Refill(_)]), "another list has room");
    bench.act("hangup P7");
    bench.act("hangup P9");
    let outputs = bench.act("poll Z");
    let texts: Vec<String> = outputs.into_iter().map(|o| bench.describe(o)).collect();
    assert_eq!(texts, ["P7 empty", "P9 empty"]);
    assert_eq!(bench.matcher.lists[&list("l")].waiters.len(), POLLERS_MAX - 1);
}

#[test]
fn lists_that_nobody_polls_are_forgotten_beyond_a_bound() {
    let mut bench = Bench::new();
    bench.act("poll/busy A");
    for index in 0..IDLE_LISTS_MAX + 50 {
        let on = format!("list-{index}");
        bench.act(&format!("poll/{on} P"));
        bench.act(&format!("refilled/{on} 0@1 all"));
        assert!(bench.matcher.lists.len() <= IDLE_LISTS_MAX, "{index}");
    }
    let outputs = bench.act("refilled/busy 0@1 all");
    assert!(matches!(&outputs[..], [Output::Start(..)]), "the one that is polled is not");
    let outputs = bench.act("poll/list-0 B");
    assert!(matches!(&outputs[..], [Output::Refill(_)]), "a forgotten list is read again");
}

#[test]
fn the_next_deadline_is_that_of_the_poll_that_waits_the_longest() {
    let mut bench = Bench::new();
    assert_eq!(bench.matcher.next_deadline(), None);
    bench.act("poll A");
    bench.act("at 10");
    bench.act("poll B");
    assert_eq!(bench.matcher.next_deadline(), Some(Timestamp(HOLD_MS)));
    let started = bench.act("refilled 0@1 all");
    assert_eq!(started.len(), 1);
    assert_eq!(bench.matcher.next_deadline(), Some(Timestamp(10 + HOLD_MS)));
}
