//! Checks one shard of executions: first every history and what follows from it, then, in tables
//! that hold more than that, every row for whether it follows from a history.

use super::finding::{HistoryFault, Shown, What, WhoseRun};
use super::fold::fold;
use super::mender::Mender;
use super::run::{Beyond, Examined, Kept, Snapshot, examine};
use super::witness::{Witnesses, is_possible};
use super::{Audit, CheckError, counts, links};
use crate::keys::{self, Table};
use crate::shard::Import;
use crate::values;
use engine::RunIdentity;
use engine::rows::{Value, WorkflowKey};
use lru::LruCache;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::rc::Rc;
use store::StoreError;
use wire::RunId;

/// How many runs are kept in memory at a time while rows are looked at one by one.
const RUNS_MAX: NonZeroUsize = NonZeroUsize::new(32).expect("32 is not 0");

/// The tables whose rows follow from histories, in an order in which they can be repaired.
const PROJECTIONS: [Table; 9] = [
    Table::Run,
    Table::Open,
    Table::ClosedByStart,
    Table::ClosedByClose,
    Table::OpenRun,
    Table::Task,
    Table::Wake,
    Table::Lambda,
    Table::Heartbeat,
];

/// See the module.
pub struct ShardCheck<'c, 's> {
    pub audit: &'c mut Audit<'s>,
    pub mender: Mender<'s>,
    pub witnesses: Witnesses,
    examined: LruCache<RunId, Rc<Examined>>,
    /// How many rows of each table are as they should be.
    right: BTreeMap<Table, u64>,
    /// How many runs are open, by the key of their domain's number: memory grows with the number of
    /// domains, which the registry bounds. `None` once there is a run of which that is not known.
    open: Option<BTreeMap<Vec<u8>, u64>>,
}

impl<'c, 's> ShardCheck<'c, 's> {
    pub fn new(audit: &'c mut Audit<'s>, mender: Mender<'s>) -> ShardCheck<'c, 's> {
        let examined = LruCache::new(RUNS_MAX);
        let (witnesses, right) = (Witnesses::default(), BTreeMap::new());
        ShardCheck { audit, mender, witnesses, examined, right, open: Some(BTreeMap::new()) }
    }

    /// How many runs are open, by the key of their domain's number, if that is known of all.
    pub fn take_open(&mut self) -> Option<BTreeMap<Vec<u8>, u64>> {
        self.open.take()
    }

    /// Checks all of it, but for messages.
    pub fn run(&mut self) -> Result<(), CheckError> {
        self.each_history()?;
        self.mender.flush()?;
        for table in PROJECTIONS {
            if self.count(table)? > self.right(table) {
                self.each_row(table)?;
            }
        }
        for table in [Table::Snapshot, Table::LeftOver, Table::Import] {
            if self.count(table)? > self.right(table) {
                self.each_row(table)?;
            }
        }
        counts::check(self)?;
        self.mender.flush()?;
        self.audit.unknown_keys(&self.mender, &Table::OF_EXECUTIONS)
    }

    fn right(&self, table: Table) -> u64 {
        self.right.get(&table).copied().unwrap_or(0)
    }

    fn count(&mut self, table: Table) -> Result<u64, StoreError> {
        let (mut range, mut count) = (table.keys(), 0);
        loop {
            let rows = self.mender.next(&mut range)?.len() as u64;
            if rows == 0 {
                self.audit.report.rows += count;
                return Ok(count);
            }
            count += rows;
        }
    }

    pub fn found(&mut self, run: Option<WhoseRun>, table: Table, what: What, repairable: bool) {
        self.audit.found(&self.mender, run, Some(table), what, repairable);
    }

