//! The check of the store, which the simulation runs in the middle of its trouble, sees the bugs that
//! leave rows and histories apart.

use tests::simulation::{Flaw, Watch, run};

/// How many seeds a bug may take to be seen.
const SEEDS_MAX: u64 = 40;

#[test]
fn a_simulation_sees_rows_that_do_not_agree() {
    for flaw in [
        Flaw::ForgetsTask,
        Flaw::KeepsTask,
        Flaw::ForgetsWake,
        Flaw::ForgetsOpenRun,
        Flaw::ForgetsListing,
        Flaw::ForgetsWatermark,
        Flaw::TearsCommits,
    ] {
        let failures = (0..SEEDS_MAX).filter_map(|seed| run(seed, Some(flaw), Watch::Rows).err());
        let seen = failures.into_iter().find(|failure| failure.what.contains("rows do not agree"));
        assert!(seen.is_some(), "{flaw:?} is not seen in {SEEDS_MAX} seeds");
    }
}
