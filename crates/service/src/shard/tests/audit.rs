//! What must hold of a shard's rows at any moment: histories are dense, every other row is what
//! the engine projects from them, byte for byte, and none is missing or left over. A shard with a
//! warm cache has to know the same as one that reads everything anew.

use super::*;
use crate::tests::fixture;
use engine::rows;
use std::collections::BTreeMap;
use store::{Direction, Epoch};

/// The events of a run.
pub fn history(memory: &Memory, run_id: &RunId) -> Vec<Event> {
    transitions(memory, run_id).into_iter().flat_map(|(_, events)| events).collect()
}

/// The stored transitions of a run, by their keys.
fn transitions(memory: &Memory, run_id: &RunId) -> Vec<(Vec<u8>, Vec<Event>)> {
    let from = keys::history(run_id, EventId(0));
    let to = keys::history(run_id, EventId(u64::MAX));
    let range = from.as_slice()..to.as_slice();
    let rows = memory.scan(SHARD, range, Direction::Ascending, usize::MAX);
    let rows = rows.expect("no fault is planned");
    let parse = |bytes: Vec<u8>| {
        let jsons = values::event_jsons(&bytes).expect("whole").into_iter();
        let events: Vec<Event> =
            jsons.map(|json| values::parse_event(json).expect("an event")).collect();
        assert_eq!(values::events(&events), bytes, "events are stored as they are sent");
        events
    };
    rows.into_iter().map(|(key, bytes)| (key, parse(bytes))).collect()
}

/// Every run of the shard.
pub fn runs(memory: &Memory) -> Vec<RunIdentity> {
    let tag = keys::row(&Key::Run("".into()))[0];
    fixture::rows(memory, SHARD)
        .iter()
        .filter(|(key, _)| key[0] == tag)
        .map(|(_, bytes)| values::parse_identity(bytes).expect("an identity"))
        .collect()
}

/// A state without what the history does not hold.
fn plain(mut execution: Execution) -> Execution {
    for activity in execution.activities.values_mut() {
        if let Some(started) = &mut activity.started {
            started.heartbeat = None;
        }
    }
    execution
}

/// Folds a run, and adds the rows that it must have to `expected`.
fn expect_rows(
    memory: &Memory,
    identity: RunIdentity,
    expected: &mut BTreeMap<Vec<u8>, Vec<u8>>,
) -> Execution {
    let run_id = identity.run_id.clone();
    let mut state: Option<Execution> = None;
    let mut states: BTreeMap<EventId, Execution> = BTreeMap::new();
    for (key, events) in transitions(memory, &run_id) {
        let first = events.first().expect("a transition has events");
        assert_eq!(keys::history_first(&key), Some(first.event_id), "rows go by their first event");
        let at = first.event_timestamp;
        assert!(events.iter().all(|event| event.event_timestamp == at), "one moment");
        assert!(state.as_ref().is_none_or(|state| state.last_event_timestamp <= at), "{run_id}");
        for event in &events {
            if let Some(state) = &mut state {
                state.evolve(event); // Panics if the history has a gap.
                continue;
            }
            let EventAttributes::WorkflowExecutionStarted(started) = &event.attributes else {
                panic!("run {run_id} begins with {event:?}");
            };
            assert_eq!(event.event_id, EventId(1));
            let identity = Arc::new(identity.clone());
            state = Some(Execution::from_started(identity, started, at));
        }
        let state = state.as_ref().expect("a history has a start");
        states.insert(state.last_event_id, state.clone());
        expected.insert(key, values::events(&events));
    }
    let mut state = state.expect("a run has a history");
    let key = keys::snapshot(&run_id);
    let stored = memory.get(SHARD, &key).expect("no fault is planned");
    if let Some(bytes) = stored {
        let snapshot = values::parse_snapshot(&bytes).expect("a snapshot");
        let then = states.get(&snapshot.last_event_id).expect("of the end of a transition");
        assert_eq!(plain(snapshot.clone()), *then, "a snapshot is what the events say");
        let behind = state.last_event_id.0 / SNAPSHOT_EVENTS;
        assert_eq!(snapshot.last_event_id.0 / SNAPSHOT_EVENTS, behind, "it is not too old");
        expected.insert(key, bytes);
    } else {
        assert!(state.last_event_id.0 < SNAPSHOT_EVENTS, "run {run_id} needs a snapshot");
    }
    if state.is_open() {
        let range = keys::heartbeats(&run_id);
        let range = range.start.as_slice()..range.end.as_slice();
        let rows = memory.scan(SHARD, range, Direction::Ascending, usize::MAX);
        for (_, bytes) in rows.expect("no fault is planned") {
            let heartbeat = values::parse_heartbeat(&bytes).expect("a heartbeat");
            assert!(state.activities.contains_key(&heartbeat.scheduled_event_id));
            state.evolve_heartbeat(&heartbeat);
        }
    }
    for (key, value) in rows::all(&state) {
        let other = expected.insert(keys::row(&key), values::row(&value));
        assert_eq!(other, None, "two runs have the row {key:?}");
    }
    state
}

