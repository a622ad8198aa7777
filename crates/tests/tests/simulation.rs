//! The simulation's seeds, and the bugs that it is seen to catch.

use std::sync::atomic::{AtomicU64, Ordering};
use tests::simulation::{self, Failure, Flaw, Watch};

/// How many seeds are run.
const SEEDS: u64 = 1000;

/// How many seeds a deliberate bug may need to be noticed.
const SEEDS_PER_FLAW_MAX: u64 = 200;

/// The failures of `seeds`, found on all cores.
fn failures(seeds: u64) -> Vec<Failure> {
    let next = AtomicU64::new(0);
    let work = || -> Vec<Failure> {
        std::iter::repeat_with(|| next.fetch_add(1, Ordering::Relaxed))
            .take_while(|seed| *seed < seeds)
            .filter_map(|seed| simulation::run(seed, None, Watch::Rows).err())
            .map(|failure| *failure)
            .collect()
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("seeds catch panics")).collect()
    })
}

/// What each deliberate bug is noticed by, and whether it takes a look at the rows of the store.
const SYMPTOMS: [(Flaw, &str, Watch); 30] = [
    (Flaw::ForgetsTask, "stuck", Watch::Outside),
    (Flaw::KeepsTask, "tasks wait on", Watch::Outside),
    (Flaw::ForgetsWake, "stuck", Watch::Outside),
    (Flaw::ForgetsOpenRun, "Unknown execution", Watch::Outside),
    (Flaw::ForgetsListing, "should have expired", Watch::Outside),
    (Flaw::ForgetsHeartbeat, "was acknowledged after None", Watch::Outside),
    (Flaw::ForgetsMessage, "stuck", Watch::Outside),
    (Flaw::ForgetsWatermark, "done, failed and arrived so often", Watch::Outside),
    (Flaw::TearsCommits, "done, failed and arrived so often", Watch::Outside),
    (Flaw::AcknowledgesEarly, "was registered and is not there", Watch::Outside),
    (Flaw::WritesLate, "took effect 0 times", Watch::Outside),
    (Flaw::IgnoresFences, "changed its past", Watch::Outside),
    (Flaw::ScansShort, "shows", Watch::Outside),
    (Flaw::ServesTheGone, "was given a task after it had gone", Watch::Outside),
    (Flaw::RepeatsSignals, "took effect 2 times", Watch::Outside),
    (Flaw::LosesLastWords, "outlives its parent", Watch::Outside),
    (Flaw::LosesOutcomes, "its outcome was heard", Watch::Outside),
    (Flaw::ForgetsOpenCount, "open executions and counts", Watch::Rows),
    (Flaw::ForgetsLambda, "stuck", Watch::Outside),
    (Flaw::CallsAgain, "was called twice", Watch::Outside),
    (Flaw::BelievesOldKeys, "was given a task after it had gone", Watch::Outside),
    (Flaw::DecidesForAnybody, "are denied, and it says", Watch::Outside),
    (Flaw::ForgetsTokenKey, "a token of ours is refused", Watch::Outside),
    (Flaw::SwallowsEvents, "and none missed", Watch::Outside),
    (Flaw::TellsAgain, "is told behind", Watch::Outside),
    (Flaw::HidesGaps, "and none missed", Watch::Outside),
    (Flaw::ForgetsImports, "begins anew for ever", Watch::Outside),
    (Flaw::LosesPieces, "has other events than it was brought with", Watch::Outside),
    (Flaw::ShowsHalfImports, "is found before all of it was sent", Watch::Outside),
    (Flaw::StrandsImports, "does not go on", Watch::Outside),
];

/// The first seed that a deliberate bug makes fail with that symptom.
fn noticed(flaw: Flaw, symptom: &str, watch: Watch) -> Option<Failure> {
    (0..SEEDS_PER_FLAW_MAX)
        .filter_map(|seed| simulation::run(seed, Some(flaw), watch).err())
        .find(|failure| failure.what.contains(symptom))
        .map(|failure| *failure)
}

#[test]
fn a_thousand_seeds() {
    let failures = failures(SEEDS);
    let texts: Vec<String> = failures.iter().map(Failure::to_string).collect();
    assert!(texts.is_empty(), "{} of {SEEDS} seeds fail:\n{}", texts.len(), texts.join("\n"));
}

#[test]
fn every_deliberate_bug_is_noticed_by_what_it_breaks() {
    assert_eq!(SYMPTOMS.map(|(flaw, ..)| flaw), Flaw::ALL);
    let unnoticed: Vec<Flaw> = SYMPTOMS
        .into_iter()
        .filter(|(flaw, symptom, watch)| noticed(*flaw, symptom, *watch).is_none())
        .map(|(flaw, ..)| flaw)
        .collect();
    assert!(unnoticed.is_empty(), "not noticed in {SEEDS_PER_FLAW_MAX} seeds: {unnoticed:?}");
}

#[test]
fn a_seed_does_the_same_again() {
    for seed in 0..20 {
        let summary = simulation::run(seed, None, Watch::Rows).expect("the seed passes");
        assert_eq!(simulation::run(seed, None, Watch::Rows).expect("the seed passes"), summary);
    }
    let flaw = Some(Flaw::RepeatsSignals);
    let failure = noticed(Flaw::RepeatsSignals, "", Watch::Outside).expect("the bug is noticed");
    let again = simulation::run(failure.seed, flaw, Watch::Outside).err();
    assert_eq!(again.expect("it fails again").to_string(), failure.to_string());
}
