//! The name of one request, in its reply and in the log.

use hyper::header::HeaderValue;
use service::Entropy;
use std::fmt;

/// 122 random bits in the form of a UUID (version 4). Formatting one takes less than depending on
/// a crate for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RequestId([u8; 16]);

impl RequestId {
    pub(crate) fn draw(entropy: &dyn Entropy) -> RequestId {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes);
        bytes[6] = (bytes[6] & 0x0f) | 0x40; // Version 4: random.
        bytes[8] = (bytes[8] & 0x3f) | 0x80; // The variant of RFC 9562.
        RequestId(bytes)
    }

    pub(crate) fn to_header(self) -> HeaderValue {
        HeaderValue::from_str(&self.to_string()).expect("hex digits and hyphens are visible ASCII")
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            if matches!(at, 4 | 6 | 8 | 10) {
                formatter.write_str("-")?;
            }
            write!(formatter, "{byte:02x}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Always(u8);

    impl Entropy for Always {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn text() {
        for (byte, text) in [
            (0x00, "00000000-0000-4000-8000-000000000000"),
            (0xff, "ffffffff-ffff-4fff-bfff-ffffffffffff"),
        ] {
            assert_eq!(RequestId::draw(&Always(byte)).to_string(), text);
        }
    }
}
