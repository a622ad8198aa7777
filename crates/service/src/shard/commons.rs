//! What the shards of a process have in common.

use crate::judge::Judge;
use crate::open_executions::Totals;
use crate::throttle::Throttle;
use crate::watched::Watched;
use engine::{Limits, Registry};
use std::sync::{Arc, RwLock};

/// What the shards of a process have in common.
#[derive(Clone)]
pub struct Commons {
    /// The domains and types.
    pub registry: Arc<RwLock<Registry>>,
    /// How much of each thing there may be.
    pub limits: Arc<Limits>,
    /// How many executions are open.
    pub open_executions: Arc<Totals>,
    /// How fast decisions may come.
    pub throttle: Arc<Throttle>,
    /// Who is allowed what.
    pub judge: Arc<Judge>,
    /// Whose events are told.
    pub watched: Arc<Watched>,
    /// True if somebody calls Lambda functions.
    pub calls_functions: bool,
}
