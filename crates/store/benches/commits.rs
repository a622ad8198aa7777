//! Commits per second of the embedded store by number of writer threads, and what a read costs.
//!
//! Each writer has a shard of its own and commits batches one after the other, as shard threads
//! do, so the ratios show what group commit gains. `cargo bench -p tidewheel-store`; the
//! directory is made under the one named by the first argument, or the system's temporary one.

use std::path::PathBuf;
use std::time::{Duration, Instant};
use store::embedded::{Embedded, Options};
use store::{Batch, Direction, ShardId, Store};

const WRITERS: [u16; 4] = [1, 4, 16, 64];
const MEASURED_SECONDS: u64 = 4;
const PUTS_PER_BATCH: u32 = 4;
const VALUE_BYTES: usize = 200;
const READS: u32 = 200_000;

fn main() {
    // `cargo test --benches` runs this too, without the flag.
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let parent = arguments.iter().find(|argument| !argument.starts_with("--"));
    let parent = parent.map_or_else(std::env::temp_dir, PathBuf::from);
    println!("{PUTS_PER_BATCH} puts of {VALUE_BYTES} bytes a commit, {MEASURED_SECONDS} s each");
    let mut single_per_second = None;
    for writers in WRITERS {
        let dir = tempfile::tempdir_in(&parent).expect("the directory can be written");
        let store = Embedded::open(dir.path(), Options::default()).expect("the store opens");
        let (per_second, latency) = measure_commits(&store, writers);
        let single = *single_per_second.get_or_insert(per_second);
        println!(
            "{writers:>3} writers: {per_second:>8.0} commits/s, {:>5.2} times one writer, \
             mean {:>7.0} us, slowest {:>4} ms",
            per_second / single,
            f64::from(writers) * 1e6 / per_second,
            latency.as_millis(),
        );
        if writers == WRITERS[WRITERS.len() - 1] {
            measure_reads(&store);
        }
    }
}

/// Commits per second of all writers together, and the slowest commit.
fn measure_commits(store: &Embedded, writers: u16) -> (f64, Duration) {
    let started = Instant::now();
    let deadline = started + Duration::from_secs(MEASURED_SECONDS);
    let counts: Vec<(u32, Duration)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..writers)
            .map(|writer| scope.spawn(move || write_until(store, ShardId(writer), deadline)))
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("a writer succeeds")).collect()
    });
    let seconds = started.elapsed().as_secs_f64();
    let commits: u32 = counts.iter().map(|(commits, _)| commits).sum();
    let slowest = counts.iter().map(|(_, slowest)| *slowest).max().unwrap_or_default();
    (f64::from(commits) / seconds, slowest)
}

fn write_until(store: &Embedded, shard: ShardId, deadline: Instant) -> (u32, Duration) {
    let epoch = store.claim(shard, "bench").expect("the disk works");
    let (mut commits, mut slowest) = (0_u32, Duration::ZERO);
    while Instant::now() < deadline {
        let mut batch = Batch::default();
        for put in 0..PUTS_PER_BATCH {
            let key = (commits * PUTS_PER_BATCH + put).to_be_bytes();
            batch.put(key.to_vec(), vec![put as u8; VALUE_BYTES]);
        }
        let started = Instant::now();
        store.commit(shard, epoch, batch).expect("the disk works");
        slowest = slowest.max(started.elapsed());
        commits += 1;
    }
    (commits, slowest)
}

fn measure_reads(store: &Embedded) {
    let started = Instant::now();
    for number in 0..READS {
        let key = (number % 100).to_be_bytes();
        let value = store.get(ShardId(0), &key).expect("the disk works");
        assert!(value.is_some(), "each writer made more than 25 commits");
    }
    let get = started.elapsed() / READS;
    let started = Instant::now();
    for _ in 0..READS / 10 {
        let end = 100_u32.to_be_bytes();
        let entries = store.scan(ShardId(0), b"".as_slice()..&end, Direction::Ascending, 20);
        assert_eq!(entries.expect("the disk works").len(), 20);
    }
    let scan = started.elapsed() / (READS / 10);
    println!("a get takes {} ns, a scan of 20 rows {} us", get.as_nanos(), scan.as_micros());
}
