//! Keys that were deleted and that a document still names, over starts and beyond what is remembered.

use super::*;
use access::identity::limits::DELETED_KEYS_MAX;
use access::identity::{DeletedKeyRecord, KeyOwner};

/// A user of that name, with a key.
fn user(name: &str) -> Value {
    json!({"name": name, "key": [{"id": format!("AKIA{name}"), "secret": "12345678"}]})
}

fn document(account: &Value) -> Document {
    serde_json::from_value(json!({"account": [account]})).expect("a document")
}

/// The keys that a document leaves out, after it has been imported.
fn skipped(identities: &mut Identities, document: &Document) -> Vec<String> {
    let request = ImportIdentities { document: document.clone(), prune: false, dry_run: false };
    let reply = identities.handle(&request.into(), &asking(), NOW).expect("it can be followed");
    let IdentityReply::Imported { skipped_keys, .. } = reply else { panic!("{reply:?}") };
    skipped_keys.into_iter().map(|skipped| skipped.access_key_id).collect()
}

fn delete(identities: &mut Identities, name: &str) {
    let members = json!({"UserName": name, "AccessKeyId": format!("AKIA{name}")});
    handle(identities, "DeleteAccessKey", &members).expect("it is there");
}

/// Whichever way it was deleted.
#[test]
fn a_deleted_key_stays_so_over_a_start() {
    let place = Place::new();
    let mut identities = place.open();
    let root_key = json!([{"id": "AKIAROOT", "secret": "12345678"}]);
    let all = document(&json!({
        "id": ACCOUNT, "user": [user("ann"), user("bob"), user("cat")], "root_key": root_key,
    }));
    assert_eq!(skipped(&mut identities, &all), [] as [&str; 0]);
    delete(&mut identities, "ann");
    let cat = document(&json!({"id": ACCOUNT, "user": [user("cat")]}));
    import_into(&mut identities, &cat, true, false).expect("it can be followed");
    drop(identities);
    let mut identities = place.open();
    assert_eq!(skipped(&mut identities, &all), ["AKIAann", "AKIAbob"]);
    assert_eq!(skipped(&mut identities, &all), ["AKIAann", "AKIAbob"], "and again");
    // Nor by an account that has gone and is made again.
    let none = document(&json!({"id": ACCOUNT}));
    import_into(&mut identities, &none, true, false).expect("it can be followed");
    handle(&mut identities, "DeleteAccount", &json!({"AccountId": ACCOUNT})).expect("it is empty");
    drop(identities);
    let mut identities = place.open();
    let left_out = skipped(&mut identities, &all);
    assert_eq!(left_out, ["AKIAann", "AKIAbob", "AKIAcat", "AKIAROOT"]);
    assert_eq!(identities.reader().directory().keys().count(), 0);
    // Who names one alone means it, and the document has it as any other from then on.
    let import =
        json!({"UserName": "ann", "AccessKeyId": "AKIAann", "SecretAccessKey": "12345678"});
    handle(&mut identities, "ImportAccessKey", &import).expect("it can be had");
    drop(identities);
    let mut identities = place.open();
    assert_eq!(skipped(&mut identities, &all), ["AKIAbob", "AKIAcat", "AKIAROOT"]);
}

/// Somebody who may change their own keys has filled the table; what others delete is remembered all
/// the same, and the store has no more than memory.
#[test]
fn no_more_deleted_keys_are_stored_than_are_remembered() {
    let place = Place::new();
    let mut identities = place.open();
    let all = document(&json!({"id": ACCOUNT, "user": [user("ann"), user("bob")]}));
    assert_eq!(skipped(&mut identities, &all), [] as [&str; 0]);
    drop(identities);
    let epoch = place.memory.claim(keys::IDENTITY_SHARD, "test").expect("no fault is planned");
    let mut batch = Batch::default();
    for number in 1..DELETED_KEYS_MAX {
        let record = DeletedKeyRecord {
            id: format!("AKIAeve{number:05}").into(),
            account: ACCOUNT.into(),
            owner: Some(KeyOwner::User(Folded::of("eve"))),
            deleted_at: Timestamp(NOW.0 + number as i64),
        };
        write(&Change::PutDeletedKey(record), &mut batch);
    }
    place.memory.commit(keys::IDENTITY_SHARD, epoch, batch).expect("no fault is planned");
    let mut identities = place.open();
    delete(&mut identities, "ann");
    delete(&mut identities, "bob");
    let stored = place.stored();
    let is_known = |id: &str| stored.deleted_key(id).is_some();
    assert_eq!(*identities.reader().directory(), stored);
    assert!(is_known("AKIAann") && is_known("AKIAbob") && is_known("AKIAeve00002"));
    assert!(!is_known("AKIAeve00001"), "the oldest of whoever has the most");
    drop(identities);
    let mut identities = place.open();
    assert_eq!(skipped(&mut identities, &all), ["AKIAann", "AKIAbob"]);
}
