//! The fuzz target of policies without a fuzzer: what the fuzzer begins with, spoiled by chance and
//! by the words of the language.

use super::fuzz_directory;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngSeed, TestRunner};
use std::cell::Cell;
use tests::fuzzing::policy;

/// How many inputs are tried if `PROPTEST_CASES` does not say otherwise.
const CASES: u32 = 2000;

fn seeds() -> Vec<String> {
    let files = std::fs::read_dir(fuzz_directory().join("policies")).expect("there are seeds");
    let mut paths: Vec<_> =
        files.map(|file| file.expect("the directory can be read").path()).collect();
    paths.sort();
    let text = |path| std::fs::read_to_string(path).expect("a seed is text");
    paths.into_iter().map(text).collect()
}

/// The words between the quotation marks of the dictionary.
fn words() -> Vec<String> {
    let text = std::fs::read_to_string(fuzz_directory().join("policy.dict"));
    let text = text.expect("there is a dictionary");
    let lines = text.lines().filter(|line| line.starts_with('"'));
    lines.map(|line| line.trim_matches('"').replace("\\\"", "\"")).collect()
}

#[test]
fn every_seed_is_a_policy() {
    let seeds = seeds();
    assert!(seeds.len() >= 5);
    for seed in seeds {
        assert!(policy::run(seed.as_bytes()).is_read, "{seed}");
    }
}

/// A seed in which now and then words stand in the place of others, and bytes are others.
fn inputs() -> impl Strategy<Value = Vec<u8>> {
    let word = (any::<Index>(), any::<Index>(), select(words()));
    let byte = (any::<Index>(), any::<u8>());
    (select(seeds()), vec(word, 0..4), vec(byte, 0..2)).prop_map(|(seed, words, bytes)| {
        let mut input = seed;
        for (place, length, word) in words {
            // Between quotation marks, so that most of what comes of it is still JSON.
            let parts: Vec<&str> = input.split('"').collect();
            let at = place.index(parts.len());
            let kept = length.index(parts[at].chars().count() + 1);
            let kept: String = parts[at].chars().take(kept / 2).collect();
            let changed = format!("{kept}{word}");
            let changed: Vec<&str> = parts
                .iter()
                .enumerate()
                .map(|(index, part)| if index == at { changed.as_str() } else { part })
                .collect();
            input = changed.join("\"");
        }
        let mut input = input.into_bytes();
        for (place, byte) in bytes {
            let place = place.index(input.len());
            input[place] = byte;
        }
        input
    })
}

#[test]
fn no_policy_is_too_much() {
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
    }
    if std::env::var_os("PROPTEST_RNG_SEED").is_none() {
        config.rng_seed = RngSeed::Fixed(17);
    }
    let (read, refused, allowed) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let outcome = TestRunner::new(config).run(&inputs(), |input| {
        let outcome = policy::run(&input);
        let counter = if outcome.is_read { &read } else { &refused };
        counter.set(counter.get() + 1);
        allowed.set(allowed.get() + outcome.allowed);
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    // Inputs that were all refused, or none of them, would say little.
    let (read, refused, allowed) = (read.get(), refused.get(), allowed.get());
    let varied = read > 100 && refused > 100 && allowed > 100;
    assert!(varied, "{read} read, {refused} refused, {allowed} checks allowed");
}
