//! A shard: the one writer of the executions that hash to it.
//!
//! A step takes all the commands that wait, applies each to the state so far, and commits them as
//! one batch; only then are there replies. When a commit is not acknowledged, memory is thrown
//! away, and everything is read again from the store.
//!
//! The shard knows nothing of threads, sockets or the wall clock: what drives it passes them in.

use crate::cache::ExecutionCache;
use crate::feed::Lost;
use crate::judge::{Asker, Judge};
use crate::open_executions::OpenExecutions;
use crate::throttle::Throttle;
use crate::wakes::Wakes;
use crate::watched::Watched;
use engine::rows::{LambdaTask, Task, TaskKind, TaskListKey, WorkflowKey};
use engine::{Command, Execution, Limits, Registry, RunIdentity, Surroundings, Transition};
use import::Imports;
use outbox::Outbox;
use rates::holds;
use retention::NextRemoval;
use staged::Staged;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, RwLock};
use store::{Batch, CommitError, Epoch, ShardId, Store, StoreError};
use wire::*;

mod command;
mod commons;
mod due;
mod import;
mod lambda;
mod load;
mod outbox;
mod rates;
mod retention;
mod rights;
mod staged;
mod start;
mod told;

pub use command::{Outcome, Refusal, ShardCommand, StartedIds, StartedTask, Target, TaskStart};
pub use commons::Commons;
#[cfg(test)]
pub(crate) use import::{ACCOUNT_IMPORTS_MAX, IMPORT_IDLE_MS, IMPORTS_MAX};
pub use import::{Import, Last, Piece};
pub(crate) use load::unknown_run;
pub use outbox::Delivery;
pub(crate) use outbox::addressed;
pub use told::Told;

/// How many commands one batch holds at most.
pub const COMMANDS_MAX: usize = 256;

/// A snapshot is written whenever a history has grown by this many events.
pub const SNAPSHOT_EVENTS: u64 = 256;

/// How long a shard whose store failed waits before it tries again by itself, in milliseconds.
const STORE_RETRY_MS: i64 = 200;

/// What a step leads to. Everything in it is durable.
#[derive(Debug)]
pub struct Step<T> {
    /// An answer to each command, in order.
    pub replies: Vec<(T, Result<Outcome, Refusal>)>,
    /// Tasks that may be handed out.
    pub offers: Vec<(TaskListKey, Task)>,
    /// Lambda tasks that may be started.
    pub lambdas: Vec<LambdaTask>,
    /// Messages to be delivered.
    pub deliveries: Vec<Delivery>,
    /// True if tasks may wait in the rows that were never offered: those of a commit that was not
    /// acknowledged and took effect all the same.
    pub offers_lost: bool,
    /// What was done, for those who watch.
    pub told: Told,
}

impl<T> Step<T> {
    fn unavailable(tickets: impl Iterator<Item = T>) -> Step<T> {
        let replies = tickets.map(|ticket| (ticket, Err(Refusal::Unavailable))).collect();
        let (offers, lambdas, deliveries) = (Vec::new(), Vec::new(), Vec::new());
        let (offers_lost, told) = (false, Told::default());
        Step { replies, offers, lambdas, deliveries, offers_lost, told }
    }
}

/// The state of a shard's one owner.
pub struct Shard {
    id: ShardId,
    owner: String,
    store: Arc<dyn Store>,
    registry: Arc<RwLock<Registry>>,
    limits: Arc<Limits>,
    throttle: Arc<Throttle>,
    judge: Arc<Judge>,
    watched: Arc<Watched>,
    calls_functions: bool,
    /// `None` after a commit of unknown outcome, until the shard is claimed again.
    epoch: Option<Epoch>,
    /// The last claim.
    claimed: Epoch,
    /// Set where others may have claimed the shard between two claims of ours, until that is told.
    others_wrote: bool,
    /// What a commit of unknown outcome would have told.
    doubted: Option<Told>,
    cache: ExecutionCache,
    wakes: Wakes,
    outbox: Outbox,
    open: OpenExecutions,
    imports: Imports,
    next_removal: NextRemoval,
    /// Set by a commit that failed, until a step succeeds.
    offers_lost: bool,
    /// Set when the store fails, until a step succeeds.
    retry_at: Option<Timestamp>,
}

