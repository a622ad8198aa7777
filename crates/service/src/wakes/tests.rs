//! The near head of the wake-ups against all of them.

use super::*;
use crate::tests::fixture::Prng;
use engine::rows::Value;
use store::Batch;
use store::memory::Memory;

const SHARD: ShardId = ShardId(3);

/// Wake-ups in memory, in the store, and in a model.
struct Bench {
    wakes: Wakes,
    memory: Memory,
    model: BTreeSet<Wake>,
}

impl Bench {
    fn new() -> Bench {
        Bench { wakes: Wakes::new(), memory: Memory::default(), model: BTreeSet::new() }
    }

    fn write(&mut self, changes: &[Change]) {
        let epoch = self.memory.claim(SHARD, "test").expect("no fault is planned");
        let mut batch = Batch::default();
        for change in changes {
            self.wakes.follow(change);
            match change {
                Change::Put(key, _) => batch.put(keys::row(key), vec![1]),
                Change::Delete(key) => batch.delete(keys::row(key)),
            }
        }
        self.memory.commit(SHARD, epoch, batch).expect("no fault is planned");
    }

    fn put(&mut self, wakes: impl IntoIterator<Item = Wake>) {
        let wakes: Vec<Wake> = wakes.into_iter().collect();
        let put = |(at, run_id): &Wake| Change::Put(Key::Wake(*at, run_id.clone()), Value::Nothing);
        self.write(&wakes.iter().map(put).collect::<Vec<_>>());
        self.model.extend(wakes);
    }

    fn delete(&mut self, (at, run_id): Wake) {
        self.model.remove(&(at, run_id.clone()));
        self.write(&[Change::Delete(Key::Wake(at, run_id))]);
    }

    fn check(&mut self) {
        self.wakes.refill(&self.memory, SHARD).expect("no fault is planned");
        assert_eq!(self.wakes.next(), self.model.first().map(|(at, _)| *at));
        assert!(self.wakes.near.len() <= WAKES_MAX);
        let known = self.model.iter().filter(|wake| self.wakes.covers(wake));
        assert!(known.eq(&self.wakes.near), "memory mirrors the rows as far as it says");
    }
}

fn wake(at: usize, run: usize) -> Wake {
    (Timestamp(at as i64), format!("r{run:05}").into())
}

#[test]
fn memory_mirrors_the_head_of_the_rows_whatever_is_written() {
    let mut bench = Bench::new();
    let mut prng = Prng(7);
    bench.put((0..2 * WAKES_MAX).map(|run| wake(prng.below(50), run)));
    bench.check();
    for round in 0..400 {
        match prng.below(10) {
            0 if round % 9 == 0 => bench.wakes.clear(),
            0..=3 => {
                let run = prng.below(100_000);
                bench.put([wake(prng.below(60), run), wake(prng.below(60), run + 1)]);
            }
            4 => {
                let index = prng.below(bench.model.len());
                let wake = bench.model.iter().nth(index).cloned();
                bench.delete(wake.expect("one of them"));
            }
            _ => {
                // As a shard does: the first one happens, and its row goes.
                let now = bench.wakes.next().expect("there are many");
                for _ in 0..10 {
                    let Some(run_id) = bench.wakes.pop_due(now) else { break };
                    let first = bench.model.first().cloned().expect("it was due");
                    assert_eq!(first, (now, run_id), "the first of all");
                    bench.delete(first);
                }
            }
        }
        bench.check();
    }
}

#[test]
fn nothing_is_due_before_its_time_and_memory_that_is_empty_asks_to_be_filled() {
    let mut bench = Bench::new();
    assert_eq!(bench.wakes.next(), Some(Timestamp(i64::MIN)));
    bench.check();
    bench.put([wake(5, 1), wake(5, 0)]);
    assert_eq!(bench.wakes.pop_due(Timestamp(4)), None);
    assert_eq!(bench.wakes.pop_due(Timestamp(5)), Some("r00000".into()));
    assert_eq!(bench.wakes.pop_due(Timestamp(9)), Some("r00001".into()));
    assert_eq!(bench.wakes.next(), None, "memory knows that there are no others");
    bench.wakes.clear();
    assert_eq!(bench.wakes.next(), Some(Timestamp(i64::MIN)));
}

#[test]
fn a_store_that_cannot_be_read_leaves_memory_asking() {
    let mut wakes = Wakes::new();
    let failing = Memory::default().with_faults(|_| Some(store::memory::Fault::Lost));
    assert!(wakes.refill(&failing, SHARD).is_err());
    assert_eq!(wakes.next(), Some(Timestamp(i64::MIN)));
}
