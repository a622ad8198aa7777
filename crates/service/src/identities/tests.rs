//! The identities through a store that fails: what is acknowledged stays, and memory is the store.

mod deleted_keys;
mod lost;
mod states;

use super::rows::ROWS_PER_SCAN;
use super::*;
use crate::tests::fixture::{Prng, rows};
use access::identity::{Document, Folded, ImportIdentities, MASTER_KEY_BYTES};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use store::memory::{self, Memory};

const ACCOUNT: &str = "123456789012";
const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// Counts, so that no two draws are alike.
#[derive(Default)]
struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let mut prng = Prng(self.0.fetch_add(1, Ordering::Relaxed) << 32);
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&prng.next().to_be_bytes()[..chunk.len()]);
        }
    }
}

fn ring(ids: &[(&str, u8)]) -> Keyring {
    let lines = ids.iter().map(|(id, byte)| Keyring::line(id, &[*byte; MASTER_KEY_BYTES]));
    let text: String = lines.map(|line| format!("{}\n", line.expose())).collect();
    Keyring::parse(&text).expect("a ring")
}

/// Chance is shared by all that open the same store, as it is in the world.
struct Place {
    memory: Memory,
    entropy: Arc<Counting>,
}

impl Place {
    fn new() -> Place {
        Place { memory: Memory::default(), entropy: Arc::default() }
    }

    fn open_in(&self, memory: &Memory) -> Result<Identities, IdentitiesError> {
        let entropy: Arc<dyn Entropy> = self.entropy.clone();
        Identities::open("test", Arc::new(memory.clone()), entropy, ring(&[("k1", 1)]), NOW)
    }

    fn open(&self) -> Identities {
        self.open_in(&self.memory).expect("no fault is planned")
    }

    fn stored(&self) -> Directory {
        load(&self.memory, NOW).expect("no fault is planned")
    }
}

fn asking() -> Asking<'static> {
    Asking {
        account: ACCOUNT,
        caller: None,
        origin: None,
        region: "us-east-1",
        short_secrets: false,
    }
}

fn handle(
    identities: &mut Identities,
    operation: &str,
    members: &Value,
) -> Result<Value, IdentityError> {
    let request = IdentityRequest::parse(operation, members.to_string().as_bytes());
    let reply = identities.handle(&request.expect("a right request"), &asking(), NOW)?;
    Ok(serde_json::to_value(reply).expect("replies have text keys"))
}