impl Shard {
    /// Claims the shard.
    pub fn claim(
        id: ShardId,
        owner: &str,
        store: Arc<dyn Store>,
        commons: Commons,
    ) -> Result<Shard, StoreError> {
        let Commons {
            registry,
            limits,
            open_executions,
            throttle,
            judge,
            watched,
            calls_functions,
        } = commons;
        let claimed = store.claim(id, owner)?;
        let mut open = OpenExecutions::new(open_executions);
        open.refill(&*store, id)?;
        Ok(Shard {
            id,
            owner: owner.to_owned(),
            store,
            registry,
            limits,
            throttle,
            judge,
            watched,
            calls_functions,
            epoch: Some(claimed),
            claimed,
            others_wrote: false,
            doubted: None,
            cache: ExecutionCache::new(),
            wakes: Wakes::new(),
            outbox: Outbox::default(),
            open,
            imports: Imports::default(),
            next_removal: NextRemoval::Unknown,
            offers_lost: false,
            retry_at: None,
        })
    }

    /// The claim that it holds, if it holds one.
    pub fn epoch(&self) -> Option<Epoch> {
        self.epoch
    }

    /// When the shard wants its next step, if no command comes before.
    pub fn next_wake(&self) -> Option<Timestamp> {
        let others = [self.outbox.next_wake(), self.next_removal.wake()];
        self.retry_at.or_else(|| others.into_iter().chain([self.wakes.next()]).flatten().min())
    }

    /// Handles what has fallen due and then `commands`, in one commit.
    pub fn step<T>(&mut self, commands: Vec<(T, ShardCommand)>, now: Timestamp) -> Step<T> {
        let mut told = Told::new(&self.watched);
        let mut staged = Staged { told: told.part(), ..Staged::default() };
        let mut replies = Vec::with_capacity(commands.len());
        let epoch = match self.ready() {
            Ok(epoch) => epoch,
            Err(error) => {
                tracing::error!(shard = self.id.0, %error, "the shard is not available");
                self.rest(now);
                return Step::unavailable(commands.into_iter().map(|(ticket, _)| ticket));
            }
        };
        // A deadline that has passed goes before a command that comes after it, however many
        // there are: an outage may leave more than one batch holds.
        let mut commands = commands.into_iter();
        let mut offers_committed = 0;
        told.lost_before = self.missed_meanwhile();
        let mut stuck = false;
        // While the store has failed a moment ago, only callers have it tried again: what is due
        // by itself would fail their step, too.
        let rests = self.retry_at.is_some_and(|at| now < at);
        if !rests && let Err(error) = self.tidy_up(epoch, now) {
            self.recover(&error);
            self.rest(now);
            return Step { told, ..Step::unavailable(commands.map(|(ticket, _)| ticket)) };
        }
        loop {
            let mut more_due = !rests && self.fire_due(&mut staged, now);
            if more_due && staged.batch.is_empty() && self.wakes.is_unknown() {
                // Not one of them could be woken: going on would read the same rows again.
                (more_due, stuck) = (false, true);
            }
            if !more_due {
                for (ticket, command) in commands.by_ref() {
                    let reply = self.handle(command, &mut staged, now);
                    replies.push((ticket, reply));
                }
            }
            self.send_waiting(&mut staged, now);
            self.delete_taken(&mut staged);
            if !staged.batch.is_empty() {
                self.open.stage(&mut staged.batch);
            }
            if let Err(error) = self.commit(epoch, std::mem::take(&mut staged.batch)) {
                self.recover(&error);
                self.rest(now);
                self.offers_lost |= offers_committed > 0;
                // Whatever was decided, refusals included, rested on state that is gone.
                let tickets = replies.into_iter().map(|(ticket, _)| ticket);
                let unavailable =
                    Step::unavailable(tickets.chain(commands.map(|(ticket, _)| ticket)));
                self.doubt(&error, staged.told, &mut told);
                told.end(&self.watched);
                return Step { told, ..unavailable };
            }
            told.append(&mut staged.told);
            offers_committed = staged.offers.len() + staged.lambdas.len();
            if !more_due {
                break;
            }
        }
        if !rests {
            self.retry_at = None;
        }
        if stuck {
            self.rest(now);
        }
        // By now the shard has been claimed again, so what took effect is in the rows.
        let offers_lost = std::mem::take(&mut self.offers_lost);
        told.end(&self.watched);
        let Staged { offers, lambdas, deliveries, batch: _, told: _ } = staged;
        Step { replies, offers, lambdas, deliveries, offers_lost, told }
    }

