//! The names under which a server is called that lets everybody in.
//!
//! A browser does not let a page call a server of another origin in the way that the API is called.
//! But whoever owns the page's name can make it stand for the server's address (DNS rebinding), and
//! then the page calls its own origin. What gives it away is the name in `Host`. Where requests are
//! signed, a page has no key, and no name is looked at.

use hyper::header::{HOST, HeaderMap};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Names of hosts beside those that are always good: addresses, `localhost` and all below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AllowedHosts(Vec<String>);

impl AllowedHosts {
    /// The most names of a list.
    pub const NAMES_MAX: usize = 64;
    /// The longest name, in bytes: that of the domain name system.
    const NAME_BYTES_MAX: usize = 253;

    /// Reads names such as `tidewheel.internal`, without ports, with commas in between. Gives back
    /// the item that is none.
    pub fn parse(text: &str) -> Result<AllowedHosts, &str> {
        let mut names = Vec::new();
        for item in text.split(',').map(str::trim) {
            if !is_name(item) || names.len() == AllowedHosts::NAMES_MAX {
                return Err(item);
            }
            names.push(item.trim_end_matches('.').to_ascii_lowercase());
        }
        Ok(AllowedHosts(names))
    }

    /// Whether a request is for one of them. Clients too old to say what host they mean are no
    /// browsers.
    pub(crate) fn admit(&self, headers: &HeaderMap) -> bool {
        let Some(host) = headers.get(HOST) else { return true };
        host.to_str().is_ok_and(|host| self.admits(without_port(host)))
    }

    fn admits(&self, host: &str) -> bool {
        let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        if let Some(address) = address {
            return address.parse::<Ipv6Addr>().is_ok();
        }
        if host.parse::<Ipv4Addr>().is_ok() {
            return true;
        }
        let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        name == "localhost" || name.ends_with(".localhost") || self.0.contains(&name)
    }
}

fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    (1..=AllowedHosts::NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(plain)
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_names_are_good() {
        let hosts = AllowedHosts::parse("Tidewheel.internal, swf.").expect("names");
        for (host, admitted) in [
            ("127.0.0.1:7933", true),
            ("127.0.0.1", true),
            ("192.0.2.1:80", true),
            ("[::1]:7933", true),
            ("[::1]", true),
            ("localhost:7933", true),
            ("LocalHost", true),
            ("localhost.:7933", true),
            ("swf.localhost:7933", true),
            ("tidewheel.INTERNAL:7933", true),
            ("swf", true),
            ("swf.:1", true),
            ("", false),
            (":7933", false),
            ("evil.example", false),
            ("evil.example:7933", false),
            ("127.0.0.1.evil.example", false),
            ("localhost.evil.example", false),
            ("evillocalhost", false),
            ("evil.example:x", false),
            ("user@localhost", false),
            ("::1", false),
            ("[evil.example]", false),
            ("0x7f000001", false),
            ("a.tidewheel.internal", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().expect("a header value"));
            assert_eq!(hosts.admit(&headers), admitted, "{host}");
        }
        assert!(hosts.admit(&HeaderMap::new()), "no browser");
    }

    #[test]
    fn lists_of_names() {
        for (text, wrong) in
            [("", ""), ("a,", ""), ("a:80", "a:80"), ("a b", "a b"), ("*", "*"), ("a/b", "a/b")]
        {
            assert_eq!(AllowedHosts::parse(text), Err(wrong), "{text}");
        }
        let most = vec!["a"; AllowedHosts::NAMES_MAX].join(",");
        assert!(AllowedHosts::parse(&most).is_ok());
        assert_eq!(AllowedHosts::parse(&format!("{most},b")), Err("b"));
        assert!(AllowedHosts::parse(&"a".repeat(254)).is_err());
    }
}
