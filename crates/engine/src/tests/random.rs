//! 1,600 short scripts of random commands, valid and stale, at random times: some to single
//! executions, some longer ones to families whose messages are delivered at random, too. The
//! oracle checks each step; a failing seed prints itself with the script that led there.

use super::world::World;
use crate::Execution;
use std::collections::BTreeSet;
use wire::{Event, EventAttributes};

/// SplitMix64: small, seeded, and the same everywhere.
pub struct Prng(pub u64);

impl Prng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
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
    match prng.below(15) {
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
        12 => {
            let id = prng.pick(&["f", "g"]);
            format!("lambda {id} {}", prng.pick(&["h", "h startToCloseTimeout=1"]))
        }
        13 => prng.pick(&["lambda f h startToCloseTimeout=3", "marker n"]).to_owned(),
        _ => external(prng),
    }
}

/// A decision that reaches beyond the execution.
fn external(prng: &mut Prng) -> String {
    let workflow_id = prng.pick(&["w", "v", "c", "d", "e"]);
    let run_id = match prng.below(5) {
        0 => format!(" runId=r{}", 1 + prng.below(4)),
        _ => String::new(),
    };
    match prng.below(6) {
        0 => format!("signal-external {workflow_id} s control=k{run_id}"),
        1 => format!("cancel-external {workflow_id}{run_id}"),
        2 => format!(
            "child {workflow_id} workflowType=order/{}",
            prng.pick(&["2", "bare", "old", "none"])
        ),
        _ => {
            let policy = prng.pick(&["TERMINATE", "REQUEST_CANCEL", "ABANDON"]);
            let timeout = prng.pick(&["2", "20", "400", "NONE"]);
            format!(
                "child {workflow_id} childPolicy={policy} executionStartToCloseTimeout={timeout}"
            )
        }
    }
}

