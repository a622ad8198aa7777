//! Tests of the service as a whole, and what all tests of this crate share.

pub mod fixture;
