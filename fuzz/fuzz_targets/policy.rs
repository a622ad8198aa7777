//! Policies that a fuzzer thinks up, for their reader and their evaluator.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    tests::fuzzing::policy::run(input);
});
