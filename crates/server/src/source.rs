//! Where a request comes from: the peer, or what a trusted proxy says of its own.
//!
//! Invariant: what a peer that is no trusted proxy says of others is not looked at, and neither is
//! what stands in front of what a trusted one says, nor a header of the kind that the trusted ones do
//! not write: anybody could have written it.

use crate::head::HeadError;
use crate::networks::Networks;
use access::Origin;
use hyper::header::{FORWARDED, HeaderMap, HeaderName, USER_AGENT};
use std::net::{IpAddr, SocketAddr};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// How much of a `User-Agent` conditions see. Clients name what they are made of, and need less;
/// who writes more could as well have written something else.
const USER_AGENT_BYTES_MAX: usize = 2048;

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its address.
    pub address: IpAddr,
    /// Whether the connection is TLS.
    pub secure: bool,
}

/// The headers in which proxies say where a request comes from. Each proxy writes one kind, and
/// passes on what its client has written in the other: so one kind is looked at, and never the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProxyHeaders {
    /// `X-Forwarded-For`, and `X-Forwarded-Proto` beside it.
    #[default]
    XForwarded,
    /// `Forwarded`, of RFC 7239.
    Forwarded,
}

/// The proxies whose word is taken for where a request comes from. By default none is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    networks: Networks,
    headers: ProxyHeaders,
}

impl TrustedProxies {
    /// Reads addresses and networks such as `10.0.0.0/8`, with commas in between. Gives back the
    /// item that is none.
    pub fn parse(text: &str) -> Result<TrustedProxies, &str> {
        let networks = Networks::parse(text)?;
        Ok(TrustedProxies { networks, ..TrustedProxies::default() })
    }

    /// The same, if they write these headers.
    pub fn that_write(self, headers: ProxyHeaders) -> TrustedProxies {
        TrustedProxies { headers, ..self }
    }

    /// Whether no proxy is trusted.
    pub fn is_empty(&self) -> bool {
        self.networks == Networks::default()
    }