    /// Holds a claim and knows the next wake-ups.
    fn ready(&mut self) -> Result<Epoch, StoreError> {
        let epoch = match self.epoch {
            Some(epoch) => epoch,
            None => {
                let epoch = self.store.claim(self.id, &self.owner)?;
                // Claims are numbered without gaps. Of our own that was not acknowledged, it is not known
                // whether it was one.
                self.others_wrote |= epoch.0 != self.claimed.0 + 1;
                self.claimed = epoch;
                *self.epoch.insert(epoch)
            }
        };
        self.wakes.refill(&*self.store, self.id)?;
        self.outbox.refill(&*self.store, self.id)?;
        self.open.refill(&*self.store, self.id)?;
        self.imports.refill(&*self.store, self.id)?;
        Ok(epoch)
    }

    fn commit(&mut self, epoch: Epoch, batch: Batch) -> Result<(), CommitError> {
        if !batch.is_empty() {
            self.store.commit(self.id, epoch, batch)?;
            self.open.committed();
        }
        self.cache.trim();
        // What was fired may have emptied memory while more is due in the rows.
        self.wakes.refill(&*self.store, self.id).map_err(CommitError::Unknown)
    }

    /// Throws away what may differ from the store.
    fn recover(&mut self, error: &CommitError) {
        match error {
            // Nothing was written, and the claim still holds. The store says once that it is full.
            CommitError::Full(_) => (),
            CommitError::Fenced | CommitError::Unknown(_) => {
                tracing::error!(shard = self.id.0, %error, "a commit was not acknowledged");
                self.epoch = None;
                self.offers_lost = true;
            }
        }
        self.cache.clear();
        self.wakes.clear();
        self.outbox.clear();
        self.open.forget();
        self.imports.forget();
        self.next_removal = NextRemoval::Unknown;
    }

    /// A commit that failed may have taken effect all the same, or take effect yet, before the shard
    /// is claimed again.
    fn doubt(&mut self, error: &CommitError, decided: Told, told: &mut Told) {
        match error {
            CommitError::Full(_) => (),
            // Somebody else writes, and is not heard here.
            CommitError::Fenced => told.lost.join(Lost::Everything),
            CommitError::Unknown(_) => self.doubted = Some(told.doubt(decided)),
        }
    }

    /// Of what there may be events since the last step that was durable; the shard has been claimed
    /// again since, if it had to be.
    fn missed_meanwhile(&mut self) -> Lost {
        let doubted = self.doubted.take().map(|doubted| doubted.missing(&self.watched));
        match std::mem::take(&mut self.others_wrote) {
            true => Lost::Everything,
            false => doubted.unwrap_or_default(),
        }
    }

    /// Waits a little unless commands come, so that a store that fails for long is not asked in a
    /// tight loop.
    fn rest(&mut self, now: Timestamp) {
        // Callers who have it tried again meanwhile do not put off what is due by itself.
        if self.retry_at.is_none_or(|at| at <= now) {
            self.retry_at = Some(Timestamp(now.0.saturating_add(STORE_RETRY_MS)));
        }
    }

    fn handle(
        &mut self,
        command: ShardCommand,
        staged: &mut Staged,
        now: Timestamp,
    ) -> Result<Outcome, Refusal> {
        match command {
            ShardCommand::Start(identity, input) => self.start(identity, &input, staged, now),
            ShardCommand::Import(piece) => self.import(*piece, staged, now),
            ShardCommand::Apply(target, command) => {
                self.command(None, &target, command, staged, now)
            }
            ShardCommand::ApplyFor(asker, target, command) => {
                self.command(Some(&asker), &target, command, staged, now)
            }
            ShardCommand::Receive(from, number, message) => {
                self.receive(from, number, *message, staged, now)
            }
            ShardCommand::Taken(to, number) => {
                self.taken(to, number, now);
                Ok(Outcome::Done)
            }
            ShardCommand::NotTaken(to) => {
                self.not_taken(to, now);
                Ok(Outcome::Done)
            }
            ShardCommand::StartTask(start) => self.start_task(start, staged, now),
            ShardCommand::StartLambda(task) => self.start_lambda(&task, staged, now),
            ShardCommand::ResumeDecisionTask(target, ids) => {
                self.resume_decision_task(&target, ids, staged)
            }
            ShardCommand::Describe(target) => {
                Ok(Outcome::Description(Box::new(self.find(&target, staged)?.detail())))
            }
        }
    }

