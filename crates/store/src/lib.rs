//! The store: a small ordered key-value contract, and the backends that fulfil it.
//!
//! A store holds ordered bytes, partitioned by shard. Exactly one owner at a time may write a
//! shard; [`Store::claim`] makes an owner and shuts out every earlier one. The contract knows
//! nothing of workflows: keys are typed and encoded in one module of the service above it.
//!
//! Everything here is synchronous: shard threads are the only writers, batches amortise the wait.

pub mod backup;
mod contract;
pub mod embedded;
pub mod memory;
pub mod suite;

pub use contract::{
    Batch, CommitError, Direction, Entry, Epoch, KEY_BYTES_MAX, ShardId, Snapshot, Store,
    StoreError,
};
