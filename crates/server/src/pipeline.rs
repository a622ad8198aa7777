//! From an HTTP request to an HTTP response: the checks in AWS's order, then the service.
//!
//! Invariant: the service is called with checked requests only, and every request is answered
//! with a request id, even one whose handling panics. Knows nothing of sockets.

use crate::answer::Answer;
use crate::body::{self, BodyError};
use crate::head;
use crate::request_id::RequestId;
use crate::source::{Peer, TrustedProxies};
use access::{ACCOUNT, Caller, Credential, Origin, Received, SERVICE};
use http_body_util::Full;
use hyper::body::{Body, Bytes};
use hyper::header::{CONTENT_TYPE, HeaderMap};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use serde_json::Value;
use service::{Entropy, Service};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use tokio::time::Instant;
use wire::{Fault, Model, Operation};

/// Answers requests, whichever way they came.
pub struct Pipeline {
    service: Arc<Service>,
    entropy: Arc<dyn Entropy>,
    account: Arc<str>,
    proxies: TrustedProxies,
}

impl Pipeline {
    /// Calls go to `service`; `entropy` names requests; what `proxies` say of their clients is
    /// taken for true.
    pub fn new(
        service: Arc<Service>,
        entropy: Arc<dyn Entropy>,
        proxies: TrustedProxies,
    ) -> Pipeline {
        Pipeline { service, entropy, account: ACCOUNT.into(), proxies }
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
        let origin = self.proxies.origin(peer, &parts.headers);
        let record = Record::new(RequestId::draw(self.entropy.as_ref()), target, origin);
        let answer = match unless_panicking(self.answer(&parts, target, body)).await {
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
        let record = Record::new(RequestId::draw(self.entropy.as_ref()), None, origin);
        let response = Answer::not_secure().into_response(&record.request_id);
        record.close(response.status());
        response
    }

    async fn answer<B: Body<Data = Bytes>>(
        &self,
        parts: &Parts,
        target: Option<Operation>,
        body: B,
    ) -> Answer {
        let unfit = head::check(parts);
        if unfit.is_ok() && (parts.method == Method::GET || parts.method == Method::HEAD) {
            return health(parts.uri.path());
        }
        if unfit.is_ok() && !is_call(parts) {
            return Answer::not_a_call();
        }
        // Read even if it is refused: a client that sends all before it reads would otherwise find
        // its connection reset instead of our answer.
        let body = match body::read(body).await {
            Ok(body) => body,
            Err(BodyError::TooLong) => return Answer::body_too_long(),
            Err(BodyError::TooSlow) => return Answer::body_too_slow(),
            Err(BodyError::Broken) => return Answer::body_broken(),
        };
        if let Err(error) = unfit {
            return error.answer();
        }
        match self.call(parts, target, &body).await {
            Ok(answer) => answer,
            Err(fault) => Answer::fault(&fault),
        }
    }

    async fn call(
        &self,
        parts: &Parts,
        target: Option<Operation>,
        bytes: &[u8],
    ) -> Result<Answer, Fault> {
        // Depth is bounded by the parser. What it says of broken JSON is not AWS's text.
        let body: Value = serde_json::from_slice(bytes).map_err(|_| Fault::Serialization(None))?;
        let operation = target.ok_or(Fault::UnknownOperation)?;
        let credential = credential(parts, bytes)?;
        let request = Model::get().check(operation, body)?;
        let caller = Caller::unrestricted(self.account.clone(), credential.region.into());
        self.service.call(&caller, request).await.map(Answer::reply)
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
/// `SimpleWorkflowService.ListDomains`, or the same behind `com.amazonaws.swf.service.model.`.
fn target(headers: &HeaderMap) -> Option<Operation> {
    let (service, name) = text(headers, "x-amz-target")?.rsplit_once('.')?;
    if service.rsplit('.').next() != Some("SimpleWorkflowService") {
        return None;
    }
    Operation::ALL.iter().copied().find(|operation| operation.name() == name)
}

fn credential(parts: &Parts, body: &[u8]) -> Result<Credential, Fault> {
    let headers: Vec<(&str, &[u8])> =
        parts.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let request = Received {
        method: parts.method.as_str(),
        path: parts.uri.path().as_bytes(),
        query: parts.uri.query().map(str::as_bytes),
        headers: &headers,
        body,
    };
    Credential::read(&request, SERVICE)
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

/// The log's line about one request. Never says anything of its body.
struct Record {
    request_id: RequestId,
    operation: &'static str,
    origin: Origin,
    started: Instant,
    /// Not set if the client went away before it was answered.
    status: Option<StatusCode>,
}

impl Record {
    fn new(request_id: RequestId, target: Option<Operation>, origin: Origin) -> Record {
        let operation = target.map_or("-", Operation::name);
        Record { request_id, operation, origin, started: Instant::now(), status: None }
    }

    fn close(mut self, status: StatusCode) {
        self.status = Some(status);
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let Record { request_id, operation, origin, started, status } = self;
        let milliseconds = started.elapsed().as_secs_f64() * 1000.0;
        let source = origin.source_ip.map(tracing::field::display);
        let secure = origin.secure;
        match status {
            Some(StatusCode::INTERNAL_SERVER_ERROR) => {
                tracing::error!(
                    operation, status = 500, milliseconds, source, secure, %request_id, "failed"
                );
            }
            Some(status) => {
                let status = status.as_u16();
                tracing::debug!(
                    operation, status, milliseconds, source, secure, %request_id, "answered"
                );
            }
            None => {
                tracing::debug!(
                    operation, milliseconds, source, secure, %request_id, "client gone"
                );
            }
        }
    }
}

#[cfg(test)]
mod tests;
