//! From an HTTP request to an HTTP response: the checks in AWS's order, then the service.
//!
//! Whether it is a call at all, how long it is, what operation it names, who sends it, what it says;
//! and then the service asks the policies. AWS reads a body before it asks who sends it; here,
//! strangers' bodies are hashed and nothing more. What a request says is checked before it is asked
//! whether it is allowed: the policies judge the checked request, and not another reading of the
//! same JSON. The check looks at the API's model alone, so that its refusal tells nothing of what is
//! stored.
//!
//! Invariant: the service is called with checked requests of known senders only, and every request
//! is answered with a request id, even one whose handling panics. Knows nothing of sockets.

use crate::administer::{self, administered_operation};
use crate::answer::Answer;
use crate::audit::{self, Audit};
use crate::authentication::{self, Addressee, Authentication, Stranger};
use crate::bodies::Bodies;
use crate::body::{self, BodyError};
use crate::head::{self, HeadError};
use crate::network::Network;
use crate::record::Record;
use crate::request_id::RequestId;
use crate::source::{Peer, TrustedProxies};
use crate::strangers::Strangers;
use access::{Action, Caller, Origin, Received};
use http_body_util::Full;
use hyper::body::{Body, Bytes};
use hyper::header::{CONTENT_TYPE, HeaderMap};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use serde_json::Value;
use service::{Entropy, Pending, Service};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;
use tokio::time::Instant;
use wire::{Fault, Model, OWN_TARGET, Operation, OwnOperation, OwnRequest};

/// Answers requests, whichever way they came.
pub struct Pipeline {
    service: Arc<Service>,
    entropy: Arc<dyn Entropy>,
    proxies: TrustedProxies,
    authentication: Authentication,
    bodies: Arc<Bodies>,
    strangers: Mutex<Strangers>,
}

/// What `X-Amz-Target` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    Workflows(Operation),
    Own(OwnOperation),
    Identities(&'static str),
}

impl Target {
    fn addressee(self) -> Addressee {
        match self {
            Target::Workflows(_) | Target::Own(_) => Addressee::Workflows,
            Target::Identities(_) => Addressee::Identities,
        }
    }

    /// The service of the action, as policies name it.
    fn service(self) -> &'static str {
        match self {
            Target::Workflows(_) => self.addressee().service(),
            Target::Own(operation) => Action::from(operation).service(),
            Target::Identities(operation) => {
                let action = Action::ALL.iter().find(|action| action.name() == operation);
                action.map_or(self.addressee().service(), |action| action.service())
            }
        }
    }

    fn operation(self) -> &'static str {
        match self {
            Target::Workflows(operation) => operation.name(),
            Target::Own(operation) => operation.name(),
            Target::Identities(operation) => operation,
        }
    }
}

impl Pipeline {
    /// Calls go to `service`; `entropy` names requests; what `proxies` say of their clients is
    /// taken for true; `authentication` says who is let in.
    pub fn new(
        service: Arc<Service>,
        entropy: Arc<dyn Entropy>,
        proxies: TrustedProxies,
        authentication: Authentication,
    ) -> Pipeline {
        let bodies = Arc::default();
        let strangers = Mutex::new(Strangers::new(Instant::now().into_std()));
        Pipeline { service, entropy, proxies, authentication, bodies, strangers }
    }

    /// There will be no further requests.
    pub(crate) fn close(&self) {
        let left_out = self.strangers.lock().expect("no holder panics").rest();
        if let Some(left_out) = left_out {
            audit::write_left_out(left_out);
        }
    }

