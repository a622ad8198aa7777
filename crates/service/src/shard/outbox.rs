//! Messages from this shard to others, and from others to this one.
//!
//! What an execution tells another is a row of the sender's shard, written in the commit that
//! decided it and numbered per receiving shard, without gaps. The receiver takes messages in that
//! order and keeps the highest number it has taken, in the commit that carries the message out:
//! a message that comes again changes nothing. Only then the sender's row goes. So a message takes
//! effect exactly once, whatever crashes in between.

use super::{Outcome, Refusal, Shard, Staged};
use crate::values::LoadError;
use crate::{keys, values};
use engine::message::{Content, Message, Recipient, recalls_children};
use engine::rows::{Key, WorkflowKey};
use engine::{Execution, RunIdentity, start_child};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;
use store::{Direction, ShardId, Store, StoreError};
use wire::{Timestamp, WorkflowExecution};

/// How many messages to one shard are under way at most; more wait in their rows.
const MESSAGES_MAX: u64 = 64;

/// How long a message that was not taken waits before it is sent again, in milliseconds.
const RETRY_MS: i64 = 1000;

/// How long the rows of messages that were taken may stay, in milliseconds. They go with the next
/// commit that has other work; an idle shard does one for them.
const TIDY_MS: i64 = 1000;

/// How long tidying is put off when there is no room for it, in milliseconds.
const TIDY_PUT_OFF_MS: i64 = 60_000;

/// The messages to one shard. All numbers up to `taken` have taken effect there, those up to
/// `sent` are under way, and those below `next` are in rows.
#[derive(Clone, Copy, Debug)]
struct Lane {
    taken: u64,
    sent: u64,
    next: u64,
    retry_at: Option<Timestamp>,
}

/// A message under way.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Who takes it.
    pub to: ShardId,
    /// Its number.
    pub number: u64,
    /// What it says.
    pub message: Message,
}

/// Which messages are under way from this shard.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    lanes: BTreeMap<ShardId, Lane>,
    /// Rows of messages that have been taken, to be deleted.
    taken: Vec<(ShardId, u64)>,
    tidy_at: Option<Timestamp>,
    /// False until the rows have been looked through.
    known: bool,
}

impl Outbox {
    pub fn clear(&mut self) {
        *self = Outbox::default();
    }

    /// When something has to be sent again or tidied up.
    pub fn next_wake(&self) -> Option<Timestamp> {
        let retries = self.lanes.values().filter_map(|lane| lane.retry_at);
        retries.chain(self.tidy_at).min()
    }

    /// True if rows of messages that were taken have been there for long enough.
    pub fn is_untidy(&self, now: Timestamp) -> bool {
        self.tidy_at.is_some_and(|at| at <= now)
    }

    /// Their rows are gone.
    pub fn forget_taken(&mut self) {
        self.taken.clear();
        self.tidy_at = None;
    }

    /// Their rows cannot go now.
    pub fn put_off_tidying(&mut self, now: Timestamp) {
        let later = Timestamp(now.0.saturating_add(TIDY_PUT_OFF_MS));
        self.tidy_at = self.tidy_at.map(|at| at.max(later));
    }

    /// Finds the shards for which messages wait.
    pub fn refill(&mut self, store: &dyn Store, from: ShardId) -> Result<(), StoreError> {
        if self.known {
            return Ok(());
        }
        let all = keys::outbox_all();
        let all = all.start.as_slice()..all.end.as_slice();
        if !store.scan(from, all, Direction::Ascending, 1)?.is_empty() {
            for to in keys::shards() {
                let lane = read_lane(store, from, to)?;
                // Rows of messages that were taken may have outlived whoever was to delete them.
                let (first, last) = (keys::outbox(to, 0), keys::outbox(to, lane.taken + 1));
                let taken = first.as_slice()..last.as_slice();
                for (key, _) in store.scan(from, taken, Direction::Ascending, usize::MAX)? {
                    self.taken.extend(keys::parse_outbox(&key));
                    self.tidy_at = Some(Timestamp(i64::MIN));
                }
                if lane.taken + 1 < lane.next {
                    // Sent with the first step.
                    let retry_at = Some(Timestamp(i64::MIN));
                    self.lanes.insert(to, Lane { retry_at, ..lane });
                }
            }
        }
        self.known = true;
        Ok(())
    }

