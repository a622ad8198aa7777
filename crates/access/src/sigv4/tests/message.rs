//! Requests as text, and what they mean: a reader of HTTP that takes what the vectors have and no
//! HTTP library does (folded lines, spaces and UTF-8 in the target), and a second opinion on what
//! of a request a signature covers.

use crate::sigv4::{Claim, Received, Rules};
use std::collections::BTreeSet;
use wire::{Fault, Timestamp};

/// A request, taken apart.
#[derive(Clone, Debug)]
pub struct Message {
    method: String,
    path: Vec<u8>,
    query: Option<Vec<u8>>,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

fn is_token(text: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !text.is_empty() && text.iter().all(plain)
}

/// Neither a header's value nor a target has control characters, a tab in a value excepted.
fn has_control(text: &[u8]) -> bool {
    text.iter().any(|byte| byte.is_ascii_control() && *byte != b'\t')
}

/// What is before and behind the first `needle`.
fn split_once<'a>(text: &'a [u8], needle: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = text.windows(needle.len()).position(|window| window == needle)?;
    Some((&text[..at], &text[at + needle.len()..]))
}

impl Message {
    /// Reads a request whose lines end with `\n`. Nothing, if no server would take it for HTTP.
    pub fn parse(text: &[u8]) -> Option<Message> {
        let (head, body) = split_once(text, b"\n\n").unwrap_or((text.trim_ascii_end(), b""));
        let mut lines = head.split(|byte| *byte == b'\n');
        let (method, rest) = split_once(lines.next()?, b" ")?;
        let target = rest.strip_suffix(b" HTTP/1.1")?;
        let (path, query) = match split_once(target, b"?") {
            Some((path, query)) => (path, Some(query.to_vec())),
            None => (target, None),
        };
        if !is_token(method) || has_control(target) || target.contains(&b'\t') {
            return None;
        }
        let mut headers: Vec<(String, Vec<u8>)> = Vec::new();
        for line in lines {
            if has_control(line) {
                return None;
            }
            if line.starts_with(b" ") || line.starts_with(b"\t") {
                let (_, folded) = headers.last_mut()?;
                folded.push(b' ');
                folded.extend(line);
                continue;
            }
            let (name, value) = split_once(line, b":")?;
            if !is_token(name) {
                return None;
            }
            let name = String::from_utf8(name.to_vec()).expect("a token is ASCII");
            headers.push((name, value.to_vec()));
        }
        let method = String::from_utf8(method.to_vec()).expect("a token is ASCII");
        Some(Message { method, path: path.to_vec(), query, headers, body: body.to_vec() })
    }

    /// Hands the request over as a server would.
    pub fn received<T>(&self, take: impl FnOnce(&Received<'_>) -> T) -> T {
        let headers: Vec<(&str, &[u8])> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        take(&Received {
            method: &self.method,
            path: &self.path,
            query: self.query.as_deref(),
            headers: &headers,
            body: &self.body,
        })
    }

    /// Does with the request what a server does that knows one access key: checks 3 to 15.
    pub fn verified(&self, server: &Server<'_>) -> Result<(), Fault> {
        self.received(|request| {
            let claim = Claim::read(request, &server.rules, server.now)?;
            if claim.access_key_id() != server.access_key_id {
                return Err(Fault::UnrecognizedClient);
            }
            server.keys.verify(&claim, || Ok::<_, Fault>(server.secret))?;
            if claim.session_token() != server.session_token {
                return Err(Fault::UnrecognizedClient);
            }
            Ok(())
        })
    }

    fn values(&self, name: &str) -> Vec<Vec<u8>> {
        let named = self.headers.iter().filter(|(header, _)| header.to_ascii_lowercase() == name);
        named.map(|(_, value)| collapsed(value)).collect()
    }
}

/// A server that knows one access key.
pub struct Server<'a> {
    pub rules: Rules<'a>,
    pub now: Timestamp,
    pub access_key_id: &'a str,
    pub secret: &'a str,
    pub session_token: Option<&'a str>,
    pub keys: crate::sigv4::SigningKeys,
}

