//! Patterns: each matches what trying everything would find, and none costs much.

use super::{check, user};
use crate::action::Action;
use crate::policy::key::Context;
use crate::policy::pattern::{Pattern, Syntax, steps};
use proptest::prelude::*;

const SYNTAX: Syntax = Syntax { wildcards: true, variables: true };

/// Whether a text is like a pattern, and in how many steps that was found.
fn matches(pattern: &str, text: &str) -> (bool, usize) {
    let (principal, check) = (user(), check(Action::ListDomains, "*", &[]));
    let context = Context { principal: &principal, check: &check };
    let pattern = Pattern::parse(pattern, SYNTAX).expect("a pattern");
    steps::take();
    (pattern.matches(text, &context), steps::take())
}

#[test]
fn wildcards_in_a_row_are_the_same_in_any_order() {
    let parse = |text| Pattern::parse(text, SYNTAX).expect("a pattern");
    for (one, other) in [
        ("**", "*"),
        ("*?", "?*"),
        ("*??*", "??*"),
        ("*?*?*a", "??*a"),
        ("a?*?b?", "a??*b?"),
        ("${aws:username}*?", "${aws:username}?*"),
    ] {
        assert_eq!(parse(one), parse(other), "{one}");
    }
    assert_ne!(parse("?"), parse("??"));
}

#[test]
fn no_pattern_costs_more_than_a_look_at_each_character() {
    let long = "a".repeat(24_000);
    for pattern in [
        format!("*{}b?*", "?".repeat(1800)),
        format!("{}b", "*?".repeat(1800)),
        format!("{}b", "*a".repeat(1000)),
        format!("*{}b*", "a".repeat(2000)),
        format!("*{}b*b", "a".repeat(2000)),
        format!("*a{}*b*", "?".repeat(2000)),
        format!("{}b*", "*a?".repeat(600)),
        "*${aws:username}*${aws:username}*".repeat(50),
    ] {
        let (matched, steps) = matches(&pattern, &long);
        assert!(!matched, "{pattern}");
        let most = 2 * (long.len() + pattern.len());
        assert!(steps <= most, "{steps} steps: {pattern}");
    }
}

/// Several parts between two runs are compared with each place, and with none twice.
#[test]
fn several_parts_cost_the_product_of_the_lengths() {
    let long = "a".repeat(3000);
    let pattern = format!("*{}b*", "a?".repeat(500));
    let (matched, steps) = matches(&pattern, &long);
    assert!(!matched);
    assert!(steps <= long.len() * 501, "{steps} steps");
    // As soon as no place is left, nothing more is compared.
    let (matched, steps) = matches(&format!("*b?{}*", "a?".repeat(500)), &long);
    assert!(!matched);
    assert!(steps <= long.len(), "{steps} steps");
}

/// A part of a pattern, as it is written and as what it stands for.
#[derive(Clone, Debug)]
enum Part {
    Literal(&'static str, &'static str),
    One,
    Run,
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        3 => Just(Part::One),
        3 => Just(Part::Run),
        4 => prop::sample::select(vec![
            Part::Literal("a", "a"),
            Part::Literal("b", "b"),
            Part::Literal("\u{e4}", "\u{e4}"),
            Part::Literal("aab", "aab"),
            Part::Literal("${*}", "*"),
            // That of `user`.
            Part::Literal("${aws:PrincipalTag/team}", "blue"),
            Part::Literal("${aws:nothing, 'a'}", "a"),
            Part::Literal("${aws:nothing, ''}", ""),
        ]),
    ]
}

/// What mostly is like the parts, but for a change here and there.
fn text_for(parts: &[Part], noise: &[(usize, &str)]) -> String {
    let mut text: Vec<&str> = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        match part {
            Part::Literal(_, literal) => text.push(literal),
            Part::One => text.push(["a", "\u{e4}", "b"][at % 3]),
            Part::Run => text.extend(["aab", "\u{e4}a", "b", "a"].iter().cycle().take(at % 5)),
        }
    }
    for (at, letters) in noise {
        let at = at % (text.len() + 1);
        match letters.is_empty() && at < text.len() {
            true => drop(text.remove(at)),
            false => text.insert(at, letters),
        }
    }
    text.concat()
}

/// Looks at every part with every start of the text.
fn by_table(parts: &[Part], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for part in parts {
        let mut next = vec![false; text.len() + 1];
        for at in (0..=text.len()).filter(|at| reached[*at]) {
            match part {
                Part::Literal(_, literal) => {
                    let literal: Vec<char> = literal.chars().collect();
                    if text[at..].starts_with(&literal) {
                        next[at + literal.len()] = true;
                    }
                }
                Part::One if at < text.len() => next[at + 1] = true,
                Part::One => (),
                Part::Run => next[at..].fill(true),
            }
        }
        reached = next;
    }
    reached[text.len()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn a_pattern_matches_what_a_table_finds(
        parts in prop::collection::vec(part(), 0..14),
        noise in prop::collection::vec(
            (any::<usize>(), prop::sample::select(vec!["", "a", "b", "\u{e4}", "aab", "*"])),
            0..3,
        ),
        // So that there are places beyond those that are tried first.
        before in prop_oneof![Just(0_usize), Just(0), 240..270_usize],
    ) {
        let write = |part: &Part| match part {
            Part::Literal(written, _) => *written,
            Part::One => "?",
            Part::Run => "*",
        };
        let mut pattern: String = parts.iter().map(write).collect();
        let mut text = text_for(&parts, &noise);
        let mut parts = parts;
        if before > 0 {
            pattern.insert(0, '*');
            parts.insert(0, Part::Run);
            text.insert_str(0, &"a".repeat(before));
        }
        prop_assert_eq!(matches(&pattern, &text).0, by_table(&parts, &text), "{} {}", pattern, text);
    }
}