    fn load_lane(
        &mut self,
        store: &dyn Store,
        from: ShardId,
        to: ShardId,
    ) -> Result<(), StoreError> {
        if let Entry::Vacant(vacant) = self.lanes.entry(to) {
            vacant.insert(read_lane(store, from, to)?);
        }
        Ok(())
    }
}

/// Reads how far the messages from one shard to another are. Numbers go on where both the rows and
/// the receiver's highest number end: a row goes only after its number was taken.
fn read_lane(store: &dyn Store, from: ShardId, to: ShardId) -> Result<Lane, StoreError> {
    let range = keys::outbox_lane(to);
    let taken = match store.get(to, &keys::watermark(from))? {
        Some(bytes) => values::parse_json(&bytes)?,
        None => 0,
    };
    let rows =
        store.scan(from, range.start.as_slice()..range.end.as_slice(), Direction::Descending, 1)?;
    let last = rows.first().and_then(|(key, _)| keys::parse_outbox(key)).map(|(_, number)| number);
    let next = last.unwrap_or(0).max(taken) + 1;
    Ok(Lane { taken, sent: taken, next, retry_at: None })
}

/// The workflow that a message is for.
pub(crate) fn addressed(message: &Message) -> WorkflowKey {
    let to = &message.to;
    WorkflowKey {
        scope: to.scope.clone(),
        domain: to.domain.clone(),
        workflow_id: to.workflow_id.clone(),
    }
}

/// The messages of a lane whose numbers are in `numbers`, as far as they are in rows.
fn waiting(
    store: &dyn Store,
    from: ShardId,
    to: ShardId,
    numbers: std::ops::Range<u64>,
) -> Result<Vec<Delivery>, StoreError> {
    let (first, last) = (keys::outbox(to, numbers.start), keys::outbox(to, numbers.end));
    let range = first.as_slice()..last.as_slice();
    let rows = store.scan(from, range, Direction::Ascending, MESSAGES_MAX as usize)?;
    let parsed = rows.iter().map(|(key, bytes)| {
        let (_, number) = keys::parse_outbox(key)
            .ok_or_else(|| StoreError("a message's key does not decode".to_owned()))?;
        Ok(Delivery { to, number, message: values::parse_json(bytes)? })
    });
    parsed.collect()
}

impl Shard {
    /// Numbers messages and adds them to the batch.
    pub(super) fn post(
        &mut self,
        messages: Vec<Message>,
        staged: &mut Staged,
    ) -> Result<(), StoreError> {
        let shards: Vec<ShardId> = messages.iter().map(|m| keys::shard_of(&addressed(m))).collect();
        for shard in &shards {
            // All that may fail comes before anything is numbered: a gap would never be closed.
            self.outbox.load_lane(&*self.store, self.id, *shard)?;
        }
        for (message, shard) in messages.into_iter().zip(shards) {
            let lane = self.outbox.lanes.get_mut(&shard).expect("it has been loaded");
            let number = lane.next;
            lane.next += 1;
            staged.batch.put(keys::outbox(shard, number), values::json(&message));
            if lane.sent + 1 == number && number - lane.taken <= MESSAGES_MAX {
                lane.sent = number;
                staged.deliveries.push(Delivery { to: shard, number, message });
            }
        }
        Ok(())
    }

    /// A message of this shard has taken effect.
    pub(super) fn taken(&mut self, to: ShardId, number: u64, now: Timestamp) {
        let Some(lane) = self.outbox.lanes.get_mut(&to) else { return };
        lane.taken = lane.taken.max(number);
        // What was given up as not taken may have been taken from an earlier delivery.
        lane.sent = lane.sent.max(lane.taken);
        if lane.sent < lane.next - 1 && lane.retry_at.is_none() {
            lane.retry_at = Some(now); // More wait in their rows.
        }
        self.outbox.taken.push((to, number));
        self.outbox.tidy_at.get_or_insert(Timestamp(now.0.saturating_add(TIDY_MS)));
    }

