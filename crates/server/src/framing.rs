//! Heads that say twice how long their body is: by a length and by a transfer encoding.
//!
//! HTTP takes the encoding, drops the length and ends the connection, so nothing is smuggled past
//! us. But whoever has passed the request on may have gone by the length, and then it was another
//! request to him: it is refused. As the length is gone by the time that HTTP hands on the head, it
//! is looked for in what comes. Heads that a client sends before it has its last answer are not
//! seen: to them HTTP does what it does.

/// The names that must not stand together.
const LENGTH: &[u8] = b"content-length";
const ENCODING: &[u8] = b"transfer-encoding";

/// That a head has both, for those who judge it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SaidTwice;

/// A look at a head as it comes, piece by piece.
#[derive(Clone, Debug, Default)]
pub(crate) struct HeadScan {
    /// What has come of the name that a line begins with, in small letters.
    name: Vec<u8>,
    part: Part,
    has_length: bool,
    has_encoding: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    /// Nothing but ends of lines have come, which HTTP passes over.
    #[default]
    Before,
    /// In a line, of which no more matters: the first, or one behind its name.
    Rest,
    /// In a name, or where one may begin.
    Name,
    /// Behind the head.
    After,
}

impl HeadScan {
    /// The next bytes of the head, and perhaps some behind it.
    pub(crate) fn pass(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match (self.part, *byte) {
                (Part::Before, b'\r' | b'\n') => (),
                (Part::Before, _) => self.part = Part::Rest,
                (Part::Rest, b'\n') => {
                    self.name.clear();
                    self.part = Part::Name;
                }
                (Part::Rest, _) => (),
                (Part::Name, b':') => {
                    self.has_length |= self.name == LENGTH;
                    self.has_encoding |= self.name == ENCODING;
                    self.part = Part::Rest;
                }
                (Part::Name, b'\n') if self.name.is_empty() => self.part = Part::After,
                (Part::Name, b'\n') => self.name.clear(),
                (Part::Name, b'\r') => (),
                // Longer ones are others.
                (Part::Name, byte) if self.name.len() <= ENCODING.len() => {
                    self.name.push(byte.to_ascii_lowercase());
                }
                (Part::Name, _) => (),
                (Part::After, _) => return,
            }
        }
    }

    /// Whether the head has both.
    pub(crate) fn found(&self) -> Option<SaidTwice> {
        (self.has_length && self.has_encoding).then_some(SaidTwice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_found_however_it_is_cut() {
        let both = Some(SaidTwice);
        for (head, found) in [
            ("POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", both),
            ("\r\n\nPOST / HTTP/1.1\nTRANSFER-ENCODING:x\nx: y\ncontent-length:1\n\n", both),
            ("POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", None),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nContent-Length: 1\r\n", None),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\r\nContent-Length: 1\r\n",
                None,
            ),
            ("POST /content-length: HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", None),
            ("content-length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", None),
            ("POST / HTTP/1.1\r\nx: content-length:1\r\nTransfer-Encoding: chunked\r\n\r\n", None),
            ("POST / HTTP/1.1\r\nContent-Length-: 1\r\nXTransfer-Encoding: x\r\n\r\n", None),
            ("POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encodings: x\r\n\r\n", None),
        ] {
            for at in 0..=head.len() {
                let mut scan = HeadScan::default();
                let (first, second) = head.as_bytes().split_at(at);
                scan.pass(first);
                scan.pass(second);
                assert_eq!(scan.found(), found, "{head:?} at {at}");
            }
        }
    }
}
