//! Tokens as callers use and misuse them: what is refused changes nothing, and what is out there
//! stays good whatever happens to keys and releases.

use super::client::{Client, TestEntropy, wait};
use super::fixture::{request, rows, scope};
use super::rights::house::nobody;
use crate::token::{KEY_BYTES, KEYS_MAX, KeyId, TaskDelivery, Tokens};
use crate::{TokenKeyRotation, keys, note_restoration, values};
use access::Caller;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use engine::Scope;
use engine::rows::TaskKind;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::sync::atomic::AtomicU64;
use store::memory::Memory;
use store::{Batch, Entry, ShardId, Snapshot, Store};
use wire::{Fault, Timestamp};

/// The tokens of a decision task and an activity task that somebody holds.
struct Held {
    decision: String,
    activity: String,
}

impl Held {
    /// A run of the workflow id in the domain, which has the types of the fixture, with one of both.
    fn new(client: &Client, domain: &str, workflow_id: &str) -> Held {
        start(client, domain, workflow_id);
        Held::of(client, domain, workflow_id)
    }

    /// The same of a run that was started, if no other has a decision task.
    fn of(client: &Client, domain: &str, workflow_id: &str) -> Held {
        let task = poll(client, "PollForDecisionTask", domain, "deciders");
        let schedule = json!({
            "decisionType": "ScheduleActivityTask",
            "scheduleActivityTaskDecisionAttributes": {
                "activityId": "a1", "activityType": {"name": "a", "version": "1"},
            },
        });
        let body = json!({"taskToken": task, "decisions": [schedule]});
        client.call("RespondDecisionTaskCompleted", body).expect("the task is held");
        let activity = poll(client, "PollForActivityTask", domain, "workers");
        let body = json!({"domain": domain, "workflowId": workflow_id, "signalName": "s"});
        client.call("SignalWorkflowExecution", body).expect("the run is open");
        let decision = poll(client, "PollForDecisionTask", domain, "deciders");
        Held { decision, activity }
    }

