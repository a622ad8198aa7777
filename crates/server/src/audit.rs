//! The audit: a line of the log about each request that is a call, of who asked for what and what
//! was decided. Its target is `audit`, its level `info`.
//!
//! Says nothing of what a request holds but the resource that it names, and nothing that would help
//! to send another one.

use crate::authentication::Stranger;
use crate::request_id::RequestId;
use access::{Action, Authority, Caller, Verdict};
use hyper::StatusCode;
use service::Judgment;
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
            self.sender = Sender::Stranger(Some(access_key_id.clone()));
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
        let said = match &self.judged {
            Judged::Nothing => None,
            Judged::Pending(judgment) => judgment.read().map(|judged| {
                let denied = judged.decisions_denied;
                (judged.action, judged.resource, judged.verdict, denied)
            }),
            Judged::Said(action, resource, verdict) => {
                Some((*action, resource.clone(), verdict.clone(), 0))
            }
        };
        let (principal, key) = match &self.sender {
            Sender::Unknown | Sender::Anybody | Sender::Stranger(None) => (None, None),
            Sender::Stranger(Some(key)) => (None, Some(&**key)),
            Sender::Known { arn, access_key_id } => (Some(&**arn), Some(&**access_key_id)),
        };
        let decision = match (&self.sender, &said) {
            (Sender::Unknown | Sender::Stranger(_), _) => "unauthenticated",
            (Sender::Anybody, _) => "off",
            (Sender::Known { .. }, Some((_, _, Verdict::Allowed(_), _))) => "allowed",
            (Sender::Known { .. }, Some((_, _, Verdict::Denied(_), _))) => "denied",
            // What cannot be understood is not judged.
            (Sender::Known { .. }, None) => "none",
        };
        let (mut sid, mut resource, mut decisions_denied) = (None, None, None);
        let mut action = self.action;
        if let Some((judged, name, verdict, denied)) = &said {
            action = Some((judged.service(), judged.name()));
            resource = Some(&**name);
            sid = match verdict {
                Verdict::Allowed(sid) => sid.as_deref(),
                Verdict::Denied(denial) => denial.sid.as_deref(),
            };
            decisions_denied = (*denied > 0).then_some(*denied);
        }
        let action = action.map(|(service, name)| format!("{service}:{name}"));
        let (action, status) = (action.as_deref(), status.map(|status| status.as_u16()));
        let source = source.map(tracing::field::display);
        tracing::info!(
            target: TARGET,
            principal,
            key,
            action,
            resource,
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
