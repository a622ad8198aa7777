//! Registrations through a store that fails: what is acknowledged stays, and memory is the store.

use super::*;
use crate::tests::client::TestEntropy;
use crate::tests::fixture::{registrations, request, scope};
use crate::token::{TaskDelivery, TaskRef};
use engine::rows::TaskKind;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use store::memory::{self, Memory};

fn claim(memory: &Memory) -> Result<Registrar, StoreError> {
    let entropy = Arc::new(TestEntropy(AtomicU64::new(1)));
    Registrar::claim("test", Arc::new(memory.clone()), Arc::new(Limits::AWS), entropy)
}

fn handle(registrar: &mut Registrar, operation: &str, body: &Value) -> Result<(), Fault> {
    let request = request(operation, body.clone()).expect("a right request");
    registrar.handle(&scope(), &request, Timestamp(1_000))
}

/// Requests, and how each is refused when it has taken effect before.
fn script() -> Vec<(&'static str, Value, Option<&'static str>)> {
    let taken = ["DomainAlreadyExistsFault", "TypeAlreadyExistsFault", "TypeAlreadyExistsFault"];
    let mut script: Vec<_> = registrations()
        .into_iter()
        .zip(taken)
        .map(|((operation, body), fault)| (operation, body, Some(fault)))
        .collect();
    let named = json!({"domain": "d", "activityType": {"name": "a", "version": "1"}});
    let tag = json!([{"key": "k", "value": "v"}]);
    let arn = "arn:aws:swf:us-east-1:123456789012:/domain/d";
    script.extend([
        ("TagResource", json!({"resourceArn": arn, "tags": tag}), None),
        ("DeprecateActivityType", named.clone(), Some("TypeDeprecatedFault")),
        ("DeleteActivityType", named, Some("UnknownResourceFault")),
        ("DeprecateDomain", json!({"name": "d"}), Some("DomainDeprecatedFault")),
    ]);
    script
}

#[test]
fn a_registration_that_is_sent_again_takes_effect_once_whichever_call_fails() {
    for fault in memory::Fault::ALL {
        for failing in 1.. {
            let memory = Memory::default();
            let calls = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&calls);
            let faulty = memory.with_faults(move |_| {
                (counted.fetch_add(1, Ordering::Relaxed) + 1 == failing).then_some(fault)
            });
            let mut registrar = claim(&faulty).or_else(|_| claim(&faulty)).expect("one call fails");
            for (operation, body, refusal) in script() {
                let mut answer = handle(&mut registrar, operation, &body);
                if answer == Err(Fault::Internal) {
                    answer = handle(&mut registrar, operation, &body);
                }
                if let Err(fault) = &answer {
                    let known = refusal.is_some_and(|name| fault.type_name().ends_with(name));
                    assert!(known, "{operation} with {failing} failing: {fault:?}");
                }
                let stored = load(&memory).expect("no fault is planned");
                let registry = registrar.registry();
                assert_eq!(*registry.read().expect("no writer panics"), stored, "{operation}");
            }
            let whole = load(&memory).expect("no fault is planned");
            let domain = whole.domain(&scope(), &"d".into()).expect("it was acknowledged");
            assert_eq!(domain.record.tags.len(), 1);
            assert_eq!(domain.activity_types().count(), 0);
            assert_eq!(domain.workflow_types().count(), 1);
            if calls.load(Ordering::Relaxed) < failing {
                assert!(failing > 10, "{failing} calls are too few");
                break;
            }
        }
    }
}

#[test]
fn a_registrar_that_was_fenced_reads_what_the_other_one_wrote() {
    let memory = Memory::default();
    let mut older = claim(&memory).expect("no fault is planned");
    let mut newer = claim(&memory).expect("no fault is planned");
    let [(operation, domain), ..] = registrations();
    assert_eq!(handle(&mut newer, operation, &domain), Ok(()));
    assert_eq!(handle(&mut older, operation, &domain), Err(Fault::Internal));
    let exists = Err(Fault::DomainAlreadyExists("d".into()));
    assert_eq!(handle(&mut older, operation, &domain), exists);
}

#[test]
fn more_registrations_than_are_read_at_a_time_are_all_loaded() {
    let memory = Memory::default();
    let mut registrar = claim(&memory).expect("no fault is planned");
    let [(operation, domain), ..] = registrations();
    handle(&mut registrar, operation, &domain).expect("the first of its name");
    let types = ROWS_PER_SCAN + 5;
    for index in 0..types {
        let body = json!({"domain": "d", "name": format!("a{index}"), "version": "1"});
        handle(&mut registrar, "RegisterActivityType", &body).expect("the first of its name");
    }
    let again = claim(&memory).expect("no fault is planned").registry();
    let again = again.read().expect("no writer panics");
    assert_eq!(*again, *registrar.registry().read().expect("no writer panics"));
    let domain = again.domain(&scope(), &"d".into()).expect("it is registered");
    assert_eq!(domain.activity_types().count(), types);
}

