//! What is sealed opens for its purpose and unaltered, and key rings are read strictly.

use super::*;

fn ring(text: &str) -> Keyring {
    Keyring::parse(text).expect("a ring")
}

const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

#[test]
fn a_key_is_the_same_in_every_form() {
    let bytes: [u8; MASTER_KEY_BYTES] = std::array::from_fn(|index| index as u8);
    let standard = STANDARD.encode(bytes);
    let sealed = ring(&format!("k:{HEX}")).seal("text", b"purpose", &[7; NONCE_BYTES]);
    for form in [
        HEX.to_owned(),
        HEX.to_uppercase(),
        standard.clone(),
        standard.trim_end_matches('=').to_owned(),
        URL_SAFE_NO_PAD.encode(bytes),
    ] {
        let opened = ring(&format!("# a comment\n\n  k : {form}  \n")).open(&sealed, b"purpose");
        assert_eq!(opened.expect("it opens").expose(), "text", "{form}");
    }
    let line = Keyring::line("k", &bytes);
    assert!(ring(line.expose()).open(&sealed, b"purpose").is_ok());
}

#[test]
fn what_is_no_key_ring() {
    let line = 1;
    let many: String = (0..=MASTER_KEYS_MAX).map(|index| format!("k{index}:{HEX}\n")).collect();
    let rows = [
        (String::new(), KeyringError::Empty),
        ("# nothing\n".to_owned(), KeyringError::Empty),
        (HEX.to_owned(), KeyringError::Malformed { line }),
        (format!(":{HEX}"), KeyringError::Name { line }),
        (format!("a b:{HEX}"), KeyringError::Name { line }),
        (format!("{}:{HEX}", "k".repeat(33)), KeyringError::Name { line }),
        (format!("k:{}", &HEX[2..]), KeyringError::Key { line }),
        (format!("k:{HEX}00"), KeyringError::Key { line }),
        (format!("k:+{}", &HEX[1..]), KeyringError::Key { line }),
        ("k:".to_owned(), KeyringError::Key { line }),
        (format!("k:{HEX}\nk:{HEX}"), KeyringError::Duplicate { line: 2 }),
        (many, KeyringError::TooMany),
    ];
    for (text, expected) in rows {
        let error = Keyring::parse(&text).expect_err("no ring");
        assert_eq!(error, expected);
        assert!(!error.to_string().contains(&HEX[4..20]), "{error}");
    }
}

#[test]
fn the_first_key_seals_and_all_of_them_open() {
    let other = HEX.replace("00", "ff");
    let old = ring(&format!("old:{HEX}"));
    let both = ring(&format!("new:{other}\nold:{HEX}"));
    let sealed_before = old.seal("text", b"p", &[1; NONCE_BYTES]);
    let sealed_now = both.seal("text", b"p", &[2; NONCE_BYTES]);
    assert_eq!(&*sealed_now.key_id, "new");
    assert!(both.open(&sealed_before, b"p").is_ok() && both.open(&sealed_now, b"p").is_ok());
    let unknown = OpenError::UnknownKey("new".into());
    assert_eq!(old.open(&sealed_now, b"p").err(), Some(unknown));
    let impostor = ring(&format!("new:{HEX}"));
    let refused = OpenError::Refused("new".into());
    assert_eq!(impostor.open(&sealed_now, b"p").err(), Some(refused.clone()));
    assert_eq!(both.open(&sealed_now, b"q").err(), Some(refused));
}

#[test]
fn every_altered_byte_is_noticed() {
    let ring = ring(&format!("k:{HEX}"));
    let sealed = ring.seal("forty characters of a secret access key.", b"p", &[9; NONCE_BYTES]);
    let text = sealed.to_text();
    assert_eq!(Sealed::parse(&text).as_ref(), Some(&sealed));
    let bytes = URL_SAFE_NO_PAD.decode(&text).expect("base64");
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut altered = bytes.clone();
            altered[at] ^= 1 << bit;
            let altered = Sealed::parse(&URL_SAFE_NO_PAD.encode(altered));
            let opened = altered.and_then(|sealed| ring.open(&sealed, b"p").ok());
            assert!(opened.is_none(), "bit {bit} of byte {at}");
        }
    }
    for length in 0..bytes.len() {
        let cut = Sealed::parse(&URL_SAFE_NO_PAD.encode(&bytes[..length]));
        assert!(cut.and_then(|sealed| ring.open(&sealed, b"p").ok()).is_none(), "cut to {length}");
    }
}

#[test]
fn the_stored_form_stays() {
    let stored = r#"{"key_id":"k","nonce":"CQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJ","bytes":"@"}"#;
    let ring = ring(&format!("k:{HEX}"));
    let sealed = ring.seal("secret", b"p", &[9; NONCE_BYTES]);
    let written = serde_json::to_string(&sealed).expect("text keys");
    let bytes = written.split('"').rev().nth(1).expect("the last text").to_owned();
    assert_eq!(written, stored.replace('@', &bytes));
    let read: Sealed = serde_json::from_str(&written).expect("the same");
    assert_eq!(ring.open(&read, b"p").expect("it opens").expose(), "secret");
    assert_eq!(format!("{sealed:?} {ring:?}"), "Sealed(k) Keyring[\"k\"]");
}
