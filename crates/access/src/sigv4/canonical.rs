//! The canonical form of a request: the bytes that a signature is made of, for signers and
//! verifiers alike.

use super::{ALGORITHM, TERMINATOR};
use sha2::{Digest, Sha256};

/// What of a request is signed.
pub struct Signed<'a> {
    pub method: &'a str,
    pub path: &'a [u8],
    pub normalizes_path: bool,
    /// In canonical form already.
    pub query: &'a [u8],
    /// Names in lower case, each with all its values in order.
    pub headers: &'a [(&'a str, Vec<&'a [u8]>)],
    /// In hexadecimal.
    pub body_hash: &'a str,
}

/// The canonical request.
pub fn request(signed: &Signed<'_>) -> Vec<u8> {
    let mut text = Vec::with_capacity(1024);
    text.extend(signed.method.bytes());
    text.push(b'\n');
    put_path(&mut text, signed.path, signed.normalizes_path);
    text.push(b'\n');
    text.extend(signed.query);
    text.push(b'\n');
    for (name, values) in signed.headers {
        text.extend(name.bytes());
        for (index, value) in values.iter().enumerate() {
            text.push(if index == 0 { b':' } else { b',' });
            put_header_value(&mut text, value);
        }
        text.push(b'\n');
    }
    text.push(b'\n');
    for (index, (name, _)) in signed.headers.iter().enumerate() {
        if index > 0 {
            text.push(b';');
        }
        text.extend(name.bytes());
    }
    text.push(b'\n');
    text.extend(signed.body_hash.bytes());
    text
}

/// The day, region and service that a signing key is good for.
pub fn scope(day: &str, region: &str, service: &str) -> String {
    format!("{day}/{region}/{service}/{TERMINATOR}")
}

/// What the key is applied to.
pub fn string_to_sign(date: &str, scope: &str, canonical_request: &[u8]) -> String {
    format!("{ALGORITHM}\n{date}\n{scope}\n{}", hex(&Sha256::digest(canonical_request)))
}

/// Every byte is encoded, a `%` as well: paths are signed twice encoded, once as they travel and
/// once more here.
fn put_path(text: &mut Vec<u8>, path: &[u8], normalizes: bool) {
    if !normalizes {
        put_encoded(text, path, b"/");
        return;
    }
    let mut segments: Vec<&[u8]> = Vec::new();
    for segment in path.split(|byte| *byte == b'/') {
        match segment {
            b"" | b"." => (),
            b".." => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }
    for segment in &segments {
        text.push(b'/');
        put_encoded(text, segment, b"");
    }
    // `/a/`, `/a/.` and `/a/b/..` are directories; so is the root.
    let last = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    if segments.is_empty() || matches!(last, b"" | b"." | b"..") {
        text.push(b'/');
    }
}

/// The value without spaces around it, and with one for each row of spaces inside.
fn put_header_value(text: &mut Vec<u8>, value: &[u8]) {
    let words = value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    for (index, word) in words.enumerate() {
        if index > 0 {
            text.push(b' ');
        }
        text.extend(word);
    }
}

/// The parameters of a query, decoded, in the order in which they came.
pub struct Query(Vec<(Vec<u8>, Vec<u8>)>);

impl Query {
    /// Reads a query as it came. `+` is no space: none of AWS's clients means one by it.
    pub fn parse(raw: &[u8]) -> Query {
        let pairs = raw.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
        let decoded = pairs.map(|pair| {
            let mut parts = pair.splitn(2, |byte| *byte == b'=');
            let mut next = || decoded(parts.next().unwrap_or_default());
            (next(), next())
        });
        Query(decoded.collect())
    }

    /// The values of a parameter.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        let named = self.0.iter().filter(move |(key, _)| key == name.as_bytes());
        named.map(|(_, value)| value.as_slice())
    }

    /// The canonical form: encoded, then sorted, with the parameters `left_out` left out.
    pub fn canonical(&self, left_out: &[&str]) -> Vec<u8> {
        let kept = |name: &[u8]| left_out.iter().all(|left_out| left_out.as_bytes() != name);
        let encoded = |bytes: &[u8]| {
            let mut encoded = Vec::with_capacity(bytes.len());
            put_encoded(&mut encoded, bytes, b"");
            encoded
        };
        let kept = self.0.iter().filter(|(name, _)| kept(name));
        let mut pairs: Vec<_> = kept.map(|(name, value)| (encoded(name), encoded(value))).collect();
        pairs.sort_unstable();
        let mut text = Vec::new();
        for (index, (name, value)) in pairs.iter().enumerate() {
            if index > 0 {
                text.push(b'&');
            }
            text.extend(name);
            text.push(b'=');
            text.extend(value);
        }
        text
    }
}

