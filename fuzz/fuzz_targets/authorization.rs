//! Requests with signatures that a fuzzer thinks up, for whoever reads and verifies them.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    tests::fuzzing::authorization::run(input);
});
