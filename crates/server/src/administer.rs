//! Operations on identities that come in over the network, after their sender is known.
//!
//! Invariants: nothing is carried out that the sender's policies do not allow; without access
//! control nothing is carried out at all, since whoever reached the server could make themselves a
//! key that outlives it. What comes in and goes out may hold secrets, so nothing here logs either
//! but what has no effect in a policy that was taken, and the steps of an import: what they do to
//! whom.

use crate::about::About;
use crate::answer::Answer;
use access::identity::{
    Asker, IdentityFault, IdentityReply, IdentityRequest, ImportIdentities, ImportStepView, Judged,
    Simulation,
};
use access::{Action, Authority, Caller, KeyRef, Principal, PrincipalKind, Verdict};
use hyper::StatusCode;
use serde_json::json;
use service::{Asking, Clock, Identities, IdentityError, IdentityReader};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::Semaphore;
use wire::{Fault, Timestamp};

/// The service in `X-Amz-Target`.
const TARGET: &str = "TidewheelIdentity";
/// How many operations are under way at once; others wait, as many as there are connections.
const UNDER_WAY_MAX: usize = 4;
/// How many simulations are. They change nothing, and who does is not to wait for them.
const SIMULATIONS_MAX: usize = 2;
/// The operation that is one.
const SIMULATION: &str = "SimulatePrincipalPolicy";
/// How many warnings of the policies of one operation are logged.
const WARNINGS_MAX: usize = 8;

/// How many steps of one import are logged.
const STEPS_MAX: usize = 1_000;

/// The identities, for those who administer them through the server.
pub struct Administration {
    identities: Mutex<Identities>,
    reader: IdentityReader,
    clock: Arc<dyn Clock>,
    /// Commits wait for the disk, in threads that others need, too.
    room: Arc<Semaphore>,
    room_to_simulate: Arc<Semaphore>,
}

/// What came of an operation.
#[derive(Debug)]
pub struct Administered {
    /// What is answered.
    pub reply: Result<IdentityReply, IdentityFault>,
    /// What was asked for and whether it was allowed, if it came to that: for the audit.
    pub judged: Option<(Action, Arc<str>, Decided)>,
    /// What else it is about, for the audit as well.
    pub about: About,
}

/// What was decided of an operation, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decided {
    /// What the sender's policies say counted; or the operation grants what it grants to all.
    Said(Verdict),
    /// The policies allow it, but the role lets the sender in by none of its statements, or it is
    /// not there: that is told as little as whether it is.
    Untrusted,
    /// The policies allow it, and the operation refuses it all the same: accounts are made on the
    /// data directory alone, the root assumes no roles, and an import may do no more than each of
    /// its steps.
    Refused,
}

/// The operation that `X-Amz-Target` names, if it is one on identities: its name, or nothing if
/// there is none of that name.
pub fn administered_operation(target: &str) -> Option<Option<&'static str>> {
    let (service, name) = target.rsplit_once('.')?;
    let known = || IdentityRequest::OPERATIONS.iter().copied().find(|known| *known == name);
    (service == TARGET).then(known)
}

impl Administration {
    /// Administers `identities`.
    pub fn new(identities: Identities, clock: Arc<dyn Clock>) -> Administration {
        Administration {
            reader: identities.reader(),
            identities: Mutex::new(identities),
            clock,
            room: Arc::new(Semaphore::new(UNDER_WAY_MAX)),
            room_to_simulate: Arc::new(Semaphore::new(SIMULATIONS_MAX)),
        }
    }

    /// The identities, for those who look.
    pub fn reader(&self) -> IdentityReader {
        self.reader.clone()
    }

    /// Lends the identities out, for what is not asked for over the network. Blocks.
    pub fn with<T>(&self, act: impl FnOnce(&mut Identities) -> T) -> T {
        act(&mut self.identities())
    }