    fn each_history(&mut self) -> Result<(), CheckError> {
        let mut range = Table::History.keys();
        while let Some((key, _)) = self.mender.end(&range, store::Direction::Ascending)? {
            let whole = keys::history_first(&key).and(Table::History.run_of(&key));
            let Some(run_id) = whole else {
                let what = What::UnknownKey { key: Shown::bytes(&key) };
                self.found(None, Table::History, what, false);
                range.start = [key.as_slice(), &[0]].concat();
                continue;
            };
            range.start = keys::history_all(&run_id).end;
            self.audit.report.runs += 1;
            let examined = examine(&self.mender, &mut self.witnesses, &run_id)?;
            match &examined {
                Examined::Kept(kept) => self.kept(kept)?,
                Examined::Leaving => self.leaving(&run_id)?,
                Examined::Arriving => self.arriving(&run_id)?,
                Examined::Beyond { identity, why } => {
                    self.beyond(&run_id, identity.as_deref(), why);
                }
                Examined::Absent => (), // It has a history.
            }
        }
        Ok(())
    }

    fn beyond(&mut self, run_id: &RunId, identity: Option<&RunIdentity>, why: &Beyond) {
        self.open = None;
        let what = match why {
            Beyond::History(fault) => What::History(fault.clone()),
            Beyond::Ownerless => What::Ownerless,
            Beyond::WrongShard(shard) => What::WrongShard { belongs: *shard },
        };
        self.found(Some(whose(run_id, identity)), Table::History, what, false);
    }

    /// Of a run that is being imported there is a history, and what it comes to.
    fn arriving(&mut self, run_id: &RunId) -> Result<(), CheckError> {
        let key = keys::import(run_id);
        let Some(bytes) = self.mender.get(&key)? else { return Ok(()) };
        let why = match Import::parse(&bytes) {
            Ok(import) => import_fault(&self.mender, &import, run_id)?,
            Err(damage) => Some(damage.to_string()),
        };
        self.count_right(Table::Import);
        if let Some(why) = why {
            // Nobody can go on with it; its events go as those of a run that has expired.
            self.found(Some(whose(run_id, None)), Table::Import, What::Damaged { why }, true);
            self.mender.rename(key, keys::left_over(run_id), values::json(run_id))?;
        }
        Ok(())
    }

    /// Of a run that is being removed, nothing has to be there; what must not, is found with the
    /// other rows.
    fn leaving(&mut self, run_id: &RunId) -> Result<(), CheckError> {
        let key = keys::left_over(run_id);
        let row = self.mender.get(&key)?;
        if let Some(bytes) = row {
            self.count_right(Table::LeftOver);
            if !values::parse_json::<RunId>(&bytes).is_ok_and(|named| named == *run_id) {
                let expected = values::json(run_id);
                let what = What::Different {
                    expected: Shown::value(Table::LeftOver, &expected),
                    found: Shown::value(Table::LeftOver, &bytes),
                };
                self.found(Some(whose(run_id, None)), Table::LeftOver, what, true);
                self.mender.put(key, expected)?;
            }
        }
        if self.mender.get(&keys::snapshot(run_id))?.is_some() {
            self.count_right(Table::Snapshot);
        }
        Ok(())
    }

    fn count_right(&mut self, table: Table) {
        *self.right.entry(table).or_default() += 1;
    }

    fn kept(&mut self, kept: &Kept) -> Result<(), CheckError> {
        self.audit.report.events += kept.folded.events;
        self.audit.report.rows += kept.folded.rows;
        if let Some(open) = self.open.as_mut().filter(|_| kept.folded.state.is_open()) {
            let identity = kept.identity();
            *open.entry(keys::open_count(&identity.scope, &identity.domain)).or_default() += 1;
        }
        for (key, value) in &kept.rows {
            let table = Table::of(key, &Table::OF_EXECUTIONS).expect("a row is of a table");
            self.row(kept, table, key, value)?;
        }
        self.snapshot(kept)?;
        links::check(self, kept)
    }

