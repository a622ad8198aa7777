//! Every key of the store, typed, and its bytes.
//!
//! A key is a table's tag, then its parts so encoded that keys sort as their parts do: numbers
//! big-endian, texts escaped and terminated. The tags and encodings are the store's format: they
//! never change, new ones are added. Shards are chosen here, too, for the same reason.

use crate::token::KeyId;
use access::identity::Folded;
use engine::Scope;
use engine::rows::{
    Key, LambdaTask, Listing, ListingKey, Task, TaskKind, TaskListKey, WorkflowKey,
};
use sha2::{Digest, Sha256};
use std::ops::Range;
use store::ShardId;
use wire::*;

mod bytes;
mod table;

pub use table::Table;

use bytes::{Reader, Writer};

/// How many shards the executions are spread over. Part of the store's format: it never changes.
pub const SHARDS: u16 = 64;

/// Where the registry lives, apart from the executions.
pub const REGISTRY_SHARD: ShardId = ShardId(u16::MAX);

/// Where the identities live, apart from the registry, whose writer is another one.
pub const IDENTITY_SHARD: ShardId = ShardId(u16::MAX - 1);

/// The shard of all runs of a workflow id.
pub fn shard_of(key: &WorkflowKey) -> ShardId {
    let mut hash = Sha256::new();
    let texts = [&*key.scope.account, &*key.scope.region, key.domain.as_str()];
    for text in texts.into_iter().chain([key.workflow_id.as_str()]) {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    let digest = hash.finalize();
    ShardId(u16::from_be_bytes([digest[0], digest[1]]) % SHARDS)
}

/// Every shard that holds executions.
pub fn shards() -> impl Iterator<Item = ShardId> {
    (0..SHARDS).map(ShardId)
}

mod tag {
    pub const RUN: u8 = 1;
    pub const OPEN_RUN: u8 = 2;
    pub const TASK: u8 = 3;
    pub const WAKE: u8 = 4;
    pub const HEARTBEAT: u8 = 5;
    pub const OPEN: u8 = 6;
    pub const CLOSED_BY_START: u8 = 7;
    pub const CLOSED_BY_CLOSE: u8 = 8;
    pub const HISTORY: u8 = 9;
    pub const SNAPSHOT: u8 = 10;
    pub const OUTBOX: u8 = 11;
    pub const WATERMARK: u8 = 12;
    pub const LEFT_OVER: u8 = 13;
    pub const OPEN_COUNT: u8 = 14;
    pub const LAMBDA: u8 = 15;
    pub const IMPORT: u8 = 16;
    pub const DOMAIN: u8 = 20;
    pub const ACTIVITY_TYPE: u8 = 21;
    pub const WORKFLOW_TYPE: u8 = 22;
    pub const TOKEN_KEY: u8 = 23;
    pub const RESTORATION: u8 = 24;
    pub const ACCOUNT: u8 = 30;
    pub const MANAGED_POLICY: u8 = 31;
    pub const GROUP: u8 = 32;
    pub const USER: u8 = 33;
    pub const ROLE: u8 = 34;
    pub const ACCESS_KEY: u8 = 35;
    pub const KEY_USE: u8 = 36;
    pub const LATEST_TIME: u8 = 37;
    pub const DELETED_KEY: u8 = 38;
}

/// The bytes of a row's key.
pub fn row(key: &Key) -> Vec<u8> {
    match key {
        Key::Run(run_id) => Writer::new(tag::RUN).text(run_id.as_str()).bytes,
        Key::OpenRun(key) => {
            Writer::new(tag::OPEN_RUN)
                .scope(&key.scope)
                .text(key.domain.as_str())
                .text(key.workflow_id.as_str())
                .bytes
        }
        Key::Task(key) => task_list_prefix(&key.list).task(&key.task).bytes,
        Key::Wake(at, run_id) => Writer::new(tag::WAKE).signed(at.0).text(run_id.as_str()).bytes,
        Key::Heartbeat(run_id, event_id) => {
            Writer::new(tag::HEARTBEAT).text(run_id.as_str()).unsigned(event_id.0).bytes
        }
        Key::Lambda(task) => {
            Writer::new(tag::LAMBDA)
                .signed(task.scheduled_at.0)
                .text(task.run_id.as_str())
                .unsigned(task.scheduled_event_id.0)
                .bytes
        }
        Key::Listed(listing, key) => {
            listing_prefix(*listing, &key.scope, &key.domain)
                .signed(key.at.0)
                .text(key.workflow_id.as_str())
                .text(key.run_id.as_str())
                .bytes
        }
    }
}

/// All events of a run.
pub fn history_all(run_id: &RunId) -> Range<Vec<u8>> {
    prefixed(Writer::new(tag::HISTORY).text(run_id.as_str()).bytes)
}

/// The events of one transition, by the first of them.
pub fn history(run_id: &RunId, first: EventId) -> Vec<u8> {
    Writer::new(tag::HISTORY).text(run_id.as_str()).unsigned(first.0).bytes
}

/// The state of a run as of some event.
pub fn snapshot(run_id: &RunId) -> Vec<u8> {
    Writer::new(tag::SNAPSHOT).text(run_id.as_str()).bytes
}

/// Where `first` stands in a history's key.
pub fn history_first(key: &[u8]) -> Option<EventId> {
    let mut reader = Reader::new(key, tag::HISTORY)?;
    reader.text()?;
    reader.unsigned().map(EventId)
}

/// A message to another shard, by its number.
pub fn outbox(to: ShardId, number: u64) -> Vec<u8> {
    outbox_prefix(to).unsigned(number).bytes
}

/// All messages to a shard, in order.
pub fn outbox_lane(to: ShardId) -> Range<Vec<u8>> {
    prefixed(outbox_prefix(to).bytes)
}

/// Whose message a watermark is of.
pub fn parse_watermark(key: &[u8]) -> Option<ShardId> {
    let bytes = Reader::new(key, tag::WATERMARK)?.rest.try_into().ok()?;
    Some(ShardId(u16::from_be_bytes(bytes)))
}

/// The workflow of an open run's key.
pub fn parse_open_run(key: &[u8]) -> Option<WorkflowKey> {
    let mut reader = Reader::new(key, tag::OPEN_RUN)?;
    let scope = Scope { account: reader.text()?.into(), region: reader.text()?.into() };
    Some(WorkflowKey { scope, domain: reader.text()?.into(), workflow_id: reader.text()?.into() })
}

/// All messages to any shard.
pub fn outbox_all() -> Range<Vec<u8>> {
    prefixed(vec![tag::OUTBOX])
}

/// Whom a message is for, and its number.
pub fn parse_outbox(key: &[u8]) -> Option<(ShardId, u64)> {
    let mut reader = Reader::new(key, tag::OUTBOX)?;
    let to = reader.take(2)?.try_into().ok().map(u16::from_be_bytes)?;
    Some((ShardId(to), reader.unsigned()?))
}

/// A run that has been removed and whose history is still to be deleted.
pub fn left_over(run_id: &RunId) -> Vec<u8> {
    Writer::new(tag::LEFT_OVER).text(run_id.as_str()).bytes
}

/// The run from its key.
pub fn parse_left_over(key: &[u8]) -> Option<RunId> {
    Some(Reader::new(key, tag::LEFT_OVER)?.text()?.into())
}

/// All runs whose histories are still to be deleted.
pub fn left_over_all() -> Range<Vec<u8>> {
    prefixed(vec![tag::LEFT_OVER])
}

/// An import under way of a run.
pub fn import(run_id: &RunId) -> Vec<u8> {
    Writer::new(tag::IMPORT).text(run_id.as_str()).bytes
}

/// How many executions of a domain are open in the shard.
pub fn open_count(scope: &Scope, domain: &DomainName) -> Vec<u8> {
    Writer::new(tag::OPEN_COUNT).scope(scope).text(domain.as_str()).bytes
}

/// How many executions are open in the shard, domain by domain.
pub fn open_counts() -> Range<Vec<u8>> {
    prefixed(vec![tag::OPEN_COUNT])
}

/// The open executions of every domain.
pub fn listed_open() -> Range<Vec<u8>> {
    prefixed(vec![tag::OPEN])
}

/// The highest number of a message from another shard that was taken.
pub fn watermark(from: ShardId) -> Vec<u8> {
    let mut writer = Writer::new(tag::WATERMARK);
    writer.bytes.extend(from.0.to_be_bytes());
    writer.bytes
}

/// All heartbeats of a run.
pub fn heartbeats(run_id: &RunId) -> Range<Vec<u8>> {
    prefixed(Writer::new(tag::HEARTBEAT).text(run_id.as_str()).bytes)
}

/// All wake-ups, earliest first.
pub fn wakes() -> Range<Vec<u8>> {
    prefixed(vec![tag::WAKE])
}

/// When a wake-up is due, and whose it is.
pub fn parse_wake(key: &[u8]) -> Option<(Timestamp, RunId)> {
    let mut reader = Reader::new(key, tag::WAKE)?;
    Some((Timestamp(reader.signed()?), reader.text()?.into()))
}

/// All tasks of a list, in the order in which they are to be handed out.
pub fn tasks(list: &TaskListKey) -> Range<Vec<u8>> {
    prefixed(task_list_prefix(list).bytes)
}

/// All tasks of one kind in a domain, list by list.
pub fn task_lists(kind: TaskKind, scope: &Scope, domain: &DomainName) -> Range<Vec<u8>> {
    prefixed(task_domain_prefix(kind, scope, domain).bytes)
}

/// The list's name in a key in the range of [`task_lists`].
pub fn parse_task_list(key: &[u8]) -> Option<Name> {
    let mut reader = Reader::new(key, tag::TASK)?;
    reader.take(1)?;
    for _scope_domain in 0..3 {
        reader.text()?;
    }
    Some(reader.text()?.into())
}

/// The task of a key in the range of [`tasks`].
pub fn parse_task(key: &[u8]) -> Option<Task> {
    let mut reader = Reader::new(key, tag::TASK)?;
    reader.take(1)?;
    for _scope_domain_name in 0..4 {
        reader.text()?;
    }
    Some(Task {
        priority: reader.priority()?,
        scheduled_at: Timestamp(reader.signed()?),
        run_id: reader.text()?.into(),
        scheduled_event_id: EventId(reader.unsigned()?),
    })
}

/// All Lambda tasks that wait for their start, in the order in which they are to be started.
pub fn lambdas() -> Range<Vec<u8>> {
    prefixed(vec![tag::LAMBDA])
}

/// The task of a key in the range of [`lambdas`].
pub fn parse_lambda(key: &[u8]) -> Option<LambdaTask> {
    let mut reader = Reader::new(key, tag::LAMBDA)?;
    Some(LambdaTask {
        scheduled_at: Timestamp(reader.signed()?),
        run_id: reader.text()?.into(),
        scheduled_event_id: EventId(reader.unsigned()?),
    })
}

/// The entries of a listing from `from` to `to`, both included.
pub fn listed(
    listing: Listing,
    scope: &Scope,
    domain: &DomainName,
    from: Timestamp,
    to: Timestamp,
) -> Range<Vec<u8>> {
    let prefix = || listing_prefix(listing, scope, domain);
    prefix().signed(from.0).bytes..prefixed(prefix().signed(to.0).bytes).end
}

/// What follows the domain in a listing's key: its place among all shards' entries.
pub fn parse_listed(key: &[u8]) -> Option<Position> {
    let listing = *key.first()?;
    let mut reader = Reader::new(key, listing)?;
    for _scope_domain in 0..3 {
        reader.text()?;
    }
    let at = Timestamp(reader.signed()?);
    Some(Position { at, workflow_id: reader.text()?.into(), run_id: reader.text()?.into() })
}

/// An execution's place in a listing of its domain, whatever its shard.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Position {
    /// When it was started, or closed.
    pub at: Timestamp,
    /// Which workflow.
    pub workflow_id: WorkflowId,
    /// Which run.
    pub run_id: RunId,
}

