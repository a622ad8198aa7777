//! What the engine does, as scripts: commands at virtual times, and the history that they make.
//!
//! ```text
//! ~ at 0 start                      the clock at 0 s; ~: its events need not be listed
//! at 10 poll                        without a time the clock stands
//! => 3 DecisionTaskStarted sched=2  every event of the command, in order
//! decide schedule a; timer t 120    decisions; options go before a `|`
//! => 4 DecisionTaskCompleted sched=2 started=3
//! => 5 ActivityTaskScheduled dtc=4 activityId=a
//! => 6 TimerStarted dtc=4 control=-
//! completed a
//! => ! UnknownResourceFault: Unknown activity, scheduledEventId = 5
//! ? openCounts.openTimers=1         the description
//! r2 poll                           a command to another run than the first; `on r2`: from now on
//! hold                              from now on what runs tell each other waits ...
//! deliver w>c                       ... for this, which delivers the oldest message of w to c ...
//! deliver                           ... or this, which delivers all, and from now on at once
//! fill 24998                        markers, until the history holds so many events
//! limit open_timers_max 1           a quota is set
//! decide rate=0,2 | marker m        the first and third decision come faster than they may
//! decide denied=0 | marker m        the first decision is not permitted
//! functions                         from now on there is somebody who calls Lambda functions
//! call f                            the task of that id is started: its function is to be called
//! returned f result=r               what came of the call
//! ```
//!
//! An expected line names the members that link events, the cause and the kind of a time-out, all
//! of them; it may name others, and `-` says that one is absent. Events of a run other than the
//! first have its id before them. What a run tells another takes effect at the end of the command, and
//! the events of that follow the command's own. After every command `oracle.rs` checks what must always hold.

mod activities;
mod bugs;
mod bugs_links;
mod children;
mod decisions;
mod description;
mod externals;
mod golden;
mod imports;
mod lambdas;
mod lifetime;
mod limit;
mod links;
mod oracle;
mod overrides;
mod permissions;
mod policies;
mod post;
mod quotas;
mod random;
mod registry;
mod script;
mod shadow;
mod tables;
mod traps;
mod traps_more;
mod world;

use world::World;

/// Runs a script from nothing, and gives back where it led.
#[track_caller]
fn check(script: &str) -> World {
    let mut world = World::new();
    let mut lines = script
        .lines()
        .map(|line| line.split("  #").next().unwrap_or_default().trim())
        .filter(|line| !line.is_empty() && !line.starts_with("# "))
        .peekable();
    while let Some(line) = lines.next() {
        let (lenient, command) = match line.strip_prefix("~ ") {
            Some(command) => (true, command),
            None => (false, line),
        };
        let replies = world.step(command);
        let mut expected = Vec::new();
        while let Some(line) = lines.next_if(|line| line.starts_with("=> ")) {
            expected.push(line);
        }
        let as_expected = replies.len() == expected.len()
            && replies.iter().zip(&expected).all(|(reply, line)| reply.satisfies(line));
        let may_differ = lenient && expected.is_empty();
        if !as_expected && !may_differ {
            let actual: Vec<String> = replies.iter().map(script::Reply::line).collect();
            panic!(
                "{line}\nexpected:\n{}\ngot:\n{}\n{replies:?}",
                expected.join("\n"),
                actual.join("\n")
            );
        }
        let refused = replies.iter().any(|reply| matches!(reply, script::Reply::Fault(_)));
        assert!(!lenient || !refused, "{line}\nsetting the scene was refused: {replies:?}");
    }
    world
}