fn allow(action: &str) -> String {
    json!({"Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}}).to_string()
}

/// Operations, and how each is refused when it has taken effect before.
fn script() -> Vec<(&'static str, Value, Option<&'static str>)> {
    let trust = json!({"Statement": {
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT},
    }});
    let policy = json!({"PolicyName": "p", "PolicyDocument": allow("swf:*")});
    let arn = format!("arn:aws:iam::{ACCOUNT}:policy/p");
    let key = json!({"UserName": "ann", "AccessKeyId": "AKIAANN", "SecretAccessKey": "12345678"});
    let role = json!({"RoleName": "r", "AssumeRolePolicyDocument": trust.to_string()});
    let member = json!({"GroupName": "g", "UserName": "ann"});
    vec![
        ("CreateAccount", json!({"AccountId": ACCOUNT}), Some("EntityAlreadyExists")),
        ("CreatePolicy", policy, Some("EntityAlreadyExists")),
        ("CreateGroup", json!({"GroupName": "g"}), Some("EntityAlreadyExists")),
        ("CreateUser", json!({"UserName": "ann"}), Some("EntityAlreadyExists")),
        ("CreateRole", role, Some("EntityAlreadyExists")),
        ("ImportAccessKey", key, Some("EntityAlreadyExists")),
        ("AddUserToGroup", member.clone(), None),
        ("AttachGroupPolicy", json!({"GroupName": "g", "PolicyArn": arn}), None),
        ("RemoveUserFromGroup", member, Some("NoSuchEntity")),
        ("DetachGroupPolicy", json!({"GroupName": "g", "PolicyArn": arn}), Some("NoSuchEntity")),
        ("DeleteGroup", json!({"GroupName": "g"}), Some("NoSuchEntity")),
        ("DeleteRole", json!({"RoleName": "r"}), Some("NoSuchEntity")),
        ("DeletePolicy", json!({"PolicyArn": arn}), Some("NoSuchEntity")),
    ]
}

#[test]
fn an_operation_that_is_asked_for_again_takes_effect_once_whichever_call_fails() {
    for fault in memory::Fault::ALL {
        for failing in 1.. {
            let place = Place::new();
            let calls = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&calls);
            let faulty = place.memory.with_faults(move |_| {
                (counted.fetch_add(1, Ordering::Relaxed) + 1 == failing).then_some(fault)
            });
            let opened = place.open_in(&faulty).or_else(|_| place.open_in(&faulty));
            let mut identities = opened.expect("one call fails");
            for (operation, members, refusal) in script() {
                let mut answer = handle(&mut identities, operation, &members);
                if answer == Err(IdentityError::Unavailable) {
                    // Readers are to see what the store has, even before anybody asks again.
                    if identities.epoch.is_some() {
                        assert_eq!(*identities.reader().directory(), place.stored());
                    }
                    answer = handle(&mut identities, operation, &members);
                }
                if let Err(error) = &answer {
                    let IdentityError::Refused(fault) = error else {
                        panic!("{operation} with {failing} failing: {error:?}");
                    };
                    assert_eq!(Some(fault.code()), refusal, "{operation}, {failing}: {fault}");
                }
                assert_eq!(*identities.reader().directory(), place.stored(), "{operation}");
            }
            let whole = place.stored();
            assert_eq!(whole.users(ACCOUNT).count(), 1);
            assert_eq!(whole.keys().count(), 1);
            let others = (whole.groups(ACCOUNT).count(), whole.roles(ACCOUNT).count());
            assert_eq!((others, whole.policies(ACCOUNT).count()), ((0, 0), 0));
            if calls.load(Ordering::Relaxed) < failing {
                assert!(failing > 20, "{failing} calls are too few");
                break;
            }
        }
    }
}

#[test]
fn a_keeper_that_was_fenced_reads_what_the_other_one_wrote() {
    let place = Place::new();
    let (mut older, mut newer) = (place.open(), place.open());
    let account = json!({"AccountId": ACCOUNT});
    handle(&mut newer, "CreateAccount", &account).expect("the first of its name");
    assert_eq!(handle(&mut older, "CreateAccount", &account), Err(IdentityError::Unavailable));
    let answer = handle(&mut older, "CreateAccount", &account).expect_err("it is there");
    assert!(matches!(answer, IdentityError::Refused(IdentityFault::EntityAlreadyExists(_))));
}

#[test]
fn what_was_not_acknowledged_is_seen_by_nobody() {
    let place = Place::new();
    let mut identities = place.open();
    handle(&mut identities, "CreateAccount", &json!({"AccountId": ACCOUNT})).expect("made");
    let lost = place.memory.with_faults(|call| {
        matches!(call, memory::Call::Commit { .. }).then_some(memory::Fault::Lost)
    });
    let mut failing = place.open_in(&lost).expect("it can be read");
    let reader = failing.reader();
    let user = json!({"UserName": "ann"});
    assert_eq!(handle(&mut failing, "CreateUser", &user), Err(IdentityError::Unavailable));
    assert_eq!(reader.directory().users(ACCOUNT).count(), 0);
}