/// Checks the rows, and returns every run's state.
pub fn check_rows(memory: &Memory) -> Vec<Execution> {
    let mut expected = BTreeMap::new();
    let states: Vec<Execution> = runs(memory)
        .into_iter()
        .map(|identity| expect_rows(memory, identity, &mut expected))
        .collect();
    let mut open: BTreeMap<(Scope, DomainName), u64> = BTreeMap::new();
    for RunIdentity { scope, domain, .. } in
        states.iter().filter(|state| state.is_open()).map(|state| &*state.identity)
    {
        *open.entry((scope.clone(), domain.clone())).or_default() += 1;
    }
    for ((scope, domain), open) in open {
        expected.insert(keys::open_count(&scope, &domain), values::json(&open));
    }
    let actual: BTreeMap<Vec<u8>, Vec<u8>> = fixture::rows(memory, SHARD).into_iter().collect();
    for (key, value) in &expected {
        assert_eq!(actual.get(key), Some(value), "the row {key:?}");
    }
    let left_over = actual.keys().find(|key| !expected.contains_key(*key));
    assert_eq!(left_over, None, "this row follows from no history");
    states
}

/// Checks the rows, and that `shard` knows the same as one that starts anew.
pub fn check_shard(memory: &Memory, registry: &Arc<RwLock<Registry>>, shard: &mut Shard) {
    let states = check_rows(memory);
    // Not claimed: that would shut the other one out.
    let mut cold = Shard {
        id: SHARD,
        owner: "cold".to_owned(),
        store: Arc::new(memory.clone()),
        registry: Arc::clone(registry),
        limits: Arc::new(Limits::AWS),
        throttle: Arc::new(Throttle::new(Throttles::default())),
        judge: Arc::clone(&shard.judge),
        watched: Arc::default(),
        calls_functions: false,
        epoch: None,
        claimed: Epoch(0),
        others_wrote: false,
        doubted: None,
        cache: ExecutionCache::new(),
        wakes: Wakes::new(),
        outbox: Outbox::default(),
        open: OpenExecutions::new(Arc::new(Totals::default())),
        imports: Imports::default(),
        next_removal: NextRemoval::Never,
        offers_lost: false,
        retry_at: None,
    };
    let open = states.iter().filter(|state| state.is_open()).count() as u64;
    if shard.open.is_known() {
        let total = shard.open.total(&fixture::scope(), &"d".into());
        assert_eq!(total, open, "the total is what is open");
    }
    cold.open.refill(memory, SHARD).expect("no fault is planned");
    assert_eq!(cold.open.total(&fixture::scope(), &"d".into()), open, "a cold shard has the same");
    for state in states {
        let run_id = &state.identity.run_id;
        let cached = shard.cache.get(run_id).cloned();
        let loaded = cold.load(run_id).expect("no fault is planned").expect("the run is there");
        assert_eq!(loaded.detail(), state.detail());
        if state.is_open() {
            assert_eq!(*loaded, state, "a cold shard folds the same state");
            assert!(cached.is_none_or(|cached| *cached == state), "a warm one has it already");
        } else {
            // Of what was open when the run closed, memory may still hold the last heartbeats.
            assert_eq!(plain((*loaded).clone()), plain(state.clone()));
            assert!(cached.is_none_or(|cached| plain((*cached).clone()) == plain(state)));
        }
    }
    cold.wakes.refill(memory, SHARD).expect("no fault is planned");
    let (warm, cold) = (shard.wakes.next(), cold.wakes.next());
    let will_look = shard.retry_at.is_some() || warm == Some(Timestamp(i64::MIN));
    assert!(warm == cold || will_look, "{warm:?} instead of {cold:?}");
}
