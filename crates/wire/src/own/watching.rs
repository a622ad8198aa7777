//! The operations for who watches: what happens, what waits, and who asks for it.

use crate::event::Event;
use crate::macros::{shapes, words};
use crate::shapes::WorkflowType;
use crate::values::*;

words! {
    /// The two name spaces of task lists.
    TaskListKind { Decision = "decision", Activity = "activity" }
}

shapes! {
    /// Asks for [`DomainLoads`]: of one domain, or of all.
    DescribeLoadInput {
        required {}
        optional { domain: DomainName, maximum_page_size: u32, next_page_token: PageToken }
    }

    /// What goes on in domains.
    DomainLoads {
        required {
            // Since when the recent counts count: they are this process's. What they lack may have
            // happened before.
            counted_since: Timestamp,
            // What time the server's clock shows.
            now: Timestamp,
            domains: Vec<DomainLoad>,
        }
        optional { next_page_token: PageToken }
    }

    /// What goes on in a domain.
    DomainLoad {
        required {
            domain: DomainName,
            open_executions: u64,
            started: RecentCount,
            completed: RecentCount,
            failed: RecentCount,
            canceled: RecentCount,
            terminated: RecentCount,
            continued_as_new: RecentCount,
            timed_out: RecentCount,
            decision_tasks_handed_out: RecentCount,
            activity_tasks_handed_out: RecentCount,
            tasks_timed_out: RecentCount,
            decision_backlog: Backlog,
            activity_backlog: Backlog,
        }
        optional {}
    }

    /// How often something has happened lately. What happens now counts; the windows begin with a
    /// whole bucket of some seconds.
    RecentCount {
        required { last_minute: u64, last_five_minutes: u64 }
        optional {}
    }

    /// Tasks that wait: so many, or at least so many if that is truncated, and since when the
    /// oldest of those waits.
    Backlog {
        required { count: u32, truncated: bool }
        optional { oldest_task_scheduled_at: Timestamp }
    }

    /// Asks for [`TaskListDetails`]: of the named ones, or of all that have tasks or were polled
    /// lately.
    DescribeTaskListsInput {
        required { domain: DomainName }
        optional {
            task_lists: Vec<TaskListName>,
            maximum_page_size: u32,
            next_page_token: PageToken,
        }
    }

    /// A task list of a domain.
    TaskListName {
        required { kind: TaskListKind, name: Name }
        optional {}
    }

    /// Task lists, by kind and name.
    TaskListDetails {
        required {
            // Since when the recent counts count and pollers are remembered: they are this process's.
            // Who is not among them may have polled before, and within the time for which a poll is
            // held, may not have come again yet.
            counted_since: Timestamp,
            // What time the server's clock shows.
            now: Timestamp,
            task_lists: Vec<TaskListDetail>,
        }
        optional { next_page_token: PageToken }
    }

    /// What waits on a task list, and who asks for it.
    TaskListDetail {
        required {
            kind: TaskListKind,
            name: Name,
            backlog: Backlog,
            // How many polls wait now, whoever's they are.
            waiting_pollers: u32,
            // Those that wait first, then the one seen last.
            pollers: Vec<PollerDetail>,
            scheduled: RecentCount,
            handed_out: RecentCount,
        }
        optional {}
    }

    /// Who polls a task list.
    PollerDetail {
        required {
            // Who waits is seen now.
            last_seen_at: Timestamp,
            // How many of its polls wait now.
            waiting: u32,
        }
        optional {
            // What the poller calls itself.
            identity: Identity,
            // Whose credential it has.
            principal: Arn,
            // Where its requests come from.
            address: PollerAddress,
        }
    }

    /// Waits for events of a domain, or of one of its workflow ids or runs.
    WaitForEventsInput {
        required { domain: DomainName }
        optional {
            execution: WatchedExecution,
            after: EventsToken,
            maximum_wait_seconds: u32,
        }
    }

    /// Events that were committed.
    ToldEvents {
        required {
            events: Vec<ToldEvent>,
            // Behind what the next answer begins.
            next: EventsToken,
            // Whether there may have been others, which are not kept.
            missed: bool,
        }
        optional {}
    }

    /// An event, and of which execution.
    ToldEvent {
        required {
            workflow_id: WorkflowId,
            run_id: RunId,
            workflow_type: WorkflowType,
            event: Event,
        }
        optional {}
    }

    /// Whose events are waited for.
    WatchedExecution {
        required { workflow_id: WorkflowId }
        optional { run_id: RunId }
    }
}