/// One of many operations, most of which make sense in most states.
fn random(prng: &mut Prng, keys: &[String]) -> (&'static str, Value) {
    let name = |prng: &mut Prng| (*prng.pick(&["a", "B", "b", "c"])).to_owned();
    let arn = |name: String| format!("arn:aws:iam::{ACCOUNT}:policy/{name}");
    let trust = json!({"Statement": {
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT},
    }});
    let tag = json!([{"Key": "k", "Value": name(prng)}]);
    let actions = ["swf:*", "swf:ListDomains", "*"];
    let document = allow(actions[prng.below(actions.len())]);
    let (user, group, policy) = (name(prng), name(prng), name(prng));
    let key = keys.last().cloned().unwrap_or_default();
    let status = *prng.pick(&["Active", "Inactive"]);
    match prng.below(24) {
        0 => ("CreateUser", json!({"UserName": user, "Tags": tag})),
        1 => ("DeleteUser", json!({"UserName": user})),
        2 => ("TagUser", json!({"UserName": user, "Tags": tag})),
        3 => ("CreateGroup", json!({"GroupName": group})),
        4 => ("DeleteGroup", json!({"GroupName": group})),
        5 => ("AddUserToGroup", json!({"GroupName": group, "UserName": user})),
        6 => ("RemoveUserFromGroup", json!({"GroupName": group, "UserName": user})),
        7 => ("CreatePolicy", json!({"PolicyName": policy, "PolicyDocument": document})),
        8 => ("UpdatePolicy", json!({"PolicyArn": arn(policy), "PolicyDocument": document})),
        9 => ("DeletePolicy", json!({"PolicyArn": arn(policy)})),
        10 => ("AttachUserPolicy", json!({"UserName": user, "PolicyArn": arn(policy)})),
        11 => ("DetachUserPolicy", json!({"UserName": user, "PolicyArn": arn(policy)})),
        12 => {
            let members =
                json!({"UserName": user, "PolicyName": policy, "PolicyDocument": document});
            ("PutUserPolicy", members)
        }
        13 => ("DeleteUserPolicy", json!({"UserName": user, "PolicyName": policy})),
        14 | 15 => ("CreateAccessKey", json!({"UserName": user})),
        16 => {
            let members = json!({"UserName": user, "AccessKeyId": key, "Status": status});
            ("UpdateAccessKey", members)
        }
        17 => ("DeleteAccessKey", json!({"UserName": user, "AccessKeyId": key})),
        18 => {
            let members = json!({"RoleName": user, "AssumeRolePolicyDocument": trust.to_string()});
            ("CreateRole", members)
        }
        19 => ("DeleteRole", json!({"RoleName": user})),
        20 => ("AttachRolePolicy", json!({"RoleName": user, "PolicyArn": arn(policy)})),
        21 => ("DetachRolePolicy", json!({"RoleName": user, "PolicyArn": arn(policy)})),
        22 => {
            let members = json!({"UserName": user, "PermissionsBoundary": arn(policy)});
            ("PutUserPermissionsBoundary", members)
        }
        _ => ("DeleteUserPermissionsBoundary", json!({"UserName": user})),
    }
}

#[test]
fn after_random_operations_the_store_reads_as_memory_is() {
    let mut done = 0;
    for seed in 0..20 {
        let place = Place::new();
        let mut prng = Prng(seed);
        let mut chance = Prng(seed + 1000);
        let shaky = std::sync::Mutex::new(Prng(seed + 2000));
        let faulty = place.memory.with_faults(move |_| {
            let mut prng = shaky.lock().expect("nobody panics with it");
            (prng.below(12) == 0).then(|| *prng.pick(&memory::Fault::ALL))
        });
        let mut first = place.open();
        handle(&mut first, "CreateAccount", &json!({"AccountId": ACCOUNT})).expect("made");
        let mut identities = loop {
            if let Ok(identities) = place.open_in(&faulty) {
                break identities;
            }
        };
        let mut keys = Vec::new();
        for step in 0..300 {
            let (operation, members) = random(&mut prng, &keys);
            let answer = handle(&mut identities, operation, &members);
            done += usize::from(answer.is_ok());
            if let Ok(reply) = answer
                && let Some(id) = reply["AccessKey"]["AccessKeyId"].as_str()
            {
                keys.push(id.to_owned());
            }
            if chance.below(10) == 0
                && let Some(id) = keys.last()
            {
                let key = KeyRef { access_key_id: id.as_str().into(), session: None };
                let reader = identities.reader();
                reader.used(&key, "us-east-1", "swf", Timestamp(NOW.0 + step * 1_000_000));
                // It may fail; then the next one writes what there is.
                let flushed = identities.flush(NOW);
                assert!(matches!(flushed, Ok(()) | Err(IdentityError::Unavailable)));
            }
            // A claim that was lost is taken again with the next operation.
            if identities.epoch.is_some() {
                let stored = place.stored();
                assert_eq!(*identities.reader().directory(), stored, "seed {seed}, {operation}");
                stored.check_references().expect("everything that is named is there");
            }
        }
        let report =
            crate::check::check(&place.memory, NOW, crate::check::Mode::Look, &mut |found| {
                panic!("{found:?}")
            });
        assert!(report.expect("no fault is planned").agrees());
    }
    assert!(done > 1_000, "only {done} operations took effect");
}

