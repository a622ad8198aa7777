//! The store of a simulation: in memory, failing as the seed says, and on request with a bug that
//! the simulation has to find.

use super::chance::Chance;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use store::memory::{Call, Fault, Memory};
use store::{Batch, CommitError, Direction, Entry, Epoch, ShardId, Snapshot, Store, StoreError};

/// A deliberate bug: what an engineer could get wrong in the service or a store, made to happen
/// here where it touches the store, or in [`super::world`] where it touches callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flaw {
    /// A task is not written down, only offered.
    ForgetsTask,
    /// A task is not removed when it has been handed out or is no longer wanted.
    KeepsTask,
    /// A wake-up is not written down.
    ForgetsWake,
    /// Which run of a workflow is open is not written down.
    ForgetsOpenRun,
    /// A closed execution does not move to the list of closed ones.
    ForgetsListing,
    /// A heartbeat is not written down.
    ForgetsHeartbeat,
    /// A message is not written down, only sent.
    ForgetsMessage,
    /// Which messages were taken is not written down.
    ForgetsWatermark,
    /// A commit that is interrupted leaves its first half.
    TearsCommits,
    /// A commit is acknowledged before it is durable: a crash undoes it.
    AcknowledgesEarly,
    /// A commit that failed is written all the same, after a later one.
    WritesLate,
    /// An owner that has been replaced goes on writing.
    IgnoresFences,
    /// A scan leaves out the last entry of what it should return when there are several.
    ScansShort,
    /// A task is handed to a poller that has gone.
    ServesTheGone,
    /// A signal is recorded twice.
    RepeatsSignals,
    /// What an execution that closes has still to say to others is lost.
    LosesLastWords,
    /// What comes of functions is lost.
    LosesOutcomes,
    /// How many executions are open is not written down when it changes.
    ForgetsOpenCount,
    /// A Lambda task is not written down, only offered.
    ForgetsLambda,
    /// A function is called again.
    CallsAgain,
    /// A key that has been disabled, or whose owner may do less by now, is taken for what it was.
    BelievesOldKeys,
    /// Nobody is asked about the decisions of an answer.
    DecidesForAnybody,
    /// A key that seals tokens is not written down.
    ForgetsTokenKey,
    /// An event is not told to who watches.
    SwallowsEvents,
    /// An event is told twice.
    TellsAgain,
    /// It is not said that something was missed.
    HidesGaps,
    /// How far an import is, is not written down.
    ForgetsImports,
    /// The pieces of an import are not written down, but for the last.
    LosesPieces,
    /// An execution is found while it is being imported.
    ShowsHalfImports,
    /// What an imported execution waits for is not written down.
    StrandsImports,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Flaw; 30] = [
        Flaw::ForgetsTask,
        Flaw::KeepsTask,
        Flaw::ForgetsWake,
        Flaw::ForgetsOpenRun,
        Flaw::ForgetsListing,
        Flaw::ForgetsHeartbeat,
        Flaw::ForgetsMessage,
        Flaw::ForgetsWatermark,
        Flaw::TearsCommits,
        Flaw::AcknowledgesEarly,
        Flaw::WritesLate,
        Flaw::IgnoresFences,
        Flaw::ScansShort,
        Flaw::ServesTheGone,
        Flaw::RepeatsSignals,
        Flaw::LosesLastWords,
        Flaw::LosesOutcomes,
        Flaw::ForgetsOpenCount,
        Flaw::ForgetsLambda,
        Flaw::CallsAgain,
        Flaw::BelievesOldKeys,
        Flaw::DecidesForAnybody,
        Flaw::ForgetsTokenKey,
        Flaw::SwallowsEvents,
        Flaw::TellsAgain,
        Flaw::HidesGaps,
        Flaw::ForgetsImports,
        Flaw::LosesPieces,
        Flaw::ShowsHalfImports,
        Flaw::StrandsImports,
    ];
}

/// The tags that keys begin with. They are the store's format and never change.
mod tag {
    pub const RUN: u8 = 1;
    pub const OPEN_RUN: u8 = 2;
    pub const TASK: u8 = 3;
    pub const WAKE: u8 = 4;
    pub const HEARTBEAT: u8 = 5;
    pub const CLOSED_BY_CLOSE: u8 = 8;
    pub const HISTORY: u8 = 9;
    pub const OUTBOX: u8 = 11;
    pub const WATERMARK: u8 = 12;
    pub const OPEN_COUNT: u8 = 14;
    pub const LAMBDA: u8 = 15;
    pub const IMPORT: u8 = 16;
    pub const TOKEN_KEY: u8 = 23;
}

/// How often calls fail while there is trouble: commits once in this many, ...
const COMMIT_FAULT_ONCE_IN: usize = 12;
/// ... claims once in this many, ...
const CLAIM_FAULT_ONCE_IN: usize = 60;
/// ... and reads once in this many.
const READ_FAULT_ONCE_IN: usize = 600;

