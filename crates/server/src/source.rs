//! Where a request comes from: the peer, or what a trusted proxy says of its own.
//!
//! Invariant: what a peer that is no trusted proxy says of others is not looked at, and neither is
//! what stands in front of what a trusted one says: anybody could have written it.

use crate::networks::Networks;
use access::Origin;
use hyper::header::{FORWARDED, HeaderMap, HeaderName, USER_AGENT};
use std::net::{IpAddr, SocketAddr};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its address.
    pub address: IpAddr,
    /// Whether the connection is TLS.
    pub secure: bool,
}

/// The proxies whose word is taken for where a request comes from. By default none is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Networks);

impl TrustedProxies {
    /// Reads addresses and networks such as `10.0.0.0/8`, with commas in between. Gives back the
    /// item that is none.
    pub fn parse(text: &str) -> Result<TrustedProxies, &str> {
        Networks::parse(text).map(TrustedProxies)
    }

    /// Whether the address is one of a trusted proxy.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.0.contain(address)
    }

    /// Where a request comes from that `peer` has sent.
    pub(crate) fn origin(&self, peer: Peer, headers: &HeaderMap) -> Origin {
        let hop = match self.trusts(peer.address) {
            true => self.forwarded(peer, headers),
            false => peer,
        };
        let user_agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
        Origin {
            source_ip: Some(hop.address.to_canonical()),
            user_agent: user_agent.map(Into::into),
            secure: hop.secure,
        }
    }

    /// What a trusted peer says. There are two ways to say it, and a proxy that writes one may pass
    /// on what its client wrote in the other: where they disagree, neither counts.
    fn forwarded(&self, peer: Peer, headers: &HeaderMap) -> Peer {
        let by_x = headers.contains_key(X_FORWARDED_FOR).then(|| {
            let hops = items(headers, X_FORWARDED_FOR, b',');
            let address = self.farthest(peer.address, hops.into_iter().map(|hop| address(&hop)));
            let proto = items(headers, X_FORWARDED_PROTO, b',').pop();
            Peer { address, secure: proto.map_or(peer.secure, |proto| is_https(&proto)) }
        });
        let standard = headers.contains_key(FORWARDED).then(|| {
            let elements = items(headers, FORWARDED, b',');
            let hops: Vec<Hop> = elements.iter().map(|element| Hop::read(element)).collect();
            let address = self.farthest(peer.address, hops.iter().map(|hop| hop.address));
            // Said by the peer, as the last of its kind is above.
            let secure = hops.last().and_then(|hop| hop.secure).unwrap_or(peer.secure);
            Peer { address, secure }
        });
        match (by_x, standard) {
            (Some(one), Some(other)) if one != other => peer,
            (Some(hop), _) | (None, Some(hop)) => hop,
            (None, None) => {
                let proto = items(headers, X_FORWARDED_PROTO, b',').pop();
                Peer { secure: proto.map_or(peer.secure, |proto| is_https(&proto)), ..peer }
            }
        }
    }

    /// The first address from the end that is not of a trusted proxy, or the farthest proxy if
    /// something there is no address: each hop was written by the one behind it.
    fn farthest(
        &self,
        peer: IpAddr,
        hops: impl DoubleEndedIterator<Item = Option<IpAddr>>,
    ) -> IpAddr {
        let mut farthest = peer;
        for hop in hops.rev() {
            let Some(hop) = hop else { break };
            farthest = hop;
            if !self.trusts(hop) {
                break;
            }
        }
        farthest
    }
}

/// One element of `Forwarded`.
struct Hop {
    address: Option<IpAddr>,
    secure: Option<bool>,
}

impl Hop {
    fn read(element: &str) -> Hop {
        let mut hop = Hop { address: None, secure: None };
        for pair in split(element, b';') {
            let Some((name, value)) = pair.split_once('=') else { continue };
            let value = value.trim().trim_matches('"');
            match name.trim().to_ascii_lowercase().as_str() {
                "for" => hop.address = address(value),
                "proto" => hop.secure = Some(is_https(value)),
                _ => (),
            }
        }
        hop
    }
}

/// The items of a list that may be spread over several headers. What is no text is an empty item:
/// it must not disappear, or the one in front of it would count.
fn items(headers: &HeaderMap, name: HeaderName, separator: u8) -> Vec<String> {
    let values = headers.get_all(name).into_iter();
    values.flat_map(|value| split(value.to_str().unwrap_or_default(), separator)).collect()
}

/// Splits where the separator is not in quotation marks.
fn split(text: &str, separator: u8) -> Vec<String> {
    let mut quoted = false;
    let parts = text.split(|letter: char| {
        quoted ^= letter == '"';
        letter == char::from(separator) && !quoted
    });
    parts.map(|part| part.trim().to_owned()).collect()
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip()));
    address.map(|address| address.to_canonical())
}

