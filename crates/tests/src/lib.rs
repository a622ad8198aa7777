//! The tests that cross crates live in `tests/`, the benchmarks in `benches/`.
