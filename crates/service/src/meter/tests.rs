//! What is counted, and for how many.

use super::*;
use crate::tests::fixture::{list, scope};

const NOW: Timestamp = Timestamp(1_000_000);

/// A tally of one task that a list has handed out.
fn handed_out(name: &str) -> Tally {
    let mut tally = Tally::default();
    tally.handed_out(list(name));
    tally
}

fn of_domain(name: &str) -> Tally {
    let mut tally = Tally::default();
    tally.domains.insert((scope(), name.into()), [1; OF_DOMAIN]);
    tally
}

fn last_minute(meter: &Meter, name: &str, now: Timestamp) -> u64 {
    meter.list(&list(name), OfList::HandedOut, now).last_minute
}

#[test]
fn tallies_add_up() {
    let meter = Meter::default();
    let mut tally = handed_out("a");
    tally.append(&mut handed_out("b"));
    tally.append(&mut handed_out("a"));
    tally.append(&mut of_domain("d"));
    tally.append(&mut of_domain("d"));
    meter.count(tally, NOW);
    meter.count(handed_out("a"), NOW);
    assert_eq!(["a", "b", "c"].map(|name| last_minute(&meter, name, NOW)), [3, 1, 0]);
    assert_eq!(meter.list(&list("a"), OfList::Scheduled, NOW).last_minute, 0);
    let counted = meter.domain(&scope(), &"d".into(), NOW);
    assert_eq!(counted(OfDomain::TasksTimedOut).last_minute, 2);
    let counted = meter.domain(&scope(), &"other".into(), NOW);
    assert_eq!(counted(OfDomain::Started).last_minute, 0);
}

#[test]
fn what_is_counted_is_bounded_and_what_is_quiet_makes_room() {
    let meter = Meter::default();
    for n in 0..LISTS_METERED_MAX {
        meter.count(handed_out(&format!("l{n}")), NOW);
    }
    for n in 0..DOMAINS_METERED_MAX {
        meter.count(of_domain(&format!("d{n}")), NOW);
    }
    let sizes = || {
        let counted = meter.counted.lock().expect("no holder panics");
        (counted.domains.len(), counted.lists.len())
    };
    meter.count(handed_out("more"), NOW);
    meter.count(of_domain("more"), NOW);
    assert_eq!(sizes(), (DOMAINS_METERED_MAX, LISTS_METERED_MAX));
    assert_eq!(last_minute(&meter, "more", NOW), 0);
    let later = Timestamp(NOW.0 + 240_000);
    meter.count(handed_out("l7"), later);
    let later = Timestamp(NOW.0 + 300_000);
    meter.count(handed_out("more"), later);
    assert_eq!(last_minute(&meter, "more", later), 1);
    assert_eq!(sizes(), (0, 2), "l7 and the new one");
}
