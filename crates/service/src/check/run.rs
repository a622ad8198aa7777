//! What the rows of one run should be.

use super::finding::HistoryFault;
use super::fold::{Folded, fold, without_heartbeats};
use super::mender::Mender;
use super::witness::{Witnesses, is_possible, own, workflow};
use crate::{keys, values};
use engine::rows::{self, Key, Value};
use engine::{Execution, RunIdentity};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::{Direction, ShardId, StoreError};
use wire::{EventId, RunId};

/// What is known of a run.
pub enum Examined {
    /// Its history is whole.
    Kept(Box<Kept>),
    /// It has been removed, and its history is on its way out.
    Leaving,
    /// It is being imported, and nobody finds it yet.
    Arriving,
    /// What is wrong cannot be put right, and all rows of the run are left as they are.
    Beyond {
        /// Whose it is, if that is known.
        identity: Option<Arc<RunIdentity>>,
        /// What is wrong.
        why: Beyond,
    },
    /// There is nothing of it that would say that it should be there.
    Absent,
}

/// Why a run is beyond repair.
pub enum Beyond {
    History(HistoryFault),
    Ownerless,
    WrongShard(ShardId),
}

/// A run whose history is whole.
pub struct Kept {
    pub folded: Folded,
    /// Every row that follows from it, besides its history, by key.
    pub rows: BTreeMap<Vec<u8>, Value>,
    pub snapshot: Snapshot,
}

/// What is to be said of a run's snapshot.
pub enum Snapshot {
    /// There is none.
    None,
    /// It says what the history says.
    Right,
    /// It does not decode.
    Damaged(String),
    Ahead(EventId),
    Differs(EventId),
}

impl Kept {
    pub fn identity(&self) -> &Arc<RunIdentity> {
        &self.folded.state.identity
    }
}

/// Looks at all that there is of a run.
pub fn examine(
    mender: &Mender<'_>,
    witnesses: &mut Witnesses,
    run_id: &RunId,
) -> Result<Examined, StoreError> {
    let row = mender.get(&keys::row(&Key::Run(run_id.clone())))?;
    let has_row = row.is_some();
    let is_leaving = mender.get(&keys::left_over(run_id))?.is_some();
    if is_leaving && !has_row {
        return Ok(Examined::Leaving);
    }
    let stored = mender.get(&keys::snapshot(run_id))?;
    let has_snapshot = stored.is_some();
    let stored = stored.map(|bytes| values::parse_snapshot(&bytes));
    let has_history = mender.end(&keys::history_all(run_id), Direction::Ascending)?.is_some();
    if has_history && !has_row && mender.get(&keys::import(run_id))?.is_some() {
        return Ok(Examined::Arriving);
    }
    if !has_history {
        if !(has_row && has_snapshot) {
            return Ok(Examined::Absent);
        }
        let identity = own(mender, run_id)?.map(Arc::new);
        return Ok(Examined::Beyond { identity, why: Beyond::History(HistoryFault::Empty) });
    }
    let mut identity = own(mender, run_id)?.map(Arc::new);
    if let (None, Some(Ok(state))) = (&identity, &stored)
        && is_possible(mender, &state.identity, run_id)
    {
        identity = Some(Arc::clone(&state.identity));
    }
    if identity.is_none() {
        identity = witnesses.identity(mender, run_id)?.map(Arc::new);
    }
    let Some(identity) = identity else {
        let named = row.and_then(|bytes| values::parse_identity(&bytes).ok());
        let named = named.filter(|named| named.run_id == *run_id);
        let why = match &named {
            Some(named) => Beyond::WrongShard(keys::shard_of(&workflow(named))),
            None => Beyond::Ownerless,
        };
        return Ok(Examined::Beyond { identity: named.map(Arc::new), why });
    };
    let as_of = match &stored {
        Some(Ok(state)) => Some(state.last_event_id),
        Some(Err(_)) | None => None,
    };
    let mut folded = match fold(mender, &identity, as_of)? {
        Ok(folded) => folded,
        // A removal that is under way has begun with the first events.
        Err(_) if is_leaving => return Ok(Examined::Leaving),
        Err(fault) => {
            let why = Beyond::History(fault);
            return Ok(Examined::Beyond { identity: Some(identity), why });
        }
    };
    let snapshot = match stored {
        None => Snapshot::None,
        Some(Err(damage)) => Snapshot::Damaged(damage.to_string()),
        Some(Ok(state)) => {
            let at = state.last_event_id;
            match folded.as_of.take() {
                None => Snapshot::Ahead(at),
                Some(then) if then != without_heartbeats(state.clone()) => Snapshot::Differs(at),
                Some(_) => {
                    add_heartbeats_of(&state, &mut folded.state);
                    Snapshot::Right
                }
            }
        }
    };
    add_stored_heartbeats(mender, &mut folded.state)?;
    let rows = rows::all(&folded.state);
    let rows = rows.into_iter().map(|(key, value)| (keys::row(&key), value)).collect();
    Ok(Examined::Kept(Box::new(Kept { folded, rows, snapshot })))
}

/// A snapshot has the heartbeats of its time, which may be all that is left of them.
fn add_heartbeats_of(snapshot: &Execution, state: &mut Execution) {
    for (id, activity) in &snapshot.activities {
        let then = activity.started.as_ref();
        let now = state.activities.get(id).and_then(|activity| activity.started.as_ref());
        let (Some(then), Some(now)) = (then, now) else { continue };
        if let (true, Some(heartbeat)) = (then.event_id == now.event_id, &then.heartbeat) {
            state.evolve_heartbeat(heartbeat);
        }
    }
}

/// Heartbeats are not in the history: their rows are the truth, as far as they can be true.
fn add_stored_heartbeats(mender: &Mender<'_>, state: &mut Execution) -> Result<(), StoreError> {
    let run_id = state.identity.run_id.clone();
    let mut range = keys::heartbeats(&run_id);
    loop {
        let rows = mender.next(&mut range)?;
        if rows.is_empty() {
            return Ok(());
        }
        for (key, bytes) in rows {
            let Ok(heartbeat) = values::parse_heartbeat(&bytes) else { continue };
            let id = heartbeat.scheduled_event_id;
            let started = state.activities.get(&id).and_then(|a| a.started.as_ref());
            let newest = started.and_then(|started| started.heartbeat.as_ref());
            let is_newest = newest.is_none_or(|newest| newest.at <= heartbeat.at);
            if is_newest && keys::row(&Key::Heartbeat(run_id.clone(), id)) == key {
                state.evolve_heartbeat(&heartbeat);
            }
        }
    }
}
