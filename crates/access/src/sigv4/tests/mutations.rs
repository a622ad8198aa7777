//! Signed requests with one byte spoiled: none is verified, unless it still means the same.

use super::message::{Meaning, Message, Server};
use super::swf::golden;
use super::vectors::{Way, cases};

/// What became of spoiled requests.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    /// No HTTP any more.
    unreadable: usize,
    refused: usize,
    /// Verified, because they mean the same; `Meaning` says when they do.
    same: usize,
}

/// Every byte of a request is spoiled, but not in every way: in one of so many at each place, and
/// at the next place in others. `SPOILED_BYTES=all` in the environment asks for all of them.
const WAYS_PER_TRIED: usize = 4;

fn ways_per_tried() -> usize {
    match std::env::var_os("SPOILED_BYTES") {
        Some(asked) => {
            assert!(asked == "all", "SPOILED_BYTES={asked:?}: it is \"all\" or not there");
            1
        }
        None => WAYS_PER_TRIED,
    }
}

/// Requests that differ from `text` in one byte: another one in its place, one of `others` or with
/// one bit flipped; none; or twice the same.
fn spoiled(text: &[u8], others: &[u8], mut take: impl FnMut(&[u8], &[u8])) {
    let ways_per_tried = ways_per_tried();
    for at in 0..text.len() {
        let mut replaced = text.to_vec();
        let flipped = (0..8).map(|bit| text[at] ^ (1 << bit));
        let others = others.iter().copied().filter(|other| (other ^ text[at]).count_ones() != 1);
        let bytes = flipped.chain(others).filter(|byte| *byte != text[at]);
        for byte in bytes.skip(at % ways_per_tried).step_by(ways_per_tried) {
            replaced[at] = byte;
            take(&replaced, text);
        }
        take(&[&text[..at], &text[at + 1..]].concat(), text);
        take(&[&text[..=at], &text[at..]].concat(), text);
    }
}

fn check(text: &[u8], server: &Server<'_>, others: &[u8]) -> Count {
    let original = Message::parse(text).expect("a request");
    assert_eq!(original.verified(server), Ok(()));
    let meaning = Meaning::of(&original, server.rules.normalizes_path);
    let mut count = Count::default();
    spoiled(text, others, |text, before| {
        let Some(message) = Message::parse(text) else {
            count.unreadable += 1;
            return;
        };
        let verified = message.verified(server).is_ok();
        let same = Meaning::of(&message, server.rules.normalizes_path) == meaning;
        let (text, before) = (String::from_utf8_lossy(text), String::from_utf8_lossy(before));
        assert_eq!(verified, same, "verified, same meaning: of\n{before}\nbecame\n{text}");
        count.same += usize::from(same);
        count.refused += usize::from(!same);
    });
    count
}

/// Bytes that mean something somewhere in a request, beside those that one flipped bit makes.
const TELLING: &[u8] = b"\0\n %&+,/;=\xff";

fn check_cases(way: Way) {
    let mut total = Count::default();
    for case in cases() {
        let count = check(&case.signed_request(way), &case.server(), TELLING);
        total.unreadable += count.unreadable;
        total.refused += count.refused;
        total.same += count.same;
    }
    // Nearly all that is HTTP is refused; what is not is worth a look at `Meaning`.
    assert!(total.refused > 20_000 && total.same < total.refused / 20, "{total:?}");
}

#[test]
fn every_case_signed_in_the_header_is_refused_when_a_byte_is_spoiled() {
    check_cases(Way::Header);
}

#[test]
fn every_case_signed_in_the_query_is_refused_when_a_byte_is_spoiled() {
    check_cases(Way::Query);
}

/// With any other byte in the place of any, if all ways are tried.
#[test]
fn the_golden_requests_are_refused_when_a_byte_is_spoiled() {
    let all: Vec<u8> = (0..=u8::MAX).collect();
    for (text, server) in golden() {
        let count = check(&text, &server, &all);
        assert!(count.refused > 5_000 && count.same > 0, "{count:?}");
    }
}

/// A parameter more, above all one that would make the signature good for longer.
#[test]
fn nothing_can_be_added_to_a_signed_query() {
    let added = [
        "X-Amz-Expires=604800",
        "X-Amz-Expires=1",
        "x-amz-expires=604800",
        "X-Amz-Security-Token=other",
        "X-Amz-Content-Sha256=UNSIGNED-PAYLOAD",
        "Action=DeprecateDomain",
        "a",
        "%58-Amz-Expires=604800",
    ];
    let mut refused = 0;
    for (case, way) in
        cases().iter().flat_map(|case| [Way::Header, Way::Query].map(|way| (case, way)))
    {
        let text = String::from_utf8(case.signed_request(way)).expect("a text");
        let (target, rest) = text.split_once(" HTTP/1.1").expect("a request");
        for parameter in added {
            let mark = if target.contains('?') { '&' } else { '?' };
            for longer in [
                format!("{target}{mark}{parameter} HTTP/1.1{rest}"),
                format!("{} HTTP/1.1{rest}", target.replacen('?', &format!("?{parameter}&"), 1)),
            ] {
                if longer == text {
                    continue; // There is no query to put it before.
                }
                let message = Message::parse(longer.as_bytes()).expect("a request");
                assert!(message.verified(&case.server()).is_err(), "{longer}");
                refused += 1;
            }
        }
    }
    assert!(refused > 400, "{refused}");
}
