//! What is a token of ours, and what is not; how long tokens get; tokens of earlier releases.

use super::*;
use crate::tests::fixture::{scope, tokens};

const KINDS: [TaskKind; 2] = [TaskKind::Decision, TaskKind::Activity];

fn delivery(run_id: &str) -> TaskDelivery {
    TaskDelivery {
        shard: 7,
        run_id: run_id.into(),
        scheduled_event_id: EventId(5),
        started_event_id: EventId(6),
    }
}

fn task(domain: &str) -> TaskRef {
    TaskRef { scope: scope(), domain: domain.into(), delivery: delivery("r1") }
}

fn ring(keys: &[(u32, &[u8])]) -> Tokens {
    Tokens::new(keys.iter().map(|(id, key)| (KeyId(*id), key.to_vec())))
}

fn digest() -> [u8; 32] {
    std::array::from_fn(|index| index as u8)
}

/// The same token, changed in every way in which one byte can be changed.
fn altered(token: &str) -> impl Iterator<Item = Vec<u8>> {
    let bytes = token.as_bytes().to_vec();
    (0..bytes.len()).flat_map(move |index| {
        let bytes = bytes.clone();
        (0..=u8::MAX).filter_map(move |byte| {
            let mut changed = bytes.clone();
            changed[index] = byte;
            (changed != bytes).then_some(changed)
        })
    })
}

#[test]
fn a_task_token_says_what_was_sealed() {
    for kind in KINDS {
        for length in [1, DOMAIN_BYTES_MAX, DOMAIN_BYTES_MAX + 1] {
            let task = task(&"d".repeat(length));
            let opened = tokens().open_task(kind, &tokens().task(kind, &task)).expect("ours");
            let TaskRef { scope, domain, delivery } = task;
            let home = match digest_of(&domain) {
                None => Home::Named(scope, domain),
                Some(digest) => Home::Digested(scope, digest),
            };
            assert_eq!(opened, OpenedTask { home, delivery, started_until: None });
            assert_eq!(matches!(opened.home, Home::Named(..)), length <= DOMAIN_BYTES_MAX);
        }
    }
}

/// Four bytes a character are the most that UTF-8 takes.
#[test]
fn the_longest_names_fit_into_a_token() {
    for character in ["d", "\"", "é", "€", "𝄞"] {
        let (name, short) = (character.repeat(256), character.repeat(64));
        let scope = Scope { account: "1".repeat(12).into(), region: "r".repeat(32).into() };
        let delivery = TaskDelivery {
            shard: u16::MAX,
            run_id: short.as_str().into(),
            scheduled_event_id: EventId(u64::MAX),
            started_event_id: EventId(u64::MAX),
        };
        let task = TaskRef { scope, domain: name.as_str().into(), delivery: delivery.clone() };
        let token = tokens().task(TaskKind::Activity, &task);
        assert!(token.as_str().len() <= 1024, "{character}: {}", token.as_str().len());

        let place = crate::reader::DecisionPlace { task: delivery, next: EventId(u64::MAX) };
        let listed = crate::keys::Position {
            at: Timestamp(i64::MIN),
            workflow_id: name.as_str().into(),
            run_id: short.as_str().into(),
        };
        for token in [
            tokens().page(&digest(), Timestamp(i64::MIN), &place),
            tokens().page(&digest(), Timestamp(i64::MIN), &listed),
            // After this type.
            tokens().page(&digest(), Timestamp(i64::MIN), &(name, Some(short))),
        ] {
            assert!(token.as_str().len() <= 2048, "{character}: {}", token.as_str().len());
        }
    }
}

#[test]
fn a_token_with_one_byte_changed_is_invalid() {
    for kind in KINDS {
        for domain in ["d".to_owned(), "𝄞".repeat(256)] {
            let token = tokens().task(kind, &task(&domain));
            for changed in altered(token.as_str()) {
                // What is not UTF-8 is refused before anyone asks whether it is a token.
                let Ok(changed) = String::from_utf8(changed) else { continue };
                let opened = tokens().open_task(kind, &changed.as_str().into());
                assert_eq!(opened, Err(Fault::invalid_token()), "{changed}");
            }
        }
    }
    let token = tokens().page(&digest(), Timestamp(1000), &5);
    for changed in altered(token.as_str()) {
        let Ok(changed) = String::from_utf8(changed) else { continue };
        let read = tokens().parse_page::<u64>(&changed.as_str().into(), &digest(), Timestamp(1000));
        assert_eq!(read, Err(Fault::invalid_token()), "{changed}");
    }
}

/// The same below the base64, where every bit counts.
#[test]
fn a_token_with_one_bit_changed_or_of_another_length_is_invalid() {
    let token = tokens().task(TaskKind::Activity, &task("d"));
    let bytes = STANDARD.decode(token.as_str()).expect("base64");
    let check = |changed: &[u8]| {
        let changed = STANDARD.encode(changed);
        let opened = tokens().open_task(TaskKind::Activity, &changed.as_str().into());
        assert_eq!(opened, Err(Fault::invalid_token()), "{changed}");
    };
    for (index, bit) in (0..bytes.len()).flat_map(|index| (0..8).map(move |bit| (index, bit))) {
        let mut changed = bytes.clone();
        changed[index] ^= 1 << bit;
        check(&changed);
    }
    for length in 0..bytes.len() {
        check(&bytes[..length]);
        check(&bytes[bytes.len() - length..]);
        check(&[&bytes[..], &bytes[..=length]].concat());
    }
    for byte in 0..=u8::MAX {
        check(&[&bytes[..], &[byte]].concat());
        check(&[&[byte], &bytes[..]].concat());
    }
    for text in ["", "x", "AAAA", "not base64!", "Ag==", " ", "\u{0}"] {
        let opened = tokens().open_task(TaskKind::Activity, &text.into());
        assert_eq!(opened, Err(Fault::invalid_token()), "{text:?}");
    }
}

