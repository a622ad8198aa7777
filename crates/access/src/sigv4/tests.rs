//! Whole requests: AWS's vectors, each of their bytes spoiled, and every refusal by its text.

mod message;
mod mutations;
mod refusals;
mod swf;
mod vectors;
