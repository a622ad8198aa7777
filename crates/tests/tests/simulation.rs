//! The simulation's seeds, and the bugs that it is seen to catch.

use std::sync::atomic::{AtomicU64, Ordering};
use tests::simulation::{self, Failure, Flaw};

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
            .filter_map(|seed| simulation::run(seed, None).err())
            .map(|failure| *failure)
            .collect()
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("seeds catch panics")).collect()
    })
}

/// The first seed that a deliberate bug makes fail.
fn noticed(flaw: Flaw) -> Option<Failure> {
    (0..SEEDS_PER_FLAW_MAX).find_map(|seed| simulation::run(seed, Some(flaw)).err()).map(|f| *f)
}

#[test]
fn a_thousand_seeds() {
    let failures = failures(SEEDS);
    let texts: Vec<String> = failures.iter().map(Failure::to_string).collect();
    assert!(texts.is_empty(), "{} of {SEEDS} seeds fail:\n{}", texts.len(), texts.join("\n"));
}

#[test]
fn every_deliberate_bug_is_noticed() {
    let (mut unnoticed, mut report) = (Vec::new(), String::new());
    for flaw in Flaw::ALL {
        match noticed(flaw) {
            Some(Failure { seed, what, .. }) => {
                report.push_str(&format!("{flaw:?}: seed {seed}: {what}\n"));
            }
            None => unnoticed.push(flaw),
        }
    }
    println!("{report}");
    assert!(unnoticed.is_empty(), "not noticed in {SEEDS_PER_FLAW_MAX} seeds: {unnoticed:?}");
}

#[test]
fn a_seed_does_the_same_again() {
    for seed in 0..20 {
        let summary = simulation::run(seed, None).expect("the seed passes");
        assert_eq!(simulation::run(seed, None).expect("the seed passes"), summary);
    }
    let failure = noticed(Flaw::RepeatsSignals).expect("the bug is noticed");
    let again = simulation::run(failure.seed, Some(Flaw::RepeatsSignals)).err();
    assert_eq!(again.expect("it fails again").to_string(), failure.to_string());
}
