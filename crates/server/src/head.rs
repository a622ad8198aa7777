//! What the head of a request must not be, whatever it asks for. Judged before anything is read
//! from it, so that no two readers can understand it differently.

use crate::answer::Answer;
use crate::framing::SaidTwice;
use hyper::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName,
    TRANSFER_ENCODING,
};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode, Version};

/// The headers that say who asks for what. A reader that takes the first of two sees another
/// request than one that takes the last. (Of two lengths that are the same, HTTP leaves one; two
/// that differ it refuses; one beside a transfer encoding it drops, and ends the connection.)
const SINGLE: [HeaderName; 8] = [
    AUTHORIZATION,
    HOST,
    CONTENT_LENGTH,
    CONTENT_TYPE,
    TRANSFER_ENCODING,
    HeaderName::from_static("x-amz-date"),
    HeaderName::from_static("x-amz-target"),
    HeaderName::from_static("x-amz-security-token"),
];

/// What is wrong with a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HeadError {
    /// One of [`SINGLE`] is there more than once.
    Repeated,
    /// Both a length and a transfer encoding say where its body ends.
    SaidTwice,
    /// There is no `Host`, as HTTP/1.1 asks for.
    NoHost,
    /// The target is no path: another server's, a tunnel, the server as a whole.
    Target,
    /// The body is encoded in a way that would have to be undone. It never is: what is small in
    /// this form may be endless in the other.
    Encoded,
    /// A trusted proxy does not say where the request comes from in a way that can be read.
    Source,
}

impl HeadError {
    pub(crate) fn answer(self) -> Answer {
        match self {
            HeadError::Repeated => {
                let text = "A header that can stand but once is repeated.\n";
                Answer::text(StatusCode::BAD_REQUEST, text)
            }
            HeadError::SaidTwice => {
                let text = "A request has a length or a transfer encoding, and not both.\n";
                Answer::closing(StatusCode::BAD_REQUEST, text)
            }
            HeadError::NoHost => {
                Answer::text(StatusCode::BAD_REQUEST, "A request has to name its host.\n")
            }
            HeadError::Target => {
                Answer::text(StatusCode::BAD_REQUEST, "The request is for another server.\n")
            }
            HeadError::Encoded => {
                let text = "The body of a request must not be encoded.\n";
                Answer::text(StatusCode::UNSUPPORTED_MEDIA_TYPE, text)
            }
            HeadError::Source => {
                let text = "The proxy does not say where the request comes from.\n";
                Answer::text(StatusCode::BAD_REQUEST, text)
            }
        }
    }
}

/// Looks at everything that makes a head unfit.
pub(crate) fn check(parts: &Parts) -> Result<(), HeadError> {
    if SINGLE.iter().any(|name| 1 < parts.headers.get_all(name).iter().count()) {
        return Err(HeadError::Repeated);
    }
    if parts.extensions.get::<SaidTwice>().is_some() {
        return Err(HeadError::SaidTwice);
    }
    if parts.version == Version::HTTP_11 && !parts.headers.contains_key(HOST) {
        return Err(HeadError::NoHost);
    }
    if !is_for_us(parts) {
        return Err(HeadError::Target);
    }
    if !encodes_nothing(&parts.headers) {
        return Err(HeadError::Encoded);
    }
    Ok(())
}

/// A target may be spelled out, as if to a proxy, if it names the host that `Host` does.
fn is_for_us(parts: &Parts) -> bool {
    let Some(authority) = parts.uri.authority() else { return true };
    let host = parts.headers.get(HOST).map(|host| host.as_bytes());
    parts.method != Method::CONNECT
        && matches!(parts.uri.scheme_str(), Some("http" | "https"))
        && host.is_some_and(|host| host.eq_ignore_ascii_case(authority.as_str().as_bytes()))
}

/// Old clients send `amz-1.0`, which is no encoding at all.
fn encodes_nothing(headers: &HeaderMap) -> bool {
    headers.get_all(CONTENT_ENCODING).iter().all(|value| {
        let names = value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        names.into_iter().all(|name| {
            name.is_empty()
                || name.eq_ignore_ascii_case(b"identity")
                || name.eq_ignore_ascii_case(b"amz-1.0")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::Request;

    #[track_caller]
    fn check_head(
        target: &str,
        lines: &[(&'static str, &'static str)],
        expected: Result<(), HeadError>,
    ) {
        let (method, target) = target.split_once(' ').expect("a method and a target");
        let mut request = Request::builder().method(method).uri(target);
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).expect("a request").into_parts();
        assert_eq!(check(&parts), expected, "{target} {lines:?}");
    }

    #[test]
    fn critical_headers_stand_once() {
        for name in SINGLE {
            let lines = [(name.as_str(), "x"), (name.as_str(), "x")];
            let mut headers = HeaderMap::new();
            for (_, value) in lines {
                headers.append(&name, value.parse().expect("a header value"));
            }
            let (mut parts, ()) = Request::new(()).into_parts();
            parts.headers = headers;
            assert_eq!(check(&parts), Err(HeadError::Repeated), "{name}");
            parts.headers.insert(HOST, "x".parse().expect("a header value"));
            parts.headers.insert(name, "x".parse().expect("a header value"));
            assert_eq!(check(&parts), Ok(()));
        }
        check_head("POST /", &[("host", "h"), ("accept", "a"), ("accept", "b")], Ok(()));
    }

    #[test]
    fn targets() {
        let host = [("host", "Swf.Example:7933")];
        check_head("POST /", &host, Ok(()));
        check_head("POST /?a=b", &host, Ok(()));
        check_head("POST /", &[], Err(HeadError::NoHost));
        check_head("OPTIONS *", &host, Ok(()));
        check_head("POST http://swf.example:7933/", &host, Ok(()));
        for target in [
            "POST http://other.example/",
            "POST http://swf.example/",
            "POST http://user@swf.example:7933/",
            "POST ftp://swf.example:7933/",
            "CONNECT swf.example:7933",
        ] {
            check_head(target, &host, Err(HeadError::Target));
        }
        check_head("POST http://swf.example:7933/", &[], Err(HeadError::NoHost));
    }

    #[test]
    fn encodings() {
        for value in ["", "identity", "amz-1.0", "AMZ-1.0", "amz-1.0, identity", "amz-1.0,"] {
            check_head("POST /", &[("host", "h"), ("content-encoding", value)], Ok(()));
        }
        for value in ["gzip", "br", "aws-chunked", "amz-1.0,gzip", "amz-1.00"] {
            let lines = [("host", "h"), ("content-encoding", value)];
            check_head("POST /", &lines, Err(HeadError::Encoded));
        }
        let lines =
            [("host", "h"), ("content-encoding", "identity"), ("content-encoding", "deflate")];
        check_head("POST /", &lines, Err(HeadError::Encoded));
    }
}