/// Encodes what is not unreserved in RFC 3986, nor in `kept`.
fn put_encoded(text: &mut Vec<u8>, bytes: &[u8], kept: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in bytes {
        let unreserved = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if unreserved || kept.contains(&byte) {
            text.push(byte);
        } else {
            text.push(b'%');
            text.push(DIGITS[usize::from(byte >> 4)]);
            text.push(DIGITS[usize::from(byte & 15)]);
        }
    }
}

/// Undoes `%2F` and the like; what is no such sequence stays as it is.
fn decoded(bytes: &[u8]) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                decoded.push(u8::try_from(high * 16 + low).expect("two hex digits are a byte"));
                at += 3;
            }
            _ => {
                decoded.push(*byte);
                at += 1;
            }
        }
    }
    decoded
}

/// In hexadecimal, in lower case.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

/// The hash of a body, in hexadecimal.
pub fn body_hash(body: &[u8]) -> String {
    hex(&Sha256::digest(body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percent_sequences() {
        for (text, expected) in
            [("a%2Fb", "a/b"), ("%", "%"), ("%2", "%2"), ("%zz%41", "%zzA"), ("%e2%82%ac", "€")]
        {
            assert_eq!(decoded(text.as_bytes()), expected.as_bytes());
        }
    }

    #[test]
    fn queries() {
        for (raw, expected) in [
            ("", ""),
            ("b=2&a=1", "a=1&b=2"),
            ("a=2&a=1", "a=1&a=2"),
            ("a&&b=", "a=&b="),
            ("a=b=c", "a=b%3Dc"),
            ("a=+", "a=%2B"),
            ("a-b=1&a=2", "a=2&a-b=1"),
            ("X=1&a=1&left=3", "X=1&a=1"),
        ] {
            let canonical = Query::parse(raw.as_bytes()).canonical(&["left"]);
            assert_eq!(String::from_utf8_lossy(&canonical), expected, "{raw}");
        }
    }

    #[test]
    fn paths() {
        for (raw, normalized, kept) in [
            ("/", "/", "/"),
            ("/a/b", "/a/b", "/a/b"),
            ("/a/./b//c/..", "/a/b/", "/a/./b//c/.."),
            ("/../..", "/", "/../.."),
            ("/a/.", "/a/", "/a/."),
            ("/%20", "/%2520", "/%2520"),
        ] {
            let path = |normalizes| {
                let mut text = Vec::new();
                put_path(&mut text, raw.as_bytes(), normalizes);
                String::from_utf8(text).expect("encoded")
            };
            assert_eq!((path(true).as_str(), path(false).as_str()), (normalized, kept), "{raw}");
        }
    }

    #[test]
    fn values_of_headers() {
        for (raw, expected) in
            [("", ""), ("  a  ", "a"), ("a \t b", "a b"), ("\"a   b\"", "\"a b\"")]
        {
            let mut text = Vec::new();
            put_header_value(&mut text, raw.as_bytes());
            assert_eq!(text, expected.as_bytes());
        }
    }
}
