//! The audit: a line of the log about each request that is a call, of who asked for what and what
//! was decided. Its target is `audit`, its level `info`. Of strangers there are not more lines than
//! so many, and then one that says how many were left out (`strangers.rs`); of those who are let in
//! there is each.
//!
//! Says nothing of what a request holds but the resource that it names, with the list and the types
//! in it, and nothing that would help to send another one.

use crate::about::About;
use crate::administer::Decided;
use crate::authentication::{Stranger, StrangerReason};
use crate::request_id::RequestId;
use crate::strangers::LeftOut;
use access::{Action, Authority, Caller, Matched, Verdict};
use hyper::StatusCode;
use service::{Judgment, Named};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;
use wire::Fault;

/// The log's target for these lines, so that they can be kept apart.
const TARGET: &str = "audit";

/// What is known of a call so far.
#[derive(Debug, Default)]
pub(crate) struct Audit {
    sender: Sender,
    /// Such as `swf:ListDomains`, as the request says; what was judged is more exact.
    action: Option<(&'static str, &'static str)>,
    judged: Judged,
    about: About,
}

#[derive(Debug, Default)]
enum Sender {
    /// It did not come to that.
    #[default]
    Unknown,
    /// Access control is off.
    Anybody,
    /// There was no room for its body, so nobody asked.
    Unheard,
    /// Who is not let in.
    Stranger { key: Option<Arc<str>>, owner: Option<Arc<str>>, reason: StrangerReason },
    /// Someone, by a key.
    Known { arn: Arc<str>, access_key_id: Arc<str> },
    /// Someone whose key was good, and is no more.
    Former(Arc<str>, &'static str),
}

#[derive(Debug, Default)]
enum Judged {
    #[default]
    Nothing,
    /// To be read when the call is over.
    Pending(Judgment),
    Decided(Action, Arc<str>, Decided),
}

/// The same when it is written.
struct Ruling {
    action: Action,
    resource: Arc<str>,
    named: Named,
    /// Why it was denied, if it was.
    denied: Option<&'static str>,
    by: Option<Matched>,
    decisions_denied: usize,
    denied_actions: BTreeSet<Action>,
    run_id: Option<Arc<str>>,
}

impl From<service::Judged> for Ruling {
    fn from(judged: service::Judged) -> Ruling {
        let service::Judged { action, resource, named, verdict, .. } = judged;
        let (denied, by) = said(verdict);
        let service::Judged { decisions_denied, denied_actions, run_id, .. } = judged;
        Ruling { action, resource, named, denied, by, decisions_denied, denied_actions, run_id }
    }
}

/// Why a verdict denies, if it does, and by which statement.
fn said(verdict: Verdict) -> (Option<&'static str>, Option<Matched>) {
    match verdict {
        Verdict::Allowed(by) => (None, by),
        Verdict::Denied(denial) => (Some(denial.reason.word()), denial.by),
    }
}

impl Audit {
    /// The operation that is called.
    pub fn calls(&mut self, service: &'static str, operation: &'static str) {
        self.action = Some((service, operation));
    }

    /// The sender is known.
    pub fn sent_by(&mut self, caller: &Caller) {
        self.sender = match &caller.authority {
            Authority::Unrestricted => Sender::Anybody,
            Authority::Principal(principal, key) => {
                let access_key_id = key.access_key_id.clone();
                Sender::Known { arn: principal.arn.clone(), access_key_id }
            }
        };
    }

    /// The sender was not let in.
    pub fn refused(&mut self, stranger: &Stranger) {
        let Stranger { access_key_id, owner, reason, fault: _ } = stranger;
        let (key, owner) = (access_key_id.clone(), owner.clone());
        self.sender = Sender::Stranger { key, owner, reason: *reason };
    }

    /// There was no room for the body.
    pub fn unheard(&mut self) {
        self.sender = Sender::Unheard;
    }

    /// Where it will be noted what the policies say.
    pub fn judged_in(&mut self, judgment: Judgment) {
        self.judged = Judged::Pending(judgment);
    }

    /// What was decided of an operation on identities.
    pub fn judged(&mut self, (action, resource, decided): (Action, Arc<str>, Decided)) {
        self.judged = Judged::Decided(action, resource, decided);
    }

    /// What else an operation on identities is about.
    pub fn about(&mut self, about: About) {
        self.about = about;
    }

    /// A call was refused after its sender was let in. His credential may have ended meanwhile.
    pub fn failed(&mut self, fault: &Fault) {
        if matches!(fault, Fault::UnrecognizedClient | Fault::ExpiredToken)
            && let Sender::Known { access_key_id, .. } = &self.sender
        {
            let why = if *fault == Fault::ExpiredToken { "expired-session" } else { "ended" };
            self.sender = Sender::Former(access_key_id.clone(), why);
        }
    }

    /// Whether nobody was let in. Where nobody asks, everybody is.
    pub fn is_of_stranger(&self) -> bool {
        match self.sender {
            Sender::Unknown | Sender::Unheard | Sender::Stranger { .. } => true,
            Sender::Anybody | Sender::Known { .. } | Sender::Former(..) => false,
        }
    }