    /// Whoever panics with the identities loses their own request alone. What they have left in
    /// memory may be wrong, so it is read again before it is used.
    fn identities(&self) -> MutexGuard<'_, Identities> {
        self.identities.lock().unwrap_or_else(|poisoned| {
            let mut identities = poisoned.into_inner();
            identities.distrust();
            self.identities.clear_poison();
            identities
        })
    }

    /// Carries an operation out for `caller`, whose signature is right. Blocks: see
    /// [`Administration::answer`].
    ///
    /// Whoever was in front of the caller may have taken the key away, or rights: both are looked at
    /// when nobody else can change them any more. A fault says that the key is not good now.
    pub fn administer(
        &self,
        caller: &Caller,
        operation: &str,
        body: &[u8],
    ) -> Result<Administered, Fault> {
        let refused =
            |fault| Ok(Administered { reply: Err(fault), judged: None, about: About::default() });
        let key = match &caller.authority {
            Authority::Principal(_, key) => key,
            Authority::Unrestricted => return refused(without_access_control()),
        };
        // What an import is judged on first does not depend on its document, which may be long.
        let import = IdentityRequest::from(ImportIdentities::default());
        if operation == import.operation() {
            let now = self.clock.now();
            if let Err(administered) =
                self.judge(&import, caller, &*self.reader.refresh(key, now)?, now)
            {
                return Ok(*administered);
            }
        }
        let request = match IdentityRequest::parse(operation, body) {
            Ok(request) => request,
            Err(fault) => return refused(fault),
        };
        if let IdentityRequest::SimulatePrincipalPolicy(asked) = &request {
            // Many are judged by it, and it changes nothing: who changes something does not wait.
            return self.judged(caller, key, &request, |asking, now| {
                let Asking { account, region, .. } = *asking;
                self.reader.directory().simulate(asked, &Simulation { account, region, now })
            });
        }
        let mut identities = self.identities();
        if identities.trust(self.clock.now()).is_err() {
            return refused(IdentityFault::ServiceFailure);
        }
        self.judged(caller, key, &request, |asking, now| {
            identities.handle(&request, asking, now).map_err(|error| match error {
                IdentityError::Refused(fault) => fault,
                IdentityError::Unavailable => IdentityFault::ServiceFailure,
            })
        })
    }

    /// Looks who the caller is now and what they may, and has the operation carried out if they may.
    fn judged(
        &self,
        caller: &Caller,
        key: &KeyRef,
        request: &IdentityRequest,
        carry_out: impl FnOnce(&Asking<'_>, Timestamp) -> Result<IdentityReply, IdentityFault>,
    ) -> Result<Administered, Fault> {
        let now = self.clock.now();
        let principal = &self.reader.refresh(key, now)?;
        let judged = match self.judge(request, caller, principal, now) {
            Ok(judged) => judged,
            Err(administered) => return Ok(*administered),
        };
        let Judged { action, resource, named: _, verdict } = judged;
        let asking = Asking {
            account: &caller.account,
            caller: Some(principal),
            origin: Some(&caller.origin),
            region: &caller.region,
            short_secrets: false,
        };
        let reply = carry_out(&asking, now);
        if let Ok(reply) = &reply {
            warn(request, &principal.arn, &caller.account);
            log_steps(request, reply, &principal.arn);
        }
        let decided = outcome(&reply, action, verdict, principal);
        let judged = decided.map(|decided| (action, resource, decided));
        let about = About::of(request).with(&reply);
        Ok(Administered { reply, judged, about })
    }

    /// What the policies of `principal` say of a request of `caller`, or how it is refused at once.
    fn judge(
        &self,
        request: &IdentityRequest,
        caller: &Caller,
        principal: &Principal,
        now: Timestamp,
    ) -> Result<Judged, Box<Administered>> {
        let asker = Asker {
            principal,
            account: &caller.account,
            origin: Some(&caller.origin),
            region: &caller.region,
            now,
        };
        let judged = request.judge(&self.reader.directory(), &asker).map_err(|fault| {
            Administered { reply: Err(fault), judged: None, about: About::default() }
        })?;
        match judged.refusal(principal) {
            Some(fault) if !is_judged_by_itself(judged.action) => {
                let Judged { action, resource, named: _, verdict } = judged;
                let judged = Some((action, resource, Decided::Said(verdict)));
                let about = About::of(request);
                Err(Box::new(Administered { reply: Err(fault), judged, about }))
            }
            Some(_) | None => Ok(judged),
        }
    }

    /// The same as an HTTP answer, without blocking whoever awaits it. An operation that has begun
    /// comes to its end, even if nobody waits for it any more.
    pub async fn answer(
        self: Arc<Administration>,
        caller: Caller,
        operation: String,
        body: Vec<u8>,
    ) -> Result<(Answer, Option<(Action, Arc<str>, Decided)>, About), Fault> {
        let this = Arc::clone(&self);
        let room = if operation == SIMULATION { &self.room_to_simulate } else { &self.room };
        let room = Arc::clone(room).acquire_owned().await.expect("it is never closed");
        // It takes room for as long as it runs, and not only while somebody waits for it.
        let run = move || {
            let _room = room;
            this.administer(&caller, &operation, &body)
        };
        match tokio::task::spawn_blocking(run).await {
            Ok(administered) => {
                let Administered { reply, judged, about } = administered?;
                Ok((answer(reply), judged, about))
            }
            // It panicked, which the panic hook has reported.
            Err(_) => Ok((answer(Err(IdentityFault::ServiceFailure)), None, About::default())),
        }
    }
}

