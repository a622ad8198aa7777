//! What a run has to do with others and with the registry: its domain, and the runs that it goes on
//! from and that go on from it.

use super::CheckError;
use super::finding::What;
use super::run::Kept;
use super::shard::{ShardCheck, whose_kept};
use crate::keys::{self, Table};
use crate::values;
use engine::registry::DomainRecord;
use store::{Direction, StoreError};
use wire::{Event, EventAttributes, RunId, Timeout};

const DAY_SECONDS: u32 = 24 * 60 * 60;

/// Checks a run's domain and its neighbors. Nothing of this follows from the run's own history, so
/// nothing is repaired.
pub fn check(check: &mut ShardCheck<'_, '_>, kept: &Kept) -> Result<(), CheckError> {
    let identity = kept.identity();
    let key = keys::domain(&identity.scope, &identity.domain);
    let domain = check.mender.get_elsewhere(keys::REGISTRY_SHARD, &key)?;
    let Some(domain) = domain else {
        let what = What::DomainMissing { domain: identity.domain.clone() };
        found(check, kept, Table::Run, what);
        return Ok(());
    };
    if let Some(successor) = &kept.folded.successor {
        match other(check, successor, Direction::Ascending)? {
            Other::There(first) => names(check, kept, successor, goes_on_from(&first)),
            Other::Unclear => (),
            Other::Gone => {
                // A record that does not decode is reported with the registry.
                let Ok(domain) = values::parse_json::<DomainRecord>(&domain) else { return Ok(()) };
                // A successor does not expire before the run that it goes on from.
                let closed = kept.folded.state.closed.map(|closed| closed.at);
                let kept_for = Timeout::Seconds(domain.retention.days() * DAY_SECONDS);
                if closed.is_some_and(|at| at.after(kept_for) > check.audit.now) {
                    let what = What::SuccessorMissing { run_id: successor.clone() };
                    found(check, kept, Table::Run, what);
                }
            }
        }
    }
    if let Some(predecessor) = &kept.folded.predecessor
        && let Other::There(last) = other(check, predecessor, Direction::Descending)?
    {
        names(check, kept, predecessor, goes_on_as(&last));
    }
    Ok(())
}

/// Another run of the shard.
enum Other {
    /// Its first event, or its last.
    There(Box<Event>),
    /// It is being removed, or what there is of it cannot be read, which is reported by itself.
    Unclear,
    Gone,
}

fn found(check: &mut ShardCheck<'_, '_>, kept: &Kept, table: Table, what: What) {
    check.audit.found(&check.mender, Some(whose_kept(kept)), Some(table), what, false);
}

fn names(check: &mut ShardCheck<'_, '_>, kept: &Kept, other: &RunId, names: Option<RunId>) {
    if names.as_ref() != Some(&kept.identity().run_id) {
        found(check, kept, Table::History, What::Unlinked { other: other.clone(), names });
    }
}

fn other(check: &ShardCheck<'_, '_>, run_id: &RunId, end: Direction) -> Result<Other, StoreError> {
    if check.mender.get(&keys::left_over(run_id))?.is_some() {
        return Ok(Other::Unclear);
    }
    let row = check.mender.end(&keys::history_all(run_id), end)?;
    let Some((_, bytes)) = row else { return Ok(Other::Gone) };
    let Ok(jsons) = values::event_jsons(&bytes) else { return Ok(Other::Unclear) };
    let json = match end {
        Direction::Ascending => jsons.first(),
        Direction::Descending => jsons.last(),
    };
    let event = json.and_then(|json| values::parse_event(json).ok());
    Ok(event.map_or(Other::Unclear, |event| Other::There(Box::new(event))))
}

fn goes_on_from(first: &Event) -> Option<RunId> {
    let EventAttributes::WorkflowExecutionStarted(started) = &first.attributes else {
        return None;
    };
    started.continued_execution_run_id.clone()
}

fn goes_on_as(last: &Event) -> Option<RunId> {
    let EventAttributes::WorkflowExecutionContinuedAsNew(on) = &last.attributes else {
        return None;
    };
    Some(on.new_execution_run_id.clone())
}
