//! The fuzz target for signatures without a fuzzer: requests that are signed, or nearly, and that
//! chance spoils.

use super::{Config, RngSeed, TestRunner, fuzz_directory};
use access::Signer;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use std::cell::Cell;
use std::collections::BTreeSet;
use tests::fuzzing::authorization::{NOW, Outcome, SECRET, run};
use wire::Timestamp;

/// How many inputs are tried if `PROPTEST_CASES` does not say otherwise.
const CASES: u32 = 4000;

#[test]
fn the_seeds_are_signed() {
    let mut names = BTreeSet::new();
    let seeds = fuzz_directory().join("authorization-seeds");
    for file in std::fs::read_dir(seeds).expect("there are seeds") {
        let path = file.expect("the directory can be read").path();
        let seed = std::fs::read(&path).expect("a seed");
        assert_eq!(run(&seed), Outcome::Verified, "{}", path.display());
        names.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
    }
    assert_eq!(names, ["header", "query", "token"].map(str::to_owned).into());
}

/// Words that mean something to whoever reads an `Authorization` header or a query.
const WORDS: &[&str] = &[
    "AWS4-HMAC-SHA256",
    "AWS4-ECDSA-P256-SHA256",
    "AWS4-",
    "Credential=",
    "SignedHeaders=",
    "Signature=",
    "AKIDEXAMPLE/20150830/us-east-1/swf/aws4_request",
    "AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fswf%2Faws4_request",
    "host",
    "host;x-amz-date",
    "host%3Bx-amz-date",
    "865baae9d56c62fee64e24c4599719f77a3febd516d77591ffe378da3eac2e88",
    "X-Amz-Algorithm=",
    "X-Amz-Credential=",
    "X-Amz-Date=",
    "X-Amz-Expires=",
    "X-Amz-SignedHeaders=",
    "X-Amz-Signature=",
    "X-Amz-Security-Token=",
    "20150830T123600Z",
    "20150830T125101Z",
    "60",
    "604801",
    "&",
    "?",
    "=",
    ", ",
    ",",
    " ",
    ";",
    "/",
    "%",
    "%2",
    "é",
];

/// Words in any order.
fn words() -> impl Strategy<Value = String> {
    let parts = WORDS.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    vec(prop_oneof![30 => select(parts), 1 => any::<String>()], 0..16).prop_map(|it| it.concat())
}

/// Parts of one of the two forms, in order, now and then without some of them.
fn nearly(parts: &'static [&'static str], between: &'static str) -> impl Strategy<Value = String> {
    let most = parts.len();
    subsequence(parts, most - 1..=most).prop_map(move |kept| kept.join(between))
}

/// A request with headers and a query of any kind.
fn unsigned() -> impl Strategy<Value = String> {
    let header = nearly(
        &[
            "Credential=AKIDEXAMPLE/20150830/us-east-1/swf/aws4_request",
            "SignedHeaders=host;x-amz-date",
            "Signature=0f",
        ],
        ", ",
    );
    let header = header.prop_map(|items| format!("AWS4-HMAC-SHA256 {items}"));
    let query = nearly(
        &[
            "X-Amz-Algorithm=AWS4-HMAC-SHA256",
            "X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fswf%2Faws4_request",
            "X-Amz-Date=20150830T123600Z",
            "X-Amz-SignedHeaders=host",
            "X-Amz-Expires=60",
            "X-Amz-Signature=0f",
        ],
        "&",
    );
    let header = prop_oneof![header, words()].prop_map(|it| format!("Authorization: {it}"));
    let query = prop_oneof![query, words()].prop_map(|it| format!("/?{it}"));
    let date = select(vec!["X-Amz-Date: 20150830T123600Z", "Date: 20150830T122059Z", "Date: x"]);
    let one = prop_oneof![
        (Just("/".to_owned()), header.prop_map(Some)).boxed(),
        (query, Just(None)).boxed()
    ];
    (one, date, words()).prop_map(|((target, header), date, other)| {
        let header = header.unwrap_or_else(|| "Accept: all".to_owned());
        format!("{target}\nHost: h\n{date}\n{header}\nX-Other: {other}\n\n{{}}")
    })
}

/// A request that is signed with some headers at some time.
fn signed() -> impl Strategy<Value = String> {
    let names = ["content-type", "x-amz-target", "x-amz-security-token", "x-a", "x-b"];
    let headers = subsequence(names.to_vec(), 0..=names.len());
    let seconds = prop_oneof![4 => -900..=900_i64, 1 => -1000..=1000_i64];
    (headers, seconds, "[ -~]{0,20}", "[ -~]{0,40}").prop_map(|(names, seconds, value, body)| {
        let mut headers = vec![("host", "h")];
        headers.extend(names.iter().map(|name| (*name, value.as_str())));
        let signer = Signer::new("AKIDEXAMPLE", SECRET, "us-east-1");
        let moment = Timestamp(NOW.0 + seconds * 1000);
        let signature = signer.sign(&headers, body.as_bytes(), moment);
        headers.push(("X-Amz-Date", &signature.date));
        headers.push(("Authorization", &signature.authorization));
        let lines: Vec<String> = headers.iter().map(|(name, it)| format!("{name}: {it}")).collect();
        format!("/\n{}\n\n{body}", lines.join("\n"))
    })
}

/// Requests in which now and then some bytes are others.
fn inputs() -> impl Strategy<Value = Vec<u8>> {
    let spoiled = prop_oneof![1 => Just(Vec::new()), 1 => vec(any::<(Index, u8)>(), 1..4)];
    (prop_oneof![unsigned().boxed(), signed().boxed()], spoiled).prop_map(|(request, spoiled)| {
        let mut input = request.into_bytes();
        for (place, byte) in spoiled {
            let place = place.index(input.len());
            input[place] = byte;
        }
        input
    })
}

#[test]
fn no_signature_is_too_much() {
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
    }
    if std::env::var_os("PROPTEST_RNG_SEED").is_none() {
        config.rng_seed = RngSeed::Fixed(39);
    }
    let counts = [const { Cell::new(0) }; 3];
    let outcome = TestRunner::new(config).run(&inputs(), |input| {
        let count = match run(&input) {
            Outcome::Refused => &counts[0],
            Outcome::Unproven => &counts[1],
            Outcome::Verified => &counts[2],
        };
        count.set(count.get() + 1);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    // Inputs that all come to the same end would say little.
    let counts = counts.map(|count| count.get());
    assert!(counts.iter().all(|count| *count > 100), "refused, unproven, verified: {counts:?}");
}