/// How many commits a crash undoes that were acknowledged too early.
const COMMITS_AT_RISK: usize = 3;

fn add(batch: &mut Batch, (key, value): (&[u8], Option<&[u8]>)) {
    match value {
        Some(value) => batch.put(key.to_vec(), value.to_vec()),
        None => batch.delete(key.to_vec()),
    }
}

/// See the module. Clones share everything.
#[derive(Clone)]
pub struct Disk {
    /// Without faults, for looking at.
    pub memory: Memory,
    faulty: Memory,
    trouble: Arc<AtomicBool>,
    flaw: Option<Flaw>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// What brings back the rows as they were before each commit that is not durable yet.
    undo: Vec<(ShardId, Batch)>,
    /// Commits that failed and come back.
    ghosts: Vec<(ShardId, Batch)>,
    /// The newest claim of each shard.
    epochs: BTreeMap<ShardId, Epoch>,
    /// Pollers that were named in histories so far.
    served: BTreeSet<String>,
}

impl Disk {
    /// An empty one.
    pub fn new(seed: u64, flaw: Option<Flaw>) -> Disk {
        let memory = Memory::default();
        let trouble = Arc::new(AtomicBool::new(false));
        let (troubled, mut chance) = (Arc::clone(&trouble), Chance::new(seed, "faults"));
        let faulty = memory.with_faults(move |call| {
            if !troubled.load(Ordering::SeqCst) {
                return None;
            }
            match call {
                Call::Commit { .. } => chance.once_in(COMMIT_FAULT_ONCE_IN).then(|| {
                    let faults = [Fault::Lost, Fault::Unacknowledged, Fault::Late, Fault::Full];
                    chance.one_of(&faults)
                }),
                Call::Claim { .. } => chance
                    .once_in(CLAIM_FAULT_ONCE_IN)
                    .then(|| chance.one_of(&[Fault::Lost, Fault::Unacknowledged, Fault::Late])),
                Call::Get { .. } | Call::Scan { .. } | Call::Snapshot => {
                    chance.once_in(READ_FAULT_ONCE_IN).then_some(Fault::Lost)
                }
            }
        });
        Disk { memory, faulty, trouble, flaw, state: Arc::default() }
    }

    /// Calls fail from now on, or no longer.
    pub fn set_trouble(&self, trouble: bool) {
        self.trouble.store(trouble, Ordering::SeqCst);
    }

    /// The last node has crashed: what was not durable is gone.
    pub fn crash(&self) {
        let undo = std::mem::take(&mut self.state().undo);
        for (shard, batch) in undo.into_iter().rev() {
            self.force(shard, batch);
        }
    }

    /// Whether a poller is named in a history.
    pub fn has_served(&self, poller: &str) -> bool {
        self.state().served.contains(poller)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder panics")
    }

    /// Writes whoever owns the shard.
    fn force(&self, shard: ShardId, batch: Batch) {
        let epoch = self.state().epochs.get(&shard).copied();
        if let Some(epoch) = epoch {
            // Whether it is fenced by now does not matter: it is a bug either way.
            let _ = self.memory.commit(shard, epoch, batch);
        }
    }

    /// What the flaw leaves of a commit.
    fn spoil(&self, batch: Batch) -> Batch {
        let is_import = |put: bool| {
            let mut writes = batch.writes();
            writes.any(|(key, value)| key[0] == tag::IMPORT && value.is_some() == put)
        };
        let (of_piece, of_last_piece) = (is_import(true), is_import(false));
        let dropped = |key: &[u8], put: bool| match self.flaw {
            Some(Flaw::ForgetsTask) => key[0] == tag::TASK && put,
            Some(Flaw::KeepsTask) => key[0] == tag::TASK && !put,
            Some(Flaw::ForgetsWake) => key[0] == tag::WAKE && put,
            Some(Flaw::ForgetsOpenRun) => key[0] == tag::OPEN_RUN && put,
            Some(Flaw::ForgetsListing) => key[0] == tag::CLOSED_BY_CLOSE && put,
            Some(Flaw::ForgetsHeartbeat) => key[0] == tag::HEARTBEAT && put,
            Some(Flaw::ForgetsMessage) => key[0] == tag::OUTBOX && put,
            Some(Flaw::ForgetsWatermark) => key[0] == tag::WATERMARK && put,
            Some(Flaw::ForgetsOpenCount) => key[0] == tag::OPEN_COUNT && put,
            Some(Flaw::ForgetsLambda) => key[0] == tag::LAMBDA && put,
            Some(Flaw::ForgetsTokenKey) => key[0] == tag::TOKEN_KEY && put,
            Some(Flaw::ForgetsImports) => key[0] == tag::IMPORT && put,
            Some(Flaw::LosesPieces) => key[0] == tag::HISTORY && put && of_piece,
            Some(Flaw::StrandsImports) => {
                (key[0] == tag::TASK || key[0] == tag::WAKE) && put && of_last_piece
            }
            _ => false,
        };
        let mut left = Batch::default();
        for (key, value) in batch.into_writes() {
            if dropped(&key, value.is_some()) {
                continue;
            }
            if let (Some(Flaw::ShowsHalfImports), tag::IMPORT, Some(import)) =
                (self.flaw, key[0], &value)
            {
                let import: Value = serde_json::from_slice(&import[1..]).expect("it is JSON");
                let identity = import["replay"]["identity"].to_string();
                let run = [&[tag::RUN], &key[1..]].concat();
                left.put(run, [&[1], identity.as_bytes()].concat());
            }
            add(&mut left, (&key, value.as_deref()));
        }
        left
    }

