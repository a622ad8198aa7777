//! The tables of the store, for whoever walks through them whole.

use super::{Reader, prefixed, tag};
use std::fmt;
use std::ops::Range;
use wire::RunId;

/// What a row is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// Whose a run is.
    Run,
    /// The open run of a workflow id.
    OpenRun,
    /// Waiting tasks.
    Task,
    /// Wake-ups.
    Wake,
    /// The newest heartbeats.
    Heartbeat,
    /// Open executions by start.
    Open,
    /// Closed executions by start.
    ClosedByStart,
    /// Closed executions by close.
    ClosedByClose,
    /// Events.
    History,
    /// States as of some event.
    Snapshot,
    /// Messages to other shards.
    Outbox,
    /// The highest numbers of messages that were taken.
    Watermark,
    /// Removed runs whose histories are still to be deleted.
    LeftOver,
    /// How many executions of each domain are open.
    OpenCount,
    /// Lambda tasks that wait for their start.
    Lambda,
    /// Imports under way.
    Import,
    /// Domains.
    Domain,
    /// Activity types.
    ActivityType,
    /// Workflow types.
    WorkflowType,
    /// The keys that authenticate tokens.
    TokenKey,
    /// That the store was restored of backups.
    Restoration,
    /// Accounts.
    Account,
    /// Managed policies.
    ManagedPolicy,
    /// Groups of users.
    Group,
    /// Users.
    User,
    /// Roles.
    Role,
    /// Access keys, with their sealed secrets.
    AccessKey,
    /// When access keys were last used.
    KeyUse,
    /// The greatest wall time that was seen.
    LatestTime,
    /// Access keys that were deleted.
    DeletedKey,
}

impl Table {
    /// Those of a shard of executions, by tag.
    pub const OF_EXECUTIONS: [Table; 16] = [
        Table::Run,
        Table::OpenRun,
        Table::Task,
        Table::Wake,
        Table::Heartbeat,
        Table::Open,
        Table::ClosedByStart,
        Table::ClosedByClose,
        Table::History,
        Table::Snapshot,
        Table::Outbox,
        Table::Watermark,
        Table::LeftOver,
        Table::OpenCount,
        Table::Lambda,
        Table::Import,
    ];

    /// Those of the registry, by tag.
    pub const OF_REGISTRY: [Table; 5] = [
        Table::Domain,
        Table::ActivityType,
        Table::WorkflowType,
        Table::TokenKey,
        Table::Restoration,
    ];

    /// Those of the identities, by tag. They can be folded in this order.
    pub const OF_IDENTITIES: [Table; 9] = [
        Table::Account,
        Table::ManagedPolicy,
        Table::Group,
        Table::User,
        Table::Role,
        Table::AccessKey,
        Table::KeyUse,
        Table::LatestTime,
        Table::DeletedKey,
    ];

    fn tag(self) -> u8 {
        match self {
            Table::Run => tag::RUN,
            Table::OpenRun => tag::OPEN_RUN,
            Table::Task => tag::TASK,
            Table::Wake => tag::WAKE,
            Table::Heartbeat => tag::HEARTBEAT,
            Table::Open => tag::OPEN,
            Table::ClosedByStart => tag::CLOSED_BY_START,
            Table::ClosedByClose => tag::CLOSED_BY_CLOSE,
            Table::History => tag::HISTORY,
            Table::Snapshot => tag::SNAPSHOT,
            Table::Outbox => tag::OUTBOX,
            Table::Watermark => tag::WATERMARK,
            Table::LeftOver => tag::LEFT_OVER,
            Table::OpenCount => tag::OPEN_COUNT,
            Table::Lambda => tag::LAMBDA,
            Table::Import => tag::IMPORT,
            Table::Domain => tag::DOMAIN,
            Table::ActivityType => tag::ACTIVITY_TYPE,
            Table::WorkflowType => tag::WORKFLOW_TYPE,
            Table::TokenKey => tag::TOKEN_KEY,
            Table::Restoration => tag::RESTORATION,
            Table::Account => tag::ACCOUNT,
            Table::ManagedPolicy => tag::MANAGED_POLICY,
            Table::Group => tag::GROUP,
            Table::User => tag::USER,
            Table::Role => tag::ROLE,
            Table::AccessKey => tag::ACCESS_KEY,
            Table::KeyUse => tag::KEY_USE,
            Table::LatestTime => tag::LATEST_TIME,
            Table::DeletedKey => tag::DELETED_KEY,
        }
    }

    /// The table of a key, if it is one of `tables`.
    pub fn of(key: &[u8], tables: &[Table]) -> Option<Table> {
        tables.iter().copied().find(|table| key.first() == Some(&table.tag()))
    }

    /// All its keys.
    pub fn keys(self) -> Range<Vec<u8>> {
        prefixed(vec![self.tag()])
    }

    /// The keys between those of `tables`, which are in the order of their tags. No key begins with
    /// the largest byte.
    pub fn gaps(tables: &[Table]) -> Vec<Range<Vec<u8>>> {
        let starts = tables.iter().map(|table| table.keys().start).chain([vec![u8::MAX]]);
        let ends = [Vec::new()].into_iter().chain(tables.iter().map(|table| table.keys().end));
        ends.zip(starts).map(|(from, to)| from..to).filter(|gap| gap.start < gap.end).collect()
    }

    /// The run that a key of the table names. Keys of other than executions name none, nor does
    /// that of the open run.
    pub fn run_of(self, key: &[u8]) -> Option<RunId> {
        match self {
            Table::Run
            | Table::Heartbeat
            | Table::History
            | Table::Snapshot
            | Table::LeftOver
            | Table::Import => Some(Reader::new(key, self.tag())?.text()?.into()),
            Table::Task => Some(super::parse_task(key)?.run_id),
            Table::Wake => Some(super::parse_wake(key)?.1),
            Table::Lambda => Some(super::parse_lambda(key)?.run_id),
            Table::Open | Table::ClosedByStart | Table::ClosedByClose => {
                Some(super::parse_listed(key)?.run_id)
            }
            Table::OpenRun
            | Table::Outbox
            | Table::Watermark
            | Table::OpenCount
            | Table::Domain
            | Table::ActivityType
            | Table::WorkflowType
            | Table::TokenKey
            | Table::Restoration
            | Table::Account
            | Table::ManagedPolicy
            | Table::Group
            | Table::User
            | Table::Role
            | Table::AccessKey
            | Table::KeyUse
            | Table::LatestTime
            | Table::DeletedKey => None,
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Table::Run => "run",
            Table::OpenRun => "open run",
            Table::Task => "task",
            Table::Wake => "wake-up",
            Table::Heartbeat => "heartbeat",
            Table::Open => "open execution",
            Table::ClosedByStart => "closed execution by start",
            Table::ClosedByClose => "closed execution by close",
            Table::History => "history",
            Table::Snapshot => "snapshot",
            Table::Outbox => "message",
            Table::Watermark => "watermark",
            Table::LeftOver => "left-over",
            Table::OpenCount => "open execution count",
            Table::Lambda => "Lambda task",
            Table::Import => "import",
            Table::Domain => "domain",
            Table::ActivityType => "activity type",
            Table::WorkflowType => "workflow type",
            Table::TokenKey => "token key",
            Table::Restoration => "restoration",
            Table::Account => "account",
            Table::ManagedPolicy => "managed policy",
            Table::Group => "group",
            Table::User => "user",
            Table::Role => "role",
            Table::AccessKey => "access key",
            Table::KeyUse => "use of an access key",
            Table::LatestTime => "latest time",
            Table::DeletedKey => "deleted access key",
        })
    }
}
