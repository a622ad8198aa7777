//! The threads of the service, and what they send each other.
//!
//! A thread per shard, one for the matcher, one for the registrar, and a few that read. They are
//! loops around plain structs. Putting into an inbox never blocks, so they cannot wait for each
//! other in a circle; every request holds a permit, which bounds what all inboxes hold together.

use crate::api::{Answer, Clock, Entropy, Permit, Reply};
use crate::inbox::Inbox;
use crate::keys;
use crate::matcher::{Input, Matcher, Output, Task, Waiter, WaiterId};
use crate::reader::{DecisionPage, Read, Reader, empty_poll};
use crate::registrar::Registrar;
use crate::shard::{
    COMMANDS_MAX, Delivery, Outcome, Refusal, Shard, ShardCommand, Step, TaskStart,
};
use crate::token::{KEY_BYTES, Tokens};
use engine::rows::{TaskKind, TaskListKey};
use engine::{Registry, Scope};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;
use store::{ShardId, Store, StoreError};
use wire::{Fault, Request, Timestamp};

/// How many requests may be in the service at once. More are refused as throttled.
pub const REQUESTS_MAX: usize = 20_000;

/// How many offers may wait for the matcher. More are dropped, and it reads the rows instead.
const OFFERS_MAX: usize = REQUESTS_MAX + 50_000;

/// How many reads for tasks go on at once, and as many others.
const READERS: usize = 2;

/// How many inputs the matcher takes at a time.
const MATCHER_INPUTS_MAX: usize = 1024;

/// The longest that a thread waits without looking at the clock, which may have been moved.
const CLOCK_CHECK_MAX: Duration = Duration::from_secs(10);

/// What the service can be told at start.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long a poll waits for a task before it is answered empty.
    pub poll_hold: Duration,
    /// The name under which shards are claimed, for people who look at the store.
    pub owner: String,
    /// Called when a thread of the service ends in a panic. What it served waits for ever then, so
    /// the process should end: the next one starts from what is durable.
    pub on_panic: fn(),
}

/// The running service: its threads end when it is closed.
pub struct Service {
    pub(crate) shared: Arc<Shared>,
    /// Those that write; what they have still to say goes to the others.
    writers: Mutex<Vec<JoinHandle<()>>>,
    /// The matcher and those that read.
    others: Mutex<Vec<JoinHandle<()>>>,
}

/// What all threads know.
pub(crate) struct Shared {
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub registry: Arc<RwLock<Registry>>,
    pub tokens: Arc<Tokens>,
    pub poll_hold: Duration,
    pub permits: Arc<AtomicUsize>,
    shards: Vec<Inbox<(Ticket, ShardCommand)>>,
    matcher: Inbox<Input<Poll>>,
    offers_lost: AtomicBool,
    registrar: Inbox<(Answer, Scope, Request)>,
    /// What pollers wait for: replies to tasks that have been started, and heads of lists.
    task_readers: Inbox<Job>,
    /// Histories, lists and counts, which may take long.
    readers: Inbox<Job>,
}

/// Who is to hear what came of a command.
pub(crate) enum Ticket {
    /// A caller.
    Call(Answer),
    /// A decider that wants a further page of its task.
    Page(Answer, DecisionPage),
    /// A poller that is to have the task.
    Poll(Box<PollTicket>),
    /// The shard that sent the message of that number.
    Message(ShardId, u64),
    /// Nobody.
    Nobody,
}

/// A poll that the matcher has paired with a task.
pub(crate) struct PollTicket {
    list: TaskListKey,
    task: Task,
    id: WaiterId,
    waiter: Waiter<Poll>,
}

/// How a poll is answered.
pub(crate) struct Poll {
    pub answer: Answer,
    /// For decision tasks, which page of the history goes with it.
    pub page: Option<DecisionPage>,
}

enum Job {
    Answer(Answer, Read),
    Refill(TaskListKey),
}

