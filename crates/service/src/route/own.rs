//! Routes requests of our own operations. They have no throttles of AWS's; their room is that of all
//! requests.

use super::{Desk, ToShard};
use crate::api::{Answer, Pending, Reply};
use crate::backups::Place;
use crate::judge::{Asker, Judgment};
use crate::keys;
use crate::reader::Read;
use crate::shard::{Last, Piece, ShardCommand};
use crate::shared::Shared;
use access::Caller;
use engine::{RunIdentity, Scope};
use std::sync::Arc;
use wire::*;

/// Random bytes in the id of a backup.
const BACKUP_ID_BYTES: usize = 16;

impl Shared {
    /// Starts a checked request of our own; the answer comes through what is returned. Never blocks.
    pub fn operate(&self, caller: &Caller, request: OwnRequest) -> Pending {
        self.enter(|answer, judgment| match self.admit_own(caller, &request, judgment) {
            Ok(desk) => desk.route_own(answer, request),
            Err(fault) => answer.send(Err(fault)),
        })
    }

    fn admit_own(
        &self,
        caller: &Caller,
        request: &OwnRequest,
        judgment: Judgment,
    ) -> Result<Desk<'_>, Fault> {
        let scope = Scope { account: caller.account.clone(), region: caller.region.clone() };
        let asker = Asker::of(caller, judgment);
        if let Some(asker) = &asker {
            self.judge.own(asker, request, self.clock.now())?;
        }
        let origin = Arc::clone(&caller.origin);
        Ok(Desk { shared: self, scope, asker, origin, task: None })
    }
}

impl Desk<'_> {
    fn route_own(self, answer: Answer, request: OwnRequest) {
        match request {
            OwnRequest::BeginBackup(BeginBackupInput {}) => {
                let begin = Read::BeginBackup(self.mint_backup_id(), self.shared.clock.now());
                self.to_reader(answer, Ok(begin));
            }
            OwnRequest::ReadBackup(input) => {
                let now = self.shared.clock.now();
                self.to_reader(answer, Place::parse(input).map(|place| Read::Backup(place, now)));
            }
            OwnRequest::EndBackup(EndBackupInput { backup_id }) => {
                answer.send(self.shared.backups.end(&backup_id).map(|()| Reply::Empty));
            }
            OwnRequest::DescribeServer(DescribeServerInput {}) => {
                answer.send(Ok(Reply::json(&ServerDetail {
                    version: env!("CARGO_PKG_VERSION").to_owned(),
                    started_at: self.shared.opened_at,
                    now: self.shared.clock.now(),
                })));
            }
            OwnRequest::ImportWorkflowExecution(input) => {
                self.to_shard(answer, self.import(input));
            }
            OwnRequest::DescribeLoad(input) => {
                self.shared.describe_load(answer, self.scope, self.asker.as_deref(), input);
            }
            OwnRequest::DescribeTaskLists(input) => {
                self.shared.describe_task_lists(answer, self.scope, input);
            }
            OwnRequest::WaitForEvents(input) => {
                self.shared.wait_for_events(answer, self.scope, self.asker, input);
            }
        }
    }

    /// Nobody who may not begin a backup can guess it.
    fn mint_backup_id(&self) -> BackupId {
        let mut random = [0; BACKUP_ID_BYTES];
        self.shared.entropy.fill(&mut random);
        random.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
    }

    fn import(&self, input: ImportWorkflowExecutionInput) -> Result<ToShard, Fault> {
        self.check_domain(&input.domain)?;
        let WorkflowExecution { workflow_id, run_id } = input.execution;
        let workflow = self.workflow(&input.domain, workflow_id.clone());
        let (scope, domain) = (self.scope.clone(), input.domain);
        let identity = RunIdentity { scope, domain, workflow_id, run_id };
        let last = input.is_last.unwrap_or(false).then(|| {
            let resend = input.resend.unwrap_or_default();
            let run_ids = resend.iter().map(|_| self.mint_run_id()).collect();
            let times_out_started = input.times_out_started.unwrap_or(false);
            Last { times_out_started, resend, run_ids }
        });
        let piece = Piece { identity, events: input.events, last };
        Ok((keys::shard_of(&workflow), ShardCommand::Import(Box::new(piece))))
    }
}
