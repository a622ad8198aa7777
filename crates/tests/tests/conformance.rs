//! The API's behavior as scripts, in `crates/tests/conformance`: requests, and what is answered.
//! Each case is played from nothing, in process and over TCP.
//!
//! ```text
//! RegisterDomain {"name": "d", "workflowExecutionRetentionPeriodInDays": "7"}
//!                                   before the first case: played before each
//! == trap 14: ids are unique while they are open
//!                                   a case; [in process] or [over TCP] behind it: only there;
//!                                   [open_timers_max 2], [StartTimer 1/5], [functions] and
//!                                   [permitted ListDomains]: see setting.rs
//! ListDomains {"registrationStatus": "REGISTERED"}
//! => {"domainInfos": [{"name": "$first", ...}]}
//!                                   a request succeeds, and is answered with that; `...` stands for
//!                                   more; `$first` names what stands there, or must equal it
//! RegisterDomain {"name": "$first", "workflowExecutionRetentionPeriodInDays": "7"}
//! => DomainAlreadyExistsFault d     a refusal and its text, none if there is none
//! start w tagList=x,y               short forms: see request.rs
//! poll                              a task must come; its token is then $w.decision
//! decide w executionContext=c | schedule a; 3 * timer t# 60
//! take                              likewise, $a.activity
//! completed a result="all done"
//! poll other
//! => nothing                        it is answered empty when its time is up
//! poll other
//! => waits as first                 what comes of it is looked at later:
//! answer first
//! advance 59.5                      the clock goes on by seconds
//! store is full                     commits fail for want of room, until the `store has room`
//! 1000 times signal w               with the number in place of each `#`
//! function f returns "all done"     what comes of the oldest call of f: see functions.rs
//! history w                         its events, all of them
//!   1 WorkflowExecutionStarted parent=0 at=0 input=-
//!   2 DecisionTaskScheduled         see event.rs; the first run of w would be $w.run
//! describe w
//!   openCounts.openTimers=3 executionInfo.startTimestamp=@0
//!                                   members of an answer: `-` is none, `@5` is five seconds after
//!                                   the beginning, `"a b"` a text with blanks
//! http POST / x-amz-target=- body="{}"
//! => UnknownOperationException      any HTTP request; `-` leaves a usual header out
//! ```
//!
//! `<x*256>` stands for as many `x`. A `#` at the beginning of a line begins a remark.

mod boundaries;
mod event;
mod functions;
mod host;
mod in_process;
mod model;
mod names;
mod over_tcp;
mod play;
mod request;
mod script;
mod setting;
mod tables;

use host::Host;
use in_process::InProcess;
use over_tcp::OverTcp;
use play::{Player, Seen};
use script::{Case, Place, Script};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::LazyLock;

/// What came of playing all cases at one place.
struct Outcome {
    failures: Vec<String>,
    seen: Seen,
}

