//! The invoker, one input after the other: a row is an input and the outputs that it leads to.

use super::*;

struct Bench {
    invoker: Invoker,
    now: Timestamp,
}

fn place(name: &str) -> Place {
    let at = i64::from(name.bytes().next().expect("a place has a name"));
    let task = LambdaTask {
        scheduled_at: Timestamp(at),
        run_id: name.into(),
        scheduled_event_id: wire::EventId(5),
    };
    Place { task, shard: ShardId(7) }
}

fn call(name: &str) -> FunctionCall {
    FunctionCall {
        region: "us-east-1".into(),
        name: name.into(),
        payload: "{}".into(),
        timeout: std::time::Duration::from_secs(1),
    }
}

fn outcome() -> LambdaOutcome {
    LambdaOutcome::Completed { result: None }
}

impl Bench {
    /// An invoker that knows that no task waits.
    fn idle() -> Bench {
        let mut bench = Bench { invoker: Invoker::new(), now: Timestamp(0) };
        bench.row("pass 0", "find");
        bench.row("found complete", "");
        bench
    }

    fn input(&mut self, row: &str) -> Vec<Output> {
        let words: Vec<&str> = row.split(' ').collect();
        let input = match words[..] {
            ["pass", ms] => {
                self.now.0 += ms.parse::<i64>().expect("a number");
                let mut outputs = Vec::new();
                self.invoker.act(self.now, &mut outputs);
                return outputs;
            }
            ["offer", name] => Input::Offer(place(name)),
            ["lost"] => Input::OffersLost,
            ["found", "complete", ref names @ ..] => {
                Input::Found { places: names.iter().map(|n| place(n)).collect(), complete: true }
            }
            ["found", "some", ref names @ ..] => {
                Input::Found { places: names.iter().map(|n| place(n)).collect(), complete: false }
            }
            ["not-found"] => Input::NotFound,
            ["started", name] => Input::Started(place(name), call(name)),
            ["gone", name] => Input::Gone(place(name)),
            ["damaged", name] => Input::Damaged(place(name)),
            ["unsure", name] => Input::Unsure(place(name)),
            ["answered", name] => Input::Answered(place(name), Some(outcome())),
            ["silent", name] => Input::Answered(place(name), None),
            ["closed", name] => Input::Closed(place(name)),
            ["not-closed", name] => Input::NotClosed(place(name)),
            ["drain"] => Input::Drain,
            _ => panic!("what is {row}?"),
        };
        self.invoker.step(input, self.now)
    }

    #[track_caller]
    fn row(&mut self, input: &str, expected: &str) {
        let outputs = self.input(input);
        let text = |output: &Output| match output {
            Output::Find => "find".to_owned(),
            Output::Start(place) => format!("start {}", place.task.run_id),
            Output::Call(place, called) => {
                assert_eq!(called.name.as_str(), place.task.run_id.as_str());
                format!("call {}", called.name)
            }
            Output::Close(place, closed) => {
                assert_eq!(*closed, outcome());
                format!("close {}", place.task.run_id)
            }
        };
        let texts: Vec<String> = outputs.iter().map(text).collect();
        assert_eq!(texts.join(", "), expected, "after {input}");
    }

    /// Tasks that are being handled already, so that no other can be.
    fn busy() -> Bench {
        let mut bench = Bench::idle();
        for index in 0..CALLS_MAX {
            bench.row(&format!("offer A{index}"), &format!("start A{index}"));
        }
        bench
    }
}

#[test]
fn a_task_is_started_then_called_then_closed() {
    let mut bench = Bench::idle();
    bench.row("offer a", "start a");
    bench.row("offer a", ""); // It is being handled.
    bench.row("started a", "call a");
    bench.row("offer a", "");
    bench.row("answered a", "close a");
    bench.row("closed a", "");
    assert_eq!(bench.invoker.next_wake(), None);
    assert!(bench.invoker.calls.is_empty() && bench.invoker.waiting.is_empty());
}

#[test]
fn a_process_begins_with_what_waits_in_the_rows() {
    let mut bench = Bench { invoker: Invoker::new(), now: Timestamp(0) };
    assert_eq!(bench.invoker.next_wake(), Some(Timestamp(i64::MIN)));
    bench.row("pass 0", "find");
    bench.row("offer c", "start c"); // It may have come after its shard was read.
    bench.row("found complete b a c", "start a, start b");
    bench.row("offer d", "start d");
}

