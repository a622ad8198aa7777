//! Executions from another service's histories, piece by piece.
//!
//! A history is longer than a request may be. Each piece is folded onto those before it and kept
//! with what they come to; nobody finds the run before the last one, which makes it visible in one
//! commit, by the rows that every run has. An import that nobody goes on with is dropped after a
//! while: its events then go as those of a run that has expired.

use super::staged::Staged;
use super::{Outcome, Refusal, SNAPSHOT_EVENTS, Shard, workflow_of};
use crate::values::{Damage, LoadError};
use crate::{keys, values};
use engine::import::{Replay, Takeover};
use engine::rows::{self, Change, Key};
use engine::{RunIdentity, Transition};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use store::{Direction, ShardId, Store, StoreError};
use wire::*;

/// How many imports of more than one piece may be under way in a shard.
pub const IMPORTS_MAX: usize = 64;

/// How many of them may be an account's: none keeps all others from importing.
pub const ACCOUNT_IMPORTS_MAX: usize = 16;

/// How long an import waits for its next piece, in milliseconds.
pub const IMPORT_IDLE_MS: i64 = 60 * 60 * 1000;

/// How far an event may be ahead of the clock, in milliseconds: no further than clients' clocks.
/// Nothing would happen to an execution from the future before its time has come.
const AHEAD_MS_MAX: i64 = 15 * 60 * 1000;

/// No event is older. There was no such service long after that.
const EARLIEST: Timestamp = Timestamp(0);

/// A row of an imported history has no more events than this, nor goes on behind so many bytes: it
/// is read as a whole, like those that are written here.
const ROW_EVENTS_MAX: usize = 64;
const ROW_BYTES_MAX: usize = 64 * 1024;

/// How many rows of a history are read at a time.
const ROWS_PER_SCAN: usize = 32;

/// A piece of an import.
#[derive(Debug)]
pub struct Piece {
    /// Which run it is of.
    pub identity: RunIdentity,
    /// Its events, in order.
    pub events: Vec<Event>,
    /// Set if there are no more.
    pub last: Option<Last>,
}

/// What is to be done with the last piece.
#[derive(Debug)]
pub struct Last {
    /// Started activities and Lambda tasks time out at once.
    pub times_out_started: bool,
    /// The announcements of what is sent once more.
    pub resend: Vec<EventId>,
    /// Fresh ids, as many.
    pub run_ids: Vec<RunId>,
}

/// An import under way, as it is stored.
#[derive(Debug, Serialize, Deserialize)]
pub struct Import {
    /// What the pieces so far come to.
    pub replay: Replay,
    /// When the last of them came.
    pub touched_at: Timestamp,
}

/// The imports under way, and when each was last gone on with.
#[derive(Debug, Default)]
pub(super) struct Imports {
    under_way: BTreeMap<RunId, UnderWay>,
    /// False until the rows have been read.
    known: bool,
}

/// An import under way.
#[derive(Debug)]
struct UnderWay {
    /// When it was last gone on with.
    touched_at: Timestamp,
    /// Whose it is, unless it does not decode.
    account: Option<Arc<str>>,
}

impl Imports {
    /// What is in memory may differ from the rows.
    pub fn forget(&mut self) {
        *self = Imports::default();
    }

    /// Reads the rows.
    pub fn refill(&mut self, store: &dyn Store, shard: ShardId) -> Result<(), StoreError> {
        if self.known {
            return Ok(());
        }
        let mut range = keys::Table::Import.keys();
        loop {
            let scanned = range.start.as_slice()..range.end.as_slice();
            // One row at a time: a state may be large, and nearly always there is none.
            let Some((key, bytes)) =
                store.scan(shard, scanned, Direction::Ascending, 1)?.into_iter().next()
            else {
                break;
            };
            if let Some(run_id) = keys::Table::Import.run_of(&key) {
                // What does not decode cannot be gone on with.
                let under_way = Import::parse(&bytes).map_or(
                    UnderWay { touched_at: Timestamp(i64::MIN), account: None },
                    |import| UnderWay::new(&import.replay, import.touched_at),
                );
                self.under_way.insert(run_id, under_way);
            }
            range.start = [key.as_slice(), &[0]].concat();
        }
        self.known = true;
        Ok(())
    }