    /// Answers one request of `peer`. Dropping the future tells the service that the caller is
    /// gone.
    pub async fn handle<B: Body<Data = Bytes>>(
        &self,
        peer: Peer,
        request: Request<B>,
    ) -> Response<Full<Bytes>> {
        let (parts, body) = request.into_parts();
        let target = target(&parts.headers);
        let mut unfit = head::check(&parts);
        let origin = self.proxies.origin(peer, &parts.headers).unwrap_or_else(|error| {
            unfit = unfit.and(Err(error));
            Origin { source_ip: Some(peer.address), ..Origin::default() }
        });
        let network = Network::of(origin.source_ip.unwrap_or(peer.address));
        let request_id = RequestId::draw(self.entropy.as_ref());
        let operation = target.map(Target::operation);
        let mut record = Record::new(request_id, operation, origin, &self.strangers);
        let answer = self.answer(&parts, unfit, target, network, body, &mut record);
        let answer = match unless_panicking(answer).await {
            Some(answer) => answer,
            None => Answer::fault(&Fault::Internal),
        };
        let response = answer.into_response(&record.request_id);
        record.close(response.status());
        response
    }

    /// Answers a request that did not come over TLS and should have.
    pub(crate) fn refuse_plain(&self, peer: Peer) -> Response<Full<Bytes>> {
        let origin = Origin { source_ip: Some(peer.address), ..Origin::default() };
        let request_id = RequestId::draw(self.entropy.as_ref());
        let record = Record::new(request_id, None, origin, &self.strangers);
        let response = Answer::not_secure().into_response(&record.request_id);
        record.close(response.status());
        response
    }

    async fn answer<B: Body<Data = Bytes>>(
        &self,
        parts: &Parts,
        unfit: Result<(), HeadError>,
        target: Option<Target>,
        network: Network,
        body: B,
        record: &mut Record<'_>,
    ) -> Answer {
        if unfit.is_ok() && (parts.method == Method::GET || parts.method == Method::HEAD) {
            return health(parts.uri.path());
        }
        if unfit.is_ok() && !is_call(parts) {
            return Answer::not_a_call();
        }
        let audit = record.audit.insert(Audit::default());
        if let Some(target) = target {
            audit.calls(target.service(), target.operation());
        }
        // Read even if it is refused: a client that sends all before it reads would otherwise find
        // its connection reset instead of our answer.
        let body = match body::read(body, self.bodies.begin(network)).await {
            Ok(body) => body,
            Err(BodyError::TooLong) => return Answer::body_too_long(),
            Err(BodyError::TooSlow) => return Answer::body_too_slow(),
            Err(BodyError::Broken) => return Answer::body_broken(),
            Err(BodyError::NoRoom) => {
                audit.unheard();
                return Answer::fault(&Fault::Throttling);
            }
        };
        // From here on until its sender is known nothing waits: the body has no bound any more that
        // it shares with others.
        if let Err(error) = unfit {
            return error.answer();
        }
        if let Authentication::Off { hosts, .. } = &self.authentication
            && !hosts.admit(&parts.headers)
        {
            return Answer::not_our_name();
        }
        let Some(target) = target else { return Answer::fault(&Fault::UnknownOperation) };
        let caller = match self.sender(parts, target.addressee(), &body, record) {
            Ok(caller) => caller,
            Err(fault) => return Answer::fault(&fault),
        };
        let audit = record.audit.as_mut().expect("it was set before the body was read");
        let called = match target {
            Target::Workflows(operation) => {
                let begin = |body| {
                    let request = Model::get().check(operation, body)?;
                    Ok(self.service.call(&caller, request))
                };
                self.call(body, begin, audit).await
            }
            Target::Own(operation) => {
                let begin = |body| {
                    let request = OwnRequest::check(operation, body)?;
                    Ok(self.service.operate(&caller, request))
                };
                self.call(body, begin, audit).await
            }
            Target::Identities(operation) => {
                return self.administer(caller, operation, body, audit).await;
            }
        };
        called.unwrap_or_else(|fault| {
            audit.failed(&fault);
            Answer::fault(&fault)
        })
    }