#[test]
fn a_token_for_another_purpose_is_invalid() {
    let invalid = || Fault::invalid_token();
    let [decision, activity] = KINDS.map(|kind| tokens().task(kind, &task("d")));
    assert_eq!(tokens().open_task(TaskKind::Activity, &decision), Err(invalid()));
    assert_eq!(tokens().open_task(TaskKind::Decision, &activity), Err(invalid()));
    let page = tokens().page(&digest(), Timestamp(0), &delivery("r1"));
    for kind in KINDS {
        assert_eq!(tokens().open_task(kind, &page.as_str().into()), Err(invalid()));
    }
    for token in [decision, activity] {
        let token = token.as_str().into();
        let read = tokens().parse_page::<TaskDelivery>(&token, &digest(), Timestamp(0));
        assert_eq!(read, Err(invalid()));
    }
}

#[test]
fn a_token_under_another_key_is_invalid() {
    let token = ring(&[(3, b"key")]).task(TaskKind::Activity, &task("d"));
    let opened = |keys: &[(u32, &[u8])]| ring(keys).open_task(TaskKind::Activity, &token).is_ok();
    assert!(opened(&[(3, b"key")]));
    assert!(opened(&[(2, b"older"), (3, b"key"), (4, b"newer")]));
    assert!(!opened(&[(3, b"other")]), "the same id");
    assert!(!opened(&[(2, b"key"), (4, b"key")]), "an id that is not kept");
}

#[test]
fn a_page_token_is_bound_to_its_request_and_ages() {
    let token = tokens().page(&digest(), Timestamp(1000), &EventId(5));
    let read = |digest: &[u8; 32], ms: i64| {
        tokens().parse_page::<EventId>(&token, digest, Timestamp(1000 + ms))
    };
    assert_eq!(read(&digest(), PAGE_TOKEN_MS_MAX), Ok(EventId(5)));
    let mut other = digest();
    other[PAGE_DIGEST_BYTES - 1] ^= 1;
    assert_eq!(read(&other, 0), Err(Fault::invalid_token()));
    let too_old = "Specified token has exceeded its maximum lifetime".to_owned();
    assert_eq!(read(&digest(), PAGE_TOKEN_MS_MAX + 1), Err(Fault::Validation(too_old)));
}

/// What releases have handed out works for as long as the key is kept; these bytes never change.
#[test]
fn tokens_of_every_form_open_for_ever() {
    let open = |token: &str| tokens().open_task(TaskKind::Activity, &token.into());
    let form_1 = "AXsicyI6NywiciI6InIxIiwiaSI6NSwidCI6Nn3WdvMf39+PQanx+V1G9WB8";
    assert_eq!(
        open(form_1),
        Ok(OpenedTask { home: Home::Unsaid, delivery: delivery("r1"), started_until: None })
    );
    let form_2 = "AgAAAAAADDEyMzQ1Njc4OTAxMgAJdXMtZWFzdC0xAAABZAACcjEABwAAAAAAAAAFAAAAAAAAAAbaWcbuNqoLhyGX\
                  Hc8jvHsO";
    let home = Home::Named(scope(), "d".into());
    assert_eq!(
        open(form_2),
        Ok(OpenedTask { home, delivery: delivery("r1"), started_until: None })
    );
    assert_eq!(tokens().task(TaskKind::Activity, &task("d")), form_2.into());

    let page = |token: &str| tokens().parse_page(&token.into(), &digest(), Timestamp(1000));
    let form_1 = "AXsiZCI6IkFBRUNBd1FGQmdjSUNRb0wiLCJ0IjoxLjAsInAiOjV9in/wu0kR0FO8l7anhQm1kg==";
    assert_eq!(page(form_1), Ok(5));
    let form_2 = "AgAAAAAAAQIDBAUGBwgJCgsMDQ4PAAAAAAAAA+g13sA3XamViskpqizGlFhxTw==";
    assert_eq!(page(form_2), Ok(5));
    assert_eq!(tokens().page(&digest(), Timestamp(1000), &5), form_2.into());
}

/// Tokens of the first form are under the first key, whichever keys there are besides.
#[test]
fn a_token_of_the_first_form_is_under_the_first_key() {
    let form_1 = "AXsicyI6NywiciI6InIxIiwiaSI6NSwidCI6Nn3WdvMf39+PQanx+V1G9WB8".into();
    let open = |keys: &[(u32, &[u8])]| ring(keys).open_task(TaskKind::Activity, &form_1).is_ok();
    assert!(open(&[(0, b"key"), (1, b"newer")]));
    assert!(!open(&[(1, b"key")]));
}
