//! What goes back to the client: a status, a kind of text, and the text.

use crate::request_id::RequestId;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use service::Reply;
use wire::Fault;

/// The header that names the request in our log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

const JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.0");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// An answer, before it is given a request id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// The body; empty for operations without an output.
    pub body: Bytes,
    kind: Kind,
    /// The rest of the request is not read, so the connection is of no further use.
    closes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Json,
    Text,
}

impl Answer {
    /// A request that is no call of the API at all: another method, path or content type.
    pub(crate) fn not_a_call() -> Answer {
        let body = "<UnknownOperationException/>\n";
        Answer::text(StatusCode::NOT_FOUND, body)
    }

    /// The body did not come in time.
    pub(crate) fn body_too_slow() -> Answer {
        Answer::closing(StatusCode::REQUEST_TIMEOUT, "The body came too slowly.\n")
    }

    /// What came as a body is not HTTP.
    pub(crate) fn body_broken() -> Answer {
        Answer::closing(StatusCode::BAD_REQUEST, "The body is broken.\n")
    }

    /// What came on a connection that should be TLS is not.
    pub(crate) fn not_secure() -> Answer {
        Answer::closing(StatusCode::BAD_REQUEST, "This port speaks TLS: use https.\n")
    }

    /// The name that the server is called by may be any page's.
    pub(crate) fn not_our_name() -> Answer {
        let text = "This is no name of the server: call it by its address or as localhost, or list \
                    the name in allowed_hosts.\n";
        Answer::text(StatusCode::FORBIDDEN, text)
    }

    /// The body is longer than it may be. Perhaps not all of it was read.
    pub(crate) fn body_too_long() -> Answer {
        Answer { closes: true, ..Answer::fault(&Fault::RequestTooLarge) }
    }

    /// A line for people, and the last on its connection.
    pub(crate) fn closing(status: StatusCode, text: &'static str) -> Answer {
        Answer { closes: true, ..Answer::text(status, text) }
    }

    /// A line for people and health checks.
    pub(crate) fn text(status: StatusCode, text: &'static str) -> Answer {
        Answer {
            status,
            body: Bytes::from_static(text.as_bytes()),
            kind: Kind::Text,
            closes: false,
        }
    }

    /// A successful call. An output-less one has an empty body.
    pub(crate) fn reply(reply: Reply) -> Answer {
        let body = match reply {
            Reply::Empty => Bytes::new(),
            Reply::Json(json) => json.into(),
        };
        Answer { status: StatusCode::OK, body, kind: Kind::Json, closes: false }
    }

    /// JSON with a status of its own.
    pub(crate) fn json(status: StatusCode, body: Vec<u8>) -> Answer {
        Answer { status, body: body.into(), kind: Kind::Json, closes: false }
    }

    /// A refused call.
    pub(crate) fn fault(fault: &Fault) -> Answer {
        Answer {
            status: StatusCode::from_u16(fault.status()).expect("faults have valid statuses"),
            body: fault.to_json().into(),
            kind: Kind::Json,
            closes: false,
        }
    }

    /// The same as an HTTP response. `Date` and `Content-Length` are added by the protocol.
    pub(crate) fn into_response(self, request_id: &RequestId) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::new(self.body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        let kind = match self.kind {
            Kind::Json => JSON,
            Kind::Text => TEXT,
        };
        headers.insert(CONTENT_TYPE, kind);
        headers.insert(REQUEST_ID, request_id.to_header());
        if self.closes {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