    /// Who sends a request.
    fn sender(
        &self,
        parts: &Parts,
        addressee: Addressee,
        body: &[u8],
        record: &mut Record<'_>,
    ) -> Result<Caller, Fault> {
        let headers: Vec<(&str, &[u8])> =
            parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let request = Received {
            method: parts.method.as_str(),
            path: parts.uri.path().as_bytes(),
            query: parts.uri.query().map(str::as_bytes),
            headers: &headers,
            body,
        };
        let origin = record.origin.clone();
        let sender = match &self.authentication {
            Authentication::Off { regions, .. } => {
                authentication::believe(&request, addressee, regions, origin)
            }
            Authentication::Signatures(verifier) => {
                verifier.verify(&request, addressee, origin, record.started.into_std())
            }
        };
        let audit = record.audit.get_or_insert_default();
        match sender {
            Ok(caller) => {
                audit.sent_by(&caller);
                Ok(caller)
            }
            Err(stranger) => {
                audit.refused(&stranger);
                let Stranger { fault, .. } = stranger;
                Err(fault)
            }
        }
    }

    async fn call(
        &self,
        bytes: Vec<u8>,
        begin: impl FnOnce(Value) -> Result<Pending, Fault>,
        audit: &mut Audit,
    ) -> Result<Answer, Fault> {
        // Depth is bounded by the parser. What it says of broken JSON is not AWS's text.
        let body: Value = serde_json::from_slice(&bytes).map_err(|_| Fault::Serialization(None))?;
        // A poll may wait for long, and needs it no more.
        drop(bytes);
        let pending = begin(body)?;
        audit.judged_in(pending.judgment());
        pending.await.map(Answer::reply)
    }

    async fn administer(
        &self,
        caller: Caller,
        operation: &'static str,
        body: Vec<u8>,
        audit: &mut Audit,
    ) -> Answer {
        match &self.authentication {
            Authentication::Off { .. } => administer::refuse_without_access_control(),
            Authentication::Signatures(verifier) => {
                let administration = verifier.administration();
                match administration.answer(caller, operation.to_owned(), body).await {
                    Ok((answer, judged, about)) => {
                        audit.about(about);
                        if let Some(judged) = judged {
                            audit.judged(judged);
                        }
                        answer
                    }
                    Err(fault) => {
                        audit.failed(&fault);
                        Answer::fault(&fault)
                    }
                }
            }
        }
    }
}

/// A server that is not ready answers nobody: requests are read only when the store is open, and
/// connections are refused from when it begins to end.
fn health(path: &str) -> Answer {
    match path {
        "/livez" => Answer::text(StatusCode::OK, "alive\n"),
        "/readyz" => Answer::text(StatusCode::OK, "ready\n"),
        _ => Answer::not_a_call(),
    }
}

/// True if the request is meant for the API. Parameters of the content type mean nothing.
fn is_call(parts: &Parts) -> bool {
    let content_type = text(&parts.headers, CONTENT_TYPE.as_str()).unwrap_or_default();
    let content_type = content_type.split(';').next().unwrap_or_default().trim();
    parts.method == Method::POST
        && parts.uri.path() == "/"
        && ["application/x-amz-json-1.0", "application/json"]
            .iter()
            .any(|known| content_type.eq_ignore_ascii_case(known))
}

/// The operation that `X-Amz-Target` names, in the short or in the long spelling:
/// `SimpleWorkflowService.ListDomains`, or the same behind `com.amazonaws.swf.service.model.`; or
/// one of our own, or of the administration of identities.
fn target(headers: &HeaderMap) -> Option<Target> {
    let target = text(headers, "x-amz-target")?;
    if let Some(operation) = administered_operation(target) {
        return operation.map(Target::Identities);
    }
    let (service, name) = target.rsplit_once('.')?;
    if service == OWN_TARGET {
        let operation = OwnOperation::ALL.iter().find(|operation| operation.name() == name);
        return operation.copied().map(Target::Own);
    }
    if service.rsplit('.').next() != Some("SimpleWorkflowService") {
        return None;
    }
    let operation = Operation::ALL.iter().copied().find(|operation| operation.name() == name);
    operation.map(Target::Workflows)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// What comes of `future`, or nothing if it panics: a bug costs one request, not the connection's
/// task. The panic itself is reported by the panic hook.
async fn unless_panicking<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|context| {
        // The future is not polled again, so what the panic left broken in it is never seen.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(poll) => poll.map(Some),
            Err(_) => Poll::Ready(None),
        }
    })
    .await
}

#[cfg(test)]
mod tests;
