//! States that follow from one another, as those who look at them see them.

use super::*;

/// What nobody can read is not made durable, and nobody is kept from what there is.
#[test]
fn a_change_that_makes_no_sense_is_not_stored() {
    let place = Place::new();
    let mut identities = place.open();
    for (operation, members, _) in script() {
        handle(&mut identities, operation, &members).expect("made");
    }
    let reader = identities.reader();
    let before = reader.directory();
    let user = before.users(ACCOUNT).next().expect("there is one");
    let nowhere = Change::PutUser("210987654321".into(), (**user).clone());
    let changes = vec![Change::DeleteKey("AKIAANN".into()), nowhere];
    assert_eq!(identities.commit(changes, NOW), Err(IdentityError::Unavailable));
    assert_eq!(place.stored(), *before);
    assert!(Arc::ptr_eq(&reader.directory(), &before));
    handle(&mut identities, "CreateUser", &json!({"UserName": "bob"})).expect("made");
    assert_eq!(place.stored(), *reader.directory());
}

/// Whoever looks has a state for as long as they need it, and keys that were derived go with those
/// that they were derived from.
#[test]
fn readers_keep_what_they_have_while_it_changes() {
    let place = Place::new();
    let mut identities = place.open();
    for (operation, members, _) in script() {
        handle(&mut identities, operation, &members).expect("made");
    }
    let reader = identities.reader();
    let state = reader.state();
    let key = KeyRef { access_key_id: "AKIAANN".into(), session: None };
    reader.used(&key, "us-east-1", "swf", NOW);
    identities.flush(NOW).expect("no fault is planned");
    let used = reader.state();
    assert!(state.directory.key_use("AKIAANN").is_none());
    assert!(used.directory.key_use("AKIAANN").is_some());
    assert!(Arc::ptr_eq(&state.signing_keys, &used.signing_keys), "no secret is another");
    let delete = json!({"UserName": "ann", "AccessKeyId": "AKIAANN"});
    handle(&mut identities, "DeleteAccessKey", &delete).expect("deleted");
    assert!(used.directory.key("AKIAANN").is_some());
    assert!(reader.state().directory.key("AKIAANN").is_none());
    assert!(!Arc::ptr_eq(&used.signing_keys, &reader.state().signing_keys));
}
