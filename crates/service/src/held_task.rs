//! From the token that a caller presents to the task that it names.
//!
//! What a request may do is judged on the task's domain, before any state is looked at, so the
//! domain has to be known by then.

use crate::shard::unknown_run;
use crate::shared::Shared;
use crate::token::{Home, OpenedTask, TaskDelivery, TaskRef, digest_of};
use crate::values::LoadError;
use crate::{history, keys, values};
use engine::Scope;
use engine::rows::{Key, TaskKind};
use store::ShardId;
use wire::{DomainName, Fault, TaskToken, Timestamp};

/// The task of a token that was presented.
#[derive(Clone)]
pub struct HeldTask {
    pub task: TaskRef,
    /// If the store was restored since the token was made: until when the backup holds events.
    started_until: Option<Timestamp>,
}

impl Shared {
    /// The task of a token. One that we did not make for such a task, and one that is another
    /// account's or region's, are refused in the same words: who should not have a token learns
    /// nothing from presenting it.
    pub fn held_task(
        &self,
        scope: &Scope,
        kind: TaskKind,
        token: &TaskToken,
    ) -> Result<HeldTask, Fault> {
        let OpenedTask { home, delivery, started_until } = self.tokens.open_task(kind, token)?;
        let (of, domain) = match home {
            Home::Named(of, domain) => (of, domain),
            Home::Digested(of, digest) => {
                let domain = self.domain_of(&of, &digest).ok_or_else(Fault::invalid_token)?;
                (of, domain)
            }
            Home::Unsaid => self.home_of(&delivery)?,
        };
        if of != *scope {
            return Err(Fault::invalid_token());
        }
        Ok(HeldTask { task: TaskRef { scope: of, domain, delivery }, started_until })
    }

    /// Refuses the token of a task that was started later than the backup goes, or is not there, if the
    /// store was restored since it was made. For whoever may answer to the task, and is not held up:
    /// it reads a row, as tokens of earlier releases do; such tokens come to an end with their tasks.
    /// An event that is there stays as it is, so nothing changes until the shard is asked.
    pub fn check_started(&self, held: &HeldTask) -> Result<(), Fault> {
        let Some(until) = held.started_until else { return Ok(()) };
        let TaskDelivery { shard, run_id, started_event_id, .. } = &held.task.delivery;
        match history::event(&*self.store, ShardId(*shard), run_id, *started_event_id) {
            Ok(started) if started.event_timestamp <= until => Ok(()),
            Ok(_) | Err(LoadError::Damaged(_)) => Err(Fault::invalid_token()),
            Err(LoadError::Store(error)) => {
                tracing::error!(%error, "the start of a task could not be read");
                Err(Fault::Internal)
            }
        }
    }

    /// The domain with a long name of that digest. A quota bounds how many are looked at.
    fn domain_of(&self, scope: &Scope, digest: &[u8; 32]) -> Option<DomainName> {
        let registry = self.registry.read().expect("no writer panics");
        let mut names = registry.domains(scope).map(|domain| &domain.record.name);
        names.find(|name| digest_of(name).as_ref() == Some(digest)).cloned()
    }

    /// Where a run lives whose task has a token of an earlier release. That reads a row, which
    /// nothing else does before the shard: such tokens come to an end with their tasks.
    fn home_of(&self, delivery: &TaskDelivery) -> Result<(Scope, DomainName), Fault> {
        let TaskDelivery { shard, run_id, .. } = delivery;
        let row = self.store.get(ShardId(*shard), &keys::row(&Key::Run(run_id.clone())));
        let row = row.map_err(|error| {
            tracing::error!(%error, "the run of a token could not be read");
            Fault::Internal
        })?;
        // It has expired, and its domain is not known any more.
        let row = row.ok_or_else(|| unknown_run(run_id))?;
        let identity = values::parse_identity(&row).map_err(|damage| {
            tracing::error!(%damage, "the run of a token is damaged");
            Fault::Internal
        })?;
        Ok((identity.scope, identity.domain))
    }
}