    fn ruling(&self) -> Option<Ruling> {
        match &self.judged {
            Judged::Nothing => None,
            Judged::Pending(judgment) => judgment.read().map(Ruling::from),
            Judged::Decided(action, resource, decided) => {
                let (denied, by) = match decided {
                    Decided::Said(verdict) => said(verdict.clone()),
                    Decided::Untrusted => (Some("trust"), None),
                    Decided::Refused => (Some("operation"), None),
                };
                Some(Ruling {
                    action: *action,
                    resource: resource.clone(),
                    named: Named::default(),
                    denied,
                    by,
                    decisions_denied: 0,
                    denied_actions: BTreeSet::new(),
                    run_id: None,
                })
            }
        }
    }

    /// Writes the line. There is no status if the client went away.
    pub fn write(
        &self,
        request_id: &RequestId,
        source: Option<IpAddr>,
        status: Option<StatusCode>,
    ) {
        if !tracing::enabled!(target: TARGET, tracing::Level::INFO) {
            return;
        }
        let ruling = self.ruling();
        let judged = ruling.as_ref();
        let (principal, key) = match &self.sender {
            Sender::Unknown | Sender::Unheard | Sender::Anybody => (None, None),
            Sender::Stranger { key, owner, reason: _ } => (owner.as_deref(), key.as_deref()),
            Sender::Former(key, _) => (None, Some(&**key)),
            Sender::Known { arn, access_key_id } => (Some(&**arn), Some(&**access_key_id)),
        };
        let denied = judged.map(|judged| judged.denied);
        let decision = match (&self.sender, denied) {
            // That says nothing about the key.
            (
                Sender::Unheard | Sender::Stranger { reason: StrangerReason::TooManyFailures, .. },
                _,
            ) => "throttled",
            (Sender::Unknown | Sender::Stranger { .. } | Sender::Former(..), _) => {
                "unauthenticated"
            }
            (Sender::Anybody, _) => "off",
            (Sender::Known { .. }, Some(None)) => "allowed",
            (Sender::Known { .. }, Some(Some(_))) => "denied",
            // What cannot be understood is not judged.
            (Sender::Known { .. }, None) => "none",
        };
        let reason = match &self.sender {
            Sender::Unheard => Some("no-room"),
            Sender::Stranger { reason, .. } => Some(reason.word()),
            Sender::Former(_, why) => Some(*why),
            Sender::Known { .. } => denied.flatten(),
            Sender::Unknown | Sender::Anybody => None,
        };
        let by = judged.and_then(|judged| judged.by.as_ref());
        let sid = by.and_then(|by| by.sid.as_deref());
        let policy = by.and_then(|by| by.policy.as_deref());
        let statement = by.map(|by| by.statement);
        let denied_actions =
            judged.filter(|judged| !judged.denied_actions.is_empty()).map(|judged| {
                let names = judged.denied_actions.iter().map(ToString::to_string);
                names.collect::<Vec<_>>().join(",")
            });
        let denied_actions = denied_actions.as_deref();
        let run_id = judged.and_then(|judged| judged.run_id.as_deref());
        let About { session, issued_key, target_key, key_status, target_policy, target_user } =
            &self.about;
        let (session, issued_key) = (session.as_deref(), issued_key.as_deref());
        let (target_key, target_policy) = (target_key.as_deref(), target_policy.as_deref());
        let (key_status, target_user) = (*key_status, target_user.as_deref());
        let resource = judged.map(|judged| &*judged.resource);
        let named = judged.map(|judged| &judged.named);
        let task_list = named.and_then(|named| named.task_list.as_deref());
        let (activity_type, activity_version) =
            split(named.and_then(|named| named.activity_type.as_ref()));
        let (workflow_type, workflow_version) =
            split(named.and_then(|named| named.workflow_type.as_ref()));
        let decisions_denied =
            judged.map(|judged| judged.decisions_denied).filter(|count| *count > 0);
        let judged = judged.map(|judged| (judged.action.service(), judged.action.name()));
        let action = judged.or(self.action).map(|(service, name)| format!("{service}:{name}"));
        let (action, status) = (action.as_deref(), status.map(|status| status.as_u16()));
        let source = source.map(tracing::field::display);
        tracing::info!(
            target: TARGET,
            principal,
            key,
            action,
            resource,
            task_list,
            activity_type,
            activity_version,
            workflow_type,
            workflow_version,
            session,
            issued_key,
            target_key,
            key_status,
            target_policy,
            target_user,
            decision,
            reason,
            policy,
            statement,
            sid,
            decisions_denied,
            denied_actions,
            run_id,
            status,
            source,
            %request_id,
            "call"
        );
    }
}

/// The name and the version.
fn split(named: Option<&(Arc<str>, Arc<str>)>) -> (Option<&str>, Option<&str>) {
    named.map(|(name, version)| (&**name, &**version)).unzip()
}

/// Says how many lines of strangers there are not.
pub(crate) fn write_left_out(left_out: LeftOut) {
    let LeftOut { lines, peer } = left_out;
    let source = peer.map(tracing::field::display);
    tracing::info!(target: TARGET, decision = "unauthenticated", lines, source, "left out");
}