    fn command(
        &mut self,
        asker: Option<&Asker>,
        target: &Target,
        mut command: Command,
        staged: &mut Staged,
        now: Timestamp,
    ) -> Result<Outcome, Refusal> {
        let found = self.find(target, staged);
        if let Some(asker) = asker {
            self.judge_command(asker, target, &found, &mut command, now)?;
        }
        let execution = found?;
        if let Command::CompleteDecisionTask(answer) = &mut command {
            self.count_decisions(&execution, answer, now);
        }
        let transition = self.apply(&execution, &command, now)?;
        if transition.exceeds_event_limit() {
            // What was asked for found no room: the execution has ended in its stead.
            let RunIdentity { workflow_id, run_id, .. } = &*execution.identity;
            self.stage(Some(&execution), transition, staged)?;
            return Err(Fault::unknown_run(workflow_id, run_id).into());
        }
        self.stage(Some(&execution), transition, staged)?;
        if let Command::RecordHeartbeat { scheduled_event_id, .. } = command {
            let activity = &execution.activities[&scheduled_event_id];
            let cancel_requested = activity.latest_cancel_requested.is_some();
            return Ok(Outcome::Heartbeat { cancel_requested });
        }
        Ok(Outcome::Done)
    }

    fn resume_decision_task(
        &mut self,
        target: &Target,
        ids: StartedIds,
        staged: &Staged,
    ) -> Result<Outcome, Refusal> {
        let execution = self.find(target, staged)?;
        if !execution.is_open() {
            let RunIdentity { workflow_id, run_id, .. } = &*execution.identity;
            return Err(Fault::unknown_run(workflow_id, run_id).into());
        }
        if !holds(&execution, ids) {
            return Err(Fault::unknown_decision_task(ids.scheduled).into());
        }
        Ok(Outcome::Task(StartedTask::of(&execution, ids)))
    }

    fn start_task(
        &mut self,
        start: TaskStart,
        staged: &mut Staged,
        now: Timestamp,
    ) -> Result<Outcome, Refusal> {
        // As late as can be: once it is started, a task given to nobody is lost to its timeout.
        if start.presence.is_gone() {
            return Err(Refusal::CallerGone);
        }
        if let Some(asker) = &start.asker {
            self.judge.poll(asker, &start.list, now).map_err(Refusal::NotAllowed)?;
        }
        let scheduled_event_id = start.task.scheduled_event_id;
        let TaskListKey { scope, domain, .. } = start.list.clone();
        let target = Target::Run(scope, domain, start.task.run_id);
        let execution = self.find(&target, staged)?;
        let identity = start.identity;
        let (command, unknown) = match start.list.kind {
            TaskKind::Decision => (
                Command::StartDecisionTask { scheduled_event_id, identity },
                Fault::unknown_decision_task(scheduled_event_id),
            ),
            TaskKind::Activity => (
                Command::StartActivityTask { scheduled_event_id, identity },
                Fault::unknown_activity(scheduled_event_id),
            ),
        };
        let transition = self.apply(&execution, &command, now)?;
        if transition.exceeds_event_limit() {
            // The execution ends in its stead, and the task with it.
            self.stage(Some(&execution), transition, staged)?;
            return Err(unknown.into());
        }
        let ids = StartedIds {
            scheduled: scheduled_event_id,
            started: transition.events.first().expect("a start is an event").event_id,
        };
        let task = StartedTask::of(&transition.after, ids);
        self.stage(Some(&execution), transition, staged)?;
        staged.told.tally.handed_out(start.list);
        Ok(Outcome::Task(task))
    }

    fn apply(
        &mut self,
        execution: &Execution,
        command: &Command,
        now: Timestamp,
    ) -> Result<Transition, Refusal> {
        let RunIdentity { scope, domain, run_id, .. } = &*execution.identity;
        let open_executions = self.open.total(scope, domain);
        self.decide(run_id, open_executions, |around| execution.apply(command, around, now))
    }

    /// Lets the engine decide about a run. A bug in there costs one request and leaves the run as
    /// it was.
    fn decide(
        &self,
        run_id: &RunId,
        open_executions: u64,
        decide: impl FnOnce(Surroundings<'_>) -> Result<Transition, Fault>,
    ) -> Result<Transition, Refusal> {
        let registry = self.registry.read().expect("no writer panics");
        let around = Surroundings {
            registry: &registry,
            limits: &self.limits,
            open_executions,
            calls_functions: self.calls_functions,
        };
        match catch_unwind(AssertUnwindSafe(|| decide(around))) {
            Ok(decided) => Ok(decided?),
            Err(_panic) => {
                tracing::error!(%run_id, "a command could not be applied because of a bug");
                Err(Refusal::Damaged)
            }
        }
    }
}

fn workflow_of(identity: &RunIdentity) -> WorkflowKey {
    WorkflowKey {
        scope: identity.scope.clone(),
        domain: identity.domain.clone(),
        workflow_id: identity.workflow_id.clone(),
    }
}

#[cfg(test)]
mod tests;