/// Makes an account with a user and a key of hers: its id, and how it is named where it is used.
fn with_key(identities: &mut Identities) -> (String, KeyRef) {
    handle(identities, "CreateAccount", &json!({"AccountId": ACCOUNT})).expect("made");
    handle(identities, "CreateUser", &json!({"UserName": "ann"})).expect("made");
    let made = handle(identities, "CreateAccessKey", &json!({"UserName": "ann"}));
    let id = made.expect("made")["AccessKey"]["AccessKeyId"].as_str().expect("an id").to_owned();
    let key = identities.reader().key_material(&id, None).expect("known").key;
    (id, key)
}

#[test]
fn a_use_is_written_once_in_an_interval() {
    let place = Place::new();
    let mut identities = place.open();
    let (id, key) = with_key(&mut identities);
    let reader = identities.reader();
    let used = |milliseconds: i64, region: &str| {
        reader.used(&key, region, "swf", Timestamp(NOW.0 + milliseconds));
    };
    let last = || {
        let directory = reader.directory();
        directory.key_use(&id).map(|key_use| (key_use.at.0 - NOW.0, key_use.region.to_string()))
    };
    let epoch = |identities: &mut Identities, milliseconds: i64| {
        let before = rows(&place.memory, keys::IDENTITY_SHARD);
        identities.flush(Timestamp(NOW.0 + milliseconds)).expect("no fault is planned");
        before != rows(&place.memory, keys::IDENTITY_SHARD)
    };
    used(0, "us-east-1");
    used(1, "eu-west-1");
    assert_eq!(last(), None, "nothing is written on the way of a request");
    assert!(epoch(&mut identities, 1));
    assert_eq!(last(), Some((0, "us-east-1".to_owned())));
    used(USE_INTERVAL_MILLISECONDS - 1, "eu-west-1");
    assert!(!epoch(&mut identities, USE_INTERVAL_MILLISECONDS - 1), "nothing is due");
    used(USE_INTERVAL_MILLISECONDS, "eu-west-1");
    assert!(epoch(&mut identities, USE_INTERVAL_MILLISECONDS));
    assert_eq!(last(), Some((USE_INTERVAL_MILLISECONDS, "eu-west-1".to_owned())));
    // A key that is gone by then is not written about.
    used(2 * USE_INTERVAL_MILLISECONDS, "us-east-1");
    let delete = json!({"UserName": "ann", "AccessKeyId": id});
    handle(&mut identities, "DeleteAccessKey", &delete).expect("it goes");
    identities.flush(Timestamp(NOW.0 + 2 * USE_INTERVAL_MILLISECONDS)).expect("no fault");
    assert_eq!(last(), None);
    assert_eq!(*reader.directory(), place.stored());
}

/// Whoever is about to delete a key asks whether it is in use.
#[test]
fn a_use_is_told_before_it_is_due_to_be_written() {
    let place = Place::new();
    let mut identities = place.open();
    let (id, key) = with_key(&mut identities);
    let reader = identities.reader();
    reader.used(&key, "eu-west-1", "swf", NOW);
    let asked = handle(&mut identities, "GetAccessKeyLastUsed", &json!({"AccessKeyId": id}));
    let told = asked.expect("known")["AccessKeyLastUsed"].clone();
    assert_eq!((&told["Region"], &told["ServiceName"]), (&json!("eu-west-1"), &json!("swf")));
}