impl Position {
    /// The key in the listing.
    pub fn key(&self, listing: Listing, scope: &Scope, domain: &DomainName) -> Vec<u8> {
        row(&Key::Listed(
            listing,
            ListingKey {
                scope: scope.clone(),
                domain: domain.clone(),
                at: self.at,
                workflow_id: self.workflow_id.clone(),
                run_id: self.run_id.clone(),
            },
        ))
    }
}

/// A domain's record.
pub fn domain(scope: &Scope, name: &DomainName) -> Vec<u8> {
    Writer::new(tag::DOMAIN).scope(scope).text(name.as_str()).bytes
}

/// An activity type.
pub fn activity_type(scope: &Scope, domain: &DomainName, named: &ActivityType) -> Vec<u8> {
    Writer::new(tag::ACTIVITY_TYPE)
        .scope(scope)
        .text(domain.as_str())
        .text(named.name.as_str())
        .text(named.version.as_str())
        .bytes
}

/// A workflow type.
pub fn workflow_type(scope: &Scope, domain: &DomainName, named: &WorkflowType) -> Vec<u8> {
    Writer::new(tag::WORKFLOW_TYPE)
        .scope(scope)
        .text(domain.as_str())
        .text(named.name.as_str())
        .text(named.version.as_str())
        .bytes
}