/// What is answered where nobody knows who asks.
pub(crate) fn refuse_without_access_control() -> Answer {
    answer(Err(without_access_control()))
}

fn without_access_control() -> IdentityFault {
    IdentityFault::AccessDenied(
        "Identities are not administered through a server without access control: use the data \
         directory"
            .to_owned(),
    )
}

fn answer(reply: Result<IdentityReply, IdentityFault>) -> Answer {
    match reply {
        Ok(reply) => {
            let body = serde_json::to_vec(&reply).expect("a reply has text keys");
            Answer::json(StatusCode::OK, body)
        }
        Err(fault) => {
            // As in the JSON protocol of the API, the code says what is wrong, and not the status.
            let status = match fault {
                IdentityFault::ServiceFailure => StatusCode::INTERNAL_SERVER_ERROR,
                IdentityFault::NoSuchEntity(_)
                | IdentityFault::EntityAlreadyExists(_)
                | IdentityFault::LimitExceeded(_)
                | IdentityFault::DeleteConflict(_)
                | IdentityFault::MalformedPolicyDocument(_)
                | IdentityFault::InvalidInput(_)
                | IdentityFault::Validation(_)
                | IdentityFault::AccessDenied(_)
                | IdentityFault::PackedPolicyTooLarge(_)
                | IdentityFault::InvalidAction(_) => StatusCode::BAD_REQUEST,
            };
            let name = format!("com.tidewheel.identity#{}", fault.code());
            let body = json!({ "__type": name, "message": fault.to_string() });
            Answer::json(status, body.to_string().into_bytes())
        }
    }
}

/// Says what has no effect in the policies that a request gives.
fn warn(request: &IdentityRequest, principal: &str, account: &str) {
    let operation = request.operation();
    let warnings = request.warnings(Some(account));
    for warning in warnings.iter().take(WARNINGS_MAX) {
        let warning = warning.to_string();
        let warning = warning.as_str();
        tracing::warn!(operation, principal, warning, "a policy has what matches nothing");
    }
    let more = warnings.len().saturating_sub(WARNINGS_MAX);
    if more > 0 {
        tracing::warn!(operation, principal, more, "a policy has more that matches nothing");
    }
}

/// Says what an import has changed, as it is said of a file that is read again: its line of the
/// audit has the import alone.
fn log_steps(request: &IdentityRequest, reply: &IdentityReply, principal: &str) {
    let steps = steps_done(request, reply);
    for step in steps.iter().take(STEPS_MAX) {
        let (operation, resource) = (step.operation, step.resource.as_str());
        let about = step.about.as_deref();
        tracing::info!(operation, resource, about, principal, "changed");
    }
    let more = steps.len().saturating_sub(STEPS_MAX);
    if more > 0 {
        tracing::info!(more, principal, "changed more");
    }
}

fn steps_done<'a>(request: &IdentityRequest, reply: &'a IdentityReply) -> &'a [ImportStepView] {
    if let IdentityRequest::ImportIdentities(import) = request
        && !import.dry_run
        && let IdentityReply::Imported { steps, .. } = reply
    {
        return steps;
    }
    // What changes one thing has it in its line of the audit.
    &[]
}

/// Two are carried out whatever the sender's policies say: who somebody is, they may always know,
/// and who may assume a role, the role says, too.
fn is_judged_by_itself(action: Action) -> bool {
    matches!(action, Action::GetCallerIdentity | Action::AssumeRole)
}

/// What came of it in the end. An operation may refuse what the policies allow, as an account is
/// made nowhere but on the data directory; and grant what they say nothing of. Nothing, if one that
/// judges itself failed otherwise.
fn outcome(
    reply: &Result<IdentityReply, IdentityFault>,
    action: Action,
    verdict: Verdict,
    principal: &Principal,
) -> Option<Decided> {
    let is_root = principal.kind == PrincipalKind::Account;
    match (reply, verdict) {
        // The root is refused before the role is asked.
        (Err(IdentityFault::AccessDenied(_)), Verdict::Allowed(_))
            if action == Action::AssumeRole && !is_root =>
        {
            Some(Decided::Untrusted)
        }
        (Err(IdentityFault::AccessDenied(_)), Verdict::Allowed(_)) => Some(Decided::Refused),
        (Err(IdentityFault::AccessDenied(_)), denied @ Verdict::Denied(_)) => {
            Some(Decided::Said(denied))
        }
        (Err(_), _) if is_judged_by_itself(action) => None,
        (_, Verdict::Denied(_)) => Some(Decided::Said(Verdict::Allowed(None))),
        (_, allowed @ Verdict::Allowed(_)) => Some(Decided::Said(allowed)),
    }
}

#[cfg(test)]
mod tests;
