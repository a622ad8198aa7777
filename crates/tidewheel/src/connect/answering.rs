//! A server for tests that reads requests as they come and answers what it is told to.

use std::io::{Read, Write};

/// A request as it came: names of headers in lower case, and the body.
pub struct Got {
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Got {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Reads one request and answers it.
pub fn exchange(mut stream: impl Read + Write, status: &str, answer: &str) -> Got {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).expect("a head");
        bytes.push(byte[0]);
    }
    let head = String::from_utf8(bytes).expect("a head is text");
    let mut lines = head.lines();
    assert_eq!(lines.next(), Some("POST / HTTP/1.1"));
    let header = |line: &str| {
        let (name, value) = line.split_once(": ")?;
        Some((name.to_lowercase(), value.to_owned()))
    };
    let mut got = Got { headers: lines.filter_map(header).collect(), body: Vec::new() };
    let length = got.header("content-length").expect("a length").parse().expect("a number");
    got.body.resize(length, 0);
    stream.read_exact(&mut got.body).expect("a body");
    let length = answer.len();
    write!(stream, "HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{answer}").expect("sent");
    stream.flush().expect("sent");
    got
}