    /// Whether the address is one of a trusted proxy.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.networks.contain(address)
    }

    /// Where a request comes from that `peer` has sent, unless it is a trusted one and what it says
    /// cannot be read.
    ///
    /// Then no address would do. That of the proxy would let a client choose it, where a policy
    /// allows the proxy's own machine; none at all, where one denies addresses.
    pub(crate) fn origin(&self, peer: Peer, headers: &HeaderMap) -> Result<Origin, HeadError> {
        let hop = match self.trusts(peer.address) {
            true => self.forwarded(peer, headers).ok_or(HeadError::Source)?,
            false => peer,
        };
        let user_agent = headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
        // It is ASCII.
        let user_agent = user_agent.map(|text| &text[..text.len().min(USER_AGENT_BYTES_MAX)]);
        Ok(Origin {
            source_ip: Some(hop.address.to_canonical()),
            user_agent: user_agent.map(Into::into),
            secure: hop.secure,
        })
    }

    /// What a trusted peer says. Without the header that it writes for others it asks for itself,
    /// such as for our health.
    fn forwarded(&self, peer: Peer, headers: &HeaderMap) -> Option<Peer> {
        match self.headers {
            ProxyHeaders::XForwarded => {
                if !headers.contains_key(X_FORWARDED_FOR) {
                    return Self::for_itself(peer, headers);
                }
                let hops = items(headers, X_FORWARDED_FOR);
                let address = self.farthest(hops.iter().map(|hop| address(hop)))?;
                let proto = items(headers, X_FORWARDED_PROTO).pop();
                Some(Peer { address, secure: proto.map_or(peer.secure, is_https) })
            }
            ProxyHeaders::Forwarded => {
                if !headers.contains_key(FORWARDED) {
                    return Self::for_itself(peer, headers);
                }
                let hops = elements(headers)?;
                let address = self.farthest(hops.iter().map(|hop| hop.address))?;
                // Said by the peer, as the last of its kind is above.
                let secure = hops.last().and_then(|hop| hop.secure).unwrap_or(peer.secure);
                Some(Peer { address, secure })
            }
        }
    }

    /// The peer, unless it says in other words that it asks for somebody: then it writes headers of
    /// the other kind, and everybody would have its address.
    fn for_itself(peer: Peer, headers: &HeaderMap) -> Option<Peer> {
        let others = [X_FORWARDED_FOR, X_FORWARDED_PROTO, FORWARDED];
        others.iter().all(|name| !headers.contains_key(name)).then_some(peer)
    }

    /// The first address from the end that is not of a trusted proxy, or the farthest proxy: each
    /// hop was written by the one behind it. None if something there is no address.
    fn farthest(&self, hops: impl DoubleEndedIterator<Item = Option<IpAddr>>) -> Option<IpAddr> {
        let mut farthest = None;
        for hop in hops.rev() {
            let hop = hop?;
            farthest = Some(hop);
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
    /// None if something is said twice: a client can have put it there by way of another parameter.
    fn read(element: &str) -> Option<Hop> {
        let (mut client, mut proto) = (None, None);
        for pair in split_outside_quotes(element, ';')? {
            let Some((name, value)) = pair.split_once('=') else { continue };
            let said = match name.trim().to_ascii_lowercase().as_str() {
                "for" => &mut client,
                "proto" => &mut proto,
                _ => continue,
            };
            if said.replace(value.trim().trim_matches('"')).is_some() {
                return None;
            }
        }
        Some(Hop { address: client.and_then(address), secure: proto.map(is_https) })
    }
}

/// The values of a header. What is no text is an empty one: it must not disappear, or the one in
/// front of it would count.
fn values(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers.get_all(name).into_iter().map(|value| value.to_str().unwrap_or_default())
}

/// The items of a list that may be spread over several headers.
fn items(headers: &HeaderMap, name: HeaderName) -> Vec<&str> {
    values(headers, name).flat_map(|value| value.split(',').map(str::trim)).collect()
}

/// The elements of all `Forwarded`.
fn elements(headers: &HeaderMap) -> Option<Vec<Hop>> {
    let mut hops = Vec::new();
    for value in values(headers, FORWARDED) {
        for element in split_outside_quotes(value, ',')? {
            hops.push(Hop::read(element)?);
        }
    }
    Some(hops)
}

/// Splits where the separator is not in quotation marks. None if those are not paired: what a
/// client has opened would hide what the proxy adds.
fn split_outside_quotes(text: &str, separator: char) -> Option<Vec<&str>> {
    let mut quoted = false;
    let parts = text.split(|letter: char| {
        quoted ^= letter == '"';
        letter == separator && !quoted
    });
    let parts = parts.map(str::trim).collect();
    (!quoted).then_some(parts)
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

    const FOR: &str = "x-forwarded-for";
    const PROTO: &str = "x-forwarded-proto";
    const STANDARD: &str = "forwarded";

    /// The address and whether it is secure, of a plain connection from `peer`.
    fn read(
        writes: ProxyHeaders,
        peer: &str,
        lines: &[(&'static str, &'static str)],
    ) -> Result<(String, bool), HeadError> {
        let trusted = proxies("10.0.0.0/8, 192.0.2.7,fd00::/8").that_write(writes);
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().expect("a header value"));
        }
        let peer = Peer { address: peer.parse().expect("an address"), secure: false };
        let origin = trusted.origin(peer, &headers)?;
        Ok((origin.source_ip.expect("an address").to_string(), origin.secure))
    }

    #[track_caller]
    fn check(
        writes: ProxyHeaders,
        peer: &str,
        lines: &[(&'static str, &'static str)],
        source: &str,
        secure: bool,
    ) {
        let expected = Ok((source.to_owned(), secure));
        assert_eq!(read(writes, peer, lines), expected, "{writes:?} {lines:?}");
    }

    #[track_caller]
    fn check_refused(writes: ProxyHeaders, lines: &[(&'static str, &'static str)]) {
        let refused = Err(HeadError::Source);
        assert_eq!(read(writes, "10.0.0.1", lines), refused, "{writes:?} {lines:?}");
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

    /// Even what cannot be read is nobody's affair then.
    #[test]
    fn strangers_speak_for_themselves_alone() {
        for writes in [ProxyHeaders::XForwarded, ProxyHeaders::Forwarded] {
            for lines in [
                &[][..],
                &[(FOR, "198.51.100.1"), (PROTO, "https")],
                &[(STANDARD, "for=198.51.100.1;proto=https")],
                &[(FOR, "x"), (STANDARD, "x")],
            ] {
                check(writes, "203.0.113.1", lines, "203.0.113.1", false);
                check(writes, "::ffff:203.0.113.1", lines, "203.0.113.1", false);
            }
        }
    }

    #[test]
    fn what_a_trusted_proxy_says() {
        for (lines, source, secure) in [
            (&[(FOR, "198.51.100.1")][..], "198.51.100.1", false),
            (&[(FOR, "198.51.100.1"), (PROTO, "HTTPS")], "198.51.100.1", true),
            (&[(FOR, "198.51.100.1"), (PROTO, "https"), (PROTO, "http")], "198.51.100.1", false),
            (&[(FOR, "198.51.100.1:4711")], "198.51.100.1", false),
            (&[(FOR, "2001:db8::1")], "2001:db8::1", false),
            (&[(FOR, "[2001:db8::1]:4711")], "2001:db8::1", false),
            // What a client has written in front counts for nothing.
            (&[(FOR, "1.1.1.1, 198.51.100.1")], "198.51.100.1", false),
            (&[(FOR, "1.1.1.1"), (FOR, "198.51.100.1")], "198.51.100.1", false),
            (&[(FOR, "1.1.1.1, 198.51.100.1, 192.0.2.7")], "198.51.100.1", false),
            (&[(FOR, "\", x,, 198.51.100.1")], "198.51.100.1", false),
            (&[(FOR, "\u{fc}"), (FOR, "198.51.100.1")], "198.51.100.1", false),
            (&[(FOR, "10.0.0.3, 10.0.0.2")], "10.0.0.3", false),
        ] {
            check(ProxyHeaders::XForwarded, "10.0.0.1", lines, source, secure);
            check(ProxyHeaders::XForwarded, "::ffff:10.0.0.1", lines, source, secure);
        }
    }

    #[test]
    fn the_standard_header() {
        for (lines, source, secure) in [
            (&[(STANDARD, "for=198.51.100.1;proto=https;by=10.0.0.1")][..], "198.51.100.1", true),
            (&[(STANDARD, "For=\"[2001:db8::1]:4711\"; Proto=http")], "2001:db8::1", false),
            (&[(STANDARD, "for=1.1.1.1, for=198.51.100.1")], "198.51.100.1", false),
            (&[(STANDARD, "for=\"1.1.1.1,\";x=\"a;b\", for=198.51.100.1")], "198.51.100.1", false),
            (&[(STANDARD, "for=1.1.1.1;proto=https, for=198.51.100.1")], "198.51.100.1", false),
            (&[(STANDARD, "for=_x, for=198.51.100.1, for=10.0.0.2")], "198.51.100.1", false),
        ] {
            check(ProxyHeaders::Forwarded, "10.0.0.1", lines, source, secure);
        }
    }

    /// Otherwise a client chooses the proxy's own address as its source, by saying nothing that can
    /// be read where the proxy passes it on.
    #[test]
    fn the_header_that_proxies_do_not_write_is_not_looked_at() {
        for value in ["for=_x", "for=127.0.0.1;proto=https", "for=10.0.0.1", "x", "\""] {
            let lines = [(FOR, "198.51.100.1"), (STANDARD, value)];
            check(ProxyHeaders::XForwarded, "10.0.0.1", &lines, "198.51.100.1", false);
        }
        for value in ["unknown", "127.0.0.1", "10.0.0.1", ""] {
            let lines = [(FOR, value), (PROTO, "https"), (STANDARD, "for=198.51.100.1")];
            check(ProxyHeaders::Forwarded, "10.0.0.1", &lines, "198.51.100.1", false);
        }
    }

    /// Such as one for our health.
    #[test]
    fn a_proxy_that_says_nothing_asks_for_itself() {
        check(ProxyHeaders::XForwarded, "10.0.0.1", &[], "10.0.0.1", false);
        check(ProxyHeaders::Forwarded, "10.0.0.1", &[], "10.0.0.1", false);
    }

    /// Otherwise all its clients would have its address.
    #[test]
    fn a_proxy_that_writes_the_other_kind_is_told_so() {
        check_refused(ProxyHeaders::XForwarded, &[(STANDARD, "for=198.51.100.1;proto=https")]);
        check_refused(ProxyHeaders::XForwarded, &[(PROTO, "https")]);
        check_refused(ProxyHeaders::Forwarded, &[(FOR, "198.51.100.1"), (PROTO, "https")]);
        check_refused(ProxyHeaders::Forwarded, &[(FOR, "198.51.100.1")]);
    }

    /// Nobody knows who is behind what is no address.
    #[test]
    fn what_a_trusted_proxy_says_and_cannot_be_read() {
        for lines in [
            &[(FOR, "")][..],
            &[(FOR, "1.1.1.1, unknown")],
            &[(FOR, "1.1.1.1, unknown, 10.0.0.2")],
            &[(FOR, "1.1.1.1,")],
            &[(FOR, "1.1.1.1"), (FOR, "\u{fc}")],
            &[(FOR, "1.1.1.1 2.2.2.2")],
        ] {
            check_refused(ProxyHeaders::XForwarded, lines);
        }
        for value in [
            "",
            "for=1.1.1.1, for=_hidden",
            "for=1.1.1.1, for=unknown",
            "for=1.1.1.1, proto=https",
            "for=1.1.1.1,",
            // What a client writes must not hide what the proxy adds to it.
            "for=1.1.1.1;x=\", for=198.51.100.1",
            "for=1.1.1.1;x=\", for=\"[2001:db8::1]:4711\"",
            "for=198.51.100.1;host=x;for=1.1.1.1",
            "for=198.51.100.1;host=x;proto=https;proto=http",
        ] {
            check_refused(ProxyHeaders::Forwarded, &[(STANDARD, value)]);
        }
    }

    #[test]
    fn the_user_agent_is_taken_from_anybody() {
        let mut headers = HeaderMap::new();
        headers.insert("user-agent", "Boto3/1.0".parse().expect("a header value"));
        let peer = Peer { address: "203.0.113.1".parse().expect("an address"), secure: true };
        let origin = TrustedProxies::default().origin(peer, &headers).expect("no proxy");
        assert_eq!(origin.user_agent.as_deref(), Some("Boto3/1.0"));
        assert!(origin.secure);
    }

    /// Every pattern of a policy is compared with it.
    #[test]
    fn a_long_user_agent_is_cut() {
        let peer = Peer { address: "203.0.113.1".parse().expect("an address"), secure: true };
        for (given, kept) in [(2047, 2047), (2048, 2048), (2049, 2048), (24_000, 2048)] {
            let mut headers = HeaderMap::new();
            headers.insert("user-agent", "x".repeat(given).parse().expect("a header value"));
            let origin = TrustedProxies::default().origin(peer, &headers);
            let user_agent = origin.expect("nothing is to be believed").user_agent;
            assert_eq!(user_agent.map(|text| text.len()), Some(kept), "{given}");
        }
    }
}
