//! `tidewheel check`: looks through a data directory that no server uses, and says what does not
//! agree.

use crate::command::Check;
use crate::process::{RunError, say};
use crate::system::wall_time;
use service::check::{Finding, Mode, Report, check};
use std::path::Path;
use store::Store;
use store::embedded::{self, Embedded};

/// How many findings are printed one by one; of the others, only how many there are.
const FINDINGS_SHOWN_MAX: u64 = 1_000;

/// Checks `data_dir`, where there is a store, and repairs it if that is asked for. True if all agrees
/// by now.
pub fn run(arguments: &Check, data_dir: &Path) -> Result<bool, RunError> {
    let options = embedded::Options {
        build: env!("CARGO_PKG_VERSION").to_owned(),
        ..embedded::Options::default()
    };
    let store = Embedded::open(data_dir, options)?;
    let owner = format!("check by process {}", std::process::id());
    let mode = if arguments.repair { Mode::Repair(&owner) } else { Mode::Look };
    look_through(&store, mode, data_dir)
}

/// The same on any store, which is at `place`.
pub fn look_through(store: &dyn Store, mode: Mode<'_>, place: &Path) -> Result<bool, RunError> {
    let mut shown = 0;
    let mut output = Ok(());
    let mut tell = |finding: Finding| {
        shown += 1;
        if shown <= FINDINGS_SHOWN_MAX && output.is_ok() {
            output = say(&finding.to_string());
        }
    };
    let report = check(store, wall_time(), mode, &mut tell)
        .map_err(|source| RunError::Check { data_dir: place.to_owned(), source })?;
    output?;
    if shown > FINDINGS_SHOWN_MAX {
        say(&format!("and {} more", shown - FINDINGS_SHOWN_MAX))?;
    }
    say(&summary(&report, mode != Mode::Look))?;
    Ok(report.agrees())
}

fn summary(report: &Report, repair: bool) -> String {
    let Report { shards, runs, events, rows, findings, repaired } = report;
    let looked_at = format!("checked {shards} shards, {runs} runs, {events} events, {rows} rows");
    let noun = if *findings == 1 { "finding" } else { "findings" };
    match (findings, repair) {
        (0, _) => format!("{looked_at}: all agree"),
        (_, false) => format!("{looked_at}: {findings} {noun}"),
        (_, true) => {
            let left = findings - repaired;
            format!("{looked_at}: {findings} {noun}, {repaired} repaired, {left} left")
        }
    }
}
