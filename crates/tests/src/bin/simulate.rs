//! Runs any number of seeds of the simulation: `simulate FIRST COUNT`.

use std::process::ExitCode;
use tests::simulation;

fn main() -> ExitCode {
    let numbers: Vec<u64> = std::env::args().skip(1).filter_map(|arg| arg.parse().ok()).collect();
    let [first, count] = numbers[..] else {
        eprintln!("simulate FIRST COUNT: runs so many seeds, from the first one on");
        return ExitCode::from(2);
    };
    let (mut failed, mut runs, mut events, mut acknowledged, mut compared) = (0u64, 0, 0, 0, 0);
    for seed in first..first.saturating_add(count) {
        match simulation::run(seed, None) {
            Ok(summary) => {
                runs += summary.runs;
                events += summary.events;
                acknowledged += summary.acknowledged;
                compared += summary.compared;
            }
            Err(failure) => {
                failed += 1;
                println!("{failure}");
            }
        }
    }
    println!(
        "{count} seeds, {failed} failed: {runs} runs, {events} events, {acknowledged} acknowledged \
         effects, {compared} histories compared"
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