fn is_https(text: &str) -> bool {
    text.eq_ignore_ascii_case("https")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(text: &str) -> TrustedProxies {
        TrustedProxies::parse(text).expect("addresses and networks")
    }

    /// Compares the address and whether it is secure, for a plain connection from `peer`.
    #[track_caller]
    fn check(peer: &str, lines: &[(&'static str, &'static str)], source: &str, secure: bool) {
        let trusted = proxies("10.0.0.0/8, 192.0.2.7,fd00::/8");
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().expect("a header value"));
        }
        let peer = Peer { address: peer.parse().expect("an address"), secure: false };
        let origin = trusted.origin(peer, &headers);
        assert_eq!(origin.source_ip, Some(source.parse().expect("an address")), "{lines:?}");
        assert_eq!(origin.secure, secure, "{lines:?}");
    }

    #[test]
    fn lists_of_proxies() {
        assert_eq!(proxies("10.0.0.1"), proxies(" 10.0.0.1/32 "));
        for (text, wrong) in [
            ("", ""),
            ("10.0.0.0/8,", ""),
            ("10.0.0.0/8,proxy", "proxy"),
            ("1.2.3.4/33", "1.2.3.4/33"),
        ] {
            assert_eq!(TrustedProxies::parse(text), Err(wrong), "{text}");
        }
        let most = vec!["::1"; Networks::MAX].join(",");
        assert!(TrustedProxies::parse(&most).is_ok());
        assert_eq!(TrustedProxies::parse(&format!("{most},::2")), Err("::2"));
    }

    #[test]
    fn strangers_speak_for_themselves_alone() {
        let says = [("x-forwarded-for", "198.51.100.1"), ("x-forwarded-proto", "https")];
        check("203.0.113.1", &says, "203.0.113.1", false);
        check(
            "203.0.113.1",
            &[("forwarded", "for=198.51.100.1;proto=https")],
            "203.0.113.1",
            false,
        );
        check("::ffff:203.0.113.1", &[], "203.0.113.1", false);
    }

    #[test]
    fn what_a_trusted_proxy_says() {
        const FOR: &str = "x-forwarded-for";
        const PROTO: &str = "x-forwarded-proto";
        for (lines, source, secure) in [
            (&[][..], "10.0.0.1", false),
            (&[(FOR, "198.51.100.1")], "198.51.100.1", false),
            (&[(FOR, "198.51.100.1"), (PROTO, "HTTPS")], "198.51.100.1", true),
            (&[(FOR, "198.51.100.1"), (PROTO, "https"), (PROTO, "http")], "198.51.100.1", false),
            (&[(FOR, "198.51.100.1:4711")], "198.51.100.1", false),
            (&[(FOR, "2001:db8::1")], "2001:db8::1", false),
            (&[(FOR, "[2001:db8::1]:4711")], "2001:db8::1", false),
            // What a client has written in front counts for nothing.
            (&[(FOR, "1.1.1.1, 198.51.100.1")], "198.51.100.1", false),
            (&[(FOR, "1.1.1.1"), (FOR, "198.51.100.1")], "198.51.100.1", false),
            (&[(FOR, "1.1.1.1, 198.51.100.1, 192.0.2.7")], "198.51.100.1", false),
            (&[(FOR, "10.0.0.3, 10.0.0.2")], "10.0.0.3", false),
            // Nobody knows who is behind what is no address.
            (&[(FOR, "1.1.1.1, unknown")], "10.0.0.1", false),
            (&[(FOR, "1.1.1.1, unknown, 10.0.0.2")], "10.0.0.2", false),
            (&[(FOR, "1.1.1.1,")], "10.0.0.1", false),
            (&[(FOR, "1.1.1.1"), (FOR, "\u{fc}")], "10.0.0.1", false),
            (&[(PROTO, "https")], "10.0.0.1", true),
        ] {
            check("10.0.0.1", lines, source, secure);
            check("::ffff:10.0.0.1", lines, source, secure);
        }
    }

    #[test]
    fn the_standard_header() {
        const FORWARDED: &str = "forwarded";
        for (lines, source, secure) in [
            (&[(FORWARDED, "for=198.51.100.1;proto=https;by=10.0.0.1")][..], "198.51.100.1", true),
            (&[(FORWARDED, "For=\"[2001:db8::1]:4711\"; Proto=http")], "2001:db8::1", false),
            (&[(FORWARDED, "for=1.1.1.1, for=198.51.100.1")], "198.51.100.1", false),
            (&[(FORWARDED, "for=\"1.1.1.1,\";x=\"a;b\", for=198.51.100.1")], "198.51.100.1", false),
            (&[(FORWARDED, "for=1.1.1.1, for=_hidden")], "10.0.0.1", false),
            (&[(FORWARDED, "for=1.1.1.1, proto=https")], "10.0.0.1", true),
            (&[(FORWARDED, "for=1.1.1.1;proto=https, for=198.51.100.1")], "198.51.100.1", false),
        ] {
            check("10.0.0.1", lines, source, secure);
        }
    }

    /// One of them is the client's, who may write what it likes.
    #[test]
    fn two_accounts_that_differ_are_both_dropped() {
        let (x, standard) = ("x-forwarded-for", "forwarded");
        let proto = ("x-forwarded-proto", "https");
        check("10.0.0.1", &[(x, "1.1.1.1"), (standard, "for=1.1.1.1")], "1.1.1.1", false);
        check("10.0.0.1", &[(x, "1.1.1.1"), (standard, "for=2.2.2.2")], "10.0.0.1", false);
        check("10.0.0.1", &[(x, "1.1.1.1"), proto, (standard, "for=1.1.1.1")], "10.0.0.1", false);
    }

    #[test]
    fn the_user_agent_is_taken_from_anybody() {
        let mut headers = HeaderMap::new();
        headers.insert("user-agent", "Boto3/1.0".parse().expect("a header value"));
        let peer = Peer { address: "203.0.113.1".parse().expect("an address"), secure: true };
        let origin = TrustedProxies::default().origin(peer, &headers);
        assert_eq!(origin.user_agent.as_deref(), Some("Boto3/1.0"));
        assert!(origin.secure);
    }
}
