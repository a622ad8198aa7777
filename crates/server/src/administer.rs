//! Operations on identities that come in over the network, after their sender is known.
//!
//! Invariants: nothing is carried out that the sender's policies do not allow; without access
//! control nothing is carried out at all, since whoever reached the server could make themselves a
//! key that outlives it. What comes in and goes out may hold secrets, so nothing here logs either.

use crate::answer::Answer;
use access::identity::{Directory, IdentityFault, IdentityReply, IdentityRequest, Tags};
use access::{Action, Authority, Caller, Check, Principal, ServiceValues, Verdict};
use hyper::StatusCode;
use serde_json::json;
use service::{Asking, Clock, Identities, IdentityError, IdentityReader};
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;

/// The service in `X-Amz-Target`.
const TARGET: &str = "TidewheelIdentity";
/// How many operations are under way at once; others wait, as many as there are connections.
const UNDER_WAY_MAX: usize = 4;

/// The identities, for those who administer them through the server.
pub struct Administration {
    identities: Mutex<Identities>,
    reader: IdentityReader,
    clock: Arc<dyn Clock>,
    /// Commits wait for the disk, in threads that others need, too.
    room: Semaphore,
}

/// What came of an operation.
#[derive(Debug)]
pub struct Administered {
    /// What is answered.
    pub reply: Result<IdentityReply, IdentityFault>,
    /// What the policies were asked and said, if they were: for the audit.
    pub judged: Option<(Action, Arc<str>, Verdict)>,
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
            room: Semaphore::new(UNDER_WAY_MAX),
        }
    }

    /// The identities, for those who look.
    pub fn reader(&self) -> IdentityReader {
        self.reader.clone()
    }

    /// Lends the identities out, for what is not asked for over the network. Blocks.
    pub fn with<T>(&self, act: impl FnOnce(&mut Identities) -> T) -> T {
        act(&mut self.identities.lock().expect("no holder panics"))
    }

    /// Carries an operation out for `caller`, whose signature is right. Blocks: see
    /// [`Administration::answer`].
    pub fn administer(&self, caller: &Caller, operation: &str, body: &[u8]) -> Administered {
        let refused = |fault| Administered { reply: Err(fault), judged: None };
        let principal = match &caller.authority {
            Authority::Principal(principal, _) => principal,
            Authority::Unrestricted => {
                return refused(without_access_control());
            }
        };
        let request = match IdentityRequest::parse(operation, body) {
            Ok(request) => request,
            Err(fault) => return refused(fault),
        };
        let now = self.clock.now();
        let mut identities = self.identities.lock().expect("no holder panics");
        let directory = self.reader.directory();
        let judged = judge(&directory, caller, principal, &request, now);
        drop(directory); // What nobody holds is not copied when it changes.
        if let Some((action, resource, Verdict::Denied(denial))) = &judged {
            let text = denial.text(&principal.arn, *action, resource);
            return Administered { reply: Err(IdentityFault::AccessDenied(text)), judged };
        }
        let asking = Asking {
            account: &caller.account,
            caller: Some(principal),
            origin: Some(&caller.origin),
            region: &caller.region,
            short_secrets: false,
        };
        let reply = identities.handle(&request, &asking, now).map_err(|error| match error {
            IdentityError::Refused(fault) => fault,
            IdentityError::Unavailable => IdentityFault::ServiceFailure,
        });
        Administered { reply, judged }
    }

    /// The same as an HTTP answer, without blocking whoever awaits it. An operation that has begun
    /// comes to its end, even if nobody waits for it any more.
    pub async fn answer(
        self: Arc<Administration>,
        caller: Caller,
        operation: String,
        body: Vec<u8>,
    ) -> (Answer, Option<(Action, Arc<str>, Verdict)>) {
        let this = Arc::clone(&self);
        let _room = self.room.acquire().await.expect("it is never closed");
        let run = move || this.administer(&caller, &operation, &body);
        match tokio::task::spawn_blocking(run).await {
            Ok(Administered { reply, judged }) => (answer(reply), judged),
            // It panicked, which the panic hook has reported.
            Err(_) => (answer(Err(IdentityFault::ServiceFailure)), None),
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

/// What the sender's policies say of a request. Two are not asked about: who somebody is, they may
/// always know, and who may assume a role, the role says, too.
fn judge(
    directory: &Directory,
    caller: &Caller,
    principal: &Arc<Principal>,
    request: &IdentityRequest,
    now: wire::Timestamp,
) -> Option<(Action, Arc<str>, Verdict)> {
    let action = request.action();
    if matches!(action, Action::GetCallerIdentity | Action::AssumeRole) {
        return None;
    }
    let resource = request.resource(directory, &caller.account, principal.user_name.as_deref());
    let tags = resource_tags(directory, &caller.account, &resource);
    let given = request_tags(request);
    let keys: Vec<&str> = given.iter().map(|(key, _)| *key).chain(untagged(request)).collect();
    let check = Check {
        action,
        resource: &resource,
        values: ServiceValues::default(),
        resource_tags: tags,
        request_tags: &given,
        tag_keys: &keys,
        origin: Some(&caller.origin),
        region: &caller.region,
        now,
    };
    let verdict = caller.judge(&check);
    Some((action, resource.into(), verdict))
}

/// The tags of a user or a role that is there.
fn resource_tags<'d>(directory: &'d Directory, account: &str, arn: &str) -> Option<&'d Tags> {
    let (_, name) = arn.rsplit_once('/')?;
    let user = directory.user(account, name).filter(|user| user.arn(account) == arn);
    let role = directory.role(account, name).filter(|role| role.arn(account) == arn);
    user.map(|user| &user.tags).or_else(|| role.map(|role| &role.tags))
}

/// The tags that a request gives.
fn request_tags(request: &IdentityRequest) -> Vec<(&str, &str)> {
    let tags = if let IdentityRequest::CreateUser(request) = request {
        &request.tags
    } else if let IdentityRequest::TagUser(request) = request {
        &request.tags
    } else if let IdentityRequest::CreateRole(request) = request {
        &request.tags
    } else if let IdentityRequest::TagRole(request) = request {
        &request.tags
    } else {
        return Vec::new();
    };
    tags.iter().map(|tag| (tag.key.as_str(), tag.value.as_str())).collect()
}

/// The keys of the tags that a request takes away.
fn untagged(request: &IdentityRequest) -> impl Iterator<Item = &str> {
    let keys: &[String] = if let IdentityRequest::UntagUser(request) = request {
        &request.tag_keys
    } else if let IdentityRequest::UntagRole(request) = request {
        &request.tag_keys
    } else {
        &[]
    };
    keys.iter().map(String::as_str)
}

#[cfg(test)]
mod tests;
