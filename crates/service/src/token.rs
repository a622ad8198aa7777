//! Task tokens and page tokens: what a client hands back to us, unread.
//!
//! A token is authenticated with a MAC under a key that the store keeps, so one that we did not
//! make is told from one that names something gone, and tokens outlive restarts. It carries no
//! secrets. What it is for enters the MAC, and so does every byte of it: whoever is not the service
//! can make none, change none, and pass none off as another.
//!
//! Keys follow each other: the newest seals, all that are kept open ([`ring`]).

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use engine::Scope;
use engine::rows::TaskKind;
use ring::Ring;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::sync::RwLock;
use wire::{DomainName, EventId, Fault, PageToken, RunId, TaskToken, Timestamp};

mod form;
mod ring;

pub use ring::{KEY_BYTES, KEYS_MAX, KeyId};

/// How long a page token may be used, in milliseconds: 24 hours.
pub const PAGE_TOKEN_MS_MAX: i64 = 24 * 60 * 60 * 1000;

/// How much of the MAC a token carries, in bytes.
const MAC_BYTES: usize = 16;

/// The form of earlier releases: JSON, under the first key. Such tokens are still out there, and
/// none is made any more.
const VERSION_1: u8 = 1;

/// The form of today: the key's id, then bytes as `form.rs` has them.
const VERSION_2: u8 = 2;

/// The longest name of a domain that a task's token carries, in bytes. A token has a bounded length
/// and a name may be longer, so a digest stands for those that are.
const DOMAIN_BYTES_MAX: usize = 256;

/// How much of a request's digest a page token carries, in bytes.
const PAGE_DIGEST_BYTES: usize = 16;

/// How much of it one of the first form carries.
const PAGE_DIGEST_BYTES_1: usize = 12;

/// What a token is for. It enters the MAC, so one kind never passes for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    DecisionTask = 1,
    ActivityTask = 2,
    Page = 3,
}

/// The task that a token names, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskRef {
    /// The account and region of its run.
    pub scope: Scope,
    /// The domain of its run.
    pub domain: DomainName,
    /// Which one.
    pub delivery: TaskDelivery,
}

/// One delivery of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskDelivery {
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

/// What a task's token says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenedTask {
    /// The domain of the run.
    pub home: Home,
    /// The task.
    pub delivery: TaskDelivery,
    /// If the store was restored since the token was made: until when the backup holds events. A task
    /// that was started later is another one, which happens to have the same numbers.
    pub started_until: Option<Timestamp>,
}

/// What a task's token says of its run's domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Home {
    /// Its name.
    Named(Scope, DomainName),
    /// The digest of a name that is too long ([`digest_of`]).
    Digested(Scope, [u8; 32]),
    /// Nothing: the token is of the first form. The run's row knows.
    Unsaid,
}

/// The digest of a domain's name, if a token does not carry the name itself.
pub fn digest_of(domain: &DomainName) -> Option<[u8; 32]> {
    (domain.as_str().len() > DOMAIN_BYTES_MAX).then(|| Sha256::digest(domain.as_str()).into())
}

/// The place that a page token of the first form names.
#[derive(Deserialize)]
struct PageRef1<P> {
    #[serde(rename = "d")]
    digest: String,
    #[serde(rename = "t")]
    issued_at: Timestamp,
    #[serde(rename = "p")]
    position: P,
}

/// Makes and reads tokens.
pub struct Tokens {
    ring: RwLock<Ring>,
}

impl Tokens {
    /// With the keys that the store keeps, of which there is at least one.
    pub fn new(keys: impl IntoIterator<Item = (KeyId, Vec<u8>)>) -> Tokens {
        Tokens { ring: RwLock::new(Ring::new(keys)) }
    }

    /// The same in a store that was restored of backups that hold events until then, each with the first
    /// key that was made after that.
    pub fn restored(self, at: impl IntoIterator<Item = (KeyId, Timestamp)>) -> Tokens {
        let ring = self.ring.into_inner().expect("no writer panics");
        Tokens { ring: RwLock::new(ring.restored(at)) }
    }

    /// From now on these are the keys, and the restorations.
    pub fn replace(
        &self,
        keys: impl IntoIterator<Item = (KeyId, Vec<u8>)>,
        restorations: impl IntoIterator<Item = (KeyId, Timestamp)>,
    ) {
        let ring = Ring::new(keys).restored(restorations);
        *self.ring.write().expect("no writer panics") = ring;
    }

    /// From now on this key seals, and the retired one opens nothing. Both are durable.
    pub fn rotate(&self, id: KeyId, secret: &[u8], retired: Option<KeyId>) {
        self.ring.write().expect("no writer panics").rotate(id, secret, retired);
    }

    /// The keys that are kept, the oldest first.
    pub fn key_ids(&self) -> Vec<KeyId> {
        self.ring.read().expect("no writer panics").ids().collect()
    }

