//! Signs requests in AWS's way, version 4, with the signature in the `Authorization` header.
//!
//! For our own clients. Every call of the API is a `POST` to `/` without a query, so nothing else
//! is covered. Knows nothing of sockets.

use crate::{ALGORITHM, SERVICE, TERMINATOR};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use wire::Timestamp;

/// An access key and the region that it is used in.
#[derive(Clone)]
pub struct Signer {
    access_key_id: String,
    secret_access_key: String,
    region: String,
}

/// What signing adds to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The `Authorization` header.
    pub authorization: String,
    /// The `X-Amz-Date` header.
    pub date: String,
}

impl Signer {
    /// Signs with that key.
    pub fn new(access_key_id: &str, secret_access_key: &str, region: &str) -> Signer {
        Signer {
            access_key_id: access_key_id.to_owned(),
            secret_access_key: secret_access_key.to_owned(),
            region: region.to_owned(),
        }
    }

    /// Signs a `POST` to `/` with `headers` (names in lower case, `host` among them) and `body`.
    /// The date header is added to those that are signed.
    pub fn sign(&self, headers: &[(&str, &str)], body: &[u8], now: Timestamp) -> Signature {
        let date = basic_date(now);
        let mut signed: BTreeMap<&str, &str> = headers.iter().copied().collect();
        signed.insert("x-amz-date", &date);
        let signed_headers = signed.keys().copied().collect::<Vec<_>>().join(";");
        let scope = format!("{}/{}/{SERVICE}/{TERMINATOR}", &date[..DAY_CHARS], self.region);
        let request_hash = hex(&Sha256::digest(canonical_request(&signed, &signed_headers, body)));
        let text = format!("{ALGORITHM}\n{date}\n{scope}\n{request_hash}");
        let signature = hex(&keyed_hash(&self.key(&date[..DAY_CHARS]), text.as_bytes()));
        let key = &self.access_key_id;
        let authorization = format!(
            "{ALGORITHM} Credential={key}/{scope}, SignedHeaders={signed_headers}, \
             Signature={signature}"
        );
        Signature { authorization, date }
    }

    /// The key of one day, region and service.
    fn key(&self, day: &str) -> [u8; 32] {
        let secret = format!("AWS4{}", self.secret_access_key);
        let parts = [day, &self.region, SERVICE, TERMINATOR];
        let mut key = keyed_hash(secret.as_bytes(), parts[0].as_bytes());
        for part in &parts[1..] {
            key = keyed_hash(&key, part.as_bytes());
        }
        key
    }
}

/// `20150830` in `20150830T123600Z`.
const DAY_CHARS: usize = 8;
const DAY_MILLISECONDS: i64 = 86_400_000;

fn canonical_request(headers: &BTreeMap<&str, &str>, signed_headers: &str, body: &[u8]) -> String {
    let mut text = String::from("POST\n/\n\n");
    for (name, value) in headers {
        let value = value.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
        text += &format!("{name}:{value}\n");
    }
    text + &format!("\n{signed_headers}\n{}", hex(&Sha256::digest(body)))
}

fn keyed_hash(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key may have any length");
    mac.update(text);
    mac.finalize().into_bytes().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `20150830T123600Z`.
fn basic_date(now: Timestamp) -> String {
    let (year, month, day) = civil(now.0.div_euclid(DAY_MILLISECONDS));
    let seconds = now.0.rem_euclid(DAY_MILLISECONDS) / 1000;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

/// Year, month and day of a number of days since 1970, in the Gregorian calendar.
///
/// Years are counted from March, so that a leap day is the last of its year; `era` is 400 years,
/// after which the calendar repeats.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468; // Days from 0000-03-01 to 1970-01-01.
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months + 2) / 5 + 1;
    let month = if months < 10 { months + 3 } else { months - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests;