#[test]
fn time_that_was_seen_is_remembered_unless_it_was_far_ahead() {
    let place = Place::new();
    let mut identities = place.open();
    handle(&mut identities, "CreateAccount", &json!({"AccountId": ACCOUNT})).expect("made");
    let hour = 3_600_000;
    identities.flush(Timestamp(NOW.0 + hour)).expect("no fault is planned");
    let later = place.open().reader().directory().latest(NOW);
    assert_eq!(later, Timestamp(NOW.0 + hour), "the clock is behind after a start");
    identities = place.open();
    identities.flush(Timestamp(NOW.0 + 1000 * hour)).expect("no fault is planned");
    assert_eq!(place.open().reader().directory().latest(NOW), NOW, "the clock was wrong");
}

#[test]
fn time_that_was_seen_counts_on_after_a_reload() {
    let place = Place::new();
    let mut older = place.open();
    let later = Timestamp(NOW.0 + 1);
    assert_eq!(older.reader().directory().latest(later), later);
    place.open();
    let account = json!({"AccountId": ACCOUNT});
    assert_eq!(handle(&mut older, "CreateAccount", &account), Err(IdentityError::Unavailable));
    assert_eq!(older.reader().directory().latest(NOW), later);
}

#[test]
fn secrets_that_do_not_open_refuse_the_start() {
    let place = Place::new();
    let mut identities = place.open();
    for (operation, members, _) in script() {
        handle(&mut identities, operation, &members).expect("made");
    }
    let open = |keyring: Keyring| {
        let store: Arc<dyn Store> = Arc::new(place.memory.clone());
        Identities::open("test", store, place.entropy.clone(), keyring, NOW).map(|_| ())
    };
    let key: Arc<str> = "AKIAANN".into();
    let why = OpenError::UnknownKey("k1".into());
    assert_eq!(open(ring(&[("k2", 2)])), Err(IdentitiesError::Sealed { key: key.clone(), why }));
    let why = OpenError::Refused("k1".into());
    let refused = Err(IdentitiesError::Sealed { key, why });
    assert_eq!(open(ring(&[("k1", 2)])), refused);
    // Rotation: with the old key among them, then without.
    let mut identities = place.open();
    assert!(identities.rotate(ring(&[("k2", 2)]), NOW).is_err(), "the old key is missing");
    assert_eq!(identities.rotate(ring(&[("k2", 2), ("k1", 1)]), NOW), Ok(1));
    assert_eq!(identities.rotate(ring(&[("k2", 2), ("k1", 1)]), NOW), Ok(0));
    assert_eq!(*identities.reader().directory(), place.stored());
    assert_eq!(open(ring(&[("k2", 2)])), Ok(()));
    assert!(identities.reader().key_material("AKIAANN", None).is_ok());
}

/// Imports a document, and says how many operations that took.
fn import_into(
    identities: &mut Identities,
    document: &Document,
    prune: bool,
    short_secrets: bool,
) -> Result<usize, IdentityError> {
    let request = ImportIdentities { document: document.clone(), prune, dry_run: false };
    let asking = Asking { account: ACCOUNT, caller: None, origin: None, region: "", short_secrets };
    let reply = identities.handle(&request.into(), &asking, NOW)?;
    let IdentityReply::Imported { steps, .. } = reply else { panic!("{reply:?}") };
    Ok(steps.len())
}

#[test]
fn a_document_is_imported_by_one_commit() {
    let place = Place::new();
    let commits = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&commits);
    let counting = place.memory.with_faults(move |call| {
        if matches!(call, memory::Call::Commit { .. }) {
            counted.fetch_add(1, Ordering::Relaxed);
        }
        None
    });
    let mut identities = place.open_in(&counting).expect("no fault is planned");
    let document = json!({"account": [{"id": ACCOUNT,
        "group": [{"name": "g", "policies": {"p": allow("swf:*")}}],
        "user": [{"name": "ann", "groups": ["g"], "key": [{"id": "AKIAANN", "secret": "12345678"}]}],
    }]});
    let document: Document = serde_json::from_value(document).expect("a document");
    let mut import =
        |document: &Document, short| import_into(&mut identities, document, true, short);
    assert_eq!(import(&document, false), Ok(6));
    assert_eq!(import(&document, false), Ok(0));
    assert_eq!(commits.load(Ordering::Relaxed), 1);
    let short = json!({"account": [{"id": ACCOUNT, "user": [
        {"name": "bob"}, {"name": "ann", "key": [{"id": "test", "secret": "test"}]},
    ]}]});
    let short: Document = serde_json::from_value(short).expect("a document");
    assert!(matches!(import(&short, false), Err(IdentityError::Refused(_))));
    assert_eq!(place.stored().users(ACCOUNT).count(), 1, "nothing of it was imported");
    assert!(import(&short, true).is_ok());
    assert_eq!(*identities.reader().directory(), place.stored());
}

