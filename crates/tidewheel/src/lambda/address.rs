//! The addresses at which functions may be called.
//!
//! A name is looked up once for each call, and what is connected to is what was judged. A name whose
//! owner, or whoever answers for him, lets it lead into our own network is not followed.

use server::Networks;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why an address is not just anybody's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Inside {
    /// No address at all, which systems take for this machine.
    #[error("an unspecified")]
    Unspecified,
    /// This machine.
    #[error("a loopback")]
    Loopback,
    /// This link; the metadata of cloud machines among others.
    #[error("a link-local")]
    LinkLocal,
    /// A network that is not the internet.
    #[error("a private")]
    Private,
    /// Many at once.
    #[error("a multicast")]
    Multicast,
    /// Nobody's, as far as is known.
    #[error("a reserved")]
    Reserved,
}

/// Whether functions may be called at an address to which an endpoint's host leads. An address that
/// the operator has written down himself is meant, and so is `localhost` by its name.
pub fn judge(host: &str, address: IpAddr, allowed: &Networks) -> Result<(), Inside> {
    let Some(inside) = inside(address) else { return Ok(()) };
    let is_written = host.parse() == Ok(address);
    let is_localhost = host.eq_ignore_ascii_case("localhost") && inside == Inside::Loopback;
    match is_written || is_localhost || allowed.contain(address) {
        true => Ok(()),
        false => Err(inside),
    }
}

fn inside(address: IpAddr) -> Option<Inside> {
    match address {
        IpAddr::V4(address) => inside_v4(address),
        IpAddr::V6(address) => inside_v6(address),
    }
}

fn inside_v4(address: Ipv4Addr) -> Option<Inside> {
    match address.octets() {
        [0, ..] => Some(Inside::Unspecified),
        [127, ..] => Some(Inside::Loopback),
        [169, 254, ..] => Some(Inside::LinkLocal),
        // Shared between a provider and its customers (RFC 6598), for protocols (RFC 6890), and for
        // benchmarks (RFC 2544), beside those that everybody calls private.
        [10, ..]
        | [172, 16..=31, ..]
        | [192, 168, ..]
        | [100, 64..=127, ..]
        | [192, 0, 0, _]
        | [198, 18..=19, ..] => Some(Inside::Private),
        [224..=239, ..] => Some(Inside::Multicast),
        [240..=255, ..] => Some(Inside::Reserved),
        _ => None,
    }
}

