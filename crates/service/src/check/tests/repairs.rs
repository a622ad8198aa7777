//! A repair may be interrupted, and is run again; one that is done has nothing left to do.

use super::*;
use store::memory::{Call, Fault};

/// Damage to every table of what follows from histories: rows lost, changed and made up.
fn damaged(whole: &Rows) -> Memory {
    let memory = with(whole);
    for table in [Table::OpenRun, Table::Task, Table::Wake, Table::Open, Table::ClosedByClose] {
        for (index, (key, value)) in of(whole, table).into_iter().enumerate() {
            match index % 3 {
                0 => edit(&memory, &key, None),
                1 => edit(&memory, &key, Some(vec![7])),
                _ => edit(&memory, &(key.0, [key.1.as_slice(), b"x"].concat()), Some(value)),
            }
        }
    }
    // Whose a closed run is, its place in the other list tells.
    for (shard, key) in of(whole, Table::ClosedByStart).into_keys() {
        let run_id = Table::ClosedByStart.run_of(&key).expect("it names its run");
        edit(&memory, &(shard, keys::row(&engine::rows::Key::Run(run_id))), None);
    }
    for key in of(whole, Table::Snapshot).into_keys() {
        edit(&memory, &key, Some(vec![1]));
    }
    memory
}

#[test]
fn damage_to_every_table_is_repaired_row_for_row() {
    let whole = rows(&store_with_snapshot());
    let memory = damaged(&whole);
    let found = repair(&memory);
    assert!(found.len() > 20 && found.iter().all(|finding| finding.repaired), "{found:#?}");
    assert!(rows(&memory) == whole);
    assert_eq!(repair(&memory), [], "it is done");
}

#[test]
fn a_repair_that_is_interrupted_anywhere_is_run_again() {
    let whole = rows(&store());
    for fault in [Fault::Lost, Fault::Unacknowledged, Fault::Late, Fault::Full] {
        for fails_at in 0.. {
            let memory = damaged(&whole);
            let mut commits = 0;
            let failing = memory.with_faults(move |call| {
                commits += i32::from(matches!(call, Call::Commit { .. }));
                (commits > fails_at).then_some(fault)
            });
            let interrupted = check(&failing, NOW, Mode::Repair("test"), &mut |_| ());
            if interrupted.is_ok() {
                assert!(fails_at > 5, "a repair is of several commits");
                break;
            }
            repair(&memory);
            assert!(rows(&memory) == whole, "{fault:?} after {fails_at} commits");
        }
    }
}

#[test]
fn a_store_that_cannot_be_read_is_an_error() {
    let memory = store();
    for fails_at in [0, 1, 100, 500] {
        let mut reads = 0;
        let failing = memory.with_faults(move |_| {
            reads += 1;
            (reads > fails_at).then_some(Fault::Lost)
        });
        let checked = check(&failing, NOW, Mode::Look, &mut |finding| panic!("{finding}"));
        assert!(matches!(checked, Err(CheckError::Store(_))), "{checked:?}");
    }
}