fn answer(prng: &mut Prng, family: bool) -> String {
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
        .map(|_| if family && prng.one_in(2) { external(prng) } else { decision(prng) })
        .collect();
    if prng.one_in(if family { 4 } else { 12 }) {
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

/// A command to the present run.
fn command(prng: &mut Prng, world: &World, family: bool) -> String {
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
        (true, _) => return answer(prng, family),
        (false, _) if state.deliverable_decision_task().is_some() => return "poll".to_owned(),
        (false, _) => 34,
    };
    let lambdas: Vec<u64> = state.lambdas.keys().map(|id| id.0).collect();
    if !lambdas.is_empty() && prng.one_in(4) {
        let id = lambdas[prng.below(lambdas.len() as u64) as usize];
        return match prng.below(6) {
            0..=2 => format!("call #{id}"),
            3 => format!("returned #{id} result=r"),
            4 => format!("threw #{id} reason=r details=d"),
            _ => format!("call #{}", prng.below(30)),
        };
    }
    match prng.below(most) {
        0..=2 => "signal s".to_owned(),
        3 => "request-cancel".to_owned(),
        4 if prng.one_in(8) || family => {
            let policy = prng.pick(&["TERMINATE", "REQUEST_CANCEL", "ABANDON"]);
            format!("terminate childPolicy={policy}")
        }
        4..=9 => "poll".to_owned(),
        10 => format!("poll #{}", prng.below(20)),
        11..=20 => answer(prng, family),
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

/// A script while it is made: each line is kept for the witness and carried out.
struct Author {
    witness: Witness,
    world: World,
}

impl Author {
    fn new(seed: u64) -> Author {
        Author { witness: Witness { seed, script: Vec::new() }, world: World::new() }
    }

    fn step(&mut self, line: String) {
        self.witness.script.push(line.clone());
        self.world.step(&line);
    }

    fn command(&mut self, prng: &mut Prng, family: bool) {
        let at = time(prng, &self.world);
        let command = command(prng, &self.world, family);
        self.step(format!("at {}.{:03} {command}", at / 1000, at % 1000));
    }

    /// Turns to another run: mostly to one that is open.
    fn turn(&mut self, prng: &mut Prng) {
        let runs = &self.world.oracle.runs;
        let open = runs.iter().filter(|run| run.state.is_open() || prng.one_in(10));
        let open: Vec<String> =
            open.map(|run| run.state.identity.run_id.as_str().to_owned()).collect();
        if !open.is_empty() {
            let run_id = &open[prng.below(open.len() as u64) as usize];
            self.step(format!("on {run_id}"));
        }
    }

    /// All runs, each with its history.
    fn runs(self) -> Vec<(Execution, Vec<Event>)> {
        let runs = self.world.oracle.runs.iter();
        runs.map(|run| (run.state.clone(), run.history.clone())).collect()
    }

    /// The types of all events.
    fn events(&self) -> Vec<&'static str> {
        let events = self.world.oracle.runs.iter().flat_map(|run| &run.history);
        events.map(|event| event.attributes.event_type()).collect()
    }
}

/// A script to one execution, and what it starts.
fn single(seed: u64) -> Author {
    let mut prng = Prng(seed);
    let mut author = Author::new(seed);
    let timeout = prng.pick(&["30", "400", "99999999"]);
    let decider = prng.pick(&["NONE", "5", "60"]);
    // Mostly somebody calls functions, and mostly there is a role for it.
    if !prng.one_in(4) {
        author.step("functions".to_owned());
    }
    let role = prng.pick(&["", " lambdaRole=arn:role", " lambdaRole=arn:role"]);
    author.step(format!(
        "at 100 start executionStartToCloseTimeout={timeout} taskStartToCloseTimeout={decider}{role}"
    ));
    for _ in 0..8 + prng.below(16) {
        author.command(&mut prng, false);
        if author.world.oracle.runs.len() > 1 && prng.one_in(2) {
            author.turn(&mut prng);
        }
        if !author.world.state().is_open() && prng.one_in(2) {
            break;
        }
    }
    author
}

/// A script to two executions, their children, and theirs.
fn family(seed: u64) -> Author {
    let mut prng = Prng(seed);
    let mut author = Author::new(seed);
    for workflow_id in ["w", "v"] {
        let policy = prng.pick(&["TERMINATE", "REQUEST_CANCEL", "ABANDON"]);
        let timeout = prng.pick(&["30", "400", "99999999"]);
        author.step(format!(
            "at 100 start workflowId={workflow_id} childPolicy={policy} \
             executionStartToCloseTimeout={timeout}"
        ));
    }
    if prng.one_in(2) {
        author.step("hold".to_owned());
    }
    for _ in 0..30 + prng.below(20) {
        author.turn(&mut prng);
        author.command(&mut prng, true);
        let lanes = author.world.post.lanes();
        if !lanes.is_empty() && prng.one_in(2) {
            let lane = &lanes[prng.below(lanes.len() as u64) as usize];
            author.step(format!("deliver {lane}"));
        }
    }
    author.step("deliver".to_owned());
    author
}

fn of_seed(seed: u64) -> Author {
    if seed.is_multiple_of(8) { family(seed) } else { single(seed) }
}

/// What comes of a seed: states, and the histories that they are the folds of.
pub fn histories(seed: u64) -> Vec<(Execution, Vec<Event>)> {
    of_seed(seed).runs()
}

fn check_seeds(seeds: std::ops::Range<u64>) {
    let events: Vec<&str> = seeds.flat_map(|seed| of_seed(seed).events()).collect();
    assert!(8_000 < events.len(), "the runs go somewhere: {} events", events.len());
    let reached: BTreeSet<&str> = events.into_iter().collect();
    // What needs permissions to refuse.
    let elsewhere = |name: &&str| *name == "RecordMarkerFailed";
    let types = EventAttributes::TYPES.iter().copied();
    let missed: Vec<&str> =
        types.filter(|name| !reached.contains(name) && !elsewhere(name)).collect();
    assert_eq!(missed, [""; 0], "the runs reach every event that there can be");
}

// In two halves, for two processors.

#[test]
fn eight_hundred_seeds() {
    check_seeds(0..800);
}

#[test]
fn eight_hundred_more() {
    check_seeds(800..1600);
}