fn inside_v6(address: Ipv6Addr) -> Option<Inside> {
    if address == Ipv6Addr::UNSPECIFIED {
        return Some(Inside::Unspecified);
    }
    if address == Ipv6Addr::LOCALHOST {
        return Some(Inside::Loopback);
    }
    // An IPv4 address in the last two of its groups, or behind the first.
    let v4 =
        |high: u16, low: u16| inside_v4(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)));
    match address.segments() {
        // Mapped, compatible (RFC 4291), and what translators make of IPv4 (RFC 6052, RFC 2765).
        [0, 0, 0, 0, 0, 0xffff | 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low] => v4(high, low),
        // 6to4 (RFC 3056).
        [0x2002, high, low, ..] => v4(high, low),
        // Translation within a network (RFC 8215).
        [0x64, 0xff9b, 1, ..] => Some(Inside::Private),
        [0xfe80..=0xfebf, ..] => Some(Inside::LinkLocal),
        // Unique local addresses, and site-local ones, which were before them.
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => Some(Inside::Private),
        [0xff00..=0xffff, ..] => Some(Inside::Multicast),
        // Tunnels of Teredo (RFC 4380), which hide an IPv4 address.
        [0x2001, 0, ..] => Some(Inside::Reserved),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_are_not_called_without_leave() {
        use Inside::{LinkLocal, Loopback, Multicast, Private, Reserved, Unspecified};
        for (text, expected) in [
            ("0.0.0.0", Some(Unspecified)),
            ("0.1.2.3", Some(Unspecified)),
            ("127.0.0.1", Some(Loopback)),
            ("127.255.255.255", Some(Loopback)),
            ("128.0.0.1", None),
            ("169.254.169.254", Some(LinkLocal)),
            ("169.253.255.255", None),
            ("169.255.0.0", None),
            ("9.255.255.255", None),
            ("10.0.0.0", Some(Private)),
            ("10.255.255.255", Some(Private)),
            ("11.0.0.0", None),
            ("172.15.255.255", None),
            ("172.16.0.0", Some(Private)),
            ("172.31.255.255", Some(Private)),
            ("172.32.0.0", None),
            ("192.168.0.1", Some(Private)),
            ("192.169.0.1", None),
            ("100.63.255.255", None),
            ("100.64.0.0", Some(Private)),
            ("100.100.100.200", Some(Private)),
            ("100.128.0.0", None),
            ("192.0.0.192", Some(Private)),
            ("198.17.255.255", None),
            ("198.19.0.1", Some(Private)),
            ("223.255.255.255", None),
            ("224.0.0.1", Some(Multicast)),
            ("239.255.255.255", Some(Multicast)),
            ("240.0.0.1", Some(Reserved)),
            ("255.255.255.255", Some(Reserved)),
            ("8.8.8.8", None),
            ("::", Some(Unspecified)),
            ("::1", Some(Loopback)),
            ("::2", Some(Unspecified)),
            ("fe80::1", Some(LinkLocal)),
            ("febf::1", Some(LinkLocal)),
            ("fec0::1", Some(Private)),
            ("fc00::1", Some(Private)),
            ("fd00:ec2::254", Some(Private)),
            ("fbff::1", None),
            ("ff02::1", Some(Multicast)),
            ("2600:1f18::1", None),
            ("::ffff:127.0.0.1", Some(Loopback)),
            ("::ffff:169.254.169.254", Some(LinkLocal)),
            ("::ffff:10.0.0.1", Some(Private)),
            ("::ffff:8.8.8.8", None),
            ("::127.0.0.1", Some(Loopback)),
            ("::ffff:0:10.0.0.1", Some(Private)),
            ("64:ff9b::169.254.169.254", Some(LinkLocal)),
            ("64:ff9b::8.8.8.8", None),
            ("64:ff9b:1::8.8.8.8", Some(Private)),
            ("2002:a9fe:a9fe::1", Some(LinkLocal)),
            ("2002:808:808::1", None),
            ("2001::1", Some(Reserved)),
            ("2001:db9::1", None),
        ] {
            let address: IpAddr = text.parse().expect(text);
            assert_eq!(inside(address), expected, "{text}");
            let judged = judge("functions.example", address, &Networks::default());
            assert_eq!(judged.err(), expected, "{text}");
            assert_eq!(judge(text, address, &Networks::default()), Ok(()), "{text}");
        }
    }

    #[test]
    fn addresses_with_leave() {
        let networks = "10.1.0.0/16, fd00::/8, 169.254.1.1";
        let allowed = Networks::parse(networks).expect("right networks");
        for (host, text, expected) in [
            ("functions.example", "10.1.2.3", Ok(())),
            ("functions.example", "::ffff:10.1.2.3", Ok(())),
            ("functions.example", "10.2.0.1", Err(Inside::Private)),
            ("functions.example", "fd12::1", Ok(())),
            ("functions.example", "169.254.1.1", Ok(())),
            ("functions.example", "169.254.169.254", Err(Inside::LinkLocal)),
            ("localhost", "127.0.0.1", Ok(())),
            ("LocalHost", "::1", Ok(())),
            ("localhost", "192.168.0.1", Err(Inside::Private)),
            ("localhost.example", "127.0.0.1", Err(Inside::Loopback)),
            ("127.0.0.1", "127.0.0.1", Ok(())),
            ("127.0.0.1", "127.0.0.2", Err(Inside::Loopback)),
            // Systems look this up, and find 127.0.0.1.
            ("127.1", "127.0.0.1", Err(Inside::Loopback)),
        ] {
            let address: IpAddr = text.parse().expect(text);
            assert_eq!(judge(host, address, &allowed), expected, "{host} {text}");
        }
    }
}