impl Service {
    /// Claims every shard of `store` and starts to work.
    pub fn open(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        options: Options,
    ) -> Result<Service, StoreError> {
        let mut registrar = Registrar::claim(&options.owner, Arc::clone(&store))?;
        let mut fresh = [0; KEY_BYTES];
        entropy.fill(&mut fresh);
        let tokens = Arc::new(Tokens::new(&registrar.token_key(&fresh)?));
        let registry = registrar.registry();
        let claim =
            |id| Shard::claim(id, &options.owner, Arc::clone(&store), Arc::clone(&registry));
        let shards = keys::shards().map(claim).collect::<Result<Vec<Shard>, StoreError>>()?;
        let shared = Arc::new(Shared {
            clock,
            entropy,
            registry,
            tokens: Arc::clone(&tokens),
            poll_hold: options.poll_hold,
            permits: Arc::new(AtomicUsize::new(0)),
            shards: shards.iter().map(|_| Inbox::new()).collect(),
            matcher: Inbox::new(),
            offers_lost: AtomicBool::new(false),
            registrar: Inbox::new(),
            task_readers: Inbox::new(),
            readers: Inbox::new(),
        });
        let spawn = |name: String, run: Box<dyn FnOnce(&Shared) + Send>| {
            spawn(name, Arc::clone(&shared), options.on_panic, run)
        };
        let mut writers = Vec::new();
        for (shard, id) in shards.into_iter().zip(keys::shards()) {
            let run = move |shared: &Shared| run_shard(shared, shard, id);
            writers.push(spawn(format!("shard-{}", id.0), Box::new(run))?);
        }
        let run = |shared: &Shared| run_registrar(shared, registrar);
        writers.push(spawn("registrar".to_owned(), Box::new(run))?);
        let mut others = vec![spawn("matcher".to_owned(), Box::new(run_matcher))?];
        for index in 0..READERS {
            let reader = || Reader { store: Arc::clone(&store), tokens: Arc::clone(&tokens) };
            let (one, other) = (reader(), reader());
            let run = move |shared: &Shared| run_reader(shared, &shared.task_readers, &one);
            others.push(spawn(format!("task-reader-{index}"), Box::new(run))?);
            let run = move |shared: &Shared| run_reader(shared, &shared.readers, &other);
            others.push(spawn(format!("reader-{index}"), Box::new(run))?);
        }
        Ok(Service { shared, writers: Mutex::new(writers), others: Mutex::new(others) })
    }

    /// Answers every waiting poll empty, and every later one at once. Other calls still work.
    pub fn drain(&self) {
        self.shared.matcher.put(Input::Drain);
    }

    /// Finishes what was begun, and returns when every thread has ended. Calls for them that come
    /// later are answered with an internal fault.
    pub fn close(&self) {
        self.drain();
        let inboxes = &self.shared;
        inboxes.shards.iter().for_each(Inbox::close);
        inboxes.registrar.close();
        join(&self.writers);
        // What the shards had still to say has been said to these.
        inboxes.matcher.close();
        inboxes.task_readers.close();
        inboxes.readers.close();
        join(&self.others);
    }
}

/// Starts a thread. Requests that it holds when it panics are answered with a fault; those that
/// would come later must not wait for it.
fn spawn(
    name: String,
    shared: Arc<Shared>,
    on_panic: fn(),
    run: Box<dyn FnOnce(&Shared) + Send>,
) -> Result<JoinHandle<()>, StoreError> {
    let run = move || {
        if catch_unwind(AssertUnwindSafe(|| run(&shared))).is_err() {
            tracing::error!("a thread of the service has ended because of a bug");
            on_panic();
        }
    };
    let thread = std::thread::Builder::new().name(name).spawn(run);
    thread.map_err(|error| StoreError(error.to_string()))
}

fn join(threads: &Mutex<Vec<JoinHandle<()>>>) {
    for thread in threads.lock().expect("no holder panics").drain(..) {
        thread.join().expect("a thread of the service catches its panics");
    }
}

impl Shared {
    pub fn permit(&self) -> Option<Permit> {
        Permit::take(&self.permits, REQUESTS_MAX)
    }