/// What opens under some keys, whichever of them sealed it.
fn tokens_under(memory: &Memory) -> Tokens {
    Tokens::new(load_token_keys(memory).expect("no fault is planned"))
}

fn task() -> TaskRef {
    let delivery = TaskDelivery {
        shard: 1,
        run_id: "r1".into(),
        scheduled_event_id: wire::EventId(5),
        started_event_id: wire::EventId(6),
    };
    TaskRef { scope: scope(), domain: "d".into(), delivery }
}

#[test]
fn the_first_key_of_the_tokens_is_made_once() {
    let memory = Memory::default();
    let first = claim(&memory).expect("no fault is planned");
    let token = first.tokens().task(TaskKind::Activity, &task());
    let second = claim(&memory).expect("no fault is planned");
    assert_eq!(second.tokens().key_ids(), [KeyId::FIRST]);
    assert!(second.tokens().open_task(TaskKind::Activity, &token).is_ok());
}

/// A key seals nothing before it is durable, and none is lost, whichever call fails.
#[test]
fn a_rotation_that_fails_breaks_no_token() {
    for fault in memory::Fault::ALL {
        for failing in 1.. {
            let memory = Memory::default();
            let mut sealed = vec![
                claim(&memory)
                    .expect("no fault is planned")
                    .tokens()
                    .task(TaskKind::Activity, &task()),
            ];
            let calls = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&calls);
            let faulty = memory.with_faults(move |_| {
                (counted.fetch_add(1, Ordering::Relaxed) + 1 == failing).then_some(fault)
            });
            let mut registrar = claim(&faulty).or_else(|_| claim(&faulty)).expect("one call fails");
            for _ in 0..3 {
                let answer = registrar.rotate_token_key();
                assert!(matches!(answer, Ok(_) | Err(Fault::Internal)), "{answer:?}");
                sealed.push(registrar.tokens().task(TaskKind::Activity, &task()));
                // Whoever opens the store now, and who has had it open.
                for tokens in [&tokens_under(&memory), &*registrar.tokens()] {
                    for token in &sealed {
                        let opened = tokens.open_task(TaskKind::Activity, token);
                        assert!(opened.is_ok(), "{fault:?} with {failing} failing: {opened:?}");
                    }
                }
            }
            let kept = registrar.tokens().key_ids();
            assert_eq!(kept, tokens_under(&memory).key_ids());
            assert!(kept.len() >= 3, "one rotation may have failed: {kept:?}");
            if calls.load(Ordering::Relaxed) < failing {
                assert_eq!(kept.len(), 4);
                break;
            }
        }
    }
}

#[test]
fn a_bounded_number_of_keys_is_kept() {
    let memory = Memory::default();
    let mut registrar = claim(&memory).expect("no fault is planned");
    for key_id in 1..3 * KEYS_MAX as u32 {
        let retired_key_id = key_id.checked_sub(KEYS_MAX as u32);
        let rotated = registrar.rotate_token_key();
        assert_eq!(rotated, Ok(TokenKeyRotation { key_id, retired_key_id }));
        let kept = registrar.tokens().key_ids();
        assert!(kept.len() <= KEYS_MAX);
        assert_eq!(kept, tokens_under(&memory).key_ids());
    }
    assert_eq!(claim(&memory).expect("no fault is planned").tokens().key_ids().len(), KEYS_MAX);
}

#[test]
fn a_registrar_that_was_fenced_has_the_keys_of_the_other_one() {
    let memory = Memory::default();
    let mut older = claim(&memory).expect("no fault is planned");
    let mut newer = claim(&memory).expect("no fault is planned");
    newer.rotate_token_key().expect("no fault is planned");
    assert_eq!(older.rotate_token_key(), Err(Fault::Internal));
    assert_eq!(older.tokens().key_ids(), newer.tokens().key_ids());
    let rotation = TokenKeyRotation { key_id: 2, retired_key_id: None };
    assert_eq!(older.rotate_token_key(), Ok(rotation));
}

#[test]
fn a_key_whose_row_is_damaged_is_not_made_anew() {
    for (key, value) in [
        (keys::token_key(KeyId::FIRST), b"x".to_vec()),
        (keys::token_key(KeyId(1)), Vec::new()),
        ([keys::token_key(KeyId(1)), vec![0]].concat(), values::json(&[7; KEY_BYTES])),
    ] {
        let memory = Memory::default();
        claim(&memory).expect("no fault is planned");
        let epoch = memory.claim(keys::REGISTRY_SHARD, "test").expect("no fault is planned");
        let mut batch = Batch::default();
        batch.put(key, value);
        memory.commit(keys::REGISTRY_SHARD, epoch, batch).expect("no fault is planned");
        assert!(claim(&memory).is_err());
    }
}