    /// Every operation that takes a task's token, those that leave the task open first.
    fn uses(&self) -> [(&'static str, Value); 5] {
        let Held { decision, activity } = self;
        [
            ("RecordActivityTaskHeartbeat", json!({"taskToken": activity, "details": "x"})),
            ("RespondActivityTaskCompleted", json!({"taskToken": activity})),
            ("RespondActivityTaskFailed", json!({"taskToken": activity})),
            ("RespondActivityTaskCanceled", json!({"taskToken": activity})),
            ("RespondDecisionTaskCompleted", json!({"taskToken": decision})),
        ]
    }

    /// Both tasks are still theirs, and nobody's after that.
    #[track_caller]
    fn check_good(&self, client: &Client) {
        let [heartbeat, completed, _, _, decided] = self.uses();
        for (operation, body) in [heartbeat, completed, decided] {
            assert!(client.call(operation, body).is_ok(), "{operation}");
        }
        self.check_refused(client, &scope(), |fault| matches!(fault, Fault::UnknownResource(_)));
    }

    /// Every use is refused, and changes nothing.
    #[track_caller]
    fn check_refused(&self, client: &Client, scope: &Scope, is_right: impl Fn(&Fault) -> bool) {
        let before = contents(&client.memory);
        for (operation, body) in self.uses() {
            match call(client, scope, operation, body) {
                Err(fault) => assert!(is_right(&fault), "{operation}: {fault:?}"),
                Ok(answer) => panic!("{operation} was answered {answer}"),
            }
        }
        client.rest();
        assert!(contents(&client.memory) == before, "a refusal has changed something");
    }
}

fn start(client: &Client, domain: &str, workflow_id: &str) {
    let workflow_type = json!({"name": "w", "version": "1"});
    let body = json!({"domain": domain, "workflowId": workflow_id, "workflowType": workflow_type});
    client.call("StartWorkflowExecution", body).expect("the first of its id");
}

fn poll(client: &Client, operation: &str, domain: &str, list: &str) -> String {
    let body = json!({"domain": domain, "taskList": {"name": list}});
    let task = client.call(operation, body).expect("an answer");
    task["taskToken"].as_str().expect("a task").to_owned()
}

/// Calls in another account or region.
fn call(client: &Client, scope: &Scope, operation: &str, body: Value) -> Result<Value, Fault> {
    let caller = Caller::unrestricted(scope.account.clone(), scope.region.clone());
    wait(client.service.call(&caller, request(operation, body)?))
}

fn rotate(client: &Client) -> TokenKeyRotation {
    let answer = wait(client.service.rotate_token_key()).expect("the store works");
    serde_json::from_value(answer).expect("what came of it")
}

fn is_invalid(fault: &Fault) -> bool {
    *fault == Fault::invalid_token()
}

/// Everything that is stored.
fn contents(memory: &Memory) -> Vec<(ShardId, Vec<Entry>)> {
    let shards = keys::shards().chain([keys::REGISTRY_SHARD]);
    shards.map(|shard| (shard, rows(memory, shard))).collect()
}

/// What an earlier release would have handed out for the task of a token.
fn as_form_1(memory: &Memory, kind: TaskKind, token: &str) -> String {
    let registry = rows(memory, keys::REGISTRY_SHARD);
    let row = registry.iter().find(|(key, _)| *key == keys::token_key(KeyId::FIRST));
    let (_, bytes) = row.expect("a first key");
    let secret: Vec<u8> = values::parse_json(bytes).expect("a key");
    let tokens = Tokens::new([(KeyId::FIRST, secret.clone())]);
    let TaskDelivery { shard, run_id, scheduled_event_id, started_event_id } =
        tokens.open_task(kind, &token.into()).expect("a token under the first key").delivery;
    let json = format!(
        "{{\"s\":{shard},\"r\":\"{run_id}\",\"i\":{scheduled_event_id},\"t\":{started_event_id}}}"
    );
    let mut bytes = [&[1], json.as_bytes()].concat();
    let purpose = match kind {
        TaskKind::Decision => 1,
        TaskKind::Activity => 2,
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(&secret).expect("HMAC takes any key");
    mac.update(&[purpose]);
    mac.update(&bytes);
    bytes.extend(&mac.finalize().into_bytes()[..16]);
    STANDARD.encode(bytes)
}

impl Held {
    fn as_form_1(&self, memory: &Memory) -> Held {
        Held {
            decision: as_form_1(memory, TaskKind::Decision, &self.decision),
            activity: as_form_1(memory, TaskKind::Activity, &self.activity),
        }
    }
}

#[test]
fn a_token_that_was_altered_or_made_up_is_refused_and_changes_nothing() {
    let client = Client::new();
    let held = Held::new(&client, "d", "w1");
    let flip = |token: &str, place: usize| {
        let mut bytes = STANDARD.decode(token).expect("base64");
        let place = place % bytes.len();
        bytes[place] ^= 1;
        STANDARD.encode(bytes)
    };
    // One byte of each part, and some of the MAC.
    for place in [0, 1, 4, 6, 18, 20, 30, 32, 35, 40, 70, 75, 80, 90, 95, 100, 105, 110] {
        let decision = flip(&held.decision, place);
        let activity = flip(&held.activity, place);
        Held { decision, activity }.check_refused(&client, &scope(), is_invalid);
    }
    let crossed = Held { decision: held.activity.clone(), activity: held.decision.clone() };
    crossed.check_refused(&client, &scope(), is_invalid);
    for text in ["AAAA", "nonsense", "AgAAAAA="] {
        let made_up = Held { decision: text.to_owned(), activity: text.to_owned() };
        made_up.check_refused(&client, &scope(), is_invalid);
    }
    // Whoever knows how tokens are made still lacks the key.
    let other = Tokens::new([(KeyId::FIRST, vec![7; KEY_BYTES])]);
    let remade = |kind, token: &str| {
        let task = client.service.shared.held_task(&scope(), kind, &token.into()).expect("ours");
        other.task(kind, &task.task).as_str().to_owned()
    };
    let decision = remade(TaskKind::Decision, &held.decision);
    let activity = remade(TaskKind::Activity, &held.activity);
    Held { decision, activity }.check_refused(&client, &scope(), is_invalid);
    held.check_good(&client);
}

/// The same words as for a token that was made up: it is not told that there is such a task.
#[test]
fn a_token_of_another_account_or_region_is_refused_as_one_that_was_made_up() {
    let client = Client::new();
    let held = Held::new(&client, "d", "w1");
    let form_1 = held.as_form_1(&client.memory);
    let account = Scope { account: "999999999999".into(), ..scope() };
    let region = Scope { region: "eu-west-1".into(), ..scope() };
    for other in [account, region] {
        // There is a domain of that name, too.
        let body = json!({"name": "d", "workflowExecutionRetentionPeriodInDays": "7"});
        call(&client, &other, "RegisterDomain", body).expect("the first of its name");
        held.check_refused(&client, &other, is_invalid);
        form_1.check_refused(&client, &other, is_invalid);
    }
    held.check_good(&client);
}

#[test]
fn a_task_that_was_answered_or_timed_out_is_not_answered_again() {
    let client = Client::new();
    let held = Held::new(&client, "d", "w1");
    // The heartbeat timeout is 20 seconds, and a decider has 10.
    client.advance(30);
    client.rest();
    let is_unknown = |fault: &Fault| matches!(fault, Fault::UnknownResource(_));
    held.check_refused(&client, &scope(), is_unknown);
    let body = json!({"domain": "d", "workflowId": "w1"});
    client.call("TerminateWorkflowExecution", body).expect("the run is open");
    held.check_refused(&client, &scope(), is_unknown);
    held.as_form_1(&client.memory).check_refused(&client, &scope(), is_unknown);
    Held::new(&client, "d", "w2").check_good(&client);
}

/// The name does not fit into a token, so the token carries a digest of it.
#[test]
fn tasks_in_domains_with_the_longest_names_are_answered() {
    let client = Client::empty(Memory::default());
    let names: Vec<String> =
        ["a", "b", "€"].map(|last| "€".repeat(255) + last).into_iter().collect();
    for name in &names {
        for (operation, mut body) in super::fixture::registrations() {
            let member = if operation == "RegisterDomain" { "name" } else { "domain" };
            body[member] = json!(name);
            client.call(operation, body).expect("the first of its name");
        }
    }
    let held: Vec<Held> = names.iter().map(|name| Held::new(&client, name, "w1")).collect();
    for (held, name) in held.iter().zip(&names) {
        for (kind, token) in
            [(TaskKind::Decision, &held.decision), (TaskKind::Activity, &held.activity)]
        {
            assert!(token.len() <= 1024);
            let task = client.service.shared.held_task(&scope(), kind, &token.as_str().into());
            assert_eq!(task.expect("ours").task.domain.as_str(), name);
        }
        let other = Scope { region: "eu-west-1".into(), ..scope() };
        held.check_refused(&client, &other, is_invalid);
        held.check_good(&client);
    }
}

/// A token of a page goes with the domain, the account and the region of its request.
#[test]
fn a_page_token_is_refused_elsewhere() {
    let client = Client::new();
    let register = |scope: &Scope, name: &str| {
        for (operation, mut body) in super::fixture::registrations() {
            let member = if operation == "RegisterDomain" { "name" } else { "domain" };
            body[member] = json!(name);
            // The domain of the fixture is there already.
            let _there_by_now = call(&client, scope, operation, body);
        }
    };
    let region = Scope { region: "eu-west-1".into(), ..scope() };
    let account = Scope { account: "999999999999".into(), ..scope() };
    register(&scope(), "e");
    register(&region, "d");
    register(&account, "d");
    Held::new(&client, "d", "w1");
    Held::new(&client, "d", "w2");
    let open = json!({
        "domain": "d", "startTimeFilter": {"oldestDate": 0}, "maximumPageSize": 1,
    });
    let task = json!({"domain": "d", "taskList": {"name": "deciders"}, "maximumPageSize": 1});
    let body =
        json!({"domain": "d", "workflowId": "w3", "workflowType": {"name": "w", "version": "1"}});
    client.call("StartWorkflowExecution", body).expect("the first of its id");
    for (operation, body) in [("ListOpenWorkflowExecutions", open), ("PollForDecisionTask", task)] {
        let page = client.call(operation, body.clone()).expect("a first page");
        let with = |domain: &str| {
            let mut body = body.clone();
            body["nextPageToken"] = page["nextPageToken"].clone();
            body["domain"] = json!(domain);
            body
        };
        assert!(page["nextPageToken"].is_string(), "{operation}: there is more");
        let before = contents(&client.memory);
        for (scope, domain) in [(&scope(), "e"), (&region, "d"), (&account, "d")] {
            let read = call(&client, scope, operation, with(domain));
            assert_eq!(read, Err(Fault::invalid_token()), "{operation}");
        }
        assert!(contents(&client.memory) == before, "a refusal has changed something");
        assert!(client.call(operation, with("d")).is_ok(), "{operation}");
    }
}

#[test]
fn tokens_outlive_the_rotation_of_keys_and_restarts() {
    let memory = Memory::default();
    let mut held = Vec::new();
    let client = Client::empty(memory.clone());
    for (operation, body) in super::fixture::registrations() {
        client.call(operation, body).expect("the first of its name");
    }
    for key in 1..=3 {
        let before = Held::new(&client, "d", &format!("w{key}"));
        let form_1 = (key == 1).then(|| before.as_form_1(&memory));
        held.push(form_1.unwrap_or(before));
        assert_eq!(rotate(&client), TokenKeyRotation { key_id: key, retired_key_id: None });
    }
    held.push(Held::new(&client, "d", "w4"));
    let ids: Vec<u8> =
        held[1..].iter().map(|held| STANDARD.decode(&held.decision).expect("base64")[4]).collect();
    assert_eq!(ids, [1, 2, 3], "the newest key seals");
    held.remove(1).check_good(&client);
    drop(client);
    let client = Client::empty(memory);
    for held in held {
        held.check_good(&client);
    }
    assert_eq!(rotate(&client), TokenKeyRotation { key_id: 4, retired_key_id: None });
}

#[test]
fn the_oldest_key_goes_when_there_are_too_many_and_with_it_its_tokens() {
    let client = Client::new();
    let first = Held::new(&client, "d", "w1");
    rotate(&client);
    let second = Held::new(&client, "d", "w2");
    for key in 2..KEYS_MAX as u32 {
        assert_eq!(rotate(&client), TokenKeyRotation { key_id: key, retired_key_id: None });
    }
    let again = Held { decision: first.decision.clone(), activity: first.activity.clone() };
    let heartbeat = again.uses()[0].clone();
    assert!(client.call(heartbeat.0, heartbeat.1).is_ok(), "as many keys as are kept");
    let key_id = KEYS_MAX as u32;
    assert_eq!(rotate(&client), TokenKeyRotation { key_id, retired_key_id: Some(0) });
    first.check_refused(&client, &scope(), is_invalid);
    let memory = client.memory.clone();
    drop(client);
    let client = Client::empty(memory);
    first.check_refused(&client, &scope(), is_invalid);
    second.check_good(&client);
}

/// The store that a backup gives, which was taken at this second of the clock.
fn restored(backup: &dyn Snapshot, taken_at_seconds: i64, seed: u64) -> Memory {
    let memory = Memory::default();
    for shard in backup.shards().expect("nothing fails") {
        let epoch = memory.claim(shard, "restore").expect("nothing fails");
        let mut batch = Batch::default();
        let rows = backup.page(shard, None, usize::MAX).expect("nothing fails");
        rows.into_iter().for_each(|(key, value)| batch.put(key, value));
        memory.commit(shard, epoch, batch).expect("nothing fails");
    }
    let entropy = TestEntropy(AtomicU64::new(seed));
    let taken_at = Timestamp(taken_at_seconds * 1000);
    note_restoration("restore", &memory, &entropy, taken_at).expect("nothing fails");
    memory
}

/// The clock of a client begins there.
const BEGIN_SECONDS: i64 = 1_000;

#[test]
fn after_a_restore_a_token_is_good_for_a_task_that_the_backup_has_and_for_no_other() {
    let client = Client::new();
    let before = Held::new(&client, "d", "before");
    let form_1 = Held::new(&client, "d", "form 1").as_form_1(&client.memory);
    start(&client, "d", "goes on");
    let backup = client.memory.snapshot().expect("nothing fails");
    client.advance(1);
    // What comes now is not in the backup, and its numbers come again.
    let after = Held::of(&client, "d", "goes on");
    let after_1 = after.as_form_1(&client.memory);
    let unknown = Held::new(&client, "d", "unknown");
    drop(client);

    let memory = restored(&*backup, BEGIN_SECONDS, 7);
    let client = Client::empty(memory.clone());
    client.advance(2);
    after.check_refused(&client, &scope(), is_invalid);
    let again = Held::of(&client, "d", "goes on");
    for held in [&after, &after_1, &unknown] {
        held.check_refused(&client, &scope(), is_invalid);
    }
    // Who may not answer to a task does not learn whether the backup has it.
    for held in [&before, &after] {
        for (operation, body) in held.uses() {
            let request = request(operation, body).expect("a right request");
            let answer = wait(client.service.call(&nobody(), request));
            assert!(matches!(answer, Err(Fault::AccessDenied(_))), "{operation}: {answer:?}");
        }
    }
    before.check_good(&client);
    form_1.check_good(&client);
    drop(client);
    // Whoever starts again has not been restored.
    let client = Client::empty(memory);
    client.advance(3);
    let later = Held::new(&client, "d", "later");
    rotate(&client);
    again.check_good(&client);
    later.check_good(&client);
    after.check_refused(&client, &scope(), is_invalid);
}

/// A backup of a restored store knows of both restorations.
#[test]
fn a_token_from_before_two_restores_is_good_as_far_as_the_earlier_backup_goes() {
    let client = Client::new();
    let first = Held::new(&client, "d", "first");
    start(&client, "d", "goes on");
    let backup = client.memory.snapshot().expect("nothing fails");
    client.advance(1);
    let lost = Held::of(&client, "d", "goes on");
    drop(client);
    let client = Client::empty(restored(&*backup, BEGIN_SECONDS, 7));
    client.advance(2);
    let second = Held::of(&client, "d", "goes on");
    let backup = client.memory.snapshot().expect("nothing fails");
    drop(client);
    let client = Client::empty(restored(&*backup, BEGIN_SECONDS + 2, 8));
    client.advance(4);
    lost.check_refused(&client, &scope(), is_invalid);
    first.check_good(&client);
    second.check_good(&client);
}

#[test]
fn a_page_from_before_a_restore_is_refused() {
    let client = Client::new();
    for workflow_id in ["w1", "w2"] {
        Held::new(&client, "d", workflow_id);
    }
    let list = json!({"domain": "d", "startTimeFilter": {"oldestDate": 0}, "maximumPageSize": 1});
    let page = client.call("ListOpenWorkflowExecutions", list.clone()).expect("a page");
    let mut next = list;
    next["nextPageToken"] = page["nextPageToken"].clone();
    assert!(client.call("ListOpenWorkflowExecutions", next.clone()).is_ok());
    let backup = client.memory.snapshot().expect("nothing fails");
    drop(client);
    let client = Client::empty(restored(&*backup, BEGIN_SECONDS, 7));
    client.advance(1);
    let refused = client.call("ListOpenWorkflowExecutions", next).expect_err("it is from before");
    assert!(is_invalid(&refused), "{refused:?}");
}

/// What no token can need any more is not kept for ever.
#[test]
fn a_restoration_is_forgotten_with_the_last_key_from_before() {
    let client = Client::new();
    let backup = client.memory.snapshot().expect("nothing fails");
    drop(client);
    let memory = restored(&*backup, BEGIN_SECONDS, 7);
    let restorations = || {
        let rows = rows(&memory, keys::REGISTRY_SHARD);
        rows.iter().filter(|(key, _)| keys::parse_restoration(key).is_some()).count()
    };
    let client = Client::empty(memory.clone());
    for _ in 0..KEYS_MAX - 2 {
        assert_eq!(rotate(&client).retired_key_id, None);
    }
    assert_eq!(restorations(), 1);
    assert_eq!(rotate(&client).retired_key_id, Some(0));
    assert_eq!(restorations(), 0);
}
