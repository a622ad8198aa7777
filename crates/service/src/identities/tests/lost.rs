//! A master key that is lost takes the secrets under it along, and nothing else.

use super::*;
use access::Principal;
use store::ShardId;

fn open_under(place: &Place, keyring: Keyring) -> Result<Identities, IdentitiesError> {
    let entropy: Arc<dyn Entropy> = place.entropy.clone();
    Identities::open("test", Arc::new(place.memory.clone()), entropy, keyring, NOW)
}

#[test]
fn keys_that_do_not_open_are_discarded_and_nothing_else() {
    let place = Place::new();
    let mut identities = place.open();
    let key = |id: &str, user: &str| json!({"UserName": user, "AccessKeyId": id, "SecretAccessKey": "12345678"});
    let trust = json!({"Statement": {
        "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:user/ann")},
    }});
    let role = json!({"RoleName": "r", "AssumeRolePolicyDocument": trust.to_string()});
    for (operation, members) in [
        ("CreateAccount", json!({"AccountId": ACCOUNT})),
        ("CreateUser", json!({"UserName": "ann"})),
        ("CreateUser", json!({"UserName": "bob"})),
        ("ImportAccessKey", key("AKIAANN", "ann")),
        ("CreateAccessKey", json!({"Root": true})),
        ("CreateRole", role),
    ] {
        handle(&mut identities, operation, &members).expect(operation);
    }
    let reader = identities.reader();
    let used = KeyRef { access_key_id: "AKIAANN".into(), session: None };
    reader.used(&used, "us-east-1", "swf", NOW);
    let ann = reader.refresh(&used, NOW).expect("her key is good");
    let (id, token) = session(&mut identities, &ann);
    identities.flush(NOW).expect("no fault is planned");
    // The next master key has sealed one secret when the first is lost.
    drop(identities);
    let mut identities = open_under(&place, ring(&[("k2", 2), ("k1", 1)])).expect("both are there");
    assert!(identities.reader().key_material(&id, Some(&token)).is_ok());
    handle(&mut identities, "ImportAccessKey", &key("AKIABOB", "bob")).expect("made");
    drop(identities);
    let other = ShardId(1);
    let epoch = place.memory.claim(other, "test").expect("no fault is planned");
    let mut batch = Batch::default();
    batch.put(b"run".to_vec(), b"events".to_vec());
    place.memory.commit(other, epoch, batch).expect("no fault is planned");

    let left = ring(&[("k2", 2)]);
    let refused = open_under(&place, left.clone()).err();
    assert!(matches!(refused, Some(IdentitiesError::Sealed { .. })), "{refused:?}");
    let before = stored_identities(&place.memory, NOW).expect("it is whole");
    let lost: Vec<_> = before.unopened(&left).map(|(record, _)| record).collect();
    assert_eq!(lost.len(), 2, "hers and the root's");
    discard_access_keys("test", &place.memory, &before, &lost, NOW).expect("no fault is planned");

    let after = open_under(&place, left).expect("all that is left opens").reader();
    let directory = after.directory();
    let keys: Vec<&str> = directory.keys().map(|key| &*key.id).collect();
    assert_eq!(keys, ["AKIABOB"]);
    assert!(directory.key_use("AKIAANN").is_none());
    assert!(directory.users(ACCOUNT).eq(before.users(ACCOUNT)));
    assert!(directory.roles(ACCOUNT).eq(before.roles(ACCOUNT)));
    assert_eq!(after.key_material(&id, Some(&token)).err(), Some(Fault::UnrecognizedClient));
    assert_eq!(rows(&place.memory, other), [(b"run".to_vec(), b"events".to_vec())]);
}

/// A file that still names both says nothing of how they were.
#[test]
fn of_keys_that_are_discarded_those_that_were_disabled_do_not_come_back_by_a_document() {
    let place = Place::new();
    let mut identities = place.open();
    let document = json!({"account": [{"id": ACCOUNT, "user": [
        {"name": "ann", "key": [{"id": "AKIAANN", "secret": "12345678"}]},
        {"name": "bob", "key": [{"id": "AKIABOB", "secret": "12345678"}]},
    ]}]});
    let document: Document = serde_json::from_value(document).expect("a document");
    import_into(&mut identities, &document, false, false).expect("it can be followed");
    let disable = json!({"UserName": "ann", "AccessKeyId": "AKIAANN", "Status": "Inactive"});
    handle(&mut identities, "UpdateAccessKey", &disable).expect("it is there");
    drop(identities);
    let left = ring(&[("k2", 2)]);
    let before = stored_identities(&place.memory, NOW).expect("it is whole");
    let lost: Vec<_> = before.unopened(&left).map(|(record, _)| record).collect();
    discard_access_keys("test", &place.memory, &before, &lost, NOW).expect("no fault is planned");
    let mut identities = open_under(&place, left).expect("nothing is sealed");
    import_into(&mut identities, &document, false, false).expect("it can be followed");
    let directory = identities.reader().directory();
    let keys: Vec<&str> = directory.keys().map(|key| &*key.id).collect();
    assert_eq!(keys, ["AKIABOB"]);
}

/// The id and the token of a session of `r`.
fn session(identities: &mut Identities, principal: &Principal) -> (String, String) {
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/r");
    let members = json!({"RoleArn": arn, "RoleSessionName": "nightly"}).to_string();
    let request = IdentityRequest::parse("AssumeRole", members.as_bytes()).expect("it is right");
    let asking = Asking { caller: Some(principal), ..asking() };
    let reply = identities.handle(&request, &asking, NOW).expect("she is trusted");
    let IdentityReply::Session { credentials, .. } = reply else { panic!("{reply:?}") };
    (credentials.access_key_id.to_string(), credentials.session_token.expose().to_owned())
}
