//! What the tests of this crate share: names, a registry, requests as text, seeded chance.

use crate::matcher;
use crate::token::{KeyId, Tokens};
use access::Caller;
use engine::rows::{Task, TaskKind, TaskListKey};
use engine::{Limits, Registry, Scope};
use serde_json::{Value, json};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, RwLock};
use store::memory::Memory;
use store::{Direction, Entry, ShardId, Store};
use wire::*;

/// Where everything happens.
pub fn scope() -> Scope {
    Scope { account: "123456789012".into(), region: "us-east-1".into() }
}

/// Who does everything, unless a test is about somebody's rights.
pub fn caller() -> Caller {
    let Scope { account, region } = scope();
    Caller::unrestricted(account, region)
}

/// A list of activity tasks.
pub fn list(name: &str) -> TaskListKey {
    TaskListKey { kind: TaskKind::Activity, scope: scope(), domain: "d".into(), name: name.into() }
}

/// A task of some run in some shard.
pub fn task(priority: i32, at: i64, event_id: u64) -> matcher::Task {
    let place = Task {
        priority: TaskPriority(priority),
        scheduled_at: Timestamp(at),
        run_id: "r".into(),
        scheduled_event_id: EventId(event_id),
    };
    matcher::Task { place, shard: ShardId(7) }
}

/// A checked request, from the operation's name and the JSON of its input.
pub fn request(operation: &str, body: Value) -> Result<Request, Fault> {
    let named = Operation::ALL.iter().find(|known| known.name() == operation);
    let named = named.unwrap_or_else(|| panic!("no operation is called {operation}"));
    Model::get().check(*named, body)
}

/// The domain `d` with the workflow type `w` 1 and the activity type `a` 1, both with defaults.
pub fn registry() -> Arc<RwLock<Registry>> {
    let mut registry = Registry::default();
    for (operation, body) in registrations() {
        let request = request(operation, body).expect("a right request");
        let changes = registry.apply(&scope(), &request, &Limits::AWS, Timestamp(0));
        let changes = changes.expect("a registration").expect("the first of its name");
        changes.into_iter().for_each(|change| registry.evolve(change));
    }
    Arc::new(RwLock::new(registry))
}

/// The requests that make [`registry`].
pub fn registrations() -> [(&'static str, Value); 3] {
    let workflow_type = json!({
        "domain": "d", "name": "w", "version": "1",
        "defaultTaskList": {"name": "deciders"},
        "defaultTaskStartToCloseTimeout": "10",
        "defaultExecutionStartToCloseTimeout": "100000",
        "defaultChildPolicy": "TERMINATE",
    });
    let activity_type = json!({
        "domain": "d", "name": "a", "version": "1",
        "defaultTaskList": {"name": "workers"},
        "defaultTaskHeartbeatTimeout": "20",
        "defaultTaskScheduleToStartTimeout": "NONE",
        "defaultTaskScheduleToCloseTimeout": "NONE",
        "defaultTaskStartToCloseTimeout": "NONE",
    });
    [
        ("RegisterDomain", json!({"name": "d", "workflowExecutionRetentionPeriodInDays": "7"})),
        ("RegisterWorkflowType", workflow_type),
        ("RegisterActivityType", activity_type),
    ]
}

/// Tokens under one key.
pub fn tokens() -> Arc<Tokens> {
    Arc::new(Tokens::new([(KeyId::FIRST, b"key".to_vec())]))
}

/// Every row of a shard.
pub fn rows(memory: &Memory, shard: ShardId) -> Vec<Entry> {
    let (from, to) = (Vec::new(), vec![0xff; 8]);
    let range = from.as_slice()..to.as_slice();
    memory.scan(shard, range, Direction::Ascending, usize::MAX).expect("no fault is planned")
}

/// Whether `check` panics.
pub fn fails(check: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(check)).is_err()
}

/// Chance from a seed (splitmix64).
pub struct Prng(pub u64);

impl Prng {
    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// One of `items`.
    pub fn pick<'i, T>(&mut self, items: &'i [T]) -> &'i T {
        &items[self.below(items.len())]
    }
}
