//! Two thousand short runs of random commands, valid and stale, at random times. The oracle checks
//! each step; a failing seed prints itself with the script that led there.

use super::world::World;
use std::collections::BTreeSet;
use wire::EventAttributes;

/// SplitMix64: small, seeded, and the same everywhere.
struct Prng(u64);

impl Prng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn pick(&mut self, words: &[&'static str]) -> &'static str {
        words[self.below(words.len() as u64) as usize]
    }
}

/// Says which seed it was, should the run panic.
struct Witness {
    seed: u64,
    script: Vec<String>,
}

impl Drop for Witness {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {}:\n{}", self.seed, self.script.join("\n"));
        }
    }
}

const TIMEOUTS: &[&str] = &["NONE", "NONE", "0", "1", "3", "7"];

fn decision(prng: &mut Prng) -> String {
    let activity = prng.pick(&["a", "b", "c"]);
    let timer = prng.pick(&["t", "u", "v"]);
    match prng.below(14) {
        0..=3 => {
            let mut line = format!("schedule {activity}");
            for timeout in [
                "scheduleToStartTimeout",
                "scheduleToCloseTimeout",
                "startToCloseTimeout",
                "heartbeatTimeout",
            ] {
                line += &format!(" {timeout}={}", prng.pick(TIMEOUTS));
            }
            line
        }
        4 => format!(
            "schedule {activity} activityType=work/{}",
            prng.pick(&["2", "bare", "old", "none"])
        ),
        5..=6 => format!("cancel-activity {activity}"),
        7..=8 => format!("timer {timer} {}", prng.pick(&["0", "1", "3", "9"])),
        9 => format!("cancel-timer {timer}"),
        10 => "marker m".to_owned(),
        11 => format!("timer {timer} 0; cancel-timer {timer}; timer {timer} 2"),
        12 => prng.pick(&["child", "lambda", "signal", "cancel"]).to_owned(),
        _ => "marker n".to_owned(),
    }
}

fn answer(prng: &mut Prng) -> String {
    let mut options = String::new();
    if prng.one_in(6) {
        options += &format!(" taskList={}", prng.pick(&["deciders", "elsewhere"]));
        if prng.one_in(2) {
            let timeout = prng.pick(&["0", "2", "5", "NONE"]);
            options += &format!(" taskListScheduleToStartTimeout={timeout}");
        }
    }
    if prng.one_in(5) {
        options += " executionContext=here";
    }
    let mut decisions: Vec<String> = (0..prng.below(4))
        .map(|_| match decision(prng).as_str() {
            "child" => "child x".to_owned(),
            "lambda" => "lambda f g".to_owned(),
            "signal" => "signal-external x y".to_owned(),
            "cancel" => "cancel-external x".to_owned(),
            other => other.to_owned(),
        })
        .collect();
    if prng.one_in(12) {
        decisions.push(match prng.below(5) {
            0 => format!(
                "continue workflowTypeVersion={}",
                prng.pick(&["1", "2", "bare", "old", "none"])
            ),
            1 => "continue executionStartToCloseTimeout=NONE tagList=t".to_owned(),
            _ => prng.pick(&["complete", "fail", "cancel"]).to_owned(),
        });
    }
    format!("decide{options} | {}", decisions.join("; "))
}

