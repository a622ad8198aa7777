//! The values that conditions compare: decimals, moments, addresses, bytes; and texts of values
//! that are no text.

use crate::calendar::{self, Second};
use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write as _;
use std::net::IpAddr;
use wire::Timestamp;

/// A decimal number of any length, compared exactly: a float would take neighbours for equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decimal<'a> {
    negative: bool,
    /// Without leading zeros.
    whole: Cow<'a, str>,
    /// Without trailing zeros.
    fraction: Cow<'a, str>,
}

impl<'a> Decimal<'a> {
    /// Digits with at most one point among them and a sign before them.
    pub(super) fn parse(text: &'a str) -> Option<Decimal<'a>> {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(fraction) || whole.len() + fraction.len() == 0 {
            return None;
        }
        let whole = whole.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        let zero = whole.is_empty() && fraction.is_empty();
        let negative = text.starts_with('-') && !zero;
        Some(Decimal { negative, whole: whole.into(), fraction: fraction.into() })
    }

    /// The same number, with digits of its own.
    pub(super) fn into_owned(self) -> Decimal<'static> {
        Decimal {
            negative: self.negative,
            whole: Cow::Owned(self.whole.into_owned()),
            fraction: Cow::Owned(self.fraction.into_owned()),
        }
    }
}

impl Ord for Decimal<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let sizes = self
            .whole
            .len()
            .cmp(&other.whole.len())
            .then_with(|| self.whole.cmp(&other.whole))
            .then_with(|| self.fraction.cmp(&other.fraction));
        match (self.negative, other.negative) {
            (false, false) => sizes,
            (true, true) => sizes.reverse(),
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
        }
    }
}

impl PartialOrd for Decimal<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Reads a moment: the forms of ISO 8601 that the W3C names, or seconds since 1970. Four digits
/// are a year. What is finer than a millisecond is left out.
pub(super) fn parse_moment(text: &str) -> Option<Timestamp> {
    let seconds = text.strip_prefix('-').unwrap_or(text);
    let digits = !seconds.is_empty() && seconds.bytes().all(|byte| byte.is_ascii_digit());
    if digits && (seconds.len() != 4 || text.starts_with('-')) {
        let seconds: i64 = text.parse().ok()?;
        return seconds.checked_mul(1000).map(Timestamp);
    }
    let (date, time) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let year = number(parts.next()?, 4)?;
    let month = parts.next().map(|month| number(month, 2));
    let day = parts.next().map(|day| number(day, 2));
    // A time of day follows a whole date only.
    if parts.next().is_some() || (time.is_some() && day.is_none()) {
        return None;
    }
    let (month, day) = (month.unwrap_or(Some(1))?, day.unwrap_or(Some(1))?);
    let midnight = calendar::midnight(year, month, day)?;
    let day_ms = time.map_or(Some(0), parse_time_of_day)?;
    Some(Timestamp(midnight.0 + day_ms))
}