    pub fn to_shard(&self, shard: ShardId, ticket: Ticket, command: ShardCommand) {
        let Some(inbox) = self.shards.get(usize::from(shard.0)) else {
            tracing::error!(shard = shard.0, "a command names no shard");
            return;
        };
        if let Some((Ticket::Poll(poll), _)) = inbox.put((ticket, command)) {
            // The service closes. The task waits for the next one; the matcher drains by now.
            let PollTicket { list, id, waiter, .. } = *poll;
            self.to_matcher(Input::TaskGone(list, id, waiter));
        }
    }

    pub fn to_matcher(&self, input: Input<Poll>) {
        self.matcher.put(input);
    }

    pub fn to_registrar(&self, answer: Answer, scope: Scope, request: Request) {
        self.registrar.put((answer, scope, request));
    }

    pub fn to_reader(&self, answer: Answer, read: Read) {
        self.readers.put(Job::Answer(answer, read));
    }

    /// What a poller waits for is not to wait behind long lists.
    fn to_task_reader(&self, answer: Answer, read: Read) {
        self.task_readers.put(Job::Answer(answer, read));
    }

    fn offer(&self, list: TaskListKey, task: Task) {
        if !self.matcher.put_bounded(Input::Offer(list, task), OFFERS_MAX) {
            self.offers_lost.store(true, Ordering::Release);
        }
    }

    /// How long to wait for `moment`.
    fn until(&self, moment: Option<Timestamp>) -> Duration {
        let Some(moment) = moment else { return CLOCK_CHECK_MAX };
        let ms = moment.0.saturating_sub(self.clock.now().0);
        Duration::from_millis(u64::try_from(ms).unwrap_or(0)).min(CLOCK_CHECK_MAX)
    }
}

fn run_shard(shared: &Shared, mut shard: Shard, id: ShardId) {
    let inbox = &shared.shards[usize::from(id.0)];
    while let Some(commands) = inbox.take(COMMANDS_MAX, Some(shared.until(shard.next_wake()))) {
        let Step { replies, offers, deliveries, offers_lost } =
            shard.step(commands, shared.clock.now());
        if offers_lost {
            shared.to_matcher(Input::OffersLost);
        }
        for (list, place) in offers {
            shared.offer(list, Task { place, shard: id });
        }
        for Delivery { to, number, message } in deliveries {
            let command = ShardCommand::Receive(id, number, Box::new(message));
            shared.to_shard(to, Ticket::Message(id, number), command);
        }
        for (ticket, result) in replies {
            settle(shared, id, ticket, result);
        }
    }
}

/// Passes on what came of a command.
fn settle(shared: &Shared, shard: ShardId, ticket: Ticket, result: Result<Outcome, Refusal>) {
    match (ticket, result) {
        (Ticket::Call(answer), result) => answer.send(reply(result)),
        (Ticket::Page(answer, page), Ok(Outcome::Task(task))) => {
            shared.to_task_reader(answer, Read::DecisionTask(task, shard, page));
        }
        (Ticket::Page(answer, _), result) => answer.send(reply(result)),
        (Ticket::Poll(ticket), result) => settle_poll(shared, shard, *ticket, result),
        (Ticket::Message(from, number), result) => {
            let command = match result {
                Ok(_) => ShardCommand::Taken(shard, number),
                Err(_) => ShardCommand::NotTaken(shard),
            };
            shared.to_shard(from, Ticket::Nobody, command);
        }
        (Ticket::Nobody, _) => (),
    }
}

fn settle_poll(
    shared: &Shared,
    shard: ShardId,
    ticket: PollTicket,
    result: Result<Outcome, Refusal>,
) {
    let PollTicket { list, task, id, waiter } = ticket;
    match result {
        Ok(Outcome::Task(started)) => {
            let Poll { answer, page } = waiter.poll;
            let read = match page {
                Some(page) => Read::DecisionTask(started, shard, page),
                None => Read::ActivityTask(started, shard),
            };
            shared.to_task_reader(answer, read);
        }
        Err(Refusal::CallerGone) => shared.offer(list, task),
        Err(Refusal::Unavailable) => shared.to_matcher(Input::TaskUnsure(list, waiter)),
        Err(Refusal::Fault(_))
        | Ok(
            Outcome::Done
            | Outcome::Started(_)
            | Outcome::Heartbeat { .. }
            | Outcome::Description(_),
        ) => shared.to_matcher(Input::TaskGone(list, id, waiter)),
    }
}

