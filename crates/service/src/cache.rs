//! The execution states that a shard keeps at hand, bounded in bytes.

use engine::Execution;
use lru::LruCache;
use std::sync::Arc;
use wire::RunId;

/// How much memory the states of one shard may take, in bytes as [`Execution::weight_bytes`]
/// estimates them.
pub const CACHE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// States by run, the least recently used first to go.
#[derive(Debug)]
pub struct ExecutionCache {
    executions: LruCache<RunId, Arc<Execution>>,
    bytes: usize,
}

impl ExecutionCache {
    pub fn new() -> ExecutionCache {
        ExecutionCache { executions: LruCache::unbounded(), bytes: 0 }
    }

    pub fn get(&mut self, run_id: &RunId) -> Option<&Arc<Execution>> {
        self.executions.get(run_id)
    }

    pub fn put(&mut self, execution: Arc<Execution>) {
        self.bytes += execution.weight_bytes();
        let replaced = self.executions.put(execution.identity.run_id.clone(), execution);
        self.bytes -= replaced.map_or(0, |replaced| replaced.weight_bytes());
    }

    /// Forgets a run.
    pub fn remove(&mut self, run_id: &RunId) {
        let removed = self.executions.pop(run_id);
        self.bytes -= removed.map_or(0, |removed| removed.weight_bytes());
    }

    /// Forgets what is beyond the bound. Only to be called when everything here is durable: what
    /// is forgotten is read from the store again.
    pub fn trim(&mut self) {
        while self.bytes > CACHE_BYTES_MAX {
            let Some((_, execution)) = self.executions.pop_lru() else { break };
            self.bytes -= execution.weight_bytes();
        }
    }

    pub fn clear(&mut self) {
        self.executions.clear();
        self.bytes = 0;
    }
}