/// All that a signature covers, and what says how. Two requests of one meaning are equally good;
/// everything that is not here may change:
///
/// - whether the letters of a header's name are capital: names have no case in HTTP;
/// - spaces and tabs around a header's value, and how many there are inside: proxies change them,
///   and AWS's canonical form leaves them out;
/// - in the path, `.`, `..` and repeated slashes, where the service normalizes paths;
/// - in the query, the order of parameters, an `=` without a value, a `&` without a parameter, and
///   how a character is encoded (`%2F` and `%2f`): they are sorted and encoded anew;
/// - the order of the items of `Authorization`, and the spaces and commas between them;
/// - headers that are not signed, unless they are read: then they are in `read`.
#[derive(Debug, PartialEq, Eq)]
pub struct Meaning {
    method: String,
    path: Vec<Vec<u8>>,
    query: Vec<(Vec<u8>, Vec<u8>)>,
    authorization: Vec<BTreeSet<Vec<u8>>>,
    signed: Vec<(String, Vec<Vec<u8>>)>,
    /// What the verifier reads whether it is signed or not.
    read: Vec<Vec<Vec<u8>>>,
    body: Vec<u8>,
}

impl Meaning {
    /// What `message` means to a service that normalizes paths, or does not.
    pub fn of(message: &Message, normalizes_path: bool) -> Meaning {
        let query = pairs(message.query.as_deref().unwrap_or_default());
        let items = |value: &Vec<u8>| -> BTreeSet<Vec<u8>> {
            let (algorithm, rest) = split_once(value, b" ").unwrap_or((value, b""));
            let rest = rest.split(|byte| *byte == b',').map(|item| item.trim_ascii().to_vec());
            let rest = rest.filter(|item| !item.is_empty());
            rest.chain([algorithm.to_vec()]).collect()
        };
        let authorization: Vec<_> = message.values("authorization").iter().map(items).collect();
        let in_header = authorization.iter().flatten();
        let in_header = in_header.filter_map(|item| item.strip_prefix(b"SignedHeaders="));
        let in_query = query.iter().filter(|(name, _)| name == b"X-Amz-SignedHeaders");
        let names = in_header.chain(in_query.map(|(_, value)| value.as_slice()));
        let signed = names.flat_map(|names| names.split(|byte| *byte == b';')).map(|name| {
            let name = String::from_utf8_lossy(name).into_owned();
            let values = message.values(&name);
            (name, values)
        });
        let read = ["x-amz-date", "date", "x-amz-content-sha256", "x-amz-security-token"];
        Meaning {
            method: message.method.clone(),
            path: path(&message.path, normalizes_path),
            signed: signed.collect(),
            read: read.iter().map(|name| message.values(name)).collect(),
            body: message.body.clone(),
            authorization,
            query,
        }
    }
}

/// Words with one space between them.
fn collapsed(value: &[u8]) -> Vec<u8> {
    let mut collapsed = Vec::new();
    for &byte in value.trim_ascii() {
        let byte = if byte == b'\t' { b' ' } else { byte };
        if byte != b' ' || collapsed.last() != Some(&b' ') {
            collapsed.push(byte);
        }
    }
    collapsed
}

/// The segments of a path from the root, an empty one behind the last slash.
fn path(text: &[u8], normalizes: bool) -> Vec<Vec<u8>> {
    let mut segments: Vec<Vec<u8>> = text.split(|byte| *byte == b'/').map(<[u8]>::to_vec).collect();
    if !normalizes {
        return segments;
    }
    let is_directory = [b"".as_slice(), b".", b".."].map(<[u8]>::to_vec);
    let ends_as_directory = segments.last().is_some_and(|last| is_directory.contains(last));
    segments.retain(|segment| !segment.is_empty() && segment != b".");
    while let Some(up) = segments.iter().position(|segment| segment == b"..") {
        segments.remove(up);
        if up > 0 {
            segments.remove(up - 1);
        }
    }
    if ends_as_directory || segments.is_empty() {
        segments.push(Vec::new());
    }
    segments
}

/// The parameters, decoded and sorted.
fn pairs(query: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let decode = |mut text: &[u8]| {
        let mut decoded = Vec::new();
        while let Some((first, rest)) = text.split_first() {
            let digits = rest.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
            let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
            let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
            if let (b'%', Some(byte)) = (first, byte) {
                decoded.push(byte);
                text = &rest[2..];
            } else {
                decoded.push(*first);
                text = rest;
            }
        }
        decoded
    };
    let pairs = query.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<_> = pairs
        .map(|pair| {
            let (name, value) = split_once(pair, b"=").unwrap_or((pair, b""));
            (decode(name), decode(value))
        })
        .collect();
    pairs.sort();
    pairs
}