/// A key that authenticates tokens. The first one's has no number: once it was the only one.
pub fn token_key(id: KeyId) -> Vec<u8> {
    let mut bytes = vec![tag::TOKEN_KEY];
    if id != KeyId::FIRST {
        bytes.extend(id.0.to_be_bytes());
    }
    bytes
}

/// Which key that authenticates tokens a key is of.
pub fn parse_token_key(key: &[u8]) -> Option<KeyId> {
    let mut reader = Reader::new(key, tag::TOKEN_KEY)?;
    if reader.rest.is_empty() {
        return Some(KeyId::FIRST);
    }
    let id = KeyId(reader.unsigned32()?);
    (reader.rest.is_empty() && id != KeyId::FIRST).then_some(id)
}

/// That the store was restored of a backup, by the first key for tokens that was made behind that.
pub fn restoration(first_key: KeyId) -> Vec<u8> {
    let mut bytes = vec![tag::RESTORATION];
    bytes.extend(first_key.0.to_be_bytes());
    bytes
}

/// Which key for tokens was the first behind a restoration.
pub fn parse_restoration(key: &[u8]) -> Option<KeyId> {
    let mut reader = Reader::new(key, tag::RESTORATION)?;
    let id = KeyId(reader.unsigned32()?);
    reader.rest.is_empty().then_some(id)
}

