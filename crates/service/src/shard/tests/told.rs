//! What a shard tells those who watch of what they may have missed.

use super::faults::failing_once;
use super::*;
use crate::feed::DomainKey;
use store::memory::Fault as StoreFault;

fn domains(names: &[&str]) -> BTreeSet<DomainKey> {
    names.iter().map(|name| (scope(), (*name).into())).collect()
}

/// A shard over a store, of which somebody watches some domains.
fn watched(memory: &Memory, names: &[&str]) -> Shard {
    let commons = plain_commons(&registry());
    commons.watched.set(domains(names));
    claim_with(memory, commons)
}

fn told(shard: &mut Shard, commands: Vec<ShardCommand>) -> (Lost, usize, Lost) {
    let commands = commands.into_iter().map(|command| ((), command)).collect();
    let told = shard.step(commands, Timestamp(1_000)).told;
    (told.lost_before, told.news.len(), told.lost)
}

#[test]
fn a_commit_of_unknown_outcome_is_missed_where_it_would_have_been_told() {
    let begin = || vec![start("w", "r1", json!({}))];
    for fault in [StoreFault::Lost, StoreFault::Unacknowledged, StoreFault::Late] {
        for names in [&["d", "other"][..], &["other"], &[]] {
            let mut shard = watched(&failing_once(&Memory::default(), fault), names);
            let missed = match names.contains(&"d") {
                true => Lost::Of(domains(&["d"])),
                false => Lost::Nothing,
            };
            assert_eq!(told(&mut shard, begin()), (Lost::Nothing, 0, missed.clone()), "{fault:?}");
            // Once the shard has been claimed again it is certain, and until then it may have come.
            assert_eq!(told(&mut shard, Vec::new()), (missed, 0, Lost::Nothing), "{fault:?}");
            let (before, _, behind) = told(&mut shard, begin());
            assert_eq!((before, behind), (Lost::Nothing, Lost::Nothing), "{fault:?}");
        }
    }
    let mut shard = watched(&failing_once(&Memory::default(), StoreFault::Full), &["d"]);
    assert_eq!(told(&mut shard, begin()), (Lost::Nothing, 0, Lost::Nothing));
    assert_eq!(told(&mut shard, begin()), (Lost::Nothing, 2, Lost::Nothing));
}

#[test]
fn who_begins_to_watch_before_it_is_certain_has_missed_it_too() {
    let mut shard = watched(&failing_once(&Memory::default(), StoreFault::Late), &[]);
    let begin = vec![start("w", "r1", json!({}))];
    assert_eq!(told(&mut shard, begin), (Lost::Nothing, 0, Lost::Nothing));
    shard.watched.set(domains(&["d"]));
    let missed = Lost::Of(domains(&["d"]));
    assert_eq!(told(&mut shard, Vec::new()), (missed, 0, Lost::Nothing));
}

/// What somebody else has written is not heard here. When it was written is not known: it may be
/// after the fence was seen.
#[test]
fn where_others_have_written_everything_may_be_missed() {
    let memory = Memory::default();
    let mut older = watched(&memory, &["d", "other"]);
    let mut newer = watched(&memory, &["d"]);
    assert_eq!(told(&mut newer, vec![start("w", "r1", json!({}))]).1, 2);
    let fenced = told(&mut older, vec![signal(open("w"), "x")]);
    assert_eq!(fenced, (Lost::Nothing, 0, Lost::Everything));
    assert_eq!(told(&mut newer, vec![signal(open("w"), "x")]).1, 1);
    let after = told(&mut older, vec![signal(open("w"), "x")]);
    assert_eq!(after, (Lost::Everything, 1, Lost::Nothing));
}

/// A step tells only so much; behind a gap in a domain it tells nothing more of it, and of others
/// what there is room for.
#[test]
fn a_step_that_tells_too_much_of_one_domain_says_so() {
    let mut shard = watched(&Memory::default(), &["d"]);
    let text = "x".repeat(32_000);
    let signals = || (0..200).map(|_| signal(open("w"), &text));
    let begin = [start("w", "r1", json!({}))];
    let (before, count, behind) = told(&mut shard, begin.into_iter().chain(signals()).collect());
    assert_eq!((before, behind), (Lost::Nothing, Lost::Of(domains(&["d"]))));
    assert!((100..200).contains(&count), "{count}");
}