#[test]
fn a_task_that_cannot_be_started_leaves_its_place() {
    let mut bench = Bench::busy();
    bench.row("offer b", "");
    bench.row("gone A0", "start b");
    bench.row("silent A1", "");
    bench.row("offer c", "start c");
}

#[test]
fn what_waits_beyond_the_bound_is_found_in_the_rows_and_the_older_goes_first() {
    let mut bench = Bench::busy();
    for index in 0..=WAITING_MAX {
        bench.row(&format!("offer c{index}"), "");
    }
    assert_eq!(bench.invoker.waiting.len(), WAITING_MAX);
    bench.row("offer z", ""); // Beyond what is known.
    bench.row("offer b", ""); // Older than what is known.
    assert_eq!(bench.invoker.waiting.len(), WAITING_MAX);
    assert!(!bench.invoker.waiting.contains(&place("z")));
    bench.row("gone A0", "start b");
    // Until memory is empty, nothing is read.
    for index in 1..CALLS_MAX {
        let outputs = bench.input(&format!("gone A{index}"));
        assert!(matches!(&outputs[..], [Output::Start(_)]), "{outputs:?}");
    }
    while !bench.invoker.waiting.is_empty() {
        let place = bench.invoker.calls.keys().next().expect("it is busy").clone();
        bench.invoker.step(Input::Gone(place), bench.now);
    }
    let place = bench.invoker.calls.keys().next().expect("it is busy").clone();
    bench.row(&format!("gone {}", place.task.run_id), "find");
    bench.row("found complete z", "start z");
}

#[test]
fn offers_that_were_dropped_are_found_in_the_rows() {
    let mut bench = Bench::idle();
    bench.row("lost", "find");
    bench.row("lost", ""); // What is being read may lack one already.
    bench.row("found complete a", "start a, find");
    bench.row("found complete a", "");
    bench.row("lost", "find");
    bench.row("not-found", "");
    assert_eq!(bench.invoker.next_wake(), Some(Timestamp(RETRY_MS)));
    bench.row("pass 999", "");
    bench.row("pass 1", "find");
}

#[test]
fn a_start_of_unknown_outcome_is_looked_for_later() {
    let mut bench = Bench::idle();
    bench.row("offer a", "start a");
    bench.row("unsure a", "");
    assert_eq!(bench.invoker.next_wake(), Some(Timestamp(RETRY_MS)));
    bench.row("pass 1000", "find");
    bench.row("found complete a", "start a");
}

/// Its row stays, so the rows bring it again.
#[test]
fn a_task_that_is_damaged_is_not_tried_in_a_tight_loop() {
    let mut bench = Bench::idle();
    bench.row("lost", "find");
    bench.row("found some a", "start a, find");
    bench.row("damaged a", "");
    bench.row("found some a", "start a");
    bench.row("damaged a", "");
    assert_eq!(bench.invoker.next_wake(), Some(Timestamp(RETRY_MS)));
    bench.row("pass 999", "");
    bench.row("pass 1", "find");
    bench.row("found complete a b", "start a, start b");
    bench.row("damaged a", "");
    assert_eq!(bench.invoker.next_wake(), None);
    bench.row("offer c", "start c");
}

#[test]
fn an_outcome_is_brought_again_and_not_for_ever() {
    let mut bench = Bench::idle();
    bench.row("offer a", "start a");
    bench.row("started a", "call a");
    bench.row("answered a", "close a");
    for _ in 1..CLOSE_ATTEMPTS_MAX {
        bench.row("not-closed a", "");
        bench.row("pass 999", "");
        bench.row("pass 1", "close a");
    }
    bench.row("not-closed a", "");
    assert_eq!(bench.invoker.next_wake(), None);
    bench.row("not-closed a", "");
    assert!(bench.invoker.calls.is_empty());
}

#[test]
fn nothing_is_started_at_the_end_but_outcomes_are_recorded() {
    let mut bench = Bench::idle();
    bench.row("offer a", "start a");
    bench.row("started a", "call a");
    bench.row("drain", "");
    bench.row("offer b", "");
    bench.row("lost", "");
    bench.row("answered a", "close a");
    bench.row("closed a", "");
    assert_eq!(bench.invoker.next_wake(), None);
}
