//! The audit: a line of the log about each request that is a call, of who asked for what and what
//! was decided. Its target is `audit`, its level `info`. Of strangers there are not more lines than
//! so many, and then one that says how many were left out (`strangers.rs`); of those who are let in
//! there is each.
//!
//! Says nothing of what a request holds but the resource that it names, with the list and the types
//! in it, and nothing that would help to send another one.

use crate::authentication::Stranger;
use crate::request_id::RequestId;
use crate::strangers::LeftOut;
use access::{Action, Authority, Caller, Verdict};
use hyper::StatusCode;
use service::{Judgment, Named};
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
}

#[derive(Debug, Default)]
enum Sender {
    /// It did not come to that.
    #[default]
    Unknown,
    /// Access control is off.
    Anybody,
    /// The key that is not let in, if it was named.
    Stranger(Option<Arc<str>>),
    /// Someone, by a key.
    Known { arn: Arc<str>, access_key_id: Arc<str> },
    /// Someone whose key was good, and is no more.
    Former(Arc<str>),
}

#[derive(Debug, Default)]
enum Judged {
    #[default]
    Nothing,
    /// To be read when the call is over.
    Pending(Judgment),
    Said(Action, Arc<str>, Verdict),
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
        self.sender = Sender::Stranger(stranger.access_key_id.clone());
    }

    /// Where it will be noted what the policies say.
    pub fn judged_in(&mut self, judgment: Judgment) {
        self.judged = Judged::Pending(judgment);
    }

    /// What the policies said.
    pub fn judged(&mut self, (action, resource, verdict): (Action, Arc<str>, Verdict)) {
        self.judged = Judged::Said(action, resource, verdict);
    }

    /// A call was refused after its sender was let in. His credential may have ended meanwhile.
    pub fn failed(&mut self, fault: &Fault) {
        if matches!(fault, Fault::UnrecognizedClient | Fault::ExpiredToken)
            && let Sender::Known { access_key_id, .. } = &self.sender
        {
            self.sender = Sender::Former(access_key_id.clone());
        }
    }

    /// Whether nobody was let in. Where nobody asks, everybody is.
    pub fn is_of_stranger(&self) -> bool {
        match self.sender {
            Sender::Unknown | Sender::Stranger(_) => true,
            Sender::Anybody | Sender::Known { .. } | Sender::Former(_) => false,
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
        let judged = match &self.judged {
            Judged::Nothing => None,
            Judged::Pending(judgment) => judgment.read(),
            Judged::Said(action, resource, verdict) => Some(service::Judged {
                action: *action,
                resource: resource.clone(),
                named: Named::default(),
                verdict: verdict.clone(),
                decisions_denied: 0,
            }),
        };
        let (principal, key) = match &self.sender {
            Sender::Unknown | Sender::Anybody | Sender::Stranger(None) => (None, None),
            Sender::Stranger(Some(key)) | Sender::Former(key) => (None, Some(&**key)),
            Sender::Known { arn, access_key_id } => (Some(&**arn), Some(&**access_key_id)),
        };
        let decision = match (&self.sender, judged.as_ref().map(|judged| &judged.verdict)) {
            (Sender::Unknown | Sender::Stranger(_) | Sender::Former(_), _) => "unauthenticated",
            (Sender::Anybody, _) => "off",
            (Sender::Known { .. }, Some(Verdict::Allowed(_))) => "allowed",
            (Sender::Known { .. }, Some(Verdict::Denied(_))) => "denied",
            // What cannot be understood is not judged.
            (Sender::Known { .. }, None) => "none",
        };
        let judged = judged.as_ref();
        let sid = judged.and_then(|judged| match &judged.verdict {
            Verdict::Allowed(sid) => sid.as_deref(),
            Verdict::Denied(denial) => denial.sid.as_deref(),
        });
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
            decision,
            sid,
            decisions_denied,
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