/// Reads `hh:mm`, `hh:mm:ss` or `hh:mm:ss.s` with `Z` or an offset such as `+01:00`, in
/// milliseconds of a day in UTC.
fn parse_time_of_day(text: &str) -> Option<i64> {
    let (clock, offset_minutes) = match text.strip_suffix('Z') {
        Some(clock) => (clock, 0),
        None => {
            let at = text.rfind(['+', '-'])?;
            let (hours, minutes) = text[at + 1..].split_once(':')?;
            let (hours, minutes) = (number(hours, 2)?, number(minutes, 2)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            let minutes = hours * 60 + minutes;
            (&text[..at], if text[at..].starts_with('-') { -minutes } else { minutes })
        }
    };
    let mut parts = clock.split(':');
    let (hours, minutes) = (number(parts.next()?, 2)?, number(parts.next()?, 2)?);
    let (seconds, milliseconds) = match parts.next() {
        None => (0, 0),
        Some(seconds) => match seconds.split_once('.') {
            None => (number(seconds, 2)?, 0),
            Some((seconds, fraction)) => (number(seconds, 2)?, parse_milliseconds(fraction)?),
        },
    };
    if parts.next().is_some() || hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    Some(((hours * 60 + minutes - offset_minutes) * 60 + seconds) * 1000 + milliseconds)
}

fn parse_milliseconds(fraction: &str) -> Option<i64> {
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digit = |at: usize| i64::from(fraction.as_bytes().get(at).map_or(0, |byte| byte - b'0'));
    Some(digit(0) * 100 + digit(1) * 10 + digit(2))
}

/// Exactly so many digits.
fn number(text: &str, digits: usize) -> Option<i64> {
    let plain = text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

/// A range of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network {
    address: IpAddr,
    prefix_bits: u32,
}

impl Network {
    /// Reads `address/bits`, or an address alone, which is a range of one.
    pub(super) fn parse(text: &str) -> Option<Network> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let bits_max = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = match bits {
            None => bits_max,
            Some(bits) if bits.bytes().all(|byte| byte.is_ascii_digit()) => bits.parse().ok()?,
            Some(_) => return None,
        };
        if prefix_bits > bits_max {
            return None;
        }
        // A range of IPv4 addresses that are written as those of IPv6.
        let canonical = address.to_canonical();
        if canonical.is_ipv4() && address.is_ipv6() && prefix_bits >= 96 {
            return Some(Network { address: canonical, prefix_bits: prefix_bits - 96 });
        }
        Some(Network { address, prefix_bits })
    }

    /// Whether the range holds an address. An IPv4 address is none of IPv6, however it is written.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let differing = own.to_bits() ^ other.to_bits();
                differing.checked_shr(32 - self.prefix_bits).unwrap_or(0) == 0
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let differing = own.to_bits() ^ other.to_bits();
                differing.checked_shr(128 - self.prefix_bits).unwrap_or(0) == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

/// Reads `true` or `false`, in any case.
pub(super) fn parse_truth(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// The one value of a key in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    Text(&'a str),
    Truth(bool),
    Address(IpAddr),
    /// A moment whose text is that of ISO 8601.
    Moment(Timestamp),
    /// A moment whose text is seconds since 1970.
    Epoch(Timestamp),
}

impl<'a> Value<'a> {
    /// The value as text, written to `buffer` if it is none.
    pub(super) fn text(self, buffer: &'a mut Buffer) -> &'a str {
        match self {
            Value::Text(text) => text,
            Value::Truth(true) => "true",
            Value::Truth(false) => "false",
            Value::Address(address) => buffer.write(format_args!("{}", address.to_canonical())),
            Value::Moment(moment) => {
                let Second { year, month, day, hour, minute, second } = Second::of(moment);
                buffer.write(format_args!(
                    "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"
                ))
            }
            Value::Epoch(moment) => buffer.write(format_args!("{}", moment.0.div_euclid(1000))),
        }
    }

    /// The value as a moment. Moments of requests are whole seconds, as their texts are.
    pub(super) fn moment(self) -> Option<Timestamp> {
        match self {
            Value::Moment(moment) | Value::Epoch(moment) => {
                Some(Timestamp(moment.0.div_euclid(1000).saturating_mul(1000)))
            }
            Value::Text(text) => parse_moment(text),
            Value::Truth(_) | Value::Address(_) => None,
        }
    }

    /// The value as an address.
    pub(super) fn address(self) -> Option<IpAddr> {
        match self {
            Value::Address(address) => Some(address),
            Value::Text(text) => text.parse().ok(),
            Value::Truth(_) | Value::Moment(_) | Value::Epoch(_) => None,
        }
    }
}

/// Room for the text of a value that is none: no such text is longer.
pub(super) struct Buffer {
    bytes: [u8; Buffer::BYTES],
    length: usize,
}

impl Buffer {
    /// An IPv6 address has 45 bytes at most, a moment not many more than 20.
    const BYTES: usize = 64;

    pub(super) fn new() -> Buffer {
        Buffer { bytes: [0; Buffer::BYTES], length: 0 }
    }

    fn write(&mut self, text: std::fmt::Arguments<'_>) -> &str {
        self.length = 0;
        self.write_fmt(text).expect("no value has a longer text");
        self.text()
    }

    /// The text that was written last.
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).expect("whole texts are written")
    }
}

impl Default for Buffer {
    fn default() -> Buffer {
        Buffer::new()
    }
}

impl std::fmt::Write for Buffer {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let free = self.bytes.get_mut(self.length..self.length + text.len());
        free.ok_or(std::fmt::Error)?.copy_from_slice(text.as_bytes());
        self.length += text.len();
        Ok(())
    }
}
