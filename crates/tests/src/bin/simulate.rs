//! Runs any number of seeds of the simulation: `simulate FIRST COUNT`. With the name of a deliberate
//! bug after that, says which seed notices it first.

use std::process::ExitCode;
use tests::simulation::{self, Flaw, Summary, Watch};

const USAGE: &str = "simulate FIRST COUNT [BUG]: runs so many seeds, from the first one on";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let flaw = |name: &String| Flaw::ALL.into_iter().find(|flaw| format!("{flaw:?}") == *name);
    let parsed = match arguments.as_slice() {
        [first, count] => first.parse().ok().zip(count.parse().ok()).map(|range| (range, None)),
        [first, count, bug] => first.parse().ok().zip(count.parse().ok()).zip(flaw(bug).map(Some)),
        _ => None,
    };
    match parsed {
        Some(((first, count), None)) => run(first, count),
        Some(((first, count), Some(flaw))) => look_for(first, count, flaw),
        None => {
            eprintln!("{USAGE}\nThe bugs are {:?}", Flaw::ALL);
            ExitCode::from(2)
        }
    }
}

fn run(first: u64, count: u64) -> ExitCode {
    let (mut failed, mut total) = (0u64, Summary::default());
    for seed in first..first.saturating_add(count) {
        match simulation::run(seed, None, Watch::Rows) {
            Ok(summary) => total.add(&summary),
            Err(failure) => {
                failed += 1;
                println!("{failure}");
            }
        }
    }
    println!("{count} seeds, {failed} failed: {total}");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn look_for(first: u64, count: u64, flaw: Flaw) -> ExitCode {
    let seeds = first..first.saturating_add(count);
    match seeds.into_iter().find_map(|seed| simulation::run(seed, Some(flaw), Watch::Outside).err())
    {
        Some(failure) => {
            println!("{failure}");
            ExitCode::SUCCESS
        }
        None => {
            println!("{flaw:?} is not noticed in {count} seeds");
            ExitCode::FAILURE
        }
    }
}