    /// A message of this shard was not taken: from it on, they are sent again.
    pub(super) fn not_taken(&mut self, to: ShardId, now: Timestamp) {
        let Some(lane) = self.outbox.lanes.get_mut(&to) else { return };
        lane.sent = lane.taken;
        lane.retry_at = Some(Timestamp(now.0.saturating_add(RETRY_MS)));
    }

    /// Sends what waits in rows. A lane whose rows cannot be read holds up no other.
    pub(super) fn send_waiting(&mut self, staged: &mut Staged, now: Timestamp) {
        let (store, id) = (&*self.store, self.id);
        for (to, lane) in &mut self.outbox.lanes {
            if lane.retry_at.is_none_or(|at| at > now) {
                continue;
            }
            let last = (lane.next - 1).min(lane.taken + MESSAGES_MAX);
            match waiting(store, id, *to, lane.sent + 1..last + 1) {
                Ok(deliveries) => {
                    lane.sent = deliveries.last().map_or(lane.sent, |delivery| delivery.number);
                    staged.deliveries.extend(deliveries);
                }
                Err(error) => {
                    tracing::error!(from = id.0, to = to.0, %error, "messages could not be read");
                }
            }
            // Those of the present batch are not in the rows yet; they follow, as does what could
            // not be read.
            let retry_at = Timestamp(now.0.saturating_add(RETRY_MS));
            lane.retry_at = (lane.sent < last).then_some(retry_at);
        }
    }

    /// Deletes the rows of messages that have been taken, if there is other work to commit.
    pub(super) fn delete_taken(&mut self, staged: &mut Staged) {
        if !staged.batch.is_empty() {
            self.stage_deletion_of_taken(staged);
            self.outbox.forget_taken();
        }
    }

    pub(super) fn stage_deletion_of_taken(&self, staged: &mut Staged) {
        for (to, number) in &self.outbox.taken {
            staged.batch.delete(keys::outbox(*to, *number));
        }
    }

    /// Takes a message from another shard, or from this one.
    pub(super) fn receive(
        &mut self,
        from: ShardId,
        number: u64,
        message: Message,
        staged: &mut Staged,
        now: Timestamp,
    ) -> Result<Outcome, Refusal> {
        let key = keys::watermark(from);
        let taken: u64 = match self.get(&key, staged)? {
            Some(bytes) => values::parse_json(&bytes)?,
            None => 0,
        };
        if number <= taken {
            return Ok(Outcome::Done); // It came again.
        }
        if number > taken + 1 {
            return Err(Refusal::Unavailable); // One before it was lost on the way.
        }
        self.carry_out(message, staged, now)?;
        staged.batch.put(key, values::json(&number));
        Ok(Outcome::Done)
    }

    fn carry_out(
        &mut self,
        message: Message,
        staged: &mut Staged,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let to = &message.to;
        let open = self.get(&keys::row(&Key::OpenRun(addressed(&message))), staged)?;
        if let Content::StartChild { run_id, started, .. } = &message.content {
            if open.is_some() {
                // Also for the second of two in one batch (engine.md, section 13, row 29).
                return self.refuse(message, staged);
            }
            let identity = RunIdentity {
                scope: to.scope.clone(),
                domain: to.domain.clone(),
                workflow_id: to.workflow_id.clone(),
                run_id: run_id.clone(),
            };
            // Parent terminated or timed out while the child was announced and not started: with
            // the policy TERMINATE nothing starts (engine.md, section 13, row 9).
            if let Some(parent) = &started.parent_workflow_execution
                && self.is_recalled(parent, to, staged)?
            {
                return Ok(());
            }
            // It was promised its place when it was announced.
            let open_executions = self.open.total(&identity.scope, &identity.domain);
            let decided = self.decide(run_id, open_executions, |around| {
                Ok(start_child(identity, (**started).clone(), around, now))
            });
            return match decided {
                Ok(transition) => Ok(self.stage(None, transition, staged)?),
                Err(refusal) => self.refuse_if_damaged(refusal, message, staged),
            };
        }
        let receiver = match open {
            Some(bytes) => self.receiver(&bytes, to),
            None => Ok(None),
        };
        let receiver = match receiver {
            Ok(receiver) => receiver,
            Err(error) => return self.refuse_if_damaged(error.into(), message, staged),
        };
        let Some(execution) = receiver.filter(|execution| execution.is_open()) else {
            return self.refuse(message, staged);
        };
        let RunIdentity { scope, domain, run_id, .. } = &*execution.identity;
        let open_executions = self.open.total(scope, domain);
        let content = message.content.clone();
        let decided = self
            .decide(run_id, open_executions, |around| Ok(execution.receive(content, around, now)));
        match decided {
            Ok(transition) => Ok(self.stage(Some(&execution), transition, staged)?),
            Err(refusal) => self.refuse_if_damaged(refusal, message, staged),
        }
    }