static SCRIPTS: LazyLock<Vec<Script>> =
    LazyLock::new(|| script::read_all(&Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance")));

static IN_PROCESS: LazyLock<Outcome> = LazyLock::new(|| {
    play_all(Place::InProcess, |script, case| {
        let mut host = InProcess::new(&case.flags);
        play(&mut host, script, case, true)
    })
});

static OVER_TCP: LazyLock<Outcome> = LazyLock::new(|| {
    play_all(Place::OverTcp, |script, case| {
        let mut host = OverTcp::new(&case.flags);
        play(&mut host, script, case, false)
    })
});

fn play_all(place: Place, play: impl Fn(&Script, &Case) -> Result<Seen, String>) -> Outcome {
    let mut outcome = Outcome { failures: Vec::new(), seen: Seen::default() };
    let cases = SCRIPTS.iter().flat_map(|script| script.cases.iter().map(move |c| (script, c)));
    for (script, case) in cases.filter(|(_, case)| [place, Place::Both].contains(&case.place)) {
        let played = catch_unwind(AssertUnwindSafe(|| play(script, case)));
        match played.unwrap_or_else(|_| Err("a panic, see above".to_owned())) {
            Ok(seen) => outcome.seen.merge(seen),
            Err(error) => {
                outcome.failures.push(format!("{}: {}: {error}", script.file, case.name));
            }
        }
    }
    outcome
}

fn play(host: &mut dyn Host, script: &Script, case: &Case, audit: bool) -> Result<Seen, String> {
    let mut player = Player::new(host);
    for step in script.before.iter().chain(&case.steps) {
        let shown: String = step.text.chars().take(200).collect();
        player.play(step).map_err(|error| format!("line {}: {shown}\n{error}", step.line))?;
    }
    if audit {
        player.audit()?;
    }
    Ok(player.seen)
}

#[track_caller]
fn check(outcome: &Outcome) {
    let failures = &outcome.failures;
    assert!(failures.is_empty(), "{} cases fail:\n{}", failures.len(), failures.join("\n\n"));
}

#[test]
fn the_scripts_hold_in_process() {
    check(&IN_PROCESS);
}

#[test]
fn the_scripts_hold_over_tcp() {
    check(&OVER_TCP);
}

/// A player that accepts everything would prove nothing.
#[test]
fn wrong_expectations_are_noticed() {
    let setting = "RegisterDomain {\"name\": \"d\", \"workflowExecutionRetentionPeriodInDays\": \"7\"}\n\
        workflow-type w 1 defaultTaskList=deciders defaultTaskStartToCloseTimeout=60 \
        defaultExecutionStartToCloseTimeout=1000 defaultChildPolicy=TERMINATE\n";
    let start = "== c [functions]\nstart w lambdaRole=r\n";
    let history = "1 WorkflowExecutionStarted parent=0 at=0\n  2 DecisionTaskScheduled";
    let outcome = |case: &str| {
        let script = script::parse("x.script", &format!("{setting}{start}{case}"));
        let case = &script.cases[0];
        play(&mut InProcess::new(&case.flags), &script, case, true).err()
    };
    assert_eq!(outcome(&format!("history w\n  {history}")), None);
    assert_eq!(outcome("poll none\n=> nothing"), None);
    let call = "poll\ndecide w lambda f g input=i\nfunction g";
    let called = format!("{call} is called input=i timeout=900\nfunction h is not called");
    assert_eq!(outcome(&format!("{called}\nfunction g returns r\nfunction g is not called")), None);
    for wrong in [
        " is called input=j timeout=900",
        " is called input=i timeout=9",
        " is called",
        " is not called",
        " dances",
        " returns r\nfunction g is called input=i timeout=900",
        " returns r\nfunction g returns r",
        " is silent\nfunction g is silent",
        " fails r d\nfunction h fails r d",
    ] {
        assert!(outcome(&format!("{call}{wrong}")).is_some(), "{wrong}");
    }
    for wrong in [
        "start w",
        "start w\n=> WorkflowExecutionAlreadyStartedFault Already started",
        "start v\n=> WorkflowExecutionAlreadyStartedFault",
        "start v\n=> ok",
        "start v\n=> {}",
        "start v\n=> {\"runId\": \"x\"}",
        "signal w\n=> {}",
        "signal w\n=> UnknownResourceFault Unknown execution, workflowId = w",
        "signal x\n=> UnknownResourceFault",
        "signal x\n=> UnknownResourceFault Unknown execution, workflowId = y",
        "signal x\n=> UnknownResourceFault Unknown domain...",
        "signal w runId=$x.run",
        "history w",
        "history w\n  1 WorkflowExecutionStarted parent=0",
        "history w\n  1 WorkflowExecutionStarted\n  2 DecisionTaskScheduled",
        "history w\n  1 WorkflowExecutionStarted parent=1\n  2 DecisionTaskScheduled",
        "history w\n  1 WorkflowExecutionStarted parent=0 at=1\n  2 DecisionTaskScheduled",
        "history w\n  1 WorkflowExecutionStarted parent=0 input=x\n  2 DecisionTaskScheduled",
        "history w\n  1 WorkflowExecutionStarted parent=0 taskList=-\n  2 DecisionTaskScheduled",
        "history w\n  2 DecisionTaskScheduled\n  1 WorkflowExecutionStarted parent=0",
        "describe w\n  openCounts.openTimers=1",
        "describe w\n  openCounts.openTimers=-",
        "describe w\n  executionInfo.startTimestamp=@1",
        "poll\n=> nothing",
        "poll\n=> waits as p",
        "poll none",
        "answer p",
        "poll none\n=> waits as p\nanswer p",
        "dance",
    ] {
        assert!(outcome(wrong).is_some(), "{wrong}");
    }
}
