//! Folds a run's history from its first event, and says where it is not one.

use super::finding::HistoryFault;
use super::mender::Mender;
use crate::shard::SNAPSHOT_EVENTS;
use crate::{keys, values};
use engine::{Execution, RunIdentity};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use store::StoreError;
use wire::{Event, EventAttributes, EventId, RunId};

/// What a history comes to.
pub struct Folded {
    /// The state, without heartbeats.
    pub state: Execution,
    /// Whom it goes on from.
    pub predecessor: Option<RunId>,
    /// Who goes on from it.
    pub successor: Option<RunId>,
    /// The state as of the event that was asked for, if the history comes that far.
    pub as_of: Option<Execution>,
    /// The state of which the shard kept its newest snapshot.
    pub for_snapshot: Option<Execution>,
    /// How many rows and events it has.
    pub rows: u64,
    pub events: u64,
}

struct Fold {
    identity: Arc<RunIdentity>,
    as_of_event: Option<EventId>,
    state: Option<Execution>,
    predecessor: Option<RunId>,
    successor: Option<RunId>,
    as_of: Option<Execution>,
    for_snapshot: Option<Execution>,
    rows: u64,
}

/// Folds the history of `identity`, a row at a time, and keeps the state as of `as_of_event`.
pub fn fold(
    mender: &Mender<'_>,
    identity: &Arc<RunIdentity>,
    as_of_event: Option<EventId>,
) -> Result<Result<Folded, HistoryFault>, StoreError> {
    let mut range = keys::history_all(&identity.run_id);
    let mut fold = Fold {
        identity: Arc::clone(identity),
        as_of_event,
        state: None,
        predecessor: None,
        successor: None,
        as_of: None,
        for_snapshot: None,
        rows: 0,
    };
    loop {
        let rows = mender.next(&mut range)?;
        if rows.is_empty() {
            return Ok(fold.finish());
        }
        for (key, bytes) in rows {
            if let Err(fault) = fold.add_row(&key, &bytes) {
                return Ok(Err(fault));
            }
        }
    }
}

impl Fold {
    fn next_event_id(&self) -> EventId {
        self.state.as_ref().map_or(EventId(1), |state| state.last_event_id.next())
    }

    fn add_row(&mut self, key: &[u8], bytes: &[u8]) -> Result<(), HistoryFault> {
        let expected = self.next_event_id();
        let first = keys::history_first(key).unwrap_or(EventId::NONE);
        let undecodable = |why: values::Damage| {
            let why = why.to_string();
            HistoryFault::Undecodable { first, why }
        };
        let jsons = values::event_jsons(bytes).map_err(undecodable)?;
        if jsons.is_empty() {
            let why = "it holds no event".to_owned();
            return Err(HistoryFault::Undecodable { first, why });
        }
        let before = self.state.as_ref().map_or(0, |state| state.last_event_id.0);
        for (index, json) in jsons.into_iter().enumerate() {
            let event = values::parse_event(json).map_err(undecodable)?;
            if index == 0 && event.event_id != first {
                return Err(HistoryFault::Misplaced { key: first, event: event.event_id });
            }
            if index == 0 && first != expected {
                return Err(HistoryFault::Gap { expected, found: first });
            }
            self.add(&event)?;
        }
        self.rows += 1;
        let state = self.state.as_ref().expect("a row has an event");
        let after = state.last_event_id.0;
        if before / SNAPSHOT_EVENTS < after / SNAPSHOT_EVENTS
            || (!state.is_open() && after > SNAPSHOT_EVENTS)
        {
            self.for_snapshot = Some(state.clone());
        }
        Ok(())
    }

    fn add(&mut self, event: &Event) -> Result<(), HistoryFault> {
        let (id, at) = (event.event_id, event.event_timestamp);
        let expected = self.next_event_id();
        if id != expected {
            return Err(HistoryFault::Gap { expected, found: id });
        }
        if let Some(state) = &mut self.state {
            if !state.is_open() {
                return Err(HistoryFault::AfterClose { event: id });
            }
            let before = state.last_event_timestamp;
            if at < before {
                return Err(HistoryFault::BackInTime { event: id, before, at });
            }
            if let EventAttributes::WorkflowExecutionStarted(_) = &event.attributes {
                return Err(HistoryFault::SecondStart { event: id });
            }
            if let EventAttributes::WorkflowExecutionContinuedAsNew(on) = &event.attributes {
                self.successor = Some(on.new_execution_run_id.clone());
            }
            catch_unwind(AssertUnwindSafe(|| state.evolve(event))).map_err(|panic| {
                let why = panic.downcast_ref::<String>().map(String::as_str);
                let why = why.or_else(|| panic.downcast_ref::<&str>().copied());
                let why = why.unwrap_or("it does not fold").to_owned();
                HistoryFault::CannotFollow { event: id, why }
            })?;
        } else {
            let EventAttributes::WorkflowExecutionStarted(started) = &event.attributes else {
                let event_type = event.attributes.event_type();
                return Err(HistoryFault::NoStart { event_type });
            };
            self.predecessor = started.continued_execution_run_id.clone();
            let identity = Arc::clone(&self.identity);
            self.state = Some(Execution::from_started(identity, started, at));
        }
        if self.as_of_event == Some(id) {
            self.as_of = self.state.clone();
        }
        Ok(())
    }

    fn finish(self) -> Result<Folded, HistoryFault> {
        let Fold { predecessor, successor, as_of, for_snapshot, rows, .. } = self;
        let state = self.state.ok_or(HistoryFault::Empty)?;
        let events = state.last_event_id.0;
        Ok(Folded { state, predecessor, successor, as_of, for_snapshot, rows, events })
    }
}

/// A state without what the history does not hold.
pub fn without_heartbeats(mut state: Execution) -> Execution {
    for activity in state.activities.values_mut() {
        if let Some(started) = &mut activity.started {
            started.heartbeat = None;
        }
    }
    state
}
