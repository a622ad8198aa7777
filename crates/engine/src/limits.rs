//! The quotas: how much of each thing there may be. The numbers are those of the quota page of the
//! SWF developer guide, and every one of them may be set to another at start.
//!
//! What is not here cannot be set: how long names and texts may be, and how many tags an execution
//! has, belong to the API's shapes; how long an execution stays open decides which wake-ups are
//! stored, so it is fixed below.

use std::ops::RangeInclusive;

/// The longest an execution stays open, in seconds: one year. Longer timeouts are cut to it. No
/// task waits or runs for longer either, as it ends with its execution.
pub const EXECUTION_SECONDS_MAX: u32 = 365 * 24 * 60 * 60;

/// Names every quota once: the field, the numbers that it may have, and the default.
macro_rules! limits {
    ($(
        $(#[$doc:meta])*
        $name:ident: $range:expr, default $default:expr;
    )*) => {
        /// How much of each thing there may be.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Limits {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Limits {
            /// AWS's own, which are the default.
            pub const AWS: Limits = Limits { $($name: $default,)* };

            /// The name of every quota, and the numbers that it may have.
            pub const ALL: &'static [(&'static str, RangeInclusive<u64>)] =
                &[$((stringify!($name), $range),)*];

            /// The quota of that name.
            pub fn get_mut(&mut self, name: &str) -> Option<&mut u64> {
                match name {
                    $(stringify!($name) => Some(&mut self.$name),)*
                    _ => None,
                }
            }
        }
    };
}

/// Beyond this no number of things can be kept anyway.
const ANY: RangeInclusive<u64> = 1..=1_000_000_000;

limits! {
    /// Domains of one account and region, the deprecated ones included. LimitExceededFault.
    domains_max: ANY, default 100;
    /// Regions of one account in which it has domains; there is no such number of AWS's, who has
    /// fewer regions. Otherwise made-up regions would have any number of domains. LimitExceededFault.
    regions_max: ANY, default 64;
    /// Workflow types of one domain, the deprecated ones included. LimitExceededFault.
    workflow_types_max: ANY, default 10_000;
    /// Activity types of one domain, the deprecated ones included. LimitExceededFault.
    activity_types_max: ANY, default 10_000;
    /// Tags of one domain. TooManyTagsFault.
    domain_tags_max: ANY, default 50;
    /// Executions of one domain that are open at the same time, children included.
    /// LimitExceededFault, and for children OPEN_WORKFLOWS_LIMIT_EXCEEDED.
    open_executions_max: ANY, default 100_000;
    /// Activities of one execution that are scheduled or started at the same time.
    /// OPEN_ACTIVITIES_LIMIT_EXCEEDED.
    open_activities_max: ANY, default 1000;
    /// Timers of one execution that run at the same time. OPEN_TIMERS_LIMIT_EXCEEDED.
    open_timers_max: ANY, default 1000;
    /// Children of one execution that are announced or started at the same time.
    /// OPEN_CHILDREN_LIMIT_EXCEEDED.
    open_children_max: ANY, default 1000;
    /// Lambda tasks of one execution that are scheduled or started at the same time; the quota page
    /// has no number for them (engine.md, section 13, row 24). OPEN_LAMBDA_FUNCTIONS_LIMIT_EXCEEDED.
    open_lambda_functions_max: ANY, default 1000;
    /// Events of one history. The last one ends the execution, whatever it was to be:
    /// EVENT_LIMIT_EXCEEDED. A history needs room for a decision or two.
    history_events_max: 10..=1_000_000, default 25_000;
    /// Polls that wait on one task list at the same time. LimitExceededFault.
    pollers_max: ANY, default 1000;
}

impl Default for Limits {
    fn default() -> Limits {
        Limits::AWS
    }
}

/// True if there are as many as there may be.
pub(crate) fn is_reached(count: usize, most: u64) -> bool {
    count as u64 >= most
}