    /// Tells the sender that nobody takes the message.
    fn refuse(&mut self, message: Message, staged: &mut Staged) -> Result<(), Refusal> {
        Ok(self.post(message.refused().into_iter().collect(), staged)?)
    }

    /// What becomes of a message that was not carried out. The run that it is for stays as it is
    /// when that is damaged, or brings a bug out. But were the message held back until it is mended,
    /// everything behind it would be held back, too; so it is refused, as for a run that is not
    /// there.
    fn refuse_if_damaged(
        &mut self,
        refusal: Refusal,
        message: Message,
        staged: &mut Staged,
    ) -> Result<(), Refusal> {
        match refusal {
            Refusal::Damaged => {
                tracing::error!(
                    shard = self.id.0, workflow_id = %message.to.workflow_id,
                    "a message is refused, because the run that it is for is damaged"
                );
                self.refuse(message, staged)
            }
            Refusal::Unavailable
            | Refusal::Fault(_)
            | Refusal::CallerGone
            | Refusal::NotAllowed(_) => Err(refusal),
        }
    }

    /// Whether a child is not to start any more, because its parent's end says so. The parent may
    /// be in another shard: what is read there is durable, and what is being written there is not
    /// seen; a child that starts in spite of it is ended by the policy that follows.
    fn is_recalled(
        &self,
        parent: &WorkflowExecution,
        to: &Recipient,
        staged: &Staged,
    ) -> Result<bool, StoreError> {
        let workflow = WorkflowKey {
            scope: to.scope.clone(),
            domain: to.domain.clone(),
            workflow_id: parent.workflow_id.clone(),
        };
        let shard = keys::shard_of(&workflow);
        let key = keys::row(&Key::OpenRun(workflow));
        let open =
            if shard == self.id { self.get(&key, staged)? } else { self.store.get(shard, &key)? };
        let open = open.map(|bytes| values::parse_open_run(&bytes));
        if open.is_some_and(|open| open.is_ok_and(|run_id| run_id == parent.run_id)) {
            return Ok(false); // So it is nearly always.
        }
        let range = keys::history_all(&parent.run_id);
        let range = range.start.as_slice()..range.end.as_slice();
        let newest = (shard == self.id)
            .then(|| staged.batch.range(range.clone()).filter_map(|(_, value)| value).last())
            .flatten()
            .map(<[u8]>::to_vec);
        let last = match newest {
            Some(staged) => Some(staged),
            None => self
                .store
                .scan(shard, range, Direction::Descending, 1)?
                .pop()
                .map(|(_, bytes)| bytes),
        };
        // Of a parent that has expired nothing is known, and of one that is damaged neither.
        let Some(bytes) = last else { return Ok(false) };
        let end = values::event_jsons(&bytes)
            .and_then(|jsons| jsons.last().map(|json| values::parse_event(json)).transpose());
        match end {
            Ok(end) => Ok(end.is_some_and(|end| recalls_children(&end.attributes))),
            Err(damage) => {
                let run_id = &parent.run_id;
                tracing::error!(%run_id, %damage, "a child is started whose parent is damaged");
                Ok(false)
            }
        }
    }

    /// The run that is open, if the message is for it.
    fn receiver(
        &mut self,
        open: &[u8],
        to: &Recipient,
    ) -> Result<Option<Arc<Execution>>, LoadError> {
        let open = values::parse_open_run(open)?;
        if to.run_id.as_ref().is_some_and(|run_id| *run_id != open) {
            return Ok(None);
        }
        self.load(&open)
    }
}