    /// The token of a task.
    pub fn task(&self, kind: TaskKind, task: &TaskRef) -> TaskToken {
        self.seal(purpose_of(kind), &form::task(task)).into()
    }

    /// What the token of a task says, if we made it for that kind.
    pub fn open_task(&self, kind: TaskKind, token: &TaskToken) -> Result<OpenedTask, Fault> {
        let opened = self.open(purpose_of(kind), token.as_str());
        let opened = opened.and_then(|(opened, good_until)| {
            let (home, delivery) = match opened {
                Opened::Version1(json) => (Home::Unsaid, serde_json::from_slice(&json).ok()?),
                Opened::Version2(content) => form::parse_task(&content)?,
            };
            Some(OpenedTask { home, delivery, started_until: good_until })
        });
        opened.ok_or_else(Fault::invalid_token)
    }

    /// The token of the page that begins at `position`, for the request of that digest.
    pub fn page(
        &self,
        digest: &[u8; 32],
        issued_at: Timestamp,
        position: &impl Serialize,
    ) -> PageToken {
        let (digest, _) = digest.split_at(PAGE_DIGEST_BYTES);
        let mut content = [digest, &issued_at.0.to_be_bytes()].concat();
        serde_json::to_writer(&mut content, position).expect("a position holds texts and numbers");
        self.seal(Purpose::Page, &content).into()
    }

    /// The place that a token names, if we made it for the same request not too long ago, and the
    /// store was not restored since: the page of a task would be another's.
    pub fn parse_page<P: DeserializeOwned>(
        &self,
        token: &PageToken,
        digest: &[u8; 32],
        now: Timestamp,
    ) -> Result<P, Fault> {
        let opened = self.open(Purpose::Page, token.as_str());
        let opened = opened.filter(|(_, good_until)| good_until.is_none());
        let page = opened.and_then(|(opened, _)| match opened {
            Opened::Version1(json) => {
                let page: PageRef1<P> = serde_json::from_slice(&json).ok()?;
                let expected = STANDARD_NO_PAD.encode(&digest[..PAGE_DIGEST_BYTES_1]);
                (page.digest == expected).then_some((page.issued_at, page.position))
            }
            Opened::Version2(content) => {
                let (bound, rest) = content.split_first_chunk::<PAGE_DIGEST_BYTES>()?;
                let (issued_at, position) = rest.split_first_chunk::<8>()?;
                let position = serde_json::from_slice(position).ok()?;
                let issued_at = Timestamp(i64::from_be_bytes(*issued_at));
                digest.starts_with(bound).then_some((issued_at, position))
            }
        });
        let (issued_at, position) = page.ok_or_else(Fault::invalid_token)?;
        if now.0.saturating_sub(issued_at.0) > PAGE_TOKEN_MS_MAX {
            let text = "Specified token has exceeded its maximum lifetime";
            return Err(Fault::Validation(text.to_owned()));
        }
        Ok(position)
    }

    fn seal(&self, purpose: Purpose, content: &[u8]) -> String {
        let ring = self.ring.read().expect("no writer panics");
        let (id, key) = ring.newest();
        let mut bytes = vec![VERSION_2];
        bytes.extend(id.0.to_be_bytes());
        bytes.extend(content);
        let mac = key.mac(purpose as u8, &bytes);
        bytes.extend(&mac[..MAC_BYTES]);
        STANDARD.encode(bytes)
    }

    /// What is in a token that we made for `purpose`, and until when that may have happened.
    fn open(&self, purpose: Purpose, token: &str) -> Option<(Opened, Option<Timestamp>)> {
        // One text for the same bytes: padding and the bits that are left over are checked, too.
        let bytes = STANDARD.decode(token).ok()?;
        let (sealed, mac) = bytes.split_last_chunk::<MAC_BYTES>()?;
        let (version, rest) = sealed.split_first()?;
        let (id, content) = match *version {
            VERSION_1 => (KeyId::FIRST, rest),
            VERSION_2 => {
                let (id, content) = rest.split_first_chunk::<4>()?;
                (KeyId(u32::from_be_bytes(*id)), content)
            }
            _ => return None,
        };
        let ring = self.ring.read().expect("no writer panics");
        if !ring.get(id)?.verifies(purpose as u8, sealed, mac) {
            return None;
        }
        let content = content.to_vec();
        let opened = match *version == VERSION_1 {
            true => Opened::Version1(content),
            false => Opened::Version2(content),
        };
        Some((opened, ring.good_until(id)))
    }
}

/// What is in a token that we made, by the token's form.
enum Opened {
    Version1(Vec<u8>),
    Version2(Vec<u8>),
}

fn purpose_of(kind: TaskKind) -> Purpose {
    match kind {
        TaskKind::Decision => Purpose::DecisionTask,
        TaskKind::Activity => Purpose::ActivityTask,
    }
}

#[cfg(test)]
mod tests;
