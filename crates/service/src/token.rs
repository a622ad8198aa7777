//! Task tokens and page tokens: what a client hands back to us, unread.
//!
//! A token is authenticated with a MAC under a key that the store keeps, so one that we did not
//! make is told from one that names something gone, and tokens outlive restarts. It carries no
//! secrets.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use engine::rows::TaskKind;
use hmac::{Hmac, Mac};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use wire::{EventId, Fault, PageToken, RunId, TaskToken, Timestamp};

/// How long a page token may be used, in milliseconds: 24 hours.
pub const PAGE_TOKEN_MS_MAX: i64 = 24 * 60 * 60 * 1000;

/// The key's length in bytes.
pub const KEY_BYTES: usize = 32;

/// How much of the MAC a token carries, in bytes.
const MAC_BYTES: usize = 16;

/// The one form so far.
const VERSION_1: u8 = 1;

/// What a token is for. It enters the MAC, so one kind never passes for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    DecisionTask = 1,
    ActivityTask = 2,
    Page = 3,
}

/// One delivery of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskRef {
    /// The shard of its run.
    #[serde(rename = "s")]
    pub shard: u16,
    /// Its run.
    #[serde(rename = "r")]
    pub run_id: RunId,
    /// The event that scheduled it.
    #[serde(rename = "i")]
    pub scheduled_event_id: EventId,
    /// The event of its start.
    #[serde(rename = "t")]
    pub started_event_id: EventId,
}

/// Where the next page begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageRef<P> {
    /// A digest of the operation and its other arguments, which must not change between pages.
    #[serde(rename = "d")]
    pub digest: String,
    /// When the token was issued.
    #[serde(rename = "t")]
    pub issued_at: Timestamp,
    /// The place.
    #[serde(rename = "p")]
    pub position: P,
}

/// Makes and reads tokens.
#[derive(Clone)]
pub struct Tokens {
    mac: Hmac<Sha256>,
}

impl Tokens {
    /// With the key that the store keeps.
    pub fn new(key: &[u8]) -> Tokens {
        Tokens { mac: Hmac::new_from_slice(key).expect("HMAC takes a key of any length") }
    }

    /// The token of a task.
    pub fn task(&self, kind: TaskKind, task: &TaskRef) -> TaskToken {
        self.seal(purpose_of(kind), task).into()
    }

    /// The task of a token, if we made it for that kind.
    pub fn parse_task(&self, kind: TaskKind, token: &TaskToken) -> Result<TaskRef, Fault> {
        self.open(purpose_of(kind), token.as_str()).ok_or_else(Fault::invalid_token)
    }

    /// The token of a page.
    pub fn page<P: Serialize>(&self, page: &PageRef<P>) -> PageToken {
        self.seal(Purpose::Page, page).into()
    }

    /// The place that a token names, if we made it for the same request not too long ago.
    pub fn parse_page<P: DeserializeOwned>(
        &self,
        token: &PageToken,
        digest: &str,
        now: Timestamp,
    ) -> Result<P, Fault> {
        let page: PageRef<P> =
            self.open(Purpose::Page, token.as_str()).ok_or_else(Fault::invalid_token)?;
        if page.digest != digest {
            return Err(Fault::invalid_token());
        }
        if now.0 - page.issued_at.0 > PAGE_TOKEN_MS_MAX {
            let text = "Specified token has exceeded its maximum lifetime";
            return Err(Fault::Validation(text.to_owned()));
        }
        Ok(page.position)
    }

    fn seal(&self, purpose: Purpose, content: &impl Serialize) -> String {
        let mut bytes = vec![VERSION_1];
        serde_json::to_writer(&mut bytes, content).expect("tokens hold texts and numbers");
        let mac = self.mac(purpose, &bytes).finalize().into_bytes();
        bytes.extend(&mac[..MAC_BYTES]);
        STANDARD.encode(bytes)
    }

    fn open<T: DeserializeOwned>(&self, purpose: Purpose, token: &str) -> Option<T> {
        let bytes = STANDARD.decode(token).ok()?;
        let (content, mac) = bytes.split_last_chunk::<MAC_BYTES>()?;
        // Compares in constant time.
        self.mac(purpose, content).verify_truncated_left(mac).ok()?;
        serde_json::from_slice(content.strip_prefix(&[VERSION_1])?).ok()
    }

    fn mac(&self, purpose: Purpose, content: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.mac.clone();
        mac.update(&[purpose as u8]);
        mac.update(content);
        mac
    }
}

fn purpose_of(kind: TaskKind) -> Purpose {
    match kind {
        TaskKind::Decision => Purpose::DecisionTask,
        TaskKind::Activity => Purpose::ActivityTask,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task() -> TaskRef {
        TaskRef {
            shard: 7,
            run_id: "r".repeat(64).into(),
            scheduled_event_id: EventId(24_999),
            started_event_id: EventId(25_000),
        }
    }

    #[test]
    fn a_task_token_comes_back_and_fits() {
        let token = Tokens::new(b"key").task(TaskKind::Activity, &task());
        assert!(token.as_str().len() <= 1024);
        let read = Tokens::new(b"key").parse_task(TaskKind::Activity, &token);
        assert_eq!(read, Ok(task()));
    }

    #[test]
    fn a_token_of_another_kind_key_or_content_is_invalid() {
        let token = Tokens::new(b"key").task(TaskKind::Activity, &task());
        let read = |key: &[u8], kind, token: &str| Tokens::new(key).parse_task(kind, &token.into());
        let invalid = Err(Fault::invalid_token());
        assert_eq!(read(b"other", TaskKind::Activity, token.as_str()), invalid);
        assert_eq!(read(b"key", TaskKind::Decision, token.as_str()), invalid);
        for index in 0..token.as_str().len() {
            let mut bytes = token.as_str().as_bytes().to_vec();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            let altered = String::from_utf8(bytes).expect("still text");
            assert_eq!(read(b"key", TaskKind::Activity, &altered), invalid, "byte {index}");
        }
        for text in ["", "x", "AAAA", "not base64!"] {
            assert_eq!(read(b"key", TaskKind::Activity, text), invalid, "{text:?}");
        }
    }

    #[test]
    fn a_page_token_is_bound_to_its_request_and_ages() {
        let tokens = Tokens::new(b"key");
        let issued_at = Timestamp(1000);
        let token =
            tokens.page(&PageRef { digest: "d".to_owned(), issued_at, position: EventId(5) });
        let at = |ms: i64| Timestamp(1000 + ms);
        assert_eq!(tokens.parse_page(&token, "d", at(PAGE_TOKEN_MS_MAX)), Ok(EventId(5)));
        assert_eq!(tokens.parse_page::<EventId>(&token, "e", at(0)), Err(Fault::invalid_token()));
        let too_old = tokens.parse_page::<EventId>(&token, "d", at(PAGE_TOKEN_MS_MAX + 1));
        assert!(matches!(too_old, Err(Fault::Validation(text)) if text.contains("lifetime")));
    }
}