    /// The rows that a batch writes, as they are.
    fn before(&self, shard: ShardId, batch: &Batch) -> Batch {
        let mut before = Batch::default();
        for (key, _) in batch.writes() {
            let value = self.memory.get(shard, key).expect("no fault is planned");
            add(&mut before, (key, value.as_deref()));
        }
        before
    }

    /// What a batch says to other shards counts as taken there, if an execution closes in it.
    fn take_last_words(&self, from: ShardId, batch: &Batch) {
        if !batch.writes().any(|(key, value)| key[0] == tag::CLOSED_BY_CLOSE && value.is_some()) {
            return;
        }
        for (key, _) in
            batch.writes().filter(|(key, value)| key[0] == tag::OUTBOX && value.is_some())
        {
            let (to, number) = key[1..].split_at(2);
            let to = ShardId(u16::from_be_bytes([to[0], to[1]]));
            let number = number.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
            let mut taken = Batch::default();
            let watermark = [&[tag::WATERMARK], &from.0.to_be_bytes()[..]].concat();
            taken.put(watermark, [&[1], number.to_string().as_bytes()].concat());
            self.force(to, taken);
        }
    }

    /// Notes which pollers the events of a batch name.
    fn note_served(&self, batch: &Batch) {
        let mut served = Vec::new();
        for (_, value) in batch.writes().filter(|(key, _)| key[0] == tag::HISTORY) {
            let text = String::from_utf8_lossy(value.unwrap_or_default());
            let named = text.split("\"identity\":\"").skip(1);
            served.extend(named.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned())));
        }
        self.state().served.extend(served);
    }
}

impl Store for Disk {
    fn claim(&self, shard: ShardId, owner: &str) -> Result<Epoch, StoreError> {
        let claimed = self.faulty.claim(shard, owner);
        if let Ok(epoch) = &claimed {
            self.state().epochs.insert(shard, *epoch);
        }
        claimed
    }

    fn commit(&self, shard: ShardId, epoch: Epoch, batch: Batch) -> Result<(), CommitError> {
        let batch = self.spoil(batch);
        let epoch = match self.flaw {
            Some(Flaw::IgnoresFences) => self.state().epochs.get(&shard).copied().unwrap_or(epoch),
            _ => epoch,
        };
        let before = self.before(shard, &batch);
        let outcome = self.faulty.commit(shard, epoch, batch.clone());
        if self.flaw == Some(Flaw::LosesLastWords) && outcome.is_ok() {
            self.take_last_words(shard, &batch);
        }
        let unknown = matches!(outcome, Err(CommitError::Unknown(_)));
        if self.flaw == Some(Flaw::AcknowledgesEarly) && outcome.is_ok() {
            let mut state = self.state();
            state.undo.push((shard, before));
            let durable = state.undo.len().saturating_sub(COMMITS_AT_RISK);
            state.undo.drain(..durable);
        }
        if self.flaw == Some(Flaw::TearsCommits) && unknown {
            let mut half = Batch::default();
            let count = batch.writes().count();
            batch.writes().take(count / 2).for_each(|write| add(&mut half, write));
            self.force(shard, half);
        }
        if self.flaw == Some(Flaw::WritesLate) {
            if unknown {
                self.state().ghosts.push((shard, batch.clone()));
            } else if outcome.is_ok() {
                let ghosts = std::mem::take(&mut self.state().ghosts);
                ghosts.into_iter().for_each(|(shard, batch)| self.force(shard, batch));
            }
        }
        // What failed may yet take effect: the pollers that it names were not gone then.
        self.note_served(&batch);
        outcome
    }

    fn get(&self, shard: ShardId, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.faulty.get(shard, key)
    }

    fn scan(
        &self,
        shard: ShardId,
        range: Range<&[u8]>,
        direction: Direction,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let mut entries = self.faulty.scan(shard, range, direction, limit)?;
        if self.flaw == Some(Flaw::ScansShort) && entries.len() > 1 {
            entries.pop();
        }
        Ok(entries)
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        self.faulty.snapshot()
    }
}