    /// Those with which nobody goes on, and when the next one is to be looked at.
    fn abandoned(&self, now: Timestamp) -> (Vec<RunId>, Option<Timestamp>) {
        let expiry =
            |import: &UnderWay| Timestamp(import.touched_at.0.saturating_add(IMPORT_IDLE_MS));
        let (gone, left): (Vec<_>, Vec<_>) =
            self.under_way.iter().partition(|(_, import)| expiry(import) <= now);
        let next = left.iter().map(|(_, import)| expiry(import)).min();
        (gone.into_iter().map(|(run_id, _)| run_id.clone()).collect(), next)
    }

    /// Why no more can be begun, if there is no room.
    fn full(&self, account: &str) -> Option<Fault> {
        let own = self.under_way.values().filter(|one| one.account.as_deref() == Some(account));
        let text = if own.count() >= ACCOUNT_IMPORTS_MAX {
            format!(
                "Limit of {ACCOUNT_IMPORTS_MAX} imports of an account that are under way reached"
            )
        } else if self.under_way.len() >= IMPORTS_MAX {
            format!("Limit of {IMPORTS_MAX} imports of all accounts that are under way reached")
        } else {
            return None;
        };
        Some(Fault::LimitExceeded(text))
    }
}

impl UnderWay {
    fn new(replay: &Replay, touched_at: Timestamp) -> UnderWay {
        UnderWay { touched_at, account: Some(Arc::clone(&replay.identity().scope.account)) }
    }
}

impl Shard {
    /// Takes a piece of an import.
    pub(super) fn import(
        &mut self,
        piece: Piece,
        staged: &mut Staged,
        now: Timestamp,
    ) -> Result<Outcome, Refusal> {
        let run_id = piece.identity.run_id.clone();
        let Some(first) = piece.events.first() else {
            return Err(invalid("A piece of a history has an event"));
        };
        let (run, import) = (keys::row(&Key::Run(run_id.clone())), keys::import(&run_id));
        // What this batch writes of a history cannot be compared yet; nor can events take the place of
        // others that are still to be deleted.
        let is_busy = staged.batch.get(&run).is_some() || staged.batch.get(&import).is_some();
        if is_busy || self.get(&keys::left_over(&run_id), staged)?.is_some() {
            return Err(Refusal::Unavailable);
        }
        if let Some(bytes) = self.get(&run, staged)? {
            return self.imported_before(&values::parse_identity(&bytes)?, &piece);
        }
        let begun = self.get(&import, staged)?;
        let mut replay = match &begun {
            Some(bytes) => Import::parse(bytes)?.replay,
            None => Replay::new(piece.identity.clone()),
        };
        if **replay.identity() != piece.identity {
            return Err(taken(&run_id));
        }
        if begun.is_none()
            && piece.last.is_none()
            && let Some(full) = self.imports.full(&piece.identity.scope.account)
        {
            return Err(full.into());
        }
        let next = replay.next_event_id();
        if begun.is_none() && first.event_id != next {
            return Err(invalid(format!(
                "No import of run {run_id} is under way: begin with event 1"
            )));
        }
        if begun.is_none() && self.is_elsewhere(&piece.identity)? {
            return Err(taken(&run_id));
        }
        let known = piece.events.iter().take_while(|event| event.event_id < next).count();
        let (known, fresh) = piece.events.split_at(known);
        if let Some(event_id) = self.first_difference(&run_id, known)? {
            self.drop_import(&run_id, staged, now);
            return Err(invalid(format!(
                "The import of run {run_id} that was under way has another event {event_id}: it has \
                 been dropped"
            )));
        }
        if let Err(refusal) = self.add(&mut replay, fresh, now) {
            if begun.is_some() {
                self.drop_import(&run_id, staged, now);
            }
            return Err(refusal);
        }
        let last_event_id = EventId(replay.next_event_id().0 - 1);
        let Some(last) = &piece.last else {
            stage_events(&run_id, fresh, staged);
            self.imports.under_way.insert(run_id, UnderWay::new(&replay, now));
            staged.batch.put(import, values::json(&Import { replay, touched_at: now }));
            let expiry = Timestamp(now.0.saturating_add(IMPORT_IDLE_MS));
            self.next_removal = self.next_removal.no_later_than(expiry);
            let status = ImportStatus::InProgress;
            return Ok(Outcome::Import(ImportProgress { status, last_event_id }));
        };
        let decided = self.take_over(&replay, last, &piece.events, staged, now);
        let transition = match decided {
            Ok(transition) => transition,
            Err(refusal) => {
                if let (Refusal::Fault(_), true) = (&refusal, begun.is_some()) {
                    self.drop_import(&run_id, staged, now);
                }
                return Err(refusal);
            }
        };
        let last_event_id = transition.after.last_event_id;
        self.stage_imported(transition, fresh, staged)?;
        if begun.is_some() {
            staged.batch.delete(import);
            self.imports.under_way.remove(&run_id);
        }
        let status = ImportStatus::Imported;
        Ok(Outcome::Import(ImportProgress { status, last_event_id }))
    }

