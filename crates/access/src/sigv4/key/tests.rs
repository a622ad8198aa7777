//! The golden key, and what the cache keeps.

use super::*;
use crate::sigv4::{Received, Rules, Signer};
use std::cell::Cell;
use wire::Timestamp;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
/// 2015-08-30 12:36:00 UTC.
const NOW: Timestamp = Timestamp(1_440_938_160_000);

/// Two implementations agree on it.
#[test]
fn the_golden_key() {
    let key = SigningKey::derive(SECRET.as_bytes(), "20150830", "us-east-1", "swf");
    let hex = crate::sigv4::canonical::hex(&**key.0);
    assert_eq!(hex, "ae16c0a4968cd912c4441cb431be237051e08c5621a9fb3261bc5149fd55c0c5");
    assert_eq!(format!("{key:?} {:?}", SigningKeys::new()), "SigningKey(..) SigningKeys(..)");
}

#[test]
fn signatures_of_any_length_are_compared() {
    let key = SigningKey::derive(b"secret", "20150830", "us-east-1", "swf");
    let right = crate::sigv4::canonical::hex(&key.sign(b"text"));
    assert!(key.agrees(b"text", &right));
    for wrong in ["", "0", &right[1..], &format!("{right}0"), &right.to_uppercase()] {
        assert!(!key.agrees(b"text", wrong), "{wrong}");
    }
}

/// Verifies a request of `access_key_id` in `region`, signed with `signed_with`, where the secret
/// is `secret`. Says whether it is right, and whether the secret was asked for.
fn verify(
    keys: &SigningKeys,
    (access_key_id, region): (&str, &str),
    signed_with: &str,
    secret: &str,
) -> (bool, bool) {
    let signer = Signer::new(access_key_id, signed_with, region);
    let signature = signer.sign(&[("host", "h")], b"", NOW);
    let headers: [(&str, &[u8]); 3] = [
        ("host", b"h"),
        ("x-amz-date", signature.date.as_bytes()),
        ("authorization", signature.authorization.as_bytes()),
    ];
    let request =
        Received { method: "POST", path: b"/", query: None, headers: &headers, body: b"" };
    let claim = Claim::read(&request, &Rules::of_service("swf"), NOW).expect("well-formed");
    let asked = Cell::new(false);
    let verified = keys.verify(&claim, || {
        asked.set(true);
        Ok::<_, Fault>(secret)
    });
    (verified.is_ok(), asked.get())
}

#[test]
fn a_secret_is_asked_for_once() {
    let keys = SigningKeys::new();
    assert_eq!(verify(&keys, ("A", "r"), "secret", "secret"), (true, true));
    assert_eq!(verify(&keys, ("A", "r"), "secret", "secret"), (true, false));
    assert_eq!(verify(&keys, ("A", "r"), "wrong", "secret"), (false, false));
    assert_eq!(verify(&keys, ("A", "s"), "secret", "secret"), (true, true), "another region");
    assert_eq!(verify(&keys, ("B", "r"), "other", "other"), (true, true), "another key");
    assert_eq!(verify(&keys, ("B", "r"), "secret", "other"), (false, false));
    keys.clear();
    assert_eq!(verify(&keys, ("A", "r"), "new", "new"), (true, true), "what is cleared is gone");
}

#[test]
fn who_cannot_sign_leaves_nothing() {
    let keys = SigningKeys::new();
    assert_eq!(verify(&keys, ("A", "r"), "wrong", "secret"), (false, true));
    assert_eq!(verify(&keys, ("A", "r"), "wrong", "secret"), (false, true));
    assert_eq!(keys.locked().len(), 0);
}

#[test]
fn a_secret_that_cannot_be_had_is_said() {
    let keys = SigningKeys::new();
    let signature = Signer::new("A", "secret", "r").sign(&[("host", "h")], b"", NOW);
    let headers: [(&str, &[u8]); 3] = [
        ("host", b"h"),
        ("x-amz-date", signature.date.as_bytes()),
        ("authorization", signature.authorization.as_bytes()),
    ];
    let request =
        Received { method: "POST", path: b"/", query: None, headers: &headers, body: b"" };
    let claim = Claim::read(&request, &Rules::of_service("swf"), NOW).expect("well-formed");
    let verified = keys.verify(&claim, || Err::<&str, Fault>(Fault::UnrecognizedClient));
    assert_eq!(verified, Err(Fault::UnrecognizedClient));
}

#[test]
fn the_key_that_is_used_least_lately_goes_first() {
    let keys = SigningKeys::bounded(2);
    for region in ["a", "b", "a", "c"] {
        verify(&keys, ("A", region), "secret", "secret");
    }
    assert_eq!(keys.locked().len(), 2);
    assert_eq!(verify(&keys, ("A", "a"), "secret", "secret"), (true, false));
    assert_eq!(verify(&keys, ("A", "c"), "secret", "secret"), (true, false));
    assert_eq!(verify(&keys, ("A", "b"), "secret", "secret"), (true, true));
}
