//! Requests that a fuzzer thinks up, for the decoder, the validator and the service behind them.

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| {
    tests::fuzzing::run(input);
});