#[test]
fn more_users_than_are_read_at_a_time_are_all_loaded() {
    let place = Place::new();
    let mut identities = place.open();
    let users: Vec<Value> =
        (0..ROWS_PER_SCAN + 5).map(|index| json!({"name": format!("u{index}")})).collect();
    let document = json!({"account": [{"id": ACCOUNT, "user": users}]});
    let document: Document = serde_json::from_value(document).expect("a document");
    import_into(&mut identities, &document, false, false).expect("it is imported");
    let again = place.open().reader().directory();
    assert_eq!(again.users(ACCOUNT).count(), ROWS_PER_SCAN + 5);
    assert_eq!(again, identities.reader().directory());
}

#[test]
fn damage_is_said_and_not_passed_over() {
    let place = Place::new();
    let mut identities = place.open();
    for (operation, members, _) in script() {
        handle(&mut identities, operation, &members).expect("made");
    }
    identities.flush(NOW).expect("no fault is planned");
    let check = |memory: &Memory| {
        let mut found = Vec::new();
        let report = crate::check::check(memory, NOW, crate::check::Mode::Look, &mut |finding| {
            found.push(finding);
        });
        (report.expect("no fault is planned").findings, found)
    };
    assert_eq!(check(&place.memory).0, 0);
    let whole = rows(&place.memory, keys::IDENTITY_SHARD);
    assert_eq!(whole.len(), 4, "account, user, key, time");
    let damaged = |rows: &[(Vec<u8>, Option<Vec<u8>>)]| {
        let memory = Memory::default();
        let epoch = memory.claim(keys::IDENTITY_SHARD, "damage").expect("no fault is planned");
        let mut batch = Batch::default();
        whole.iter().for_each(|(key, value)| batch.put(key.clone(), value.clone()));
        for (key, value) in rows {
            match value {
                Some(value) => batch.put(key.clone(), value.clone()),
                None => batch.delete(key.clone()),
            }
        }
        memory.commit(keys::IDENTITY_SHARD, epoch, batch).expect("no fault is planned");
        memory
    };
    let user = keys::user(ACCOUNT, &Folded::of("ann"));
    let value =
        |key: &[u8]| whole.iter().find(|(known, _)| known == key).expect("it is there").1.clone();
    let elsewhere = keys::user(ACCOUNT, &Folded::of("bob"));
    let rows = [
        vec![(keys::account(ACCOUNT), None)],
        vec![(user.clone(), None)],
        vec![(user.clone(), Some(b"\x01{}".to_vec()))],
        vec![(user.clone(), Some(vec![2]))],
        vec![(elsewhere, Some(value(&user)))],
        vec![(keys::access_key("AKIAOTHER"), Some(value(&keys::access_key("AKIAANN"))))],
        vec![(keys::latest_time(), Some(b"\x01\"x\"".to_vec()))],
    ];
    for row in rows {
        let memory = damaged(&row);
        let opened = place.open_in(&memory).err();
        let damage =
            matches!(opened, Some(IdentitiesError::Damaged(_) | IdentitiesError::Unreadable(_)));
        assert!(damage, "{row:?}: {opened:?}");
        let (findings, found) = check(&memory);
        assert!(findings > 0, "{row:?}");
        assert!(!format!("{found:?}").contains("nonce"), "{found:?}");
    }
    // What another build has written stays, and is told.
    let memory = damaged(&[(vec![39, 1], Some(vec![1]))]);
    assert_eq!(check(&memory).0, 1);
    assert!(place.open_in(&memory).is_ok());
}