/// An account.
pub fn account(id: &str) -> Vec<u8> {
    Writer::new(tag::ACCOUNT).text(id).bytes
}

/// A managed policy of an account.
pub fn managed_policy(account: &str, name: &Folded) -> Vec<u8> {
    Writer::new(tag::MANAGED_POLICY).text(account).text(name.as_str()).bytes
}

/// A group of an account.
pub fn group(account: &str, name: &Folded) -> Vec<u8> {
    Writer::new(tag::GROUP).text(account).text(name.as_str()).bytes
}

/// A user of an account.
pub fn user(account: &str, name: &Folded) -> Vec<u8> {
    Writer::new(tag::USER).text(account).text(name.as_str()).bytes
}

/// A role of an account.
pub fn role(account: &str, name: &Folded) -> Vec<u8> {
    Writer::new(tag::ROLE).text(account).text(name.as_str()).bytes
}

/// An access key.
pub fn access_key(id: &str) -> Vec<u8> {
    Writer::new(tag::ACCESS_KEY).text(id).bytes
}

/// When an access key was last used.
pub fn key_use(id: &str) -> Vec<u8> {
    Writer::new(tag::KEY_USE).text(id).bytes
}

/// That there was an access key.
pub fn deleted_key(id: &str) -> Vec<u8> {
    Writer::new(tag::DELETED_KEY).text(id).bytes
}

/// The greatest wall time that was seen.
pub fn latest_time() -> Vec<u8> {
    vec![tag::LATEST_TIME]
}

/// The text with which a key of the identities begins: an account, or an access key's id.
pub fn parse_identity(key: &[u8]) -> Option<String> {
    Reader::new(key, *key.first()?)?.text()
}

/// The three tables of the registry, in an order in which they can be folded.
pub fn registry_tables() -> [Range<Vec<u8>>; 3] {
    [tag::DOMAIN, tag::ACTIVITY_TYPE, tag::WORKFLOW_TYPE].map(|tag| prefixed(vec![tag]))
}

/// The scope and domain with which a key of the registry, a listing or a count begins.
pub fn parse_domain(key: &[u8]) -> Option<(Scope, DomainName)> {
    let mut reader = Reader::new(key, *key.first()?)?;
    let scope = Scope { account: reader.text()?.into(), region: reader.text()?.into() };
    Some((scope, reader.text()?.into()))
}

fn task_list_prefix(list: &TaskListKey) -> Writer {
    task_domain_prefix(list.kind, &list.scope, &list.domain).text(list.name.as_str())
}

fn task_domain_prefix(kind: TaskKind, scope: &Scope, domain: &DomainName) -> Writer {
    let kind = match kind {
        TaskKind::Decision => 1,
        TaskKind::Activity => 2,
    };
    let mut writer = Writer::new(tag::TASK);
    writer.bytes.push(kind);
    writer.scope(scope).text(domain.as_str())
}

fn outbox_prefix(to: ShardId) -> Writer {
    let mut writer = Writer::new(tag::OUTBOX);
    writer.bytes.extend(to.0.to_be_bytes());
    writer
}

fn listing_prefix(listing: Listing, scope: &Scope, domain: &DomainName) -> Writer {
    let tag = match listing {
        Listing::Open => tag::OPEN,
        Listing::ClosedByStart => tag::CLOSED_BY_START,
        Listing::ClosedByClose => tag::CLOSED_BY_CLOSE,
    };
    Writer::new(tag).scope(scope).text(domain.as_str())
}

/// Everything that starts with `prefix`.
fn prefixed(prefix: Vec<u8>) -> Range<Vec<u8>> {
    let mut end = prefix.clone();
    while let Some(last) = end.pop() {
        if last < 0xff {
            end.push(last + 1);
            break;
        }
    }
    prefix..end
}

#[cfg(test)]
mod tests;