    fn row(
        &mut self,
        kept: &Kept,
        table: Table,
        key: &[u8],
        value: &Value,
    ) -> Result<(), CheckError> {
        let expected = values::row(value);
        let shown = Shown::value(table, &expected);
        let what = match self.mender.get(key)? {
            Some(found) if values::is_row(value, &found) => {
                self.count_right(table);
                return Ok(());
            }
            Some(found) => {
                if let Some(other) = self.other_open(key, &found)? {
                    self.open = None;
                    let run = whose_kept(kept);
                    self.found(Some(run), table, What::TwoOpen { other }, false);
                    return Ok(());
                }
                What::Different { expected: shown, found: Shown::value(table, &found) }
            }
            None => What::Missing { expected: shown },
        };
        self.found(Some(whose_kept(kept)), table, what, true);
        self.mender.put(key.to_vec(), expected)?;
        if self.mender.repairs() {
            self.count_right(table);
        }
        Ok(())
    }

    /// Another run for which the row of an open run is right.
    fn other_open(&mut self, key: &[u8], found: &[u8]) -> Result<Option<RunId>, StoreError> {
        if keys::parse_open_run(key).is_none() {
            return Ok(None);
        }
        let Ok(other) = values::parse_open_run(found) else { return Ok(None) };
        Ok(match &*self.look_at(&other)? {
            Examined::Kept(kept) if kept.rows.contains_key(key) => Some(other),
            // It may be open; that cannot be told.
            Examined::Beyond { .. } => Some(other),
            Examined::Kept(_) | Examined::Leaving | Examined::Arriving | Examined::Absent => None,
        })
    }

    fn snapshot(&mut self, kept: &Kept) -> Result<(), CheckError> {
        let what = match &kept.snapshot {
            Snapshot::None => return Ok(()),
            Snapshot::Right => {
                self.count_right(Table::Snapshot);
                return Ok(());
            }
            Snapshot::Damaged(why) => What::Damaged { why: why.clone() },
            Snapshot::Ahead(at) => {
                What::SnapshotAhead { at: *at, last: kept.folded.state.last_event_id }
            }
            Snapshot::Differs(at) => What::SnapshotDiffers { at: *at },
        };
        // Reported here, so it is not a stray row besides.
        self.count_right(Table::Snapshot);
        self.found(Some(whose_kept(kept)), Table::Snapshot, what, true);
        let key = keys::snapshot(&kept.identity().run_id);
        match &kept.folded.for_snapshot {
            Some(state) => self.mender.put(key, values::json(state)),
            None => {
                if self.mender.repairs() {
                    *self.right.entry(Table::Snapshot).or_default() -= 1;
                }
                self.mender.delete(key)
            }
        }
    }

    /// A run as it is by now, from memory if it was looked at a moment ago.
    fn look_at(&mut self, run_id: &RunId) -> Result<Rc<Examined>, StoreError> {
        if let Some(examined) = self.examined.get(run_id) {
            return Ok(Rc::clone(examined));
        }
        let examined = Rc::new(examine(&self.mender, &mut self.witnesses, run_id)?);
        self.examined.put(run_id.clone(), Rc::clone(&examined));
        Ok(examined)
    }

    /// Looks for rows that follow from no history.
    fn each_row(&mut self, table: Table) -> Result<(), CheckError> {
        self.examined.clear();
        let mut range = table.keys();
        loop {
            let rows = self.mender.next(&mut range)?;
            if rows.is_empty() {
                return self.mender.flush();
            }
            for (key, bytes) in rows {
                let run = table.run_of(&key);
                if table == Table::OpenRun {
                    if !self.is_open_run_right(&key, &bytes)? {
                        self.stray(table, None, key, &bytes)?;
                    }
                } else if let Some(run_id) = run {
                    let examined = self.look_at(&run_id)?;
                    self.row_of(table, &run_id, &examined, key, &bytes)?;
                } else {
                    self.stray(table, None, key, &bytes)?;
                }
            }
        }
    }