fn reply(result: Result<Outcome, Refusal>) -> Result<Reply, Fault> {
    match result {
        Ok(Outcome::Done | Outcome::Task(_)) => Ok(Reply::Empty),
        Ok(Outcome::Started(run_id)) => Ok(Reply::json(&wire::Run { run_id: Some(run_id) })),
        Ok(Outcome::Heartbeat { cancel_requested }) => {
            Ok(Reply::json(&wire::ActivityTaskStatus { cancel_requested }))
        }
        Ok(Outcome::Description(detail)) => Ok(Reply::json(&detail)),
        Err(Refusal::Fault(fault)) => Err(fault),
        Err(Refusal::CallerGone | Refusal::Unavailable) => Err(Fault::Internal),
    }
}

fn run_matcher(shared: &Shared) {
    let mut matcher = Matcher::new();
    loop {
        let timeout = shared.until(matcher.next_deadline());
        let Some(inputs) = shared.matcher.take(MATCHER_INPUTS_MAX, Some(timeout)) else { return };
        let now = shared.clock.now();
        let lost = shared.offers_lost.swap(false, Ordering::AcqRel);
        let lost = lost.then_some(Input::OffersLost);
        for input in lost.into_iter().chain(inputs) {
            let outputs = matcher.step(input, now);
            carry_out(shared, outputs);
        }
        let mut expired = Vec::new();
        matcher.expire(now, &mut expired);
        carry_out(shared, expired);
    }
}

fn carry_out(shared: &Shared, outputs: Vec<Output<Poll>>) {
    for output in outputs {
        match output {
            Output::Start(list, task, id, waiter) => {
                let start = TaskStart {
                    list: list.clone(),
                    task: task.place.clone(),
                    identity: waiter.identity.clone(),
                    presence: waiter.presence.clone(),
                };
                let shard = task.shard;
                let ticket = Ticket::Poll(Box::new(PollTicket { list, task, id, waiter }));
                shared.to_shard(shard, ticket, ShardCommand::StartTask(start));
            }
            Output::Refill(list) => {
                shared.task_readers.put(Job::Refill(list));
            }
            Output::Empty(poll) => {
                let kind =
                    if poll.page.is_some() { TaskKind::Decision } else { TaskKind::Activity };
                poll.answer.send(Ok(empty_poll(kind)));
            }
            Output::Fail(poll) => poll.answer.send(Err(Fault::Internal)),
            Output::Refuse(poll) => {
                let text = "Limit on maximum concurrent poll requests per task list reached";
                poll.answer.send(Err(Fault::LimitExceeded(text.to_owned())));
            }
        }
    }
}

fn run_registrar(shared: &Shared, mut registrar: Registrar) {
    while let Some(requests) = shared.registrar.take(1, None) {
        for (answer, scope, request) in requests {
            let handled = registrar.handle(&scope, &request, shared.clock.now());
            answer.send(handled.map(|()| Reply::Empty));
        }
    }
}

fn run_reader(shared: &Shared, inbox: &Inbox<Job>, reader: &Reader) {
    while let Some(jobs) = inbox.take(1, None) {
        for job in jobs {
            match job {
                Job::Answer(answer, read) => answer.send(reader.read(read)),
                Job::Refill(list) => {
                    let input = match reader.head(&list) {
                        Ok((tasks, complete)) => Input::Refilled { list, tasks, complete },
                        Err(error) => {
                            tracing::error!(%error, "a task list could not be read");
                            Input::RefillFailed(list)
                        }
                    };
                    shared.to_matcher(input);
                }
            }
        }
    }
}
