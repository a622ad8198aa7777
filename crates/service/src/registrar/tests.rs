//! Registrations through a store that fails: what is acknowledged stays, and memory is the store.

use super::*;
use crate::tests::fixture::{registrations, request, scope};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use store::memory::{self, Memory};

fn claim(memory: &Memory) -> Result<Registrar, StoreError> {
    Registrar::claim("test", Arc::new(memory.clone()), Arc::new(Limits::AWS))
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
    for fault in [
        memory::Fault::Lost,
        memory::Fault::Unacknowledged,
        memory::Fault::Late,
        memory::Fault::Full,
    ] {
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

#[test]
fn the_key_of_the_tokens_is_made_once() {
    let memory = Memory::default();
    let mut first = claim(&memory).expect("no fault is planned");
    assert_eq!(first.token_key(b"one"), Ok(b"one".to_vec()));
    assert_eq!(first.token_key(b"two"), Ok(b"one".to_vec()));
    let mut second = claim(&memory).expect("no fault is planned");
    assert_eq!(second.token_key(b"three"), Ok(b"one".to_vec()));
}