    fn row_of(
        &mut self,
        table: Table,
        run_id: &RunId,
        examined: &Examined,
        key: Vec<u8>,
        bytes: &[u8],
    ) -> Result<(), CheckError> {
        match (examined, table) {
            // Without a history it has not been met yet.
            (Examined::Beyond { identity, why }, Table::Run) => {
                if let Beyond::History(HistoryFault::Empty) = why {
                    self.beyond(run_id, identity.as_deref(), why);
                }
                Ok(())
            }
            (Examined::Beyond { .. }, _) => Ok(()),
            // What it says was looked at with the history.
            (Examined::Kept(_), Table::Snapshot) if key == keys::snapshot(run_id) => Ok(()),
            (Examined::Kept(kept), _) if kept.rows.contains_key(&key) => Ok(()),
            (Examined::Leaving, Table::Snapshot) if key == keys::snapshot(run_id) => Ok(()),
            (Examined::Leaving, Table::LeftOver)
                if key == keys::left_over(run_id)
                    && self
                        .mender
                        .end(&keys::history_all(run_id), store::Direction::Ascending)?
                        .is_some() =>
            {
                Ok(())
            }
            (Examined::Arriving, Table::Import) if key == keys::import(run_id) => Ok(()),
            (Examined::Kept(kept), _) => {
                let run = whose_kept(kept);
                self.stray(table, Some(run), key, bytes)
            }
            (Examined::Leaving | Examined::Arriving | Examined::Absent, _) => {
                let run = whose(run_id, None);
                self.stray(table, Some(run), key, bytes)
            }
        }
    }

    pub fn stray(
        &mut self,
        table: Table,
        run: Option<WhoseRun>,
        key: Vec<u8>,
        bytes: &[u8],
    ) -> Result<(), CheckError> {
        let what = What::Stray { found: Shown::value(table, bytes) };
        self.found(run, table, what, true);
        self.mender.delete(key)
    }

    /// Whether the row of an open run follows from a history; what it holds has been looked at.
    fn is_open_run_right(&mut self, key: &[u8], bytes: &[u8]) -> Result<bool, StoreError> {
        let Some(workflow) = keys::parse_open_run(key) else { return Ok(false) };
        if let Ok(named) = values::parse_open_run(bytes)
            && self.may_be_open(key, &named)?
        {
            return Ok(true);
        }
        // It names the wrong run. The right one is on the list of open executions.
        let WorkflowKey { scope, domain, workflow_id } = &workflow;
        let listing = engine::rows::Listing::Open;
        let (from, to) = (wire::Timestamp(i64::MIN), wire::Timestamp::MAX);
        let mut range = keys::listed(listing, scope, domain, from, to);
        loop {
            let rows = self.mender.next(&mut range)?;
            if rows.is_empty() {
                return Ok(false);
            }
            for position in rows.iter().filter_map(|(key, _)| keys::parse_listed(key)) {
                if position.workflow_id == *workflow_id
                    && self.may_be_open(key, &position.run_id)?
                {
                    return Ok(true);
                }
            }
        }
    }

    fn may_be_open(&mut self, key: &[u8], run_id: &RunId) -> Result<bool, StoreError> {
        Ok(match &*self.look_at(run_id)? {
            Examined::Kept(kept) => kept.rows.contains_key(key),
            Examined::Beyond { .. } => true,
            Examined::Leaving | Examined::Arriving | Examined::Absent => false,
        })
    }
}

pub fn whose_kept(kept: &Kept) -> WhoseRun {
    let identity = kept.identity();
    whose(&identity.run_id, Some(identity))
}

fn whose(run_id: &RunId, identity: Option<&RunIdentity>) -> WhoseRun {
    let workflow = identity.map(|identity| (identity.domain.clone(), identity.workflow_id.clone()));
    WhoseRun { run_id: run_id.clone(), workflow }
}

/// What is wrong with an import under way, if something is.
fn import_fault(
    mender: &Mender<'_>,
    import: &Import,
    run_id: &RunId,
) -> Result<Option<String>, StoreError> {
    let identity = import.replay.identity();
    if !is_possible(mender, identity, run_id) {
        return Ok(Some("it is that of another run".to_owned()));
    }
    Ok(match fold(mender, identity, None)? {
        Ok(folded) if import.replay.state() == Some(&folded.state) => None,
        Ok(_) => Some("it is not what its events come to".to_owned()),
        Err(fault) => Some(fault.to_string()),
    })
}
