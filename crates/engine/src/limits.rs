//! The bounds on what one execution may hold (quota page of the developer guide).

/// Activities of one execution that are scheduled or started at the same time.
pub const OPEN_ACTIVITIES_MAX: usize = 1000;

/// Timers of one execution that run at the same time.
pub const OPEN_TIMERS_MAX: usize = 1000;

/// Children of one execution that are announced or started at the same time.
pub const OPEN_CHILDREN_MAX: usize = 1000;

/// Events of one history. The last one ends the execution, whatever it was to be.
pub const HISTORY_EVENTS_MAX: u64 = 25_000;

/// The longest an execution stays open, in seconds: one year. Longer timeouts are cut to it.
pub const EXECUTION_SECONDS_MAX: u32 = 365 * 24 * 60 * 60;

/// Tags of one domain.
pub const DOMAIN_TAGS_MAX: usize = 50;

/// Domains of one account and region, the deprecated ones included.
pub const DOMAINS_MAX: usize = 100;

/// Workflow types of one domain, and activity types, the deprecated ones included.
pub const TYPES_MAX: usize = 10_000;