    /// Whether the account has the run in another shard of the region, where it belongs if its domain or
    /// workflow id is another one. Rows would not get in each other's way there as they do within a
    /// shard; but whether a run can be imported is not to hang on which shards two names happen to be
    /// in. Two that come at the same moment are both taken, which is harmless for that reason. What
    /// other accounts have is not told.
    fn is_elsewhere(&self, identity: &RunIdentity) -> Result<bool, Refusal> {
        let run = keys::row(&Key::Run(identity.run_id.clone()));
        for shard in keys::shards().filter(|shard| *shard != self.id) {
            if let Some(row) = self.store.get(shard, &run)?
                && values::parse_identity(&row)?.scope == identity.scope
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Answers for a run that is here: as done, if it is that of the piece.
    fn imported_before(&mut self, here: &RunIdentity, piece: &Piece) -> Result<Outcome, Refusal> {
        let run_id = &here.run_id;
        if *here != piece.identity {
            return Err(taken(run_id));
        }
        if let Some(event_id) = self.first_difference(run_id, &piece.events)? {
            return Err(invalid(format!(
                "Run {run_id} is here, and has another event {event_id}: it has gone on here or there"
            )));
        }
        let last = self.load(run_id)?.map_or(EventId::NONE, |state| state.last_event_id);
        let status = ImportStatus::AlreadyImported;
        Ok(Outcome::Import(ImportProgress { status, last_event_id: last }))
    }

    /// Folds events that can follow.
    fn add(&self, replay: &mut Replay, events: &[Event], now: Timestamp) -> Result<(), Refusal> {
        let most = self.limits.history_events_max;
        let latest = Timestamp(now.0.saturating_add(AHEAD_MS_MAX));
        for event in events {
            let event_id = event.event_id;
            if event_id.0 > most {
                let text = format!("A history has {most} events at most");
                return Err(Fault::LimitExceeded(text).into());
            }
            if event.event_timestamp > latest {
                return Err(invalid(format!("event {event_id}: it is of the future")));
            }
            // Nor does memory keep moments to the millisecond, as the history does, that are far off.
            if event.event_timestamp < EARLIEST {
                return Err(invalid(format!("event {event_id}: it is from before 1970")));
            }
            // The engine has looked whether it folds; a bug there costs this import.
            match catch_unwind(AssertUnwindSafe(|| replay.add(event))) {
                Ok(added) => added.map_err(|misfit| invalid(misfit.to_string()))?,
                Err(_panic) => {
                    let run_id = &replay.identity().run_id;
                    tracing::error!(%run_id, %event_id, "an event does not fold because of a bug");
                    return Err(Refusal::Damaged);
                }
            }
        }
        Ok(())
    }

    /// Decides how the run goes on, if it can be here at all. Its place among the open executions is
    /// taken, if it needs one.
    fn take_over(
        &mut self,
        replay: &Replay,
        last: &Last,
        piece: &[Event],
        staged: &Staged,
        now: Timestamp,
    ) -> Result<Transition, Refusal> {
        let identity = replay.identity();
        let RunIdentity { scope, domain, run_id, .. } = &**identity;
        self.check_links(replay, staged)?;
        let open_run = keys::row(&Key::OpenRun(workflow_of(identity)));
        let is_open = replay.state().is_some_and(engine::Execution::is_open);
        if is_open && self.get(&open_run, staged)?.is_some() {
            return Err(Fault::WorkflowExecutionAlreadyStarted.into());
        }
        let mut resend = Vec::new();
        for event_id in replay.unanswered().into_iter().filter(|id| last.resend.contains(id)) {
            match piece.iter().find(|event| event.event_id == event_id) {
                Some(event) => resend.push(event.clone()),
                None => resend.extend(self.stored_events(run_id, event_id, event_id)?),
            }
        }
        let (times_out_started, run_ids) = (last.times_out_started, last.run_ids.clone());
        let takeover = Takeover { times_out_started, resend, run_ids };
        // Its place is taken before it is known whether there is one, as with a start.
        let most = self.limits.open_executions_max;
        let open_executions = match is_open {
            true => self.open.add(scope, domain),
            false => self.open.total(scope, domain),
        };
        let decided = self.decide(run_id, open_executions, |around| {
            if is_open && open_executions >= most {
                let text = format!("Limit of {most} open executions reached");
                return Err(Fault::LimitExceeded(text));
            }
            let nothing = || Fault::Validation("A history has an event".to_owned());
            replay.take_over(&takeover, around, now).ok_or_else(nothing)
        });
        let stays_open = decided.as_ref().is_ok_and(|transition| transition.after.is_open());
        if is_open && !stays_open {
            self.open.remove(scope, domain);
        }
        decided
    }

    /// Whether the runs that it goes on from, and that go on from it, say so, too.
    fn check_links(&mut self, replay: &Replay, staged: &Staged) -> Result<(), Refusal> {
        let run_id = &replay.identity().run_id;
        let here = |run_id: &RunId| keys::row(&Key::Run(run_id.clone()));
        if let Some(successor) = replay.successor() {
            let first = match self.get(&here(successor), staged)? {
                Some(_) => self.stored_events(successor, EventId(1), EventId(1))?,
                None => Vec::new(),
            };
            let goes_on = first.iter().any(|event| {
                matches!(&event.attributes, EventAttributes::WorkflowExecutionStarted(started)
                    if started.continued_execution_run_id.as_ref() == Some(run_id))
            });
            if !goes_on {
                return Err(invalid(format!(
                    "It goes on as run {successor}, which is not here: import that one first"
                )));
            }
        }
        if let Some(predecessor) = replay.predecessor()
            && self.get(&here(predecessor), staged)?.is_some()
            && let Some(state) = self.load(predecessor)?
        {
            let last = state.last_event_id;
            let last = self.stored_events(predecessor, last, last)?;
            let goes_on = last.iter().any(|event| {
                matches!(&event.attributes, EventAttributes::WorkflowExecutionContinuedAsNew(on)
                    if on.new_execution_run_id == *run_id)
            });
            if !goes_on {
                return Err(invalid(format!(
                    "It goes on from run {predecessor}, which is here and has not gone on as it"
                )));
            }
        }
        Ok(())
    }

    /// Adds a run's first writes to the batch, and its state to memory.
    fn stage_imported(
        &mut self,
        transition: Transition,
        events: &[Event],
        staged: &mut Staged,
    ) -> Result<(), StoreError> {
        let Transition { events: own, after, messages, heartbeat: _, successor: _ } = transition;
        // First, because it is the one part that may fail, and then nothing is staged.
        if let Err(error) = self.post(messages, staged) {
            if after.is_open() {
                self.open.remove(&after.identity.scope, &after.identity.domain);
            }
            return Err(error);
        }
        let run_id = after.identity.run_id.clone();
        for (key, value) in rows::all(&after) {
            self.stage_change(Change::Put(key, value), staged);
        }
        stage_events(&run_id, events, staged);
        stage_events(&run_id, &own, staged);
        // What has happened elsewhere is no news.
        if !own.is_empty() {
            staged.told.events(&after, &values::events(&own));
        }
        if after.last_event_id.0 >= SNAPSHOT_EVENTS {
            staged.batch.put(keys::snapshot(&run_id), values::json(&after));
        }
        if let Some(closed) = after.closed {
            self.note_close(&after.identity.scope, &after.identity.domain, closed.at);
        }
        self.cache.put(Arc::new(after));
        Ok(())
    }

    /// Drops an import: a later step deletes its events.
    fn drop_import(&mut self, run_id: &RunId, staged: &mut Staged, now: Timestamp) {
        staged.batch.delete(keys::import(run_id));
        staged.batch.put(keys::left_over(run_id), values::json(run_id));
        self.imports.under_way.remove(run_id);
        self.next_removal = self.next_removal.no_later_than(now);
    }

    /// Drops those with which nobody goes on; when to look again.
    pub(super) fn drop_abandoned(
        &mut self,
        staged: &mut Staged,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let (gone, next) = self.imports.abandoned(now);
        for run_id in &gone {
            tracing::warn!(shard = self.id.0, %run_id, "an import was not gone on with, and is dropped");
            self.drop_import(run_id, staged, now);
        }
        if gone.is_empty() { next } else { Some(now) }
    }

    /// The first of `events`, which follow each other, that is not in the store.
    fn first_difference(
        &self,
        run_id: &RunId,
        events: &[Event],
    ) -> Result<Option<EventId>, LoadError> {
        let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(None) };
        let stored = self.stored_events(run_id, first.event_id, last.event_id)?;
        let mut stored = stored.iter();
        let differs = events.iter().find(|event| stored.next() != Some(event));
        Ok(differs.map(|event| event.event_id))
    }

    /// The events from one to another that are in the store.
    fn stored_events(
        &self,
        run_id: &RunId,
        from: EventId,
        to: EventId,
    ) -> Result<Vec<Event>, LoadError> {
        let all = keys::history_all(run_id);
        let behind = keys::history(run_id, from.next());
        let before = all.start.as_slice()..behind.as_slice();
        let row = self.store.scan(self.id, before, Direction::Descending, 1)?;
        let mut range = all;
        if let Some((key, _)) = row.into_iter().next() {
            range.start = key;
        }
        let mut found = Vec::new();
        loop {
            let scanned = range.start.as_slice()..range.end.as_slice();
            let rows = self.store.scan(self.id, scanned, Direction::Ascending, ROWS_PER_SCAN)?;
            for (_, bytes) in &rows {
                for json in values::event_jsons(bytes)? {
                    let event = values::parse_event(json)?;
                    if event.event_id > to {
                        return Ok(found);
                    }
                    if event.event_id >= from {
                        found.push(event);
                    }
                }
            }
            match rows.last() {
                Some((last, _)) if rows.len() == ROWS_PER_SCAN => {
                    range.start = [last.as_slice(), &[0]].concat();
                }
                Some(_) | None => return Ok(found),
            }
        }
    }
}

/// Adds events to the batch, in rows of a bounded size.
fn stage_events(run_id: &RunId, events: &[Event], staged: &mut Staged) {
    let mut rest = events;
    while let Some(first) = rest.first() {
        let mut bytes = 0;
        let fits = |event: &&Event| {
            let room = bytes < ROW_BYTES_MAX;
            bytes += values::events(std::slice::from_ref(*event)).len();
            room
        };
        let count = rest.iter().take(ROW_EVENTS_MAX).take_while(fits).count();
        let (row, behind) = rest.split_at(count);
        staged.batch.put(keys::history(run_id, first.event_id), values::events(row));
        rest = behind;
    }
}

/// Whose else the run is, is not for everybody to know.
fn taken(run_id: &RunId) -> Refusal {
    invalid(format!("The run id {run_id} is taken"))
}

fn invalid(text: impl Into<String>) -> Refusal {
    Fault::Validation(text.into()).into()
}

impl Import {
    /// Reads one.
    pub fn parse(bytes: &[u8]) -> Result<Import, Damage> {
        values::parse_json(bytes)
    }
}
