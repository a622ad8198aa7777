//! How many whole workflows a second the service runs on the embedded store, in process.
//!
//! Each client starts a run, decides, does one activity and completes it: 7 requests, 7 durable
//! transitions. Runs with `cargo bench -p tidewheel-tests`; `WORKFLOWS_SECONDS` sets how long each
//! row measures (default 5). Compare rows of one run: machines differ, and disks more.

use access::Caller;
use serde_json::{Value, json};
use service::{Clock, Entropy, Options, Reply, Service};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use store::embedded::Embedded;
use wire::{Model, Operation, Timestamp};

struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        Timestamp(i64::try_from(since.as_millis()).expect("before the year 292 million"))
    }
}

struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the system gives random bytes");
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

fn call(service: &Service, operation: Operation, body: Value) -> Value {
    let caller = Caller::unrestricted("000000000000".into(), "us-east-1".into());
    let request = Model::get().check(operation, body).expect("the benchmark asks rightly");
    match block_on(service.call(&caller, request)).expect("the service answers") {
        Reply::Empty => Value::Null,
        Reply::Json(body) => serde_json::from_slice(&body).expect("an answer is JSON"),
    }
}

fn register(service: &Service) {
    call(
        service,
        Operation::RegisterDomain,
        json!({ "name": "bench", "workflowExecutionRetentionPeriodInDays": "1" }),
    );
    call(
        service,
        Operation::RegisterWorkflowType,
        json!({ "domain": "bench", "name": "w", "version": "1",
                "defaultTaskStartToCloseTimeout": "60", "defaultChildPolicy": "TERMINATE",
                "defaultExecutionStartToCloseTimeout": "3600" }),
    );
    call(
        service,
        Operation::RegisterActivityType,
        json!({ "domain": "bench", "name": "a", "version": "1",
                "defaultTaskStartToCloseTimeout": "60", "defaultTaskHeartbeatTimeout": "NONE",
                "defaultTaskScheduleToStartTimeout": "60",
                "defaultTaskScheduleToCloseTimeout": "60" }),
    );
}

/// Runs workflows on a task list of its own until told to stop; returns how many.
fn client(service: &Service, index: usize, stop: &AtomicBool, next: &AtomicU64) -> u64 {
    let list = json!({ "name": format!("list-{index}") });
    let mut done = 0;
    while !stop.load(Ordering::Relaxed) {
        let workflow_id = format!("workflow-{}", next.fetch_add(1, Ordering::Relaxed));
        call(
            service,
            Operation::StartWorkflowExecution,
            json!({ "domain": "bench", "workflowId": workflow_id, "taskList": list,
                    "workflowType": { "name": "w", "version": "1" }, "input": "x".repeat(100) }),
        );
        let poll = json!({ "domain": "bench", "taskList": list });
        let decide = |decision: Value| {
            let task = call(service, Operation::PollForDecisionTask, poll.clone());
            let body = json!({ "taskToken": task["taskToken"], "decisions": [decision] });
            call(service, Operation::RespondDecisionTaskCompleted, body);
        };
        decide(json!({ "decisionType": "ScheduleActivityTask",
            "scheduleActivityTaskDecisionAttributes": { "activityId": "1", "taskList": list,
                "activityType": { "name": "a", "version": "1" }, "input": "y".repeat(100) } }));
        let task = call(service, Operation::PollForActivityTask, poll.clone());
        call(
            service,
            Operation::RespondActivityTaskCompleted,
            json!({ "taskToken": task["taskToken"], "result": "z".repeat(100) }),
        );
        decide(json!({ "decisionType": "CompleteWorkflowExecution" }));
        done += 1;
    }
    done
}

fn main() {
    // `cargo test --benches` runs this without `--bench`; there is nothing to test.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let seconds = std::env::var("WORKFLOWS_SECONDS").ok();
    let seconds = seconds.and_then(|text| text.parse().ok()).unwrap_or(5);
    let mut single = None;
    for clients in [1, 4, 16, 64, 256] {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let store = Embedded::open(scratch.path(), Default::default()).expect("a new store");
        let options = Options {
            poll_hold: Duration::from_secs(60),
            owner: "benchmark".to_owned(),
            ..Options::default()
        };
        let service =
            Service::open(Arc::new(store), Arc::new(SystemClock), Arc::new(SystemEntropy), options)
                .expect("a new service");
        register(&service);
        let (stop, next) = (AtomicBool::new(false), AtomicU64::new(0));
        let begin = Instant::now();
        let done: u64 = std::thread::scope(|scope| {
            let clients: Vec<_> = (0..clients)
                .map(|index| {
                    let (service, stop, next) = (&service, &stop, &next);
                    scope.spawn(move || client(service, index, stop, next))
                })
                .collect();
            std::thread::park_timeout(Duration::from_secs(seconds));
            stop.store(true, Ordering::Relaxed);
            clients.into_iter().map(|client| client.join().expect("a client ends")).sum()
        });
        let rate = done as f64 / begin.elapsed().as_secs_f64();
        let single = *single.get_or_insert(rate);
        println!(
            "{clients:4} clients: {rate:8.0} workflows/s, {:8.0} transitions/s, {:5.1} x one client",
            rate * 7.0,
            rate / single
        );
        service.close();
    }
}