/// A command, or nothing if it makes no sense yet.
fn command(prng: &mut Prng, world: &World) -> String {
    let scheduled: Vec<u64> = world.state().activities.keys().map(|id| id.0).collect();
    let known = |prng: &mut Prng| match scheduled.len() {
        0 => format!("#{}", prng.below(30)),
        _ if prng.one_in(8) => format!("#{}", prng.below(30)),
        count => format!("#{}", scheduled[prng.below(count as u64) as usize]),
    };
    let state = world.state();
    // Half of the time something that moves the run on, if there is any.
    let most = match (state.decision_task_started.is_some(), prng.below(2)) {
        (_, 0) => 40,
        (true, _) => return answer(prng),
        (false, _) if state.deliverable_decision_task().is_some() => return "poll".to_owned(),
        (false, _) => 34,
    };
    match prng.below(most) {
        0..=2 => "signal s".to_owned(),
        3 => "request-cancel".to_owned(),
        4 if prng.one_in(8) => "terminate childPolicy=ABANDON".to_owned(),
        4..=9 => "poll".to_owned(),
        10 => format!("poll #{}", prng.below(20)),
        11..=20 => answer(prng),
        21 => format!("decide #{}/{} |", prng.below(20), prng.below(20)),
        22..=25 => format!("take {}", known(prng)),
        26..=27 => format!("beat {}", known(prng)),
        28 => format!("beat {} details=d{}", known(prng), prng.below(3)),
        29..=30 => format!("completed {}", known(prng)),
        31 => format!("failed {} reason=r", known(prng)),
        32 => format!("canceled {} details=e", known(prng)),
        _ => "wake".to_owned(),
    }
}

/// When the next command comes: mostly a little later, at times exactly when something falls due
/// or just before it, and at times earlier than the last one.
fn time(prng: &mut Prng, world: &World) -> i64 {
    let now = world.now.0;
    let due = world.state().next_deadline().map_or(now, |due| due.at.0);
    match prng.below(12) {
        0..=3 => now,
        4..=6 => now + prng.below(1500) as i64,
        7 => now + prng.below(20_000) as i64,
        8 => due.max(now),
        9 => (due - 1).max(now),
        10 => now - prng.below(3000) as i64,
        _ => now + 1,
    }
}

/// The types of all events of a run.
fn run(seed: u64) -> Vec<&'static str> {
    let mut witness = Witness { seed, script: Vec::new() };
    let mut prng = Prng(seed);
    let mut world = World::new();
    let timeout = prng.pick(&["30", "400", "99999999"]);
    let decider = prng.pick(&["NONE", "5", "60"]);
    let start = format!(
        "at 100 start executionStartToCloseTimeout={timeout} taskStartToCloseTimeout={decider}"
    );
    witness.script.push(start.clone());
    world.step(&start);
    for _ in 0..8 + prng.below(16) {
        let at = time(&mut prng, &world);
        let line = format!("at {}.{:03} {}", at / 1000, at % 1000, command(&mut prng, &world));
        witness.script.push(line.clone());
        world.step(&line);
        if let Some(successor) = world.oracle.runs.get(1).filter(|_| prng.one_in(2)) {
            let line = format!("on {}", successor.state.identity.run_id);
            witness.script.push(line.clone());
            world.step(&line);
        }
        if !world.state().is_open() && prng.one_in(2) {
            break;
        }
    }
    let events = world.oracle.runs.iter().flat_map(|run| &run.history);
    events.map(|event| event.attributes.event_type()).collect()
}

fn check_seeds(seeds: std::ops::Range<u64>) {
    let events: Vec<&str> = seeds.flat_map(run).collect();
    assert!(8_000 < events.len(), "the runs go somewhere: {} events", events.len());
    let reached: BTreeSet<&str> = events.into_iter().collect();
    let unreached: Vec<&str> =
        EventAttributes::TYPES.iter().copied().filter(|name| !reached.contains(name)).collect();
    // What needs other executions, functions, or permissions to refuse.
    let elsewhere = |name: &&str| {
        name.starts_with("ChildWorkflow")
            || name.starts_with("ExternalWorkflow")
            || name.starts_with("LambdaFunction")
            || name.ends_with("Initiated")
            || ["StartLambdaFunctionFailed", "RecordMarkerFailed"].contains(name)
    };
    let missed: Vec<&str> = unreached.into_iter().filter(|name| !elsewhere(name)).collect();
    assert_eq!(missed, [""; 0], "the runs reach every event that there can be");
}

// In two halves, for two processors.

#[test]
fn a_thousand_seeds() {
    check_seeds(0..1000);
}

#[test]
fn a_thousand_more() {
    check_seeds(1000..2000);
}
