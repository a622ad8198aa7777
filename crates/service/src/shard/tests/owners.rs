//! Two processes that both take themselves for the owner of a shard.

use super::client::Client;
use super::*;

#[test]
fn the_older_owner_is_fenced_and_recovers_by_claiming_again() {
    let mut rig = Rig::new();
    rig.start("w", "r1").expect("the first of its id");
    let mut older = claim(&rig.memory, &rig.registry);
    std::mem::swap(&mut older, &mut rig.shard);
    rig.step(signal(open("w"), "the newer")).expect("it owns the shard");
    let now = Timestamp(rig.now);
    let write = |text: &str| vec![((), signal(open("w"), text))];
    let answers = |step: Step<()>| step.replies.into_iter().map(|(_, r)| r).collect::<Vec<_>>();
    let before = audit::history(&rig.memory, &"r1".into());
    assert_eq!(answers(older.step(write("fenced"), now)), [Err(Refusal::Unavailable)]);
    assert_eq!(audit::history(&rig.memory, &"r1".into()), before, "nothing of it was written");
    assert_eq!(answers(older.step(write("the older"), now)), [Ok(Outcome::Done)]);
    let fenced = rig.step(signal(open("w"), "fenced"));
    assert_eq!(fenced, Err(Refusal::Unavailable), "now it is the other way around");
    assert_eq!(rig.step(signal(open("w"), "the newer")), Ok(Outcome::Done));
    assert_eq!(rig.history("r1").len(), 2 + 3);
}

/// Each command goes to one of them by chance.
#[test]
fn whichever_of_two_owners_is_asked_nothing_is_lost_or_doubled() {
    for seed in 0..12 {
        let memory = Memory::default();
        let stores: Vec<Arc<dyn Store>> =
            (0..2).map(|_| Arc::new(memory.clone()) as Arc<dyn Store>).collect();
        let mut client = Client::new(&memory, &stores, seed, Box::new(|| true));
        client.run();
        assert_eq!(client.signals(), 1, "seed {seed}");
    }
}
